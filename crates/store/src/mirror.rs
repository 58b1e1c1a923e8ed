//! The database of a consumer of billing events: charges and records as they were told last, in tables of its own.
//!
//! Events may come twice, and in any order. A charge goes forward only (held, ended, corrected), and each event fills in what only it
//! tells; of two records of a segment the one that was written later counts. So the end is the same whatever came first.

use sambac_domain::{AccountId, ConnectorId, Currency, OperatorId, PostingId, RateId, SegmentId, Timestamp};

use crate::query::query;
use crate::rows::{Record, Row, row};
use crate::unit_of_work::UnitOfWork;
use crate::value::Columns;
use crate::{Store, StoreError};

/// The steps of its schema. Their numbers are such that neither the platform's database nor this one is ever taken for the other.
const STEPS: &[(i64, &str)] = &[(1_000_001, include_str!("../mirror/0001_mirror.sql"))];

/// The day on which an id was made: its upper bits are milliseconds since 2024.
const DAY_OF_ID: &str = "(id / 4194304 + 1704067200000) / 86400000";

row! {
    /// A charge as it is known.
    MirrorCharge in "mirror_charges" {
        /// The segment.
        id: SegmentId,
        /// Who pays.
        account_id: AccountId,
        /// Whose wallet pays.
        payer_id: AccountId,
        /// The price, in micros.
        amount_micros: i64,
        /// What was taken of it.
        captured_micros: i64,
        /// Of both.
        currency: Currency,
        /// What it is paid for.
        policy: String,
        /// The price line.
        rate_id: RateId,
        /// held 0, captured 1, voided 2, corrected 3.
        state: i16,
        /// The posting that holds it.
        hold_posting_id: Option<PostingId>,
        /// The posting that captures or voids it.
        settle_posting_id: Option<PostingId>,
        /// The posting of its correction.
        correct_posting_id: Option<PostingId>,
        /// Mobile country code.
        mcc: Option<String>,
        /// Mobile network code.
        mnc: Option<String>,
        /// The operator that carries it.
        operator_id: Option<OperatorId>,
        /// What the sender looks like.
        sender_type: Option<String>,
        /// When it was held.
        held_at: Option<Timestamp>,
        /// When it ended.
        settled_at: Option<Timestamp>,
        /// When another end was believed.
        corrected_at: Option<Timestamp>,
    }
}

row! {
    /// A record as it is known.
    MirrorCdr in "mirror_cdrs" {
        /// The segment.
        id: SegmentId,
        /// Who pays.
        account_id: AccountId,
        /// Whose network carried it.
        operator_id: Option<OperatorId>,
        /// Which connector.
        connector_id: ConnectorId,
        /// Mobile country code.
        mcc: Option<String>,
        /// Mobile network code.
        mnc: Option<String>,
        /// The sender shown; a number is masked.
        sender: String,
        /// What the sender looks like.
        sender_type: Option<String>,
        /// The number, masked.
        destination: String,
        /// Traffic class.
        class: Option<String>,
        /// How it ended.
        state: String,
        /// Why it ended badly.
        error: Option<String>,
        /// The operator's own word for it.
        operator_error: Option<String>,
        /// The operator's id for it.
        smsc_message_id: Option<String>,
        /// How often it was submitted.
        attempts: u8,
        /// Whether the handset may have got it twice.
        possible_duplicate: bool,
        /// Price, in micros.
        price_micros: i64,
        /// Currency of the price.
        currency: Currency,
        /// What became of the price.
        charge_state: String,
        /// What the operator is to be paid.
        cost_micros: Option<i64>,
        /// Currency of the cost.
        cost_currency: Option<Currency>,
        /// When the message was accepted.
        accepted_at: Timestamp,
        /// Last submit.
        submitted_at: Option<Timestamp>,
        /// When it became final.
        final_at: Timestamp,
        /// When it was written.
        recorded_at: Timestamp,
    }
}

row! {
    /// An event that could not be read: of a version of later, or of none.
    MirrorParked in "mirror_parked" {
        /// Its own id, or a digest of it.
        id: String,
        /// What it was routed by.
        routing_key: String,
        /// As it came.
        body: String,
        /// Why it was not taken.
        reason: String,
        /// When it came.
        parked_at: Timestamp,
    }
}

/// What is stored at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MirrorBatch {
    /// Charges.
    pub charges: Vec<MirrorCharge>,
    /// Records.
    pub cdrs: Vec<MirrorCdr>,
    /// What could not be read.
    pub parked: Vec<MirrorParked>,
}

/// Sums of an account's day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DaySums {
    /// Days of UTC since 1970, by the time at which the message was taken.
    pub day: i64,
    /// Whose.
    pub account_id: AccountId,
    /// Of the amounts.
    pub currency: Currency,
    /// Charges or records.
    pub count: i64,
    /// Their prices, in micros.
    pub micros: i64,
    /// What was taken of them, in micros; 0 for records.
    pub captured_micros: i64,
}

impl Row for DaySums {
    const SOURCE: &'static str = "sums";

    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            day: columns.take()?,
            account_id: columns.take()?,
            currency: columns.take()?,
            count: columns.take()?,
            micros: columns.take()?,
            captured_micros: columns.take()?,
        })
    }
}

/// The database of a mirror.
#[derive(Clone)]
pub struct Mirror(Store);

