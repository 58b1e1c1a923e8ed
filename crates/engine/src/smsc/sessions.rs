//! Who is bound: the sessions of every SMPP account.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use quick_cache::sync::Cache;
use sambac_bus::Queued;
use sambac_bus::redis::Binds;
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{MessageId, SmppAccountId};
use sambac_domain::profile::ReceiverPolicy;
use sambac_smpp::{BindKind, Session};
use sambac_store::rows::AccessState;
use tokio::sync::{Notify, futures::Notified};
use tokio_util::sync::CancellationToken;

use super::door;
use super::elsewhere::Elsewhere;
use super::pace::{BindPace, Pace};
use crate::snapshot::{SmppAccount, Snapshot};

/// Messages of one account whose session is remembered; the receipts of others go to any.
const SUBMITTED_MAX: usize = 65_536;
/// How long open requests may take when a changed account is unbound.
const UNBIND_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the last answers to clients' requests may take before an orderly end.
const ANSWERS: Duration = Duration::from_secs(5);

/// All bound sessions.
#[derive(Default)]
pub(crate) struct Sessions {
    bound: Mutex<HashMap<SmppAccountId, Bound>>,
    /// Rung when a session has left, and its places are free.
    left: Notify,
    /// What has bound at other nodes.
    elsewhere: ArcSwap<Elsewhere>,
    /// Rung when there is another number of binds to be told to other nodes.
    changed: Notify,
}

struct Bound {
    sessions: Vec<Member>,
    /// Places kept for binds that are being answered.
    reserved: usize,
    next: u64,
    /// Ends the deliverer of the account; there is one while a receiver is bound.
    deliverer: Option<CancellationToken>,
    changed: Arc<Notify>,
    pace: Option<Arc<Pace>>,
    /// Whose turn it is, when receivers take turns.
    turn: usize,
    /// Which session submitted a message, when its receipt goes there.
    submitted: Option<Cache<MessageId, (u64, IpAddr)>>,
}

/// One session, and the receipts sent on it that are not acknowledged yet.
struct Member {
    number: u64,
    session: Session,
    address: IpAddr,
    /// Its place among all connections, until the session is over.
    place: Option<door::Bound>,
    /// The account as it was when it bound.
    account: Arc<SmppAccount>,
    revoked: Revoked,
    next_token: u64,
    undelivered: HashMap<u64, Departed>,
}

/// Why a session may ask for nothing more, from the moment on when its account may not bind any more; it may take its time to
/// unbind.
pub(super) type Revoked = Arc<OnceLock<ErrorCode>>;

/// A notice on its way: in one PDU, or in several that are answered one by one.
pub(super) struct Departed {
    pub(super) queued: Queued,
    pieces: Option<Arc<Pieces>>,
}

struct Pieces {
    open: AtomicUsize,
    refused: AtomicBool,
}

impl Departed {
    /// In so many PDUs.
    pub(super) fn new(queued: Queued, pieces: usize) -> Self {
        let several = || Arc::new(Pieces { open: AtomicUsize::new(pieces), refused: AtomicBool::new(false) });
        Self { queued, pieces: (pieces > 1).then(several) }
    }

    /// The same notice, for its next PDU.
    pub(super) fn again(&self) -> Self {
        Self { queued: self.queued.clone(), pieces: self.pieces.clone() }
    }

    /// So many of its PDUs were answered, or will not be. With the last one: whether all were taken.
    pub(super) fn settle(&self, count: usize, taken: bool) -> Option<bool> {
        let Some(pieces) = &self.pieces else { return Some(taken) };
        if !taken {
            pieces.refused.store(true, Ordering::Release);
        }
        let is_last = pieces.open.fetch_sub(count, Ordering::AcqRel) == count;
        is_last.then(|| !pieces.refused.load(Ordering::Acquire))
    }
}

impl Default for Bound {
    fn default() -> Self {
        Self {
            sessions: Vec::new(),
            reserved: 0,
            next: 0,
            deliverer: None,
            changed: Arc::new(Notify::new()),
            pace: None,
            turn: 0,
            submitted: None,
        }
    }
}

