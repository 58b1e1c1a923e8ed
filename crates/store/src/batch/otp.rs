//! Changes of one-time codes. What is kept of a code is wiped by the same statement that ends it.

use sambac_domain::{MessageId, OtpId, Timestamp};

use super::Batch;
use super::pipe::Pipe;
use super::statement::{Bulk, Id, Statements};
use super::update::{last_of_each, update_by};
use crate::dialect::Dialect;
use crate::rows::{OtpRow, OtpUseRow, Record};
use crate::value::{Field as _, Value};

/// A code as it is from now on: of its row, what changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtpChange(pub OtpRow);

/// What a message by which a code was sent has come to: when the next way begins, if it was the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtpTold {
    /// The code.
    pub id: OtpId,
    /// The message.
    pub message_id: MessageId,
    /// When the next way begins; `None`: not by itself.
    pub next_at: Option<Timestamp>,
}

impl Record for OtpChange {
    const TABLE: &'static str = "otps";
    const COLUMNS: &'static [&'static str] =
        &["id", "state", "attempts", "sends", "step", "message_id", "resend_at", "next_at", "settle_due", "ended_at"];

    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        let row = &self.0;
        values.extend([row.id.value(), row.state.value(), row.attempts.value(), row.sends.value(), row.step.value()]);
        values.extend([row.message_id.value(), row.resend_at.value(), row.next_at.value()]);
        values.extend([row.settle_due.value(), row.ended_at.value()]);
    }
}

impl Record for OtpTold {
    const TABLE: &'static str = "otps";
    const COLUMNS: &'static [&'static str] = &["id", "message_id", "next_at"];

    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([self.id.value(), self.message_id.value(), self.next_at.value()]);
    }
}

/// The statement that changes codes.
pub(super) fn changes(dialect: Dialect) -> Bulk<OtpChange> {
    let kept = |column: &str| format!("{column} = CASE WHEN v.column2 = 0 THEN otps.{column} END");
    let set = OtpChange::COLUMNS.iter().zip(1..).skip(1).map(|(column, number)| format!("{column} = v.column{number}"));
    let set = set.chain(["salt", "code_hash", "content"].map(kept)).collect::<Vec<_>>().join(", ");
    update_by(dialect, &set, ") AS v WHERE otps.id = v.column1")
}

/// The statement that tells codes of their messages.
pub(super) fn told(dialect: Dialect) -> Bulk<OtpTold> {
    update_by(
        dialect,
        "next_at = v.column3",
        ") AS v WHERE otps.id = v.column1 AND otps.message_id = v.column2 AND otps.state = 0 AND otps.next_at IS NOT NULL",
    )
}

/// The statement that says that codes' messages are paid for or not.
pub(super) fn settled(dialect: Dialect) -> Bulk<Id> {
    Bulk::of_ids(dialect, "UPDATE otps SET settle_due = FALSE WHERE id".to_owned())
}

/// The statement that keeps what clients tell of codes of their own; the last word counts.
pub(super) fn uses(dialect: Dialect) -> Bulk<OtpUseRow> {
    let insert = format!("INSERT INTO otp_uses ({}) ", OtpUseRow::COLUMNS.join(", "));
    Bulk::new(dialect, insert, " ON CONFLICT (id) DO UPDATE SET is_used = excluded.is_used, at = excluded.at")
}

impl Statements {
    pub(super) async fn put_otps(&self, pipe: &Pipe, batch: &Batch) {
        self.otps.put(pipe, &batch.otps).await;
        self.otp_sends.put(pipe, &batch.otp_sends).await;
        self.otp_updates.put_all_of(pipe, &last_of_each(&batch.otp_updates, |row| row.0.id.raw()), "otp").await;
        self.otp_told.put(pipe, &last_of_each(&batch.otp_told, |told| told.id.raw())).await;
        self.otp_uses.put(pipe, &last_of_each(&batch.otp_uses, |row| row.id.raw())).await;
        let settled: Vec<Id> = batch.otp_settled.iter().map(|id| Id(id.raw())).collect();
        self.otp_settled.put(pipe, &settled).await;
    }
}