impl Mirror {
    /// Opens it, and brings its schema up to date. The platform's database is refused.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let store = Store::open(url).await?;
        store.run_missing(STEPS).await?;
        Ok(Self(store))
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.0.close().await;
    }

    /// Stores all of it: durable when this returns.
    pub async fn take(&self, batch: &MirrorBatch) -> Result<(), StoreError> {
        let mut work = self.0.begin().await?;
        for charge in &batch.charges {
            insert(&mut work, charge, CHARGE_MEETS_CHARGE).await?;
        }
        for cdr in &batch.cdrs {
            insert(&mut work, cdr, &cdr_meets_cdr()).await?;
        }
        for parked in &batch.parked {
            insert(&mut work, parked, "DO NOTHING").await?;
        }
        work.commit().await
    }

    /// How many events could not be read.
    pub async fn parked(&self) -> Result<i64, StoreError> {
        let count = query("SELECT COUNT(*) FROM mirror_parked").first::<(i64,)>(self.0.pool()).await?;
        Ok(count.map_or(0, |(count,)| count))
    }

    /// Charges of each account and day, of the days from the first to the last.
    pub async fn charge_sums(&self, from: i64, to: i64) -> Result<Vec<DaySums>, StoreError> {
        charge_sums(&self.0, "mirror_charges", (from, to)).await
    }

    /// Records of each account and day.
    pub async fn cdr_sums(&self, from: i64, to: i64) -> Result<Vec<DaySums>, StoreError> {
        cdr_sums(&self.0, "mirror_cdrs", (from, to)).await
    }
}

impl Store {
    /// Charges of each account and day, of the days from the first to the last: what a mirror is compared with.
    pub async fn charge_sums(&self, from: i64, to: i64) -> Result<Vec<DaySums>, StoreError> {
        charge_sums(self, "charges", (from, to)).await
    }

    /// Records of each account and day that are in their table.
    pub async fn cdr_sums(&self, from: i64, to: i64) -> Result<Vec<DaySums>, StoreError> {
        cdr_sums(self, "cdr_sms", (from, to)).await
    }
}

async fn charge_sums(store: &Store, table: &str, days: (i64, i64)) -> Result<Vec<DaySums>, StoreError> {
    sums(store, table, "amount_micros", "captured_micros", days).await
}

async fn cdr_sums(store: &Store, table: &str, days: (i64, i64)) -> Result<Vec<DaySums>, StoreError> {
    sums(store, table, "price_micros", "0", days).await
}

async fn sums(
    store: &Store,
    table: &str,
    price: &str,
    captured: &str,
    (from, to): (i64, i64),
) -> Result<Vec<DaySums>, StoreError> {
    // Ids rise with time, so days are a span of the primary key.
    let (before, last) = (before_day(from), before_day(to.saturating_add(1)));
    let sql = format!(
        "SELECT {DAY_OF_ID} AS day, account_id, currency, COUNT(*), CAST(SUM({price}) AS BIGINT), CAST(SUM({captured}) AS BIGINT)
         FROM {table} WHERE id > $1 AND id <= $2 GROUP BY day, account_id, currency ORDER BY day, account_id, currency"
    );
    query(sqlx::AssertSqlSafe(sql)).bind(&before).bind(&last).all(store.pool()).await
}

/// The greatest id before a day.
fn before_day(day: i64) -> i64 {
    sambac_domain::IdSource::first_at(Timestamp::of_day(day))
}

async fn insert<R: Record>(work: &mut UnitOfWork, row: &R, conflict: &str) -> Result<(), StoreError> {
    let mut values = Vec::new();
    row.values(&mut values);
    let tuple = work.dialect().tuples(0, 1, values.len());
    let sql =
        format!("INSERT INTO {} ({}) VALUES {tuple} ON CONFLICT (id) {conflict}", R::TABLE, R::COLUMNS.join(", "));
    query(sqlx::AssertSqlSafe(sql)).bind_all(values).run(work).await.map(drop)
}

/// Held, then ended, then corrected: 0, 1 and 2, 3. Ends do not change each other.
const CHARGE_MEETS_CHARGE: &str = "DO UPDATE SET
    captured_micros = CASE WHEN excluded.state > mirror_charges.state THEN excluded.captured_micros ELSE mirror_charges.captured_micros END,
    state = CASE WHEN excluded.state > mirror_charges.state THEN excluded.state ELSE mirror_charges.state END,
    hold_posting_id = COALESCE(mirror_charges.hold_posting_id, excluded.hold_posting_id),
    settle_posting_id = COALESCE(mirror_charges.settle_posting_id, excluded.settle_posting_id),
    correct_posting_id = COALESCE(mirror_charges.correct_posting_id, excluded.correct_posting_id),
    operator_id = COALESCE(excluded.operator_id, mirror_charges.operator_id),
    held_at = COALESCE(mirror_charges.held_at, excluded.held_at),
    settled_at = COALESCE(mirror_charges.settled_at, excluded.settled_at),
    corrected_at = COALESCE(mirror_charges.corrected_at, excluded.corrected_at)";

fn cdr_meets_cdr() -> String {
    let columns = MirrorCdr::COLUMNS.iter().filter(|column| **column != "id");
    let set: Vec<_> = columns.map(|column| format!("{column} = excluded.{column}")).collect();
    format!("DO UPDATE SET {} WHERE excluded.recorded_at >= mirror_cdrs.recorded_at", set.join(", "))
}
