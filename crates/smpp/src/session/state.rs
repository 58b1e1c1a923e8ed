//! What a session knows, and how it answers each PDU. No input or output and no waiting happens here.

use super::start::sequence_after;
use super::window::{Pending, Window};
use super::{BrokenTlvs, CloseReason, Event};
use crate::encode::encode_header;
use crate::{CommandId, CommandStatus, EncodeError, Frame, Header, Pdu, encode};
use bytes::BytesMut;
use tokio::time::Instant;

/// What went by on a session without an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SessionCounters {
    /// Responses to requests of ours that had timed out, or were answered before.
    pub late_responses: u64,
    /// Responses with a sequence number that we never used.
    pub unmatched_responses: u64,
    /// Requests with an unreadable body, answered with an error.
    pub undecodable_requests: u64,
    /// Requests with an unknown command, answered with `generic_nack`.
    pub unknown_requests: u64,
    /// `generic_nack`s of the peer.
    pub generic_nacks: u64,
}

#[derive(Debug)]
pub(super) struct State {
    /// What waits to be written.
    pub(super) out: BytesMut,
    pub(super) window: Window,
    pub(super) counters: SessionCounters,
    /// Set once; the session is over.
    pub(super) closed: Option<CloseReason>,
    /// Whether we asked to unbind.
    pub(super) unbind_sent: bool,
    /// Whether the peer has answered that.
    is_unbound: bool,
    /// Whether the owner stopped sending.
    pub(super) is_draining: bool,
    /// The peer's `unbind`, and since when it waits for the answers to what is open.
    pub(super) peer_unbind: Option<(Header, Instant)>,
    /// Whether it may wait for the answers to our own requests.
    pub(super) grants_answers: bool,
    /// Whether it waits for the owner's answers to the peer's.
    pub(super) owes_answers: bool,
    /// Requests of the peer that the owner has not answered yet.
    owed: usize,
    /// Whether the writer has written its last.
    pub(super) is_flushed: bool,
    pub(super) received_at: Instant,
    pub(super) active_at: Instant,
    /// Since when an unfinished PDU waits for its rest.
    pub(super) partial_since: Option<Instant>,
    /// Whether the reader waits for the owner or the writer, so that silence proves nothing.
    pub(super) is_reader_waiting: bool,
    /// When we sent an `enquire_link` after which nothing at all has come.
    pub(super) probed_at: Option<Instant>,
    /// Whether an `enquire_link` of ours is unanswered.
    is_probe_open: bool,
    broken_tlvs: BrokenTlvs,
    next_sequence: u32,
    issued: u32,
}

impl State {
    pub(super) fn new(window: u16, next_sequence: u32, broken_tlvs: BrokenTlvs) -> Self {
        let now = Instant::now();
        Self {
            out: BytesMut::new(),
            window: Window::new(window),
            counters: SessionCounters::default(),
            closed: None,
            unbind_sent: false,
            is_unbound: false,
            is_draining: false,
            peer_unbind: None,
            grants_answers: false,
            owes_answers: false,
            owed: 0,
            is_flushed: false,
            received_at: now,
            active_at: now,
            partial_since: None,
            is_reader_waiting: false,
            probed_at: None,
            is_probe_open: false,
            broken_tlvs,
            next_sequence,
            issued: 0,
        }
    }

    /// Writes a request and opens it. The caller holds a slot of the window.
    pub(super) fn request(&mut self, pdu: &Pdu<'_>, token: u64, now: Instant) -> Result<u32, EncodeError> {
        let sequence = self.free_sequence();
        encode(pdu, sequence, CommandStatus::ROK, &mut self.out)?;
        self.took(sequence);
        self.active_at = now;
        self.window.insert(Pending { sequence, token, sent_at: now });
        Ok(sequence)
    }

    /// Asks for a sign of life.
    pub(super) fn probe(&mut self, now: Instant) {
        self.own_request(CommandId::ENQUIRE_LINK);
        self.probed_at = Some(now);
        self.is_probe_open = true;
    }

    /// Writes a request of the session's own, which takes no slot.
    pub(super) fn own_request(&mut self, id: CommandId) {
        let sequence = self.free_sequence();
        self.took(sequence);
        encode_header(id, sequence, CommandStatus::ROK, &mut self.out);
    }

