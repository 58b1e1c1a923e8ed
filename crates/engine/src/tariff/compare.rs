//! What one sheet changes of another: for whoever is to say yes to it.

use std::collections::HashMap;

use sambac_domain::money::Micros;
use sambac_domain::rating::ChargePolicy;
use sambac_domain::{SenderForm, TrafficClass};
use sambac_store::rows::RateRow;
use serde::Serialize;

use super::csv::{NewRate, WhatFor};

/// Rates that are told one by one; the others are counted.
const TOLD_MAX: usize = 1_000;

/// How two sheets differ. All rates are counted, and the first of those that differ are told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Rates that are the same.
    pub same: u64,
    /// Rates that were not there.
    pub new: u64,
    /// Rates that cost more.
    pub up: u64,
    /// Rates that cost less.
    pub down: u64,
    /// Rates of the same price that are paid for by another event.
    pub charged_otherwise: u64,
    /// Rates that are not there any more.
    pub removed: u64,
    /// Those that differ, in the order of the new sheet, then what was removed.
    pub rates: Vec<RateDifference>,
    /// Whether there are more than are told.
    pub is_cut: bool,
}

/// A rate that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RateDifference {
    /// For which destinations, as in `prefix:4477`.
    pub scope: String,
    /// For senders of this form only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<&'static str>,
    /// For this traffic class only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<&'static str>,
    /// What it cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// By how much the price changes, in percent with two decimals; none when it was nothing or is new or removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<String>,
    /// When it was paid for, where that changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charge_before: Option<&'static str>,
    /// When it is paid for, where that changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charge_after: Option<&'static str>,
}

/// Compares the rates of two sheets.
pub(crate) fn compare(before: &[NewRate], after: &[NewRate]) -> Comparison {
    let mut earlier: HashMap<WhatFor, (i64, ChargePolicy)> =
        before.iter().map(|rate| (rate.what_for(), (rate.price_micros, rate.policy))).collect();
    let mut comparison = Comparison::default();
    for rate in after {
        let is = (rate.price_micros, rate.policy);
        comparison.take(rate, earlier.remove(&rate.what_for()), Some(is));
    }
    for rate in before {
        if let Some(was) = earlier.remove(&rate.what_for()) {
            comparison.take(rate, Some(was), None);
        }
    }
    comparison
}

/// Lays `change` over `base`: rates that it has take the place of those that are for the same, all others stay.
pub(crate) fn merged(base: Vec<NewRate>, change: Vec<NewRate>) -> Vec<NewRate> {
    let mut changed: HashMap<WhatFor, NewRate> = change.iter().map(|rate| (rate.what_for(), *rate)).collect();
    let mut merged: Vec<NewRate> =
        base.into_iter().map(|rate| changed.remove(&rate.what_for()).unwrap_or(rate)).collect();
    merged.extend(change.into_iter().filter(|rate| changed.contains_key(&rate.what_for())));
    merged
}

impl From<&RateRow> for NewRate {
    fn from(row: &RateRow) -> Self {
        let RateRow { scope, sender_form, class, price_micros, charge_policy, .. } = *row;
        Self { scope, sender: sender_form, class, price_micros, policy: charge_policy }
    }
}

type Price = (i64, ChargePolicy);

impl Comparison {
    /// Whether the two sheets say the same.
    pub fn is_same(&self) -> bool {
        self.new + self.up + self.down + self.charged_otherwise + self.removed == 0
    }

    fn take(&mut self, rate: &NewRate, was: Option<Price>, is: Option<Price>) {
        let count = match (was, is) {
            (None, _) => &mut self.new,
            (Some(_), None) => &mut self.removed,
            (Some((was, _)), Some((is, _))) if is > was => &mut self.up,
            (Some((was, _)), Some((is, _))) if is < was => &mut self.down,
            (Some((_, was)), Some((_, is))) if was != is => &mut self.charged_otherwise,
            _ => {
                self.same += 1;
                return;
            }
        };
        *count += 1;
        if self.rates.len() < TOLD_MAX { self.rates.push(told(rate, was, is)) } else { self.is_cut = true }
    }
}

