//! `[accept]`: what an operator insists on. A message that is otherwise is refused with the command_status that says why.
//!
//! ```toml
//! [accept]
//! source = [[5, 0], [1, 1]]   # type of number and numbering plan: one of these
//! number = "plus"             # a destination begins with a plus
//! validity = "relative"
//! long = "sar"                # parts are told by optional parameters, never by a header
//! tlvs = [0x1400]             # what every message must have
//! ```

use std::sync::Arc;

use sambac_smpp::{Address, CommandStatus, Sm, Tag, esm_class};
use serde::Deserialize;

/// What a message must be like. Everything is taken by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Accept {
    /// Pairs of type of number and numbering plan, of which a sender has one; any when there is none.
    source: Vec<(u8, u8)>,
    /// The same for a destination.
    destination: Vec<(u8, u8)>,
    /// How a destination is written.
    number: Option<Number>,
    /// How a validity is told.
    validity: Option<Validity>,
    /// Whether a delivery may be scheduled.
    schedule: Option<bool>,
    /// The service_type.
    service_type: Option<String>,
    /// The messaging mode of esm_class.
    esm_mode: Option<u8>,
    /// The protocol_id.
    protocol_id: Option<u8>,
    /// The highest priority_flag.
    priority_max: Option<u8>,
    /// Whether an earlier message may be replaced.
    replace: Option<bool>,
    /// How a message of more than one part comes.
    long: Option<Long>,
    /// The longest short_message.
    short_message_octets_max: Option<usize>,
    /// Optional parameters that every message has.
    tlvs: Vec<u16>,
    /// Whether there may be optional parameters at all.
    no_tlvs: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Number {
    Plain,
    Plus,
    DoubleZero,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Validity {
    Never,
    Relative,
    Absolute,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Long {
    Udh,
    Sar,
    Payload,
}

impl Accept {
    /// The section, when there is one.
    pub(crate) fn shared(section: Option<&Self>) -> Option<Arc<Self>> {
        section.cloned().map(Arc::new)
    }

    /// Why a message is refused, if it is.
    pub(crate) fn refusal(&self, sm: &Sm<'_>) -> Option<u32> {
        let refused = self.address(sm).or_else(|| self.flags(sm)).or_else(|| self.times(sm));
        refused.or_else(|| self.body(sm)).or_else(|| self.parameters(sm)).map(|status| status.0)
    }

    fn address(&self, sm: &Sm<'_>) -> Option<CommandStatus> {
        let source = (CommandStatus::RINVSRCTON, CommandStatus::RINVSRCNPI);
        let destination = (CommandStatus::RINVDSTTON, CommandStatus::RINVDSTNPI);
        let number = self.number.filter(|number| *number != Number::of(sm.destination.addr));
        wrong_form(&self.source, sm.source, source)
            .or_else(|| wrong_form(&self.destination, sm.destination, destination))
            .or(number.map(|_| CommandStatus::RINVDSTADR))
    }

    fn flags(&self, sm: &Sm<'_>) -> Option<CommandStatus> {
        let differs = |wanted: Option<u8>, is: u8| wanted.is_some_and(|wanted| wanted != is);
        let service_type = self.service_type.as_ref();
        [
            (service_type.is_some_and(|wanted| wanted.as_bytes() != sm.service_type), CommandStatus::RINVSERTYP),
            (differs(self.esm_mode, sm.esm_class & esm_class::MODE_MASK), CommandStatus::RINVESMCLASS),
            // SMPP has no status of its own for a protocol_id.
            (differs(self.protocol_id, sm.protocol_id), CommandStatus::RSUBMITFAIL),
            (self.priority_max.is_some_and(|max| sm.priority_flag > max), CommandStatus::RINVPRTFLG),
            (self.replace == Some(false) && sm.replace_if_present != 0, CommandStatus::RINVREPFLAG),
        ]
        .into_iter()
        .find_map(|(is_wrong, status)| is_wrong.then_some(status))
    }

    fn times(&self, sm: &Sm<'_>) -> Option<CommandStatus> {
        if self.schedule == Some(false) && !sm.schedule_delivery_time.is_empty() {
            return Some(CommandStatus::RINVSCHED);
        }
        let validity = self.validity.filter(|validity| *validity != Validity::of(sm.validity_period));
        validity.map(|_| CommandStatus::RINVEXPIRY)
    }

    fn body(&self, sm: &Sm<'_>) -> Option<CommandStatus> {
        if self.short_message_octets_max.is_some_and(|max| sm.short_message.len() > max) {
            return Some(CommandStatus::RINVMSGLEN);
        }
        let has_header = sm.esm_class & esm_class::UDHI != 0;
        let is_sar = sm.tlvs.get(Tag::SAR_MSG_REF_NUM).is_some();
        match self.long? {
            Long::Udh if is_sar || sm.tlvs.get(Tag::MESSAGE_PAYLOAD).is_some() => Some(CommandStatus::RTLVNOTALLWD),
            Long::Sar | Long::Payload if has_header => Some(CommandStatus::RINVESMCLASS),
            Long::Payload if is_sar => Some(CommandStatus::RTLVNOTALLWD),
            Long::Udh | Long::Sar | Long::Payload => None,
        }
    }

    fn parameters(&self, sm: &Sm<'_>) -> Option<CommandStatus> {
        if self.no_tlvs && !sm.tlvs.is_empty() {
            return Some(CommandStatus::RTLVNOTALLWD);
        }
        let is_missing = self.tlvs.iter().any(|tag| sm.tlvs.get(Tag(*tag)).is_none());
        is_missing.then_some(CommandStatus::RMISSINGTLV)
    }
}

impl Number {
    fn of(addr: &[u8]) -> Self {
        match addr {
            [b'+', ..] => Self::Plus,
            [b'0', b'0', ..] => Self::DoubleZero,
            _ => Self::Plain,
        }
    }
}

impl Validity {
    fn of(time: &[u8]) -> Self {
        match time.last() {
            None => Self::Never,
            Some(b'R') => Self::Relative,
            Some(_) => Self::Absolute,
        }
    }
}

/// The first status when no pair has this type of number, the second when it is the numbering plan that is wrong.
fn wrong_form(
    pairs: &[(u8, u8)],
    address: Address<'_>,
    (ton, npi): (CommandStatus, CommandStatus),
) -> Option<CommandStatus> {
    if pairs.is_empty() || pairs.contains(&(address.ton, address.npi)) {
        return None;
    }
    Some(if pairs.iter().any(|pair| pair.0 == address.ton) { npi } else { ton })
}

#[cfg(test)]
mod tests {
    use sambac_smpp::TlvBuf;

    use super::*;

    fn refusal(section: &str, sm: &Sm<'_>) -> Option<u32> {
        toml::from_str::<Accept>(section).expect(section).refusal(sm)
    }

    #[test]
    fn each_insistence_has_its_status() {
        let mut sar = TlvBuf::new();
        sar.push_u16(Tag::SAR_MSG_REF_NUM, 7);
        let sm = Sm {
            source: Address::new(5, 0, b"Bank"),
            destination: Address::new(1, 1, b"447700900123"),
            priority_flag: 1,
            protocol_id: 65,
            replace_if_present: 1,
            validity_period: b"000000000500000R",
            schedule_delivery_time: b"000000000100000R",
            short_message: b"hello",
            tlvs: sar.as_tlvs(),
            ..Sm::default()
        };
        for (section, status) in [
            ("", None),
            ("source = [[5, 0]]\ndestination = [[0, 1], [1, 1]]", None),
            ("source = [[1, 1]]", Some(0x48)),
            ("source = [[5, 1]]", Some(0x49)),
            ("destination = [[0, 1]]", Some(0x50)),
            ("destination = [[1, 0]]", Some(0x51)),
            ("number = \"plain\"", None),
            ("number = \"plus\"", Some(0x0B)),
            ("service_type = \"CMT\"", Some(0x15)),
            ("esm_mode = 3", Some(0x43)),
            ("protocol_id = 0", Some(0x45)),
            ("priority_max = 0", Some(0x06)),
            ("replace = false", Some(0x54)),
            ("schedule = false", Some(0x61)),
            ("validity = \"relative\"", None),
            ("validity = \"absolute\"", Some(0x62)),
            ("short_message_octets_max = 4", Some(0x01)),
            ("long = \"sar\"", None),
            ("long = \"udh\"", Some(0xC1)),
            ("no_tlvs = true", Some(0xC1)),
            ("tlvs = [0x020C]", None),
            ("tlvs = [0x1400]", Some(0xC3)),
        ] {
            assert_eq!(refusal(section, &sm), status, "{section}");
        }
    }

    #[test]
    fn a_header_is_not_taken_where_parts_come_otherwise() {
        let sm = Sm { esm_class: esm_class::UDHI, short_message: b"\x05\x00\x03\x01\x02\x01a", ..Sm::default() };
        assert_eq!(refusal("long = \"udh\"", &sm), None);
        assert_eq!(refusal("long = \"sar\"", &sm), Some(0x43));
        assert_eq!(refusal("long = \"payload\"", &sm), Some(0x43));
    }
}
