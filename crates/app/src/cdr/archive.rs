//! `sambac cdr archive`, `restore` and `list`: days of CDRs between the table and their files.
//!
//! They work on the database and the folder of archives themselves, also while the platform runs.

use clap::Args;
use sambac_domain::Day;
use sambac_engine::audit::Event;
use sambac_engine::cdr::archive::{Archive, ArchiveError, Moved};
use sambac_engine::clock::Clock;
use sambac_engine::retention::kept_from;
use sambac_store::Store;
use sambac_store::rows::CdrArchiveRow;
use serde_json::{Value, json};

use crate::config::command::load;
use crate::config::{Config, Flags};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::provision::author;
use crate::{master_key, platform, retention};

/// A message is valid for three days, and its receipts may be believed for a week after that.
const LATE_DAYS: i64 = 10;

/// Move days of records that have had their time from the table into files.
#[derive(Args, Debug)]
pub(super) struct Move {
    /// Those of messages accepted before this day (UTC, 2025-10-01), instead of those older than `retention.cdr_months`.
    #[arg(long, value_name = "DAY", value_parser = day)]
    before: Option<Day>,
    #[command(flatten)]
    flags: Flags,
}

/// Put days of records back into the table.
#[derive(Args, Debug)]
pub(super) struct Restore {
    /// The first day, UTC, as 2025-10-01.
    #[arg(value_parser = day)]
    day: Day,
    /// The last day, if it is not the same.
    #[arg(long, value_name = "DAY", value_parser = day)]
    until: Option<Day>,
    #[command(flatten)]
    flags: Flags,
}

/// Show which days are in files, and where each of their records is.
#[derive(Args, Debug)]
pub(super) struct List {
    #[command(flatten)]
    flags: Flags,
}

impl Move {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let (config, store, archive) = open(&self.flags).await?;
        let done = moved(&config, &archive, self.before).await;
        let kept = keep(&store, "cdr.archived", &done).await;
        store.close().await;
        kept?;
        print(output, "moved into files", &done?)
    }
}

impl Restore {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let (_, store, archive) = open(&self.flags).await?;
        let done = put_back(&store, &archive, self.day, self.until.unwrap_or(self.day)).await;
        let kept = keep(&store, "cdr.restored", &done).await;
        store.close().await;
        kept?;
        print(output, "put back into the table", &done?)
    }
}

impl List {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let (_, store, _) = open(&self.flags).await?;
        let rows = store.cdr_archives().await;
        store.close().await;
        let rows = rows?;
        let shown: Vec<_> = rows.iter().map(shown).collect();
        output.print(&json!({ "days": shown }), || match rows.as_slice() {
            [] => "no day is in a file".to_owned(),
            rows => rows.iter().map(line).collect::<Vec<_>>().join("\n"),
        })
    }
}

/// Who moved what is in the audit log.
async fn keep(store: &Store, action: &'static str, done: &Result<Vec<Moved>, Failure>) -> Result<(), Failure> {
    let now = Clock::system().now();
    let entry = |one: &Moved| {
        let event = Event::new(author(), action, one.day.to_string());
        event.with("records", one.records).with("mended", one.mended).entry(now)
    };
    match done {
        Ok(moved) if !moved.is_empty() => {
            store.append_audit(&moved.iter().map(entry).collect::<Vec<_>>()).await?;
        }
        _ => {}
    }
    Ok(())
}

async fn moved(config: &Config, archive: &Archive, before: Option<Day>) -> Result<Vec<Moved>, Failure> {
    let now = Clock::system().now();
    let today = Day::of(now);
    let until = match before {
        Some(day) if day > today.plus(-LATE_DAYS) => {
            let why = format!(
                "--before must be {LATE_DAYS} days ago at least: until then receipts that come late may correct records"
            );
            return Err(Failure::because(Exit::Configuration, why));
        }
        Some(day) => day,
        None => kept_from(today, config.retention.cdr_months),
    };
    let mut moved = archive.finish_begun().await.map_err(failed)?;
    // Whoever asks means also what was put back.
    for day in archive.due(until, now).await.map_err(failed)? {
        moved.push(archive.archive(day).await.map_err(failed)?);
    }
    Ok(moved)
}

async fn put_back(store: &Store, archive: &Archive, first: Day, last: Day) -> Result<Vec<Moved>, Failure> {
    let known = store.cdr_archives().await?;
    let wanted = known.iter().map(|row| Day::from_number(row.id)).filter(|day| (first..=last).contains(day));
    let mut moved = Vec::new();
    for day in wanted {
        moved.push(archive.restore(day).await.map_err(failed)?);
    }
    if moved.is_empty() { Err(failed(ArchiveError::NotArchived)) } else { Ok(moved) }
}

async fn open(flags: &Flags) -> Result<(Config, Store, Archive), Failure> {
    let config = load(flags)?.config;
    let store = platform::open_existing(&config).await?;
    let key = master_key::open(&config, &store).await?.chain_key();
    let archive = Archive::new(store.clone(), key, Clock::system(), retention::folder(&config));
    Ok((config, store, archive))
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that map_err asks for")]
fn failed(error: ArchiveError) -> Failure {
    Failure::because(Exit::Failed, error.to_string())
}

fn print(output: Output, what: &str, moved: &[Moved]) -> Result<(), Failure> {
    let shown: Vec<_> = moved
        .iter()
        .map(|one| json!({ "day": one.day.to_string(), "records": one.records, "mended": one.mended }))
        .collect();
    output.print(&json!({ "days": shown }), || match moved {
        [] => "nothing is due".to_owned(),
        moved => {
            let lines = moved.iter().map(|one| match one.mended {
                0 => format!("{}: {} records {what}", one.day, one.records),
                mended => format!(
                    "{}: {} records {what}, {mended} of which it had lost, or had otherwise than they were written",
                    one.day, one.records
                ),
            });
            lines.collect::<Vec<_>>().join("\n")
        }
    })
}

fn shown(row: &CdrArchiveRow) -> Value {
    json!({
        "day": Day::from_number(row.id).to_string(), "state": row.state.as_str(), "records": row.records, "file": row.file,
        "octets": row.octets, "sha256": row.sha256, "written_at": row.written_at.rfc3339(), "changed_at": row.changed_at.rfc3339(),
    })
}

fn line(row: &CdrArchiveRow) -> String {
    let CdrArchiveRow { id, file, records, octets, state, .. } = row;
    format!("{}  {:9}  {records:>10} records  {octets:>12} octets  {file}", Day::from_number(*id), state.as_str())
}

/// A day like 2025-10-01.
fn day(text: &str) -> Result<Day, String> {
    let midnight = text.parse::<jiff::civil::Date>().and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC));
    let midnight = midnight.map_err(|_| "must be a day like 2025-10-01".to_owned())?;
    Ok(Day::from_number(midnight.timestamp().as_second().div_euclid(86_400)))
}
