//! What is changed about each PDU that passes, and what is added. No waiting happens here.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use bytes::BytesMut;
use sambac_smpp::{CommandId, CommandStatus, Frame, Pdu, encode};

use super::{Nack, WireSettings};
use crate::simulate::core::Core;

/// Numbers of the requests that are put in between.
const PROBE: u32 = 0x7000_0001;
const UNBIND: u32 = 0x7000_0002;
const UNKNOWN: u32 = 0x7000_0100;
/// Of answers that nobody waits for.
const UNASKED: u32 = 0x6000_0000;
/// A command that no version of SMPP knows.
const UNKNOWN_COMMAND: u32 = 0x0000_0F0F;

/// What becomes of a PDU on its way in.
pub(super) enum Verdict {
    Pass,
    PassAs(Vec<u8>),
    Keep,
    Close,
}

pub(super) struct Mangler {
    core: Arc<Core>,
    /// What is to be written to the connection.
    pub(super) out: Vec<u8>,
    /// Answers that others may overtake.
    held: Vec<Vec<u8>>,
    /// Answers that come on the next connection only.
    late: Vec<Vec<u8>>,
    /// The bind that waits for the answer to our probe.
    bind: Option<Vec<u8>>,
    open: HashSet<u32>,
    submits: u32,
    answers: u32,
    is_unbinding: bool,
    /// Nothing is read or written any more.
    pub(super) is_silent: bool,
}

