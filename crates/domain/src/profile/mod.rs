//! Profiles: every quirk of a peer as a typed setting with a safe default.
//!
//! A connector's [`Profile`] says how its operator's SMSC behaves; an SMPP account's [`ClientProfile`] says how a client's
//! ESME wants to be treated. Both start from a named preset, of which a site overrides what differs. Decoders are liberal
//! whatever the profile says, encoders write what it says.
//!
//! ```
//! use sambac_domain::profile::Profile;
//!
//! let profile = Profile::parse(r#"{ "preset": "smpp_5_0", "session": { "enquire_link_s": 60 } }"#).unwrap();
//! assert_eq!(profile.session.enquire_link_s, 60);
//! assert_eq!(profile.bind.timeout_ms, 10_000, "a default");
//!
//! let error = Profile::parse(r#"{ "session": { "enquire_link_s": "often" } }"#).unwrap_err();
//! assert!(error.to_string().starts_with("session.enquire_link_s: "), "{error}");
//! ```
//!
//! Every setting carries the ids of the quirks it answers ([`QUIRKS`]); `docs/reference/profiles.md` is made of both.

mod address;
mod bind;
mod client;
mod error_map;
mod flow;
mod markdown;
mod message;
mod parse;
mod preset;
mod quirk;
mod receipt;
mod section;
mod session;
mod status_map;
mod tlv;
mod tlv_given;

pub use address::{SenderRefused, WrittenAddress};
pub use bind::{BindRefusal, BindSettings, Host, HostPolicy, TlsSettings, TlsVersion};
pub use client::{
    ClientErrors, ClientLimits, ClientOperations, ClientProfile, ClientReceipts, ClientSession, ClientText,
    MessageIdForm, ReceiptPdu, ReceiverPolicy,
};
pub use error_map::{Action, ErrorAction, ErrorSettings, UnknownPolicy, Verdict, Without};
pub use flow::{FlowSettings, QueueFull};
pub use markdown::profiles_markdown;
pub use message::{
    AddressForm, AddressSettings, LongSettings, NumberFormat, ReplaceIfPresent, Schedule, SenderAlphabet,
    SubmitSettings, TextSettings, ValidityForm,
};
pub use parse::ProfileError;
pub use preset::{CLIENT_PRESETS, PRESETS, Preset};
pub use quirk::{QUIRKS, Quirk};
pub use receipt::{
    Detect, IdRadix, MoSettings, Prefer, ReceiptIdSettings, ReceiptParts, ReceiptSettings, ReceiptedSegments,
    WhichFinal,
};
pub use section::Setting;
pub use session::{InterfaceVersion, SessionSettings};
pub use status_map::StatusMap;
pub use tlv::{TlvKind, TlvRule, TlvSettings};
pub use tlv_given::{GivenTlv, TlvError, TlvKey, TlvSubject, TlvValue};

pub use crate::text::{Alphabet, DataCodingTable, ShiftTable};

use crate::text::Writing;
use section::profile;

profile! {
    /// How an operator's SMSC behaves and wants to be spoken to.
    Profile from PRESETS {
        /// The connection and the session on it.
        session: SessionSettings,
        /// Who binds, where to, and what happens when it fails.
        bind: BindSettings,
        /// TLS on the way to the SMSC.
        tls: TlsSettings,
        /// How fast, and how many at a time.
        flow: FlowSettings,
        /// What a command_status means, and what becomes of the segment.
        errors: ErrorSettings,
        /// Alphabets and data_coding.
        text: TextSettings,
        /// Messages of more than one segment.
        long: LongSettings,
        /// How senders and destinations are written.
        address: AddressSettings,
        /// The other fields of a `submit_sm`.
        submit: SubmitSettings,
        /// Optional parameters of our own choice, and what the operator's mean.
        tlvs: TlvSettings,
        /// How message ids of answers and receipts are made comparable.
        receipt_id: ReceiptIdSettings,
        /// What a receipt looks like and what it decides.
        receipt: ReceiptSettings,
        /// Messages from handsets.
        mo: MoSettings,
    }
}

impl Profile {
    /// What decides the octets of a message.
    #[must_use]
    pub fn writing(&self) -> Writing<'_> {
        Writing {
            method: self.long.method,
            alphabet: self.text.alphabet_out,
            packed: self.text.packed_out,
            ucs2_data_coding: self.text.ucs2_data_coding,
            class_as_f0: self.text.class_as_f0,
            shift_tables: &self.text.shift_tables_out,
            short_message_octets_max: self.long.short_message_octets_max,
            payload_octets_max: self.long.payload_octets_max,
            optional_parameters: self.session.interface_version >= InterfaceVersion::V3_4,
        }
    }
}

#[cfg(test)]
mod tests;
