//! F10: an operator takes messages, gives no answer, and closes the link: of one in a hundred, and then of all of them for a while. Half of what it leaves
//! unanswered it has taken, and tells so later by a receipt; the other half is lost.

use std::collections::HashSet;
use std::ops::Range;

use anyhow::Result;
use sambac_domain::MessageState;

use super::clients::FIRST;
use super::oracle::Rules;
use super::rig::Rig;
use super::{Fault, Report, Setting};
use crate::scenario::{Database, Esme, Journal, Site, World};

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F10",
    title: "an operator takes messages, gives no answer and closes: of 1 %, then of all for a while",
    holds: "a code is never sent twice, others are sent again with their mark and arrive; money and counters are exact",
};

/// It binds again at once, however often it is dropped.
const CONNECTOR: &str = "window_max = 50\nsettings = { bind = { reconnect_min_ms = 50, reconnect_max_ms = 100 } }";
/// Where numbers of codes begin, and where those of the second turn: its rule knows them by their prefix.
const CODES: u64 = FIRST + 400_000_000;
const CODES_END: u64 = FIRST + 800_000_000;
const ALL_CLOSE: u64 = 100_000_000;
const OTHERS_VALIDITY_S: u32 = 3_600;
/// Nobody is given up, however often the link is closed on it.
const ATTEMPTS_MAX: &str = "250";

/// Plays it on the binary that users have.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let setting = Setting { binary: setting.release.clone(), ..setting.clone() };
    let mut rig = rig(&setting).await?;
    let variables = [("SAMBAC_LIMITS_ATTEMPTS_MAX", ATTEMPTS_MAX), ("SAMBAC_LIMITS_RECEIPT_GRACE_S", "2")];
    let mut platform = rig.world.platform(&variables).await?;
    platform.until_bound().await?;
    let esmes = (rig.client(&platform).await?, rig.client_as(&platform, "codes").await?);
    for (first, count) in [(0, setting.of(800, 20_000)), (ALL_CLOSE, setting.of(100, 1_000))] {
        both(&rig, &setting, &esmes, first..first + count).await?;
        rig.at_rest().await?;
    }
    rig.report.expect("it ended", platform.is_running()?, "");
    let metrics = platform.metrics().await?;
    rig.ends(platform, [esmes.0, esmes.1]).await?;
    let (journal, mut database) = (rig.operator.finish().await?, rig.world.database().await?);
    counted(&mut rig.report, &metrics, &mut database).await?;
    in_doubt(&mut rig.report, &journal, &mut database).await?;
    rig.judged(&Rules { codes_to: CODES..CODES_END, ..Rules::default() }).await
}

async fn rig(setting: &Setting) -> Result<Rig> {
    let world = World::new(&setting.binary.display().to_string(), FAULT.number)?;
    let closed = setting.of(150, 2_000);
    let mut scenario = format!(
        "seed = {}\nmagic = false\n[answer]\ndelay_ms = [0, 20]\nclose = 0.005\nclose_taken = 0.005\n\
         [receipt]\ndelay_ms = [0, 300]\nresend_max = 1000\n",
        setting.seed
    );
    for first in [FIRST, CODES] {
        let prefix = (first + ALL_CLOSE).to_string();
        let prefix = prefix.trim_end_matches('0');
        let answer = format!("close_first = {closed}, close = 0.0, close_taken = 0.0");
        scenario += &format!("[[rule]]\ndestination = \"{prefix}\"\nanswer = {{ {answer} }}\n");
    }
    let operator = world.simulator("alpha", &scenario).await?;
    let site = Site::with_one_account("1000000")
        .smpp_account("bank", "load", "window_max = 100")
        .smpp_account("bank", "codes", "window_max = 100\nclass = \"otp\"")
        .connector("alpha", &operator, CONNECTOR)
        .route("all", &["alpha"], "");
    Rig::on_site(&FAULT, setting, world, (operator, Vec::new()), &site).await
}

/// Codes and others, at the same time.
async fn both(rig: &Rig, setting: &Setting, (others, codes): &(Esme, Esme), numbers: Range<u64>) -> Result<()> {
    let from = |first: u64| numbers.clone().map(move |number| first + number);
    let validity_s = setting.of(8, 60);
    tokio::try_join!(
        rig.clients.send_all(others, from(FIRST), OTHERS_VALIDITY_S),
        rig.clients.send_all(codes, from(CODES), validity_s)
    )?;
    Ok(())
}

/// What the platform has counted is what is stored.
async fn counted(report: &mut Report, metrics: &str, database: &mut Database) -> Result<()> {
    let finished = metrics.lines().filter_map(|line| line.strip_prefix("sambac_messages_finished_total"));
    let finished: i64 = finished.filter_map(|line| line.rsplit(' ').next()?.parse::<i64>().ok()).sum();
    let stored = database.number("SELECT COUNT(*) FROM messages WHERE final_at IS NOT NULL").await?;
    report.expect("counted otherwise", finished == stored, format!("{finished} have ended, {stored} are stored so"));
    Ok(())
}

/// What the operator left unanswered is marked, and what it told of a code all the same is believed.
async fn in_doubt(report: &mut Report, journal: &Journal, database: &mut Database) -> Result<()> {
    let answered: HashSet<_> = journal.of("answer").map(|line| (line.session, line.sequence)).collect();
    let open = journal.submits().filter(|line| !answered.contains(&(line.session, line.sequence)));
    let open: HashSet<u64> = open.filter_map(|line| line.destination.parse().ok()).collect();
    let acknowledged: HashSet<_> =
        journal.of("receipt_ack").filter(|line| line.status == 0).map(|line| &line.message_id).collect();
    let told = journal.of("receipt").filter(|line| acknowledged.contains(&line.message_id));
    let told: HashSet<u64> = told.filter_map(|line| line.destination.parse().ok()).collect();
    let sql = format!(
        "SELECT m.destination, s.possible_duplicate, m.state = {} FROM messages m JOIN segments s ON s.id / 256 * 256 = m.id",
        MessageState::Delivered.code()
    );
    let rows: Vec<(i64, bool, bool)> = database.rows(&sql).await?;
    for (number, is_marked, is_delivered) in rows {
        let number = number.unsigned_abs();
        report.expect("in doubt without a mark", is_marked || !open.contains(&number), number.to_string());
        let is_believed = is_delivered || !told.contains(&number);
        report.expect("its receipt is not believed", is_believed, number.to_string());
    }
    for (what, numbers) in [("codes", CODES..CODES_END), ("others", FIRST..CODES)] {
        let count = open.iter().filter(|number| numbers.contains(number)).count();
        report.expect("nothing was in doubt", count > 0, what);
        report.measured(format!("{what} left unanswered"), count);
        let saved = open.iter().filter(|number| numbers.contains(number) && told.contains(number)).count();
        report.measured(format!("{what} left unanswered, of which a receipt tells"), saved);
    }
    report.measured("attempts at one at most", database.number("SELECT MAX(attempts) FROM segments").await?);
    report.measured("links closed", journal.of("close").count());
    report.strikes.insert("a message is not answered, and the link closed".into(), open.len() as u64);
    Ok(())
}
