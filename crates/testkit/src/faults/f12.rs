//! F12: an operator throttles: all that is above a rate, half of what was agreed; and then half of everything, whatever comes.

use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::clients::FIRST;
use super::f01::few_twice;
use super::oracle::Rules;
use super::rig::Rig;
use super::{Fault, Report, Setting};
use crate::scenario::wait::until;
use crate::scenario::{Esme, Journal};

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F12",
    title: "an operator throttles what is above half of the agreed rate, and then half of everything",
    holds: "within 30 s it is sent to within 10 % of the rate that is allowed; no message loses an attempt, none fails",
};

/// Segments a second that the operator takes, of twice as many agreed.
const ALLOWED: u64 = 100;
const CONNECTOR: &str = "window_max = 50\nthroughput_per_s_max = 200\n\
    settings = { bind = { reconnect_min_ms = 100, reconnect_max_ms = 200 } }";
/// To its second number range it throttles half of everything.
const HALF: u64 = FIRST + 100_000_000;
const OPERATOR: &str = "magic = false\n[answer]\ndelay_ms = 10\nthroughput_per_s_max = 100\n[receipt]\nresend_max = 1000\n\
    [[rule]]\ndestination = \"9992\"\nanswer = { throughput_per_s_max = 0, throttle = 0.5 }";
const THROTTLED: u32 = 0x58;
const CONVERGES_WITHIN_S: i64 = 30;
const LEEWAY_PERCENT: u64 = 10;
/// Over which it is counted how much was sent.
const SPAN_S: i64 = 20;
const SECOND_US: i64 = 1_000_000;
/// Half of everything is throttled whatever the pace, which slows down and down: a few tell enough.
const FEW: [u64; 2] = [6, 20];
/// What was throttled comes in the end.
const PATIENCE: Duration = Duration::from_secs(120);
/// Enough for a storm of any length.
const VALIDITY_S: u32 = 36_000;

/// Plays it on the binary that users have.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let setting = Setting { binary: setting.release.clone(), ..setting.clone() };
    let mut rig = Rig::with(&FAULT, &setting, OPERATOR, CONNECTOR).await?;
    let platform = rig.world.platform(&[]).await?;
    platform.until_bound().await?;
    let esme = rig.client(&platform).await?;
    let above = FIRST..FIRST + ALLOWED * setting.of(6, 270);
    let took = storm(&rig, &esme, above.clone()).await?;
    let learned = platform.metric("sambac_connector_learned_throughput_per_s{name=\"alpha\"}").await?;
    rig.report.measured("learned at the end, a second", learned);
    rig.report.measured("above the rate, s", took.as_secs());
    let half = HALF..HALF + setting.of(FEW[0], FEW[1]);
    let took = storm(&rig, &esme, half.clone()).await?;
    rig.report.measured("half of everything, s", took.as_secs());
    rig.ends(platform, [esme]).await?;
    let journal = rig.operator.finish().await?;
    converges(&setting, &mut rig.report, &journal, &above)?;
    died_down(&setting, &mut rig.report, &journal, &above);
    let struck = answers(&journal, &half).filter(|(_, status)| *status == THROTTLED).count();
    rig.report.expect("there was no storm", struck as u64 >= (half.end - half.start) / 4, format!("{struck} of half"));
    rig.report.strikes.insert("throttled as half of everything".into(), struck as u64);
    let attempts = rig.world.database().await?.number("SELECT MAX(attempts) FROM segments").await?;
    rig.report.expect("a throttle costs an attempt", attempts == 1, format!("{attempts} attempts"));
    let report = rig.judged(&Rules::default()).await?;
    Ok(few_twice(all_delivered(report), 0))
}