fn told(rate: &NewRate, was: Option<Price>, is: Option<Price>) -> RateDifference {
    let charge = |price: Option<Price>| price.map(|(_, policy)| policy.as_str());
    let charge_differs = was.is_none() || is.is_none() || charge(was) != charge(is);
    let amount = |price: Option<Price>| price.map(|(micros, _)| Micros(micros).to_string());
    RateDifference {
        scope: rate.scope.to_string(),
        sender: rate.sender.map(SenderForm::as_str),
        class: rate.class.map(TrafficClass::as_str),
        before: amount(was),
        after: amount(is),
        percent: was.zip(is).and_then(|((was, _), (is, _))| percent(was, is)),
        charge_before: charge(was).filter(|_| charge_differs),
        charge_after: charge(is).filter(|_| charge_differs),
    }
}

/// `+12.50`, `-3.33`: in whole hundredths of a percent, cut off towards zero.
fn percent(was: i64, is: i64) -> Option<String> {
    if was == 0 {
        return None;
    }
    let hundredths = (i128::from(is) - i128::from(was)) * 10_000 / i128::from(was);
    let sign = if hundredths < 0 { "-" } else { "+" };
    let size = hundredths.unsigned_abs();
    Some(format!("{sign}{}.{:02}", size / 100, size % 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(scope: &str, price_micros: i64) -> NewRate {
        NewRate {
            scope: scope.parse().expect("a scope"),
            sender: None,
            class: None,
            price_micros,
            policy: ChargePolicy::Delivered,
        }
    }

    #[test]
    fn every_kind_of_difference_is_counted_and_told() {
        let before = [
            rate("prefix:44", 40),
            rate("prefix:45", 30),
            rate("prefix:46", 20),
            rate("mcc:001", 0),
            rate("default", 9),
        ];
        let submit = NewRate { policy: ChargePolicy::Submit, ..rate("default", 9) };
        let after = [
            rate("prefix:44", 45),
            rate("prefix:45", 20),
            rate("prefix:46", 20),
            rate("prefix:47", 1),
            rate("mcc:001", 5),
            submit,
        ];
        let comparison = compare(&before, &after);
        let Comparison { same, new, up, down, charged_otherwise, removed, .. } = comparison;
        assert_eq!((same, new, up, down, charged_otherwise, removed), (1, 1, 2, 1, 1, 0));
        let told: Vec<_> = comparison.rates.iter().map(|rate| (rate.scope.as_str(), rate.percent.as_deref())).collect();
        let expected = [
            ("prefix:44", Some("+12.50")),
            ("prefix:45", Some("-33.33")),
            ("prefix:47", None),
            ("mcc:001", None),
            ("default", Some("+0.00")),
        ];
        assert_eq!(told, expected);
        assert_eq!(
            (comparison.rates[4].charge_before, comparison.rates[4].charge_after),
            (Some("delivered"), Some("submit"))
        );
        let gone = compare(&before, &after[..2]);
        assert_eq!(
            (gone.removed, gone.rates[2].scope.as_str(), gone.rates[2].after.as_deref()),
            (3, "prefix:46", None)
        );
        assert!(compare(&before, &before).is_same() && !gone.is_same());
    }

    #[test]
    fn the_first_thousand_are_told() {
        let after: Vec<_> = (0..1_001).map(|number| rate(&format!("prefix:{}", 1_000 + number), 1)).collect();
        let comparison = compare(&[], &after);
        assert_eq!((comparison.new, comparison.rates.len(), comparison.is_cut), (1_001, 1_000, true));
        assert!(!compare(&[], &after[1..]).is_cut);
    }

    #[test]
    fn a_merge_changes_what_it_names_and_adds_what_is_new() {
        let base = vec![rate("prefix:44", 1), rate("prefix:45", 2)];
        let merged = merged(base, vec![rate("prefix:45", 3), rate("prefix:46", 4)]);
        assert_eq!(merged, [rate("prefix:44", 1), rate("prefix:45", 3), rate("prefix:46", 4)]);
    }
}
