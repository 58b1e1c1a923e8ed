//! Segments that were sent and of which nobody knows whether the operator took them.

use sambac_domain::{AccountId, ConnectorId, MessageId, Msisdn, SegmentId, Timestamp};

use crate::query::query;
use crate::{Store, StoreError};

/// A segment in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uncertain {
    /// The segment.
    pub segment: SegmentId,
    /// Where it was sent.
    pub connector_id: ConnectorId,
    /// When.
    pub submitted_at: Option<Timestamp>,
    /// Whose message it is.
    pub account_id: AccountId,
    /// The number.
    pub destination: Msisdn,
}

/// How many there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UncertainTotal {
    /// Segments in doubt.
    pub count: i64,
    /// When the oldest of them was sent.
    pub oldest_at: Option<Timestamp>,
}

impl Store {
    /// Segments in doubt whose id is above `after`, in id order, `limit` at most.
    pub async fn uncertain(&self, after: Option<SegmentId>, limit: u32) -> Result<Vec<Uncertain>, StoreError> {
        let after = after.map_or(0, SegmentId::raw);
        // The state is written out: only then is the index of these segments used.
        let found = query(
            "SELECT s.id, s.connector_id, s.submitted_at, m.account_id, m.destination
             FROM segments s JOIN messages m ON m.id = s.id - s.id % 256
             WHERE s.state = 5 AND s.final_at IS NULL AND s.id > $1 ORDER BY s.id LIMIT $2",
        );
        let limit = i64::from(limit);
        let found = found.bind(&after).bind(&limit);
        let rows = found.all::<(SegmentId, ConnectorId, Option<Timestamp>, AccountId, Msisdn)>(self.pool()).await?;
        let uncertain = |(segment, connector_id, submitted_at, account_id, destination)| Uncertain {
            segment,
            connector_id,
            submitted_at,
            account_id,
            destination,
        };
        Ok(rows.into_iter().map(uncertain).collect())
    }

    /// How many segments are in doubt, and since when.
    pub async fn uncertain_total(&self) -> Result<UncertainTotal, StoreError> {
        let total = query("SELECT COUNT(*), MIN(submitted_at) FROM segments WHERE state = 5 AND final_at IS NULL");
        let total = total.first::<(i64, Option<Timestamp>)>(self.pool()).await?;
        Ok(total.map_or_else(UncertainTotal::default, |(count, oldest_at)| UncertainTotal { count, oldest_at }))
    }
}

impl Uncertain {
    /// The message that it is a part of.
    pub fn message(&self) -> MessageId {
        self.segment.message()
    }
}