/// What a new session is told.
pub(super) struct Joined {
    pub(super) number: u64,
    /// Given when this session is the account's first receiver: a deliverer is to be started.
    pub(super) deliverer: Option<(CancellationToken, Arc<Notify>)>,
    /// How fast it may submit.
    pub(super) pace: BindPace,
    /// Whether it still may.
    pub(super) revoked: Revoked,
}

impl Sessions {
    /// Binds of all accounts.
    pub(crate) fn total(&self) -> usize {
        self.map().values().map(|bound| bound.sessions.len()).sum()
    }

    /// Binds of each account, and those that are being answered.
    pub(crate) fn binds(&self) -> Binds {
        let count = |bound: &Bound| u32::try_from(bound.open() + bound.reserved).unwrap_or(u32::MAX);
        self.map().iter().map(|(account, bound)| (account.raw(), count(bound))).collect()
    }

    /// Waits until there is another number of binds.
    pub(crate) async fn until_changed(&self) {
        self.changed.notified().await;
    }

    /// This has bound at other nodes.
    pub(crate) fn hear(&self, elsewhere: Elsewhere) {
        for (account, bound) in &*self.map() {
            if let Some(pace) = &bound.pace {
                pace.part(elsewhere.parts(*account));
            }
        }
        self.elsewhere.store(Arc::new(elsewhere));
        // Perhaps somebody left a place there.
        self.left.notify_waiters();
    }

    /// Whether a client has a bind that takes messages.
    pub(crate) fn has_receiver(&self, account: SmppAccountId) -> bool {
        self.map().get(&account).is_some_and(|bound| bound.deliverer.is_some())
    }

    /// Keeps a place for a bind before it is answered; false when the account has as many as it may have. The place is taken
    /// by [`Sessions::join`] or given back by [`Sessions::release`].
    pub(super) fn reserve(&self, account: &SmppAccount) -> bool {
        let mut map = self.map();
        let bound = map.entry(account.row.id).or_default();
        let has_room =
            bound.open() + bound.reserved < self.elsewhere.load().places_left(account.row.id, account.row.binds_max);
        bound.reserved += usize::from(has_room);
        self.changed.notify_one();
        has_room
    }

    /// Gives back the places of sessions that are over and whose last events were not taken up yet.
    pub(super) fn free_places(&self) {
        let mut map = self.map();
        for member in map.values_mut().flat_map(|bound| &mut bound.sessions) {
            if member.session.is_closed() {
                member.place = None;
            }
        }
    }

