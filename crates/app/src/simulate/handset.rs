//! Messages from handsets: the `[[mo]]` tables of a scenario, made into PDUs that are sent when their bind is there.
//!
//! ```toml
//! [[mo]]
//! from = "447700900123"
//! to = "12345"
//! text = "STOP"
//! ```

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use sambac_domain::text::{self, Body, Encoding, LongMethod, Marks, Segment, Writing};
use sambac_smpp::{Address, DataSm, Pdu, Sm, Tag, TlvBuf, esm_class};
use serde::Deserialize;

/// One table.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MoTable {
    /// Milliseconds after its bind came.
    after_ms: u64,
    /// Which receiving binds bring its parts in turn, counted from 1 as they come.
    binds: Vec<u32>,
    /// The handset.
    from: String,
    from_ton: u8,
    from_npi: u8,
    /// What it wrote to.
    to: String,
    to_ton: u8,
    to_npi: u8,
    /// Its text, written by `data_coding`: 0 GSM, 1 and 3 Latin-1, 8 UCS-2; of others, the octets of UTF-8.
    text: String,
    /// Or its octets, in hexadecimal.
    hex: Option<String>,
    data_coding: u8,
    /// Bits beside those that a header needs.
    esm_class: u8,
    /// A header to put before the octets, in hexadecimal.
    udh: Option<String>,
    /// How a text that is too long is cut.
    long: LongMethod,
    reference: u16,
    /// Numbers of the parts in the order in which they are sent; left out: lost; named twice: sent twice.
    order: Vec<u8>,
    /// Further parameters: tag and value in hexadecimal.
    tlvs: Vec<(String, String)>,
    /// Whether it comes by `data_sm`.
    data_sm: bool,
}

impl Default for MoTable {
    fn default() -> Self {
        Self {
            after_ms: 0,
            binds: vec![1],
            from: "447700900123".to_owned(),
            from_ton: 1,
            from_npi: 1,
            to: "12345".to_owned(),
            to_ton: 3,
            to_npi: 0,
            text: String::new(),
            hex: None,
            data_coding: 0,
            esm_class: 0,
            udh: None,
            long: LongMethod::Udh8,
            reference: 1,
            order: Vec::new(),
            tlvs: Vec::new(),
            data_sm: false,
        }
    }
}

/// One PDU to be sent.
#[derive(Clone)]
pub(crate) struct Mo {
    /// By which receiving bind; 0 = by any.
    pub(crate) bind: u32,
    /// Microseconds after the bind; once its bind is there, of the simulator's clock.
    pub(crate) due_us: u64,
    pub(crate) part: u8,
    /// How often it was sent.
    pub(crate) sent: u32,
    pub(crate) source: Place,
    pub(crate) destination: Place,
    esm_class: u8,
    data_coding: u8,
    octets: Vec<u8>,
    tlvs: TlvBuf,
    data_sm: bool,
}

/// An address.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) ton: u8,
    pub(crate) npi: u8,
    pub(crate) addr: Vec<u8>,
}

/// What waits for its bind, of the whole simulator.
#[derive(Default)]
pub(crate) struct Handsets(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    messages: Vec<Mo>,
    binds: u32,
}

impl Handsets {
    pub(crate) fn new(messages: Vec<Mo>) -> Self {
        Self(Mutex::new(Waiting { messages, binds: 0 }))
    }

    /// A receiving bind has come: what it is to bring, with times of the simulator's clock.
    pub(crate) fn join(&self, now_us: u64) -> Vec<Mo> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.binds += 1;
        let number = waiting.binds;
        let own = waiting.messages.extract_if(.., |mo| mo.bind == 0 || mo.bind == number);
        own.map(|mo| Mo { due_us: now_us + mo.due_us, ..mo }).collect()
    }

    /// A bind has gone: what was not acknowledged goes by the next one that comes.
    pub(crate) fn leave(&self, rest: impl IntoIterator<Item = Mo>) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.messages.extend(rest.into_iter().map(|mo| Mo { bind: 0, due_us: 0, ..mo }));
    }
}

/// The messages of one bind: those to be sent, and those that are not acknowledged yet, by token.
#[derive(Default)]
pub(crate) struct Outbound {
    pub(crate) waiting: Vec<Mo>,
    pub(crate) in_flight: HashMap<u64, Mo>,
}

impl Outbound {
    /// Takes out what is due, the earliest first.
    pub(crate) fn due(&mut self, now_us: u64) -> Vec<Mo> {
        let mut due: Vec<Mo> = self.waiting.extract_if(.., |mo| mo.due_us <= now_us).collect();
        due.sort_by_key(|mo| mo.due_us);
        due
    }

