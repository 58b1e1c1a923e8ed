//! How an issuer's tokens are read.

use std::collections::BTreeMap;

use jsonwebtoken::Algorithm;
use sambac_domain::throughput::Throughput;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Scope;
use crate::api_key::Environment;
use crate::ip_range::IpRange;

/// How an issuer's tokens are read, and what they are good for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerSettings {
    /// All that its tokens can ever be good for.
    pub scopes: Vec<String>,
    /// The claim with what a token is good for: a text with words, or a list of them.
    #[serde(default = "scope")]
    pub scopes_claim: String,
    /// Its words in ours; without any, its words are ours.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scope_map: BTreeMap<String, Vec<String>>,
    /// The claim with the name or id of the account, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_claim: Option<String>,
    /// The `typ` of its access tokens, without `application/`.
    #[serde(default = "kinds")]
    pub kinds: Vec<String>,
    /// What it signs with.
    #[serde(default = "algorithms")]
    pub algorithms: Vec<String>,
    /// What its tokens may touch: `live` or `test`.
    #[serde(default = "live")]
    pub environment: String,
    /// Addresses and networks that its tokens may be used from; empty: those of the account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_ips: Vec<String>,
    /// How often all its tokens together may be used, as `100/s burst 20`; empty: no limit of their own.
    #[serde(default)]
    pub rate_limit: Throughput,
}

/// All signatures that are taken.
const ALGORITHMS: [(&str, Algorithm); 4] = [
    ("EdDSA", Algorithm::EdDSA),
    ("ES256", Algorithm::ES256),
    ("RS256", Algorithm::RS256),
    ("PS256", Algorithm::PS256),
];

impl IssuerSettings {
    /// Reads what is stored.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Everything that is wrong with it, in words for people.
    pub fn faults(&self, accounts: usize) -> Vec<String> {
        let mut faults = Vec::new();
        let words = self.scopes.iter().chain(self.scope_map.values().flatten());
        for word in words.filter(|word| Scope::parse(word).is_none()) {
            let all = Scope::ALL.map(Scope::as_str).join(", ");
            faults.push(format!("tokens: the scope \"{word}\" is none of {all}"));
        }
        for word in self.algorithms.iter().filter(|word| ALGORITHMS.iter().all(|(known, _)| known != word)) {
            faults.push(format!("tokens: the algorithm \"{word}\" is none of EdDSA, ES256, RS256, PS256"));
        }
        for text in self.allowed_ips.iter().filter(|text| IpRange::parse(text).is_none()) {
            faults.push(format!("tokens: \"{text}\" is not an address or a range such as 192.0.2.0/24"));
        }
        let environment = &self.environment;
        if Environment::parse(environment).is_none() {
            faults.push(format!("tokens: environment is live or test, not \"{environment}\""));
        }
        if [&self.scopes, &self.kinds, &self.algorithms].into_iter().any(Vec::is_empty) {
            faults.push("tokens: scopes, kinds and algorithms each have one at least".to_owned());
        }
        if accounts == 0 || (accounts > 1 && self.account_claim.is_none()) {
            faults.push("accounts: has one, or several and tokens.account_claim says which it is".to_owned());
        }
        faults
    }

    pub(super) fn takes(&self, kind: &str, algorithm: Algorithm) -> bool {
        let is_taken = |word: &String| ALGORITHMS.iter().any(|(known, one)| known == word && *one == algorithm);
        self.kinds.iter().any(|known| known.eq_ignore_ascii_case(kind)) && self.algorithms.iter().any(is_taken)
    }

    /// What a token says it is good for, in our words. What it says beside is for others.
    pub(super) fn said(&self, claims: &Map<String, Value>) -> Vec<Scope> {
        let words: Vec<&str> = match claims.get(&self.scopes_claim) {
            Some(Value::String(text)) => text.split(' ').collect(),
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if self.scope_map.is_empty() {
            return words.into_iter().filter_map(Scope::parse).collect();
        }
        let ours = words.into_iter().filter_map(|word| self.scope_map.get(word)).flatten();
        ours.filter_map(|word| Scope::parse(word)).collect()
    }
}

fn scope() -> String {
    "scope".to_owned()
}

fn kinds() -> Vec<String> {
    vec!["at+jwt".to_owned()]
}

fn algorithms() -> Vec<String> {
    ALGORITHMS.iter().map(|(word, _)| (*word).to_owned()).collect()
}

fn live() -> String {
    Environment::Live.as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(more: &str) -> IssuerSettings {
        IssuerSettings::from_json(&format!("{{\"scopes\":[\"sms:send\",\"sms:read\"]{more}}}")).expect("settings")
    }

    fn said(settings: &IssuerSettings, claims: &Value) -> Vec<Scope> {
        settings.said(claims.as_object().expect("an object"))
    }

    /// Words are ours, or are translated; what is not known gives nothing.
    #[test]
    fn scopes_are_read_from_a_text_or_a_list() {
        let plain = settings("");
        assert_eq!(said(&plain, &json!({ "scope": "openid sms:read  otp:send" })), [Scope::SmsRead, Scope::OtpSend]);
        assert_eq!(said(&plain, &json!({ "scope": ["sms:send", 7, "admin"] })), [Scope::SmsSend]);
        assert_eq!(said(&plain, &json!({ "scope": 7 })), []);
        let mapped = settings(r#","scopes_claim":"roles","scope_map":{"sender":["sms:send","sms:read"]}"#);
        assert_eq!(
            said(&mapped, &json!({ "roles": ["sender"], "scope": "otp:send" })),
            [Scope::SmsSend, Scope::SmsRead]
        );
        assert_eq!(said(&mapped, &json!({ "roles": ["sms:send"] })), [], "its own words are not ours");
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert_eq!(settings("").faults(1), Vec::<String>::new());
        assert_eq!(settings(r#","account_claim":"tenant""#).faults(2), Vec::<String>::new());
        for (more, accounts) in [
            ("", 0),
            ("", 2),
            (r#","algorithms":["HS256"]"#, 1),
            (r#","algorithms":["none"]"#, 1),
            (r#","algorithms":[]"#, 1),
            (r#","kinds":[]"#, 1),
            (r#","scope_map":{"a":["everything"]}"#, 1),
            (r#","environment":"staging""#, 1),
            (r#","allowed_ips":["everywhere"]"#, 1),
        ] {
            assert_eq!(settings(more).faults(accounts).len(), 1, "{more}");
        }
    }
}
