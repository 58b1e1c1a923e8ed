//! Judges what clients were told: each end once or more, by webhook or receipt, and always in the same words.

use std::collections::{BTreeMap, BTreeSet};

use sambac_domain::id::MessageId;

use super::{Bench, DELIVERED, word};
use crate::order::{Known, Way};
use crate::world::locked;

impl Bench<'_> {
    /// All clients.
    pub(super) fn news(&self) {
        let (mut taken, mut told) = (BTreeSet::new(), BTreeMap::new());
        for hook in locked(&self.world.hooks).iter() {
            if hook.taken {
                taken.insert((hook.message.clone(), hook.kind.clone()));
            }
            let end = (hook.message.clone(), hook.kind.clone(), hook.error.clone());
            let events: &mut BTreeSet<String> = told.entry(end).or_default();
            events.insert(hook.event.clone());
        }
        for (end, events) in told.iter().filter(|(_, events)| events.len() > 1) {
            self.world.found("one end was told as two events", format!("{end:?}: {events:?}"));
        }
        for (no, order) in self.orders.iter().enumerate() {
            let rows = self.rows.get(&no).map_or(&[][..], Vec::as_slice);
            for row in rows.iter().filter(|row| row.final_at.is_some()) {
                let (id, kind) = (MessageId::from_raw(row.id).to_string(), format!("message.{}", word(row.state)));
                let is_told = match order.way {
                    Way::Api => taken.contains(&(id, kind)),
                    // A client that does not know the number cannot tell whose receipt it got.
                    Way::Smpp if !matches!(order.known, Known::Accepted { .. }) => true,
                    Way::Smpp => order.told.iter().any(|stat| (stat == "DELIVRD") == (row.state == DELIVERED)),
                };
                if !is_told {
                    let text = format!("#{no}: {} ended as {}, told: {:?}", row.id, word(row.state), order.told);
                    self.world.found("an end was not told to its client", text);
                }
            }
        }
    }
}
