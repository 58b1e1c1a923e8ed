//! The numbers that get no messages, in memory.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use arc_swap::ArcSwap;
use sambac_domain::id::{AccountId, OptOutId};
use sambac_domain::number::{Msisdn, Sender};
use sambac_domain::time::Timestamp;
use sambac_store::chain::OPT_OUT_OCTETS;
use sambac_store::rows::{OptOutRow, OptOutState};
use sambac_store::{ChainKey, Store, StoreError};
use smallvec::SmallVec;
use tokio::sync::Notify;

use super::KeywordReply;
use crate::seal::Seal;

/// Rows that are read at once when the process starts.
const PAGE: u32 = 5_000;

/// A number, as it is known without being told.
pub(super) type Digest = [u8; OPT_OUT_OCTETS];

/// Who gets no messages of whom.
pub(crate) struct OptOuts {
    key: ChainKey,
    lists: ArcSwap<HashMap<AccountId, Arc<RwLock<List>>>>,
    /// What is to be answered to those who wrote a word.
    pub(super) replies: Mutex<VecDeque<KeywordReply>>,
    pub(super) due: Notify,
}

/// One account's: of all senders, where one is `None`.
#[derive(Default)]
struct List {
    numbers: HashMap<Digest, SmallVec<[Option<Sender>; 1]>>,
    /// When the last of them was put there.
    grown_at: Timestamp,
}

impl OptOuts {
    /// Nobody yet.
    pub(crate) fn new(seal: &Seal) -> Self {
        Self { key: seal.chain_key(), lists: ArcSwap::default(), replies: Mutex::default(), due: Notify::new() }
    }

    /// Those that are stored.
    pub(crate) async fn restored(seal: &Seal, store: &Store) -> Result<Self, StoreError> {
        let (all, mut last) = (Self::new(seal), OptOutId::from_raw(0));
        loop {
            let rows = store.opt_outs_in_force(last, PAGE).await?;
            all.apply(&rows);
            match rows.last() {
                Some(row) => last = row.id,
                None => return Ok(all),
            }
        }
    }

    /// The digest of a number.
    pub(crate) fn digest(&self, number: Msisdn) -> Digest {
        self.key.opt_out_digest(number)
    }

    /// Whether a number gets no messages of this account's sender.
    pub(crate) fn has(&self, account: AccountId, number: Msisdn, sender: &Sender) -> bool {
        let lists = self.lists.load();
        let Some(list) = lists.get(&account) else { return false };
        let list = list.read().unwrap_or_else(PoisonError::into_inner);
        if list.numbers.is_empty() {
            return false;
        }
        let of = list.numbers.get(&self.digest(number));
        of.is_some_and(|senders| senders.iter().any(|of| of.is_none_or(|of| of.is_alike(sender))))
    }

    /// Whether a number was put on this account's list at this moment or later.
    pub(crate) fn has_grown_since(&self, account: AccountId, at: Timestamp) -> bool {
        let lists = self.lists.load();
        let list = lists.get(&account).map(|list| list.read().unwrap_or_else(PoisonError::into_inner));
        list.is_some_and(|list| list.grown_at >= at)
    }

    /// The senders of which a number gets nothing; `None` among them means all.
    pub(crate) fn of(&self, account: AccountId, digest: &Digest) -> SmallVec<[Option<Sender>; 1]> {
        let lists = self.lists.load();
        let list = lists.get(&account).map(|list| list.read().unwrap_or_else(PoisonError::into_inner));
        list.and_then(|list| list.numbers.get(digest).cloned()).unwrap_or_default()
    }

    /// How many numbers of an account get nothing.
    pub(crate) fn count(&self, account: AccountId) -> usize {
        let lists = self.lists.load();
        lists.get(&account).map_or(0, |list| list.read().unwrap_or_else(PoisonError::into_inner).numbers.len())
    }

