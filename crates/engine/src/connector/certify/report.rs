//! What was found, and the settings that follow from it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sambac_domain::time::Timestamp;
use serde_json::{Map, Value, json};

use crate::admin::File;
use crate::admin::file::Connector;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All was as it should be.
    Passed,
    /// Something was not.
    Failed,
    /// It could not be tried.
    Untested,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which check.
    pub check: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found, or why it failed or could not be tried.
    pub text: String,
}

/// All that was found so far.
#[derive(Clone, Debug)]
pub struct Certification {
    /// Where it was bound to: `host:port`.
    pub host: String,
    /// As whom.
    pub system_id: String,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended; `None` while it runs.
    pub ended_at: Option<Timestamp>,
    /// In the order in which they were made.
    pub findings: Vec<Finding>,
    /// Settings of the profile that follow, by section.
    pub settings: BTreeMap<&'static str, BTreeMap<&'static str, Value>>,
    /// Keys of the connector itself that follow.
    pub keys: BTreeMap<&'static str, Value>,
}

/// A report that grows while others look at it.
#[derive(Clone)]
pub(super) struct SharedReport(Arc<Mutex<Certification>>);

impl Verdict {
    /// As it is written outside.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Untested => "untested",
        }
    }
}

impl Certification {
    /// Whether everything was tried.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.ended_at.is_some() && self.findings.iter().all(|finding| finding.verdict != Verdict::Untested)
    }

    /// A connector with what follows laid over it, and its operator: a file that can be applied as it is.
    ///
    /// # Errors
    /// When what follows does not go with the connector.
    pub fn proposal(&self, connector: &Connector) -> Result<File, serde_json::Error> {
        let mut whole = serde_json::to_value(connector)?;
        if let Some(fields) = whole.as_object_mut() {
            for (key, value) in &self.keys {
                fields.insert((*key).to_owned(), value.clone());
            }
            let settings = fields.entry("settings").or_insert_with(|| Value::Object(Map::new()));
            for (section, following) in &self.settings {
                for (key, value) in following {
                    settings[*section][*key] = value.clone();
                }
            }
        }
        serde_json::from_value(json!({ "operator": [{ "name": connector.operator }], "connector": [whole] }))
    }
}

impl SharedReport {
    pub(super) fn new(host: &str, system_id: &str, began_at: Timestamp) -> Self {
        let (host, system_id) = (host.to_owned(), system_id.to_owned());
        let (findings, settings, keys) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        Self(Arc::new(Mutex::new(Certification {
            host,
            system_id,
            began_at,
            ended_at: None,
            findings,
            settings,
            keys,
        })))
    }

    /// As it is now.
    pub(super) fn get(&self) -> Certification {
        self.lock().clone()
    }

    /// Notes what a check found, and whether all was as it should be.
    pub(super) fn note(&self, check: &'static str, is_good: bool, text: impl Into<String>) {
        self.add(check, if is_good { Verdict::Passed } else { Verdict::Failed }, text);
    }

    /// Notes how a check ended.
    pub(super) fn add(&self, check: &'static str, verdict: Verdict, text: impl Into<String>) {
        self.lock().findings.push(Finding { check, verdict, text: text.into() });
    }

    /// Proposes a setting of the profile.
    pub(super) fn propose(&self, section: &'static str, name: &'static str, value: impl Into<Value>) {
        self.lock().settings.entry(section).or_default().insert(name, value.into());
    }

    /// Proposes a key of the connector.
    pub(super) fn propose_key(&self, name: &'static str, value: impl Into<Value>) {
        self.lock().keys.insert(name, value.into());
    }

    pub(super) fn bound_to(&self, host: String) {
        self.lock().host = host;
    }

    pub(super) fn ended(&self, at: Timestamp) {
        self.lock().ended_at.get_or_insert(at);
    }

    pub(super) fn is_running(&self) -> bool {
        self.lock().ended_at.is_none()
    }

    fn lock(&self) -> MutexGuard<'_, Certification> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_is_laid_over_the_connector_and_its_operator_comes_with_it() {
        let text = json!({ "name": "alpha-1", "operator": "alpha", "host": "smsc.example", "port": 2775, "system_id": "bank",
            "settings": { "session": { "enquire_link_s": 60 }, "receipt_id": { "submit_radix": "hex" } } });
        let connector: Connector = serde_json::from_value(text).expect("a connector");
        let report = SharedReport::new("smsc.example:2775", "bank", Timestamp::EPOCH);
        report.propose("receipt_id", "receipt_radix", "decimal");
        report.propose("long", "method", "udh16");
        report.propose_key("window_max", 7);
        report.add("bind", Verdict::Untested, "no time");
        report.ended(Timestamp(1));
        let file = report.get().proposal(&connector).expect("a file");
        let settings = json!({ "session": { "enquire_link_s": 60 }, "long": { "method": "udh16" },
            "receipt_id": { "submit_radix": "hex", "receipt_radix": "decimal" } });
        assert_eq!(Value::Object(file.connector[0].settings.clone()), settings);
        assert_eq!((file.connector[0].window_max, file.operator[0].name.as_str()), (7, "alpha"));
        assert!(!report.get().is_whole() && !report.is_running());
    }
}
