//! Records as a capture file that Wireshark and tshark decode: each PDU in a TCP segment of its session.
//!
//! The addresses and ports are those of the connection; Ethernet, IP and TCP around them are made up, with sequence numbers
//! and checksums that are right. The format is the classic one (pcap, version 2.4, microseconds, Ethernet).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use sambac_smpp::Direction;

use super::record::PduRecord;

const MAGIC_MICROSECONDS: u32 = 0xA1B2_C3D4;
const VERSION: (u16, u16) = (2, 4);
/// Longest packet in the file.
const SNAP_OCTETS: u32 = 0x0004_0000;
const LINK_ETHERNET: u32 = 1;
/// Octets of a PDU in one packet: all of it, unless it is larger than what IP carries.
const SEGMENT_OCTETS: usize = 32 * 1024;
const TCP_HEAD_OCTETS: usize = 20;
const TCP: u8 = 6;
/// PSH and ACK.
const FLAGS: u8 = 0x18;
const HOP_LIMIT: u8 = 64;
/// Where sequence numbers begin in both directions.
const FIRST_SEQUENCE: u32 = 1_000;

/// The file's octets. Records must be in the order of their numbers.
pub fn write<'a>(records: impl IntoIterator<Item = &'a PduRecord>) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend_from_slice(&MAGIC_MICROSECONDS.to_le_bytes());
    file.extend_from_slice(&VERSION.0.to_le_bytes());
    file.extend_from_slice(&VERSION.1.to_le_bytes());
    // Time zone and accuracy: always zero.
    file.extend_from_slice(&[0; 8]);
    file.extend_from_slice(&SNAP_OCTETS.to_le_bytes());
    file.extend_from_slice(&LINK_ETHERNET.to_le_bytes());
    let mut streams: HashMap<u64, Stream> = HashMap::new();
    for record in records {
        let stream = streams.entry(record.session.number).or_default();
        for part in record.octets.chunks(SEGMENT_OCTETS) {
            packet(&mut file, record, stream, part);
        }
    }
    file
}

/// The sequence numbers of a connection: of what we sent, and of what we received.
struct Stream {
    ours: u32,
    theirs: u32,
}

impl Default for Stream {
    fn default() -> Self {
        Self { ours: FIRST_SEQUENCE, theirs: FIRST_SEQUENCE }
    }
}

fn packet(file: &mut Vec<u8>, record: &PduRecord, stream: &mut Stream, part: &[u8]) {
    let session = &record.session;
    let (from, to, sequence, acknowledged) = match record.direction {
        Direction::Sent => (session.ours, session.theirs, &mut stream.ours, stream.theirs),
        Direction::Received => (session.theirs, session.ours, &mut stream.theirs, stream.ours),
    };
    let mut segment = tcp(from.port(), to.port(), *sequence, acknowledged);
    segment.extend_from_slice(part);
    *sequence = sequence.wrapping_add(part.len() as u32);
    let frame = ethernet(from, to, segment);
    let length = (frame.len() as u32).to_le_bytes();
    let (seconds, micros) = (record.at.0.div_euclid(1_000_000), record.at.0.rem_euclid(1_000_000));
    file.extend_from_slice(&(seconds as u32).to_le_bytes());
    file.extend_from_slice(&(micros as u32).to_le_bytes());
    file.extend_from_slice(&length);
    file.extend_from_slice(&length);
    file.extend_from_slice(&frame);
}

fn tcp(from: u16, to: u16, sequence: u32, acknowledged: u32) -> Vec<u8> {
    let mut head = Vec::with_capacity(TCP_HEAD_OCTETS);
    head.extend_from_slice(&from.to_be_bytes());
    head.extend_from_slice(&to.to_be_bytes());
    head.extend_from_slice(&sequence.to_be_bytes());
    head.extend_from_slice(&acknowledged.to_be_bytes());
    // Head of five words, flags, window, checksum (filled in later), no urgent data.
    head.extend_from_slice(&[0x50, FLAGS, 0xFF, 0xFF, 0, 0, 0, 0]);
    head
}

fn ethernet(from: SocketAddr, to: SocketAddr, mut segment: Vec<u8>) -> Vec<u8> {
    // Locally administered addresses: 02:00:… belongs to nobody.
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
    let length = segment.len() as u16;
    match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let pseudo = [&from.octets()[..], &to.octets(), &[0, TCP], &length.to_be_bytes()].concat();
            seal(&mut segment, 16, &pseudo);
            let mut head = vec![0x45, 0];
            head.extend_from_slice(&(length + 20).to_be_bytes());
            head.extend_from_slice(&[0, 0, 0x40, 0, HOP_LIMIT, TCP, 0, 0]);
            head.extend_from_slice(&from.octets());
            head.extend_from_slice(&to.octets());
            seal(&mut head, 10, &[]);
            frame.extend_from_slice(&[0x08, 0x00]);
            frame.extend_from_slice(&head);
        }
        (from, to) => {
            let (from, to) = (v6(from), v6(to));
            let pseudo = [&from.octets()[..], &to.octets(), &u32::from(length).to_be_bytes(), &[0, 0, 0, TCP]].concat();
            seal(&mut segment, 16, &pseudo);
            frame.extend_from_slice(&[0x86, 0xDD, 0x60, 0, 0, 0]);
            frame.extend_from_slice(&length.to_be_bytes());
            frame.extend_from_slice(&[TCP, HOP_LIMIT]);
            frame.extend_from_slice(&from.octets());
            frame.extend_from_slice(&to.octets());
        }
    }
    frame.extend_from_slice(&segment);
    frame
}

fn v6(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

/// Writes the Internet checksum (RFC 1071) of `pseudo` and `octets` at `place` of `octets`.
fn seal(octets: &mut [u8], place: usize, pseudo: &[u8]) {
    let words = |octets: &[u8]| {
        let word = |pair: &[u8]| u32::from(pair[0]) << 8 | pair.get(1).copied().map_or(0, u32::from);
        octets.chunks(2).map(word).fold(0_u32, u32::wrapping_add)
    };
    let mut sum = words(pseudo).wrapping_add(words(octets));
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    if let Some(checksum) = octets.get_mut(place..place + 2) {
        checksum.copy_from_slice(&(!(sum as u16)).to_be_bytes());
    }
}
