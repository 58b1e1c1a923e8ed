//! A message from a handset: known again, stored, put together of its parts, and only then acknowledged.

use std::collections::{HashMap, HashSet};

use sambac_domain::id::{ConnectorId, MoId, NoticeId};
use sambac_domain::mo::{MoBody, assembly_key};
use sambac_domain::time::Timestamp;
use sambac_smpp::CommandStatus;
use sambac_store::rows::{MoDeliveryRow, MoRow, MoSegmentRow, MoState};
use sambac_store::{MoJoined, Sealed, StoreError};

use super::{Acknowledgement, Committer, HandsetIn, Write};
use crate::breakage::Hand;

/// What the database knows of the messages from handsets of the present group. Nothing is kept from one group to the next:
/// a restart forgets nothing, and memory does not grow with what is unfinished.
#[derive(Default)]
pub(super) struct Handsets {
    /// Deliveries that came before, by fingerprint: the last time, and whether a route took them.
    known: HashMap<i64, (Timestamp, bool)>,
    /// Parts that are there, by what they share.
    assemblies: HashMap<i64, Vec<MoSegmentRow>>,
    /// Deliveries whose target's time is over.
    pub(super) open: HashMap<NoticeId, MoDeliveryRow>,
    /// Messages that no route took, of those that a person wants something done with.
    pub(super) unrouted: HashMap<MoId, MoRow>,
    /// Deliveries that ended in this group.
    pub(super) ended: HashSet<NoticeId>,
}

/// A whole message, before it has an id.
struct Whole {
    connector: ConnectorId,
    source: String,
    destination: String,
    body: MoBody,
    parts_total: u8,
    fingerprint: Option<i64>,
    received_at: Timestamp,
}

impl Committer {
    /// Reads what the group needs to know.
    ///
    /// # Errors
    /// What the database said; nothing may be decided then.
    pub(super) async fn load_handsets(&mut self, inbox: &[Write]) -> Result<(), StoreError> {
        self.handsets = Handsets::default();
        let (mut fingerprints, mut keys) = (Vec::new(), Vec::new());
        let (mut notices, mut unrouted) = (Vec::new(), Vec::new());
        for write in inbox {
            match write {
                Write::Handset { incoming, .. } => {
                    fingerprints.push(incoming.fingerprint);
                    keys.extend(incoming.assembly());
                }
                Write::HandsetDue { assemblies, deliveries, .. } => {
                    keys.extend(assemblies);
                    notices.extend(deliveries);
                }
                Write::Unrouted { ids, .. } => unrouted.extend(ids),
                _ => {}
            }
        }
        if fingerprints.is_empty() && keys.is_empty() && notices.is_empty() && unrouted.is_empty() {
            return Ok(());
        }
        keys.sort_unstable();
        keys.dedup();
        let store = &self.inner.own_store;
        for row in store.mo_messages_by_fingerprints(&fingerprints).await? {
            let Some(key) = row.fingerprint else { continue };
            let seen = (row.received_at, row.state != MoState::Unrouted);
            // Of those that are the same in all that is known the last one counts.
            let last = self.handsets.known.entry(key).or_insert(seen);
            *last = (*last).max(seen);
        }
        for row in store.mo_segments_by_fingerprints(&fingerprints).await? {
            self.handsets.known.insert(row.fingerprint, (row.received_at, true));
        }
        for row in store.mo_segments_of(&keys).await? {
            self.handsets.assemblies.entry(row.assembly).or_default().push(row);
        }
        let open = store.mo_deliveries_open(&notices).await?;
        self.handsets.open = open.into_iter().map(|row| (row.id, row)).collect();
        let unrouted = store.mo_messages_unrouted_of(&unrouted).await?;
        self.handsets.unrouted = unrouted.into_iter().map(|row| (row.id, row)).collect();
        Ok(())
    }

    pub(super) fn handset(&mut self, incoming: HandsetIn, acknowledge: Acknowledgement) {
        let no_route = CommandStatus(incoming.profile.mo.no_route_status);
        let (fingerprint, received_at) = (incoming.fingerprint, incoming.received_at);
        if self.breaks_on(Hand::of_handset(fingerprint)) {
            return acknowledge.refuse();
        }
        let known = self.handsets.known.get(&fingerprint).copied();
        let routed = match known.filter(|before| self.is_repeated(&incoming, *before)) {
            Some((_, routed)) => {
                self.inner.metrics.handset("repeated");
                routed
            }
            None => self.take(incoming),
        };
        if let Acknowledgement::Session { session, .. } = &acknowledge {
            self.heard.note(fingerprint, session.clone(), received_at, self.now);
        }
        self.after.acknowledge_handset(acknowledge, if routed { CommandStatus::ROK } else { no_route });
    }

    /// Whether it is the same delivery once more: it came before at that time, and a route took it or none did.
    fn is_repeated(&self, incoming: &HandsetIn, (before, routed): (Timestamp, bool)) -> bool {
        let settings = &incoming.profile.mo;
        let within =
            |seconds: u32| incoming.received_at < before.saturating_add(std::time::Duration::from_secs(seconds.into()));
        if !within(settings.duplicate_window_s) {
            return false;
        }
        // Refused, it comes again by our own wish.
        let refused = !routed && settings.no_route_status != 0;
        let is_heard = !refused && self.heard.is_sure(incoming.fingerprint);
        settings.repeats_are_one || incoming.has_reference || within(settings.repeat_min_s) || !is_heard
    }

