//! Texts that an account has approved: made in versions, decided on by somebody else, and filled in or required.

mod decide;
mod held;
mod used;

pub(crate) use held::{Templates, obey};
pub use used::{NamedTemplate, PreviewText};
