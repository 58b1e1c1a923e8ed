//! What the platform is told before a load: one operator behind one connector or several, one account, and its ways in; and neighbours,
//! each with an account, an operator and a connector of its own.

use anyhow::Context as _;
use serde_json::Value;

/// Binds to each neighbour's operator.
pub(crate) const NEIGHBOUR_BINDS: u64 = 2;

/// The names and the link of one site. Names end in something unique, so that several sites can share a database.
pub(crate) struct Wanted {
    pub(crate) unique: String,
    /// The operator's port on this machine.
    pub(crate) port: u16,
    /// How many connectors lead to it: messages are shared out evenly.
    pub(crate) connectors: u8,
    /// Of each.
    pub(crate) binds: u16,
    pub(crate) window: u16,
    /// The ports of the neighbours' operators.
    pub(crate) neighbours: Vec<u16>,
    /// Whether the account and its key have every control that there is, none of which stops anything.
    pub(crate) controlled: bool,
}

/// Controls of the key.
const KEY_CONTROLS: &str = r#", allowed_ips = ["127.0.0.0/8", "::1/128"], rate_limit = "1000000/s""#;

/// Controls of the account.
const ACCOUNT_CONTROLS: &str = r#"allowed_ips = ["127.0.0.0/8", "::1/128"]
rate_limits = { calls = "1000000/s", send = "1000000/s", destination = "10/s" }
content = { card_numbers = "block", ibans = "block", link_hosts = ["bank.example"] }
"#;

/// What was made by applying it.
#[derive(Clone, Debug)]
pub(crate) struct Secrets {
    pub(crate) api_key: String,
    /// Password of the SMPP account of class transactional.
    pub(crate) bulk: String,
    /// Password of the SMPP account of class otp.
    pub(crate) otp: String,
    /// Password of the SMPP account with many binds.
    pub(crate) crowd: String,
    /// Passwords of the neighbours' SMPP accounts, in their order.
    pub(crate) neighbours: Vec<String>,
}

impl Wanted {
    /// system_id of the SMPP account of class transactional.
    pub(crate) fn bulk_id(&self) -> String {
        format!("bulk{}", self.unique)
    }

    /// system_id of the SMPP account of class otp.
    pub(crate) fn otp_id(&self) -> String {
        format!("otp{}", self.unique)
    }

    /// system_id of the SMPP account with many binds.
    pub(crate) fn crowd_id(&self) -> String {
        format!("herd{}", self.unique)
    }

    /// The provisioning file.
    pub(crate) fn file(&self) -> String {
        let unique = &self.unique;
        let (key_controls, account_controls) =
            if self.controlled { (KEY_CONTROLS, ACCOUNT_CONTROLS) } else { ("", "") };
        let neighbours: String =
            (0..).zip(&self.neighbours).map(|(number, port)| self.neighbour(number, *port)).collect();
        let links = self.links();
        let (bulk, otp, crowd) = (self.bulk_id(), self.otp_id(), self.crowd_id());
        format!(
            r#"
tariff = [{{ name = "tariff-{unique}", currency = "EUR", rate = [{{ price = "0.01" }}] }}]
api_key = [{{ name = "bench", account = "bench-{unique}", scopes = ["sms:send", "otp:send", "otp:check"]{key_controls} }}]

[[operator]]
name = "operator-{unique}"

[[account]]
name = "bench-{unique}"
currency = "EUR"
tariff = "tariff-{unique}"
payment = [{{ amount = "1000000000", reference = "bench" }}]
{account_controls}
{links}
[[smpp_account]]
system_id = "{bulk}"
account = "bench-{unique}"
binds_max = 100
window_max = 1000

[[smpp_account]]
system_id = "{otp}"
account = "bench-{unique}"
class = "otp"
binds_max = 100
window_max = 1000

[[smpp_account]]
system_id = "{crowd}"
account = "bench-{unique}"
binds_max = 5000
{neighbours}"#
        )
    }

