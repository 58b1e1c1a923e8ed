//! F23: a message on which the program breaks.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::clients::FIRST;
use super::oracle::Rules;
use super::rig::Rig;
use super::{Fault, Report, Setting};
use crate::scenario::wait::until;
use crate::scenario::{EndedEarly, Platform};

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F23",
    title: "a message on which the program breaks",
    holds: "put aside after three tries at most, with its id and a reason; its neighbours are delivered",
};

/// Steps that break, and how often the process may end by it.
const STEPS: [(&str, u64); 6] =
    [("accept", 2), ("intent", 2), ("pdu", 0), ("answer", 1), ("receipt", 2), ("notice", 0)];
/// Messages around it.
const NEIGHBOURS: u64 = 40;

/// Plays it.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let mut rig = Rig::new(&FAULT, setting).await?;
    let mut may_fail = Vec::new();
    for round in 0..setting.of(1, 4) {
        for (place, (step, ends_max)) in STEPS.into_iter().enumerate() {
            let first = FIRST + 1_000_000 * (10 * round + place as u64 + 1);
            may_fail.push(first + NEIGHBOURS / 2);
            breaks(&mut rig, step, first, ends_max).await?;
        }
    }
    let alerts = rig.world.database().await?.number("SELECT COUNT(*) FROM alerts WHERE kind = 'breakage'").await?;
    let expected = i64::try_from(may_fail.len())?;
    rig.report.expect("no alert tells of it", alerts == expected, format!("{alerts} alerts, not {expected}"));
    rig.judged(&Rules { may_fail, ..Rules::default() }).await
}

/// One of many messages breaks a step; whoever watches the process starts it again.
async fn breaks(rig: &mut Rig, step: &str, first: u64, ends_max: u64) -> Result<()> {
    let poison = first + NEIGHBOURS / 2;
    let variable = format!("{step}:{poison}");
    let variables = [("TEST_BREAK_AT", variable.as_str()), ("SAMBAC_LIMITS_RECEIPT_GRACE_S", "1")];
    // What a receipt says that is not heeded is never known.
    let validity_s = if step == "receipt" { 8 } else { 300 };
    let mut ends = 0;
    let mut platform = rig.world.platform(&variables).await?;
    let mut esme = rig.client(&platform).await?;
    rig.clients.send_all(&esme, first..first + NEIGHBOURS, validity_s).await?;
    let platform = loop {
        let open: Vec<u64> = (first..first + NEIGHBOURS).filter(|one| rig.clients.answer(*one).is_none()).collect();
        if platform.is_running()? && open.is_empty() && has_ended(rig, &mut platform).await? {
            break platform;
        }
        until("it ends", Duration::from_secs(30), async || Ok((!platform.is_running()?).then_some(()))).await?;
        rig.clients.heard(&esme);
        ends += 1;
        ensure!(ends <= 4, "it breaks on the same again and again: {step}");
        platform = started(rig, &variables, &mut ends).await?;
        // What was not answered is sent again, as clients do.
        match rig.client(&platform).await {
            Ok(bound) => esme = bound,
            Err(_) => continue,
        }
        rig.clients.send_all(&esme, open, validity_s).await?;
    };
    rig.at_rest().await?;
    esme.unbind().await;
    rig.clients.heard(&esme);
    rig.report.strike(format!("breaks at {step}"));
    rig.report.measured(format!("ends of the process by {step}"), ends);
    rig.report.expect("it ended too often", ends <= ends_max, format!("{step}: {ends} times"));
    rig.rests_of(platform).await
}

/// A process that stays until it is ready.
async fn started(rig: &Rig, variables: &[(&str, &str)], ends: &mut u64) -> Result<Platform> {
    loop {
        match rig.world.platform(variables).await {
            Ok(platform) => return Ok(platform),
            Err(error) if error.downcast_ref::<EndedEarly>().is_some() && *ends < 4 => *ends += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Whether all has ended before the process does.
async fn has_ended(rig: &Rig, platform: &mut Platform) -> Result<bool> {
    let mut database = rig.world.database().await?;
    until("all ends, or the process", Duration::from_secs(60), async || {
        if !platform.is_running()? {
            return Ok(Some(false));
        }
        Ok((database.open_messages().await? == 0).then_some(true))
    })
    .await
}
