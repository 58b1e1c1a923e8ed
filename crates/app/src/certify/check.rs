//! The checks, in their order; each notes what it found and proposes what follows.

use std::time::Duration;

use anyhow::{Result, bail};
use sambac_domain::number::Msisdn;
use sambac_domain::receipt::ReceiptDate;
use sambac_domain::text::{Encoding, decode, encode};
use sambac_engine::clock::Clock;
use sambac_smpp::{Address, BindKind, CommandStatus, Pdu, Sm, Tag, TlvBuf};

use super::peer::{Answer, Delivered, Peer};
use super::report::Findings;
use super::{Certify, ids};

/// What ASCII, GSM 03.38 and Latin-1 write differently, where they can write it.
const CHARSET_TEXT: &str = "@£$_{}[]~€è";
/// How long an answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// Messages whose ids are compared.
const ID_MESSAGES: usize = 3;
/// Requests open at a time in the test of the window.
const WINDOW_MAX: u16 = 50;
const UDHI: u8 = 0x40;
/// How often a throttled message is sent again, and after how long.
const THROTTLED_MAX: u32 = 3;
const THROTTLED_PAUSE: Duration = Duration::from_millis(1_100);

/// What is tried, and what came of it.
pub(super) struct Checklist {
    certify: Certify,
    numbers: Vec<Msisdn>,
    sent: u32,
    took: Vec<Duration>,
    pub(super) findings: Findings,
}

impl Checklist {
    pub(super) fn new(certify: Certify, numbers: Vec<Msisdn>) -> Self {
        Self { certify, numbers, sent: 0, took: Vec::new(), findings: Findings::default() }
    }

    /// Tries all.
    pub(super) async fn run(&mut self) -> Result<()> {
        let mut peer = self.binds().await?;
        self.enquire_link(&mut peer).await;
        self.ids_and_receipts(&mut peer).await?;
        self.charset(&mut peer).await?;
        self.long_messages(&mut peer).await?;
        self.validity(&mut peer).await?;
        self.window(&mut peer).await?;
        self.times();
        peer.unbind().await;
        Ok(())
    }

    /// Which kinds of bind are taken; the last one stays.
    async fn binds(&mut self) -> Result<Peer> {
        let mut kept = None;
        for (kind, name) in [
            (BindKind::Receiver, "receiver"),
            (BindKind::Transmitter, "transmitter"),
            (BindKind::Transceiver, "transceiver"),
        ] {
            let Certify { address, system_id, password, .. } = &self.certify;
            match Peer::bind(address, system_id, password, kind, WINDOW_MAX).await? {
                Ok((peer, reply, took)) => {
                    let version =
                        reply.interface_version.map_or("no version".to_owned(), |v| format!("version {v:#04x}"));
                    let text = format!("{name} in {} ms, {version}", took.as_millis());
                    self.findings.note("bind", true, text);
                    match kind {
                        BindKind::Transceiver => kept = Some(peer),
                        _ => peer.unbind().await,
                    }
                }
                Err(error) => self.findings.note("bind", false, format!("{name}: {error}")),
            }
        }
        match kept {
            Some(peer) => Ok(peer),
            None => bail!("the SMSC takes no bind as a transceiver, which the other checks need"),
        }
    }

    async fn enquire_link(&mut self, peer: &mut Peer) {
        match peer.ask(&Pdu::EnquireLink, ANSWER_LIMIT).await {
            Ok(answer) => {
                self.findings.note(
                    "enquire_link",
                    answer.status.is_ok(),
                    format!("answered in {} ms", answer.took.as_millis()),
                );
            }
            Err(error) => self.findings.note("enquire_link", false, error.to_string()),
        }
    }

