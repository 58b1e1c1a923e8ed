//! Reading CDRs: a page at a time, by the primary key, at a bounded price.
//!
//! Ids rise with time, so a span of time is a span of ids and needs no index of its own. All other filters but the account are
//! held against a window of ids that is next in turn: a page may hold fewer records than asked for, even none, and still have a
//! next one. So no filter, however rare what it looks for, makes the database read more than one window for an answer. An account's
//! records are found by the index of its messages: the hot path pays for no index of records at all.

use std::time::Duration;

use sambac_domain::{
    AccountId, ConnectorId, Currency, IdSource, MccMnc, MessageState, OperatorId, SegmentId, Sender, Timestamp,
};
use sqlx::AssertSqlSafe;

use crate::query::query;
use crate::rows::{CdrRow, ChargeState, Record as _, Row};
use crate::value::Columns;
use crate::{Store, StoreError};

/// Records looked at for one page, when a filter leaves some out.
const WINDOW: u32 = 50_000;
/// Ids of one message: its own, and those of its segments after it.
const SEGMENT_NOS: i64 = 256;
/// What a masked number is divided by: the last four digits are hidden.
const HIDDEN: i64 = 10_000;
/// How far ids may be ahead of the clock: it was set back, and ids never go back.
const AHEAD: Duration = Duration::from_secs(3_600);

/// Which records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CdrFilter {
    /// Only of this account.
    pub account_id: Option<AccountId>,
    /// Only of messages accepted then or later.
    pub from: Option<Timestamp>,
    /// Only of messages accepted before.
    pub until: Option<Timestamp>,
    /// Only of this operator.
    pub operator_id: Option<OperatorId>,
    /// Only by this connector.
    pub connector_id: Option<ConnectorId>,
    /// Only to this network; an MCC alone takes all networks of the country.
    pub network: Option<MccMnc>,
    /// Only those that ended so.
    pub state: Option<MessageState>,
    /// Only from this sender.
    pub sender: Option<Sender>,
    /// Only those whose price has become this.
    pub charge_state: Option<ChargeState>,
    /// Only to numbers that begin with these digits.
    pub destination_prefix: Option<String>,
    /// Compares the prefix with numbers as they are masked, so that nobody learns the end of one by asking.
    pub prefix_of_masked: bool,
}

/// Which way a list goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CdrOrder {
    /// By falling ids: for people.
    NewestFirst,
    /// By rising ids: for files.
    OldestFirst,
}

/// A page of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CdrPage {
    /// In the order that was asked for.
    pub rows: Vec<CdrRow>,
    /// Where the next page begins; `None` when all was looked at.
    pub next: Option<SegmentId>,
}

/// What an account sent on one day to one network, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// Days since 1970-01-01, UTC, of the acceptance.
    pub day: i64,
    /// The network, when known.
    pub network: Option<MccMnc>,
    /// How the segments ended.
    pub state: MessageState,
    /// Currency of the prices.
    pub currency: Currency,
    /// Messages whose first segment is among them.
    pub messages: i64,
    /// Segments.
    pub segments: i64,
    /// What was taken for them, in micros.
    pub charged_micros: i64,
}

impl Row for UsageRow {
    const SOURCE: &'static str = "usage";

    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            day: columns.take()?,
            network: columns.take()?,
            state: columns.take()?,
            currency: columns.take()?,
            messages: columns.take()?,
            segments: columns.take()?,
            charged_micros: columns.take()?,
        })
    }
}

/// What is left to look at: ids above `above` and below `below`.
#[derive(Clone, Copy)]
struct Span {
    above: i64,
    below: i64,
}

impl Store {
    /// The page of at most `limit` records that comes after the record `after`. Records that are written meanwhile neither move
    /// nor repeat any; those of them that lie behind the page are in none.
    pub async fn cdr_page(
        &self,
        filter: &CdrFilter,
        order: CdrOrder,
        after: Option<SegmentId>,
        limit: u32,
    ) -> Result<CdrPage, StoreError> {
        let left = filter.span().after(order, after);
        // One more than asked for tells whether there is a next page.
        let window = if filter.leaves_out(order) { WINDOW.max(limit) } else { limit };
        let (span, edge) = self.cdr_window(filter.account_id, order, left, window.saturating_add(1)).await?;
        let mut rows = self.cdrs_within(filter, order, span, limit.saturating_add(1)).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_full = rows.len() > limit;
        rows.truncate(limit);
        let next = if is_full { rows.last().map(|row| row.id) } else { edge };
        Ok(CdrPage { rows, next })
    }

