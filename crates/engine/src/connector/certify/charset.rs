//! Alphabets: what data_coding 0 is on either side.

use std::time::Duration;

use sambac_domain::text::{Encoding, decode, encode};
use sambac_smpp::Sm;

use super::checklist::Checklist;
use super::peer::{Delivered, Peer, Trouble};

/// What ASCII, GSM 03.38 and Latin-1 write differently, where they can write it.
const CHARSET_TEXT: &str = "@£$_{}[]~€è";

impl Checklist {
    /// Which alphabet data_coding 0 is: seen only where the peer sends the message back in the other encoding.
    pub(super) async fn charset(&mut self, peer: &mut Peer) -> Result<(), Trouble> {
        let octets = written_in(Encoding::Gsm7)?;
        if let Some(there) = self.echoed(peer, &octets, 0).await? {
            self.read_as(there.as_ref().and_then(|echo| understood(echo, &octets)));
        }
        if let Some(back) = self.echoed(peer, &written_in(Encoding::Ucs2)?, 8).await? {
            self.written_as(back.filter(|echo| echo.data_coding == 0).and_then(|echo| written(&echo.message)));
        }
        Ok(())
    }

    fn read_as(&self, alphabet: Option<&'static str>) {
        match alphabet {
            Some(alphabet) => {
                self.report.note("charset out", alphabet == "gsm", format!("data_coding 0 is read as {alphabet}"));
                if alphabet != "gsm" {
                    self.report.propose("text", "alphabet_out", alphabet);
                }
            }
            None => self.report.note("charset out", true, "taken; no echo that tells what was understood"),
        }
    }

    fn written_as(&self, alphabet: Option<&'static str>) {
        match alphabet {
            Some(alphabet) => {
                self.report.note("charset in", alphabet == "gsm", format!("data_coding 0 is written as {alphabet}"));
                if alphabet != "gsm" {
                    self.report.propose("text", "alphabet_in", alphabet);
                }
            }
            None => self.report.note("charset in", true, "UCS-2 taken; no echo in data_coding 0"),
        }
    }

    /// Sends octets, and gives the message that comes back, if one does; `None` when they are refused.
    async fn echoed(
        &mut self,
        peer: &mut Peer,
        octets: &[u8],
        data_coding: u8,
    ) -> Result<Option<Option<Delivered>>, Trouble> {
        let before = peer.delivered.len();
        let is_echo = |one: &&Delivered| !one.is_receipt();
        let answer = self.submit(peer, Sm { short_message: octets, data_coding, ..Sm::default() }).await?;
        if !answer.status.is_ok() {
            self.report.note("charset", false, format!("data_coding {data_coding} is refused: {}", answer.status));
            return Ok(None);
        }
        let wait = self.trial.receipt_wait;
        // An echo comes with the receipt or not at all.
        peer.until(wait, |peer| {
            let new: Vec<_> = peer.delivered.iter().skip(before).collect();
            new.iter().any(is_echo) || new.iter().any(|one| one.is_receipt())
        })
        .await;
        peer.until(Duration::from_millis(300), |peer| peer.delivered.iter().skip(before).any(|one| !one.is_receipt()))
            .await;
        Ok(Some(peer.delivered.iter().skip(before).find(is_echo).cloned()))
    }
}

fn written_in(encoding: Encoding) -> Result<Vec<u8>, Trouble> {
    encode(CHARSET_TEXT, encoding).map_err(|error| Trouble::Unwritable(error.to_string()))
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
