//! What is wrong with the files under the database, once it is known: nothing that it says can be relied upon from then on.
//!
//! A `fsync` that failed is such a thing. The system may take pages for written that are not, and the next one may succeed: so it is
//! not tried again, and whoever writes ends. The next start reads what is there.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;

use crate::StoreError;

/// Shared by everything that reads or writes one database.
#[derive(Debug, Clone, Default)]
pub(crate) struct Damage(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    why: watch::Sender<Option<String>>,
    /// Where it is noted for the next start.
    note: Option<PathBuf>,
}

impl Damage {
    /// Of a database in this file.
    pub(crate) fn of_file(path: &Path) -> Self {
        Self(Arc::new(Known { why: watch::Sender::default(), note: Some(note_of(path)) }))
    }

    /// Notes it when that is what an answer tells.
    pub(crate) fn heed<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Damaged(why)) = &answer {
            self.note(why);
        }
        answer
    }

    fn note(&self, why: &str) {
        let is_new = self.0.why.send_if_modified(|known| {
            let is_new = known.is_none();
            known.get_or_insert_with(|| why.to_owned());
            is_new
        });
        if let Some(note) = self.0.note.as_deref().filter(|_| is_new) {
            // A disk that fails may take no file either: the next start is careful only when it does.
            let _ = std::fs::write(note, why);
        }
    }

    /// Ends when something is wrong, with what.
    pub(crate) async fn known(&self) -> String {
        let mut known = self.0.why.subscribe();
        loop {
            let why = known.borrow_and_update().clone();
            if let Some(why) = why {
                return why;
            }
            // It ends well: the sender is in `self`.
            let _ = known.changed().await;
        }
    }
}

/// The file beside the database that says why the last process ended.
pub(crate) fn note_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".suspect");
    PathBuf::from(name)
}
