//! The `[answer]` and `[receipt]` tables as they are written: every key optional, so that a rule overrides only what it names.

use serde::Deserialize;

use super::{AnswerProfile, IdForm, ReceiptFormat, ReceiptProfile};
use crate::simulate::chance::{Chance, Delay};
use crate::simulate::state::ReceiptState;

/// Declares a table of optional keys and how one is laid over another.
macro_rules! settings {
    ($(#[$doc:meta])* $name:ident { $($(#[$key_doc:meta])* $key:ident: $type:ty,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub(crate) struct $name {
            $($(#[$key_doc])* $key: Option<$type>,)+
        }

        impl $name {
            /// These settings, and `base` where they say nothing.
            pub(super) fn or(&self, base: &Self) -> Self {
                Self { $($key: self.$key.clone().or_else(|| base.$key.clone()),)+ }
            }
        }
    };
}

settings! {
    /// `[answer]`: how a `submit_sm` is answered.
    AnswerSettings {
        /// Milliseconds before the answer, or `[min, max]`. 0.
        delay_ms: Delay,
        /// `decimal`, `hex` or `uuid`. decimal.
        message_id: IdForm,
        /// Share answered with ESME_RTHROTTLED. 0.
        throttle: Chance,
        /// So many are throttled before the first is taken. 0.
        throttle_first: u32,
        /// Share refused for good. 0.
        reject: Chance,
        /// With this command_status. 0x45.
        reject_status: u32,
        /// Share refused for now. 0.
        temporary: Chance,
        /// With this command_status. 0x08.
        temporary_status: u32,
        /// So many are refused for now before the first is taken. 0.
        temporary_first: u32,
        /// Share taken and never answered. 0.
        drop_answer: Chance,
        /// Share at which the link is closed instead of an answer. 0.
        close: Chance,
        /// Share taken and not answered, at which the link is closed, too. 0.
        close_taken: Chance,
        /// So many are not answered, and the link is closed, before the first is; half of them are taken. 0.
        close_first: u32,
        /// The link is closed at every so-manieth submit. 0 = never.
        close_every: u32,
        /// Submits above this rate are throttled. 0 = no limit.
        throughput_per_s_max: u32,
    }
}

settings! {
    /// `[receipt]`: what becomes of an accepted message.
    ReceiptSettings {
        /// Share of messages that get one. 1.
        given: Chance,
        /// Only for messages whose registered_delivery asks for one. true.
        only_when_asked: bool,
        /// Milliseconds after the answer, or `[min, max]`. 0.
        delay_ms: Delay,
        /// Share sent before the answer. 0.
        before_answer: Chance,
        /// Share sent twice. 0.
        duplicate: Chance,
        /// `both`, `text` or `tlv`. both.
        format: ReceiptFormat,
        /// Shares of the final states. { delivered = 1 }.
        states: States,
        /// Unacknowledged `deliver_sm` on a bind. 100.
        window_max: u32,
        /// Receipts kept for an ESME, also while it is away; the oldest give way. 1,000,000.
        waiting_max: u32,
        /// How often one that was not acknowledged is sent again. 5.
        resend_max: u32,
    }
}

/// Shares of final states, as written; they need not add up to anything in particular.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct States {
    delivered: u32,
    undelivered: u32,
    expired: u32,
    rejected: u32,
    deleted: u32,
    unknown: u32,
}

impl AnswerSettings {
    /// With the defaults filled in.
    pub(super) fn resolve(&self) -> AnswerProfile {
        AnswerProfile {
            delay: self.delay_ms.unwrap_or_default(),
            message_id: self.message_id.unwrap_or(IdForm::Decimal),
            throttle: self.throttle.unwrap_or_default(),
            throttle_first: self.throttle_first.unwrap_or_default(),
            reject: self.reject.unwrap_or_default(),
            reject_status: self.reject_status.unwrap_or(0x45),
            temporary: self.temporary.unwrap_or_default(),
            temporary_status: self.temporary_status.unwrap_or(0x08),
            temporary_first: self.temporary_first.unwrap_or_default(),
            drop_answer: self.drop_answer.unwrap_or_default(),
            close: self.close.unwrap_or_default(),
            close_taken: self.close_taken.unwrap_or_default(),
            close_first: self.close_first.unwrap_or_default(),
            close_every: self.close_every.unwrap_or_default(),
            throughput_per_s_max: self.throughput_per_s_max.unwrap_or_default(),
        }
    }
}

impl ReceiptSettings {
    /// With the defaults filled in.
    pub(super) fn resolve(&self) -> Result<ReceiptProfile, String> {
        let states = self.states.unwrap_or(States { delivered: 1, ..States::default() });
        let shares = states.shares();
        if shares.is_empty() {
            return Err("receipt.states: at least one share must be above 0".to_owned());
        }
        Ok(self.with_states(shares))
    }

    /// With the defaults filled in and these shares.
    pub(super) fn with_states(&self, states: Vec<(ReceiptState, u32)>) -> ReceiptProfile {
        ReceiptProfile {
            given: self.given.unwrap_or(Chance::ALWAYS),
            only_when_asked: self.only_when_asked.unwrap_or(true),
            delay: self.delay_ms.unwrap_or_default(),
            before_answer: self.before_answer.unwrap_or_default(),
            duplicate: self.duplicate.unwrap_or_default(),
            format: self.format.unwrap_or(ReceiptFormat::Both),
            states,
            window_max: self.window_max.unwrap_or(100).max(1),
            waiting_max: self.waiting_max.unwrap_or(1_000_000).max(1),
            resend_max: self.resend_max.unwrap_or(5),
        }
    }
}

impl States {
    fn shares(self) -> Vec<(ReceiptState, u32)> {
        let all = [
            (ReceiptState::Delivered, self.delivered),
            (ReceiptState::Undelivered, self.undelivered),
            (ReceiptState::Expired, self.expired),
            (ReceiptState::Rejected, self.rejected),
            (ReceiptState::Deleted, self.deleted),
            (ReceiptState::Unknown, self.unknown),
        ];
        all.into_iter().filter(|(_, share)| *share > 0).collect()
    }
}
