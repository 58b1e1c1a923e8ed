//! `sambac audit verify`.

use std::path::{Path, PathBuf};

use clap::Args;
use sambac_engine::audit::{HeadKey, SignedHead};
use sambac_store::audit::{AuditFault, AuditHead, AuditVerifier};
use serde_json::json;

use super::{entry, open};
use crate::config::Flags;
use crate::exit::{Exit, Failure};
use crate::output::Output;

#[derive(Args, Debug)]
pub(super) struct Verify {
    /// An exported file instead of the database: no database, and no master key, is needed then.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Files with heads that were signed and kept elsewhere, one in each line. Without any, an end that was cut off is not found.
    #[arg(long = "head", value_name = "FILE")]
    heads: Vec<PathBuf>,
    /// The public key that the heads are signed with; that of the master key if not given.
    #[arg(long)]
    public_key: Option<String>,
    #[command(flatten)]
    flags: Flags,
}

impl Verify {
    /// Verifies and tells.
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let (verified, kept) = match &self.file {
            Some(file) => self.of_file(file)?,
            None => self.of_database().await?,
        };
        let head = verified.map_err(|fault| Failure::because(Exit::Failed, fault.to_string()))?;
        let told = json!({ "verified": true, "entries": head.entries, "heads": kept, "head": head.to_string() });
        output.print(&told, || {
            format!("{} entries are what was sealed, and {kept} heads agree\nhead {head}", head.entries)
        })
    }

    fn of_file(&self, file: &Path) -> Result<(Result<AuditHead, AuditFault>, usize), Failure> {
        let missing = || Failure::because(Exit::Configuration, "--head with --file needs --public-key");
        let kept = match (&self.public_key, self.heads.is_empty()) {
            (_, true) => Vec::new(),
            (key, false) => self.kept(key.as_deref().ok_or_else(missing)?)?,
        };
        let (count, mut verifier) = (kept.len(), AuditVerifier::new(kept));
        for row in entry::read(file)? {
            if let Err(fault) = verifier.take(&row?) {
                return Ok((Err(fault), count));
            }
        }
        Ok((verifier.end(), count))
    }

    async fn of_database(&self) -> Result<(Result<AuditHead, AuditFault>, usize), Failure> {
        let (store, seal) = open(&self.flags).await?;
        let own = HeadKey::of(&seal).map_err(anyhow::Error::from)?.public_key();
        let mut kept = self.kept(self.public_key.as_deref().unwrap_or(&own))?;
        let count = kept.len();
        // What its last writer noted is no proof, but costs an intruder one more step.
        kept.push(store.audit_head().await?);
        let (mut verifier, mut fault) = (AuditVerifier::new(kept), None);
        store
            .read_audit(0, |rows| {
                fault = rows.iter().try_for_each(|row| verifier.take(row)).err();
                fault.is_none()
            })
            .await?;
        store.close().await;
        Ok((fault.map_or_else(|| verifier.end(), Err), count))
    }

    /// The heads of the files, each of them signed with this key.
    fn kept(&self, public_key: &str) -> Result<Vec<AuditHead>, Failure> {
        let mut kept = Vec::new();
        for path in &self.heads {
            let wrong = |why: String| Failure::because(Exit::Failed, format!("{}: {why}", path.display()));
            let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                let signed: SignedHead = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
                kept.push(signed.verified(public_key).map_err(|error| wrong(error.to_string()))?);
            }
        }
        Ok(kept)
    }
}
