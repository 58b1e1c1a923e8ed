//! One-time codes in the group commit: every check is counted, in the order in which they come, before it is answered, and the
//! right code wins once.
//!
//! The codes that a group is about are read with it, those that do not exist as well as others: there is no memory that would make
//! one of them faster.

use std::collections::HashMap;
use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, ConnectorId, MessageId, OtpId};
use sambac_domain::message::Message;
use sambac_domain::otp::{OtpSettings, OtpState};
use sambac_domain::rating::ChargePolicy;
use sambac_domain::state::MessageState;
use sambac_store::rows::{OtpRow, OtpSendRow, OtpUseRow};
use sambac_store::{OtpChange, OtpTold, StoreError};
use tokio::sync::oneshot;

use super::{Accept, Committer, Write};
use crate::admission::Place;
use crate::constant_time::same;
use crate::otp::Way;

/// The row that stands for codes that do not exist, and for those of others.
const NOBODY: OtpId = OtpId::from_raw(0);

/// Where what becomes of a code is told: its row, or why not.
pub(super) type OtpReply = oneshot::Sender<Result<OtpRow, ErrorCode>>;

/// What is asked about codes.
pub(crate) enum OtpWrite {
    /// A code is tried.
    Check(OtpCheck),
    /// Its client calls it off.
    Cancel { id: OtpId, account: AccountId, reply: OtpReply, place: Place },
    /// A client tells whether a code of its own was used.
    Used { row: OtpUseRow, done: oneshot::Sender<()> },
    /// Their time is over.
    Expire { ids: Vec<OtpId>, done: oneshot::Sender<()> },
    /// It cannot be sent by its next way.
    Rest { id: OtpId, done: oneshot::Sender<()> },
    /// They have ended, and their messages are paid for or not.
    Settle { otps: Vec<SettledOtp>, done: oneshot::Sender<()> },
}

/// A code that is tried.
pub(crate) struct OtpCheck {
    pub(crate) id: OtpId,
    pub(crate) account: AccountId,
    /// Keyed hash of what was given.
    pub(crate) hash: [u8; 32],
    pub(crate) reply: OtpReply,
    pub(crate) place: Place,
}

/// What becomes of the messages of a code that has ended.
pub(crate) struct SettledOtp {
    pub(crate) id: OtpId,
    pub(crate) paid: Option<MessageId>,
    pub(crate) given_back: Vec<MessageId>,
}

/// That a message tells a code.
#[derive(Debug)]
pub(crate) enum OtpSend {
    /// For the first time.
    First(Box<OtpRow>),
    /// Once more.
    Again { id: OtpId, profile: String, way: Way, step: u8, next_after: Option<Duration>, avoided: Vec<ConnectorId> },
}

/// The codes of the present group, as they are stored or will be.
#[derive(Default)]
pub(super) struct Otps {
    rows: HashMap<OtpId, OtpRow>,
}

impl OtpSend {
    /// The profile of a code that a person asks for; one that is sent by its next way by itself was asked for before.
    pub(crate) fn asked_for(&self) -> Option<&str> {
        match self {
            Self::First(row) => Some(&row.profile),
            Self::Again { way: Way::NextInTime, .. } => None,
            Self::Again { profile, .. } => Some(profile),
        }
    }

    /// Connectors that have failed to deliver it.
    pub(crate) fn avoided(&self) -> &[ConnectorId] {
        match self {
            Self::First(_) => &[],
            Self::Again { avoided, .. } => avoided,
        }
    }
}

impl OtpWrite {
    /// Whether its sender may be told to bring it again, or does so by itself.
    pub(super) fn may_be_refused(&self) -> bool {
        !matches!(self, Self::Settle { .. } | Self::Used { .. })
    }

    /// Messages whose charges it ends.
    pub(super) fn messages(&self) -> impl Iterator<Item = MessageId> + '_ {
        let otps = if let Self::Settle { otps, .. } = self { otps.as_slice() } else { &[] };
        otps.iter().flat_map(|otp| otp.paid.iter().chain(&otp.given_back)).copied()
    }

    fn codes(&self) -> Vec<OtpId> {
        match self {
            Self::Check(check) => vec![check.id, NOBODY],
            Self::Cancel { id, .. } | Self::Rest { id, .. } => vec![*id],
            Self::Expire { ids, .. } => ids.clone(),
            Self::Used { .. } | Self::Settle { .. } => Vec::new(),
        }
    }
}

