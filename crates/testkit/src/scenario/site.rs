//! What a platform is provisioned with: a builder of the file that `sambac apply` reads, and the secrets it gives back.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::Simulator;

/// Price of a segment at [`Site::with_one_account`], in micros.
pub const PRICE_MICROS: i64 = 50_000;

/// A provisioning file in the making.
#[derive(Clone, Debug, Default)]
pub struct Site {
    toml: String,
}

/// The secrets that `sambac apply` made.
#[derive(Clone, Debug, Default)]
pub struct Secrets(HashMap<(String, String), String>);

#[derive(Deserialize)]
struct Applied {
    secrets: Vec<Issued>,
}

#[derive(Deserialize)]
struct Issued {
    kind: String,
    of: String,
    secret: String,
}

impl Site {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tariff `standard` (0.05 EUR everywhere), account `bank` with `funds` EUR, its API key `main` with every scope, and
    /// its SMPP account `esme` of the transactional class.
    pub fn with_one_account(funds: &str) -> Self {
        Self::new()
            .table("tariff", "name = \"standard\"\ncurrency = \"EUR\"\nrate = [{ price = \"0.05\" }]")
            .account("bank", funds)
            .api_key("bank", "main")
            .smpp_account("bank", "esme", "window_max = 100")
    }

    /// An account with the tariff `standard` and a payment.
    pub fn account(self, name: &str, funds: &str) -> Self {
        let payment = format!("payment = [{{ amount = \"{funds}\", reference = \"first\" }}]");
        let payment = if funds == "0" { "" } else { payment.as_str() };
        self.table("account", &format!("name = \"{name}\"\ncurrency = \"EUR\"\ntariff = \"standard\"\n{payment}"))
    }

    /// An API key with every scope.
    pub fn api_key(self, account: &str, name: &str) -> Self {
        let scopes = r#"["sms:send", "sms:read", "balance:read", "payments:write", "webhooks:write",
            "events:read", "keys:write",
            "otp:send", "otp:check", "otp:read", "otp:profiles",
            "templates:write", "templates:approve", "opt_outs:write"]"#;
        self.table("api_key", &format!("name = \"{name}\"\naccount = \"{account}\"\nscopes = {scopes}"))
    }

    /// An SMPP account; `more` are further keys, one on each line.
    pub fn smpp_account(self, account: &str, system_id: &str, more: &str) -> Self {
        self.table("smpp_account", &format!("system_id = \"{system_id}\"\naccount = \"{account}\"\n{more}"))
    }

    /// An operator and its connector of the same name; `more` are further keys of the connector.
    pub fn connector(self, name: &str, operator: &Simulator, more: &str) -> Self {
        self.connector_at(name, operator.address(), more)
    }

    /// The same, towards any address.
    pub fn connector_at(self, name: &str, address: SocketAddr, more: &str) -> Self {
        let (host, port) = (address.ip(), address.port());
        let link = format!("host = \"{host}\"\nport = {port}\nsystem_id = \"sambac\"\npassword = \"pa55word\"");
        self.table("operator", &format!("name = \"{name}\""))
            .table("connector", &format!("name = \"{name}\"\noperator = \"{name}\"\n{link}\n{more}"))
    }

    /// A fail-over route, tried in the order in which routes were added; `more` are further keys.
    pub fn route(self, name: &str, connectors: &[&str], more: &str) -> Self {
        let position = self.toml.matches("[[route]]").count();
        self.table("route", &format!("name = \"{name}\"\nposition = {position}\nconnectors = {connectors:?}\n{more}"))
    }

    /// A webhook of an account.
    pub fn webhook(self, account: &str, url: &str) -> Self {
        self.table("webhook", &format!("account = \"{account}\"\nurl = \"{url}\""))
    }

    /// A route for messages from handsets, tried in the order in which routes were added: `targets` as in the file, `more` are
    /// further keys.
    pub fn mo_route(self, account: &str, name: &str, targets: &str, more: &str) -> Self {
        let position = self.toml.matches("[[mo_route]]").count();
        let keys = format!("name = \"{name}\"\naccount = \"{account}\"\nposition = {position}\ntargets = [{targets}]");
        self.table("mo_route", &format!("{keys}\n{more}"))
    }

    /// Any table of the file.
    pub fn table(mut self, name: &str, keys: &str) -> Self {
        // Writing to a String does not fail.
        let _ = writeln!(self.toml, "[[{name}]]\n{keys}\n");
        self
    }

    /// The file.
    pub fn to_toml(&self) -> &str {
        &self.toml
    }
}

impl Secrets {
    pub(super) fn from_apply(stdout: &[u8]) -> Result<Self> {
        let applied: Applied = serde_json::from_slice(stdout)?;
        Ok(Self(applied.secrets.into_iter().map(|one| ((one.kind, one.of), one.secret)).collect()))
    }

    /// The API key of this name.
    ///
    /// # Errors
    /// When none was made.
    pub fn api_key(&self, name: &str) -> Result<&str> {
        self.find("api_key", name)
    }

    /// The admin key of this name.
    ///
    /// # Errors
    /// When none was made.
    pub fn admin_key(&self, name: &str) -> Result<&str> {
        self.find("admin_key", name)
    }

    /// The password of an SMPP account.
    ///
    /// # Errors
    /// When none was made.
    pub fn smpp_password(&self, system_id: &str) -> Result<&str> {
        self.find("smpp_password", system_id)
    }

    /// The signing secret of a webhook.
    ///
    /// # Errors
    /// When none was made.
    pub fn webhook_secret(&self, url: &str) -> Result<&str> {
        self.find("webhook_secret", url)
    }

    fn find(&self, kind: &str, of: &str) -> Result<&str> {
        let secret = self.0.get(&(kind.to_owned(), of.to_owned()));
        secret.map(String::as_str).with_context(|| format!("no {kind} of {of} was made"))
    }
}
