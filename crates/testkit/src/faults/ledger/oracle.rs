//! Lays what clients were answered beside what the database says. It believes neither the platform's own checks nor its words:
//! all sums are made anew.
//!
//! What may not be: an order that was answered and is not there, one that is there twice or that nobody gave, an amount, a state
//! or a refusal that differs, a wallet below its limit after any block, a sum that its postings do not give, anything still set
//! aside at the end.

use std::collections::HashMap;

use super::books::{Books, HoldRow};
use super::journal::{Answer, Done, Journal, Order, State};

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which rule.
    pub rule: &'static str,
    /// Of what, and what was found.
    pub text: String,
}

/// What a client's answers say of a hold.
#[derive(Clone, Copy, Debug)]
struct Expected {
    account: usize,
    amount: i64,
    captured: i64,
    refunded: i64,
    state: State,
    may_expire: bool,
}

/// Compares everything. `accounts` are the names that the journals' places mean; `price_micros` is that of a message.
pub fn judge(accounts: &[String], journals: &[Journal], books: &Books, price_micros: i64) -> Vec<Finding> {
    let mut bench = Bench { accounts, books, findings: Vec::new() };
    for journal in journals {
        journal.contradictions.iter().for_each(|text| bench.found("an answer changed", text.clone()));
    }
    bench.commands(journals);
    let holds = bench.holds(journals);
    bench.wallets(&holds);
    bench.messages(journals, price_micros);
    bench.postings();
    bench.sums();
    bench.limits();
    bench.findings
}

pub(super) struct Bench<'a> {
    accounts: &'a [String],
    pub(super) books: &'a Books,
    findings: Vec<Finding>,
}

