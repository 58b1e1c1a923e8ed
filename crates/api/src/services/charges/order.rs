//! One order: which fields each action needs.

use garde::Validate;
use sambac_domain::ledger::Order;
use sambac_domain::{AccountId, Currency, HoldId, Timestamp, parse_micros};
use serde::Deserialize;
use utoipa::ToSchema;

/// What is to be done.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChargeOrder {
    /// Whose money it is about.
    #[garde(skip)]
    #[schema(value_type = String, example = "acc_01h2xcejqtf2n")]
    account: AccountId,
    /// What to do.
    #[garde(skip)]
    action: Action,
    /// How much, as decimal text above zero. Needed to debit and to hold; all that is left when not given to capture or to refund.
    #[garde(skip)]
    #[schema(pattern = r"^\d+(\.\d{1,6})?$", example = "0.05")]
    amount: Option<String>,
    /// Refuse when the account pays in another one.
    #[garde(skip)]
    #[schema(value_type = Option<String>, example = "EUR")]
    currency: Option<Currency>,
    /// Which charge to capture, void or refund.
    #[garde(skip)]
    #[schema(value_type = Option<String>, example = "hld_01h2xcejqtf2n")]
    charge: Option<HoldId>,
    /// Of a hold: seconds after which it goes back by itself, 900 when not given.
    #[garde(range(min = 1, max = 2_592_000))]
    #[schema(minimum = 1, maximum = 2_592_000, default = 900)]
    expires_in_s: Option<u32>,
    /// Of a capture: whether more of the hold is to be captured later. Otherwise the rest goes back.
    #[garde(skip)]
    #[serde(default)]
    #[schema(default = false)]
    keep_open: bool,
}

/// An action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Take an amount at once.
    Debit,
    /// Set it aside.
    Hold,
    /// Take what was set aside.
    Capture,
    /// Give back what is left of it.
    Void,
    /// Give back what was taken.
    Refund,
}

impl ChargeOrder {
    pub(super) fn account(&self) -> AccountId {
        self.account
    }

    pub(super) fn currency(&self) -> Option<Currency> {
        self.currency
    }

    /// Whether it takes money that was not set aside before.
    pub(super) fn is_new_money(&self) -> bool {
        matches!(self.action, Action::Debit | Action::Hold)
    }

    /// The same for the same order: an amount may be written as 4 and as 4.00.
    pub(super) fn canonical(&self) -> String {
        let Self { account, action, amount, currency, charge, expires_in_s, keep_open } = self;
        let amount = amount.as_deref().map(parse_micros);
        format!("{account} {action:?} {amount:?} {currency:?} {charge:?} {expires_in_s:?} {keep_open}")
    }

    /// The order as the ledger takes it, or the field that is wrong and why.
    pub(super) fn order(&self, expires_at: impl Fn(Option<u32>) -> Timestamp) -> Result<Order, (&'static str, String)> {
        let micros = self.micros()?;
        let needed = || micros.ok_or(("amount", "is needed to debit and to hold".to_owned()));
        let hold = || self.charge.ok_or(("charge", "is needed to capture, void and refund".to_owned()));
        self.fits()?;
        Ok(match self.action {
            Action::Debit => Order::Debit { micros: needed()? },
            Action::Hold => Order::Hold { micros: needed()?, expires_at: expires_at(self.expires_in_s) },
            Action::Capture => Order::Capture { hold: hold()?, micros, last: !self.keep_open },
            Action::Void => Order::Void { hold: hold()? },
            Action::Refund => Order::Refund { hold: hold()?, micros },
        })
    }

    fn micros(&self) -> Result<Option<i64>, (&'static str, String)> {
        let Some(text) = &self.amount else { return Ok(None) };
        let micros = parse_micros(text).map_err(|error| ("amount", error.to_string()))?;
        if micros > 0 { Ok(Some(micros)) } else { Err(("amount", "must be above zero".to_owned())) }
    }

    /// A field that an action has no use for is a mistake that would cost money.
    fn fits(&self) -> Result<(), (&'static str, String)> {
        let is = |actions: &[Action]| actions.contains(&self.action);
        let wrong = |field: &'static str| Err((field, format!("is not for {:?}", self.action).to_lowercase()));
        match () {
            () if self.charge.is_some() && is(&[Action::Debit, Action::Hold]) => wrong("charge"),
            () if self.expires_in_s.is_some() && !is(&[Action::Hold]) => wrong("expires_in_s"),
            () if self.keep_open && !is(&[Action::Capture]) => wrong("keep_open"),
            () if self.amount.is_some() && is(&[Action::Void]) => wrong("amount"),
            () => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(text: &str) -> Result<Order, (&'static str, String)> {
        let json = format!("{{\"account\":\"acc_0000000000080\",{text}}}");
        let order: ChargeOrder = serde_json::from_str(&json).expect("a body");
        order.order(|ttl| Timestamp(i64::from(ttl.unwrap_or(900))))
    }

    #[test]
    fn each_action_wants_its_own_fields_and_no_others() {
        let hold = HoldId::from_raw(256);
        let id = format!("\"charge\":\"{hold}\"");
        let cases = [
            (r#""action":"debit","amount":"0.05""#.to_owned(), Ok(Order::Debit { micros: 50_000 })),
            (
                r#""action":"hold","amount":"1","expires_in_s":5"#.to_owned(),
                Ok(Order::Hold { micros: 1_000_000, expires_at: Timestamp(5) }),
            ),
            (format!(r#""action":"capture",{id}"#), Ok(Order::Capture { hold, micros: None, last: true })),
            (format!(r#""action":"void",{id}"#), Ok(Order::Void { hold })),
            (format!(r#""action":"refund",{id},"amount":"2""#), Ok(Order::Refund { hold, micros: Some(2_000_000) })),
            (r#""action":"debit""#.to_owned(), Err("amount")),
            (r#""action":"debit","amount":"0""#.to_owned(), Err("amount")),
            (r#""action":"debit","amount":"-1""#.to_owned(), Err("amount")),
            (r#""action":"debit","amount":"1e3""#.to_owned(), Err("amount")),
            (format!(r#""action":"debit","amount":"1",{id}"#), Err("charge")),
            (r#""action":"capture""#.to_owned(), Err("charge")),
            (format!(r#""action":"void",{id},"amount":"1""#), Err("amount")),
            (format!(r#""action":"void",{id},"keep_open":true"#), Err("keep_open")),
            (r#""action":"debit","amount":"1","expires_in_s":9"#.to_owned(), Err("expires_in_s")),
        ];
        for (text, expected) in cases {
            assert_eq!(order(&text).map_err(|(field, _)| field), expected, "{text}");
        }
    }
}
