//! Messages from handsets (MO): what an SMSC hands over, how its parts become one text, and which client gets it.
//!
//! ```
//! use sambac_domain::mo::{self, Part};
//! use sambac_domain::text::Reading;
//!
//! let part = Part { no: 1, data_coding: 0, udh: false, octets: b"Stop, please".to_vec() };
//! let text = mo::text(&[part], &Reading::default()).unwrap();
//! assert_eq!(mo::keyword(&text).as_deref(), Some("stop"));
//! ```

mod fingerprint;
mod keyword;
mod parameter;
mod part;
mod route;
mod text;

pub use fingerprint::{Fingerprint, assembly_key};
pub use keyword::{fold, keyword};
pub use parameter::parameters;
pub use part::{MoBody, Part, Reference, class, place};
pub use route::{MoMatch, MoQuery, MoRoute, MoRoutes, MoStrategy, MoTarget};
pub use text::text;