impl Bench<'_> {
    pub(super) fn found(&mut self, rule: &'static str, text: String) {
        self.findings.push(Finding { rule, text });
    }

    /// Every answer is stored as it was given, and nothing else is.
    fn commands(&mut self, journals: &[Journal]) {
        let by_client: HashMap<usize, &Journal> = journals.iter().map(|journal| (journal.client, journal)).collect();
        let mut seen: HashMap<(usize, usize), u32> = HashMap::new();
        for row in &self.books.commands {
            // The platform's own: what went back because its time was over.
            if row.key.starts_with(' ') {
                continue;
            }
            let place = Journal::place_of(&row.key);
            let entry = place.and_then(|(client, place)| by_client.get(&client)?.entries.get(place));
            let (Some(place), Some(entry)) = (place, entry) else {
                self.found("an order that nobody gave", row.key.clone());
                continue;
            };
            *seen.entry(place).or_default() += 1;
            let same = match &entry.answer {
                Some(Answer::Done(done)) => row.done && row.hold == Some(done.hold) && row.micros == done.moved,
                Some(Answer::Refused(_)) => !row.done && row.micros == 0 && row.posting_id.is_none(),
                None => false,
            };
            if !same || self.accounts.get(entry.account) != Some(&row.account) {
                self.found("an answer differs from what is stored", format!("{}: {entry:?}, {row:?}", row.key));
            }
        }
        for journal in journals {
            for (place, entry) in journal.entries.iter().enumerate() {
                let times = seen.get(&(journal.client, place)).copied().unwrap_or_default();
                if entry.answer.is_some() && times != 1 {
                    let rule = if times == 0 { "an answered order is lost" } else { "an order was carried out twice" };
                    self.found(rule, format!("{}: {entry:?}", journal.key(place)));
                }
            }
        }
    }

    /// Every hold is as its answers say, and there are no others.
    fn holds(&mut self, journals: &[Journal]) -> HashMap<i64, Expected> {
        let mut holds: HashMap<i64, Expected> = HashMap::new();
        for entry in journals.iter().flat_map(|journal| &journal.entries) {
            if let Some(Answer::Done(done)) = &entry.answer {
                apply(&mut holds, entry.account, entry.order, done);
            }
        }
        for (id, hold) in &mut holds {
            let Some(row) = self.books.holds.get(id) else {
                self.found("a charge is lost", format!("{id}: {hold:?}"));
                continue;
            };
            if hold.state == State::Open && hold.may_expire && row.state == 3 {
                hold.state = State::Expired;
            }
            if hold.state == State::Open {
                self.found("still set aside", format!("{id}: {hold:?}"));
            }
            if !is_as(hold, row) || self.accounts.get(hold.account) != Some(&row.account) {
                self.found("a charge differs from its answers", format!("{id}: {hold:?}, {row:?}"));
            }
        }
        for (id, row) in &self.books.holds {
            if !holds.contains_key(id) {
                self.found("a charge that nobody made", format!("{id}: {row:?}"));
            }
        }
        holds
    }

    /// What the answers took from each wallet is what is gone from it.
    fn wallets(&mut self, holds: &HashMap<i64, Expected>) {
        let mut spent = vec![0_i64; self.accounts.len()];
        for hold in holds.values() {
            if let Some(spent) = spent.get_mut(hold.account) {
                let open = if hold.state == State::Open { hold.amount - hold.captured } else { 0 };
                *spent += hold.captured - hold.refunded + open;
            }
        }
        let credits = self.credits();
        for (name, spent) in self.accounts.iter().zip(spent) {
            let wallet = self.books.balances.iter().find(|one| one.account == *name && one.kind == "wallet");
            let Some(wallet) = wallet else { continue };
            let messages: i64 = self.messages_of(wallet.id);
            let expected = credits.get(&wallet.id).copied().unwrap_or_default() - spent - messages;
            if wallet.micros != expected {
                let text = format!("{name}: {} in the wallet, {expected} by the answers", wallet.micros);
                self.found("a wallet differs from its answers", text);
            }
        }
        for held in self.books.balances.iter().filter(|one| one.kind == "held" && one.micros != 0) {
            self.found("still set aside", format!("{}: {}", held.account, held.micros));
        }
    }

    /// What messages took from a wallet, by the postings that their charges name.
    fn messages_of(&self, wallet: i64) -> i64 {
        let from: HashMap<i64, i64> = self.books.postings.iter().map(|one| (one.id, one.debit_id)).collect();
        let charges = self.books.charges.iter().filter(|charge| from.get(&charge.hold_posting) == Some(&wallet));
        charges.map(|charge| charge.captured).sum()
    }

    /// Every accepted message has one charge of its price, which has ended, and no other message has one.
    fn messages(&mut self, journals: &[Journal], price_micros: i64) {
        let mut accepted: HashMap<i64, u32> = HashMap::new();
        for id in journals.iter().flat_map(|journal| &journal.messages).flatten() {
            *accepted.entry(*id).or_default() += 1;
        }
        let mut charged: HashMap<i64, u32> = HashMap::new();
        for charge in &self.books.charges {
            *charged.entry(charge.message).or_default() += 1;
            let is_whole = match charge.state {
                1 => charge.captured == price_micros && charge.settle_posting.is_some(),
                2 => charge.captured == 0 && charge.settle_posting.is_some(),
                3 => true,
                _ => false,
            };
            if charge.micros != price_micros || !is_whole {
                self.found("a message's charge has not ended as it should", format!("{charge:?}"));
            }
        }
        for (id, times) in &accepted {
            if *times != 1 {
                self.found("two keys were given one message", id.to_string());
            }
            match charged.get(id) {
                Some(1) => {}
                Some(_) => self.found("a message was charged twice", id.to_string()),
                None => self.found("an accepted message was not charged", id.to_string()),
            }
        }
        for id in charged.keys().filter(|id| !accepted.contains_key(id)) {
            self.found("a message that nobody sent", id.to_string());
        }
    }
}

/// What an answer says of its hold.
fn apply(holds: &mut HashMap<i64, Expected>, account: usize, order: Order, done: &Done) {
    let hold = holds.entry(done.hold).or_insert(Expected {
        account,
        amount: 0,
        captured: 0,
        refunded: 0,
        state: State::Open,
        may_expire: false,
    });
    match order {
        Order::Debit { micros } => {
            hold.amount += micros;
            hold.captured += done.moved;
            hold.state = State::Captured;
        }
        Order::Hold { micros, .. } => {
            hold.amount += micros;
            hold.may_expire = true;
        }
        Order::Capture { keep_open, .. } => {
            hold.captured += done.moved;
            if !keep_open || hold.captured == hold.amount {
                hold.state = State::Captured;
            }
        }
        Order::Void { .. } => hold.state = if hold.captured > 0 { State::Captured } else { State::Voided },
        Order::Refund { .. } => hold.refunded += done.moved,
    }
}

fn is_as(hold: &Expected, row: &HoldRow) -> bool {
    let state = match hold.state {
        State::Open => 0,
        State::Captured => 1,
        State::Voided => 2,
        State::Expired => 3,
    };
    (hold.amount, hold.captured, hold.refunded, state) == (row.amount, row.captured, row.refunded, row.state)
}
