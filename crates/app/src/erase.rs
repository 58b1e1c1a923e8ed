//! The `erase` command: a person's number is erased wherever it is kept; what was billed stays.
//!
//! ```text
//! sambac erase --number +447700900123 --reason "ticket 1042"
//! ```
//!
//! It works on the database and the files themselves, also while the platform runs. Reference: `docs/reference/retention.md`.

use clap::Args;
use sambac_domain::{ErasureId, Timestamp, number};
use sambac_engine::clock::Clock;
use sambac_engine::erasure::{EraseError, Eraser};
use sambac_store::rows::ErasureRow;
use serde_json::json;

use crate::config::Flags;
use crate::config::command::load;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::{master_key, platform, provision, retention};

/// Who asked, where that is told.
const BY: &str = "the command line";

/// Erase a person's number in messages, CDRs and their files; what was billed stays.
#[derive(Args, Debug)]
pub(crate) struct Erase {
    /// The number in international form, as +447700900123.
    #[arg(long)]
    number: String,
    /// Why it is erased.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    flags: Flags,
}

impl Erase {
    /// Does it.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let wrong = |error: String| Failure::because(Exit::Configuration, format!("--number: {error}"));
        let number = number::parse(&self.number, None).map_err(|error| wrong(error.to_string()))?;
        let config = load(&self.flags)?.config;
        let store = platform::open_existing(&config).await?;
        let seal = master_key::open(&config, &store).await?;
        let clock = Clock::system();
        let id = ErasureId::from_raw(provision::ids(&store).await?.next(clock.now()));
        let eraser = Eraser::new(store.clone(), seal, clock, retention::folder(&config));
        let done = match eraser.ask(id, number, BY, &self.reason).await {
            Ok(row) => eraser.carry_out(row.id).await,
            Err(error) => Err(error),
        };
        store.close().await;
        print(output, &done.map_err(failed)?)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that map_err asks for")]
fn failed(error: EraseError) -> Failure {
    Failure::because(Exit::Failed, error.to_string())
}

fn print(output: Output, row: &ErasureRow) -> Result<(), Failure> {
    let ErasureRow { id, messages, records, handsets, days, waiting, ended_at, .. } = row;
    let shown = json!({
        "id": id.to_string(), "messages": messages, "records": records, "handsets": handsets, "days": days, "waiting": waiting,
        "ended_at": ended_at.map(Timestamp::rfc3339),
    });
    output.print(&shown, || {
        let done = format!("{id}: erased in {messages} messages, {records} CDRs, {handsets} messages from handsets; {days} files written anew");
        match waiting {
            0 => done,
            waiting => format!("{done}; {waiting} messages are on their way and need it still: the platform goes on when they have ended"),
        }
    })
}
