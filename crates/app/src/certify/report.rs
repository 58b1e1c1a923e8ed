//! What was found, for people and for programs, and the settings that follow from it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Certify;

/// All that was found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    notes: Vec<Note>,
    /// Settings of the profile, by section.
    settings: BTreeMap<&'static str, BTreeMap<&'static str, String>>,
    /// Keys of the connector itself.
    keys: BTreeMap<&'static str, String>,
}

#[derive(Debug)]
struct Note {
    check: &'static str,
    is_good: bool,
    text: String,
}

impl Findings {
    /// Notes what a check found, and whether all was as it should be.
    pub(super) fn note(&mut self, check: &'static str, is_good: bool, text: impl Into<String>) {
        self.notes.push(Note { check, is_good, text: text.into() });
    }

    /// Proposes a setting of the profile; `value` as in TOML.
    pub(super) fn propose(&mut self, section: &'static str, name: &'static str, value: impl Into<String>) {
        self.settings.entry(section).or_default().insert(name, value.into());
    }

    /// Proposes a key of the connector.
    pub(super) fn propose_key(&mut self, name: &'static str, value: impl Into<String>) {
        self.keys.insert(name, value.into());
    }
}

/// The connector as `sambac apply` takes it; the password is for a person to fill in.
fn toml(certify: &Certify, findings: &Findings) -> String {
    let (host, port) = certify.address.rsplit_once(':').unwrap_or((&certify.address, "2775"));
    let mut text = format!(
        "[[connector]]\nname = {:?}\noperator = {:?}\nhost = {host:?}\nport = {port}\nsystem_id = {:?}\n",
        certify.name, certify.name, certify.system_id
    );
    for (name, value) in &findings.keys {
        // Writing into a String does not fail.
        let _ = writeln!(text, "{name} = {value}");
    }
    for (section, settings) in &findings.settings {
        let _ = writeln!(text, "\n[connector.settings.{section}]");
        for (name, value) in settings {
            let _ = writeln!(text, "{name} = {value}");
        }
    }
    text
}

/// For people.
pub(super) fn markdown(certify: &Certify, findings: &Findings) -> String {
    let mut text = format!("# {} as {}\n\n| Check | | Found |\n|---|---|---|\n", certify.address, certify.system_id);
    for Note { check, is_good, text: found } in &findings.notes {
        let mark = if *is_good { "✓" } else { "✗" };
        let _ = writeln!(text, "| {check} | {mark} | {} |", found.replace('|', "\\|"));
    }
    let _ = write!(text, "\n## Proposed settings\n\n```toml\n{}```\n", toml(certify, findings));
    text
}

/// For programs.
pub(super) fn json(certify: &Certify, findings: &Findings) -> Value {
    let notes: Vec<_> = findings
        .notes
        .iter()
        .map(|note| json!({"check": note.check, "good": note.is_good, "found": note.text}))
        .collect();
    json!({
        "address": certify.address,
        "system_id": certify.system_id,
        "checks": notes,
        "settings": findings.settings,
        "connector": findings.keys,
        "toml": toml(certify, findings),
    })
}
