//! Figures of `sambac bench`, whose load is heavier than a test's.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::process::{Child, Command};

use super::Report;

/// A scenario that runs.
pub(super) struct Bench {
    child: Child,
    scenario: &'static str,
    out: std::path::PathBuf,
}

impl Bench {
    /// Starts one, with its data in this folder.
    pub(super) fn start(binary: &Path, folder: &Path, scenario: &'static str, more: &[String]) -> Result<Self> {
        let out = folder.join("figures");
        let mut command = Command::new(binary);
        command.args(["bench", "--scenario", scenario, "--folder"]).arg(folder).arg("--out").arg(&out).args(more);
        let child = command.stdout(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true).spawn()?;
        Ok(Self { child, scenario, out })
    }

    /// The process of the platform that it loads, once there is one.
    pub(super) fn platform(&self) -> Result<Option<u32>> {
        let own = self.child.id().context("it has ended")?;
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
            let read = |name: &str| std::fs::read_to_string(entry.path().join(name)).unwrap_or_default();
            let parent = read("status").lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok());
            if parent == Some(own) && read("cmdline").split('\0').any(|word| word == "run") {
                return Ok(Some(pid));
            }
        }
        Ok(None)
    }

    /// Its figures, which go into the report; a bar that counts and is not met is a finding.
    pub(super) async fn figures(mut self, report: &mut Report, counts: impl Fn(&str) -> bool) -> Result<Value> {
        let status = self.child.wait().await?;
        let name = format!("{}.json", self.scenario);
        let text = std::fs::read_to_string(self.out.join(&name)).with_context(|| format!("{name}: {status}"))?;
        let figures: Value = serde_json::from_str(&text)?;
        report.expect("the load found faults", status.success(), figures["faults"].to_string());
        for bar in figures["bars"].as_array().into_iter().flatten() {
            let what = bar["what"].as_str().unwrap_or_default();
            let text = format!("{what}: {}, wanted {}", bar["reached"], bar["wanted"]);
            report.expect("a bar is not met", bar["met"] == true || !counts(what), text);
        }
        for key in ["machine", "load", "latency", "figures", "bars", "costs"] {
            report.measured(format!("{}: {key}", self.scenario), figures[key].clone());
        }
        ensure!(figures.is_object(), "no figures");
        Ok(figures)
    }
}
