//! Messages from handsets: routes, what came, its parts, and who is to have it.

use sambac_domain::mo::{MoMatch, MoStrategy, MoTarget};
use sambac_domain::{AccountId, ConnectorId, Lane, MoId, MoRouteId, NoticeId, TargetId, Timestamp};

use super::row;
use super::words::codes;
use crate::Sealed;

codes! {
    /// How far a message is.
    MoState {
        /// No route takes it: it is kept for a person to see.
        Unrouted 0,
        /// On its way to its targets.
        Waiting 1,
        /// At least one target has taken it.
        Taken 2,
        /// None of its targets took it.
        Undeliverable 3,
        /// No route took it, and a person has dealt with it.
        Dismissed 4,
    }
}

codes! {
    /// How one delivery to one target went.
    MoDeliveryState {
        /// Not decided yet.
        Open 0,
        /// The target has taken it.
        Taken 1,
        /// The target refused it for good, or is gone.
        Refused 2,
        /// The target was away for too long.
        Away 3,
    }
}

row! {
    /// A rule for messages from handsets.
    MoRouteRow in "mo_routes" {
        /// Its id.
        id: MoRouteId,
        /// Whose messages they are.
        account_id: AccountId,
        /// Its name, unique.
        name: String,
        /// Order of trying; lower first.
        position: i32,
        /// What it applies to (JSON).
        matches: MoMatch,
        /// How its targets are used.
        strategy: MoStrategy,
        /// Its targets in order (JSON).
        targets: Vec<MoTarget>,
        /// How long a target may be away.
        away_max_s: u32,
        /// Whether it is used.
        enabled: bool,
        /// When it was made.
        created_at: Timestamp,
    }
}

row! {
    /// A message from a handset.
    MoRow in "mo_messages" {
        /// Its id.
        id: MoId,
        /// Whose it is; NULL: no route took it.
        account_id: Option<AccountId>,
        /// The route that took it.
        route_id: Option<MoRouteId>,
        /// By which connector it, or its last part, came.
        connector_id: ConnectorId,
        /// The handset, normalised.
        source: String,
        /// The number written to, normalised.
        destination: String,
        /// Octets and parameters as they came, sealed; wiped some time after the end.
        body: Option<Sealed<Vec<u8>>>,
        /// Parts that it was sent in.
        parts_total: u8,
        /// Parts that came; fewer than `parts_total`: incomplete.
        parts: u8,
        /// By what the same delivery is known again; NULL when it came in parts, which have their own.
        fingerprint: Option<i64>,
        /// How far it is.
        state: MoState,
        /// When its first part came.
        received_at: Timestamp,
        /// When it was taken, or given up.
        ended_at: Option<Timestamp>,
    }
}

row! {
    /// A part of a message that is not whole yet, or was put together lately.
    MoSegmentRow in "mo_segments" {
        /// Its id.
        id: i64,
        /// What the parts of one message share.
        assembly: i64,
        /// By which connector it came.
        connector_id: ConnectorId,
        /// The handset, normalised.
        source: String,
        /// The number written to, normalised.
        destination: String,
        /// Parts in all.
        total: u8,
        /// This one, from 1.
        no: u8,
        /// Octets and parameters as they came, sealed; wiped when the message is put together.
        body: Option<Sealed<Vec<u8>>>,
        /// By what the same delivery is known again.
        fingerprint: i64,
        /// When it came.
        received_at: Timestamp,
        /// Until when the others are waited for.
        due_at: Timestamp,
        /// The message that it has become part of.
        mo_id: Option<MoId>,
    }
}

row! {
    /// One target's part in a message.
    MoDeliveryRow in "mo_deliveries" {
        /// The notice's id, and so the outbox row's.
        id: NoticeId,
        /// The message.
        mo_id: MoId,
        /// Whose queue.
        target: TargetId,
        /// Which lane of it.
        lane: Lane,
        /// How it went.
        state: MoDeliveryState,
        /// When the target's time is over.
        give_up_at: Timestamp,
        /// How long each target but the last may be away.
        away_max_s: u32,
        /// Who has it next when this target does not take it (JSON).
        next: Vec<MoTarget>,
        /// When it was taken or given up.
        ended_at: Option<Timestamp>,
    }
}
