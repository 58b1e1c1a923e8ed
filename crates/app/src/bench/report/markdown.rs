//! Reports as one page of Markdown, which is also readable in a terminal.

use std::fmt::Write as _;

use super::{Costs, Latency, Report};

/// The page.
pub(crate) fn summary(reports: &[Report]) -> String {
    let mut page = String::new();
    table(
        &mut page,
        [
            "Scenario",
            "Accepted /s",
            "Delivered /s",
            "Accepted",
            "Lost",
            "Twice",
            "Drained s",
            "CPU s per 1,000",
            "RSS idle MiB",
            "RSS peak MiB",
        ],
    );
    for report in reports {
        let (load, costs) = (&report.load, &report.costs);
        row(
            &mut page,
            &[
                report.scenario.clone(),
                load.accepted_per_s.to_string(),
                load.delivered_per_s.to_string(),
                load.accepted.to_string(),
                load.lost.to_string(),
                (load.duplicated + load.repeated_receipts).to_string(),
                thousandths(load.drain_ms),
                thousandths(costs.cpu_us_per_message),
                (costs.rss_idle_kib / 1024).to_string(),
                (costs.rss_peak_kib / 1024).to_string(),
            ],
        );
    }
    latencies(&mut page, reports);
    bars(&mut page, reports);
    for report in reports {
        detail(&mut page, report);
    }
    page
}

fn latencies(page: &mut String, reports: &[Report]) {
    page.push_str(
        "\nMilliseconds from a message's offer to its answer (accept), to the operator (submit), to its receipt:\n\n",
    );
    table(page, ["Scenario", "To", "p50", "p95", "p99", "Greatest", "Messages"]);
    for report in reports {
        for (what, latency) in &report.latency {
            let Latency { count, p50_us, p95_us, p99_us, max_us } = latency;
            let times = [p50_us, p95_us, p99_us, max_us].map(|us| thousandths(*us));
            let [p50, p95, p99, max] = times;
            row(page, &[report.scenario.clone(), what.clone(), p50, p95, p99, max, count.to_string()]);
        }
    }
}

fn bars(page: &mut String, reports: &[Report]) {
    page.push_str("\nBars:\n\n");
    table(page, ["Scenario", "Figure", "Wanted", "Reached", "Met"]);
    for report in reports {
        for bar in &report.bars {
            let met = if bar.met { "yes" } else { "no" };
            row(
                page,
                &[report.scenario.clone(), bar.what.clone(), bar.wanted.clone(), bar.reached.clone(), met.to_owned()],
            );
        }
    }
}

fn detail(page: &mut String, report: &Report) {
    let _ =
        writeln!(page, "\n## {}\n\n{} Begun {}; {}.\n", report.scenario, report.what, report.at, report.machine.line());
    let named = |values: &std::collections::BTreeMap<String, u64>| {
        values.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
    };
    let _ = writeln!(page, "- Settings: {}.", named(&report.settings));
    costs(page, &report.costs);
    if !report.figures.is_empty() {
        let _ = writeln!(page, "- Figures: {}.", named(&report.figures));
    }
    if !report.load.refusals.is_empty() {
        let _ = writeln!(page, "- Refused: {}.", named(&report.load.refusals));
    }
    for fault in &report.faults {
        let _ = writeln!(page, "- **Fault**: {fault}.");
    }
}

fn costs(page: &mut String, costs: &Costs) {
    let threads: Vec<_> =
        costs.platform_threads_ms.iter().map(|(name, ms)| format!("{name} {}", thousandths(*ms))).collect();
    let _ = writeln!(
        page,
        "- CPU seconds in {} s: platform {} ({} of it in the kernel; threads: {}), operator {}, generator {}, everything \
         else on the machine {}.",
        thousandths(costs.wall_ms),
        thousandths(costs.platform_cpu_ms),
        thousandths(costs.platform_system_ms),
        threads.join(", "),
        thousandths(costs.operator_cpu_ms),
        thousandths(costs.generator_cpu_ms),
        thousandths(costs.others_cpu_ms)
    );
    let _ = writeln!(
        page,
        "- {} commits of {} ms on average; {} MiB of data at the end.",
        costs.commits,
        thousandths(costs.commit_mean_us),
        costs.data_octets / (1024 * 1024)
    );
    if let Some(us) = costs.accept_to_submit_p99_max_us {
        let _ = writeln!(
            page,
            "- By the platform's own count, 99 % go from acceptance to submit_sm within {} ms.",
            thousandths(us)
        );
    }
}

fn table<const N: usize>(page: &mut String, headings: [&str; N]) {
    let _ = writeln!(page, "| {} |", headings.join(" | "));
    let _ = writeln!(page, "|{}", "---|".repeat(N));
}

fn row<const N: usize>(page: &mut String, cells: &[String; N]) {
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}

/// A number of thousandths, to three places below 10, to one below 100, whole above.
fn thousandths(number: u64) -> String {
    let (whole, rest) = (number / 1_000, number % 1_000);
    match whole {
        0..10 => format!("{whole}.{rest:03}"),
        10..100 => format!("{whole}.{}", rest / 100),
        _ => whole.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::report::{Bar, Load};

    #[test]
    fn numbers_have_as_many_places_as_they_need() {
        assert_eq!([7, 9_999, 12_345, 123_456].map(thousandths), ["0.007", "9.999", "12.3", "123"]);
    }

    #[test]
    fn the_page_has_a_row_for_each_scenario_latency_and_bar() {
        let latency = Latency { count: 5, p50_us: 1_500, p95_us: 2_000, p99_us: 3_000, max_us: 40_000 };
        let report = Report {
            scenario: "smpp-open".to_owned(),
            load: Load { accepted_per_s: 1_000, ..Load::default() },
            latency: [("accept".to_owned(), latency)].into(),
            bars: vec![Bar::at_most("accept p99 ms", 25, Some(3))],
            faults: vec!["it rained".to_owned()],
            ..Report::default()
        };
        let page = summary(&[report]);
        for line in [
            "| smpp-open | 1000 | 0 | 0 | 0 | 0 | 0.000 | 0.000 | 0 | 0 |",
            "| smpp-open | accept | 1.500 | 2.000 | 3.000 | 40.0 | 5 |",
            "| smpp-open | accept p99 ms | ≤ 25 | 3 | yes |",
            "- **Fault**: it rained.",
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
    }
}
