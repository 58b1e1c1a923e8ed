//! The configuration in people's hands: planned from what they write, changed in one unit of work, kept as versions, shown as
//! differences, exported and taken back.
//!
//! A file that is applied, an object of the admin API and an import all take the same way: [`File`] → plan → rows → version. Dry
//! runs take it, too, and drop the unit of work at the end.

mod apply;
mod difference;
mod export;
pub mod file;
mod import;
mod key;
pub mod limits;
mod object;
mod plan;
mod proposal;
mod reading;
pub(crate) mod refusal;
mod remove;
mod rights;
mod rollback;
mod rollback_prices;
mod secrets;
mod unset;
mod version;
mod write;

pub use apply::{ApplyError, Prepared, Provisioning};
pub use difference::{Action, Difference, FieldDifference};
pub use export::export;
pub use file::File;
pub use import::Imported;
pub use key::{AdminScope, Administrator};
pub use object::{Changed, Condition, Kind, Object};
pub use plan::{Changes, Problems};
pub use reading::{Fault, read_file};
pub(crate) use refusal::store as store_refusal;
pub use remove::Removed;
pub use rollback::RolledBack;
pub use secrets::{Issued, Secrets};
pub use version::Version;
