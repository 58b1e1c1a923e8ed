//! One line of a file, value by value.

use sambac_domain::id::OperatorGroupId;
use sambac_domain::money::{Currency, parse_micros};
use sambac_domain::rating::{ChargePolicy, RatePrefix, RateScope};
use sambac_domain::{Country, SenderForm, TrafficClass};

use super::columns::Column;
use super::{NewRate, Reading};

/// Says in a column of destinations that the line is for everything else.
pub(super) const DEFAULT: &str = "default";

/// What was read of a line so far.
pub(super) struct Line<'a, 'r> {
    reading: &'a Reading<'a>,
    comma_is_decimal: bool,
    default: bool,
    network: Option<&'r str>,
    mcc: Option<&'r str>,
    mnc: Option<&'r str>,
    group: Option<OperatorGroupId>,
    prefix: Option<RatePrefix>,
    country: Option<&'r str>,
    sender: Option<SenderForm>,
    class: Option<TrafficClass>,
    price_micros: Option<i64>,
    policy: ChargePolicy,
}

impl<'a, 'r> Line<'a, 'r> {
    pub(super) fn new(reading: &'a Reading<'a>, comma_is_decimal: bool) -> Self {
        Self {
            reading,
            comma_is_decimal,
            default: false,
            network: None,
            mcc: None,
            mnc: None,
            group: None,
            prefix: None,
            country: None,
            sender: None,
            class: None,
            price_micros: None,
            policy: ChargePolicy::default(),
        }
    }

    /// Takes a value that is not empty.
    pub(super) fn put(&mut self, column: Column, value: &'r str) -> Result<(), String> {
        let says_where = [Column::MccMnc, Column::Mcc, Column::Group, Column::Prefix, Column::Country];
        if says_where.contains(&column) && value.eq_ignore_ascii_case(DEFAULT) {
            self.default = true;
            return Ok(());
        }
        match column {
            Column::MccMnc => self.network = Some(value),
            Column::Mcc => self.mcc = Some(value),
            Column::Mnc => self.mnc = Some(value),
            Column::Country => self.country = Some(value),
            Column::Group => {
                let group = (self.reading.group)(value);
                self.group = Some(group.ok_or_else(|| format!("there is no operator group \"{value}\""))?);
            }
            Column::Prefix => self.prefix = Some(RatePrefix::parse(value).map_err(|error| error.to_string())?),
            Column::Sender => self.sender = sender(value)?,
            Column::Class => self.class = class(value)?,
            Column::Price => self.price_micros = Some(price(value, self.comma_is_decimal)?),
            Column::Currency => currency(value, self.reading.currency)?,
            Column::Charge => self.policy = value.parse().map_err(|error| format!("{error}, not \"{value}\""))?,
            Column::Remark => {}
        }
        Ok(())
    }

    /// The rate, once every value was taken.
    pub(super) fn rate(&self) -> Result<NewRate, String> {
        let price_micros = self.price_micros.ok_or("has no price")?;
        let scope = self.scope()?;
        Ok(NewRate { scope, sender: self.sender, class: self.class, price_micros, policy: self.policy })
    }

    /// A country beside a network or a prefix is said for people; alone it is what the line is for.
    fn scope(&self) -> Result<RateScope, String> {
        let network = match (self.network, self.mcc, self.mnc) {
            (Some(network), ..) => Some(of_network(network)?),
            (None, Some(mcc), Some(mnc)) => Some(of_network(&format!("{mcc}{mnc}"))?),
            (None, Some(mcc), None) => Some(RateScope::mcc(mcc).map_err(|error| error.to_string())?),
            (None, None, Some(_)) => return Err("has an MNC and no MCC".to_owned()),
            (None, None, None) => None,
        };
        let given = [network, self.group.map(RateScope::Group), self.prefix.map(RateScope::Prefix)];
        let mut given = given.into_iter().flatten().chain(self.default.then_some(RateScope::Default));
        match (given.next(), given.next(), self.country) {
            (Some(_), Some(_), _) => {
                Err("only one of network, operator group, prefix and default may say what it is for".to_owned())
            }
            (Some(scope), None, _) => Ok(scope),
            (None, _, Some(country)) => {
                let country: Country = country.parse().map_err(|error| format!("{error}, not \"{country}\""))?;
                Ok(RateScope::Country(country))
            }
            (None, _, None) => Err(format!("says not what it is for; for everything else write \"{DEFAULT}\"")),
        }
    }
}

/// `26202`, `262-02`, or the MCC alone.
fn of_network(text: &str) -> Result<RateScope, String> {
    let scope = if text.len() == 3 { RateScope::mcc(text) } else { RateScope::network(text) };
    scope.map_err(|error| format!("{error}, not \"{text}\""))
}

fn sender(value: &str) -> Result<Option<SenderForm>, String> {
    Ok(Some(match value.to_ascii_lowercase().as_str() {
        "any" | "all" => return Ok(None),
        "name" | "alphanumeric" | "alpha" => SenderForm::Name,
        "short_code" | "shortcode" | "short code" => SenderForm::ShortCode,
        "number" | "numeric" | "long_code" | "longcode" => SenderForm::Number,
        _ => return Err(format!("the sender is name, short_code, number or any, not \"{value}\"")),
    }))
}

fn class(value: &str) -> Result<Option<TrafficClass>, String> {
    let word = value.to_ascii_lowercase();
    if matches!(word.as_str(), "any" | "all") {
        return Ok(None);
    }
    let class = TrafficClass::ALL.into_iter().find(|class| class.as_str() == word);
    class.map(Some).ok_or_else(|| format!("the class is otp, transactional, marketing or any, not \"{value}\""))
}

fn price(value: &str, comma_is_decimal: bool) -> Result<i64, String> {
    let with_point = value.replacen(',', ".", 1);
    let text = if comma_is_decimal && !value.contains('.') { &with_point } else { value };
    match parse_micros(text) {
        Ok(micros) if micros < 0 => Err(format!("the price {value} is below zero")),
        Ok(micros) => Ok(micros),
        Err(error) => Err(format!("{error}, not \"{value}\"")),
    }
}

fn currency(value: &str, wanted: Currency) -> Result<(), String> {
    if value.eq_ignore_ascii_case(wanted.as_str()) {
        return Ok(());
    }
    Err(format!("the prices are in {wanted}, not in \"{value}\""))
}
