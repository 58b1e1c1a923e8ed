//! One-time codes.

use sambac_domain::{AccountId, MccMnc, MessageId, Msisdn, OtpId, OtpProfileId, OtpState, Timestamp};

use super::row;
use crate::Sealed;

row! {
    /// How an account's one-time codes are made and told.
    OtpProfileRow in "otp_profiles" {
        /// Its id.
        id: OtpProfileId,
        /// Whose it is.
        account_id: AccountId,
        /// Its name, unique in the account.
        name: String,
        /// The settings, as JSON.
        settings: String,
        /// When it was made.
        created_at: Timestamp,
    }
}

row! {
    /// A one-time code. Up to `content` it stays as it was made.
    OtpRow in "otps" {
        /// Its id.
        id: OtpId,
        /// Whose it is.
        account_id: AccountId,
        /// The profile that it was made by.
        profile: String,
        /// The number that it goes to.
        destination: Msisdn,
        /// The number's country, empty when not known.
        country: String,
        /// The number's network, when known.
        mcc_mnc: Option<MccMnc>,
        /// How often it may be tried.
        attempts_max: u8,
        /// How often it may be sent.
        sends_max: u8,
        /// Seconds after the first send until it may be sent again.
        resend_gap_s: u16,
        /// How many ways it has to its person.
        steps: u8,
        /// Whether its messages are paid for by its verification.
        by_verification: bool,
        /// Hash of the amount and payee that it is bound to.
        link_hash: Option<Vec<u8>>,
        /// When it was made.
        created_at: Timestamp,
        /// Until when it holds.
        expires_at: Timestamp,
        /// What its characters follow from, together with a key; `None` once it has ended.
        salt: Option<Sealed<Vec<u8>>>,
        /// Keyed hash of it and of what it is bound to; `None` once it has ended.
        code_hash: Option<Sealed<Vec<u8>>>,
        /// What is needed to send it again, encrypted; `None` once it has ended.
        content: Option<Sealed<Vec<u8>>>,
        /// How far it is.
        state: OtpState,
        /// How often it was tried, also when that was too often or too late.
        attempts: u32,
        /// How often it was sent.
        sends: u8,
        /// By which of its ways it was sent last, from 0.
        step: u8,
        /// The message by which it was sent last.
        message_id: MessageId,
        /// It may be sent again from then on.
        resend_at: Timestamp,
        /// When the next of its ways begins; `None`: not by itself.
        next_at: Option<Timestamp>,
        /// Whether it has ended, and its messages are to be paid for or not, which was not done yet.
        settle_due: bool,
        /// When it ended.
        ended_at: Option<Timestamp>,
    }
}

row! {
    /// One message by which a code was sent.
    OtpSendRow in "otp_sends" {
        /// The message.
        id: MessageId,
        /// The code.
        otp_id: OtpId,
        /// Which send it is, from 1.
        no: u8,
        /// By which of its ways, from 0.
        step: u8,
        /// The channel.
        channel: String,
        /// When.
        at: Timestamp,
    }
}

row! {
    /// What a client tells of a code that it made itself and sent in a message: whether its person has used it.
    OtpUseRow in "otp_uses" {
        /// The message.
        id: MessageId,
        /// Whose it is.
        account_id: AccountId,
        /// The country that it went to, empty when not known.
        country: String,
        /// The network, when known.
        mcc_mnc: Option<MccMnc>,
        /// Whether the code was used.
        is_used: bool,
        /// When the message was taken.
        sent_at: Timestamp,
        /// When it was told.
        at: Timestamp,
    }
}

row! {
    /// How many codes of one kind the guard has held against.
    OtpStopRow in "otp_stops" {
        /// Whose.
        account_id: AccountId,
        /// Days of UTC since 1970.
        day: i64,
        /// The country of the numbers, empty when not known.
        country: String,
        /// MCC and MNC of the network, empty when not known.
        mcc_mnc: String,
        /// The profile.
        profile: String,
        /// The rule of the guard.
        rule: String,
        /// Not sent.
        stopped: i64,
        /// Sent all the same, as the guard only watches.
        watched: i64,
    }
}
