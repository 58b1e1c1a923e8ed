//! Which rule for ids would match the receipts that match nothing (Q-B1 to Q-B5)?
//!
//! A receipt that names an unknown id is compared with the ids of segments to the same number that wait. A pair that a rule
//! would join makes that rule a hypothesis; every further receipt speaks for it or against it.

use sambac_domain::profile::ReceiptIdSettings;

/// A rule that explains fewer receipts is not proposed.
const EXPLAINED_MIN: u32 = 3;
/// Rules that are thought of at a time.
const HYPOTHESES_MAX: usize = 16;

/// A rule that explains receipts which match nothing under the present one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptProposal {
    /// The section `receipt_id` as it should be.
    pub settings: ReceiptIdSettings,
    /// The section as it was while this was learned.
    pub learned_under: ReceiptIdSettings,
    /// How many receipts it explains; none contradicted it.
    pub explained: u32,
    /// An id as an answer gave it …
    pub answer_id: String,
    /// … and as the receipt did.
    pub receipt_id: String,
}

#[derive(Default)]
pub(super) struct Proposals {
    /// The rules in force while this was learned.
    rules: ReceiptIdSettings,
    hypotheses: Vec<ReceiptProposal>,
}

impl Proposals {
    /// Learns of a receipt that matched nothing; gives the rule that has just become good enough.
    pub(super) fn learn(
        &mut self,
        rules: &ReceiptIdSettings,
        receipt_ids: &[&str],
        answers: &[String],
    ) -> Option<ReceiptProposal> {
        if self.rules != *rules {
            *self = Self { rules: rules.clone(), hypotheses: Vec::new() };
        }
        let pairs = || answers.iter().flat_map(|answer| receipt_ids.iter().map(move |receipt| (answer, *receipt)));
        self.hypotheses.retain(|one| pairs().any(|(answer, receipt)| one.settings.joins(answer, receipt)));
        self.hypotheses.iter_mut().for_each(|one| one.explained += 1);
        for (answer, receipt) in pairs() {
            let Some(settings) = rules.propose(answer, receipt) else { continue };
            let is_new = self.hypotheses.iter().all(|one| one.settings != settings);
            if is_new && self.hypotheses.len() < HYPOTHESES_MAX {
                let (answer_id, receipt_id) = (answer.clone(), receipt.to_owned());
                let learned_under = rules.clone();
                self.hypotheses.push(ReceiptProposal { settings, learned_under, explained: 1, answer_id, receipt_id });
            }
        }
        self.hypotheses.iter().find(|one| one.explained == EXPLAINED_MIN).cloned()
    }

    /// The rules that are good enough, the best first.
    pub(super) fn good(&self) -> Vec<ReceiptProposal> {
        let mut good: Vec<_> = self.hypotheses.iter().filter(|one| one.explained >= EXPLAINED_MIN).cloned().collect();
        good.sort_by_key(|one| std::cmp::Reverse(one.explained));
        good
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sambac_domain::profile::IdRadix;

    fn learn(proposals: &mut Proposals, answer: &str, receipt: &str) -> Option<ReceiptProposal> {
        proposals.learn(&ReceiptIdSettings::default(), &[receipt], &[answer.to_owned()])
    }

    #[test]
    fn a_rule_is_proposed_once_it_explains_enough() {
        let mut proposals = Proposals::default();
        assert_eq!(learn(&mut proposals, "5C4E7A12", "1548646930"), None);
        assert_eq!(learn(&mut proposals, "5C4E7A13", "1548646931"), None);
        let rule = learn(&mut proposals, "5C4E7A1F", "1548646943").expect("enough");
        assert_eq!((rule.settings.submit_radix, rule.settings.receipt_radix), (IdRadix::Hex, IdRadix::Decimal));
        assert_eq!((rule.answer_id.as_str(), rule.receipt_id.as_str()), ("5C4E7A12", "1548646930"));
        assert_eq!(learn(&mut proposals, "5C4E7A20", "1548646944"), None, "told once");
        assert_eq!(proposals.good()[0].explained, 4);
    }

    #[test]
    fn a_contradiction_ends_a_rule() {
        let mut proposals = Proposals::default();
        for last in 0..9 {
            learn(&mut proposals, &format!("10000{last}"), &format!("MT10000{last}"));
        }
        assert_eq!(proposals.good().len(), 1);
        learn(&mut proposals, "4711", "0815");
        assert_eq!(proposals.good(), []);
    }

    #[test]
    fn what_was_learned_under_other_rules_is_forgotten() {
        let mut proposals = Proposals::default();
        for last in 0..9 {
            learn(&mut proposals, &format!("10000{last}"), &format!("MT10000{last}"));
        }
        let rules = ReceiptIdSettings { receipt_prefix: "MT".to_owned(), ..ReceiptIdSettings::default() };
        proposals.learn(&rules, &["1"], &["2".to_owned()]);
        assert_eq!(proposals.good(), []);
    }
}
