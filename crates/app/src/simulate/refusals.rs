//! `[[status]]`: refusals of some messages, by what they are, how often, or by chance. The first that applies is the answer.
//!
//! ```toml
//! [[status]]
//! status = 0x61            # ESME_RINVSCHED …
//! when = "schedule"        # … for messages that have one
//! [[status]]
//! status = 0x14
//! destination = "4477"
//! first_of_each = 2        # the first two to each number
//! ```

use std::collections::HashMap;

use serde::Deserialize;

use super::chance::{Chance, Dice};
use super::plan::Arrival;

/// Numbers that are remembered at a time; when there are more, counting begins anew.
const DESTINATIONS_MAX: usize = 65_536;

/// A refusal as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refusal {
    /// The answer's command_status.
    status: u32,
    /// Only messages whose destination begins so.
    #[serde(default)]
    destination: String,
    /// Only messages of this sender.
    sender: Option<String>,
    /// Only messages that have these fields.
    when: Option<Has>,
    /// Only the first so many of them; 0 = all.
    #[serde(default)]
    first: u64,
    /// Only the first so many to each destination; 0 = all.
    #[serde(default)]
    first_of_each: u32,
    /// Only this share of them.
    #[serde(default = "always")]
    share: Chance,
}

/// Fields that a message may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Has {
    /// validity_period.
    Validity,
    /// schedule_delivery_time.
    Schedule,
    /// Optional parameters that hold no part of the message.
    Tlvs,
}

/// Which of these fields a message has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) validity: bool,
    pub(crate) schedule: bool,
    pub(crate) tlvs: bool,
}

/// The refusals of a scenario, and how often each applied.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Vec<Counted>);

#[derive(Debug)]
struct Counted {
    refusal: Refusal,
    seen: u64,
    by_destination: HashMap<Vec<u8>, u32>,
}

impl Refusals {
    pub(crate) fn new(refusals: Vec<Refusal>) -> Self {
        let counted = |refusal| Counted { refusal, seen: 0, by_destination: HashMap::new() };
        Self(refusals.into_iter().map(counted).collect())
    }

    /// The status that this message is refused with, if any.
    pub(crate) fn status(&mut self, arrival: &Arrival<'_>, dice: &mut Dice) -> Option<u32> {
        self.0.iter_mut().find_map(|counted| counted.applies(arrival, dice).then_some(counted.refusal.status))
    }
}

impl Counted {
    fn applies(&mut self, arrival: &Arrival<'_>, dice: &mut Dice) -> bool {
        if !self.refusal.is_about(arrival) {
            return false;
        }
        self.seen += 1;
        let Refusal { first, first_of_each, share, .. } = self.refusal;
        let in_time = first == 0 || self.seen <= first;
        let of_each = first_of_each == 0 || self.count(arrival.destination) <= first_of_each;
        in_time && of_each && dice.happens(share)
    }

    fn count(&mut self, destination: &[u8]) -> u32 {
        if self.by_destination.len() >= DESTINATIONS_MAX {
            self.by_destination.clear();
        }
        let count = self.by_destination.entry(destination.to_vec()).or_default();
        *count += 1;
        *count
    }
}

impl Refusal {
    fn is_about(&self, arrival: &Arrival<'_>) -> bool {
        let fields = arrival.fields;
        let has = match self.when {
            None => true,
            Some(Has::Validity) => fields.validity,
            Some(Has::Schedule) => fields.schedule,
            Some(Has::Tlvs) => fields.tlvs,
        };
        let sender = self.sender.as_ref();
        has && arrival.destination.starts_with(self.destination.trim_start_matches('+').as_bytes())
            && sender.is_none_or(|sender| arrival.source.eq_ignore_ascii_case(sender.as_bytes()))
    }
}

const fn always() -> Chance {
    Chance::ALWAYS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::Scenario;

    fn statuses(text: &str, arrivals: &[(&str, Fields)]) -> Vec<Option<u32>> {
        let scenario = Scenario::parse("s.toml", text).expect("well formed");
        let (mut refusals, mut dice) = (Refusals::new(scenario.status), Dice::new(1));
        let arrival = |destination: &str, fields: Fields, refusals: &mut Refusals, dice: &mut Dice| {
            let arrival = Arrival {
                source: b"Bank",
                destination: destination.as_bytes(),
                receipt_asked: true,
                now_us: 0,
                fields,
            };
            refusals.status(&arrival, dice)
        };
        arrivals.iter().map(|(to, fields)| arrival(to, *fields, &mut refusals, &mut dice)).collect()
    }

    const PLAIN: Fields = Fields { validity: false, schedule: false, tlvs: false };

    #[test]
    fn the_first_of_each_and_the_first_of_all_are_counted_apart() {
        let each = statuses(
            "[[status]]\nstatus = 0x14\nfirst_of_each = 1",
            &[("1", PLAIN), ("2", PLAIN), ("1", PLAIN), ("2", PLAIN)],
        );
        assert_eq!(each, [Some(0x14), Some(0x14), None, None]);
        let all = statuses(
            "[[status]]\nstatus = 8\nfirst = 2\ndestination = \"+44\"",
            &[("44", PLAIN), ("1", PLAIN), ("44", PLAIN), ("44", PLAIN)],
        );
        assert_eq!(all, [Some(8), None, Some(8), None]);
    }

    #[test]
    fn fields_choose_their_status() {
        let text = "[[status]]\nstatus = 0x62\nwhen = \"validity\"\n[[status]]\nstatus = 0xC1\nwhen = \"tlvs\"";
        let with_validity = Fields { validity: true, ..PLAIN };
        let with_tlvs = Fields { tlvs: true, ..PLAIN };
        assert_eq!(
            statuses(text, &[("1", PLAIN), ("1", with_validity), ("1", with_tlvs)]),
            [None, Some(0x62), Some(0xc1)]
        );
    }

    #[test]
    fn a_share_of_nothing_refuses_nothing() {
        assert_eq!(statuses("[[status]]\nstatus = 8\nshare = 0.0", &[("1", PLAIN)]), [None]);
    }
}