    /// The next `window` ids of a span, and where the window ends if the span goes on.
    async fn cdr_window(
        &self,
        account: Option<AccountId>,
        order: CdrOrder,
        left: Span,
        window: u32,
    ) -> Result<(Span, Option<SegmentId>), StoreError> {
        let (edge, by) = order.sql();
        // Of a message in the middle of which the page before ended, there may be segments left.
        let (ids, above) = match account {
            Some(_) => ("messages WHERE account_id = $1", left.above.saturating_sub(SEGMENT_NOS)),
            None => ("cdr_sms WHERE CAST($1 AS BIGINT) IS NULL", left.above),
        };
        let sql = format!(
            "SELECT COUNT(*), {edge}(id) FROM
                (SELECT id FROM {ids} AND id > $2 AND id < $3 ORDER BY id {by} LIMIT $4) AS next_ids"
        );
        let window = i64::from(window);
        let found = query(AssertSqlSafe(sql)).bind(&account).bind(&above).bind(&left.below).bind(&window);
        let (count, edge) = found.first::<(i64, Option<i64>)>(self.pool()).await?.unwrap_or_default();
        let Some(edge) = edge.filter(|_| count == window) else { return Ok((left, None)) };
        // The ids of a message's segments come after its own.
        let last = if account.is_some() { edge + SEGMENT_NOS - 1 } else { edge };
        Ok(match order {
            CdrOrder::NewestFirst => (Span { above: edge - 1, ..left }, Some(SegmentId::from_raw(edge))),
            CdrOrder::OldestFirst => (Span { below: last + 1, ..left }, Some(SegmentId::from_raw(last))),
        })
    }

    async fn cdrs_within(
        &self,
        filter: &CdrFilter,
        order: CdrOrder,
        span: Span,
        limit: u32,
    ) -> Result<Vec<CdrRow>, StoreError> {
        let sql = format!(
            "SELECT {} FROM {} AND c.id > $2 AND c.id < $3
                AND (CAST($4 AS BIGINT) IS NULL OR c.accepted_at >= $4)
                AND (CAST($5 AS BIGINT) IS NULL OR c.accepted_at < $5)
                AND (CAST($6 AS BIGINT) IS NULL OR c.operator_id = $6)
                AND (CAST($7 AS BIGINT) IS NULL OR c.connector_id = $7)
                AND (CAST($8 AS TEXT) IS NULL OR c.mcc_mnc LIKE $8)
                AND (CAST($9 AS SMALLINT) IS NULL OR c.state = $9)
                AND (CAST($10 AS TEXT) IS NULL OR c.sender = $10)
                AND (CAST($11 AS SMALLINT) IS NULL OR c.charge_state = $11)
                AND (CAST($12 AS TEXT) IS NULL OR CAST(c.destination / $13 AS TEXT) LIKE $12)
             ORDER BY {} LIMIT $14",
            CdrRow::COLUMNS.iter().map(|column| format!("c.{column}")).collect::<Vec<_>>().join(", "),
            if filter.account_id.is_some() { OF_ACCOUNT } else { OF_ALL },
            order.sorted(filter.account_id),
        );
        let (network, prefix) = (filter.network_pattern(), filter.destination_pattern());
        query(AssertSqlSafe(sql))
            .bind(&filter.account_id)
            .bind(&span.above)
            .bind(&span.below)
            .bind(&filter.from)
            .bind(&filter.until)
            .bind(&filter.operator_id)
            .bind(&filter.connector_id)
            .bind(&network)
            .bind(&filter.state)
            .bind(&filter.sender)
            .bind(&filter.charge_state)
            .bind(&prefix)
            .bind(if filter.prefix_of_masked { &HIDDEN } else { &1_i64 })
            .bind(&i64::from(limit))
            .all(self.pool())
            .await
    }

