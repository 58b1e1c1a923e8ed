//! Messages from handsets (MO), beside the group commit, which stores and routes them: what they say, and when the time of
//! their parts and targets is over.

mod content;
mod keeper;

pub use content::MoContent;
pub(crate) use keeper::run;