/// Sends to all of these, and waits until all of it has ended.
async fn storm(rig: &Rig, esme: &Esme, numbers: Range<u64>) -> Result<Duration> {
    let (began, count) = (Instant::now(), numbers.end - numbers.start);
    let before = esme.look(|heard| heard.receipts.len());
    rig.clients.send_all(esme, numbers, VALIDITY_S).await?;
    let least = Duration::from_secs(2 * count / ALLOWED);
    let told = || esme.look(|heard| heard.receipts.len());
    let all = before + usize::try_from(count)?;
    until("the storm ends", PATIENCE + least, async || Ok((told() >= all).then_some(()))).await?;
    rig.at_rest().await?;
    Ok(began.elapsed())
}

/// When the operator answered these numbers, and with which status.
fn answers<'a>(journal: &'a Journal, numbers: &'a Range<u64>) -> impl Iterator<Item = (i64, u32)> + 'a {
    let own = |line: &&crate::scenario::Line| line.destination.parse().is_ok_and(|number| numbers.contains(&number));
    let own: std::collections::HashSet<_> =
        journal.submits().filter(own).map(|line| (line.session, line.sequence)).collect();
    let answers = journal.of("answer").filter(move |line| own.contains(&(line.session, line.sequence)));
    answers.map(|line| (line.at_us, line.status))
}

/// From half a minute on, in every twenty seconds as much is sent as is allowed, and taken.
fn converges(setting: &Setting, report: &mut Report, journal: &Journal, numbers: &Range<u64>) -> Result<()> {
    let all: Vec<_> = answers(journal, numbers).collect();
    let (first, last) = (all.first().context("nothing was sent")?.0, all.last().context("nothing was sent")?.0);
    let (mut from, mut spans) = (first + if setting.long { CONVERGES_WITHIN_S * SECOND_US } else { 0 }, Vec::new());
    while from + SPAN_S * SECOND_US <= last {
        let span = all.iter().filter(|(at, _)| (from..from + SPAN_S * SECOND_US).contains(at));
        let (sent, taken) = span.fold((0, 0), |(sent, taken), (_, status)| (sent + 1, taken + u64::from(*status == 0)));
        spans.push((sent, taken));
        from += SPAN_S * SECOND_US;
    }
    let allowed = ALLOWED * u64::try_from(SPAN_S)?;
    let bounds = allowed * (100 - LEEWAY_PERCENT) / 100..=allowed * (100 + LEEWAY_PERCENT) / 100;
    for (sent, taken) in &spans {
        let holds = bounds.contains(sent) && bounds.contains(taken);
        report.expect(
            "it does not converge",
            holds || !setting.long,
            format!("{sent} sent, {taken} taken of {allowed}"),
        );
    }
    report.expect(
        "too short to tell",
        spans.len() >= 10 || !setting.long,
        format!("{} times twenty seconds", spans.len()),
    );
    report.measured("sent in twenty seconds, least", spans.iter().map(|span| span.0).min());
    report.measured("sent in twenty seconds, most", spans.iter().map(|span| span.0).max());
    report.measured("taken in twenty seconds, least", spans.iter().map(|span| span.1).min());
    Ok(())
}

/// What is throttled is much at first and little in the end.
fn died_down(setting: &Setting, report: &mut Report, journal: &Journal, numbers: &Range<u64>) {
    let all: Vec<_> = answers(journal, numbers).map(|(_, status)| status).collect();
    let throttled = |part: &[u32]| part.iter().filter(|status| **status == THROTTLED).count();
    let (struck, later) = (throttled(&all), throttled(&all[all.len() / 2..]));
    report.expect("there was no storm", struck >= setting.of(3, 30), format!("{struck} throttled"));
    report.expect("it goes on", later * 10 <= all.len() / 2, format!("{later} of the later {}", all.len() / 2));
    report.strikes.insert("throttled above the rate".into(), struck as u64);
    report.measured("throttled above the rate, in the second half", later);
}

/// Everything was delivered.
fn all_delivered(mut report: Report) -> Report {
    let of = |what| report.messages.get(what).copied().unwrap_or_default();
    let (delivered, acknowledged) = (of("delivered"), of("acknowledged"));
    let text = format!("{delivered} of {acknowledged}");
    report.expect("not all are delivered", delivered == acknowledged && delivered > 0, text);
    report
}
