//! What a fault did and what became of it, in numbers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::Fault;
use super::oracle::Verdict;

/// How a fault is played.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The platform: a build for tests, which can break itself at named points.
    pub binary: PathBuf,
    /// As users have it; where figures are measured.
    pub release: PathBuf,
    /// Repeats it.
    pub seed: u64,
    /// At length; otherwise within seconds.
    pub long: bool,
}

impl Setting {
    /// One of two sizes.
    pub(super) fn of<T>(&self, short: T, long: T) -> T {
        if self.long { long } else { short }
    }
}

/// The figures of one fault.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Its number.
    pub fault: &'static str,
    /// What is broken.
    pub title: &'static str,
    /// What must hold.
    pub holds: &'static str,
    /// `long` or `short`.
    pub form: &'static str,
    /// Repeats it.
    pub seed: u64,
    /// What the binary says of itself.
    pub version: String,
    /// What was broken, and how often.
    pub strikes: BTreeMap<String, u64>,
    /// Messages by what became of them.
    pub messages: BTreeMap<&'static str, u64>,
    /// What was measured.
    pub measured: BTreeMap<String, Value>,
    /// What does not hold, and how often; nothing is the aim.
    pub findings: BTreeMap<String, usize>,
    /// The first of that.
    pub first_findings: Vec<String>,
    /// All of it.
    pub elapsed_s: u64,
}

/// Findings that are written out.
const WRITTEN_MAX: usize = 20;

impl Report {
    pub(super) fn new(fault: &Fault, setting: &Setting, version: String) -> Self {
        let Fault { number, title, holds } = *fault;
        let form = setting.of("short", "long");
        Self { fault: number, title, holds, form, seed: setting.seed, version, ..Self::default() }
    }

    /// It was broken once more.
    pub(super) fn strike(&mut self, what: impl Into<String>) {
        *self.strikes.entry(what.into()).or_default() += 1;
    }

    pub(super) fn measured(&mut self, what: impl Into<String>, value: impl Into<Value>) {
        self.measured.insert(what.into(), value.into());
    }

    /// Something does not hold.
    pub(super) fn found(&mut self, rule: &str, text: impl Into<String>) {
        *self.findings.entry(rule.to_owned()).or_default() += 1;
        if self.first_findings.len() < WRITTEN_MAX {
            self.first_findings.push(format!("{rule}: {}", text.into()));
        }
    }

    /// Unless it holds.
    pub(super) fn expect(&mut self, rule: &str, holds: bool, text: impl Into<String>) {
        if !holds {
            self.found(rule, text);
        }
    }

    /// Another part of the same fault was played.
    pub(super) fn takes_in(&mut self, part: Self) {
        for (what, count) in part.messages {
            *self.messages.entry(what).or_default() += count;
        }
        for (rule, count) in part.findings {
            *self.findings.entry(rule).or_default() += count;
        }
        self.first_findings.extend(part.first_findings);
        self.measured.extend(part.measured);
        part.strikes.into_iter().for_each(|(what, count)| *self.strikes.entry(what).or_default() += count);
    }

    /// What the oracle says.
    pub(super) fn judged(&mut self, verdict: &Verdict) {
        for (what, count) in &verdict.counts {
            *self.messages.entry(what).or_default() += count;
        }
        for finding in &verdict.findings {
            self.found(finding.kind.as_str(), finding.text.clone());
        }
    }
}
