//! Erasures that the running platform is asked for, and those that another process left unfinished.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_domain::{ErasureId, Msisdn};
use sambac_store::rows::ErasureRow;

use super::{EraseError, Eraser};
use crate::admin::Administrator;
use crate::alert::AlertKind;
use crate::cdr::archive::ArchiveError;
use crate::refusal::Refusal;
use crate::{Engine, Inner};

/// How often it is looked for erasures that wait for messages to end, or could not be carried out.
const INTERVAL: Duration = Duration::from_secs(600);
/// How long somebody else is let move days before it is tried again.
const BUSY: Duration = Duration::from_secs(2);
/// Whom the alert is of.
const SUBJECT: &str = "erasures";

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let Some(eraser) = eraser(&inner) else { return };
    let mut pause = Duration::ZERO;
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = inner.erasure_asked.notified() => {}
            () = inner.stopping.cancelled() => return,
        }
        tokio::select! {
            done = eraser.carry_out_open() => pause = told(&inner, done),
            // The next process goes on.
            () = inner.stopping.cancelled() => return,
        }
    }
}

impl Engine {
    /// Has a number erased: it is written down now, and done soon.
    ///
    /// # Errors
    /// `invalid_request` when it is nobody's number, `wrong_state` without a folder for files of CDRs, `unavailable`.
    pub async fn ask_erasure(&self, by: &Administrator, number: Msisdn, reason: &str) -> Result<ErasureRow, Refusal> {
        let eraser = eraser(&self.0).ok_or_else(|| {
            Refusal::new(ErrorCode::WrongState, "this platform has no folder for files of CDRs".to_owned())
        })?;
        let id = ErasureId::from_raw(self.0.ids.next(self.0.clock.now()));
        let row = eraser.ask(id, number, &by.name, reason).await.map_err(refusal)?;
        self.0.erasure_asked.notify_one();
        Ok(row)
    }
}

fn eraser(inner: &Inner) -> Option<Eraser> {
    let folder = inner.settings.retention.archives.clone()?;
    Some(Eraser::new(inner.store.clone(), inner.settings.seal.clone(), inner.clock.clone(), folder))
}

fn refusal(error: EraseError) -> Refusal {
    match error {
        EraseError::ErasedAlready => Refusal::new(ErrorCode::InvalidRequest, error.to_string()).at("/number"),
        error => {
            tracing::error!(%error, "an erasure was not written down");
            Refusal::new(ErrorCode::ServiceUnavailable, "the erasure was not written down".to_owned())
        }
    }
}

/// Tells what came of it, and answers when it is looked again.
fn told(inner: &Inner, done: Result<Vec<ErasureRow>, EraseError>) -> Duration {
    match done {
        Ok(rows) => {
            for row in rows.iter().filter(|row| row.ended_at.is_some()) {
                tracing::info!(erasure = %row.id, messages = row.messages, records = row.records, "a number was erased");
            }
            inner.alerts.clear(
                AlertKind::Erasure,
                SUBJECT,
                "what was asked for was erased, or waits for messages to end",
            );
        }
        Err(EraseError::Archive(ArchiveError::Busy)) => return BUSY,
        Err(error) => inner.alerts.raise(AlertKind::Erasure, SUBJECT, error.to_string()),
    }
    INTERVAL
}
