//! Message ids and receipts: three messages, their answers, and what comes back.

use sambac_domain::receipt::ReceiptDate;
use sambac_domain::time::Timestamp;
use sambac_smpp::Sm;

use super::checklist::Checklist;
use super::ids;
use super::peer::{Delivered, Peer, Trouble};
use super::report::Verdict;

/// Messages whose ids are compared.
const ID_MESSAGES: usize = 3;

/// What came back: pairs of ids, the answer's and the receipt's, by text and by parameter.
#[derive(Default)]
struct Heard {
    texts: Vec<(String, String)>,
    tlvs: Vec<(String, String)>,
    receipts: Vec<Delivered>,
    refused: bool,
}

impl Checklist {
    /// Compares the ids of answers and receipts, and reads the receipts. What came before something went wrong counts.
    pub(super) async fn ids_and_receipts(&mut self, peer: &mut Peer) -> Result<(), Trouble> {
        let mut heard = Heard::default();
        let mut ended = Ok(());
        for number in 1..=ID_MESSAGES {
            ended = self.one_message(number, peer, &mut heard).await;
            if ended.is_err() || heard.refused {
                break;
            }
        }
        if heard.refused {
            self.report.add("ids and receipts", Verdict::Untested, "a message was refused");
        } else if !heard.receipts.is_empty() {
            self.ids(&heard.texts, &heard.tlvs);
            self.receipt_form(&heard.receipts);
        } else if ended.is_ok() {
            self.report.note("receipt", false, format!("none within {:?}", self.trial.receipt_wait));
        }
        ended
    }

    async fn one_message(&mut self, number: usize, peer: &mut Peer, heard: &mut Heard) -> Result<(), Trouble> {
        let before = peer.delivered.len();
        let text = format!("certify {number}");
        let answer = self.submit(peer, Sm { short_message: text.as_bytes(), ..Sm::default() }).await?;
        if !answer.status.is_ok() {
            self.report.note("message", false, format!("refused: {}", answer.status));
            heard.refused = true;
            return Ok(());
        }
        let wait = self.trial.receipt_wait;
        peer.until(wait, |peer| peer.delivered.iter().skip(before).any(Delivered::is_receipt)).await;
        let receipt = peer.delivered.iter().skip(before).find(|one| one.is_receipt()).cloned();
        if let Some(receipt) = receipt {
            heard.texts.extend(receipt.field("id").map(|id| (answer.message_id.clone(), id)));
            heard.tlvs.extend(receipt.tlv_id.clone().map(|id| (answer.message_id, id)));
            heard.receipts.push(receipt);
        }
        Ok(())
    }

    fn ids(&mut self, texts: &[(String, String)], tlvs: &[(String, String)]) {
        let by_tlv = if tlvs.is_empty() { None } else { ids::rule(tlvs) };
        let by_text = if texts.is_empty() { None } else { ids::rule(texts) };
        let (rule, from) = match (by_tlv, by_text) {
            (Some(rule), _) => (rule, "receipted_message_id"),
            (None, Some(rule)) => {
                if !tlvs.is_empty() {
                    self.report.propose("receipt_id", "prefer_text", true);
                }
                (rule, "the text")
            }
            (None, None) => {
                return self.report.note("ids", false, "no rule makes the ids of answers and receipts the same");
            }
        };
        let shown: Vec<_> = rule.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let text = if shown.is_empty() { "the same in answers and receipts".to_owned() } else { shown.join(", ") };
        self.report.note("ids", true, format!("{text} (id of {from})"));
        for (name, value) in rule {
            self.report.propose("receipt_id", name, value);
        }
    }

    fn receipt_form(&mut self, receipts: &[Delivered]) {
        let all = |holds: &dyn Fn(&Delivered) -> bool| receipts.iter().all(holds);
        let mut said = vec![format!("{} of {ID_MESSAGES} came", receipts.len())];
        if !all(&|receipt| receipt.esm_class & 0x3C != 0) {
            said.push("esm_class does not mark them".to_owned());
            if !all(&|receipt| receipt.tlv_id.is_some()) {
                self.report.propose("receipt", "detect", "bits_tlv_or_text");
            }
        }
        if let Some(receipt) = receipts.first() {
            let tags: Vec<_> = receipt.tags.iter().map(|tag| tag.to_string().to_lowercase()).collect();
            said.push(format!(
                "optional parameters: {}",
                if tags.is_empty() { "none".to_owned() } else { tags.join(", ") }
            ));
            said.push(receipt.field("stat").map_or("no stat in the text".to_owned(), |stat| format!("stat {stat}")));
            if let Some(minutes) = receipt.field("done date").and_then(|date| offset_minutes(&date, self.clock.now())) {
                said.push(format!("dates at UTC{minutes:+} minutes"));
                self.report.propose("receipt", "utc_offset_minutes", minutes);
            }
        }
        self.report.note("receipt", receipts.len() == ID_MESSAGES, said.join("; "));
    }
}

/// How far a receipt's date is from now, in minutes, to the next quarter of an hour.
fn offset_minutes(date: &str, now: Timestamp) -> Option<i64> {
    let date = ReceiptDate::parse(date.as_bytes())?;
    let minutes = (date.micros_as_utc() - now.0) / 60_000_000;
    let quarters = (minutes + if minutes >= 0 { 7 } else { -7 }) / 15;
    (quarters.abs() <= 56).then_some(quarters * 15)
}
