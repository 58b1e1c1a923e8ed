//! One test per quirk of real SMSCs and ESMEs (`docs/reference/profiles.md`): the simulator plays it, the platform takes it.
//!
//! A test's name begins with the quirk's id: `q_b1_…` is Q-B1. The tidy test lists ids without one. Modules follow the letters.
//!
//! ```text
//! cargo nextest run -p sambac-app --test quirks q_b
//! ```

mod a_session;
mod b_ids;
mod c_receipts;
mod d_statuses;
mod e_conformance;
mod e_text;
mod f_long;
mod flow;
mod g_fields;
mod h_tlvs;
mod i_operations;
mod inbound;
mod insists;
mod served;
mod stage;
mod variant;
