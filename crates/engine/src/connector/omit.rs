//! A segment goes once more without the fields that its operator has refused.

use sambac_bus::Attempt;
use sambac_domain::profile::Without;
use sambac_smpp::{Pdu, Tag, TlvBuf};

/// Optional parameters that hold a part of the message, or say which part it is: never left out.
const NEEDED: [Tag; 4] = [Tag::MESSAGE_PAYLOAD, Tag::SAR_MSG_REF_NUM, Tag::SAR_TOTAL_SEGMENTS, Tag::SAR_SEGMENT_SEQNUM];

/// The PDU of this attempt. `kept` holds the parameters that stay.
pub(super) fn omit<'a>(pdu: Pdu<'a>, attempt: Attempt, kept: &'a mut TlvBuf) -> Pdu<'a> {
    let Pdu::SubmitSm(mut sm) = pdu else { return pdu };
    if attempt.is_without(Without::Times) {
        (sm.validity_period, sm.schedule_delivery_time) = (b"", b"");
    }
    if attempt.is_without(Without::Tlvs) {
        for (tag, value) in sm.tlvs.iter().filter(|(tag, _)| NEEDED.contains(tag)) {
            kept.push(tag, value);
        }
        sm.tlvs = kept.as_tlvs();
    }
    Pdu::SubmitSm(sm)
}

#[cfg(test)]
mod tests {
    use sambac_smpp::Sm;

    use super::*;

    #[test]
    fn only_what_was_refused_is_left_out() {
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tag(0x1400), b"entity").push_u16(Tag::SAR_MSG_REF_NUM, 7);
        let sm = Sm { validity_period: b"000000000500000R", tlvs: tlvs.as_tlvs(), ..Sm::default() };
        let sent = |attempt: Attempt| {
            let mut kept = TlvBuf::new();
            let Pdu::SubmitSm(sm) = omit(Pdu::SubmitSm(sm), attempt, &mut kept) else { panic!("another PDU") };
            let tags: Vec<_> = sm.tlvs.iter().map(|(tag, _)| tag).collect();
            (sm.validity_period.is_empty(), tags)
        };
        let all = vec![Tag(0x1400), Tag::SAR_MSG_REF_NUM];
        assert_eq!(sent(Attempt::new(3)), (false, all.clone()));
        assert_eq!(sent(Attempt::new(1).without(Without::Times)), (true, all));
        assert_eq!(sent(Attempt::new(1).without(Without::Tlvs)), (false, vec![Tag::SAR_MSG_REF_NUM]));
    }
}
