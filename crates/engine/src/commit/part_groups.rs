//! Long messages that a client cut itself: their parts are messages of ours, and belong together all the same.
//!
//! All parts go to one connector, since handsets do not join what comes by different ways, and their CDRs name the first.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use sambac_domain::id::{AccountId, ConnectorId, MessageId};
use sambac_domain::number::{Msisdn, Sender};
use sambac_domain::time::Timestamp;

use crate::submit::Part;

/// How long after its last part a group may get another: the client's reference comes round after that.
const KEPT: Duration = Duration::from_secs(600);
/// Groups that are remembered in each of two generations.
const GROUPS_MAX: usize = 16_384;

/// The group of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// The first part that came.
    pub(super) id: MessageId,
    /// Where its parts go.
    pub(super) connector: ConnectorId,
    last_at: Timestamp,
}

/// Groups whose parts are still coming in; the least recently used are forgotten.
#[derive(Default)]
pub(super) struct PartGroups {
    digest: RandomState,
    present: HashMap<u64, Group>,
    past: HashMap<u64, Group>,
    keys: HashMap<MessageId, u64>,
}

/// Whose part it is.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Owner {
    pub(super) account: AccountId,
    pub(super) sender: Sender,
    pub(super) destination: Msisdn,
}

impl PartGroups {
    /// The group that a part belongs to; a new one, of `id` and `connector`, when it is the first.
    pub(super) fn join(
        &mut self,
        owner: Owner,
        part: Part,
        first: (MessageId, ConnectorId),
        now: Timestamp,
    ) -> (MessageId, ConnectorId) {
        let key = self.digest.hash_one((owner, part.reference, part.total));
        let known = self.present.get(&key).or_else(|| self.past.get(&key)).copied();
        let known = known.filter(|group| group.last_at.saturating_add(KEPT) > now);
        let (id, connector) = known.map_or(first, |group| (group.id, group.connector));
        self.put(key, Group { id, connector, last_at: now });
        (id, connector)
    }

    /// A part has failed over: those that follow go the same way.
    pub(super) fn moved(&mut self, group: MessageId, connector: ConnectorId) {
        let Some(key) = self.keys.get(&group) else { return };
        for groups in [&mut self.present, &mut self.past] {
            if let Some(known) = groups.get_mut(key).filter(|known| known.id == group) {
                known.connector = connector;
            }
        }
    }

    fn put(&mut self, key: u64, group: Group) {
        if self.present.len() >= GROUPS_MAX {
            self.past = std::mem::take(&mut self.present);
            let Self { keys, past, .. } = self;
            keys.retain(|_, key| past.contains_key(key));
        }
        self.present.insert(key, group);
        self.keys.insert(group.id, key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60;

    fn join(groups: &mut PartGroups, reference: u16, first: i64, minute: i64) -> (i64, i64) {
        let owner = Owner {
            account: AccountId::from_raw(1),
            sender: "Bank".parse().expect("a sender"),
            destination: Msisdn::from_u64(447_700_900_123).expect("a number"),
        };
        let first = (MessageId::from_raw(first << 8), ConnectorId::from_raw(first));
        let part = Part { reference, total: 2 };
        let (id, connector) = groups.join(owner, part, first, Timestamp::from_secs(minute * MINUTE));
        (id.raw() >> 8, connector.raw())
    }

    #[test]
    fn parts_join_the_first_and_other_references_do_not() {
        let mut groups = PartGroups::default();
        assert_eq!(join(&mut groups, 7, 1, 0), (1, 1));
        assert_eq!(join(&mut groups, 8, 2, 0), (2, 2));
        assert_eq!(join(&mut groups, 7, 3, 9), (1, 1));
        assert_eq!(join(&mut groups, 7, 4, 30), (4, 4), "the reference came round");
    }

    #[test]
    fn parts_follow_one_that_failed_over() {
        let mut groups = PartGroups::default();
        join(&mut groups, 7, 1, 0);
        groups.moved(MessageId::from_raw(1 << 8), ConnectorId::from_raw(9));
        assert_eq!(join(&mut groups, 7, 2, 1), (1, 9));
    }

    #[test]
    fn memory_is_bounded() {
        let mut groups = PartGroups::default();
        for reference in 0..u16::MAX {
            join(&mut groups, reference, 1 + i64::from(reference), 0);
        }
        assert!(groups.present.len() + groups.past.len() <= 2 * GROUPS_MAX);
        assert!(groups.keys.len() <= 2 * GROUPS_MAX + 1);
    }
}
