//! The ways in: SMPP accounts, API keys and webhooks, with the secrets that are made for them.

use sambac_domain::account_event::EventType;
use sambac_domain::profile::ClientProfile;
use sambac_domain::{AccountId, AdminKeyId, ApiKeyId, SmppAccountId, Timestamp, WebhookId};
use sambac_store::Sealed;
use sambac_store::rows::{AdminKeyRow, ApiKeyRow, SmppAccountRow, WebhookRow, WebhookState};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Draft, Faults, access_state, settings_text};
use crate::Scope;
use crate::admin::AdminScope;
use crate::admin::file::{AdminKey, ApiKey, SmppAccount, Webhook};
use crate::admin::secrets::{self, Issued};
use crate::api_key::{self, Environment};
use crate::smsc::password;
use crate::snapshot::IpRange;
use crate::webhook::{NewSecret, Scheme};

impl Draft<'_> {
    pub(super) fn smpp_account(&mut self, smpp: &SmppAccount) -> Result<(), Faults> {
        let mut faults = Faults::default();
        let account_id = faults.keep(self.account_named(&smpp.account));
        check_smpp(smpp, &mut faults);
        let stored = self.context.stored.smpp_accounts.iter().find(|row| row.system_id == smpp.system_id);
        let is_others = stored.is_some_and(|row| account_id.is_some_and(|id| row.account_id != id));
        faults.check(!is_others, "the system_id belongs to another account");
        let state = faults.keep(access_state(&smpp.state));
        let settings = faults.keep_all(client_settings(smpp, stored));
        let given = faults.keep(self.given_password(smpp.password.as_ref(), smpp.password_env.as_deref()));
        // Slow hashes are made for what is fine otherwise.
        faults.none()?;
        let (Some(account_id), Some(state), Some(settings), Some(given)) = (account_id, state, settings, given) else {
            return Ok(()); // There was a fault then.
        };
        let row = SmppAccountRow {
            id: stored.map_or_else(|| SmppAccountId::from_raw(self.next_id()), |row| row.id),
            account_id,
            system_id: smpp.system_id.clone(),
            password_hash: Sealed(self.password_hash(smpp, given, stored)?),
            allowed_ips: smpp.allowed_ips.clone(),
            binds_max: smpp.binds_max,
            window_max: smpp.window_max,
            traffic_class: smpp.class,
            state,
            created_at: stored.map_or(self.context.now, |row| row.created_at),
            settings,
        };
        if stored != Some(&row) {
            self.changes.smpp_accounts.push(row);
        }
        Ok(())
    }

    /// The hash of the given password; without one, the stored hash, or that of a new password.
    fn password_hash(
        &mut self,
        smpp: &SmppAccount,
        given: Option<String>,
        stored: Option<&SmppAccountRow>,
    ) -> Result<String, String> {
        let hash = |password: &SecretString| password::hash(password).map_err(|error| error.to_string());
        if let Some(given) = given {
            let same = stored.filter(|row| password::verify(given.as_bytes(), &row.password_hash.0));
            return same.map_or_else(|| hash(&SecretString::from(given)), |row| Ok(row.password_hash.0.clone()));
        }
        if let Some(row) = stored.filter(|_| !self.context.secrets.renew) {
            return Ok(row.password_hash.0.clone());
        }
        let secret = secrets::smpp_password();
        let hashed = hash(&secret)?;
        self.issue("smpp_password", &smpp.system_id, &smpp.account, secret);
        Ok(hashed)
    }

    pub(super) fn api_key(&mut self, key: &ApiKey) -> Result<(), Faults> {
        let mut faults = Faults::default();
        let account_id = faults.keep(self.account_named(&key.account));
        let environment = faults.keep(environment(&key.environment));
        let state = faults.keep(access_state(&key.state));
        for word in key.scopes.iter().filter(|word| Scope::parse(word).is_none()) {
            faults.check(false, format!("scopes: \"{word}\" is none of {}", Scope::ALL.map(Scope::as_str).join(", ")));
        }
        check_addresses(key.allowed_ips.as_deref().unwrap_or_default(), &mut faults);
        let expires_at = faults.keep(key.expires_at.as_deref().map(end).transpose()).flatten();
        faults.none()?;
        let (Some(account_id), Some(environment), Some(state)) = (account_id, environment, state) else {
            return Ok(()); // There was a fault then.
        };
        let mut keys = self.context.stored.api_keys.iter();
        let stored = keys.find(|row| row.account_id == account_id && row.name == key.name);
        if stored.is_some_and(|row| row.environment != key.environment) {
            return Err("the environment of a key cannot change; make another key".into());
        }
        let id = stored.map_or_else(|| ApiKeyId::from_raw(self.next_id()), |row| row.id);
        let secret_hash = match stored.filter(|_| !self.context.secrets.renew) {
            Some(row) => row.secret_hash.0.clone(),
            None => {
                let new = api_key::generate(id, environment).map_err(|error| error.to_string())?;
                self.issue("api_key", &key.name, &key.account, new.text);
                new.secret_hash
            }
        };
        let row = ApiKeyRow {
            id,
            account_id,
            name: key.name.clone(),
            environment: key.environment.clone(),
            secret_hash: Sealed(secret_hash),
            scopes: key.scopes.clone(),
            state,
            created_at: stored.map_or(self.context.now, |row| row.created_at),
            expires_at: expires_at.or(stored.and_then(|row| row.expires_at)),
            former_secret_hash: stored.and_then(|row| row.former_secret_hash.clone()),
            former_until: stored.and_then(|row| row.former_until),
            allowed_ips: key.allowed_ips.clone().or(stored.map(|row| row.allowed_ips.clone())).unwrap_or_default(),
            rate_limit: key
                .rate_limit
                .map(|rate| rate.to_string())
                .or(stored.map(|row| row.rate_limit.clone()))
                .unwrap_or_default(),
        };
        if stored != Some(&row) {
            self.changes.api_keys.push(row);
        }
        Ok(())
    }

    pub(super) fn webhook(&mut self, webhook: &Webhook) -> Result<(), Faults> {
        let mut faults = Faults::default();
        let account_id = faults.keep(self.account_named(&webhook.account));
        faults.keep(check_url(&webhook.url));
        for word in webhook.events.iter().flatten().filter(|word| EventType::parse(word).is_none()) {
            faults.check(false, format!("events: there is no \"{word}\""));
        }
        faults.none()?;
        let Some(account_id) = account_id else { return Ok(()) };
        let mut webhooks = self.context.stored.webhooks.iter();
        let stored = webhooks.find(|row| row.account_id == account_id && row.url == webhook.url);
        let id = stored.map_or_else(|| WebhookId::from_raw(self.next_id()), |row| row.id);
        let mut row = match stored {
            Some(row) => row.clone(),
            None => self.new_webhook(id, account_id, webhook)?,
        };
        if let Some(events) = &webhook.events {
            row.events.clone_from(events);
        }
        if let Some(description) = &webhook.description {
            row.description.clone_from(description);
        }
        crate::webhook::switch(&mut row, webhook.enabled, "", self.context.now);
        if stored != Some(&row) {
            self.changes.webhooks.push(row);
        }
        Ok(())
    }

    fn new_webhook(&mut self, id: WebhookId, account_id: AccountId, webhook: &Webhook) -> Result<WebhookRow, Faults> {
        let secret = NewSecret::generate(Scheme::V1).ok_or_else(|| "no secret could be made".to_owned())?;
        let sealed = self.context.seal.seal_text(id.raw(), secret.text.expose_secret());
        self.issue("webhook_secret", &webhook.url, &webhook.account, secret.text);
        Ok(WebhookRow {
            id,
            account_id,
            url: webhook.url.clone(),
            secret_sealed: Sealed(sealed.map_err(|error| error.to_string())?),
            state: WebhookState::Enabled,
            created_at: self.context.now,
            description: String::new(),
            events: Vec::new(),
            public_key: secret.public_key,
            former_secret_sealed: None,
            former_public_key: String::new(),
            former_until: None,
            disabled_reason: String::new(),
            disabled_at: None,
            environment: Environment::Live.as_str().to_owned(),
        })
    }

    pub(super) fn admin_key(&mut self, key: &AdminKey) -> Result<(), Faults> {
        let mut faults = Faults::default();
        let state = faults.keep(access_state(&key.state));
        for word in key.scopes.iter().filter(|word| AdminScope::parse(word).is_none()) {
            let all = AdminScope::ALL.map(AdminScope::as_str).join(", ");
            faults.check(false, format!("scopes: \"{word}\" is none of {all}"));
        }
        faults.none()?;
        let Some(state) = state else { return Ok(()) };
        let stored = self.context.stored.admin_keys.iter().find(|row| row.name == key.name);
        let id = stored.map_or_else(|| AdminKeyId::from_raw(self.next_id()), |row| row.id);
        let secret_hash = match stored.filter(|_| !self.context.secrets.renew) {
            Some(row) => row.secret_hash.0.clone(),
            None => {
                let new = api_key::generate_admin(id).map_err(|error| error.to_string())?;
                self.issue("admin_key", &key.name, "", new.text);
                new.secret_hash
            }
        };
        let row = AdminKeyRow {
            id,
            name: key.name.clone(),
            secret_hash: Sealed(secret_hash),
            scopes: key.scopes.clone(),
            state,
            created_at: stored.map_or(self.context.now, |row| row.created_at),
            expires_at: stored.and_then(|row| row.expires_at),
        };
        if stored != Some(&row) {
            self.changes.admin_keys.push(row);
        }
        Ok(())
    }

    fn issue(&mut self, kind: &'static str, of: &str, account: &str, secret: SecretString) {
        self.changes.issued.push(Issued { kind, of: of.to_owned(), account: account.to_owned(), secret });
    }
}