    /// Waits until a session leaves, from the moment on when it is first polled or enabled.
    pub(super) fn left(&self) -> Notified<'_> {
        self.left.notified()
    }

    /// The bind came to nothing.
    pub(super) fn release(&self, account: SmppAccountId) {
        let mut map = self.map();
        let Some(bound) = map.get_mut(&account) else { return };
        bound.reserved = bound.reserved.saturating_sub(1);
        self.changed.notify_one();
    }

    /// Puts a session on the list, in the places that were reserved for it.
    pub(super) fn join(
        &self,
        account: &Arc<SmppAccount>,
        session: &Session,
        address: IpAddr,
        place: Option<door::Bound>,
    ) -> Joined {
        let mut map = self.map();
        let bound = map.entry(account.row.id).or_default();
        bound.reserved = bound.reserved.saturating_sub(1);
        let number = bound.next;
        bound.next += 1;
        let revoked = Revoked::default();
        bound.sessions.push(Member {
            number,
            session: session.clone(),
            address,
            place,
            account: Arc::clone(account),
            revoked: Arc::clone(&revoked),
            next_token: 0,
            undelivered: HashMap::new(),
        });
        bound.changed.notify_one();
        let first_receiver = receives(session) && bound.deliverer.is_none();
        let deliverer = first_receiver.then(|| {
            let token = CancellationToken::new();
            bound.deliverer = Some(token.clone());
            (token, Arc::clone(&bound.changed))
        });
        let parts = self.elsewhere.load().parts(account.row.id);
        Joined { number, deliverer, pace: bound.pace(account, parts), revoked }
    }

    /// Takes a session off the list; gives back the receipts that were not acknowledged, oldest first.
    pub(super) fn leave(&self, account: SmppAccountId, number: u64) -> Vec<Queued> {
        let mut map = self.map();
        let Some(bound) = map.get_mut(&account) else { return Vec::new() };
        let left = bound.sessions.iter().position(|member| member.number == number);
        let Some(mut left) = left.map(|place| bound.sessions.swap_remove(place)) else { return Vec::new() };
        if !bound.sessions.iter().any(|member| receives(&member.session))
            && let Some(deliverer) = bound.deliverer.take()
        {
            deliverer.cancel();
        }
        bound.changed.notify_one();
        // An account without sessions stays on the list: binding anew must not give a fast client its burst again.
        drop(map);
        left.place = None;
        self.left.notify_waiters();
        self.changed.notify_one();
        let mut undelivered: Vec<_> = left.undelivered.into_iter().collect();
        undelivered.sort_unstable_by_key(|(token, _)| *token);
        // One whose PDUs are still open in part goes once more, whole.
        let mut seen = HashSet::new();
        undelivered.into_iter().map(|(_, departed)| departed.queued).filter(|queued| seen.insert(queued.id)).collect()
    }

    /// The account's session with most room for another `deliver_sm`, and its number.
    pub(super) fn receiver(&self, account: SmppAccountId, message: Option<MessageId>) -> Option<(u64, Session)> {
        let mut map = self.map();
        let chosen = map.get_mut(&account)?.choose(message)?;
        Some((chosen.number, chosen.session.clone()))
    }

    /// Remembers that this session submitted a message.
    pub(super) fn submitted(&self, account: SmppAccountId, message: MessageId, session: (u64, IpAddr)) {
        if let Some(bound) = self.map().get_mut(&account) {
            bound.submitted.get_or_insert_with(|| Cache::new(SUBMITTED_MAX)).insert(message, session);
        }
    }

    /// Notes a PDU of a notice as sent on a session, under the token returned; `None` when the session has left.
    pub(super) fn depart(&self, account: SmppAccountId, number: u64, departed: Departed) -> Option<u64> {
        let mut map = self.map();
        let member = member(&mut map, account, number)?;
        let token = member.next_token;
        member.next_token += 1;
        member.undelivered.insert(token, departed);
        Some(token)
    }

    /// The notice that a token stands for; that PDU is no longer open then.
    pub(super) fn arrive(&self, account: SmppAccountId, number: u64, token: u64) -> Option<Departed> {
        member(&mut self.map(), account, number)?.undelivered.remove(&token)
    }

    /// Unbinds the sessions of accounts that were changed, suspended or removed: they may bind again under what holds now. Those
    /// that could not bind any more are refused whatever they ask, also while they do not answer the unbind.
    pub(crate) fn apply_snapshot(&self, snapshot: &Snapshot) {
        self.map().values().flat_map(|bound| &bound.sessions).for_each(|member| member.heed(snapshot));
    }

    /// The same for one session that has just joined, whose account may have changed while it was bound.
    pub(super) fn heed(&self, account: SmppAccountId, number: u64, snapshot: &Snapshot) {
        if let Some(member) = member(&mut self.map(), account, number) {
            member.heed(snapshot);
        }
    }

    /// Unbinds everybody, all at once, within `limit`.
    pub(crate) async fn unbind_all(&self, limit: Duration) {
        let sessions: Vec<_> =
            self.map().values().flat_map(|bound| bound.sessions.iter().map(|member| member.session.clone())).collect();
        let unbinding: Vec<_> = sessions
            .into_iter()
            .map(|session| tokio::spawn(async move { session.answer_and_unbind(ANSWERS, limit).await }))
            .collect();
        for task in unbinding {
            // A session that ends badly has ended.
            let _ = task.await;
        }
    }

    fn map(&self) -> MutexGuard<'_, HashMap<SmppAccountId, Bound>> {
        self.bound.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member {
    fn heed(&self, snapshot: &Snapshot) {
        let row = &self.account.row;
        let unchanged = snapshot.smpp_account_by_id(row.id).is_some_and(|now| now.row == *row);
        let revoked = self.revoked_by(snapshot);
        if unchanged && revoked.is_none() {
            return;
        }
        if let Some(code) = revoked {
            // The first reason stays.
            let _ = self.revoked.set(code);
        }
        let session = self.session.clone();
        tokio::spawn(async move { session.unbind(UNBIND_TIMEOUT).await });
    }

    /// Why it could not bind any more; `None` when it could, with the password that it bound with and from where it is.
    fn revoked_by(&self, snapshot: &Snapshot) -> Option<ErrorCode> {
        let row = &self.account.row;
        let paying = snapshot.account(row.account_id).is_some_and(|account| account.active);
        let now = snapshot.smpp_account_by_id(row.id).filter(|now| now.row.account_id == row.account_id);
        match now {
            Some(now) if now.row.state == AccessState::Suspended || !paying => Some(ErrorCode::AccountSuspended),
            Some(now) if now.row.state != AccessState::Active => Some(ErrorCode::InvalidBindStatus),
            Some(now) if now.row.system_id != row.system_id || now.row.password_hash != row.password_hash => {
                Some(ErrorCode::InvalidBindStatus)
            }
            Some(now) if !now.allows(self.address) => Some(ErrorCode::InvalidBindStatus),
            Some(_) => None,
            None => Some(ErrorCode::InvalidBindStatus),
        }
    }
}

