//! What a key has, and whether another one stays within it.

use sambac_domain::Timestamp;
use sambac_domain::error::ErrorCode;
use sambac_domain::throughput::Throughput;
use sambac_store::rows::ApiKeyRow;

use super::AllowedAddresses;
use crate::Scope;
use crate::api_key::Environment;
use crate::refusal::Refusal;

/// All that a key can be used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    scopes: Vec<String>,
    environment: Option<Environment>,
    allowed: AllowedAddresses,
    expires_at: Option<Timestamp>,
    rate_limit: Option<Throughput>,
}

impl Reach {
    pub(super) fn of(row: &ApiKeyRow) -> Self {
        Self {
            scopes: row.scopes.clone(),
            environment: Environment::parse(&row.environment),
            allowed: AllowedAddresses::parse(&row.allowed_ips),
            expires_at: row.expires_at,
            rate_limit: row.rate_limit.parse().ok(),
        }
    }

    /// That of who has these scopes of it.
    pub(super) fn of_caller(row: &ApiKeyRow, scopes: &[Scope]) -> Self {
        Self { scopes: scopes.iter().map(|scope| scope.as_str().to_owned()).collect(), ..Self::of(row) }
    }

    /// Refuses what goes beyond this in any way, naming the field.
    ///
    /// # Errors
    /// [`ErrorCode::Forbidden`].
    pub(super) fn check(&self, other: &Self) -> Result<(), Refusal> {
        let beyond = |field: &'static str, what: &str| {
            Err(Refusal::new(ErrorCode::Forbidden, format!("a key cannot give what it does not have: {what}"))
                .at(field))
        };
        if let Some(scope) = other.scopes.iter().find(|scope| !self.scopes.contains(scope)) {
            return beyond("/scopes", &format!("the scope {scope}"));
        }
        if self.environment != Some(Environment::Live) && self.environment != other.environment {
            return beyond("/environment", "the environment live");
        }
        if !self.allowed.holds(&other.allowed) {
            return beyond("/allowed_ips", "addresses that it may not be used from itself");
        }
        if self.expires_at.is_some_and(|own| other.expires_at.is_none_or(|end| end > own)) {
            return beyond("/expires_at", "a life longer than its own");
        }
        if !self.is_as_fast_as(other) {
            return beyond("/rate_limit", "a rate limit above its own");
        }
        Ok(())
    }

    /// What cannot be read is no rate at all, and gives none.
    fn is_as_fast_as(&self, other: &Self) -> bool {
        let Some(own) = self.rate_limit else { return false };
        let Some(other) = other.rate_limit else { return false };
        let is_slower = !other.is_unlimited() && other.interval_ns() >= own.interval_ns();
        own.is_unlimited() || (is_slower && other.burst_or(super::BURST_MS) <= own.burst_or(super::BURST_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(scopes: &[&str], environment: &str, allowed: &[&str], expires_at: Option<i64>, rate: &str) -> Reach {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Reach {
            scopes: texts(scopes),
            environment: Environment::parse(environment),
            allowed: AllowedAddresses::parse(&texts(allowed)),
            expires_at: expires_at.map(Timestamp),
            rate_limit: rate.parse().ok(),
        }
    }

    /// A key gives what it has or less, and is refused whatever is more in a single respect.
    #[test]
    fn a_key_gives_what_it_has_or_less() {
        let own = || reach(&["sms:send", "sms:read"], "test", &["192.0.2.0/24"], Some(100), "10/s burst 10");
        let same = own();
        let less = reach(&["sms:read"], "test", &["192.0.2.7"], Some(99), "1/s burst 1");
        assert_eq!((own().check(&same), own().check(&less)), (Ok(()), Ok(())));
        for (field, more) in [
            ("/scopes", Reach { scopes: vec!["keys:write".to_owned()], ..own() }),
            ("/environment", Reach { environment: Some(Environment::Live), ..own() }),
            ("/environment", Reach { environment: None, ..own() }),
            ("/allowed_ips", Reach { allowed: AllowedAddresses::default(), ..own() }),
            ("/expires_at", Reach { expires_at: None, ..own() }),
            ("/expires_at", Reach { expires_at: Some(Timestamp(101)), ..own() }),
            ("/rate_limit", Reach { rate_limit: Some(Throughput::UNLIMITED), ..own() }),
            ("/rate_limit", Reach { rate_limit: "11/s burst 10".parse().ok(), ..own() }),
            ("/rate_limit", Reach { rate_limit: "10/s burst 11".parse().ok(), ..own() }),
        ] {
            let refused = own().check(&more).expect_err(field);
            assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::Forbidden, Some(field)), "{more:?}");
        }
        let open = reach(&["sms:send", "sms:read"], "live", &[], None, "");
        assert_eq!(open.check(&own()), Ok(()), "without bounds of its own anything of its scopes may be given");
    }
}