impl Mangler {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self {
            core,
            out: Vec::new(),
            held: Vec::new(),
            late: Vec::new(),
            bind: None,
            open: HashSet::new(),
            submits: 0,
            answers: 0,
            is_unbinding: false,
            is_silent: false,
        }
    }

    pub(super) fn settings(&self) -> &WireSettings {
        &self.core.wire
    }

    /// Whether answers are held back.
    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Nothing overtakes any more: what is held back goes out, the last first.
    pub(super) fn release(&mut self) {
        while let Some(answer) = self.held.pop() {
            self.out.extend(answer);
        }
    }

    /// A PDU of the ESME.
    pub(super) fn inbound(&mut self, frame: &Frame) -> Verdict {
        let header = frame.header();
        match header.command_id {
            CommandId::SUBMIT_SM => self.submitted(header.sequence_number),
            CommandId::ENQUIRE_LINK if self.settings().ignore_probes => Verdict::Keep,
            CommandId::ENQUIRE_LINK_RESP if header.sequence_number == PROBE => {
                self.bind.take().map_or(Verdict::Keep, Verdict::PassAs)
            }
            CommandId::UNBIND_RESP if self.is_unbinding => Verdict::Close,
            CommandId::GENERIC_NACK => {
                if let Some(line) = self.core.line("nack", 0, self.core.now_us()) {
                    let (sequence, status) = (header.sequence_number, header.command_status.0);
                    line.number("sequence", sequence.into()).number("status", status.into());
                }
                Verdict::Pass
            }
            id if id.is_bind() && self.settings().probe_before_bind_resp => {
                self.bind = Some(frame.bytes().to_vec());
                self.request(&Pdu::EnquireLink, PROBE);
                Verdict::Keep
            }
            CommandId::DELIVER_SM_RESP => match self.settings().sequence_first {
                // The session counts from 1.
                Some(first) => {
                    Verdict::PassAs(renumbered(frame, header.sequence_number.wrapping_sub(first).wrapping_add(1)))
                }
                None => Verdict::Pass,
            },
            _ => Verdict::Pass,
        }
    }

    fn submitted(&mut self, sequence: u32) -> Verdict {
        self.submits += 1;
        self.open.insert(sequence);
        let wire = &self.core.wire;
        if wire.silent_after > 0 && self.submits > wire.silent_after {
            self.is_silent = true;
            return Verdict::Keep;
        }
        let is_cut = wire.window_cut > 0 && self.open.len() > wire.window_cut;
        if is_cut || wire.close_after > 0 && self.submits == wire.close_after {
            return Verdict::Close;
        }
        Verdict::Pass
    }

    /// A PDU of the simulated SMSC.
    pub(super) fn outbound(&mut self, frame: &Frame) {
        let header = frame.header();
        match header.command_id {
            CommandId::SUBMIT_SM_RESP => {
                self.open.remove(&header.sequence_number);
                self.answered(frame);
            }
            CommandId::DELIVER_SM if self.core.wire.sequence_first.is_some() => {
                let first = self.core.wire.sequence_first.unwrap_or(1);
                let sequence = header.sequence_number.wrapping_sub(1).wrapping_add(first);
                self.out.extend(renumbered(frame, sequence));
            }
            _ => self.out.extend_from_slice(frame.bytes()),
        }
    }

    fn answered(&mut self, frame: &Frame) {
        self.answers += 1;
        let core = Arc::clone(&self.core);
        let wire = &core.wire;
        let answer = self.shaped(frame);
        if is_due(wire.late_every, self.answers) {
            return self.late.push(answer);
        }
        self.belated();
        if is_due(wire.answer_twice_every, self.answers) {
            self.out.extend_from_slice(&answer);
            self.note("answer_again", &answer);
        }
        if is_due(wire.unasked_every, self.answers) {
            let mut unasked = answer.clone();
            put(&mut unasked, 12, UNASKED + self.answers);
            self.out.extend_from_slice(&unasked);
            self.note("answer_unasked", &unasked);
        }
        if wire.shuffle > 1 {
            self.held.push(answer);
            if self.held.len() >= wire.shuffle {
                self.release();
            }
        } else {
            self.out.extend(answer);
        }
        if is_due(wire.unknown_command_every, self.answers) {
            self.out.extend(header_only(UNKNOWN_COMMAND, 0, UNKNOWN + self.answers));
        }
        if wire.garbage_after > 0 && self.answers == wire.garbage_after {
            self.out.extend(octets(&wire.garbage));
        }
        if wire.unbind_after > 0 && self.answers == wire.unbind_after {
            self.is_unbinding = true;
            self.request(&Pdu::Unbind, UNBIND);
        }
    }

    /// What connections before this one have kept.
    fn belated(&mut self) {
        let kept = std::mem::take(&mut *self.core.late.lock().unwrap_or_else(PoisonError::into_inner));
        for answer in kept {
            self.note("answer_late", &answer);
            self.out.extend(answer);
        }
    }

    /// The journal's line of an answer that should not be.
    fn note(&self, event: &str, answer: &[u8]) {
        let sequence = answer.get(12..16).and_then(|octets| octets.try_into().ok()).map(u32::from_be_bytes);
        if let Some(line) = self.core.line(event, 0, self.core.now_us()) {
            line.number("sequence", sequence.unwrap_or_default().into());
        }
    }

    /// An answer to a submit in the shape that the scenario wants.
    fn shaped(&self, frame: &Frame) -> Vec<u8> {
        let (wire, header) = (&self.core.wire, frame.header());
        let mut answer = frame.bytes().to_vec();
        if header.command_status == CommandStatus::ROK {
            if let Some(id) = wire.answer_command_id {
                put(&mut answer, 4, id);
            }
            return answer;
        }
        match wire.nack {
            Some(Nack::Sequence) => {
                header_only(CommandId::GENERIC_NACK.0, header.command_status.0, header.sequence_number)
            }
            Some(Nack::Zero) => header_only(CommandId::GENERIC_NACK.0, header.command_status.0, 0),
            None if wire.error_body => {
                answer.extend_from_slice(b"refused\0");
                let length = u32::try_from(answer.len()).unwrap_or(u32::MAX);
                put(&mut answer, 0, length);
                answer
            }
            None => answer,
        }
    }

    fn request(&mut self, pdu: &Pdu<'_>, sequence: u32) {
        let mut out = BytesMut::new();
        // Without a body nothing breaks a limit.
        let _ = encode(pdu, sequence, CommandStatus::ROK, &mut out);
        self.out.extend_from_slice(&out);
    }
}

impl Drop for Mangler {
    fn drop(&mut self) {
        self.core.late.lock().unwrap_or_else(PoisonError::into_inner).append(&mut self.late);
    }
}

fn is_due(every: u32, count: u32) -> bool {
    every > 0 && count.is_multiple_of(every)
}

fn renumbered(frame: &Frame, sequence: u32) -> Vec<u8> {
    let mut octets = frame.bytes().to_vec();
    put(&mut octets, 12, sequence);
    octets
}

fn header_only(command_id: u32, status: u32, sequence: u32) -> Vec<u8> {
    [16, command_id, status, sequence].iter().flat_map(|field| field.to_be_bytes()).collect()
}

fn put(octets: &mut [u8], at: usize, value: u32) {
    if let Some(field) = octets.get_mut(at..at + 4) {
        field.copy_from_slice(&value.to_be_bytes());
    }
}

/// Octets from hexadecimal digits; what is none is left out.
fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let octet = |pair: &[u32]| u8::try_from(pair.iter().fold(0, |octet, digit| octet << 4 | digit)).unwrap_or_default();
    digits.chunks_exact(2).map(octet).collect()
}
