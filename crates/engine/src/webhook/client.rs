//! The HTTP client of the webhooks: guarded, impatient, and never redirected.

use std::time::Duration;

use super::guard::Guard;
use crate::snapshot::IpRange;

/// How long a receiver may take to answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How long it may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ClientError(#[from] reqwest::Error);

/// Sends webhooks.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    pub(super) guard: Guard,
}

impl Client {
    /// Calls what is on the public internet at these ports, and what is in the allowed ranges.
    pub(crate) fn new(allowed: &[IpRange], ports: &[u16]) -> Result<Self, ClientError> {
        Self::with(Guard::new(allowed, ports))
    }

    fn with(guard: Guard) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder()
            .dns_resolver(guard.clone())
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("Sambac/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, guard })
    }

    /// A request to this URL; `None` when it may not be called. There is no other way to make one: an address that is written as such
    /// never reaches the resolver, and is checked here.
    pub(super) fn post(&self, url: &str) -> Option<reqwest::RequestBuilder> {
        self.guard.check(url).ok().map(|url| self.http.post(url))
    }
}

#[cfg(test)]
mod tests;
