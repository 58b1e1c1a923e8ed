//! One process: the real engine on simulated time, and everybody outside for as long as it lives. To kill it is to drop its runtime.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use sambac_engine::seal::Seal;
use sambac_engine::simulated::{Posted, World as Outside};
use sambac_engine::{Engine, Settings};
use sambac_store::Store;
use tokio::io::DuplexStream;

use crate::site::{API_ACCOUNTS, Account, host};
use crate::weather::Death;
use crate::world::{World, locked};
use crate::{client, drain, esme, operator, sink};

/// How long a process may take to end in good order.
const STOP: Duration = Duration::from_secs(10);
/// How long two processes live beside each other.
const TOGETHER: Duration = Duration::from_secs(30);
/// How long a process rests that could not begin.
const REST: Duration = Duration::from_secs(5);

/// What all processes of a run have in common.
pub(crate) struct Estate {
    pub(crate) world: Arc<World>,
    pub(crate) store: Store,
    pub(crate) seal: Seal,
    pub(crate) accounts: Vec<Account>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It died, or stopped, and another one begins.
    Died,
    /// All that was begun has ended.
    Done,
    /// Something is left after all the time that there is.
    Stuck,
}

struct Everybody(Arc<World>);

impl Outside for Everybody {
    fn connect(&self, name: &str, _: u16) -> io::Result<DuplexStream> {
        let no = (0..self.0.operators.len()).find(|no| host(*no) == name);
        operator::connect(&self.0, no.unwrap_or(usize::MAX))
    }

    fn post(&self, _: &str, event: &str, body: String) -> Pin<Box<dyn Future<Output = Posted> + Send>> {
        Box::pin(sink::post(Arc::clone(&self.0), event.to_owned(), body))
    }
}

/// A runtime whose time jumps to whatever is next, and that has one thread.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().context("a runtime")
}

/// Lives one process from its start to its end.
pub(crate) fn live(estate: &Estate) -> Result<End> {
    let runtime = runtime()?;
    let end = runtime.block_on(async {
        let end = run(estate).await;
        let pause = if end == End::Done { Duration::ZERO } else { downtime(estate) };
        estate.world.ended(pause);
        end
    });
    // Whatever it was doing ends here, as by kill -9.
    drop(runtime);
    Ok(end)
}

fn downtime(estate: &Estate) -> Duration {
    let mut orders = locked(&estate.world.orders);
    let dice = orders.dice(0);
    if dice.per_mille(100) { dice.millis(60_000, 900_000) } else { dice.millis(200, 8_000) }
}

async fn run(estate: &Estate) -> End {
    let world = &estate.world;
    let wall = world.begin();
    let passed = world.passed();
    {
        let mut door = locked(&world.door);
        (door.doom, door.is_dead) = (None, false);
    }
    world.note(format_args!("a process begins"));
    let death = world.next_death(passed);
    let engine = tokio::select! {
        biased;
        engine = Engine::start(settings(estate), estate.store.clone(), wall) => engine,
        () = dies(world, death) => return died(world, "while it begins"),
    };
    let Ok(engine) = engine else {
        tokio::time::sleep(REST).await;
        return died(world, "as it cannot begin");
    };
    clients(estate, &engine);
    happenings(world, passed);
    let end = lived(estate, &engine, death).await;
    look_at_invariants(world, &engine);
    end
}

fn look_at_invariants(world: &World, engine: &Engine) {
    if !engine.metrics_text().contains("sambac_invariants_broken_total 0") {
        world.found("an invariant was broken", String::new());
    }
}

/// Waits for the end.
async fn lived(estate: &Estate, engine: &Engine, death: Option<(Duration, Death)>) -> End {
    let world = &estate.world;
    tokio::select! {
        biased;
        () = dies(world, death) => {
            match death {
                Some((_, Death::Stop)) => engine.stop(STOP).await,
                Some((_, Death::Takeover)) => Box::pin(taken_over(estate)).await,
                _ => {}
            }
            died(world, "as planned")
        }
        end = drain::drained(world, engine) => {
            engine.stop(STOP).await;
            end
        }
    }
}

fn died(world: &World, how: &str) -> End {
    world.note(format_args!("the process ends {how}"));
    End::Died
}

fn settings(estate: &Estate) -> Settings {
    Settings {
        world: Some(Arc::new(Everybody(Arc::clone(&estate.world)))),
        // So that lanes and the working set overflow with the messages of a simulation.
        lane_capacity: 16,
        live_capacity: 64,
        receipt_grace: estate.world.times.grace,
        reload_interval: Duration::from_secs(60),
        uncertain_interval: Duration::from_secs(60),
        audit_interval: Duration::from_secs(300),
        ..Settings::new(estate.seal.clone())
    }
}

/// Starts everybody who is a client of the process.
fn clients(estate: &Estate, engine: &Engine) {
    let world = &estate.world;
    for account in &estate.accounts {
        let (world, engine, account) = (Arc::clone(world), engine.clone(), account.clone());
        if account.no < API_ACCOUNTS {
            tokio::spawn(client::run(world, engine, account));
        } else {
            tokio::spawn(esme::run(world, engine, account));
        }
    }
}

/// Starts what happens by itself.
fn happenings(world: &Arc<World>, passed: Duration) {
    let later = Arc::clone(world);
    tokio::spawn(async move {
        for (at, by_s) in later.weather.jumps.iter().filter(|(at, _)| *at > passed) {
            later.until(*at).await;
            later.note(format_args!("the wall clock is set by {by_s} s"));
            later.set_wall(*by_s);
        }
    });
    let later = Arc::clone(world);
    tokio::spawn(async move {
        for (at, no) in later.weather.cuts.iter().filter(|(at, _)| *at > passed) {
            later.until(*at).await;
            later.operators[*no].cut.notify_waiters();
        }
    });
}

/// Waits for the planned death.
async fn dies(world: &World, death: Option<(Duration, Death)>) {
    let Some((at, death)) = death else { return std::future::pending().await };
    world.until(at).await;
    if matches!(death, Death::BeforeCommit | Death::AfterCommit) {
        locked(&world.door).arm(death);
        world.doomed.notified().await;
        let agony = locked(&world.door).agony();
        tokio::time::sleep(agony).await;
    }
}

/// Another process takes over. The one before does not know, and has the same clients, operators and receivers for a while: some ask
/// here, some there, and some both.
async fn taken_over(estate: &Estate) {
    let world = &estate.world;
    world.note(format_args!("another process takes over"));
    world.another_begins();
    let second = Engine::start(settings(estate), estate.store.clone(), world.wall_clock()).await;
    if let Ok(second) = &second {
        clients(estate, second);
    }
    tokio::time::sleep(TOGETHER).await;
    second.iter().for_each(|second| look_at_invariants(world, second));
    drop(second);
}