    /// Takes over what was stored, in its order.
    pub(crate) fn apply(&self, rows: &[OptOutRow]) {
        for row in rows {
            let Ok(digest) = Digest::try_from(row.number_digest.as_slice()) else { continue };
            let sender = match row.sender.as_str() {
                "" => None,
                text => match Sender::parse(text) {
                    Ok(sender) => Some(sender),
                    // Nobody can send by it either.
                    Err(_) => continue,
                },
            };
            let list = self.list(row.account_id);
            let mut list = list.write().unwrap_or_else(PoisonError::into_inner);
            match row.state {
                OptOutState::Out => list.add(digest, sender, row.set_at),
                OptOutState::In => list.remove(&digest, sender),
            }
        }
    }

    /// An account's list; the map of accounts is written only when it gets its first.
    fn list(&self, account: AccountId) -> Arc<RwLock<List>> {
        if let Some(list) = self.lists.load().get(&account) {
            return Arc::clone(list);
        }
        let new = Arc::new(RwLock::new(List::default()));
        self.lists.rcu(|lists| {
            let mut lists = HashMap::clone(lists);
            lists.entry(account).or_insert_with(|| Arc::clone(&new));
            lists
        });
        self.lists.load().get(&account).map_or(new, Arc::clone)
    }
}

impl List {
    fn add(&mut self, digest: Digest, sender: Option<Sender>, at: Timestamp) {
        self.grown_at = self.grown_at.max(at);
        let senders = self.numbers.entry(digest).or_default();
        if !senders.contains(&sender) {
            senders.push(sender);
        }
    }

    fn remove(&mut self, digest: &Digest, sender: Option<Sender>) {
        let Some(senders) = self.numbers.get_mut(digest) else { return };
        senders.retain(|of| *of != sender);
        if senders.is_empty() {
            self.numbers.remove(digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use sambac_domain::time::Timestamp;
    use sambac_store::rows::OptOutSource;

    use super::*;

    const ACCOUNT: AccountId = AccountId::from_raw(256);

    fn number(last: u64) -> Msisdn {
        Msisdn::from_u64(447_700_900_000 + last).expect("a number")
    }

    fn list() -> OptOuts {
        OptOuts::new(&Seal::throwaway().expect("randomness"))
    }

    fn row(list: &OptOuts, last: u64, sender: &str, state: OptOutState) -> OptOutRow {
        OptOutRow {
            id: OptOutId::from_raw(256),
            account_id: ACCOUNT,
            number_digest: list.digest(number(last)).to_vec(),
            sender: sender.to_owned(),
            number_sealed: None,
            state,
            source: OptOutSource::Keyword,
            set_by: String::new(),
            note: String::new(),
            set_at: Timestamp::EPOCH,
        }
    }

    /// A number is kept from all senders or from one, of its own account only, and gets messages again when that is over.
    #[test]
    fn a_number_is_kept_from_what_was_said() {
        let list = list();
        let (bank, shop): (Sender, Sender) = ("MyBank".parse().expect("a name"), "Shop".parse().expect("a name"));
        let has = |last, sender| list.has(ACCOUNT, number(last), sender);
        assert!(!has(1, &bank));
        list.apply(&[row(&list, 1, "", OptOutState::Out), row(&list, 2, "Shop", OptOutState::Out)]);
        assert_eq!([has(1, &bank), has(1, &shop), has(2, &bank), has(2, &shop)], [true, true, false, true]);
        assert!(!list.has(AccountId::from_raw(512), number(1), &bank), "another account's");
        assert_eq!((list.count(ACCOUNT), list.of(ACCOUNT, &list.digest(number(2))).as_slice()), (2, &[Some(shop)][..]));
        list.apply(&[row(&list, 1, "", OptOutState::In), row(&list, 2, "MyBank", OptOutState::In)]);
        assert_eq!([has(1, &bank), has(2, &shop)], [false, true]);
        list.apply(&[row(&list, 2, "Shop", OptOutState::Out), row(&list, 2, "Shop", OptOutState::In)]);
        assert_eq!((has(2, &shop), list.count(ACCOUNT)), (false, 0));
    }

    /// Nobody can tell a number from its digest without the key: another key makes another.
    #[test]
    fn digests_depend_on_the_key() {
        let (one, other) = (list(), list());
        assert_ne!(one.digest(number(1)), other.digest(number(1)));
        assert_ne!(one.digest(number(1)), one.digest(number(2)));
    }
}
