//! The figures of a scenario: kept as JSON, shown as Markdown. All of them are whole numbers.

mod markdown;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::latency::Latency;
use super::machine::Machine;

pub(crate) use markdown::summary;

/// One scenario's figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) scenario: String,
    /// In a sentence.
    pub(crate) what: String,
    /// When it was begun.
    pub(crate) at: String,
    pub(crate) machine: Machine,
    /// What the scenario was run with.
    pub(crate) settings: BTreeMap<String, u64>,
    pub(crate) load: Load,
    /// `accept`: offer to answer. `submit`: offer to `submit_sm` at the operator. `receipt`: offer to the client's receipt.
    pub(crate) latency: BTreeMap<String, Latency>,
    pub(crate) costs: Costs,
    /// What only this scenario measures.
    pub(crate) figures: BTreeMap<String, u64>,
    pub(crate) bars: Vec<Bar>,
    /// What must not happen and did.
    pub(crate) faults: Vec<String>,
}

/// What was offered and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Load {
    /// For how long messages were offered.
    pub(crate) offered_ms: u64,
    pub(crate) sent: u64,
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    /// By command_status or HTTP status.
    pub(crate) refusals: BTreeMap<String, u64>,
    pub(crate) unanswered: u64,
    /// Accepted while messages were offered.
    pub(crate) accepted_per_s: u64,
    /// Delivered while messages were offered.
    pub(crate) delivered_per_s: u64,
    pub(crate) delivered: u64,
    /// Ended in another state.
    pub(crate) undelivered: u64,
    /// From the last offer until everything had ended.
    pub(crate) drain_ms: u64,
    /// Accepted, and never heard of again.
    pub(crate) lost: u64,
    /// `submit_sm` at the operator beyond one per accepted message.
    pub(crate) duplicated: u64,
    /// Receipts to the client beyond one per message.
    pub(crate) repeated_receipts: u64,
}

/// What it cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Costs {
    pub(crate) wall_ms: u64,
    /// A thousandth of this is CPU seconds per 1,000 messages.
    pub(crate) cpu_us_per_message: u64,
    pub(crate) platform_cpu_ms: u64,
    /// Of that in the kernel.
    pub(crate) platform_system_ms: u64,
    /// By threads of a name, those that run at the end.
    pub(crate) platform_threads_ms: BTreeMap<String, u64>,
    pub(crate) operator_cpu_ms: u64,
    pub(crate) generator_cpu_ms: u64,
    /// Of whatever else the machine did meanwhile: much of it makes the figures worse than they are.
    pub(crate) others_cpu_ms: u64,
    pub(crate) rss_idle_kib: u64,
    pub(crate) rss_peak_kib: u64,
    pub(crate) data_octets: u64,
    /// Each is one flush to disk, beside the checkpoints of the write-ahead log.
    pub(crate) commits: u64,
    pub(crate) commits_failed: u64,
    pub(crate) invariants_broken: u64,
    pub(crate) commit_mean_us: u64,
    /// From the platform's own histogram: the bound of the bucket that holds the 99th percentile.
    pub(crate) accept_to_submit_p99_max_us: Option<u64>,
}

/// A floor or a ceiling that was set for a figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bar {
    pub(crate) what: String,
    pub(crate) wanted: String,
    pub(crate) reached: String,
    pub(crate) met: bool,
}

impl Bar {
    /// `reached` must be at least `wanted`.
    pub(crate) fn at_least(what: &str, wanted: u64, reached: u64) -> Self {
        Self {
            what: what.to_owned(),
            wanted: format!("≥ {wanted}"),
            reached: reached.to_string(),
            met: reached >= wanted,
        }
    }

    /// `reached` must be at most `wanted`. Nothing reached is not met.
    pub(crate) fn at_most(what: &str, wanted: u64, reached: Option<u64>) -> Self {
        Self {
            what: what.to_owned(),
            wanted: format!("≤ {wanted}"),
            reached: reached.map_or_else(|| "not measured".to_owned(), |reached| reached.to_string()),
            met: reached.is_some_and(|reached| reached <= wanted),
        }
    }
}

impl Report {
    /// Notes what must not happen: loss, repetition, and failures of the platform.
    pub(crate) fn find_faults(&mut self, broken: Vec<String>) {
        let (load, costs) = (&self.load, &self.costs);
        let counted = [
            (load.lost, "messages were accepted and lost"),
            (load.duplicated, "messages reached the operator twice"),
            (load.repeated_receipts, "receipts came twice"),
            (load.undelivered, "messages ended in another state than delivered"),
            (load.unanswered, "messages were never answered"),
            (costs.commits_failed, "commits failed"),
            (costs.invariants_broken, "batches contradicted the database"),
        ];
        let counted = counted.into_iter().filter(|(count, _)| *count > 0);
        self.faults.extend(counted.map(|(count, what)| format!("{count} {what}")));
        self.faults.extend(broken);
    }
}

/// So many in so long, each second.
pub(crate) fn per_s(count: u64, ms: u64) -> u64 {
    count.saturating_mul(1_000).checked_div(ms).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_not_happen_is_named() {
        let mut report = Report { load: Load { lost: 2, ..Load::default() }, ..Report::default() };
        report.find_faults(vec!["a bind ended".to_owned()]);
        assert_eq!(report.faults, ["2 messages were accepted and lost", "a bind ended"]);
    }

    #[test]
    fn bars_are_met_at_their_bound() {
        assert!(Bar::at_least("x", 5, 5).met && !Bar::at_least("x", 5, 4).met);
        assert!(Bar::at_most("x", 5, Some(5)).met && !Bar::at_most("x", 5, Some(6)).met);
        assert!(!Bar::at_most("x", 5, None).met);
        assert_eq!((per_s(300, 60_000), per_s(1, 0)), (5, 0));
    }

    #[test]
    fn a_report_is_read_back_as_it_was_written() {
        let report = Report { bars: vec![Bar::at_least("x", 1, 2)], ..Report::default() };
        let text = serde_json::to_string(&report).expect("a report is JSON");
        assert_eq!(serde_json::from_str::<Report>(&text).expect("it was just written"), report);
    }
}
