//! Who may bind: one answer for every wrong credential, and as much work for each.

use std::net::IpAddr;
use std::sync::Arc;

use quick_cache::sync::Cache;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sambac_domain::error::ErrorCode;
use sambac_domain::id::SmppAccountId;
use sambac_smpp::{BindRequest, Session};
use sambac_store::rows::AccessState;
use sha2::{Digest, Sha256};

use super::door;
use super::hashing::{Hashing, Lane};
use super::password::NOBODY;
use super::sessions::Joined;
use super::strikes::Record;
use crate::Inner;
use crate::audit::Refused;
use crate::snapshot::{SmppAccount, Snapshot};

/// Verified binds remembered.
const REMEMBERED: usize = 4_096;

/// Where a bind comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub(super) address: IpAddr,
    /// Whether its connection is encrypted.
    pub(super) tls: bool,
    /// SHA-256 of its certificate, if it has shown one and proved to have its key.
    pub(super) certificate: Option<[u8; 32]>,
}

/// Proofs of recently verified binds: a thousand clients that come back at once are not a thousand slow hashes.
pub(crate) struct VerifiedBinds {
    pepper: [u8; 32],
    seen: Cache<[u8; 32], ()>,
    /// Who bound from where, whatever the password is now.
    places: Cache<[u8; 32], ()>,
    hashing: Hashing,
}

impl Default for VerifiedBinds {
    fn default() -> Self {
        let mut pepper = [0; 32];
        // Without randomness the proofs are worth less, but they never leave this process.
        let _ = OsRng.try_fill_bytes(&mut pepper);
        let (seen, places) = (Cache::new(REMEMBERED), Cache::new(REMEMBERED));
        Self { pepper, seen, places, hashing: Hashing::default() }
    }
}

impl VerifiedBinds {
    /// Whether the password is the account's.
    async fn verify(&self, lane: Lane, password: &[u8], hash: &str) -> bool {
        let proof = self.digest([hash.as_bytes(), password]);
        if self.seen.get(&proof).is_some() {
            return true;
        }
        // Of many that come at once with the same password, one is hashed.
        let known = || self.seen.get(&proof).is_some();
        let verified = self.hashing.verify(lane, known, password, hash).await;
        if verified {
            self.seen.insert(proof, ());
        }
        verified
    }

    /// Changes with either part.
    fn digest(&self, [first, second]: [&[u8]; 2]) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(self.pepper);
        digest.update(first);
        digest.update([0]);
        digest.update(second);
        digest.finalize().into()
    }

    fn place(&self, system_id: &[u8], address: IpAddr) -> [u8; 32] {
        self.digest([system_id, address.to_canonical().to_string().as_bytes()])
    }

    /// Whether this bind needs no hash, as it was verified before: it is nobody's suspect.
    pub(super) fn knows(&self, snapshot: &Snapshot, request: &BindRequest) -> bool {
        account(snapshot, request).is_some_and(|account| {
            let hash = account.row.password_hash.0.as_bytes();
            self.seen.get(&self.digest([hash, &request.password])).is_some()
        })
    }
}

fn account<'a>(snapshot: &'a Snapshot, request: &BindRequest) -> Option<&'a Arc<SmppAccount>> {
    std::str::from_utf8(&request.system_id).ok().and_then(|id| snapshot.smpp_account(id))
}

/// The account that a bind is for, if everything about it is right.
///
/// # Errors
/// One and the same for an unknown system_id, a wrong password, address or certificate, and a suspended account.
pub(super) async fn verify(
    inner: &Inner,
    request: &BindRequest,
    peer: Peer,
    record: Record,
) -> Result<Arc<SmppAccount>, ErrorCode> {
    let snapshot = inner.snapshot.load_full();
    let account = account(&snapshot, request).cloned();
    let hash = account.as_ref().map_or(NOBODY, |account| account.row.password_hash.0.as_str());
    let binds = &inner.verified_binds;
    let place = binds.place(&request.system_id, peer.address);
    let named = account.as_ref().is_some_and(|account| !account.allowed.is_empty() && account.allows(peer.address));
    let trusted = named || binds.places.get(&place).is_some();
    let lane = match (record.is_pair_suspect(), trusted, record.is_suspect()) {
        (false, true, _) => Lane::Trusted,
        (false, false, false) => Lane::Anybody,
        _ => Lane::Suspect,
    };
    let verified = binds.verify(lane, &request.password, hash);
    // A simulation has no other threads, and no time goes by in it while something is worked out.
    #[cfg(debug_assertions)]
    let verified = async {
        match inner.settings.world {
            Some(_) => super::password::verify(&request.password, hash),
            None => verified.await,
        }
    };
    let verified = verified.await;
    let account = account.filter(|account| {
        let paying = snapshot.account(account.row.account_id).is_some_and(|account| account.active);
        verified && paying && account.row.state == AccessState::Active && account.takes(peer)
    });
    let account = account.ok_or_else(|| {
        inner.refusals.count(Refused::Bind(peer.address));
        ErrorCode::BindRefused
    })?;
    binds.places.insert(place, ());
    Ok(account)
}

/// A place among an account's binds and one among all connections, kept while the bind is answered; given back when it comes to
/// nothing.
pub(super) struct Reserved {
    inner: Arc<Inner>,
    account: SmppAccountId,
    place: Option<door::Bound>,
    taken: bool,
}

impl Reserved {
    /// Both places, if there are any left.
    ///
    /// # Errors
    /// [`ErrorCode::TooManyBinds`].
    pub(super) fn new(inner: &Arc<Inner>, account: &SmppAccount, address: IpAddr) -> Result<Self, ErrorCode> {
        if !inner.smpp_sessions.reserve(account) {
            return Err(ErrorCode::TooManyBinds);
        }
        let mut reserved = Self { inner: Arc::clone(inner), account: account.row.id, place: None, taken: false };
        let place = inner.smpp_door.bind(address).or_else(|_| {
            inner.smpp_sessions.free_places();
            inner.smpp_door.bind(address)
        });
        reserved.place = Some(place?);
        Ok(reserved)
    }

    /// The same, once somebody has left them; waits for that for as long as it takes.
    pub(super) async fn when_free(inner: &Arc<Inner>, account: &SmppAccount, address: IpAddr) -> Self {
        loop {
            let mut left = std::pin::pin!(inner.smpp_sessions.left());
            left.as_mut().enable();
            if let Ok(reserved) = Self::new(inner, account, address) {
                return reserved;
            }
            left.await;
        }
    }

    /// Takes the places.
    pub(super) fn join(mut self, account: &Arc<SmppAccount>, session: &Session, address: IpAddr) -> Joined {
        self.taken = true;
        self.inner.smpp_sessions.join(account, session, address, self.place.take())
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if !self.taken {
            self.inner.smpp_sessions.release(self.account);
        }
    }
}

impl SmppAccount {
    /// Whether its binds may come from there.
    fn takes(&self, peer: Peer) -> bool {
        let session = &self.profile.session;
        let pinned = &session.certificates_sha256;
        let shown = peer.certificate.map(hex);
        let certificate = shown.is_some_and(|shown| pinned.iter().any(|pin| pin.eq_ignore_ascii_case(&shown)));
        self.allows(peer.address) && (peer.tls || !session.tls_required) && (pinned.is_empty() || certificate)
    }
}

fn hex(digest: [u8; 32]) -> String {
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}