    /// Whether the owner stopped sending and nothing is open any more.
    pub(super) fn is_drained(&self) -> bool {
        self.is_draining && self.window.is_empty()
    }

    /// Keeps account of since when the PDU at the front of the read buffer is unfinished. Octets that finish none do
    /// not start its time anew, else one octet at a time could hold a session for ever.
    pub(super) fn keep_partial(&mut self, octets_before: usize, octets_left: usize, now: Instant) {
        let has_finished_one = octets_left < octets_before;
        let since = self.partial_since.filter(|_| !has_finished_one).unwrap_or(now);
        self.partial_since = (octets_left > 0).then_some(since);
    }

    /// Takes in one PDU: writes what is to be answered at once, and adds what the owner must know to `events`.
    /// Returns why the session is over, if it is.
    pub(super) fn inbound(&mut self, frame: Frame, now: Instant, events: &mut Vec<Event>) -> Option<CloseReason> {
        let header = frame.header();
        match header.command_id {
            CommandId::ENQUIRE_LINK => error_response(header, CommandStatus::ROK, &mut self.out),
            // The owner may ask for a sign of life, too, and is told of the answer.
            CommandId::ENQUIRE_LINK_RESP if !self.window.contains(header.sequence_number) => self.is_probe_open = false,
            CommandId::UNBIND => {
                self.peer_unbind = Some((header, now));
                self.is_draining = true;
                if !self.grants_answers {
                    return self.answer_unbind_when_due(false, false);
                }
            }
            CommandId::UNBIND_RESP => {
                self.is_unbound = self.unbind_sent;
                return (self.is_unbound && self.owed == 0).then_some(CloseReason::Unbound);
            }
            id if id.is_response() => self.response(header, frame, now, events),
            _ => self.peer_request(header, frame, now, events),
        }
        None
    }

    /// Whether neither side waits for an answer of the other, or it is over.
    pub(super) fn owes_nothing(&self) -> bool {
        self.window.is_empty() && self.owed == 0 || self.closed.is_some()
    }

    /// A request of the peer was answered. Returns why the session is over, when an `unbind` of either side has waited for that.
    pub(super) fn answered(&mut self) -> Option<CloseReason> {
        self.owed = self.owed.saturating_sub(1);
        if self.is_unbound && self.owed == 0 {
            return Some(CloseReason::Unbound);
        }
        self.answer_unbind_when_due(false, false)
    }

    /// Answers the peer's `unbind`, if there was one, once all is answered that it waits for, or has been waited for long enough.
    pub(super) fn answer_unbind_when_due(&mut self, is_over_ours: bool, is_over_theirs: bool) -> Option<CloseReason> {
        let waits_for_ours = self.grants_answers && !self.window.is_empty() && !is_over_ours;
        let waits_for_theirs = self.owed > 0 && !is_over_theirs;
        if waits_for_ours || waits_for_theirs { None } else { self.answer_unbind() }
    }

    /// Answers the peer's `unbind`, if there was one: the session is over, for everybody who asks, before the answer is written.
    fn answer_unbind(&mut self) -> Option<CloseReason> {
        let (header, _) = self.peer_unbind.take()?;
        error_response(header, CommandStatus::ROK, &mut self.out);
        self.closed.get_or_insert(CloseReason::PeerUnbind);
        Some(CloseReason::PeerUnbind)
    }

    fn response(&mut self, header: Header, frame: Frame, now: Instant, events: &mut Vec<Event>) {
        self.active_at = now;
        let mut sequence = header.sequence_number;
        if header.command_id == CommandId::GENERIC_NACK {
            self.counters.generic_nacks += 1;
            sequence = self.nacked_sequence(sequence);
        }
        match self.window.remove(sequence) {
            Some(Pending { token, sent_at, .. }) => {
                let elapsed = now.saturating_duration_since(sent_at);
                events.push(Event::Response { token, header, frame, elapsed });
            }
            None if self.was_issued(sequence) => self.counters.late_responses += 1,
            None => self.counters.unmatched_responses += 1,
        }
    }