impl Committer {
    /// Reads the codes that the group is about.
    pub(super) async fn load_otps(&mut self, inbox: &[Write]) -> Result<(), StoreError> {
        self.otps.rows.clear();
        let mut ids = Vec::new();
        for write in inbox {
            match write {
                Write::Otp(write) => ids.extend(write.codes()),
                Write::Accept(accept) => match &accept.otp {
                    Some(OtpSend::Again { id, .. }) => ids.push(*id),
                    Some(OtpSend::First(_)) | None => {}
                },
                _ => {}
            }
        }
        if ids.is_empty() {
            return Ok(());
        }
        ids.sort_unstable();
        ids.dedup();
        let rows = self.inner.own_store.otps_by_ids(&ids).await?;
        self.otps.rows.extend(rows.into_iter().map(|row| (row.id, row)));
        Ok(())
    }

    pub(super) fn otp(&mut self, write: OtpWrite) {
        match write {
            OtpWrite::Check(check) => self.check(check),
            OtpWrite::Cancel { id, account, reply, place: _place } => self.cancel(id, account, reply),
            OtpWrite::Used { row, done } => {
                self.batch.otp_uses.push(row);
                self.after.tell(done);
            }
            OtpWrite::Expire { ids, done } => {
                for id in ids {
                    self.change_open(id, |row, now| end(row, OtpState::Expired, now));
                }
                self.after.tell(done);
            }
            OtpWrite::Rest { id, done } => {
                self.change_open(id, |row, _| row.next_at = None);
                self.after.tell(done);
            }
            OtpWrite::Settle { otps, done } => {
                otps.iter().for_each(|otp| self.settle_otp(otp));
                self.after.tell(done);
            }
        }
    }

    /// Counts the attempt, whatever comes of it, and compares, whatever there is to compare with.
    fn check(&mut self, check: OtpCheck) {
        let OtpCheck { id, account, hash, reply, place: _place } = check;
        let is_own = self.otps.rows.get(&id).is_some_and(|row| row.account_id == account && id != NOBODY);
        let now = self.now;
        let Some(row) = self.otps.rows.get_mut(if is_own { &id } else { &NOBODY }) else {
            return self.after.otp(reply, Err(ErrorCode::ServiceUnavailable));
        };
        row.attempts = row.attempts.saturating_add(1);
        let is_open = is_own && row.state == OtpState::Pending && now < row.expires_at;
        let is_allowed = row.attempts <= row.attempts_max.into();
        let is_right = same(row.code_hash.as_ref().map_or(&[0; 32], |kept| kept.0.as_slice()), &hash);
        if is_open & is_allowed & is_right {
            end(row, OtpState::Verified, now);
        } else if is_open && row.attempts >= row.attempts_max.into() {
            end(row, OtpState::Exhausted, now);
        }
        let is_verified = is_open & is_allowed & is_right;
        self.batch.otp_updates.push(changed(row));
        let answer = if is_verified { Ok(row.clone()) } else { Err(ErrorCode::OtpNotVerified) };
        self.after.otp(reply, answer);
    }

    fn cancel(&mut self, id: OtpId, account: AccountId, reply: OtpReply) {
        let is_own = self.otps.rows.get(&id).is_some_and(|row| row.account_id == account);
        let changed = is_own.then(|| self.change_open(id, |row, now| end(row, OtpState::Canceled, now)));
        let answer = match changed {
            None => Err(ErrorCode::NotFound),
            Some(None) => Err(ErrorCode::OtpEnded),
            Some(Some(row)) => Ok(row),
        };
        self.after.otp(reply, answer);
    }

