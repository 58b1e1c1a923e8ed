//! Which rule makes the ids of answers and of receipts the same.

use serde_json::Value;

/// Settings of `receipt_id`, as they stand in a profile.
pub(super) type Rule = Vec<(&'static str, Value)>;

/// The first rule under which every pair (id of the answer, id of the receipt) is the same; none when nothing fits.
pub(super) fn rule(pairs: &[(String, String)]) -> Option<Rule> {
    let holds = |same: &dyn Fn(&str, &str) -> bool| pairs.iter().all(|(answer, receipt)| same(answer, receipt));
    // The defaults of a profile take these.
    if holds(&|answer, receipt| plain(answer) == plain(receipt)) {
        return Some(Vec::new());
    }
    let setting = |name, value: &str| (name, Value::from(value));
    if holds(&|answer, receipt| hex(answer).is_some() && hex(answer) == decimal(receipt)) {
        return Some(vec![setting("submit_radix", "hex"), setting("receipt_radix", "decimal")]);
    }
    if holds(&|answer, receipt| decimal(answer).is_some() && decimal(answer) == hex(receipt)) {
        return Some(vec![setting("submit_radix", "decimal"), setting("receipt_radix", "hex")]);
    }
    let (answer, receipt) = pairs.first()?;
    if let Some(prefix) = receipt.strip_suffix(answer.as_str())
        && holds(&|answer, receipt| receipt.strip_prefix(prefix) == Some(answer))
    {
        return Some(vec![setting("receipt_prefix", prefix)]);
    }
    if let Some(prefix) = answer.strip_suffix(receipt.as_str())
        && holds(&|answer, receipt| answer.strip_prefix(prefix) == Some(receipt))
    {
        return Some(vec![setting("submit_prefix", prefix)]);
    }
    let length = receipt.chars().count().min(answer.chars().count());
    let cut = |id: &str| id.chars().take(length).collect::<String>();
    let is_cut = length >= 6 && holds(&|answer, receipt| cut(answer) == cut(receipt));
    is_cut.then(|| vec![("significant_chars", Value::from(length))])
}

fn plain(id: &str) -> String {
    sambac_domain::receipt::normalise_id(id)
}

fn hex(id: &str) -> Option<u128> {
    u128::from_str_radix(id.trim(), 16).ok()
}

fn decimal(id: &str) -> Option<u128> {
    id.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_id_has_its_rule() {
        for (pairs, wanted) in [
            (&[("0a1B", "A1b"), ("7", "7")][..], Some("")),
            (&[("1f", "31"), ("20", "32")], Some("submit_radix=\"hex\" receipt_radix=\"decimal\"")),
            (&[("31", "1F"), ("4095", "0FFF")], Some("submit_radix=\"decimal\" receipt_radix=\"hex\"")),
            (&[("77", "smsc-77"), ("78", "smsc-78")], Some("receipt_prefix=\"smsc-\"")),
            (&[("x77", "77"), ("x78", "78")], Some("submit_prefix=\"x\"")),
            (&[("abcdefgh1", "abcdefg"), ("bbcdefgh2", "bbcdefg")], Some("significant_chars=7")),
            (&[("31", "zz")], None),
        ] {
            let pairs: Vec<_> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            let found = rule(&pairs)
                .map(|rule| rule.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "));
            assert_eq!(found.as_deref(), wanted, "{pairs:?}");
        }
    }
}
