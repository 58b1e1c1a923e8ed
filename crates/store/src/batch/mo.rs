//! Changes of messages from handsets, their parts and their deliveries.

use sambac_domain::{AccountId, MoId, MoRouteId, NoticeId, Timestamp};

use crate::rows::{MoDeliveryState, MoState, Record};
use crate::value::{Field as _, Value};

/// A part that has become part of a message. Its octets are wiped: the message has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoJoined {
    /// The part.
    pub id: i64,
    /// The message.
    pub mo_id: MoId,
}

/// A delivery that was taken or given up. One that has ended already stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoDelivered {
    /// Which.
    pub id: NoticeId,
    /// How it ended.
    pub state: MoDeliveryState,
    /// When.
    pub ended_at: Timestamp,
}

/// What a message has come to. One that was taken stays taken; one with deliveries that are still open can only be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoEnd {
    /// Which.
    pub id: MoId,
    /// Taken or undeliverable.
    pub state: MoState,
    /// When.
    pub ended_at: Timestamp,
}

/// A message that no route took at first and one takes now. One that is not unrouted stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoRerouted {
    /// Which.
    pub id: MoId,
    /// Whose it is now.
    pub account_id: AccountId,
    /// The route that takes it.
    pub route_id: MoRouteId,
}

impl Record for MoJoined {
    const TABLE: &'static str = "mo_segments";
    const COLUMNS: &'static [&'static str] = &["id", "mo_id"];

    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([self.id.value(), self.mo_id.value()]);
    }
}

impl Record for MoDelivered {
    const TABLE: &'static str = "mo_deliveries";
    const COLUMNS: &'static [&'static str] = &["id", "state", "ended_at"];

    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([self.id.value(), self.state.value(), self.ended_at.value()]);
    }
}

impl Record for MoEnd {
    const TABLE: &'static str = "mo_messages";
    const COLUMNS: &'static [&'static str] = &["id", "state", "ended_at"];

    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([self.id.value(), self.state.value(), self.ended_at.value()]);
    }
}

impl Record for MoRerouted {
    const TABLE: &'static str = "mo_messages";
    const COLUMNS: &'static [&'static str] = &["id", "account_id", "route_id"];

    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([self.id.value(), self.account_id.value(), self.route_id.value()]);
    }
}
