//! Reads capture files: pcap in both byte orders, with micro- and nanoseconds, and pcapng.

/// A captured packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    /// UTC microseconds.
    pub(super) at_us: i64,
    /// What kind of link it was on (LINKTYPE_…).
    pub(super) link: u32,
    pub(super) octets: &'a [u8],
}

const SECTION: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const BYTE_ORDER: u32 = 0x1A2B_3C4D;
const OPTION_RESOLUTION: u16 = 9;

/// The packets of a file, in its order. A last one that is cut short is left out.
pub(super) fn packets(file: &[u8]) -> Result<Vec<Packet<'_>>, &'static str> {
    let magic: [u8; 4] = *file.first_chunk().ok_or("it is empty")?;
    match u32::from_le_bytes(magic) {
        0xA1B2_C3D4 => Ok(classic(file, u32::from_le_bytes, 1)),
        0xA1B2_3C4D => Ok(classic(file, u32::from_le_bytes, 1_000)),
        0xD4C3_B2A1 => Ok(classic(file, u32::from_be_bytes, 1)),
        0x4D3C_B2A1 => Ok(classic(file, u32::from_be_bytes, 1_000)),
        SECTION => next_generation(file),
        _ => Err("it is neither pcap nor pcapng"),
    }
}

type Number = fn([u8; 4]) -> u32;

fn at(octets: &[u8], place: usize, number: Number) -> Option<u32> {
    Some(number(*octets.get(place..)?.first_chunk()?))
}

fn classic(file: &[u8], number: Number, per_micro: u32) -> Vec<Packet<'_>> {
    let link = at(file, 20, number).unwrap_or(1) & 0xFFFF;
    let (mut rest, mut packets) = (file.get(24..).unwrap_or_default(), Vec::new());
    while let (Some(seconds), Some(part), Some(length)) =
        (at(rest, 0, number), at(rest, 4, number), at(rest, 8, number))
    {
        let Some((octets, after)) = rest.get(16..).and_then(|rest| rest.split_at_checked(length as usize)) else {
            break;
        };
        let at_us = i64::from(seconds) * 1_000_000 + i64::from(part / per_micro);
        packets.push(Packet { at_us, link, octets });
        rest = after;
    }
    packets
}

/// An interface of a pcapng file: its kind, and the ticks of its clock in a second.
struct Interface {
    link: u32,
    per_second: u64,
}

fn next_generation(file: &[u8]) -> Result<Vec<Packet<'_>>, &'static str> {
    let number: Number =
        if at(file, 8, u32::from_le_bytes) == Some(BYTE_ORDER) { u32::from_le_bytes } else { u32::from_be_bytes };
    let (mut rest, mut interfaces, mut packets) = (file, Vec::new(), Vec::new());
    while let (Some(kind), Some(length)) = (at(rest, 0, number), at(rest, 4, number)) {
        if length < 12 || length % 4 != 0 {
            return Err("a block's length makes no sense");
        }
        let Some((block, after)) = rest.split_at_checked(length as usize) else { break };
        let body = block.get(8..block.len() - 4).unwrap_or_default();
        match kind {
            SECTION => interfaces.clear(),
            INTERFACE => interfaces.push(interface(body, number)),
            ENHANCED_PACKET => packets.extend(enhanced(body, number, &interfaces)),
            _ => {}
        }
        rest = after;
    }
    Ok(packets)
}

fn interface(body: &[u8], number: Number) -> Interface {
    let half = |place: usize| {
        at(body, place, number).map(|word| if number([0, 0, 0, 1]) == 1 { word >> 16 } else { word & 0xFFFF })
    };
    let mut per_second = 1_000_000;
    let mut place = 8;
    while let Some(word) = at(body, place, number) {
        let (code, length) =
            if number([0, 0, 0, 1]) == 1 { (word >> 16, word & 0xFFFF) } else { (word & 0xFFFF, word >> 16) };
        if code == u32::from(OPTION_RESOLUTION)
            && let Some(resolution) = body.get(place + 4)
        {
            let base: u64 = if resolution & 0x80 == 0 { 10 } else { 2 };
            per_second = base.checked_pow(u32::from(resolution & 0x7F)).unwrap_or(per_second);
        }
        if code == 0 {
            break;
        }
        place += 4 + (length as usize).next_multiple_of(4);
    }
    Interface { link: half(0).unwrap_or(1), per_second: per_second.max(1) }
}

fn enhanced<'a>(body: &'a [u8], number: Number, interfaces: &[Interface]) -> Option<Packet<'a>> {
    let interface = interfaces.get(at(body, 0, number)? as usize)?;
    let ticks = u64::from(at(body, 4, number)?) << 32 | u64::from(at(body, 8, number)?);
    let octets = body.get(20..)?.get(..at(body, 12, number)? as usize)?;
    let micros = u128::from(ticks) * 1_000_000 / u128::from(interface.per_second);
    Some(Packet { at_us: i64::try_from(micros).ok()?, link: interface.link, octets })
}
