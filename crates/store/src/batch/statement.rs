//! Bulk statements: their texts, made once, and their way to the database.
//!
//! One execution costs SQLite tens of microseconds whatever it carries (it crosses to a worker thread), and
//! preparing a text with a thousand parameters costs more. So rows go there in chunks of fixed sizes, and each text is
//! made once here and prepared once per connection. To PostgreSQL all rows go at once, a column an array: one text and one round trip,
//! however many they are.

use std::borrow::Borrow;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use super::changes::{
    BalanceDelta, BodySwap, ChargeCorrection, Fence, MessageFinal, OutboxMove, PaymentSucceeded, RedactedNumber,
    Settlement, TransferBooked,
};
use super::delete::{delete, delete_dead_letters, delete_from_queue};
use super::insert::{dead_letters, insert, opt_outs};
use super::mo::{MoDelivered, MoEnd, MoJoined, MoRerouted};
use super::otp::{self, OtpChange, OtpTold};
use super::payment;
use super::pipe::{Parameters, Pipe};
use super::update::{update, update_by};
use crate::dialect::Dialect;
use crate::rows::{
    AccountEventRow, BatchRecipientRow, BlockRow, CdrRow, ChargeRow, DeadLetterRow, EventRow, HoldRow, IdempotencyRow,
    IntentRow, LedgerCommandRow, MessageTagRow, MoDeliveryRow, MoRow, MoSegmentRow, NewMessage, OptOutRow, OrphanRow,
    OtpRow, OtpSendRow, OtpUseRow, OutboxRow, PaymentRow, PostingRow, Record, RequestNonceRow, SegmentRow, SpendingRow,
    WebhookDeliveryRow,
};
use crate::value::{Field as _, Value, postgres_arrays, sqlite_arguments};

/// Rows per SQLite statement; the greatest that fits comes first.
const SIZES: [usize; 14] = [128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1];

/// All bulk statements of the hot path.
pub(crate) struct Statements {
    pub(super) messages: Bulk<NewMessage>,
    pub(super) segments: Bulk<SegmentRow>,
    pub(super) charges: Bulk<ChargeRow>,
    pub(super) outbox: Bulk<OutboxRow>,
    pub(super) recipients: Bulk<BatchRecipientRow>,
    pub(super) tags: Bulk<MessageTagRow>,
    pub(super) idempotency: Bulk<IdempotencyRow>,
    pub(super) intents: Bulk<IntentRow>,
    pub(super) cdrs: Bulk<CdrRow>,
    pub(super) events: Bulk<EventRow>,
    pub(super) account_events: Bulk<AccountEventRow>,
    pub(super) request_nonces: Bulk<RequestNonceRow>,
    pub(super) webhook_deliveries: Bulk<WebhookDeliveryRow>,
    pub(super) dead_letters: Bulk<DeadLetterRow>,
    pub(super) dead_letters_done: Bulk<Id>,
    pub(super) opt_outs: Bulk<OptOutRow>,
    pub(super) postings: Bulk<PostingRow>,
    pub(super) orphans: Bulk<OrphanRow>,
    pub(super) segment_updates: Bulk<SegmentRow>,
    pub(super) body_swaps: Bulk<BodySwap>,
    pub(super) messages_due: Bulk<Id>,
    pub(super) message_finals: Bulk<MessageFinal>,
    pub(super) redacted: Bulk<RedactedNumber>,
    pub(super) bodies_wiped: Bulk<Id>,
    pub(super) message_corrections: Bulk<MessageFinal>,
    pub(super) settlements: Bulk<Settlement>,
    pub(super) charge_corrections: Bulk<ChargeCorrection>,
    pub(super) payments: Bulk<PaymentRow>,
    pub(super) payments_succeeded: Bulk<PaymentSucceeded>,
    pub(super) transfers_booked: Bulk<TransferBooked>,
    pub(super) holds: Bulk<HoldRow>,
    pub(super) hold_updates: Bulk<HoldRow>,
    pub(super) commands: Bulk<LedgerCommandRow>,
    pub(super) blocks: Bulk<BlockRow>,
    pub(super) fences: Bulk<Fence>,
    pub(super) shard_locks: Bulk<Fence>,
    pub(super) cdr_updates: Bulk<CdrRow>,
    pub(super) outbox_moves: Bulk<OutboxMove>,
    pub(super) balances: Bulk<BalanceDelta>,
    pub(super) spending: Bulk<SpendingRow>,
    pub(super) outbox_done: Bulk<Id>,
    pub(super) intents_done: Bulk<Id>,
    pub(super) orphans_done: Bulk<Id>,
    pub(super) mo_messages: Bulk<MoRow>,
    pub(super) mo_segments: Bulk<MoSegmentRow>,
    pub(super) mo_joined: Bulk<MoJoined>,
    pub(super) mo_deliveries: Bulk<MoDeliveryRow>,
    pub(super) mo_delivered: Bulk<MoDelivered>,
    pub(super) mo_given_up: Bulk<Id>,
    pub(super) mo_ends: Bulk<MoEnd>,
    pub(super) mo_rerouted: Bulk<MoRerouted>,
    pub(super) mo_dismissed: Bulk<Id>,
    pub(super) otps: Bulk<OtpRow>,
    pub(super) otp_sends: Bulk<OtpSendRow>,
    pub(super) otp_updates: Bulk<OtpChange>,
    pub(super) otp_told: Bulk<OtpTold>,
    pub(super) otp_settled: Bulk<Id>,
    pub(super) otp_uses: Bulk<OtpUseRow>,
}

