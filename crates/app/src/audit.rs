//! The `audit` command: who did what, from the platform's API; and whether the log is what was kept, from the database or from an
//! exported file alone.
//!
//! ```text
//! sambac audit list --action key.
//! sambac audit export audit.jsonl
//! sambac audit verify --head heads.jsonl                                  # the database
//! sambac audit verify --file audit.jsonl --head heads.jsonl --public-key …  # anywhere
//! ```

mod entry;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sambac_engine::audit::HeadKey;
use sambac_engine::clock::Clock;
use sambac_engine::seal::Seal;
use sambac_store::Store;
use serde_json::json;

use crate::client::admin::audit::List;
use crate::config::Flags;
use crate::config::command::load;
use crate::exit::Failure;
use crate::output::Output;
use crate::{master_key, platform};

/// Who did what to the platform: list, export, verify.
#[derive(Args, Debug)]
pub(crate) struct AuditCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// List entries, newest first.
    List(List),
    /// Write all entries to a file, one in each line, from the database.
    Export {
        /// Where to; it must not be there yet.
        file: PathBuf,
        #[command(flatten)]
        flags: Flags,
    },
    /// Find out whether any entry was changed, removed, put in or moved, and whether the end was cut off.
    Verify(verify::Verify),
    /// Show where the log ends, signed, with the public key that verifies it.
    Head {
        #[command(flatten)]
        flags: Flags,
    },
}

impl AuditCommand {
    /// Does it.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        match self.what {
            What::List(list) => list.run(output).await,
            What::Export { file, flags } => export(&file, &flags, output).await,
            What::Verify(verify) => verify.run(output).await,
            What::Head { flags } => head(&flags, output).await,
        }
    }
}

async fn open(flags: &Flags) -> Result<(Store, Seal), Failure> {
    let config = load(flags)?.config;
    let store = platform::open_existing(&config).await?;
    let seal = master_key::open(&config, &store).await?;
    Ok((store, seal))
}

async fn export(file: &std::path::Path, flags: &Flags, output: Output) -> Result<(), Failure> {
    let (store, _) = open(flags).await?;
    let mut writer = entry::Writer::create(file)?;
    store.read_audit(0, |rows| writer.take(&rows)).await?;
    store.close().await;
    let count = writer.end()?;
    output.print(&json!({ "entries": count }), || format!("{count} entries are in {}", file.display()))
}

async fn head(flags: &Flags, output: Output) -> Result<(), Failure> {
    let (store, seal) = open(flags).await?;
    let head = store.audit_head().await;
    store.close().await;
    let key = HeadKey::of(&seal).map_err(anyhow::Error::from)?;
    let signed = key.sign(&head?, Clock::system().now());
    let line = serde_json::to_string(&signed)?;
    output.print(&json!(signed), || line)
}
