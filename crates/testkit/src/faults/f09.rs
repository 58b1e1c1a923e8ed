//! F9: an operator answers after 5 s, another after 60 s, a third never, while a healthy one carries another route.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::clients::FIRST;
use super::oracle::Rules;
use super::rig::{Rig, SOON};
use super::steady::{Latency, Leeway};
use super::{Fault, Report, Setting};
use crate::scenario::wait::until;
use crate::scenario::{Esme, Journal, Platform, Simulator, Site, World};

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F09",
    title: "an operator answers after 5 s, another after 60 s, a third never",
    holds: "a healthy one's p99 is within 10 % (or 5 ms); memory is bounded; no more than a window is open at a slow one",
};

const LEEWAY: Leeway = Leeway { percent: 10, least: Duration::from_millis(5) };
/// Unanswered segments at one operator.
const WINDOW: u64 = 20;
/// As the platform does when nobody says otherwise, and a little less: what is given up is not open any more.
const GIVEN_UP_AFTER: Duration = Duration::from_millis(29_500);
/// More than before; all that waits is in memory.
const MEMORY_KIB: u64 = 64 * 1_024;
/// A healthy operator's receipts come within this beside any neighbour, also in a debug build beside other tests.
const WITHOUT_WAITING: Duration = Duration::from_secs(5);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(200);
const HEALTHY: &str = "magic = false\n[receipt]\nresend_max = 1000";
/// The neighbours, in their turns, and what each does. The first is what the others are set against.
const NEIGHBOURS: [(&str, &str); 4] = [
    ("alike", HEALTHY),
    ("slow", "magic = false\n[answer]\ndelay_ms = 5000"),
    ("slower", "magic = false\n[answer]\ndelay_ms = 60000"),
    ("mute", "magic = false\n[answer]\ndrop_answer = 1.0\n[receipt]\ngiven = 0.0"),
];
/// From the numbers of one neighbour to those of the next.
const APART: u64 = 100_000_000;

/// The largest that was seen.
#[derive(Debug, Default)]
struct Most {
    open: BTreeMap<&'static str, i64>,
    memory_kib: u64,
    /// As it was in the end.
    memory_left_kib: u64,
    threads: u64,
}

/// Plays it on the binary that users have.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let setting = Setting { binary: setting.release.clone(), ..setting.clone() };
    let mut rig = rig(&setting).await?;
    let platform = rig.world.platform(&[]).await?;
    platform.until_bound().await?;
    let clients = (rig.client(&platform).await?, rig.client_as(&platform, "busy").await?);
    let mut before = None;
    for (turn, (name, _)) in NEIGHBOURS.iter().enumerate() {
        let (latency, most) = beside(&rig, &setting, &platform, &clients, turn).await?;
        let what = format!("beside one that is {name}");
        let (usual, least) = before.get_or_insert((latency, most.memory_left_kib));
        LEEWAY.judge(&setting, &mut rig.report, &what, (*usual, latency))?;
        let text = format!("{:?} {what}", latency.receipt);
        rig.report.expect("a healthy one waits", latency.receipt <= WITHOUT_WAITING, text);
        let text = format!("{} KiB after {least} KiB {what}", most.memory_kib);
        rig.report.expect("memory grows", turn == 0 || most.memory_kib <= *least + MEMORY_KIB, text);
        rig.report.measured(format!("memory {what}, KiB"), most.memory_kib);
        rig.report.measured(format!("threads {what}"), most.threads);
        let (open, window) = (most.open.get(name).copied().unwrap_or_default(), i64::try_from(WINDOW)?);
        rig.report.measured(format!("open {what}"), open);
        rig.report.expect("too many are open", open <= window, format!("{open} {what}"));
        // One place is kept for codes.
        rig.report.expect("it was not slow", turn == 0 || open >= window - 1, format!("{open} {what}"));
        rig.report.strike(*name);
    }
    heal(&mut rig).await?;
    rig.at_rest().await?;
    rig.ends(platform, [clients.0, clients.1]).await?;
    rig.judged(&Rules::default()).await
}

/// One healthy operator, and a route to each neighbour.
async fn rig(setting: &Setting) -> Result<Rig> {
    let world = World::new(&setting.binary.display().to_string(), FAULT.number)?;
    let operator = world.simulator("alpha", HEALTHY).await?;
    let window = format!("window_max = {WINDOW}\nsettings = {{ flow = {{ window_start = {WINDOW} }} }}");
    let mut site = Site::with_one_account("1000000")
        .smpp_account("bank", "load", "window_max = 100")
        .smpp_account("bank", "busy", "window_max = 100")
        .connector("alpha", &operator, SOON);
    let mut others = Vec::new();
    for (turn, (name, scenario)) in NEIGHBOURS.iter().enumerate() {
        let other = world.simulator(name, scenario).await?;
        let prefix = numbers(turn, 0).start.to_string();
        let prefix = prefix.trim_end_matches('0');
        site = site.connector(name, &other, &window).route(
            name,
            &[*name],
            &format!("match = {{ prefix = \"{prefix}\" }}"),
        );
        others.push(other);
    }
    let site = site.route("all", &["alpha"], "");
    Rig::on_site(&FAULT, setting, world, (operator, others), &site).await
}