impl Bound {
    fn choose(&mut self, message: Option<MessageId>) -> Option<&Member> {
        let policy = self.sessions.first()?.account.profile.session.receiver;
        if policy == ReceiverPolicy::RoundRobin {
            self.turn = self.turn.wrapping_add(1);
        }
        // One that is about to unbind takes nothing more: what comes waits until it has left, or another one binds.
        let is_open = |member: &&Member| receives(&member.session) && member.session.takes_requests();
        let receivers = || self.sessions.iter().filter(is_open);
        let room = |member: &&Member| member.session.window_free();
        match policy {
            ReceiverPolicy::Roomiest => receivers().max_by_key(room),
            ReceiverPolicy::RoundRobin => receivers().nth(self.turn % receivers().count().max(1)),
            ReceiverPolicy::SameSession => {
                let (number, address) = message.and_then(|id| self.submitted.as_ref()?.get(&id)).unzip();
                let near = || receivers().filter(|member| Some(member.address) == address).max_by_key(room);
                let same = receivers().find(|member| Some(member.number) == number);
                same.or_else(near).or_else(|| receivers().max_by_key(room))
            }
        }
    }

    /// One that is over takes no place, although its last events may not have been taken up yet.
    fn open(&self) -> usize {
        self.sessions.iter().filter(|member| !member.session.is_closed()).count()
    }

    /// A share of the account's pace, as it is set now, and as it is parted among nodes.
    fn pace(&mut self, account: &SmppAccount, parts: u32) -> BindPace {
        let limits = &account.profile.limits;
        let present = self.pace.take().filter(|pace| pace.is_of(limits));
        let pace = self.pace.insert(present.unwrap_or_else(|| Arc::new(Pace::new(limits))));
        pace.part(parts);
        BindPace::new(Arc::clone(pace))
    }
}

fn member(map: &mut HashMap<SmppAccountId, Bound>, account: SmppAccountId, number: u64) -> Option<&mut Member> {
    map.get_mut(&account)?.sessions.iter_mut().find(|member| member.number == number)
}

fn receives(session: &Session) -> bool {
    session.kind() != BindKind::Transmitter
}
