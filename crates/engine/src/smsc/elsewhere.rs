//! Which clients have bound at other nodes: they have binds and throughput once, not once for each node.
//!
//! What is known is a second old. Two nodes that are asked for a client's last place at the same moment may both give it; the throughput that it
//! has is parted all the same.

use std::collections::HashMap;

use sambac_domain::id::SmppAccountId;

/// What this node knows of the others.
#[derive(Debug, Default)]
pub(crate) enum Elsewhere {
    /// There are none.
    #[default]
    Nowhere,
    /// They tell what has bound at them.
    Told(HashMap<SmppAccountId, BoundThere>),
    /// So many nodes in all share what a client has, and nobody tells what is where.
    Untold(u32),
}

/// A client's binds at other nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BoundThere {
    /// How many.
    pub(crate) binds: u32,
    /// At how many nodes.
    pub(crate) nodes: u32,
}

impl Elsewhere {
    /// How many binds a client may have here.
    pub(super) fn places_left(&self, account: SmppAccountId, binds_max: u16) -> usize {
        let binds_max = usize::from(binds_max);
        match self {
            Self::Nowhere => binds_max,
            Self::Told(bound) => {
                let there = bound.get(&account).map_or(0, |there| there.binds);
                binds_max.saturating_sub(usize::try_from(there).unwrap_or(usize::MAX))
            }
            Self::Untold(nodes) => {
                let part = binds_max / usize::try_from(*nodes).unwrap_or(usize::MAX).max(1);
                part.max(1).min(binds_max)
            }
        }
    }

    /// Among how many nodes a client's throughput is parted that has bound here.
    pub(super) fn parts(&self, account: SmppAccountId) -> u32 {
        match self {
            Self::Nowhere => 1,
            Self::Told(bound) => bound.get(&account).map_or(1, |there| there.nodes.saturating_add(1)),
            Self::Untold(nodes) => *nodes,
        }
    }
}

impl BoundThere {
    /// So many at one more node.
    pub(crate) fn add(&mut self, binds: u32) {
        self.binds = self.binds.saturating_add(binds);
        self.nodes = self.nodes.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What has bound elsewhere takes places and a part of the throughput; while nobody tells, each node has its part, and never nothing.
    #[test]
    fn a_client_has_its_binds_once() {
        let id = SmppAccountId::from_raw(256);
        let places = |elsewhere: &Elsewhere| [0, 1, 2, 7].map(|binds_max| elsewhere.places_left(id, binds_max));
        assert_eq!((places(&Elsewhere::Nowhere), Elsewhere::Nowhere.parts(id)), ([0, 1, 2, 7], 1));
        let told = Elsewhere::Told([(id, BoundThere { binds: 2, nodes: 1 })].into());
        assert_eq!((places(&told), told.parts(id)), ([0, 0, 0, 5], 2));
        assert_eq!(told.parts(SmppAccountId::from_raw(512)), 1);
        let untold = Elsewhere::Untold(3);
        assert_eq!((places(&untold), untold.parts(id)), ([0, 1, 1, 2], 3));
    }
}