/// So many numbers whose route leads to a neighbour.
fn numbers(turn: usize, count: u64) -> std::ops::Range<u64> {
    let first = FIRST + APART * (turn as u64 + 1);
    first..first + count
}

/// The healthy operator's latency while as much goes to a neighbour.
async fn beside(
    rig: &Rig,
    setting: &Setting,
    platform: &Platform,
    (quiet, busy): &(Esme, Esme),
    turn: usize,
) -> Result<(Latency, Most)> {
    let (per_s, seconds) = (setting.of(20, 50), setting.of(4, 40));
    let count = u64::from(per_s) * seconds;
    let own = FIRST + turn as u64 * count;
    let (stop, stopped) = watch::channel(false);
    let load = async {
        let quick = rig.clients.send_steadily(quiet, own..own + count, per_s);
        let sent = tokio::try_join!(quick, rig.clients.send_steadily(busy, numbers(turn, count), per_s));
        let latency = match sent {
            Ok((quick, _)) => quick.p99(quiet).await,
            Err(error) => Err(error),
        };
        stop.send_replace(true);
        latency
    };
    tokio::try_join!(load, look(platform, stopped))
}

/// Looks at the platform until it is told to stop.
async fn look(platform: &Platform, stopped: watch::Receiver<bool>) -> Result<Most> {
    let (mut most, mut interval) = (Most::default(), tokio::time::interval(LOOK));
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !*stopped.borrow() {
        interval.tick().await;
        let metrics = platform.metrics().await?;
        for (name, _) in NEIGHBOURS {
            let metric = format!("sambac_connector_in_flight{{name=\"{name}\"}} ");
            let value: Option<i64> = metrics.lines().find_map(|line| line.strip_prefix(&metric)?.trim().parse().ok());
            let open = most.open.entry(name).or_default();
            *open = value.context("no such metric")?.max(*open);
        }
        most.memory_left_kib = platform.rss_kib()?;
        most.memory_kib = most.memory_kib.max(most.memory_left_kib);
        let status = std::fs::read_to_string(format!("/proc/{}/status", platform.pid()))?;
        let threads = status.lines().find_map(|line| line.strip_prefix("Threads:")?.trim().parse().ok());
        most.threads = most.threads.max(threads.context("no threads")?);
    }
    Ok(most)
}

/// All neighbours are healthy from now on; what they had taken is in doubt.
async fn heal(rig: &mut Rig) -> Result<()> {
    let Rig { world, others, report, .. } = rig;
    for (other, (name, _)) in others.iter_mut().zip(NEIGHBOURS) {
        all_told(other).await?;
        other.start_again(world, HEALTHY).await?;
        let most = open_at_most(&other.journal()?);
        report.measured(format!("unanswered at the one that is {name}"), most);
        report.expect("too many are open", most <= WINDOW, format!("{most} at the one that is {name}"));
    }
    Ok(())
}

/// A moment in which no receipt of what it has answered is on its way: it would be lost.
async fn all_told(operator: &Simulator) -> Result<()> {
    until("a quiet moment", Duration::from_secs(30), async || {
        let journal = operator.journal()?;
        let of = |event: &str| journal.of(event).count();
        Ok((of("receipt_ack") == of("answer")).then_some(()))
    })
    .await
}

/// How many the operator had at a time that it had not answered, and the platform had not given up.
fn open_at_most(journal: &Journal) -> u64 {
    let given_up_us = i64::try_from(GIVEN_UP_AFTER.as_micros()).unwrap_or(i64::MAX);
    let (mut open, mut most) = (HashMap::<u64, HashMap<u32, i64>>::new(), 0);
    for line in &journal.0 {
        let open = open.entry(line.session).or_default();
        match line.event.as_str() {
            // Started again it counts its sessions from one.
            "bind" => open.clear(),
            "answer" => drop(open.remove(&line.sequence)),
            "submit" => {
                open.retain(|_, at_us| line.at_us - *at_us < given_up_us);
                open.insert(line.sequence, line.at_us);
                most = most.max(open.len() as u64);
            }
            _ => {}
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Line;

    /// Each submit opens one, answers and time-outs close them.
    #[test]
    fn what_is_open_at_an_operator_is_counted() {
        let line = |at_s: i64, event: &str, sequence| Line {
            at_us: at_s * 1_000_000,
            event: event.to_owned(),
            session: 1,
            sequence,
            ..Line::default()
        };
        let mut lines = vec![line(0, "bind", 0), line(0, "submit", 2), line(1, "submit", 3), line(2, "answer", 2)];
        lines.push(line(3, "submit", 4));
        assert_eq!(open_at_most(&Journal(lines.clone())), 2);
        lines.push(line(4, "submit", 5));
        assert_eq!(open_at_most(&Journal(lines.clone())), 3);
        lines.extend([line(40, "submit", 6), line(41, "bind", 0), line(42, "submit", 2)]);
        assert_eq!(open_at_most(&Journal(lines)), 3);
    }
}
