//! One-time codes: what they look like, what is told with them, how long they hold and how often they may be tried.
//!
//! Nothing here draws a random number or keeps a code: that is the engine's. See `docs/guides/otp.md`.

mod code;
mod guess;
mod link;
mod settings;
mod state;
mod text;
mod workflow;

pub use code::{Alphabet, CodeForm, normalised};
pub use guess::GuessChance;
pub use link::Link;
pub use settings::{OtpSettings, SettingFault};
pub use state::OtpState;
pub use text::{Filling, TextError, app_hash_fits, bound, fill, origin_fits};
pub use workflow::{Channel, Step};
