//! Goes through all messages that have ended on some days, in one snapshot and page by page, and judges each segment.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use sambac_domain::{ConnectorId, Day, IdSource, OperatorId, PostingId, Timestamp};
use sambac_store::rows::{ChargeRow, ComparedMessage, PostingRow};
use sambac_store::{Compared, ComparedNames, ComparedPage, Store, StoreError};

use super::Days;
use super::judge::{Books, BreakKind, Difference, Told};
use super::report::{Key, Report, Sheet};

/// Rows of each kind in memory at a time.
const PAGE: u32 = 4_096;
/// How long before a day a message that ended on it may have been taken: scheduled a week ahead, valid for three days, given up
/// an hour later, and kept by an outage.
pub(super) const BEFORE_MAX: Duration = Duration::from_secs(35 * 86_400);
/// Ids of that time are looked through in slices, most of which have nothing that ended so late.
const SLICE: Duration = Duration::from_secs(3_600);
/// Ids may run ahead of the clock when many are made.
const AHEAD_MAX: Duration = Duration::from_secs(60);

/// Compares, without keeping anything.
///
/// # Errors
/// The database does not answer.
pub async fn compare(store: &Store, days: Days) -> Result<Report, StoreError> {
    let before = ended_since(store, days).await?;
    let mut compared = store.compare().await?;
    let names = compared.names().await?;
    let owners = compared.balances().await?.into_iter().filter_map(|row| Some((row.id, row.account_id?))).collect();
    let mut walk = Walk {
        days,
        operators: operators(&names),
        books: Books { owners, ..Books::default() },
        archived: compared.archived_days().await?.into_iter().map(Day::from_number).collect(),
        sheet: Sheet::default(),
    };
    let (start, end) = (IdSource::first_at(days.start()), IdSource::first_at(days.end().saturating_add(AHEAD_MAX)));
    for ids in before {
        walk.go(&mut compared, ids).await?;
    }
    walk.go(&mut compared, (start, end)).await?;
    walk.postings(&mut compared).await?;
    Ok(walk.sheet.report(days, names))
}

/// Where, among what was accepted before these days, something has ended in them. Each look is one by itself: what is read for long at one moment keeps old versions
/// of every row that changes meanwhile.
async fn ended_since(store: &Store, days: Days) -> Result<Vec<(i64, i64)>, StoreError> {
    let (mut slice, mut found) = (days.start().saturating_sub(BEFORE_MAX), Vec::new());
    while slice < days.start() {
        let next = slice.saturating_add(SLICE).min(days.start());
        let ids = (IdSource::first_at(slice), IdSource::first_at(next));
        if store.compare().await?.any_ended(ids, (days.start(), days.end())).await? {
            found.push(ids);
        }
        slice = next;
    }
    Ok(found)
}

fn operators(names: &ComparedNames) -> HashMap<ConnectorId, OperatorId> {
    names.connectors.iter().copied().collect()
}

struct Walk {
    days: Days,
    operators: HashMap<ConnectorId, OperatorId>,
    books: Books,
    /// Days, by acceptance, whose CDRs are in files.
    archived: HashSet<Day>,
    sheet: Sheet,
}

impl Walk {
    async fn go(&mut self, compared: &mut Compared, (mut after, until): (i64, i64)) -> Result<(), StoreError> {
        while after < until {
            let page = compared.page(after, until, PAGE).await?;
            self.books.postings = postings(compared, &page.charges).await?;
            self.judge(&page);
            after = page.until;
        }
        Ok(())
    }

    /// The rows of a page side by side, like a zip.
    fn judge(&mut self, page: &ComparedPage) {
        let (mut messages, mut segments) = (page.messages.iter().peekable(), page.segments.iter().peekable());
        let (mut charges, mut cdrs) = (page.charges.iter().peekable(), page.cdrs.iter().peekable());
        let mut message: Option<&ComparedMessage> = None;
        let mut count = Counting::default();
        for id in page.segment_ids() {
            while let Some(next) = messages.next_if(|row| row.id <= id.message()) {
                self.end_message(&count.message.take(), &count);
                message = Some(next);
                count = Counting { message: Some(next.clone()), ..Counting::default() };
            }
            let segment = segments.next_if(|row| row.id == id);
            let told = Told {
                id,
                message: message.filter(|row| row.id == id.message()),
                segment,
                charge: charges.next_if(|row| row.id == id),
                cdr: cdrs.next_if(|row| row.id == id),
                is_archived: self.archived.contains(&Day::of(IdSource::made_at(id.raw()))),
            };
            let key = self.key(&told);
            if told.message.is_some() && segment.is_some() {
                count.segments = count.segments.saturating_add(1);
                count.key = count.key.or(key);
            }
            let Some(key) = key.filter(|_| told.is_ended()) else { continue };
            self.sheet.count(key, &told, &self.books);
            for difference in told.differences(&self.books) {
                self.sheet.differs(key, told.currency(), difference, id.to_string());
            }
        }
        self.end_message(&count.message.take(), &count);
        for message in messages {
            self.end_message(&Some(message.clone()), &Counting::default());
        }
    }

