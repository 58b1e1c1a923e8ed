//! F2: the process is killed at named points around the path of a message.

use anyhow::Result;
use rand::Rng as _;

use super::oracle::Rules;
use super::rig::Rig;
use super::{Fault, Report, Setting};

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F02",
    title: "kill -9 at named points",
    holds: "nothing lost, nothing paid twice, what was sent twice says so; every point hit (20 times each in the long form)",
};

/// The points, and up to how many times each is reached before the process dies there.
const POINTS: [(&str, u32); 7] = [
    ("before_commit", 20),
    // Rows are inserted, and the commit is not done.
    ("after_insert", 20),
    // It is done, and nobody is answered.
    ("after_commit", 20),
    // A segment is on its way to the operator.
    ("submit_written", 100),
    // The operator has answered, and that is not stored.
    ("answer_received", 100),
    // A receipt is stored, and not acknowledged.
    ("before_receipt_ack", 100),
    ("between_batches", 20),
];

/// Plays it.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let mut rig = Rig::new(&FAULT, setting).await?;
    for _ in 0..setting.of(1, 20) {
        for (point, times_max) in POINTS {
            let times = rig.chance.random_range(1..=times_max);
            rig.dies(("TEST_KILL_AT", &format!("{point}:{times}"))).await?;
            rig.report.strike(point);
            rig.is_whole().await?;
        }
    }
    migrations(&mut rig, setting).await?;
    rig.rests(&[]).await?;
    rig.judged(&Rules::default()).await
}

/// Takes the schema's last step back, as a program had it that did not know the step yet.
const UNDO_LAST: &str = "ALTER TABLE leases DROP COLUMN orderly_epoch; ALTER TABLE leases DROP COLUMN orderly_since;
    ALTER TABLE submit_intents DROP COLUMN epoch;
    DELETE FROM schema_additions WHERE version = 89; DELETE FROM schema_versions WHERE version = 89";

/// The schema's steps are run anew, and the process dies after each of some of them: the next start runs them all.
async fn migrations(rig: &mut Rig, setting: &Setting) -> Result<()> {
    const LAST: &str = "SELECT MAX(version) FROM schema_versions";
    let (file, before) = (rig.world.data_folder().join("sambac.db"), rig.world.database().await?.number(LAST).await?);
    for _ in 0..setting.of(1, 20) {
        crate::scenario::Database::spoil(&file, UNDO_LAST).await?;
        rig.dies(("TEST_KILL_AT", "mid_migration:1")).await?;
        rig.report.strike("mid_migration");
        rig.is_whole().await?;
        rig.rests(&[]).await?;
        let after = rig.world.database().await?.number(LAST).await?;
        rig.report.expect("a step is missing", after == before, format!("{after} instead of {before}"));
    }
    Ok(())
}
