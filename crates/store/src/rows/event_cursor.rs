//! How far consumers outside were told what the ledger holds.

use sambac_domain::Timestamp;

use super::row;

row! {
    /// Up to which block a shard was told of.
    EventCursorRow in "event_cursors" {
        /// The shard.
        id: i64,
        /// The last block that was.
        block_id: i64,
        /// Since when.
        moved_at: Timestamp,
    }
}