    /// Whether a message has as many segments as it says.
    fn end_message(&mut self, message: &Option<ComparedMessage>, count: &Counting) {
        let Some(message) = message.as_ref().filter(|row| row.final_at.is_some()) else { return };
        let (said, found) = (i64::from(message.segment_count), count.segments);
        let day = message.final_at.and_then(|at| self.day(at));
        let key = count.key.or_else(|| Some(Key { day: day?, account: Some(message.account_id), operator: None }));
        let Some(key) = key.filter(|_| said != found) else { return };
        let worth = |count: i64| message.price_micros.saturating_mul(count);
        let difference =
            Difference { kind: BreakKind::SegmentCount, expected: (said, worth(said)), found: (found, worth(found)) };
        self.sheet.differs(key, Some(message.currency), difference, message.id.to_string());
    }

    /// Under what a segment is counted; nothing when it is of another day.
    fn key(&self, told: &Told<'_>) -> Option<Key> {
        let ended = told.cdr.map(|row| row.final_at).or(told.segment.and_then(|row| row.final_at));
        let ended = ended.or(told.message.and_then(|row| row.final_at));
        let connector = told.segment.and_then(|row| self.operators.get(&row.connector_id).copied());
        Some(Key {
            day: self.day(ended.unwrap_or_else(|| IdSource::made_at(told.id.raw())))?,
            account: told.account(),
            operator: told.cdr.map(|row| row.operator_id).or(connector),
        })
    }

    fn day(&self, at: Timestamp) -> Option<Day> {
        Some(Day::of(at)).filter(|day| *day >= self.days.from && *day <= self.days.to)
    }

    /// Postings against the sum of what names them.
    async fn postings(&mut self, compared: &mut Compared) -> Result<(), StoreError> {
        let ids = (IdSource::first_at(self.days.start()), IdSource::first_at(self.days.end()));
        let charges_after = IdSource::first_at(self.days.start().saturating_sub(BEFORE_MAX));
        let uneven = compared.uneven_postings(ids, charges_after).await?;
        let listed: Vec<PostingId> = uneven.iter().map(|posting| posting.id).collect();
        let rows: HashMap<_, _> = compared.postings(&listed).await?.into_iter().map(|row| (row.id, row)).collect();
        for posting in uneven {
            let row = rows.get(&posting.id);
            let owner = row.and_then(|row| {
                let owner = |id| self.books.owners.get(id).copied();
                owner(&row.debit_id).or_else(|| owner(&row.credit_id))
            });
            let at = row.map_or_else(|| IdSource::made_at(posting.id.raw()), |row| row.created_at);
            let Some(day) = self.day(at) else { continue };
            let difference = Difference {
                kind: BreakKind::PostingSum,
                expected: (1, posting.parts_micros),
                found: (i64::from(row.is_some()), posting.posted_micros),
            };
            let key = Key { day, account: owner, operator: None };
            self.sheet.differs(key, row.map(|row| row.currency), difference, posting.id.to_string());
        }
        Ok(())
    }
}

/// The message that the segments at hand are of, and how many they are.
#[derive(Default)]
struct Counting {
    message: Option<ComparedMessage>,
    segments: i64,
    key: Option<Key>,
}

async fn postings(
    compared: &mut Compared,
    charges: &[ChargeRow],
) -> Result<HashMap<PostingId, PostingRow>, StoreError> {
    let mut ids: Vec<PostingId> = charges
        .iter()
        .flat_map(|row| [Some(row.hold_posting_id), row.settle_posting_id, row.correct_posting_id])
        .flatten()
        .collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(compared.postings(&ids).await?.into_iter().map(|row| (row.id, row)).collect())
}
