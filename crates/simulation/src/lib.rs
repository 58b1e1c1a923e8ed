//! The real engine on simulated time: one seed gives one run, with its clients, operators, receivers and all their faults, and the same
//! seed gives the same run again.
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! let run = sambac_simulation::Run { seed: 7, minutes: 180, ..sambac_simulation::Run::default() };
//! let report = run.live()?;
//! assert!(report.findings.is_empty(), "{report:?}");
//! # Ok(())
//! # }
//! ```
//!
//! Nothing of the engine is replaced: its own code runs on a real SQLite database, on one thread whose time jumps to whatever comes next.
//! What it meets outside is played: operators over a pipe ([`sambac_engine::simulated`]), and the database's moods at its door
//! ([`sambac_store::simulated`]). The system's randomness comes from the seed, too, which is why a run is a process of its own
//! ([`child`]).

#[cfg(not(debug_assertions))]
compile_error!("a simulation needs debug assertions: programs that are built for users cannot be simulated");

pub mod child;
mod client;
mod dice;
mod door;
mod drain;
mod esme;
mod journal;
mod life;
mod operator;
mod oracle;
mod order;
mod sink;
mod site;
mod times;
pub mod trial;
mod weather;
mod world;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use sambac_domain::planted::{Bug, plant};
use sambac_engine::seal::Seal;
use sambac_store::Store;
use serde::{Deserialize, Serialize};

use crate::life::{End, Estate, live};
use crate::times::Times;
use crate::weather::Weather;
use crate::world::{World, locked};

/// What is simulated.
#[derive(Clone, Debug)]
pub struct Run {
    /// What everything comes from.
    pub seed: u64,
    /// How long messages come and faults happen; then all is well until everything has ended.
    pub minutes: u64,
    /// Whether there are faults at all.
    pub faults: bool,
    /// Whether lives and waits are short, so that all has ended within minutes of the last message.
    pub brisk: bool,
    /// Mean pause of a client between two messages, in seconds.
    pub pause_s: u64,
    /// What is wrong with the engine.
    pub bug: Option<Bug>,
    /// Whether each event is printed.
    pub show: bool,
    /// Where the database is kept, for who wants to look into it.
    pub keep: Option<PathBuf>,
}

impl Default for Run {
    fn default() -> Self {
        Self { seed: 1, minutes: 120, faults: true, brisk: false, pause_s: 4, bug: None, show: false, keep: None }
    }
}

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What it came from.
    pub seed: u64,
    /// The digest of all events, in order.
    pub hash: String,
    /// How many there were.
    pub events: u64,
    /// Time that went by in the simulation, in seconds.
    pub simulated_s: u64,
    /// Time that it took, in milliseconds.
    pub took_ms: u64,
    /// Processes that lived.
    pub processes: u64,
    /// Units of work that the database kept.
    pub commits: u64,
    /// Messages that clients sent.
    pub sent: u64,
    /// How messages ended.
    pub ends: BTreeMap<String, u64>,
    /// What is wrong: which rule, and of what.
    pub findings: Vec<(String, String)>,
}

/// Processes of one run: more come to nothing.
const PROCESSES_MAX: u64 = 2_000;
/// Findings that are told.
const FINDINGS_MAX: usize = 20;

impl Run {
    /// A seed as it is lived where nothing else is said. Every fifth has no fault: what is slow or lost then has no excuse.
    pub fn of(seed: u64) -> Self {
        Self { seed, faults: !seed.is_multiple_of(5), ..Self::default() }
    }

    /// Lives it in this process. The same seed gives the same run where the system's randomness is the seed's: see [`child`].
    ///
    /// # Errors
    /// When it cannot be set up or read.
    pub fn live(&self) -> Result<Report> {
        let began = Instant::now();
        let folder = Folder::new(self.seed)?;
        plant(self.bug);
        let end = Duration::from_secs(self.minutes * 60);
        let weather = if self.faults {
            Weather::of((self.seed, self.brisk), site::OPERATORS, end)
        } else {
            Weather::calm(site::OPERATORS)
        };
        let pace = (end, Duration::from_secs(self.pause_s), Times::of(self.brisk));
        let mut world = World::new(self.seed, pace, weather, site::ACCOUNTS);
        world.is_over_when_found = self.bug.is_some();
        let world = Arc::new(world);
        if self.show {
            world.show();
        }
        let panics = watch_panics();
        let path = folder.0.join("sambac.db");
        let processes = self.processes(&world, &path)?;
        for text in locked(&panics).drain(..) {
            world.found("a task panicked", text);
        }
        let runtime = life::runtime()?;
        let ends = runtime.block_on(oracle::judge(&world, &path))?;
        if let Some(kept) = &self.keep {
            folder.keep(kept)?;
        }
        Ok(self.report(&world, (began, processes), &ends))
    }

    fn processes(&self, world: &Arc<World>, path: &std::path::Path) -> Result<u64> {
        let store = Store::open_simulated(path, Arc::new(door::WorldsDoor(Arc::clone(world))))?;
        let seal = Seal::throwaway().map_err(|error| anyhow::anyhow!("a key: {error}"))?;
        let accounts = life::runtime()?.block_on(site::provision(&store, &seal))?;
        let estate = Estate { world: Arc::clone(world), store, seal, accounts };
        for processes in 1..=PROCESSES_MAX {
            let end = live(&estate)?;
            if end == End::Died {
                continue;
            }
            if end == End::Stuck {
                world.found("not everything ends", "although all is well for long".to_owned());
            }
            life::runtime()?.block_on(oracle::verify_chain(world, &estate.store, &estate.seal))?;
            return Ok(processes);
        }
        world.found("not everything ends", format!("after {PROCESSES_MAX} processes"));
        Ok(PROCESSES_MAX)
    }

    fn report(&self, world: &World, (began, processes): (Instant, u64), ends: &BTreeMap<&'static str, u64>) -> Report {
        let (hash, events) = world.digest();
        let mut findings = world.findings();
        findings.truncate(FINDINGS_MAX);
        Report {
            seed: self.seed,
            hash,
            events,
            simulated_s: world.passed().as_secs(),
            took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            processes,
            commits: locked(&world.door).commits,
            sent: u64::try_from(locked(&world.orders).all.len()).unwrap_or(u64::MAX),
            ends: ends.iter().map(|(state, count)| ((*state).to_owned(), *count)).collect(),
            findings,
        }
    }
}

/// Where the database is; gone with this.
struct Folder(PathBuf);

impl Folder {
    fn new(seed: u64) -> Result<Self> {
        // Nothing of it outlives the run: memory does.
        let memory = std::path::Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let path = base.join(format!("sambac-simulation-{}-{seed}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        Ok(Self(path))
    }

    fn keep(&self, kept: &std::path::Path) -> Result<()> {
        std::fs::create_dir_all(kept).with_context(|| kept.display().to_string())?;
        for file in std::fs::read_dir(&self.0)? {
            let file = file?;
            std::fs::copy(file.path(), kept.join(file.file_name()))?;
        }
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is in the folder for such things.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A task that panics is a finding, wherever it is.
fn watch_panics() -> Arc<Mutex<Vec<String>>> {
    let panics = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&panics);
    std::panic::set_hook(Box::new(move |panic| locked(&told).push(panic.to_string())));
    panics
}