/// One statement in every size.
pub(super) struct Bulk<R> {
    dialect: Dialect,
    shape: Shape,
    /// The statement around its rows.
    before: String,
    /// How many parameters are in `before`.
    lead: usize,
    after: &'static str,
    texts: [OnceLock<Arc<str>>; SIZES.len()],
    rows: PhantomData<fn(&R)>,
}

/// As what a statement has its rows.
#[derive(Clone, Copy)]
enum Shape {
    /// As those of a table.
    Table,
    /// As the ids of rows.
    Ids,
}

impl Bulk<Id> {
    /// A statement about the rows whose ids it is given: `before` ends with the column that they are in.
    pub(super) fn of_ids(dialect: Dialect, before: String) -> Self {
        Self::shaped(dialect, Shape::Ids, before, "")
    }
}

impl<R: Record> Bulk<R> {
    /// A statement with a table of its rows between `before` and `after`.
    pub(super) fn new(dialect: Dialect, before: String, after: &'static str) -> Self {
        Self::shaped(dialect, Shape::Table, before, after)
    }

    fn shaped(dialect: Dialect, shape: Shape, before: String, after: &'static str) -> Self {
        let texts = [const { OnceLock::new() }; SIZES.len()];
        Self { dialect, shape, before, lead: 0, after, texts, rows: PhantomData }
    }

    /// The same with `lead` parameters in `before`.
    pub(super) fn with_lead(self, lead: usize) -> Self {
        Self { lead, ..self }
    }

    /// Runs it for all rows.
    pub(super) async fn put(&self, pipe: &Pipe, rows: &[impl Borrow<R>]) {
        self.put_with(pipe, &[], rows, None).await;
    }

    /// Runs it for all rows. When it does not change each of them, nothing of the batch is written: `Conflict(name)`.
    pub(super) async fn put_all_of(&self, pipe: &Pipe, rows: &[impl Borrow<R>], name: &'static str) {
        self.put_with(pipe, &[], rows, Some(name)).await;
    }

