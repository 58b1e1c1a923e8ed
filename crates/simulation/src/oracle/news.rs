//! Judges what clients were told: each end once or more, by webhook or receipt, and always in the same words.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sambac_domain::id::MessageId;
use sambac_domain::time::Timestamp;

use super::{Bench, DELIVERED, word};
use crate::order::{Known, Way};
use crate::world::{BEGINNING, locked};

/// How long news may take where nothing is wrong.
const SLOW: Duration = Duration::from_secs(20);

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
        self.slow_news();
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

    /// Where nothing is wrong at all, what an operator has told is soon told to the client.
    fn slow_news(&self) {
        if !self.world.weather.is_calm() {
            return;
        }
        let mut first: BTreeMap<String, Timestamp> = BTreeMap::new();
        for hook in locked(&self.world.hooks).iter() {
            first.entry(hook.message.clone()).or_insert(hook.at);
        }
        for ((no, part), copies) in &self.copies {
            let Some(order) = self.orders.get(*no).filter(|order| order.segments() == 1) else { continue };
            let (Known::Accepted { id, .. }, Way::Api, [(_, copy)]) = (&order.known, order.way, &copies[..]) else {
                continue;
            };
            let Some(told_at) = copy.told_at.filter(|_| copy.answered == Some(0)) else { continue };
            let since = Duration::from_micros(u64::try_from(told_at.0 - BEGINNING.0).unwrap_or(0));
            let is_late = first.get(id).is_none_or(|at| *at > told_at.saturating_add(SLOW));
            if is_late && self.world.is_fair(since, since + SLOW) {
                let text = format!("#{no} part {part}: told at {}, posted at {:?}", told_at.0, first.get(id));
                self.world.found("slow news although nothing is wrong", text);
            }
        }
    }
}
