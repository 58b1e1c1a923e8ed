//! What a change of the configuration asks of who makes it over the network, beside `config:write`: nobody makes money by it, nobody
//! gives a key more than his own has, and nobody has an operator's password shown to himself. Who applies a file on the machine has the database anyway.

use sambac_domain::error::ErrorCode;
use sambac_domain::parse_micros;
use serde_json::Value;

use super::apply::Prepared;
use super::difference::{Difference, FieldDifference};
use super::key::{AdminScope, Administrator};
use crate::refusal::Refusal;

impl Prepared<'_> {
    /// Refuses what this administrator may not do. Nothing is written then.
    ///
    /// # Errors
    /// [`ErrorCode::Forbidden`] with what is not allowed, and what to do instead.
    pub(super) fn check_rights(&self, by: &Administrator) -> Result<(), Refusal> {
        let (payments, keys) = self.money_and_keys();
        if let Some(credit) = payments.first() {
            let detail = format!(
                "account \"{}\", payment \"{}\": money is booked as a bank transfer, or by applying the file on the machine",
                credit.account.name, credit.reference
            );
            return Err(Refusal::new(ErrorCode::Forbidden, detail).at("/account"));
        }
        for key in keys {
            let beyond = |word: &&String| !AdminScope::parse(word).is_some_and(|scope| by.scopes.contains(&scope));
            if let Some(word) = key.scopes.iter().find(beyond) {
                let detail = format!("admin key \"{}\": your key lacks the scope {word} itself", key.name);
                return Err(Refusal::new(ErrorCode::Forbidden, detail).at("/admin_key"));
            }
        }
        if let Some(name) = self.led_elsewhere().first() {
            let detail = format!(
                "connector \"{name}\": the password that it has would go to another host: give the password, too, or apply a file on the machine"
            );
            return Err(Refusal::new(ErrorCode::Forbidden, detail).at("/password"));
        }
        check_differences(self.differences(), by)
    }
}

/// Refuses what this administrator may not bring about, however it comes: by a change, or by taking one back.
pub(super) fn check_differences(differences: &[Difference], by: &Administrator) -> Result<(), Refusal> {
    differences.iter().try_for_each(|difference| {
        four_eyes_stay_four(difference)?;
        lends_nothing(difference, by)?;
        opens_no_wallet(difference, by)
    })
}

/// Who could make himself a second key for transfers would approve his own.
fn four_eyes_stay_four(difference: &Difference) -> Result<(), Refusal> {
    let word = AdminScope::TransfersWrite.as_str();
    let has = |value: &Option<Value>| {
        value.as_ref().and_then(Value::as_array).is_some_and(|scopes| scopes.iter().any(|scope| scope == word))
    };
    let gains = |field: &FieldDifference| field.field == "scopes" && has(&field.after) && !has(&field.before);
    if difference.kind != "admin_key" || !difference.fields.iter().any(gains) {
        return Ok(());
    }
    let detail = format!(
        "admin key \"{}\": the scope {word} is given on the machine only (`sambac admin-key create`, `sambac apply`), so that two pairs of eyes stay two",
        difference.name
    );
    Err(Refusal::new(ErrorCode::Forbidden, detail).at("/admin_key"))
}

/// Credit is money.
fn lends_nothing(difference: &Difference, by: &Administrator) -> Result<(), Refusal> {
    let micros = |value: &Option<Value>| {
        value.as_ref().and_then(Value::as_str).and_then(|text| parse_micros(text).ok()).unwrap_or_default()
    };
    let rises = |field: &FieldDifference| field.field == "credit_limit" && micros(&field.after) > micros(&field.before);
    let may = by.scopes.contains(&AdminScope::TransfersWrite);
    if may || difference.kind != "account" || !difference.fields.iter().any(rises) {
        return Ok(());
    }
    let detail = format!(
        "account \"{}\": a credit limit is raised by a key with the scope {}, or by applying a file on the machine",
        difference.name,
        AdminScope::TransfersWrite.as_str()
    );
    Err(Refusal::new(ErrorCode::Forbidden, detail).at("/credit_limit"))
}

/// Who shares a wallet spends its owner's money.
fn opens_no_wallet(difference: &Difference, by: &Administrator) -> Result<(), Refusal> {
    let is_owner = |value: &Option<Value>| value.as_ref().is_some_and(|value| !value.is_null());
    let shares = |field: &FieldDifference| field.field == "wallet_of" && is_owner(&field.after);
    let may = by.scopes.contains(&AdminScope::TransfersWrite);
    if may || difference.kind != "account" || !difference.fields.iter().any(shares) {
        return Ok(());
    }
    let detail = format!(
        "account \"{}\": another account's wallet is opened to it by a key with the scope {}, or by applying a file on the machine",
        difference.name,
        AdminScope::TransfersWrite.as_str()
    );
    Err(Refusal::new(ErrorCode::Forbidden, detail).at("/wallet_of"))
}
