//! One-time codes: started, sent again, checked, called off. What they look like and how long they hold is the domain's
//! (`sambac_domain::otp`); every change of one is decided and stored by the group commit (`commit::otp`).
//!
//! No code is stored. It follows from a random salt in its row and a key that follows from the master key (`secret`), so that it can
//! be sent again; what is compared with is a keyed hash of it and of what it is bound to. Both are wiped when it ends.

mod again;
mod check;
mod content;
mod evidence;
mod guard;
mod keeper;
mod profiles;
mod secret;
mod start;
mod used;

pub use check::VerifiedOtp;
pub use start::{OtpView, StartOtp};
pub use used::Told;

pub(crate) use again::Way;
pub(crate) use guard::remember;
pub(crate) use keeper::run;

use guard::Guards;
use secret::OtpKeys;
use tokio::sync::Notify;

use crate::seal::Seal;

/// What all codes share.
pub(crate) struct OtpShared {
    keys: OtpKeys,
    /// What holds pumping off.
    pub(crate) guards: Guards,
    /// One is to be looked after.
    pub(crate) due: Notify,
}

impl OtpShared {
    /// With the keys that follow from the master key.
    pub(crate) fn new(seal: &Seal) -> Self {
        Self { keys: OtpKeys::new(seal), guards: Guards::default(), due: Notify::new() }
    }
}
