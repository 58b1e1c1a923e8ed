//! F11: an operator answers twice, answers what nobody has sent, and answers after a reconnect what it was sent before.

use anyhow::Result;
use sambac_domain::MessageState;

use super::clients::FIRST;
use super::oracle::Rules;
use super::rig::Rig;
use super::{Fault, Report, Setting};

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F11",
    title: "an operator answers twice, with unknown numbers, and after a reconnect",
    holds: "no crash; nothing is counted or charged twice; no message takes another one's end",
};

/// Numbers that it does not deliver to: who takes another one's answer, ends as that does.
const UNREACHABLE: u64 = FIRST + 100_000_000;
/// Answers come late, after a reconnect, for numbers that a connection which begins anew would have open again: at length of every seventh message.
fn operator(setting: &Setting) -> String {
    let (close_every, late_every) = if setting.long { (60, 7) } else { (150, 70) };
    format!(
        "magic = false\n[answer]\ndelay_ms = [0, 20]\nclose_every = {close_every}\n\
         [receipt]\ndelay_ms = [0, 300]\nduplicate = 0.1\nresend_max = 1000\n\
         [wire]\nanswer_twice_every = 3\nunasked_every = 5\nlate_every = {late_every}\n\
         [[rule]]\ndestination = \"9992\"\nreceipt = {{ states = {{ undelivered = 1 }} }}"
    )
}
/// What it keeps for too long is in doubt, also when the link lives on.
const CONNECTOR: &str = "window_max = 50\nsettings = { session = { response_timeout_ms = 3000 }, \
    bind = { reconnect_min_ms = 100, reconnect_max_ms = 200 } }";
/// What must have come often enough to count, in the journal's words.
const STRIKES: [(&str, &str); 3] = [
    ("answer_again", "an answer comes twice"),
    ("answer_unasked", "an answer to nothing"),
    ("answer_late", "an answer after a reconnect"),
];
const VALIDITY_S: u32 = 3_600;

/// Plays it on the binary that users have.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let setting = Setting { binary: setting.release.clone(), ..setting.clone() };
    let mut rig = Rig::with(&FAULT, &setting, &operator(&setting), CONNECTOR).await?;
    let mut platform = rig.world.platform(&[]).await?;
    platform.until_bound().await?;
    let (esme, count) = (rig.client(&platform).await?, setting.of(500, 10_000));
    // The two kinds take turns, so that answers can go wrong between them.
    let numbers = (0..count).flat_map(|number| [FIRST + number, UNREACHABLE + number]);
    rig.clients.send_all(&esme, numbers, VALIDITY_S).await?;
    rig.at_rest().await?;
    rig.report.expect("it ended", platform.is_running()?, "");
    let metrics = platform.metrics().await?;
    rig.ends(platform, [esme]).await?;
    counted(&mut rig, &metrics, count).await?;
    let journal = rig.operator.finish().await?;
    for (event, what) in STRIKES {
        let seen = journal.of(event).count();
        rig.report.expect("too little went wrong", seen >= 5, format!("{what}: {seen}"));
        rig.report.strikes.insert(what.to_owned(), seen as u64);
    }
    let panics = rig.log()?.matches("panicked").count();
    rig.report.expect("the program broke", panics == 0, format!("{panics} times"));
    let may_fail = (UNREACHABLE..UNREACHABLE + count).collect();
    rig.judged(&Rules { may_fail, ..Rules::default() }).await
}

/// Each message ended as its own receipt says, and was counted once.
async fn counted(rig: &mut Rig, metrics: &str, count: u64) -> Result<()> {
    let mut database = rig.world.database().await?;
    let states = [(MessageState::Delivered, FIRST), (MessageState::Undelivered, UNREACHABLE)];
    for (state, first) in states {
        let (code, name, end) = (state.code(), state.as_str(), first + count);
        let sql = format!(
            "SELECT COUNT(*) FROM messages WHERE destination >= {first} AND destination < {end} AND state = {code}"
        );
        let (stored, expected) = (database.number(&sql).await?, i64::try_from(count)?);
        rig.report.expect("an end of another one", stored == expected, format!("{stored} of {expected} are {name}"));
        let metric = format!("sambac_messages_finished_total{{name=\"{name}\"}} ");
        let counted = metrics.lines().find_map(|line| line.strip_prefix(&metric)?.trim().parse::<i64>().ok());
        let text = format!("{counted:?} are {name}, {expected} were sent");
        rig.report.expect("counted otherwise", counted == Some(expected), text);
    }
    Ok(())
}