fn check_smpp(smpp: &SmppAccount, faults: &mut Faults) {
    let is_short = smpp.system_id.len() <= 15 && smpp.system_id.is_ascii();
    faults.check(is_short, "system_id: has at most 15 ASCII characters");
    faults.check(smpp.binds_max > 0, "binds_max: is above 0");
    faults.check((1..=1_000).contains(&smpp.window_max), "window_max: is from 1 to 1000");
    check_addresses(&smpp.allowed_ips, faults);
}

pub(super) fn check_addresses(texts: &[String], faults: &mut Faults) {
    for text in texts.iter().filter(|text| IpRange::parse(text).is_none()) {
        faults.check(false, format!("allowed_ips: \"{text}\" is not an address or a range such as 192.0.2.0/24"));
    }
}

fn end(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("expires_at: \"{text}\" is no moment like 2026-11-23T10:00:00Z");
    Timestamp::parse_rfc3339(text).ok_or_else(wrong)
}

fn check_url(text: &str) -> Result<(), String> {
    let url = url::Url::parse(text).map_err(|error| format!("url: {error}"))?;
    if !matches!(url.scheme(), "https" | "http") || url.host().is_none() || !url.username().is_empty() {
        return Err("url: is https://host/path, without a user name".to_owned());
    }
    Ok(())
}

fn environment(word: &str) -> Result<Environment, String> {
    Environment::parse(word).ok_or_else(|| format!("environment is live or test, not \"{word}\""))
}

/// The settings as the engine reads them, checked by it.
fn client_settings(smpp: &SmppAccount, stored: Option<&SmppAccountRow>) -> Result<String, Vec<String>> {
    let text = settings_text(&smpp.settings, stored.map(|row| &row.settings));
    match ClientProfile::parse_all(&text) {
        Ok(_) => Ok(text),
        Err(faults) => Err(faults.iter().map(|fault| format!("settings: {fault}")).collect()),
    }
}
