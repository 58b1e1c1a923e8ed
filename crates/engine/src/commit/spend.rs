//! What accounts spend: counted with each message in memory and in the batch, and given back when a charge is.

use sambac_domain::error::ErrorCode;
use sambac_domain::id::AccountId;
use sambac_domain::message::Message;
use sambac_domain::number::Country;
use sambac_domain::spending::{Meter, Spent};
use sambac_domain::time::Timestamp;
use sambac_store::rows::SpendingRow;

use super::Committer;
use crate::refusal::Refusal;
use crate::submit::{Draft, country_of};

/// The meter as the database knows it: of this month, and of today.
pub(crate) fn meter(rows: &[SpendingRow]) -> Meter {
    let mut meter = Meter::default();
    rows.iter().for_each(|row| add(&mut meter, row, 1));
    meter
}

fn add(meter: &mut Meter, row: &SpendingRow, sign: i64) {
    let spent = Spent { messages: sign * row.messages, micros: sign.saturating_mul(row.micros) };
    meter.add(row.account_id, row.country.parse().ok(), Timestamp::of_day(row.day), spent);
}

impl Committer {
    /// Whether the account's limits leave room for a message of this price.
    pub(super) fn within_limits(&self, draft: &Draft, total: i64) -> Result<(), Refusal> {
        if draft.is_played() {
            return Ok(());
        }
        let account = draft.request.account_id;
        let Some(limits) = self.snapshot.account(account).map(|account| &account.spending) else { return Ok(()) };
        let reached = self.meter.allows(account, limits, draft.country, total, self.now);
        reached.map_err(|reached| Refusal::new(ErrorCode::SpendingLimitReached, reached.to_string()))
    }

    /// A message is taken.
    pub(super) fn spend(&mut self, account: AccountId, country: Option<Country>, micros: i64) {
        self.count((account, country), self.now, Spent { messages: 1, micros });
    }

    /// The price of one of its segments is given back, or taken after all.
    pub(super) fn spend_more(&mut self, message: &Message, micros: i64) {
        if micros == 0 {
            return;
        }
        let country = country_of(self.snapshot.networks.lookup(message.destination));
        self.count((message.account_id, country), message.accepted_at, Spent { messages: 0, micros });
    }

    /// What is new in the batch was refused: it is not spent.
    pub(super) fn unspend_first(&mut self, count: usize) {
        for row in self.batch.spending.iter().take(count) {
            add(&mut self.meter, row, -1);
        }
    }

    fn count(&mut self, (account, country): (AccountId, Option<Country>), at: Timestamp, spent: Spent) {
        self.meter.add(account, country, at, spent);
        self.batch.spending.push(SpendingRow {
            account_id: account,
            day: at.day(),
            country: country.map_or_else(String::new, |country| country.to_string()),
            messages: spent.messages,
            micros: spent.micros,
        });
    }
}
