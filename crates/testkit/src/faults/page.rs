//! The last reports of all faults on one page, with the sums of what was counted.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::FAULTS;

const HEAD: &str = "# The last report of each fault

Written by `make faults`, which plays them at length; [faults](../../docs/operations/faults.md) says what holds in each. *Acknowledged* is what clients were told that we have, *arrived* what operators saw, *sent again* what of that they saw
more than once; a finding is one message, or one figure, that is not as it must be.

| Fault | Struck | Acknowledged | Arrived | Sent again | Findings | Seconds |
|---|---|---|---|---|---|---|
";
/// Those after which nothing acknowledged may be lost: by a million messages together (goal R1).
const LOSSLESS: [&str; 10] = ["F01", "F02", "F03", "F04", "F06", "F07", "F08", "F14", "F19", "F20"];

/// Makes the page of the reports that lie in a folder.
///
/// # Errors
/// When one of them cannot be read.
pub fn page(folder: &Path) -> Result<String> {
    let mut reports = Vec::new();
    for fault in FAULTS {
        let path = folder.join(format!("faults-{}.json", fault.number));
        if let Ok(text) = std::fs::read_to_string(&path) {
            reports.push(serde_json::from_str(&text).with_context(|| path.display().to_string())?);
        }
    }
    Ok(of(&reports))
}

fn of(reports: &[Value]) -> String {
    let mut page = HEAD.to_owned();
    for report in reports {
        let (number, title) = (text(report, "fault"), text(report, "title"));
        let struck: Vec<_> = entries(report, "strikes").map(|(what, times)| format!("{what}: {times}")).collect();
        let [acknowledged, arrived, again] = counts(report);
        let (findings, seconds) = (findings(report), report["elapsed_s"].as_u64().unwrap_or_default());
        // A string takes everything.
        let _ = writeln!(
            page,
            "| {number}: {title} | {} | {acknowledged} | {arrived} | {again} | {findings} | {seconds} |",
            struck.join("; ")
        );
    }
    let lossless = reports.iter().filter(|report| LOSSLESS.contains(&text(report, "fault")));
    for (name, reports) in [("all", reports.iter().collect::<Vec<_>>()), ("those of R1", lossless.collect())] {
        let sum = |at: usize| reports.iter().map(|report| counts(report)[at]).sum::<u64>();
        let findings: u64 = reports.iter().map(|report| findings(report)).sum();
        let _ = writeln!(page, "| **{name}** | | {} | {} | {} | {findings} | |", sum(0), sum(1), sum(2));
    }
    page
}

fn text<'a>(report: &'a Value, key: &str) -> &'a str {
    report[key].as_str().unwrap_or_default()
}

fn entries<'a>(report: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, u64)> {
    let map = report[key].as_object().into_iter().flatten();
    map.map(|(name, count)| (name, count.as_u64().unwrap_or_default()))
}

fn counts(report: &Value) -> [u64; 3] {
    let of = |name: &str| report["messages"][name].as_u64().unwrap_or_default();
    ["acknowledged", "arrived", "sent again"].map(of)
}

fn findings(report: &Value) -> u64 {
    entries(report, "findings").map(|(_, count)| count).sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_counted_is_summed() {
        let messages = |count: u64| json!({ "acknowledged": count, "arrived": count + 2, "sent again": 1 });
        let first = json!({ "fault": "F01", "title": "killed", "strikes": { "kill -9": 3, "kill -15": 2 }, "messages": messages(10), "findings": {}, "elapsed_s": 7 });
        let other = json!({ "fault": "F05", "title": "gone", "strikes": {}, "messages": messages(5), "findings": { "lost": 2, "late": 1 } });
        let page = of(&[first, other]);
        let rows: Vec<_> = page.lines().skip_while(|line| !line.starts_with("|---")).skip(1).collect();
        assert_eq!(
            rows,
            [
                "| F01: killed | kill -15: 2; kill -9: 3 | 10 | 12 | 1 | 0 | 7 |",
                "| F05: gone |  | 5 | 7 | 1 | 3 | 0 |",
                "| **all** | | 15 | 19 | 2 | 3 | |",
                "| **those of R1** | | 10 | 12 | 1 | 0 | |",
            ]
        );
    }
}
