//! Which nodes of the platform are there, and which clients have bound at them.

use sambac_bus::redis::Binds;
use sambac_domain::id::SmppAccountId;

use crate::Engine;

/// A process that serves the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeStatus {
    /// Its number, and what tells it from the process before it.
    pub name: String,
    /// Whether it is the one that says so.
    pub is_this: bool,
    /// The SMPP accounts that have bound at it: system_id and number of binds.
    pub binds: Vec<(String, u32)>,
}

impl Engine {
    /// The nodes that are there, as they have told each other in the last seconds; this one alone where they do not.
    pub fn nodes(&self) -> Vec<NodeStatus> {
        let own = self.0.smpp_sessions.binds();
        let Some(shared) = &self.0.shared_limits else {
            let name = self.0.settings.node.to_string();
            return vec![NodeStatus { name, is_this: true, binds: self.named(&own) }];
        };
        let mut told: Vec<_> = shared.told().iter().filter(|(node, _)| node != shared.node()).cloned().collect();
        // Of itself it knows best.
        told.push((shared.node().to_owned(), own));
        told.sort_by(|(one, _), (other, _)| one.cmp(other));
        let status = |(name, binds): (String, Binds)| NodeStatus {
            is_this: name == shared.node(),
            binds: self.named(&binds),
            name,
        };
        told.into_iter().map(status).collect()
    }

    /// Those that the configuration does not know, or not any more, are left out.
    fn named(&self, binds: &Binds) -> Vec<(String, u32)> {
        let snapshot = self.snapshot();
        let name = |(account, count): (&i64, &u32)| {
            let account = snapshot.smpp_account_by_id(SmppAccountId::from_raw(*account))?;
            (*count > 0).then(|| (account.row.system_id.clone(), *count))
        };
        binds.iter().filter_map(name).collect()
    }
}
