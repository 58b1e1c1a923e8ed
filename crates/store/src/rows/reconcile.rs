//! What reconciliation compares, and what it keeps.

use sambac_domain::{
    AccountId, ChargePolicy, ConnectorId, Currency, Day, MccMnc, MessageId, MessageState, OperatorId, SegmentId,
    Timestamp,
};

use super::row;
use super::words::words;

words! {
    /// How far people are with a break.
    BreakState {
        /// Nobody has said why.
        Open "open",
        /// Somebody has.
        Explained "explained",
        /// A later run no longer finds it.
        Gone "gone",
    }
}

words! {
    /// What was compared with what.
    BreakSource {
        /// Messages, charges, postings and CDRs with each other.
        Platform "platform",
        /// CDRs with an operator's statement.
        Supplier "supplier",
    }
}

row! {
    /// Something that differs.
    BreakRow in "reconcile_breaks" {
        /// Kind, account, operator and day in one text: the same difference has the same id in every run.
        id: String,
        /// What was compared.
        source: BreakSource,
        /// How it differs, a word.
        kind: String,
        /// Whose.
        account_id: Option<AccountId>,
        /// Whose network.
        operator_id: Option<OperatorId>,
        /// When: the day of the final state.
        day: Day,
        /// Currency of the amounts, where they have one.
        currency: Option<Currency>,
        /// How many there should be, or should agree.
        expected_count: i64,
        /// How many there are, or do.
        found_count: i64,
        /// What they should come to.
        expected_micros: i64,
        /// What they do come to.
        found_micros: i64,
        /// Some of them, by id.
        examples: Vec<String>,
        /// How far people are with it.
        state: BreakState,
        /// Why it is so, as somebody has said.
        reason: Option<String>,
        /// Who.
        explained_by: Option<String>,
        /// When.
        explained_at: Option<Timestamp>,
        /// When it was found first.
        first_at: Timestamp,
        /// When it was last looked for.
        last_at: Timestamp,
    }
}

impl BreakRow {
    /// One in the making: open, and of nothing yet.
    #[must_use]
    pub fn new(id: String, kind: &str, day: Day) -> Self {
        Self {
            id,
            source: BreakSource::Platform,
            kind: kind.to_owned(),
            account_id: None,
            operator_id: None,
            day,
            currency: None,
            expected_count: 0,
            found_count: 0,
            expected_micros: 0,
            found_micros: 0,
            examples: Vec::new(),
            state: BreakState::Open,
            reason: None,
            explained_by: None,
            explained_at: None,
            first_at: Timestamp::EPOCH,
            last_at: Timestamp::EPOCH,
        }
    }
}

row! {
    /// A message, as far as it is compared.
    ComparedMessage in "messages" {
        /// Its id.
        id: MessageId,
        /// Whose it is.
        account_id: AccountId,
        /// How many segments.
        segment_count: u8,
        /// Price of one.
        price_micros: i64,
        /// Currency of the price.
        currency: Currency,
        /// What its segments are paid for.
        charge_policy: ChargePolicy,
        /// When it became final.
        final_at: Option<Timestamp>,
        /// What few messages have, as JSON.
        options: Option<String>,
        /// The operator whose cost was frozen.
        cost_operator_id: Option<OperatorId>,
        /// What a charged segment was to cost.
        cost_micros: Option<i64>,
        /// Currency of the cost.
        cost_currency: Option<Currency>,
        /// What the operator is paid for.
        cost_policy: Option<ChargePolicy>,
    }
}

row! {
    /// A segment, as far as it is compared.
    ComparedSegment in "segments" {
        /// Message and number.
        id: SegmentId,
        /// Where it went.
        connector_id: ConnectorId,
        /// How it ended.
        state: MessageState,
        /// When.
        final_at: Option<Timestamp>,
    }
}

row! {
    /// A statement of an operator.
    StatementRow in "supplier_statements" {
        /// Its id.
        id: i64,
        /// Of the file: the same file has the same.
        hash: String,
        /// Whose.
        operator_id: OperatorId,
        /// What the file was called.
        file: String,
        /// The first day of it.
        from_day: Day,
        /// The last.
        to_day: Day,
        /// Currency of its amounts.
        currency: Currency,
        /// How many lines.
        line_count: i64,
        /// How many messages they tell of.
        message_count: i64,
        /// What they come to, in micros.
        amount_micros: i64,
        /// When it was taken.
        imported_at: Timestamp,
        /// By whom.
        imported_by: String,
    }
}

row! {
    /// A line of it.
    StatementLine in "supplier_lines" {
        /// Which statement.
        statement_id: i64,
        /// Its number in the file, the head being 1.
        line: i64,
        /// The operator's id of a message; `None`: the line is of a day and network.
        message_id: Option<String>,
        /// Days since 1970.
        day: Option<i64>,
        /// The network.
        mcc_mnc: Option<MccMnc>,
        /// How many.
        count: i64,
        /// For how much, in micros.
        amount_micros: i64,
    }
}
