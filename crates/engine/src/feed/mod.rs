//! What accounts are told of beside their webhooks: every event in the order in which it was committed, read from the database from any
//! place on, for as long as events are kept.
//!
//! ```text
//! let mut feed = engine.event_feed(&caller, Some(after), EventTypes::EVERY).await?;
//! while let FeedStep::Event(event) = feed.next().await { … }
//! ```

mod account;
mod keeper;
mod outcome;
mod places;
mod read;
mod received;
mod recipient;
mod stream;
mod watchers;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use read::{EventPage, ToldEvent};
pub use stream::{EventFeed, FeedEnd, FeedStep};

pub(crate) use account::body as account_body;
pub(crate) use keeper::run;
pub(crate) use outcome::body as outcome_body;
pub(crate) use read::{body, is_test};
pub(crate) use received::body as received_body;
pub(crate) use recipient::body as recipient_body;

use places::Places;
use watchers::Watchers;

/// What all streams share.
#[derive(Default)]
pub(crate) struct Feeds {
    pub(crate) watchers: Watchers,
    places: Places,
    /// They end once this is cancelled.
    pub(crate) ending: CancellationToken,
}

/// How events are kept and streamed.
#[derive(Clone, Copy, Debug)]
pub struct FeedSettings {
    /// For how long events are kept, and can be replayed.
    pub kept: Duration,
    /// Streams of one API key at the same time.
    pub per_key_max: usize,
    /// Streams at the same time.
    pub all_max: usize,
    /// After how long without an event a stream says that it is there.
    pub heartbeat: Duration,
}

impl Default for FeedSettings {
    fn default() -> Self {
        let (kept, heartbeat) = (Duration::from_secs(14 * 86_400), Duration::from_secs(15));
        Self { kept, per_key_max: 4, all_max: 1_000, heartbeat }
    }
}
