//! What a load costs: CPU time of each process, and what the platform's metrics say of its commits.

use std::time::Instant;

use super::process::{self, Cpu};
use super::report::Costs;
use super::scrape::Metrics;
use super::site::Site;

/// The readings before a load.
pub(crate) struct Meter {
    begun: Instant,
    platform: Cpu,
    operator: Cpu,
    generator: Cpu,
    machine_ms: u64,
    metrics: Metrics,
}

impl Meter {
    /// Reads everything.
    pub(crate) async fn start(site: &Site) -> anyhow::Result<Self> {
        Ok(Self {
            metrics: site.metrics().await?,
            platform: platform(site),
            operator: operator(site),
            generator: process::cpu(std::process::id()),
            machine_ms: process::machine_busy_ms(),
            begun: Instant::now(),
        })
    }

    /// Reads everything again and gives the differences. `messages` were taken in between.
    pub(crate) async fn finish(&self, site: &Site, messages: u64) -> anyhow::Result<Costs> {
        let wall_ms = u64::try_from(self.begun.elapsed().as_millis())?;
        let platform = platform(site).since(&self.platform);
        let operator_cpu_ms = operator(site).since(&self.operator).total_ms;
        let generator_cpu_ms = process::cpu(std::process::id()).since(&self.generator).total_ms;
        let machine_ms = process::machine_busy_ms().saturating_sub(self.machine_ms);
        let ours_ms = platform.total_ms + operator_cpu_ms + generator_cpu_ms;
        let metrics = site.metrics().await?;
        let added = |name: &str| metrics.sum(name).saturating_sub(self.metrics.sum(name));
        let commits = added("sambac_commits_total");
        let commit_us = metrics
            .sum_micros("sambac_commit_duration_seconds_sum")
            .saturating_sub(self.metrics.sum_micros("sambac_commit_duration_seconds_sum"));
        Ok(Costs {
            wall_ms,
            platform_cpu_ms: platform.total_ms,
            platform_system_ms: platform.system_ms,
            platform_threads_ms: platform.by_thread_ms,
            cpu_us_per_message: (platform.total_ms * 1_000).checked_div(messages).unwrap_or_default(),
            operator_cpu_ms,
            generator_cpu_ms,
            others_cpu_ms: machine_ms.saturating_sub(ours_ms),
            rss_idle_kib: site.idle_kib,
            rss_peak_kib: process::memory(site.platform.pid()).peak_kib,
            data_octets: site.data_octets(),
            commits,
            commits_failed: added("sambac_commits_failed_total"),
            invariants_broken: added("sambac_invariants_broken_total"),
            commit_mean_us: commit_us.checked_div(commits).unwrap_or_default(),
            accept_to_submit_p99_max_us: metrics.bucket_us(&self.metrics, "sambac_accept_to_submit_seconds", 99),
        })
    }
}

/// All of its nodes.
fn platform(site: &Site) -> Cpu {
    site.nodes().map(|node| process::cpu(node.pid())).fold(Cpu::default(), Cpu::and)
}

fn operator(site: &Site) -> Cpu {
    site.operator.as_ref().map(|operator| process::cpu(operator.pid())).unwrap_or_default()
}
