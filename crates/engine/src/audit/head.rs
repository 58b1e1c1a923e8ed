//! Sends the signed head of the audit log to where an intruder here cannot change it, within a minute of what it tells of.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use sambac_store::audit::AuditHead;

use super::SUBJECT;
use super::sign::{HeadKey, SignedHead};
use crate::Inner;
use crate::alert::AlertKind;

/// How often the head is looked at.
pub(super) const INTERVAL: Duration = Duration::from_secs(20);
/// How long a receiver may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where heads go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadReceiver {
    /// The log of this process, which is usually collected.
    Log,
    /// A file, to the end of which each is written as a line.
    File(PathBuf),
    /// An address that each is posted to as JSON.
    Url(url::Url),
}

impl HeadReceiver {
    /// `log`, `file:/path` or a URL of http or https.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "log" {
            return Some(Self::Log);
        }
        if let Some(path) = text.strip_prefix("file:") {
            return (!path.is_empty()).then(|| Self::File(PathBuf::from(path)));
        }
        let url = url::Url::parse(text).ok()?;
        (matches!(url.scheme(), "http" | "https") && url.host().is_some()).then_some(Self::Url(url))
    }

    async fn send(&self, http: Option<&reqwest::Client>, head: &SignedHead) -> Result<(), String> {
        match self {
            Self::Log => tracing::info!(head.head, head.at, head.public_key, head.signature, "head of the audit log"),
            Self::File(path) => {
                let line = serde_json::to_string(head).map_err(|error| error.to_string())? + "\n";
                append(path, &line).map_err(|error| format!("{}: {error}", path.display()))?;
            }
            Self::Url(url) => {
                let http = http.ok_or("there is no client for it")?;
                let sent = http.post(url.clone()).json(head).timeout(TIMEOUT).send().await;
                let answer = sent.map_err(|error| error.without_url().to_string())?;
                if !answer.status().is_success() {
                    return Err(format!("answered {}", answer.status()));
                }
            }
        }
        Ok(())
    }
}

fn append(path: &PathBuf, line: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(line.as_bytes())?;
    file.sync_data()
}

/// The receivers, each with the head that it got last.
pub(super) struct Sender {
    key: Option<HeadKey>,
    http: Option<reqwest::Client>,
    receivers: Vec<(HeadReceiver, AuditHead)>,
}

impl Sender {
    pub(super) fn new(inner: &Inner) -> Self {
        let key = HeadKey::of(&inner.settings.seal).inspect_err(|error| tracing::error!(%error, "heads are not sent"));
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build();
        let http = http.inspect_err(|error| tracing::error!(%error, "heads are not posted"));
        let receivers = inner.settings.audit_heads_to.iter().map(|receiver| (receiver.clone(), AuditHead::default()));
        Self { key: key.ok(), http: http.ok(), receivers: receivers.collect() }
    }

    /// Sends each receiver the head, if it has moved since that got one.
    pub(super) async fn send(&mut self, inner: &Inner) {
        let raise =
            |why: &str| inner.alerts.raise(AlertKind::AuditHead, SUBJECT, format!("the head was not sent: {why}"));
        let Some(key) = &self.key else { return raise("it cannot be signed") };
        let head = match inner.store.audit_head().await {
            Ok(head) => head,
            Err(error) => return raise(&error.to_string()),
        };
        let signed = key.sign(&head, inner.clock.now());
        for (receiver, last) in self.receivers.iter_mut().filter(|(_, last)| *last != head) {
            match receiver.send(self.http.as_ref(), &signed).await {
                Ok(()) => {
                    last.clone_from(&head);
                    inner.alerts.clear(AlertKind::AuditHead, SUBJECT, "sent");
                }
                Err(why) => raise(&why),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receivers_are_read() {
        assert_eq!(HeadReceiver::parse("log"), Some(HeadReceiver::Log));
        assert_eq!(HeadReceiver::parse("file:/var/log/heads"), Some(HeadReceiver::File("/var/log/heads".into())));
        assert!(matches!(HeadReceiver::parse("https://collector.example/heads"), Some(HeadReceiver::Url(_))));
        for text in ["", "stdout", "file:", "ftp://collector.example", "/var/log/heads"] {
            assert_eq!(HeadReceiver::parse(text), None, "{text}");
        }
    }
}