    /// Compares the ids of answers and receipts, and reads the receipts.
    async fn ids_and_receipts(&mut self, peer: &mut Peer) -> Result<()> {
        let (mut texts, mut tlvs, mut receipts) = (Vec::new(), Vec::new(), Vec::new());
        for number in 1..=ID_MESSAGES {
            let before = peer.delivered.len();
            let answer = self
                .submit(peer, Sm { short_message: format!("certify {number}").as_bytes(), ..Sm::default() })
                .await?;
            if !answer.status.is_ok() {
                self.findings.note("message", false, format!("refused: {}", answer.status));
                return Ok(());
            }
            let wait = Duration::from_secs(self.certify.receipt_wait_s);
            peer.until(wait, |peer| peer.delivered.iter().skip(before).any(Delivered::is_receipt)).await;
            let Some(receipt) = peer.delivered.iter().skip(before).find(|one| one.is_receipt()).cloned() else {
                continue;
            };
            texts.extend(receipt.field("id").map(|id| (answer.message_id.clone(), id)));
            tlvs.extend(receipt.tlv_id.clone().map(|id| (answer.message_id.clone(), id)));
            receipts.push(receipt);
        }
        if receipts.is_empty() {
            self.findings.note("receipt", false, format!("none within {} s", self.certify.receipt_wait_s));
            return Ok(());
        }
        self.ids(&texts, &tlvs);
        self.receipt_form(&receipts);
        Ok(())
    }

    fn ids(&mut self, texts: &[(String, String)], tlvs: &[(String, String)]) {
        let by_tlv = if tlvs.is_empty() { None } else { ids::rule(tlvs) };
        let by_text = if texts.is_empty() { None } else { ids::rule(texts) };
        let (rule, from) = match (by_tlv, by_text) {
            (Some(rule), _) => (rule, "receipted_message_id"),
            (None, Some(rule)) => {
                if !tlvs.is_empty() {
                    self.findings.propose("receipt_id", "prefer_text", "true");
                }
                (rule, "the text")
            }
            (None, None) => {
                return self.findings.note("ids", false, "no rule makes the ids of answers and receipts the same");
            }
        };
        let shown: Vec<_> = rule.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let text = if shown.is_empty() { "the same in answers and receipts".to_owned() } else { shown.join(", ") };
        self.findings.note("ids", true, format!("{text} (id of {from})"));
        for (name, value) in rule {
            self.findings.propose("receipt_id", name, value);
        }
    }

    fn receipt_form(&mut self, receipts: &[Delivered]) {
        let all = |holds: &dyn Fn(&Delivered) -> bool| receipts.iter().all(holds);
        let mut said = vec![format!("{} of {ID_MESSAGES} came", receipts.len())];
        if !all(&|receipt| receipt.esm_class & 0x3C != 0) {
            said.push("esm_class does not mark them".to_owned());
            if !all(&|receipt| receipt.tlv_id.is_some()) {
                self.findings.propose("receipt", "detect", "\"bits_tlv_or_text\"");
            }
        }
        if let Some(receipt) = receipts.first() {
            let tags: Vec<_> = receipt.tags.iter().map(|tag| tag.to_string().to_lowercase()).collect();
            said.push(format!(
                "optional parameters: {}",
                if tags.is_empty() { "none".to_owned() } else { tags.join(", ") }
            ));
            said.push(receipt.field("stat").map_or("no stat in the text".to_owned(), |stat| format!("stat {stat}")));
            if let Some(minutes) = receipt.field("done date").and_then(|date| offset_minutes(&date)) {
                said.push(format!("dates at UTC{minutes:+} minutes"));
                self.findings.propose("receipt", "utc_offset_minutes", minutes.to_string());
            }
        }
        self.findings.note("receipt", receipts.len() == ID_MESSAGES, said.join("; "));
    }

    /// Which alphabet data_coding 0 is: seen only where the peer sends the message back in the other encoding.
    async fn charset(&mut self, peer: &mut Peer) -> Result<()> {
        let octets = encode(CHARSET_TEXT, Encoding::Gsm7)?;
        let there = self.echoed(peer, &octets, 0).await?;
        match there.as_ref().and_then(|echo| understood(echo, &octets)) {
            Some(alphabet) => {
                self.findings.note("charset out", alphabet == "gsm", format!("data_coding 0 is read as {alphabet}"));
                if alphabet != "gsm" {
                    self.findings.propose("text", "alphabet_out", format!("\"{alphabet}\""));
                }
            }
            None => self.findings.note("charset out", true, "taken; no echo that tells what was understood"),
        }
        let back = self.echoed(peer, &encode(CHARSET_TEXT, Encoding::Ucs2)?, 8).await?;
        match back.filter(|echo| echo.data_coding == 0).and_then(|echo| written(&echo.message)) {
            Some(alphabet) => {
                self.findings.note("charset in", alphabet == "gsm", format!("data_coding 0 is written as {alphabet}"));
                if alphabet != "gsm" {
                    self.findings.propose("text", "alphabet_in", format!("\"{alphabet}\""));
                }
            }
            None => self.findings.note("charset in", true, "UCS-2 taken; no echo in data_coding 0"),
        }
        Ok(())
    }

