//! Messages from handsets (MO), beside the group commit, which stores and routes them: what they say, and when the time of
//! their parts and targets is over.

mod content;
mod keeper;
mod route_state;
mod unrouted;

pub use content::MoContent;
pub(crate) use keeper::run;
pub use route_state::{MoRouteStatus, MoTargetState, MoTargetStatus};
pub use unrouted::RoutedAgain;
