//! Puts the TCP segments of a capture together again, whatever order they came in, and cuts them into PDUs.

use std::collections::{BTreeMap, HashMap};

use sambac_smpp::{Frame, HEADER_OCTETS, PDU_OCTETS_MAX};

use super::capture::Packet;
use super::frame;

/// Segments that may wait for an earlier one.
const WAITING_MAX: usize = 1_024;
const SYN: u8 = 0x02;
const TCP: u8 = 6;

/// Who sends to whom: addresses and ports.
type Flow = (Vec<u8>, Vec<u8>, u16, u16);

/// All directions of all connections.
#[derive(Default)]
pub(super) struct Streams {
    by_flow: HashMap<Flow, Stream>,
    pdus: Vec<(i64, Frame)>,
}

#[derive(Default)]
struct Stream {
    /// The sequence number of the next octet.
    next: Option<u32>,
    waiting: BTreeMap<u32, Vec<u8>>,
    octets: Vec<u8>,
}

struct Segment<'a> {
    flow: Flow,
    sequence: u32,
    flags: u8,
    payload: &'a [u8],
}

impl Streams {
    /// Takes a packet; what is no TCP is left out.
    pub(super) fn take(&mut self, packet: &Packet<'_>) {
        let Some(segment) = network(packet).and_then(ip) else { return };
        let stream = self.by_flow.entry(segment.flow).or_default();
        if segment.flags & SYN != 0 {
            *stream = Stream { next: Some(segment.sequence.wrapping_add(1)), ..Stream::default() };
            return;
        }
        stream.take(segment.sequence, segment.payload);
        while let Some(pdu) = stream.pdu() {
            self.pdus.push((packet.at_us, pdu));
        }
    }

    /// Every PDU with the time at which it was whole, in that order.
    pub(super) fn into_pdus(mut self) -> Vec<(i64, Frame)> {
        self.pdus.sort_by_key(|(at_us, _)| *at_us);
        self.pdus
    }
}

impl Stream {
    fn take(&mut self, sequence: u32, payload: &[u8]) {
        if payload.is_empty() {
            return;
        }
        let next = *self.next.get_or_insert(sequence);
        let ahead = sequence.wrapping_sub(next);
        if ahead == 0 {
            self.append(payload);
        } else if ahead < u32::MAX / 2 {
            if self.waiting.len() >= WAITING_MAX {
                // The one in between was not captured: begin anew with what there is.
                self.octets.clear();
                self.waiting.clear();
                self.next = Some(sequence);
                return self.append(payload);
            }
            self.waiting.insert(sequence, payload.to_vec());
        } else {
            // Sent again, perhaps with more behind it.
            let old = next.wrapping_sub(sequence) as usize;
            self.append(payload.get(old..).unwrap_or_default());
        }
        while let Some(payload) = self.next.and_then(|next| self.waiting.remove(&next)) {
            self.append(&payload);
        }
    }

    fn append(&mut self, payload: &[u8]) {
        self.octets.extend_from_slice(payload);
        self.next = self.next.map(|next| next.wrapping_add(payload.len() as u32));
    }

    /// The next whole PDU. Octets that can be none are dropped: the capture began in the middle of one.
    fn pdu(&mut self) -> Option<Frame> {
        let length = u32::from_be_bytes(*self.octets.first_chunk()?) as usize;
        if !(HEADER_OCTETS..=PDU_OCTETS_MAX).contains(&length) {
            self.octets.clear();
            return None;
        }
        let pdu = frame(self.octets.get(..length)?);
        self.octets.drain(..length);
        pdu
    }
}

/// What is inside the link's own head (Ethernet with VLANs, Linux "any", loopback, none).
fn network<'a>(packet: &Packet<'a>) -> Option<&'a [u8]> {
    let octets = packet.octets;
    match packet.link {
        0 | 108 => octets.get(4..),
        1 => {
            let mut rest = octets.get(12..)?;
            while matches!(rest.first_chunk::<2>()?, [0x81, 0x00] | [0x88, 0xA8]) {
                rest = rest.get(4..)?;
            }
            rest.get(2..)
        }
        101 | 228 | 229 => Some(octets),
        113 => octets.get(16..),
        276 => octets.get(20..),
        _ => None,
    }
}

fn ip(octets: &[u8]) -> Option<Segment<'_>> {
    match octets.first()? >> 4 {
        4 => {
            let head = usize::from(octets[0] & 0x0F) * 4;
            let total = usize::from(u16::from_be_bytes(*octets.get(2..)?.first_chunk()?));
            let is_tcp = *octets.get(9)? == TCP;
            let end = if total == 0 { octets.len() } else { total.min(octets.len()) };
            let segment = octets.get(head..end)?;
            is_tcp.then(|| tcp(octets.get(12..16)?, octets.get(16..20)?, segment)).flatten()
        }
        6 => {
            let length = usize::from(u16::from_be_bytes(*octets.get(4..)?.first_chunk()?));
            let is_tcp = *octets.get(6)? == TCP;
            let segment = octets.get(40..(40 + length).min(octets.len()))?;
            is_tcp.then(|| tcp(octets.get(8..24)?, octets.get(24..40)?, segment)).flatten()
        }
        _ => None,
    }
}

fn tcp<'a>(from: &[u8], to: &[u8], segment: &'a [u8]) -> Option<Segment<'a>> {
    let port = |place: usize| Some(u16::from_be_bytes(*segment.get(place..)?.first_chunk()?));
    let head = usize::from(segment.get(12)? >> 4) * 4;
    Some(Segment {
        flow: (from.to_vec(), to.to_vec(), port(0)?, port(2)?),
        sequence: u32::from_be_bytes(*segment.get(4..)?.first_chunk()?),
        flags: *segment.get(13)?,
        payload: segment.get(head..)?,
    })
}
