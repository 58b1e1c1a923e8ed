//! Rates as lines that read the same again.

use csv::WriterBuilder;
use sambac_domain::id::OperatorGroupId;
use sambac_domain::money::{Currency, Micros};
use sambac_domain::rating::RateScope;
use sambac_store::rows::RateRow;

use super::line::DEFAULT;

/// The first line of an exported file.
pub(crate) const HEAD: &str = "mcc_mnc,operator_group,prefix,mcc,country,sender,class,price,currency,charge\n";

/// Lines for these rates; `group` names an operator group.
pub(crate) fn written(
    rates: &[RateRow],
    currency: Currency,
    group: &dyn Fn(OperatorGroupId) -> Option<String>,
) -> Vec<u8> {
    let mut lines = WriterBuilder::new().from_writer(Vec::new());
    for rate in rates {
        let mut destination: [String; 5] = Default::default();
        let [network, operator_group, prefix, mcc, country] = &mut destination;
        match rate.scope {
            RateScope::Network(of) => *network = of.to_string(),
            RateScope::Group(id) => *operator_group = group(id).unwrap_or_else(|| id.to_string()),
            RateScope::Prefix(of) => *prefix = of.to_string(),
            RateScope::Mcc(of) => *mcc = format!("{of:03}"),
            RateScope::Country(of) => *country = of.to_string(),
            RateScope::Default => DEFAULT.clone_into(country),
        }
        let price = Micros(rate.price_micros).to_string();
        let rest = [
            rate.sender_form.map_or("", |form| form.as_str()),
            rate.class.map_or("", |class| class.as_str()),
            &price,
            currency.as_str(),
            rate.charge_policy.as_str(),
        ];
        // Writing into memory cannot fail.
        let _ = lines.write_record(destination.iter().map(String::as_str).chain(rest));
    }
    lines.into_inner().unwrap_or_default()
}
