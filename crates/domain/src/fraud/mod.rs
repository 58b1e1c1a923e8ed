//! SMS pumping: somebody has codes sent to numbers whose operator pays them for it, and never enters one.
//!
//! The guard looks at every code before it is sent, in memory and without a clock. What gives pumping away is that codes are not
//! verified: to one range of numbers, to one country, at one cost. A number that has verified a code before is no part of that, so most
//! customers of a bank are never in its way. Every stop says which rule it was and what it saw.
//!
//! ```
//! use std::time::Duration;
//! use sambac_domain::fraud::{Ask, Guard, GuardSettings, Verdict};
//! use sambac_domain::{Msisdn, Timestamp};
//!
//! let mut guard = Guard::new(GuardSettings::default());
//! let number = |last: u64| Msisdn::from_u64(447_700_900_000 + last).unwrap();
//! let ask = |at, to| Ask { at, to, country: None, keys: &[], cost_micros: 50_000 };
//! let start = Timestamp(0);
//! let stopped = (0..100).filter(|no| {
//!     let at = start.saturating_add(Duration::from_secs(*no));
//!     matches!(guard.ask(&ask(at, number(*no))), Verdict::Stop(_))
//! });
//! // Eight are sent, and of the others one of 64, so that it shows when its people are back.
//! assert_eq!(stopped.count(), 100 - 8 - 1);
//! ```

mod guard;
mod range;
mod recent;
mod settings;
mod velocity;

pub use guard::{Ask, Guard, RateKey, Stop, Verdict};
pub use settings::{GuardMode, GuardSettings, RateKeyKind, Rule};

#[cfg(test)]
mod pumping_day;
#[cfg(test)]
mod tests;
