//! Delivery receipts: reading those of SMSCs, writing ours to ESMEs.
//!
//! A receipt is a deliver_sm (or data_sm) whose type bits or TLVs say so. Its facts come from TLVs and
//! from a text of many dialects; the TLVs win (smsc-quirks, section C).
//!
//! ```
//! use sambac_domain::receipt::{self, ReceiptInput, ReceiptState};
//! let input = ReceiptInput {
//!     esm_class: 0x04,
//!     short_message: b"id:0a7F sub:001 dlvrd:001 submit date:2401020304 done date:2401020305 stat:DELIVRD err:000 text:",
//!     ..ReceiptInput::default()
//! };
//! let receipt = receipt::parse(&input).unwrap();
//! assert_eq!(receipt.smsc_message_id, "0a7F");
//! assert_eq!(receipt.state, ReceiptState::Delivered);
//! assert_eq!(receipt::normalise_id(&receipt.smsc_message_id), "A7F");
//! ```

mod address;
mod date;
mod id;
mod parse;
mod propose;
mod scan;
mod state;
mod write;

pub use address::{is_a_number, names_number};
pub use date::ReceiptDate;
pub use id::{IdSide, names_a_message, normalise_id};
pub use parse::{ID_OCTETS_MAX, Receipt, ReceiptInput, ReceiptRules, parse, parse_by};
pub use state::ReceiptState;
pub use write::{ReceiptOut, write_text};