    /// What an account sent within a span of time, by day, network, state and currency, in that order. Only what has ended: there
    /// is no record of anything else.
    pub async fn usage(
        &self,
        account: AccountId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<UsageRow>, StoreError> {
        let _place = self.place_to_search().await?;
        let span = CdrFilter { from: Some(from), until: Some(until), ..CdrFilter::default() }.span();
        let sql = format!(
            "SELECT c.accepted_at / 86400000000 AS day, c.mcc_mnc, c.state, c.currency,
                CAST(SUM(CASE WHEN c.id % 256 = 1 THEN 1 ELSE 0 END) AS BIGINT), COUNT(*),
                CAST(SUM(CASE WHEN c.charge_state = 1 THEN c.price_micros ELSE 0 END) AS BIGINT)
             FROM {OF_ACCOUNT} AND c.id > $2 AND c.id < $3 AND c.accepted_at >= $4 AND c.accepted_at < $5
             GROUP BY c.accepted_at / 86400000000, c.mcc_mnc, c.state, c.currency
             ORDER BY day, COALESCE(c.mcc_mnc, ''), c.state, c.currency"
        );
        query(AssertSqlSafe(sql))
            .bind(&account)
            .bind(&span.above)
            .bind(&span.below)
            .bind(&from)
            .bind(&until)
            .all(self.pool())
            .await
    }
}

impl CdrFilter {
    /// The ids that messages accepted within the span of time can have.
    fn span(&self) -> Span {
        let above = self.from.map_or(0, IdSource::first_at);
        let below = self.until.map_or(i64::MAX, |until| IdSource::first_at(until.saturating_add(AHEAD)) + 1);
        Span { above, below }
    }

    /// Whether many records of the ids that come next may be left out. Of those that lie past the span's end by an hour of ids,
    /// a list that ends there sees few.
    fn leaves_out(&self, order: CdrOrder) -> bool {
        let Self { account_id, from, .. } = *self;
        let until = self.until.filter(|_| order == CdrOrder::OldestFirst);
        *self != Self { account_id, from, until, ..Self::default() }
    }

    /// Networks and prefixes are digits only: nothing in them means anything to LIKE.
    fn network_pattern(&self) -> Option<String> {
        let is_country = |network: &MccMnc| network.without_mnc() == *network;
        self.network.map(|network| format!("{network}{}", if is_country(&network) { "%" } else { "" }))
    }

    fn destination_pattern(&self) -> Option<String> {
        let digits = self.destination_prefix.as_ref()?;
        Some(digits.chars().filter(char::is_ascii_digit).chain(['%']).collect())
    }
}

impl CdrOrder {
    /// Which of a window's ids is its last, and the order's word.
    const fn sql(self) -> (&'static str, &'static str) {
        match self {
            Self::NewestFirst => ("MIN", "DESC"),
            Self::OldestFirst => ("MAX", "ASC"),
        }
    }

    fn sorted(self, account: Option<AccountId>) -> String {
        let (_, by) = self.sql();
        if account.is_some() { format!("m.id {by}, c.id {by}") } else { format!("c.id {by}") }
    }
}

impl Span {
    fn after(self, order: CdrOrder, last: Option<SegmentId>) -> Self {
        match (order, last.map(SegmentId::raw)) {
            (_, None) => self,
            (CdrOrder::NewestFirst, Some(last)) => Self { below: self.below.min(last), ..self },
            (CdrOrder::OldestFirst, Some(last)) => Self { above: self.above.max(last), ..self },
        }
    }
}

/// An account's records by its messages, which have an index: ids of records rise with those of their messages, so another index
/// would tell nothing new, and cost the hot path as much again as the record.
const OF_ACCOUNT: &str = "messages m CROSS JOIN cdr_sms c
    WHERE m.account_id = $1 AND m.id > $2 - 256 AND m.id < $3 AND c.id > m.id AND c.id < m.id + 256 AND c.account_id = $1";
const OF_ALL: &str = "cdr_sms c WHERE CAST($1 AS BIGINT) IS NULL";