    /// Changes a code that has not ended.
    fn change_open(&mut self, id: OtpId, change: impl FnOnce(&mut OtpRow, sambac_domain::Timestamp)) -> Option<OtpRow> {
        let now = self.now;
        let row = self.otps.rows.get_mut(&id).filter(|row| row.state == OtpState::Pending)?;
        change(row, now);
        self.batch.otp_updates.push(changed(row));
        Some(row.clone())
    }

    /// Why a message may not tell its code: it was read before the message came here, and may have changed since.
    pub(super) fn otp_refuses(&self, accept: &Accept) -> Option<ErrorCode> {
        let Some(OtpSend::Again { id, way, step, .. }) = &accept.otp else { return None };
        let account = accept.draft.request.account_id;
        let Some(row) = self.otps.rows.get(id).filter(|row| row.account_id == account) else {
            return Some(ErrorCode::NotFound);
        };
        if row.state != OtpState::Pending || row.expires_at <= self.now {
            return Some(ErrorCode::OtpEnded);
        }
        let is_turn = if *way == Way::Same { *step == row.step } else { *step == row.step.saturating_add(1) };
        if !is_turn || *step >= row.steps {
            return Some(ErrorCode::NoNextChannel);
        }
        if row.sends >= row.sends_max {
            return Some(ErrorCode::OtpSendsUsedUp);
        }
        (*way != Way::NextInTime && self.now < row.resend_at).then_some(ErrorCode::OtpTooSoon)
    }

    /// A message that tells a code is taken.
    pub(super) fn otp_sent(&mut self, send: OtpSend, message: MessageId, policy: ChargePolicy) {
        let now = self.now;
        let row = match send {
            OtpSend::First(row) => {
                let row = OtpRow { message_id: message, sends: 1, by_verification: is_verified(policy), ..*row };
                self.batch.otps.push(row.clone());
                row
            }
            OtpSend::Again { id, step, next_after, .. } => {
                let Some(row) = self.otps.rows.get_mut(&id) else { return };
                row.sends = row.sends.saturating_add(1);
                row.step = step;
                row.message_id = message;
                row.by_verification |= is_verified(policy);
                let gap =
                    OtpSettings { resend_gap_s: row.resend_gap_s, ..OtpSettings::default() }.resend_gap(row.sends);
                row.resend_at = now.saturating_add(gap);
                row.next_at = next_after.map(|after| now.saturating_add(after));
                self.batch.otp_updates.push(changed(row));
                row.clone()
            }
        };
        let OtpRow { id: otp_id, sends: no, step, .. } = row;
        self.batch.otp_sends.push(OtpSendRow { id: message, otp_id, no, step, channel: "sms".to_owned(), at: now });
    }

    /// A message that tells a code has ended: if it has not arrived, the next way begins at once.
    pub(super) fn otp_told(&mut self, id: OtpId, message: &Message, state: MessageState) {
        let message_id = message.id;
        let has_failed = !state.is_paid() && state != MessageState::Canceled;
        if !state.is_paid() {
            self.inner.otp.guards.undelivered(message.account_id, message.destination, self.now);
        }
        self.batch.otp_told.push(OtpTold { id, message_id, next_at: has_failed.then_some(self.now) });
        if has_failed {
            self.after.otp_is_due();
        }
    }

    fn settle_otp(&mut self, otp: &SettledOtp) {
        if let Some(message) = otp.paid {
            self.take_verified(message);
        }
        for message in &otp.given_back {
            let segments: Vec<_> =
                self.live(*message).map_or_else(Vec::new, |live| live.message.segment_ids().collect());
            self.unverified(&segments);
        }
        self.batch.otp_settled.push(otp.id);
    }
}

fn is_verified(policy: ChargePolicy) -> bool {
    policy == ChargePolicy::Verified
}

fn end(row: &mut OtpRow, state: OtpState, now: sambac_domain::Timestamp) {
    row.state = state;
    row.ended_at = Some(now);
    row.next_at = None;
    row.settle_due = row.by_verification;
    row.salt = None;
    row.code_hash = None;
    row.content = None;
}

/// What changes of the row; what is secret in it is wiped by its state.
fn changed(row: &OtpRow) -> OtpChange {
    OtpChange(OtpRow { salt: None, code_hash: None, content: None, ..row.clone() })
}
