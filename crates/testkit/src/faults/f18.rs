//! F18: somebody sets the wall clock while the platform runs.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::oracle::Rules;
use super::rig::Rig;
use super::shim::Shim;
use super::{Fault, Report, Setting};
use crate::scenario::wait::until;
use crate::scenario::{Platform, Rest};

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F18",
    title: "the wall clock is set two hours back, an hour and a day ahead, while messages wait",
    holds: "nothing expires by it, nothing is stuck, ids rise, tokens hold, the audit log and the ledger can be proven",
};

const HOUR: i64 = 3_600;
/// What the clock shows, against the true one.
const SHOWN: [i64; 4] = [-2 * HOUR, HOUR, 24 * HOUR, 0];
/// Messages that wait while the clock is set, and their validity.
const WAITING: u64 = 50;
const VALIDITY_S: u32 = 1_800;
/// A message that waits for nothing is delivered within this, whatever the clock shows.
const DELIVERED_WITHIN: Duration = Duration::from_secs(10);

/// Plays it.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let mut rig = Rig::new(&FAULT, setting).await?;
    let shim = Shim::new(&rig.world.path("")).await?;
    let platform = rig.world.platform(&shim.variables()).await?;
    let rest = platform.rest(&rig.secrets)?;
    let mut next = super::clients::FIRST + 1_000_000_000;
    for _ in 0..setting.of(1, 5) {
        for shown in SHOWN {
            is_set(&mut rig, &shim, &platform, &rest, shown, next).await?;
            next += 2 * WAITING;
        }
    }
    ids_rise(&mut rig).await?;
    rig.rests_of(platform).await?;
    let proven = rig.world.run(&["audit", "verify"], &[]).await?;
    let said = String::from_utf8_lossy(&proven.stdout).into_owned() + &String::from_utf8_lossy(&proven.stderr);
    rig.report.expect("the audit log cannot be proven", proven.status.success(), said);
    rig.judged(&Rules { clock_is_set: true, late_us: 48 * HOUR * 1_000_000, ..Rules::default() }).await
}

/// Messages wait because the operator is away; the clock is set; it comes back, and all of them arrive.
async fn is_set(rig: &mut Rig, shim: &Shim, platform: &Platform, rest: &Rest, shown: i64, next: u64) -> Result<()> {
    rig.operator.stop().await?;
    let esme = rig.client(platform).await?;
    rig.clients.send_all(&esme, next..next + WAITING, VALIDITY_S).await?;
    shim.set_clock(shown)?;
    rig.report.strike(format!("the clock shows {shown} s more"));
    // A moment in which everything that looks at the clock has looked at it.
    let log = rig.log()?.len();
    until("it is noticed", Duration::from_secs(10), async || Ok((rig.log()?.len() > log).then_some(()))).await?;
    let mut database = rig.world.database().await?;
    let gone = database.number("SELECT COUNT(*) FROM messages WHERE state = 8").await?;
    rig.report.expect("messages expired", gone == 0, format!("{gone} at {shown} s"));
    rig.operator.start_again(&rig.world, super::rig::OPERATOR).await?;
    platform.until_bound().await?;
    let began = Instant::now();
    rig.clients.send_all(&esme, next + WAITING..next + 2 * WAITING, VALIDITY_S).await?;
    rig.at_rest().await?;
    let took = began.elapsed();
    rig.report.expect("something was stuck", took <= DELIVERED_WITHIN, format!("for {took:?} at {shown} s"));
    let asked = rest.get("/v1/balance").await?;
    rig.report.expect("a key does not hold", asked.status == 200, asked.text);
    esme.unbind().await;
    rig.clients.heard(&esme);
    Ok(())
}

/// Each message that was taken later has a greater id.
async fn ids_rise(rig: &mut Rig) -> Result<()> {
    let rows: Vec<(i64,)> = rig.world.database().await?.rows("SELECT destination FROM messages ORDER BY id").await?;
    // Numbers rise from group to group; within one, answers may overtake.
    let groups: Vec<i64> = rows.into_iter().map(|(number,)| number / i64::try_from(WAITING).unwrap_or(1)).collect();
    rig.report.expect("ids do not rise", groups.is_sorted(), "a message that came later has a smaller id");
    Ok(())
}