    /// Runs it for all rows, with `lead` for the parameters before them.
    pub(super) async fn put_with(
        &self,
        pipe: &Pipe,
        lead: &[Value<'_>],
        rows: &[impl Borrow<R>],
        must_change: Option<&'static str>,
    ) {
        if rows.is_empty() {
            return;
        }
        let must_change = |rows: usize| must_change.map(|name| (rows as u64, name));
        let mut values = Vec::new();
        if self.dialect == Dialect::Postgres {
            values.reserve(rows.len() * R::COLUMNS.len());
            rows.iter().for_each(|row| row.borrow().values(&mut values));
            let columns = R::COLUMNS.len();
            let types = || values.iter().take(columns).map(Value::sql_type).collect::<Vec<_>>();
            let text = self.texts[0].get_or_init(|| self.text(1, &types()).into());
            let parameters = Parameters::Postgres(postgres_arrays(lead, &values, columns));
            return pipe.put(Arc::clone(text), parameters, must_change(rows.len())).await;
        }
        let mut rest = rows;
        for (size, text) in SIZES.iter().zip(&self.texts) {
            while let Some((rows, later)) = rest.split_at_checked(*size) {
                let text = text.get_or_init(|| self.text(*size, &[]).into());
                values.clear();
                values.reserve(lead.len() + size * R::COLUMNS.len());
                values.extend_from_slice(lead);
                rows.iter().for_each(|row| row.borrow().values(&mut values));
                let parameters = Parameters::Sqlite(sqlite_arguments(&values));
                pipe.put(Arc::clone(text), parameters, must_change(*size)).await;
                rest = later;
            }
        }
    }

    /// The text for so many rows. PostgreSQL has one for any number of them, and wants to know of what types the columns are.
    fn text(&self, rows: usize, types: &[&str]) -> String {
        let columns = R::COLUMNS.len();
        let given = match (self.shape, self.dialect) {
            (Shape::Table, Dialect::Sqlite) => ["VALUES ", &self.dialect.tuples(self.lead, rows, columns)].concat(),
            (Shape::Ids, Dialect::Sqlite) => [" IN (", &self.dialect.tuples(self.lead, rows, columns), ")"].concat(),
            (Shape::Table, Dialect::Postgres) => unnest(self.lead, types),
            (Shape::Ids, Dialect::Postgres) => format!(" = ANY(${}::BIGINT[])", self.lead + 1),
        };
        [&self.before, &*given, self.after].concat()
    }
}

/// Arrays as a table. Its columns are called as those of `VALUES`.
fn unnest(lead: usize, types: &[&str]) -> String {
    let numbered = || types.iter().zip(1..);
    let arrays = numbered().map(|(name, number)| format!("${}::{name}[]", lead + number)).collect::<Vec<_>>();
    let columns = numbered().map(|(_, number)| format!("column{number}")).collect::<Vec<_>>();
    format!("SELECT * FROM UNNEST({}) AS given({})", arrays.join(","), columns.join(","))
}

/// A bare id.
pub(super) struct Id(pub(super) i64);

impl Record for Id {
    const TABLE: &'static str = "";
    const COLUMNS: &'static [&'static str] = &["id"];

    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.push(self.0.value());
    }
}

const MESSAGE_END: &str = "state = v.column2, error = v.column3, final_at = v.column4";
const OPEN_MESSAGE: &str = ") AS v WHERE messages.id = v.column1 AND messages.final_at IS NULL";
const ENDED_MESSAGE: &str = ") AS v WHERE messages.id = v.column1 AND messages.final_at IS NOT NULL";
/// The shard must be as this process left it.
const FENCE: &str = ") AS v WHERE ledger_shards.id = v.column1 AND ledger_shards.epoch = v.column2
    AND ledger_shards.block_id = v.column3";
const FENCED: &str = "block_id = v.column4, hash = v.column5";
const LOCKED: &str = ") AS v WHERE ledger_shards.id = v.column1 AND ledger_shards.epoch = v.column2
    AND ledger_shards.block_id = v.column3 FOR NO KEY UPDATE OF ledger_shards";

/// That a shard is as it was, and nobody else's until the end. PostgreSQL locks its row without a new version of it: as long as somebody reads, old
/// ones stay, and every look at the row goes through all of them.
fn shard_locks(dialect: Dialect) -> Bulk<Fence> {
    match dialect {
        Dialect::Sqlite => update_by(dialect, FENCED, FENCE),
        Dialect::Postgres => Bulk::new(dialect, "SELECT 1 FROM ledger_shards, (".to_owned(), LOCKED),
    }
}