    /// When the next one is due.
    pub(crate) fn next_us(&self) -> Option<u64> {
        self.waiting.iter().map(|mo| mo.due_us).min()
    }

    /// Everything that is not acknowledged.
    pub(crate) fn drain(&mut self) -> Vec<Mo> {
        self.waiting.drain(..).chain(self.in_flight.drain().map(|(_, mo)| mo)).collect()
    }
}

impl Mo {
    /// A handset's answer to a message.
    pub(crate) fn reply(sm: &Sm<'_>, due_us: u64) -> Self {
        Self {
            bind: 0,
            due_us,
            part: 1,
            sent: 0,
            source: Place::of(sm.destination),
            destination: Place::of(sm.source),
            esm_class: 0,
            data_coding: 0,
            octets: b"YES".to_vec(),
            tlvs: TlvBuf::new(),
            data_sm: false,
        }
    }

    /// As it goes over the wire.
    pub(crate) fn pdu(&self) -> Pdu<'_> {
        let (source, destination) = (self.source.address(), self.destination.address());
        if self.data_sm {
            return Pdu::DataSm(DataSm {
                source,
                destination,
                esm_class: self.esm_class,
                data_coding: self.data_coding,
                tlvs: self.tlvs.as_tlvs(),
                ..DataSm::default()
            });
        }
        Pdu::DeliverSm(Sm {
            source,
            destination,
            esm_class: self.esm_class,
            data_coding: self.data_coding,
            short_message: &self.octets,
            tlvs: self.tlvs.as_tlvs(),
            ..Sm::default()
        })
    }
}

/// Numbers and texts are personal data: only the place is shown.
impl fmt::Debug for Mo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "part {} by bind {}", self.part, self.bind)
    }
}

impl Place {
    fn of(address: Address<'_>) -> Self {
        Self { ton: address.ton, npi: address.npi, addr: address.addr.to_vec() }
    }

    fn address(&self) -> Address<'_> {
        Address::new(self.ton, self.npi, &self.addr)
    }
}

impl MoTable {
    /// Its PDUs in the order in which they are sent, or what is wrong with it.
    pub(crate) fn pdus(&self) -> Result<Vec<Mo>, String> {
        if self.binds.contains(&0) || self.binds.is_empty() {
            return Err("binds counts from 1".to_owned());
        }
        let parts = self.parts()?;
        let total = u8::try_from(parts.len()).map_err(|_| "more than 255 parts".to_owned())?;
        let order = if self.order.is_empty() { (1..=total).collect() } else { self.order.clone() };
        let mut pdus = Vec::with_capacity(order.len());
        for (number, bind) in order.iter().zip(self.binds.iter().cycle()) {
            let part = usize::from(*number).checked_sub(1).and_then(|at| parts.get(at));
            let part = part.ok_or_else(|| format!("order: there are {total} parts, and no {number}"))?;
            // A microsecond apart, so that they keep their order.
            pdus.push(self.pdu(part, *bind, self.after_ms * 1_000 + pdus.len() as u64)?);
        }
        Ok(pdus)
    }

    fn parts(&self) -> Result<Vec<Segment>, String> {
        let encoding = match self.data_coding {
            0 => Encoding::Gsm7,
            1 | 3 => Encoding::Latin1,
            8 => Encoding::Ucs2,
            _ => Encoding::Binary,
        };
        let octets = match &self.hex {
            Some(hex) => Some(octets_of(hex)?),
            None if encoding == Encoding::Binary => Some(self.text.clone().into_bytes()),
            None => None,
        };
        if let Some(payload) = octets {
            let as_payload = self.long == LongMethod::Payload;
            return Ok(vec![Segment { no: 1, total: 1, payload, udh: false, sar: None, as_payload }]);
        }
        let (body, writing) = (Body::Text { text: &self.text, encoding: Some(encoding) }, self.writing());
        let laid = text::lay_out(&body, &Marks::default(), &writing).map_err(|error| format!("text: {error}"))?;
        let total = if laid.goes_as_payload() { 1 } else { laid.count().segments };
        let part = |no| laid.clone().segment(no, total, self.reference).ok_or_else(|| "text: too long".to_owned());
        (1..=total).map(part).collect()
    }

