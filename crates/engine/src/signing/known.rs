//! The keys that verify what we signed, as this process knows them: read again when they may have changed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::DecodingKey;
use sambac_domain::Timestamp;
use sambac_store::rows::SigningKeyRow;

use super::READ_AGAIN_AFTER;
use crate::Engine;
use crate::refusal::Refusal;

/// How often they are read at most because somebody names one that is not known.
const READ_FLOOR: Duration = Duration::from_secs(1);

/// All keys as they were read.
pub(super) struct KnownKeys {
    read_at: Timestamp,
    /// By id, each with when the next newer one was made.
    keys: HashMap<String, (Option<Timestamp>, Arc<DecodingKey>)>,
    pub(super) newest: Option<SigningKeyRow>,
}

impl KnownKeys {
    /// `rows`: newest first.
    fn new(read_at: Timestamp, rows: Vec<SigningKeyRow>) -> Self {
        let followed = [None].into_iter().chain(rows.iter().map(|row| Some(row.created_at)));
        let known = followed.zip(&rows).filter_map(|(followed_at, row)| {
            let key = DecodingKey::from_ed_components(&row.public_key).ok()?;
            Some((row.id.to_string(), (followed_at, Arc::new(key))))
        });
        Self { read_at, keys: known.collect(), newest: rows.into_iter().next() }
    }
}

impl Engine {
    /// The key of this id, if it still signed `overlap` ago: whoever got hold of an old one can make nothing with it.
    ///
    /// # Errors
    /// [`sambac_domain::error::ErrorCode::ServiceUnavailable`].
    pub(crate) async fn token_key(&self, id: &str, overlap: Duration) -> Result<Option<Arc<DecodingKey>>, Refusal> {
        let now = self.0.clock.now();
        let mut known = self.known_keys(READ_AGAIN_AFTER).await?;
        if !known.keys.contains_key(id) {
            known = self.known_keys(READ_FLOOR).await?;
        }
        let signs = |followed_at: &Option<Timestamp>| followed_at.is_none_or(|at| now.since(at) <= overlap);
        Ok(known.keys.get(id).filter(|(followed_at, _)| signs(followed_at)).map(|(_, key)| Arc::clone(key)))
    }

    /// All keys, as they were at most `age` ago.
    pub(super) async fn known_keys(&self, age: Duration) -> Result<Arc<KnownKeys>, Refusal> {
        let fresh = |known: &Arc<KnownKeys>| self.0.clock.now().since(known.read_at) < age;
        if let Some(known) = self.0.signing.known.load_full().filter(fresh) {
            return Ok(known);
        }
        let _reading = self.0.signing.reading.lock().await;
        if let Some(known) = self.0.signing.known.load_full().filter(fresh) {
            return Ok(known);
        }
        let now = self.0.clock.now();
        let rows = self.0.store.signing_keys().await.map_err(|error| super::unavailable(&error))?;
        let known = Arc::new(KnownKeys::new(now, rows));
        self.0.signing.known.store(Some(Arc::clone(&known)));
        Ok(known)
    }
}
