//! Forms of a submit: long messages and validities, and which of them are taken.

use sambac_smpp::{Sm, Tag, TlvBuf};

use super::checklist::Checklist;
use super::peer::{Peer, Trouble};

const UDHI: u8 = 0x40;

impl Checklist {
    /// Which ways of sending long messages are taken.
    pub(super) async fn long_messages(&mut self, peer: &mut Peer) -> Result<(), Trouble> {
        let mut taken = Vec::new();
        for method in ["udh8", "udh16", "sar", "payload"] {
            let mut statuses = Vec::new();
            let parts: u8 = if method == "payload" { 1 } else { 2 };
            for part in 1..=parts {
                let (header, mut tlvs) = (header(method, part), TlvBuf::new());
                if method == "sar" {
                    tlvs.push_u16(Tag::SAR_MSG_REF_NUM, 0x51).push_u8(Tag::SAR_TOTAL_SEGMENTS, 2);
                    tlvs.push_u8(Tag::SAR_SEGMENT_SEQNUM, part);
                }
                if method == "payload" {
                    tlvs.push(Tag::MESSAGE_PAYLOAD, &[b'p'; 300]);
                }
                let text = if method == "payload" { Vec::new() } else { [&header[..], method.as_bytes()].concat() };
                let esm_class = if header.is_empty() { 0 } else { UDHI };
                let sm = Sm { esm_class, short_message: &text, tlvs: tlvs.as_tlvs(), ..Sm::default() };
                statuses.push(self.submit(peer, sm).await?.status);
            }
            match statuses.iter().find(|status| !status.is_ok()) {
                None => taken.push(method),
                Some(status) => self.report.note("long messages", false, format!("{method} is refused: {status}")),
            }
        }
        self.report.note("long messages", !taken.is_empty(), format!("taken: {}", taken.join(", ")));
        // The first that is taken; those before it were refused.
        match taken.first() {
            Some(&"udh8") | None => {}
            Some(method) => self.report.propose("long", "method", *method),
        }
        Ok(())
    }

    pub(super) async fn validity(&mut self, peer: &mut Peer) -> Result<(), Trouble> {
        let mut taken = Vec::new();
        for (name, text) in [("relative", "000000001000000R"), ("absolute", "301231235959000+")] {
            let sm = Sm { validity_period: text.as_bytes(), short_message: name.as_bytes(), ..Sm::default() };
            match self.submit(peer, sm).await?.status {
                status if status.is_ok() => taken.push(name),
                status => self.report.note("validity", false, format!("{name} is refused: {status}")),
            }
        }
        self.report.note("validity", !taken.is_empty(), format!("taken: {}", taken.join(", ")));
        match taken.first() {
            Some(&"relative") => {}
            Some(form) => self.report.propose("submit", "validity", *form),
            None => self.report.propose("submit", "validity", "never"),
        }
        Ok(())
    }
}

fn header(method: &str, part: u8) -> Vec<u8> {
    match method {
        "udh8" => vec![5, 0, 3, 0x51, 2, part],
        "udh16" => vec![6, 8, 4, 0, 0x51, 2, part],
        _ => Vec::new(),
    }
}
