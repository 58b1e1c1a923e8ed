//! A run as a process of its own, with the system's randomness made of its seed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use anyhow::{Context as _, Result, bail, ensure};

use crate::world::locked;
use crate::{Report, Run};

/// What gives the seed's randomness in place of the system's.
const SOURCE: &str = include_str!("entropy.c");

/// The variable that the seed is in for it.
const SEED: &str = "SIMULATION_SEED";

/// The variable that says which processor is its own.
const PROCESSOR: &str = "SIMULATION_PROCESSOR";

/// Whether this process has its randomness from a seed.
pub fn is_child() -> bool {
    std::env::var_os(SEED).is_some()
}

/// How runs are made.
#[derive(Debug)]
pub struct Children {
    program: PathBuf,
    library: PathBuf,
    /// The processors that runs of now have.
    taken: Mutex<BTreeSet<usize>>,
}

impl Children {
    /// By this program, which is `simulate`. Compiles what gives them their randomness.
    ///
    /// # Errors
    /// When there is no C compiler: Rust itself needs one to link.
    pub fn new(program: &Path) -> Result<Self> {
        let folder = program.parent().context("a program is in a folder")?;
        let name = format!("simulation-entropy-{}", std::process::id());
        let (source, made) = (folder.join(format!("{name}.c")), folder.join(format!("{name}.so")));
        std::fs::write(&source, SOURCE).with_context(|| source.display().to_string())?;
        let compiled = Command::new("cc").args(["-O2", "-shared", "-fPIC", "-o"]).arg(&made).arg(&source).status();
        let _ = std::fs::remove_file(&source);
        ensure!(compiled.context("the C compiler, cc")?.success(), "{} was not compiled", source.display());
        // Whoever came first has the same: the last one stays.
        let library = folder.join("simulation-entropy.so");
        std::fs::rename(&made, &library).with_context(|| library.display().to_string())?;
        Ok(Self { program: program.to_owned(), library, taken: Mutex::default() })
    }

    /// Lives a run in a process of its own.
    ///
    /// # Errors
    /// When it did not come to its end.
    pub fn live(&self, run: &Run) -> Result<Report> {
        let mut command = Command::new(&self.program);
        command.args(["one", "--seed", &run.seed.to_string(), "--minutes", &run.minutes.to_string()]);
        command.args(["--pause-s", &run.pause_s.to_string()]);
        if !run.faults {
            command.arg("--calm");
        }
        if run.brisk {
            command.arg("--brisk");
        }
        if let Some(bug) = run.bug {
            command.args(["--bug", bug.name()]);
        }
        if let Some(path) = &run.keep {
            command.arg("--keep").arg(path);
        }
        if run.show {
            command.arg("--show");
        }
        command.env("LD_PRELOAD", &self.library).env(SEED, run.seed.to_string());
        let processor = self.processor();
        command.env(PROCESSOR, processor.to_string());
        let output = command.stderr(Stdio::inherit()).output();
        locked(&self.taken).remove(&processor);
        let output = output.context("the program `simulate`")?;
        if !output.status.success() {
            bail!("seed {} ended with {}", run.seed, output.status);
        }
        serde_json::from_slice(&output.stdout).context("a report")
    }

    /// The first one that no other run has. Other programs that make runs at the same time begin elsewhere.
    fn processor(&self) -> usize {
        let first = std::process::id() as usize;
        let mut taken = locked(&self.taken);
        let free = (first..).find(|place| !taken.contains(place)).unwrap_or(first);
        taken.insert(free);
        free
    }
}
