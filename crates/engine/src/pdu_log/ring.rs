//! The last PDUs of one session, in one stretch of memory that is used over and over: nothing is allocated per PDU.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sambac_domain::id::SegmentId;
use sambac_domain::time::Timestamp;
use sambac_smpp::{BindRequest, CommandId, Direction, Frame, HEADER_OCTETS, Header, Tapped, mask_into};

use super::PduLogLimits;
use super::record::{PduRecord, Side, TappedSession};

pub(super) struct Ring {
    pub(super) session: Arc<TappedSession>,
    pdus_max: usize,
    octets_max: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    system_id: Arc<str>,
    was_bound: bool,
    entries: VecDeque<Entry>,
    /// The PDUs of `entries`, one after the other.
    octets: VecDeque<u8>,
    /// Where the copy of one is masked.
    copy: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Entry {
    number: u64,
    at: Timestamp,
    direction: Direction,
    segment: Option<SegmentId>,
    octets: usize,
    is_revealed: bool,
}

impl Ring {
    pub(super) fn new(session: TappedSession, limits: &PduLogLimits) -> Self {
        Self {
            session: Arc::new(session),
            pdus_max: limits.session_pdus_max,
            octets_max: limits.session_octets_max,
            kept: Mutex::default(),
        }
    }

    /// Keeps a PDU; gives it back as a record when somebody follows.
    pub(super) fn keep(
        &self,
        number: u64,
        at: Timestamp,
        pdu: Tapped<'_>,
        revealed: bool,
        is_followed: bool,
    ) -> Option<PduRecord> {
        let header = Header::parse(pdu.octets.first_chunk::<HEADER_OCTETS>()?);
        let mut kept = self.kept();
        let is_revealed = revealed && may_be_revealed(header.command_id);
        let mut copy = std::mem::take(&mut kept.copy);
        copy.clear();
        if is_revealed {
            copy.extend_from_slice(pdu.octets);
        } else {
            mask_into(pdu.octets, &mut copy);
        }
        // By what the log may show: a bind whose fields are out of place may have its password where the name belongs.
        kept.note_bind(header, &copy);
        let segment = pdu.token.filter(|_| matches!(self.session.side, Side::Connector { .. }));
        let segment = segment.and_then(|token| i64::try_from(token).ok()).map(SegmentId::from_raw);
        let entry = Entry { number, at, direction: pdu.direction, segment, octets: copy.len(), is_revealed };
        self.push(&mut kept, entry, &copy);
        let record = is_followed.then(|| self.record(&kept, entry, copy.clone()));
        kept.copy = copy;
        record
    }

    /// All that is kept, oldest first. What was kept with its texts is masked unless they may be shown now.
    pub(super) fn records(&self, revealed: bool) -> Vec<PduRecord> {
        let kept = self.kept();
        let mut start = 0;
        let records = kept.entries.iter().map(|entry| {
            let octets: Vec<u8> = kept.octets.range(start..start + entry.octets).copied().collect();
            start += entry.octets;
            if !entry.is_revealed || revealed {
                return self.record(&kept, *entry, octets);
            }
            let mut masked = Vec::with_capacity(octets.len());
            mask_into(&octets, &mut masked);
            self.record(&kept, Entry { is_revealed: false, ..*entry }, masked)
        });
        records.collect()
    }

    /// Whether a bind was accepted.
    pub(super) fn was_bound(&self) -> bool {
        self.kept().was_bound
    }

    fn push(&self, kept: &mut Kept, entry: Entry, octets: &[u8]) {
        while kept.entries.len() >= self.pdus_max || kept.octets.len() + octets.len() > self.octets_max {
            let Some(oldest) = kept.entries.pop_front() else { break };
            kept.octets.drain(..oldest.octets);
        }
        // One that is larger than all room is not kept: the others were worth more.
        if octets.len() <= self.octets_max {
            kept.entries.push_back(entry);
            kept.octets.extend(octets);
        }
    }

    fn record(&self, kept: &Kept, entry: Entry, octets: Vec<u8>) -> PduRecord {
        PduRecord {
            number: entry.number,
            at: entry.at,
            session: Arc::clone(&self.session),
            system_id: Arc::clone(&kept.system_id),
            direction: entry.direction,
            segment: entry.segment,
            octets,
            is_revealed: entry.is_revealed,
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Learns from a bind who it is, and from its answer whether it is bound.
    fn note_bind(&mut self, header: Header, octets: &[u8]) {
        let id = header.command_id;
        if CommandId(id.0 & !CommandId::GENERIC_NACK.0).is_bind() && id.is_response() {
            self.was_bound |= header.command_status.is_ok();
        } else if id.is_bind() && self.system_id.is_empty() {
            let frame = Frame::new(octets.to_vec().into());
            let request = frame.and_then(|frame| BindRequest::from_pdu(&frame.pdu().ok()?));
            let system_id = request.map(|request| request.system_id.escape_ascii().to_string());
            self.system_id = system_id.unwrap_or_default().into();
        }
    }
}

/// Never what has a password, nor what is none of SMPP's commands: that may be a bind which came out of step.
fn may_be_revealed(id: CommandId) -> bool {
    id.known_name().is_some() && !id.is_bind() && id != CommandId::OUTBIND
}