    /// Sends octets, and gives the message that comes back, if one does.
    async fn echoed(&mut self, peer: &mut Peer, octets: &[u8], data_coding: u8) -> Result<Option<Delivered>> {
        let before = peer.delivered.len();
        let is_echo = |one: &&Delivered| !one.is_receipt();
        let answer = self.submit(peer, Sm { short_message: octets, data_coding, ..Sm::default() }).await?;
        if !answer.status.is_ok() {
            self.findings.note("charset", false, format!("data_coding {data_coding} is refused: {}", answer.status));
            return Ok(None);
        }
        let wait = Duration::from_secs(self.certify.receipt_wait_s);
        // An echo comes with the receipt or not at all.
        peer.until(wait, |peer| {
            let new: Vec<_> = peer.delivered.iter().skip(before).collect();
            new.iter().any(is_echo) || new.iter().any(|one| one.is_receipt())
        })
        .await;
        peer.until(Duration::from_millis(300), |peer| peer.delivered.iter().skip(before).any(|one| !one.is_receipt()))
            .await;
        Ok(peer.delivered.iter().skip(before).find(is_echo).cloned())
    }

    /// Which ways of sending long messages are taken.
    async fn long_messages(&mut self, peer: &mut Peer) -> Result<()> {
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
                Some(status) => self.findings.note("long messages", false, format!("{method} is refused: {status}")),
            }
        }
        self.findings.note("long messages", !taken.is_empty(), format!("taken: {}", taken.join(", ")));
        match taken.first() {
            Some(&"udh8") | None => {}
            Some(method) => self.findings.propose("long", "method", format!("\"{method}\"")),
        }
        Ok(())
    }

    async fn validity(&mut self, peer: &mut Peer) -> Result<()> {
        let mut taken = Vec::new();
        for (name, text) in [("relative", "000000001000000R"), ("absolute", "301231235959000+")] {
            let sm = Sm { validity_period: text.as_bytes(), short_message: name.as_bytes(), ..Sm::default() };
            match self.submit(peer, sm).await?.status {
                status if status.is_ok() => taken.push(name),
                status => self.findings.note("validity", false, format!("{name} is refused: {status}")),
            }
        }
        self.findings.note("validity", !taken.is_empty(), format!("taken: {}", taken.join(", ")));
        match taken.first() {
            Some(&"relative") => {}
            Some(form) => self.findings.propose("submit", "validity", format!("\"{form}\"")),
            None => self.findings.propose("submit", "validity", "\"never\""),
        }
        Ok(())
    }

    /// Sends many at once: how many are taken before the SMSC throttles or closes?
    async fn window(&mut self, peer: &mut Peer) -> Result<()> {
        let count = (self.certify.messages_max.saturating_sub(self.sent)).min(u32::from(WINDOW_MAX));
        // The checks before have taken some of what the SMSC allows in a second.
        peer.until(THROTTLED_PAUSE, |_| false).await;
        let mut tokens = Vec::new();
        for _ in 0..count {
            let address = self.address();
            tokens.push(
                peer.send(&Pdu::SubmitSm(addressed(
                    &self.certify.from,
                    &address,
                    Sm { short_message: b"burst", ..Sm::default() },
                )))
                .await?,
            );
            self.sent += 1;
        }
        let (mut accepted, mut throttled) = (0_u32, 0_u32);
        for token in tokens {
            match peer.answer(token, ANSWER_LIMIT).await {
                Ok(answer) if answer.status.is_ok() => {
                    accepted += 1;
                    self.took.push(answer.took);
                }
                Ok(answer) if is_throttle(answer.status) => throttled += 1,
                Ok(answer) => self.findings.note("window", false, format!("refused: {}", answer.status)),
                Err(error) => {
                    self.findings.note("window", false, error.to_string());
                    break;
                }
            }
        }
        let text = format!("of {count} at once, {accepted} were taken and {throttled} throttled");
        self.findings.note("window", !peer.is_closed, text);
        if throttled > 0 {
            // Whether by number or by rate, so many at a time are too many.
            self.findings.propose_key("window_max", accepted.max(1).to_string());
            self.findings.propose_key("throughput_per_s_max", accepted.max(1).to_string());
        }
        Ok(())
    }

    fn times(&mut self) {
        self.took.sort_unstable();
        if let (Some(median), Some(slowest)) = (self.took.get(self.took.len() / 2), self.took.last()) {
            let text = format!(
                "{} messages; median {} ms, slowest {} ms",
                self.took.len(),
                median.as_millis(),
                slowest.as_millis()
            );
            self.findings.note("response time", true, text);
        }
    }

    /// Sends one message to the next test number; when it is throttled, again after a while.
    async fn submit(&mut self, peer: &mut Peer, sm: Sm<'_>) -> Result<Answer> {
        let mut answer = self.submit_once(peer, sm).await?;
        for _ in 0..THROTTLED_MAX {
            if !is_throttle(answer.status) {
                break;
            }
            peer.until(THROTTLED_PAUSE, |_| false).await;
            answer = self.submit_once(peer, sm).await?;
        }
        Ok(answer)
    }

    async fn submit_once(&mut self, peer: &mut Peer, sm: Sm<'_>) -> Result<Answer> {
        if self.sent >= self.certify.messages_max {
            bail!("{} messages were sent: no more are allowed", self.sent);
        }
        let address = self.address();
        self.sent += 1;
        let answer = peer.ask(&Pdu::SubmitSm(addressed(&self.certify.from, &address, sm)), ANSWER_LIMIT).await?;
        if answer.status.is_ok() {
            self.took.push(answer.took);
        }
        Ok(answer)
    }

    fn address(&self) -> String {
        let at = self.sent as usize % self.numbers.len().max(1);
        self.numbers.get(at).map_or_else(String::new, |number| number.digits().as_bytes().escape_ascii().to_string())
    }
}

