//! What a change of the configuration asks of who makes it over the network, beside `config:write`: nobody makes money by it, and
//! nobody gives a key more than his own has. Who applies a file on the machine has the database anyway.

use sambac_domain::error::ErrorCode;

use super::apply::Prepared;
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
        Ok(())
    }
}