    /// A nack of a PDU whose sequence number the peer could not read has sequence number 0: it is for the one open
    /// request, if there is exactly one.
    fn nacked_sequence(&self, sequence: u32) -> u32 {
        let is_only_open = self.window.len() == 1 && !self.is_probe_open;
        match self.window.oldest() {
            Some(pending) if sequence == 0 && is_only_open => pending.sequence,
            _ => sequence,
        }
    }

    fn peer_request(&mut self, header: Header, frame: Frame, now: Instant, events: &mut Vec<Event>) {
        self.active_at = now;
        let id = header.command_id;
        if id.known_name().is_none() {
            self.counters.unknown_requests += 1;
            return nack(header, CommandStatus::RINVCMDID, &mut self.out);
        }
        if id.is_bind() {
            return error_response(header, CommandStatus::RALYBND, &mut self.out);
        }
        let read = match self.broken_tlvs {
            BrokenTlvs::Refuse => frame.pdu(),
            BrokenTlvs::Keep => frame.pdu_with_broken_tlvs(),
        };
        if let Err(error) = read.map(|_| ()) {
            self.counters.undecodable_requests += 1;
            return error_response(header, error.status(), &mut self.out);
        }
        if self.peer_unbind.is_some() && !self.grants_answers {
            return error_response(header, CommandStatus::RINVBNDSTS, &mut self.out);
        }
        self.owed += usize::from(self.owes_answers && id.response().is_some());
        events.push(Event::Request { header, frame });
    }

    /// The sequence number that is to be used next, unless it is open.
    pub(super) const fn next_sequence(&self) -> u32 {
        self.next_sequence
    }

    /// The next sequence number that is not open.
    fn free_sequence(&self) -> u32 {
        let mut sequence = self.next_sequence;
        while self.window.contains(sequence) {
            sequence = sequence_after(sequence);
        }
        sequence
    }

    fn took(&mut self, sequence: u32) {
        self.next_sequence = sequence_after(sequence);
        self.issued = self.issued.saturating_add(1).min(crate::SEQUENCE_MAX);
    }

    /// Whether a sequence number is one of ours: among the last ones given out.
    fn was_issued(&self, sequence: u32) -> bool {
        if sequence == 0 || sequence > crate::SEQUENCE_MAX {
            return false;
        }
        let back = (self.next_sequence + crate::SEQUENCE_MAX - sequence) % crate::SEQUENCE_MAX;
        (1..=self.issued).contains(&back)
    }
}

/// Answers a request with nothing but a status, in the shape of its kind; requests that have no answer get none.
pub(super) fn error_response(request: Header, status: CommandStatus, out: &mut BytesMut) {
    let Some(id) = request.command_id.response() else { return };
    // An empty body breaks no limit, so that this cannot fail.
    let _ = encode(&Pdu::empty(id), request.sequence_number, status, out);
}

pub(super) fn nack(request: Header, status: CommandStatus, out: &mut BytesMut) {
    encode_header(CommandId::GENERIC_NACK, request.sequence_number, status, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SEQUENCE_MAX;

    fn state(next_sequence: u32) -> State {
        State::new(10, next_sequence, BrokenTlvs::Refuse)
    }

    #[test]
    fn open_sequence_numbers_are_stepped_over_after_the_wrap() {
        let mut state = state(1);
        let now = Instant::now();
        let send = |state: &mut State| state.request(&Pdu::Unbind, 0, now).unwrap();
        assert_eq!([send(&mut state), send(&mut state), send(&mut state)], [1, 2, 3]);
        state.window.remove(2);
        state.next_sequence = SEQUENCE_MAX;
        assert_eq!([send(&mut state), send(&mut state), send(&mut state)], [SEQUENCE_MAX, 2, 4]);
    }

    #[test]
    fn issued_sequence_numbers_are_told_from_foreign_ones_across_the_wrap() {
        let mut state = state(SEQUENCE_MAX);
        assert!(!state.was_issued(SEQUENCE_MAX));
        for _ in 0..3 {
            state.own_request(CommandId::ENQUIRE_LINK);
        }
        for (sequence, was_issued) in
            [(SEQUENCE_MAX - 1, false), (SEQUENCE_MAX, true), (1, true), (2, true), (3, false), (0, false)]
        {
            assert_eq!(state.was_issued(sequence), was_issued, "{sequence}");
        }
    }
}
