//! Issuers of tokens outside.

use sambac_domain::IssuerId;
use sambac_store::rows::IssuerRow;

use super::{Draft, Faults, access_state};
use crate::admin::file::Issuer;
use crate::issuer::checked_url;

/// Octets of what tokens say of issuer and audience.
const TEXT_MAX: usize = 500;

impl Draft<'_> {
    pub(super) fn issuer(&mut self, issuer: &Issuer) -> Result<(), Faults> {
        let mut faults = Faults::default();
        for (name, text) in [("url", &issuer.url), ("audience", &issuer.audience)] {
            let fits = (1..=TEXT_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
            faults.check(fits, format!("{name}: is a text of 1 to {TEXT_MAX} octets"));
        }
        faults.keep(checked_url(&issuer.jwks_url).map_err(|why| format!("jwks_url: {why}")));
        let state = faults.keep(access_state(&issuer.state));
        let accounts: Vec<_> =
            issuer.accounts.iter().filter_map(|name| faults.keep(self.account_named(name))).collect();
        for fault in issuer.tokens.faults(issuer.accounts.len()) {
            faults.check(false, fault);
        }
        faults.none()?;
        let Some(state) = state else { return Ok(()) };
        let stored = self.context.stored.issuers.iter().find(|row| row.name == issuer.name);
        let row = IssuerRow {
            id: stored.map_or_else(|| IssuerId::from_raw(self.next_id()), |row| row.id),
            name: issuer.name.clone(),
            url: issuer.url.clone(),
            audience: issuer.audience.clone(),
            jwks_url: issuer.jwks_url.clone(),
            accounts,
            settings: serde_json::to_string(&issuer.tokens).map_err(|error| error.to_string())?,
            state,
            created_at: stored.map_or(self.context.now, |row| row.created_at),
        };
        if stored != Some(&row) {
            self.changes.issuers.push(row);
        }
        Ok(())
    }
}