    fn writing(&self) -> Writing<'static> {
        Writing { method: self.long, ..Writing::default() }
    }

    fn pdu(&self, part: &Segment, bind: u32, due_us: u64) -> Result<Mo, String> {
        let header = self.udh.as_deref().map(octets_of).transpose()?.unwrap_or_default();
        let octets = [header.as_slice(), &part.payload].concat();
        let mut tlvs = TlvBuf::new();
        if let Some((reference, total, no)) = part.sar {
            tlvs.push_u16(Tag::SAR_MSG_REF_NUM, reference).push_u8(Tag::SAR_TOTAL_SEGMENTS, total);
            tlvs.push_u8(Tag::SAR_SEGMENT_SEQNUM, no);
        }
        for (tag, value) in &self.tlvs {
            let number = tag.strip_prefix("0x").and_then(|hex| u16::from_str_radix(hex, 16).ok());
            let number = number.ok_or_else(|| format!("tlvs: \"{tag}\" is no tag: write 0x1400"))?;
            tlvs.push(Tag(number), &octets_of(value)?);
        }
        let in_tlv = part.as_payload || self.data_sm;
        if in_tlv {
            tlvs.push(Tag::MESSAGE_PAYLOAD, &octets);
        } else if octets.len() > 254 {
            return Err("more than 254 octets: set long = \"payload\"".to_owned());
        }
        let udhi = if part.udh || self.udh.is_some() { esm_class::UDHI } else { 0 };
        Ok(Mo {
            bind,
            due_us,
            part: part.no,
            sent: 0,
            source: Place { ton: self.from_ton, npi: self.from_npi, addr: self.from.clone().into_bytes() },
            destination: Place { ton: self.to_ton, npi: self.to_npi, addr: self.to.clone().into_bytes() },
            esm_class: self.esm_class | udhi,
            data_coding: self.data_coding,
            octets: if in_tlv { Vec::new() } else { octets },
            tlvs,
            data_sm: self.data_sm,
        })
    }
}

fn octets_of(hex: &str) -> Result<Vec<u8>, String> {
    let wrong = || format!("\"{hex}\" is not hexadecimal");
    let digits: Vec<u8> = hex.bytes().filter(|octet| !octet.is_ascii_whitespace()).collect();
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(wrong());
    }
    let octet = |pair: &[u8; 2]| std::str::from_utf8(pair).ok().and_then(|text| u8::from_str_radix(text, 16).ok());
    pairs.iter().map(|pair| octet(pair).ok_or_else(wrong)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pdus(toml: &str) -> Result<Vec<Mo>, String> {
        toml::from_str::<MoTable>(toml).map_err(|error| error.to_string())?.pdus()
    }

    #[test]
    fn a_short_text_is_one_pdu() {
        let all = pdus("text = \"STOP\"\nafter_ms = 5").expect("well formed");
        let [mo] = all.as_slice() else { panic!("{} PDUs", all.len()) };
        assert_eq!((mo.due_us, mo.bind, mo.part, mo.octets.as_slice()), (5_000, 1, 1, &b"STOP"[..]));
    }

    #[test]
    fn parts_come_in_any_order_twice_or_not_at_all_and_by_several_binds() {
        let long = "x".repeat(400);
        let all = pdus(&format!("text = \"{long}\"\norder = [3, 1, 1]\nbinds = [1, 2]")).expect("well formed");
        assert_eq!(all.iter().map(|mo| (mo.part, mo.bind)).collect::<Vec<_>>(), [(3, 1), (1, 2), (1, 1)]);
        assert!(all.iter().all(|mo| mo.esm_class == esm_class::UDHI && mo.octets.starts_with(&[5, 0, 3, 1, 3])));
        assert!(pdus(&format!("text = \"{long}\"\norder = [4]")).is_err());
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        for toml in [
            "hex = \"0\"",
            "hex = \"zz\"",
            "text = \"да\"",
            "binds = [0]",
            "tlvs = [[\"1400\", \"00\"]]",
            "nothing = 1",
        ] {
            assert!(pdus(toml).is_err(), "{toml}");
        }
    }

    #[test]
    fn each_bind_brings_its_own_and_what_a_lost_one_left() {
        let all = pdus(&format!("text = \"{}\"\nbinds = [1, 2]", "x".repeat(200))).expect("well formed");
        let handsets = Handsets::new(all);
        let first = handsets.join(100);
        assert_eq!(first.iter().map(|mo| (mo.part, mo.due_us)).collect::<Vec<_>>(), [(1, 100)]);
        handsets.leave(first);
        assert_eq!(handsets.join(200).iter().map(|mo| mo.part).collect::<Vec<_>>(), [2, 1]);
        assert!(handsets.join(300).is_empty());
    }
}
