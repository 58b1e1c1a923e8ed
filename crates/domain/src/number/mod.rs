//! Numbers: E.164 destinations, senders, and the mobile networks that prefixes belong to.
//!
//! ```
//! use sambac_domain::number::{self, NetworkTable, Sender};
//! let msisdn = number::parse("+44 7700 900123", None).unwrap();
//! assert_eq!(msisdn.as_u64(), 447700900123);
//! assert_eq!(NetworkTable::built_in().lookup(msisdn).unwrap().country, "GB");
//! assert_eq!(Sender::parse("MyBank").unwrap().ton(), 5);
//! ```

mod built_in;
mod country;
mod incoming;
mod mcc_mnc;
mod msisdn;
mod network;
mod parse;
mod sender;
mod trie;

pub use country::{Country, CountryError};
pub use incoming::{incoming_address, shown_address};
pub use mcc_mnc::{MccMnc, MccMncError, Mnc};
pub use msisdn::{Digits, Msisdn};
pub use network::{NamedNetwork, Network, NetworkRow, NetworkTable, Provenance};
pub use parse::{NumberError, normalise_smpp, parse};
pub use sender::{Sender, SenderError, SenderForm, SenderFormError};