fn addressed<'a>(from: &'a str, to: &'a str, sm: Sm<'a>) -> Sm<'a> {
    let is_number = from.bytes().all(|octet| octet.is_ascii_digit());
    let source = if is_number { Address::new(1, 1, from.as_bytes()) } else { Address::new(5, 0, from.as_bytes()) };
    Sm { source, destination: Address::new(1, 1, to.as_bytes()), registered_delivery: 1, ..sm }
}

fn header(method: &str, part: u8) -> Vec<u8> {
    match method {
        "udh8" => vec![5, 0, 3, 0x51, 2, part],
        "udh16" => vec![6, 8, 4, 0, 0x51, 2, part],
        _ => Vec::new(),
    }
}

fn is_throttle(status: CommandStatus) -> bool {
    status == CommandStatus::RTHROTTLED || status == CommandStatus::RMSGQFUL
}

/// The alphabet under which the octets that were sent are what came back in UCS-2.
fn understood(echo: &Delivered, sent: &[u8]) -> Option<&'static str> {
    let text = (echo.data_coding == 8).then(|| decode(&echo.message, Encoding::Ucs2))?;
    let readings = [("gsm", decode(sent, Encoding::Gsm7)), ("latin1", decode(sent, Encoding::Latin1))];
    readings.into_iter().find(|(_, reading)| *reading == text).map(|(name, _)| name)
}

/// The alphabet in which the octets that came are the text, or as much of it as the alphabet has.
fn written(octets: &[u8]) -> Option<&'static str> {
    if decode(octets, Encoding::Gsm7) == CHARSET_TEXT {
        return Some("gsm");
    }
    let latin1: String = CHARSET_TEXT.chars().map(|c| if u32::from(c) < 256 { c } else { '?' }).collect();
    (decode(octets, Encoding::Latin1) == latin1).then_some("latin1")
}

/// How far a receipt's date is from now, in minutes, to the next quarter of an hour.
fn offset_minutes(date: &str) -> Option<i64> {
    let date = ReceiptDate::parse(date.as_bytes())?;
    let minutes = (date.micros_as_utc() - Clock::system().now().0) / 60_000_000;
    let quarters = (minutes + if minutes >= 0 { 7 } else { -7 }) / 15;
    (quarters.abs() <= 56).then_some(quarters * 15)
}