impl Statements {
    /// The texts for one database; none is made before it is needed.
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            messages: insert(dialect),
            segments: insert(dialect),
            charges: insert(dialect),
            outbox: insert(dialect),
            recipients: insert(dialect),
            tags: insert(dialect),
            idempotency: insert(dialect),
            intents: insert(dialect),
            cdrs: insert(dialect),
            events: insert(dialect),
            account_events: insert(dialect),
            request_nonces: insert(dialect),
            webhook_deliveries: insert(dialect),
            dead_letters: dead_letters(dialect),
            dead_letters_done: delete_dead_letters(dialect),
            opt_outs: opt_outs(dialect),
            postings: insert(dialect),
            orphans: insert(dialect),
            segment_updates: update(dialect, ") AS v WHERE segments.id = v.column1"),
            body_swaps: update(dialect, ") AS v WHERE messages.id = v.column1 AND messages.final_at IS NULL"),
            messages_due: due(dialect),
            message_finals: update_by(dialect, &format!("{MESSAGE_END}, body = NULL"), OPEN_MESSAGE),
            redacted: update_by(dialect, "destination = v.column2", ") AS v WHERE messages.id = v.column1"),
            bodies_wiped: Bulk::of_ids(dialect, "UPDATE messages SET body = NULL WHERE id".to_owned()),
            message_corrections: update_by(dialect, MESSAGE_END, ENDED_MESSAGE),
            settlements: update(dialect, ") AS v WHERE charges.id = v.column1 AND charges.state = 0"),
            charge_corrections: update(dialect, ") AS v WHERE charges.id = v.column1 AND charges.state > 0"),
            payments: insert(dialect),
            payments_succeeded: payment::succeeded(dialect),
            transfers_booked: payment::booked(dialect),
            holds: insert(dialect),
            cdr_updates: update(dialect, ") AS v WHERE cdr_sms.id = v.column1"),
            hold_updates: update(dialect, ") AS v WHERE holds.id = v.column1"),
            commands: insert(dialect),
            blocks: insert(dialect),
            fences: update_by(dialect, FENCED, FENCE),
            shard_locks: shard_locks(dialect),
            outbox_moves: outbox_moves(dialect),
            balances: update_by(
                dialect,
                "balance_micros = balances.balance_micros + v.column2",
                ") AS v WHERE balances.id = v.column1",
            ),
            spending: spending(dialect),
            outbox_done: delete_from_queue(dialect),
            intents_done: delete(dialect, "submit_intents"),
            orphans_done: delete(dialect, "orphan_receipts"),
            mo_messages: insert(dialect),
            mo_segments: insert(dialect),
            mo_joined: update_by(dialect, "mo_id = v.column2, body = NULL", ") AS v WHERE mo_segments.id = v.column1"),
            mo_deliveries: insert(dialect),
            mo_delivered: update_by(
                dialect,
                "state = v.column2, ended_at = v.column3",
                ") AS v WHERE mo_deliveries.id = v.column1 AND mo_deliveries.state = 0",
            ),
            mo_given_up: Bulk::of_ids(dialect, "UPDATE mo_deliveries SET give_up_at = 0 WHERE id".to_owned()),
            mo_ends: ends_of_mo(dialect),
            mo_rerouted: rerouted_mo(dialect),
            mo_dismissed: dismissed_mo(dialect),
            otps: insert(dialect),
            otp_sends: insert(dialect),
            otp_updates: otp::changes(dialect),
            otp_told: otp::told(dialect),
            otp_settled: otp::settled(dialect),
            otp_uses: otp::uses(dialect),
        }
    }
}

/// To another queue, number and time.
fn outbox_moves(dialect: Dialect) -> Bulk<OutboxMove> {
    update_by(
        dialect,
        "target = v.column4, lane = v.column5, id = v.column6, attempt = v.column7, due_at = v.column8",
        ") AS v WHERE outbox.target = v.column1 AND outbox.lane = v.column2 AND outbox.id = v.column3",
    )
}

/// From scheduled to routed.
fn due(dialect: Dialect) -> Bulk<Id> {
    Bulk::of_ids(dialect, "UPDATE messages SET state = 2 WHERE state = 0 AND id".to_owned())
}