    /// Stores a new message, or a part; false when no route takes it.
    fn take(&mut self, incoming: HandsetIn) -> bool {
        let (fingerprint, received_at) = (incoming.fingerprint, incoming.received_at);
        let routed = match incoming.assembly() {
            Some(assembly) => self.part(incoming, assembly),
            None => self.hand_over(incoming.whole()),
        };
        self.handsets.known.insert(fingerprint, (received_at, routed));
        routed
    }

    fn part(&mut self, incoming: HandsetIn, assembly: i64) -> bool {
        let Some(reference) = incoming.reference else { return self.hand_over(incoming.whole()) };
        let there = self.handsets.assemblies.get(&assembly).map_or(&[][..], Vec::as_slice);
        if there.iter().any(|row| row.no == reference.no) {
            // The same number with other octets: the handset has begun a new message under an old reference.
            self.put_together(assembly);
        }
        let id = self.inner.ids.next(self.now);
        let body = MoBody { parts: vec![incoming.part], tlvs: incoming.tlvs };
        let row = MoSegmentRow {
            id,
            assembly,
            connector_id: incoming.connector,
            source: incoming.source,
            destination: incoming.destination,
            total: reference.total,
            no: reference.no,
            body: Some(self.seal_body(id, &body)),
            fingerprint: incoming.fingerprint,
            received_at: incoming.received_at,
            due_at: incoming
                .received_at
                .saturating_add(std::time::Duration::from_secs(incoming.profile.mo.reassembly_timeout_s.into())),
            mo_id: None,
        };
        self.batch.mo_segments.push(row.clone());
        let parts = self.handsets.assemblies.entry(assembly).or_default();
        parts.push(row);
        if parts.len() < usize::from(reference.total) { true } else { self.put_together(assembly) }
    }

    /// Makes one message of the parts that are there, all or not; false when no route takes it.
    fn put_together(&mut self, assembly: i64) -> bool {
        let mut rows = self.handsets.assemblies.remove(&assembly).unwrap_or_default();
        rows.sort_by_key(|row| row.no);
        let mut body = MoBody::default();
        for row in &rows {
            let Some(part) = self.inner.open_mo(row.id, row.body.as_ref()) else {
                tracing::error!(segment = row.id, "a stored part does not open with the present master key");
                continue;
            };
            body.parts.extend(part.parts);
            for (name, values) in part.tlvs {
                let all = body.tlvs.entry(name).or_default();
                let new: Vec<_> = values.into_iter().filter(|value| !all.contains(value)).collect();
                all.extend(new);
            }
        }
        let Some(last) = rows.iter().max_by_key(|row| row.received_at) else { return true };
        let received_at = rows.iter().map(|row| row.received_at).min().unwrap_or(last.received_at);
        let whole = Whole {
            connector: last.connector_id,
            source: last.source.clone(),
            destination: last.destination.clone(),
            body,
            parts_total: last.total,
            fingerprint: None,
            received_at,
        };
        let mo_id = MoId::from_raw(self.inner.ids.next(self.now));
        self.batch.mo_joined.extend(rows.iter().map(|row| MoJoined { id: row.id, mo_id }));
        self.hand_over_as(mo_id, whole)
    }

    /// The same, unless a new message has begun meanwhile whose time is not over.
    pub(super) fn put_together_if_due(&mut self, assembly: i64) {
        let rows = self.handsets.assemblies.get(&assembly).map_or(&[][..], Vec::as_slice);
        if rows.iter().any(|row| row.due_at <= self.now) {
            self.put_together(assembly);
        }
    }

    fn hand_over(&mut self, whole: Whole) -> bool {
        let id = MoId::from_raw(self.inner.ids.next(self.now));
        self.hand_over_as(id, whole)
    }

    fn hand_over_as(&mut self, id: MoId, whole: Whole) -> bool {
        let Whole { connector, source, destination, body, parts_total, fingerprint, received_at } = whole;
        let parts = u8::try_from(body.parts.len()).unwrap_or(u8::MAX);
        if parts < parts_total {
            self.inner.metrics.handset("incomplete");
        }
        let row = MoRow {
            id,
            account_id: None,
            route_id: None,
            connector_id: connector,
            source,
            destination,
            body: Some(self.seal_body(id.raw(), &body)),
            parts_total,
            parts,
            fingerprint,
            state: MoState::Unrouted,
            received_at,
            ended_at: Some(self.now),
        };
        self.route_handset(row, &body)
    }

    fn seal_body(&self, id: i64, body: &MoBody) -> Sealed<Vec<u8>> {
        // Texts and numbers always serialise.
        let plain = serde_json::to_vec(body).unwrap_or_default();
        Sealed(self.inner.settings.seal.seal_once(id, &plain))
    }
}

impl HandsetIn {
    fn assembly(&self) -> Option<i64> {
        self.reference.map(|reference| assembly_key(self.group, &self.source, &self.destination, reference))
    }

    fn whole(self) -> Whole {
        Whole {
            connector: self.connector,
            source: self.source,
            destination: self.destination,
            body: MoBody { parts: vec![self.part], tlvs: self.tlvs },
            parts_total: 1,
            fingerprint: Some(self.fingerprint),
            received_at: self.received_at,
        }
    }
}
