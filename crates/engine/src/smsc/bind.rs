//! Who may bind: one answer for every wrong credential, and as much work for each.

use std::net::IpAddr;
use std::sync::Arc;

use quick_cache::sync::Cache;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sambac_domain::error::ErrorCode;
use sambac_smpp::BindRequest;
use sambac_store::rows::AccessState;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::password::{self, NOBODY};
use crate::Inner;
use crate::snapshot::SmppAccount;

/// Passwords hashed at the same time: an attack must not take more of the machine.
const HASHING_MAX: usize = 2;
/// Verified binds remembered.
const REMEMBERED: usize = 4_096;

/// Proofs of recently verified binds: a thousand clients that come back at once are not a thousand slow hashes.
pub(crate) struct VerifiedBinds {
    pepper: [u8; 32],
    seen: Cache<[u8; 32], ()>,
    hashing: Arc<Semaphore>,
}

impl Default for VerifiedBinds {
    fn default() -> Self {
        let mut pepper = [0; 32];
        // Without randomness the proofs are worth less, but they never leave this process.
        let _ = OsRng.try_fill_bytes(&mut pepper);
        Self { pepper, seen: Cache::new(REMEMBERED), hashing: Arc::new(Semaphore::new(HASHING_MAX)) }
    }
}

impl VerifiedBinds {
    /// Whether the password is the account's.
    async fn verify(&self, password: &[u8], hash: &str) -> bool {
        let proof = self.proof(password, hash);
        if self.seen.get(&proof).is_some() {
            return true;
        }
        let Ok(permit) = Arc::clone(&self.hashing).acquire_owned().await else { return false };
        let (password, hash) = (password.to_vec(), hash.to_owned());
        let verify = move || {
            let verified = password::verify(&password, &hash);
            // Only now may the next one begin, also when whoever asked has stopped waiting.
            drop(permit);
            verified
        };
        let verified = tokio::task::spawn_blocking(verify).await.unwrap_or(false);
        if verified {
            self.seen.insert(proof, ());
        }
        verified
    }

    /// Changes with the password and with its stored hash.
    fn proof(&self, password: &[u8], hash: &str) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(self.pepper);
        digest.update(hash.as_bytes());
        digest.update([0]);
        digest.update(password);
        digest.finalize().into()
    }
}

/// The account that a bind is for, if everything about it is right.
///
/// # Errors
/// One and the same for an unknown system_id, a wrong password, a wrong address and a suspended account.
pub(super) async fn verify(
    inner: &Inner,
    request: &BindRequest,
    address: IpAddr,
) -> Result<Arc<SmppAccount>, ErrorCode> {
    let snapshot = inner.snapshot.load_full();
    let account = std::str::from_utf8(&request.system_id).ok().and_then(|id| snapshot.smpp_account(id)).cloned();
    let hash = account.as_ref().map_or(NOBODY, |account| account.row.password_hash.0.as_str());
    let verified = inner.verified_binds.verify(&request.password, hash).await;
    let account = account.filter(|account| {
        let paying = snapshot.account(account.row.account_id).is_some_and(|account| account.active);
        verified && paying && account.row.state == AccessState::Active && account.allows(address)
    });
    let account = account.ok_or(ErrorCode::BindRefused)?;
    if inner.smpp_sessions.count(account.row.id) >= usize::from(account.row.binds_max) {
        return Err(ErrorCode::TooManyBinds);
    }
    Ok(account)
}