/// What is spent is added to what was.
fn spending(dialect: Dialect) -> Bulk<SpendingRow> {
    Bulk::new(
        dialect,
        format!("INSERT INTO spending ({}) ", SpendingRow::COLUMNS.join(", ")),
        " ON CONFLICT (account_id, day, country) DO UPDATE SET
            messages = spending.messages + excluded.messages, micros = spending.micros + excluded.micros",
    )
}

/// A message from a handset ends when none of its deliveries is open, or when one has taken it.
fn ends_of_mo(dialect: Dialect) -> Bulk<MoEnd> {
    update_by(
        dialect,
        "state = v.column2, ended_at = v.column3",
        ") AS v WHERE mo_messages.id = v.column1 AND mo_messages.state <> 2 AND (v.column2 = 2 OR NOT EXISTS (
                    SELECT 1 FROM mo_deliveries d WHERE d.mo_id = v.column1 AND d.state = 0))",
    )
}

fn rerouted_mo(dialect: Dialect) -> Bulk<MoRerouted> {
    update_by(
        dialect,
        "account_id = v.column2, route_id = v.column3, state = 1, ended_at = NULL",
        ") AS v WHERE mo_messages.id = v.column1 AND mo_messages.state = 0",
    )
}

fn dismissed_mo(dialect: Dialect) -> Bulk<Id> {
    Bulk::of_ids(dialect, "UPDATE mo_messages SET state = 4, body = NULL WHERE state = 0 AND id".to_owned())
}

#[cfg(test)]
impl Statements {
    /// All texts for `rows` rows of SQLite.
    pub(super) fn texts(&self, rows: usize) -> Vec<String> {
        vec![
            self.messages.text(rows, &[]),
            self.segments.text(rows, &[]),
            self.charges.text(rows, &[]),
            self.outbox.text(rows, &[]),
            self.recipients.text(rows, &[]),
            self.tags.text(rows, &[]),
            self.idempotency.text(rows, &[]),
            self.intents.text(rows, &[]),
            self.cdrs.text(rows, &[]),
            self.events.text(rows, &[]),
            self.account_events.text(rows, &[]),
            self.request_nonces.text(rows, &[]),
            self.webhook_deliveries.text(rows, &[]),
            self.dead_letters.text(rows, &[]),
            self.dead_letters_done.text(rows, &[]),
            self.opt_outs.text(rows, &[]),
            self.postings.text(rows, &[]),
            self.orphans.text(rows, &[]),
            self.segment_updates.text(rows, &[]),
            self.messages_due.text(rows, &[]),
            self.message_finals.text(rows, &[]),
            self.redacted.text(rows, &[]),
            self.bodies_wiped.text(rows, &[]),
            self.message_corrections.text(rows, &[]),
            self.settlements.text(rows, &[]),
            self.payments.text(rows, &[]),
            self.payments_succeeded.text(rows, &[]),
            self.transfers_booked.text(rows, &[]),
            self.charge_corrections.text(rows, &[]),
            self.holds.text(rows, &[]),
            self.hold_updates.text(rows, &[]),
            self.cdr_updates.text(rows, &[]),
            self.commands.text(rows, &[]),
            self.blocks.text(rows, &[]),
            self.fences.text(rows, &[]),
            self.shard_locks.text(rows, &[]),
            self.outbox_moves.text(rows, &[]),
            self.balances.text(rows, &[]),
            self.spending.text(rows, &[]),
            self.outbox_done.text(rows, &[]),
            self.intents_done.text(rows, &[]),
            self.orphans_done.text(rows, &[]),
            self.mo_messages.text(rows, &[]),
            self.mo_segments.text(rows, &[]),
            self.mo_joined.text(rows, &[]),
            self.mo_deliveries.text(rows, &[]),
            self.mo_delivered.text(rows, &[]),
            self.mo_given_up.text(rows, &[]),
            self.mo_ends.text(rows, &[]),
            self.mo_rerouted.text(rows, &[]),
            self.mo_dismissed.text(rows, &[]),
            self.otps.text(rows, &[]),
            self.otp_sends.text(rows, &[]),
            self.otp_updates.text(rows, &[]),
            self.otp_told.text(rows, &[]),
            self.otp_settled.text(rows, &[]),
            self.otp_uses.text(rows, &[]),
        ]
    }
}