    /// The connectors, and for each last digit of a message's number a route to one of them; other destinations go by the first.
    fn links(&self) -> String {
        let Self { unique, port, connectors, binds, window, .. } = self;
        let mut links = String::new();
        for number in 0..*connectors {
            links += &format!(
                r#"
[[connector]]
name = "link-{number}-{unique}"
operator = "operator-{unique}"
host = "127.0.0.1"
port = {port}
system_id = "sambac"
password = "bench"
binds = {binds}
window_max = {window}
settings = {{ bind = {{ reconnect_min_ms = 100, reconnect_max_ms = 1000 }} }}
"#
            );
        }
        // As `Messages` writes destinations.
        for digit in 0..10 {
            let number = digit % connectors.max(&1);
            links += &format!(
                r#"
[[route]]
name = "route-{digit}-{unique}"
position = {position}
match = {{ account = "bench-{unique}", prefix = "9991{digit}" }}
connectors = ["link-{number}-{unique}"]
"#,
                position = digit + 1
            );
        }
        links += &format!(
            r#"
[[route]]
name = "route-{unique}"
position = 11
match = {{ account = "bench-{unique}" }}
connectors = ["link-0-{unique}"]
"#
        );
        links
    }

    /// system_id of a neighbour's SMPP account.
    pub(crate) fn neighbour_id(&self, number: usize) -> String {
        format!("n{number}{}", self.unique)
    }

    fn neighbour(&self, number: usize, port: u16) -> String {
        let (unique, system_id) = (&self.unique, self.neighbour_id(number));
        let name = format!("neighbour-{number}-{unique}");
        format!(
            r#"
[[operator]]
name = "{name}"

[[account]]
name = "{name}"
currency = "EUR"
tariff = "tariff-{unique}"
payment = [{{ amount = "1000000", reference = "bench" }}]

[[connector]]
name = "{name}"
operator = "{name}"
host = "127.0.0.1"
port = {port}
system_id = "sambac"
password = "bench"
binds = {NEIGHBOUR_BINDS}
window_max = 500

[[route]]
name = "{name}"
position = {position}
match = {{ account = "{name}" }}
connectors = ["{name}"]

[[smpp_account]]
system_id = "{system_id}"
account = "{name}"
binds_max = 100
window_max = 1000
"#,
            position = number + 12
        )
    }

    /// The secrets in the answer of `sambac apply`.
    pub(crate) fn secrets(&self, answer: &Value) -> anyhow::Result<Secrets> {
        let secret = |kind: &str, of: &str| {
            let mut secrets = answer["secrets"].as_array().into_iter().flatten();
            let found = secrets.find(|secret| secret["kind"] == kind && secret["of"] == of);
            let text = found.and_then(|secret| secret["secret"].as_str()).map(str::to_owned);
            text.with_context(|| format!("apply made no {kind} for {of}"))
        };
        Ok(Secrets {
            api_key: secret("api_key", "bench")?,
            bulk: secret("smpp_password", &self.bulk_id())?,
            otp: secret("smpp_password", &self.otp_id())?,
            crowd: secret("smpp_password", &self.crowd_id())?,
            neighbours: (0..self.neighbours.len())
                .map(|number| secret("smpp_password", &self.neighbour_id(number)))
                .collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sambac_engine::admin::File;

    #[test]
    fn the_file_is_one_that_apply_reads() {
        let unique = "1f2e3d4c5b".to_owned();
        let neighbours = vec![2776, 2777];
        let mut wanted =
            Wanted { unique, port: 2775, connectors: 2, binds: 2, window: 500, neighbours, controlled: false };
        for controlled in [false, true] {
            wanted.controlled = controlled;
            let file = toml::from_str::<File>(&wanted.file()).expect("it is well formed");
            assert_eq!((file.connector.len(), file.smpp_account.len(), file.route.len()), (4, 5, 13));
            assert!(file.smpp_account.iter().all(|smpp| smpp.system_id.len() <= 15));
        }
    }

    #[test]
    fn each_secret_is_found_by_what_it_is_for() {
        let wanted = Wanted {
            unique: "7".to_owned(),
            port: 1,
            connectors: 1,
            binds: 1,
            window: 1,
            neighbours: vec![2],
            controlled: false,
        };
        let answer = serde_json::json!({"secrets": [
            {"kind": "smpp_password", "of": "otp7", "secret": "o"},
            {"kind": "api_key", "of": "bench", "secret": "k"},
            {"kind": "smpp_password", "of": "herd7", "secret": "h"},
            {"kind": "smpp_password", "of": "bulk7", "secret": "b"},
            {"kind": "smpp_password", "of": "n07", "secret": "n"},
        ]});
        let secrets = wanted.secrets(&answer).expect("all are there");
        assert_eq!((secrets.api_key.as_str(), secrets.bulk.as_str(), secrets.otp.as_str()), ("k", "b", "o"));
        assert_eq!(secrets.neighbours, ["n"]);
        assert!(wanted.secrets(&Value::Null).is_err());
    }
}
