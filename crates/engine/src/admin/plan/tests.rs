use sambac_domain::mo::MoTarget;
use sambac_domain::{IdSource, Timestamp};
use sambac_store::Configuration;

use proptest::prelude::*;

use super::*;
use crate::admin::export::file;
use crate::seal::Seal;

const FILE: &str = r#"
[[tariff]]
name = "standard"
currency = "EUR"
rate = [{ price = "0.05" }, { prefix = "+44", price = "0.04" }, { mcc_mnc = "00101", price = "0.01" }]

[[account]]
name = "bank"
currency = "EUR"
tariff = "standard"
credit_limit = "10"
payment = [{ amount = "100", reference = "opening" }]

[[operator]]
name = "alpha"

[[connector]]
name = "alpha-1"
operator = "alpha"
host = "127.0.0.1"
port = 2776
system_id = "sambac"
password_env = "ALPHA_PASSWORD"
settings = { session = { response_timeout_ms = 5000 } }

[[route]]
name = "otp"
position = 10
match = { account = "bank", class = "otp" }
connectors = ["alpha-1"]

[[smpp_account]]
system_id = "bank"
account = "bank"
allowed_ips = ["192.0.2.0/24"]

[[api_key]]
name = "core"
account = "bank"
scopes = ["sms:send"]

[[webhook]]
account = "bank"
url = "https://bank.example/sms"
"#;

struct Bench {
    ids: IdSource,
    seal: Seal,
    stored: Configuration,
    rates: CurrentRates,
    renew: bool,
}

impl Bench {
    fn new() -> Self {
        let seal = Seal::from_base64("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").expect("32 octets");
        Self {
            ids: IdSource::new(63, 0),
            seal,
            stored: Configuration::default(),
            rates: CurrentRates::new(),
            renew: false,
        }
    }

    fn plan(&self, text: &str) -> Result<Changes, Vec<String>> {
        let variable = |name: &str| (name == "ALPHA_PASSWORD").then(|| "secret".to_owned());
        let secrets = Secrets { variable: &variable, renew: self.renew };
        let now = Timestamp(1_767_225_600_000_000);
        let (stored, rates, ids, seal) = (&self.stored, &self.rates, &self.ids, &self.seal);
        let context = Context { stored, rates, ids, now, seal, secrets: &secrets };
        let file = toml::from_str::<File>(text).map_err(|error| vec![error.to_string()])?;
        plan(&file, &context).map_err(|problems| problems.0)
    }

    /// What the database would hold after the plan.
    fn store(&mut self, changes: Changes) {
        let stored = &mut self.stored;
        for TariffChange { row, sheet, .. } in changes.tariffs {
            if let Some(sheet) = sheet {
                self.rates.insert(row.id.into(), sheet.rates);
                stored.sheets.push(sheet.row);
            }
            stored.tariffs.push(row);
        }
        stored.accounts.extend(changes.accounts);
        stored.balances.extend(changes.balances);
        stored.operators.extend(changes.operators);
        stored.connectors.extend(changes.connectors);
        stored.routes.extend(changes.routes);
        stored.smpp_accounts.extend(changes.smpp_accounts);
        stored.api_keys.extend(changes.api_keys);
        stored.webhooks.extend(changes.webhooks);
        stored.admin_keys.extend(changes.admin_keys);
        stored.issuers.extend(changes.issuers);
    }
}

#[test]
fn a_file_becomes_rows_that_belong_together() {
    let changes = Bench::new().plan(FILE).expect("nothing is wrong with it");
    let TariffChange { row: tariff, sheet, .. } = &changes.tariffs[0];
    let sheet = sheet.as_ref().expect("a sheet");
    let prices: Vec<_> = sheet.rates.iter().map(|rate| (rate.scope.to_string(), rate.price_micros)).collect();
    let expected = [("default", 50_000), ("prefix:44", 40_000), ("network:00101", 10_000)];
    assert_eq!(prices, expected.map(|(scope, price)| (scope.to_owned(), price)));
    assert_eq!((sheet.row.effective_from, sheet.row.rate_count), (Timestamp::EPOCH, 3));
    let account = &changes.accounts[0];
    assert_eq!((account.tariff_id, account.credit_limit_micros), (tariff.id, 10_000_000));
    // The account's two, ours of its currency, and the stripe that payments come from.
    assert_eq!(changes.balances.len(), 8);
    assert_eq!(changes.payments[0].amount_micros, 100_000_000);
    assert_eq!(changes.connectors[0].operator_id, changes.operators[0].id);
    assert_eq!(changes.routes[0].connectors, [changes.connectors[0].id]);
    assert_eq!(changes.routes[0].matches.account, Some(account.id));
    let issued: Vec<_> = changes.issued.iter().map(|issued| issued.kind).collect();
    assert_eq!(issued, ["smpp_password", "api_key", "webhook_secret"]);
    assert!(!changes.connectors[0].password_sealed.0.contains("secret"));
}

#[test]
fn a_second_run_changes_nothing_and_makes_no_secret() {
    let mut bench = Bench::new();
    let first = bench.plan(FILE).expect("nothing is wrong with it");
    bench.store(first);
    let second = bench.plan(FILE).expect("nothing is wrong with it");
    assert_eq!(second.counts(), [("payments", 1)], "the database tells which are booked");
    assert!(second.balances.is_empty() && second.issued.is_empty());
}

#[test]
fn a_change_keeps_the_id_and_touches_nothing_else_and_prices_are_a_new_sheet() {
    let mut bench = Bench::new();
    let first = bench.plan(FILE).expect("nothing is wrong with it");
    let connector = first.connectors[0].id;
    bench.store(first);
    let changed = FILE.replace("port = 2776", "port = 2777").replace("price = \"0.05\"", "price = \"0.06\"");
    let second = bench.plan(&changed).expect("nothing is wrong with it");
    assert_eq!(second.counts(), [("tariffs", 1), ("connectors", 1), ("payments", 1)]);
    assert_eq!((second.connectors[0].id, second.connectors[0].port), (connector, 2777));
    let sheet = second.tariffs[0].sheet.as_ref().expect("a sheet");
    let was_and_is = |(was, is): &(Option<RateRow>, Option<RateRow>)| {
        (was.as_ref().map(|row| row.price_micros), is.as_ref().map(|row| row.price_micros))
    };
    assert_eq!(sheet.differing.iter().map(was_and_is).collect::<Vec<_>>(), [(Some(50_000), Some(60_000))]);
    assert_eq!((sheet.rates.len(), sheet.row.effective_from), (3, Timestamp(1_767_225_600_000_000)));
    assert!(!second.tariffs[0].is_changed);
}

#[test]
fn a_tariff_without_rates_leaves_its_sheets_alone() {
    let mut bench = Bench::new();
    bench.store(bench.plan(FILE).expect("nothing is wrong with it"));
    let start = FILE.find("rate = [").expect("rates");
    let end = start + FILE[start..].find('\n').expect("a line");
    let changes = bench.plan(&FILE.replace(&FILE[start..end], "")).expect("nothing is wrong with it");
    assert_eq!(changes.counts(), [("payments", 1)]);
}

#[test]
fn a_rate_may_be_for_a_sender_and_a_class_and_says_when_it_is_paid() {
    let rates = r#"rate = [{ price = "0.05" }, { country = "DE", sender = "number", class = "otp", charge = "submit", price = "0" }]"#;
    let start = FILE.find("rate = [").expect("rates");
    let end = start + FILE[start..].find('\n').expect("a line");
    let text = FILE.replace(&FILE[start..end], rates);
    let changes = Bench::new().plan(&text).expect("nothing is wrong with it");
    let rate = changes.tariffs[0].sheet.as_ref().expect("a sheet").rates[1].rate();
    assert_eq!((rate.scope.to_string().as_str(), rate.price_micros), ("country:DE", 0));
    assert_eq!(
        (rate.sender, rate.class),
        (Some(sambac_domain::SenderForm::Number), Some(sambac_domain::TrafficClass::Otp))
    );
    assert_eq!(rate.policy, sambac_domain::ChargePolicy::Submit);
    goes_round(&text);
    for (wrong, said) in [("\"DE\"", "country"), ("\"number\"", "sender")] {
        let problems = Bench::new().plan(&text.replace(wrong, "\"x\"")).expect_err(wrong);
        assert!(problems[0].contains(said), "{problems:?}");
    }
}

#[test]
fn secrets_can_be_renewed_in_place() {
    let mut bench = Bench::new();
    let first = bench.plan(FILE).expect("nothing is wrong with it");
    let key = first.api_keys[0].id;
    bench.store(first);
    bench.renew = true;
    let second = bench.plan(FILE).expect("nothing is wrong with it");
    assert_eq!(second.counts(), [("smpp_accounts", 1), ("api_keys", 1), ("payments", 1)]);
    assert_eq!(second.api_keys[0].id, key);
}

#[test]
fn everything_wrong_is_told_at_once_with_its_place() {
    let bad = FILE
        .replace("operator = \"alpha\"", "operator = \"gamma\"")
        .replace("price = \"0.05\"", "price = \"0.0500001\"")
        .replace("\"192.0.2.0/24\"", "\"192.0.2.0/33\"")
        .replace("\"sms:send\"", "\"sms:sing\"");
    let problems = Bench::new().plan(&bad).expect_err("much is wrong with it");
    let starts = [
        "tariff \"standard\": rate 1: price",
        "connector \"alpha-1\": there is no operator \"gamma\"",
        "smpp_account \"bank\": allowed_ips: ",
        "api_key \"bank/core\": scopes: ",
    ];
    assert_eq!(problems.len(), starts.len(), "{problems:#?}");
    for (problem, start) in problems.iter().zip(starts) {
        assert!(problem.starts_with(start), "{problem}");
    }
}

#[test]
fn all_that_is_wrong_with_one_connector_is_told_at_once() {
    let bad = FILE
        .replace("operator = \"alpha\"", "operator = \"gamma\"")
        .replace("ALPHA_PASSWORD", "BETA_PASSWORD")
        .replace(
            "port = 2776",
            "port = 0\nbinds = 0\nwindow_max = 1001\nthroughput_per_s_max = 1000001\nbind_kind = \"both\"",
        )
        .replace("response_timeout_ms", "response_timeout");
    let problems = Bench::new().plan(&bad).expect_err("much is wrong with it");
    let said = [
        "there is no operator \"gamma\"",
        "port: is above 0",
        "binds: is above 0",
        "window_max: is from 1 to 1000",
        "throughput_per_s_max: is from 0 to 1000000",
        "settings: session.response_timeout: unknown field",
        "password_env: the variable BETA_PASSWORD is not set",
        "bind_kind: is transmitter",
    ];
    assert_eq!(problems.len(), said.len(), "{problems:#?}");
    for (problem, said) in problems.iter().zip(said) {
        assert!(problem.starts_with(&format!("connector \"alpha-1\": {said}")), "{problem}");
    }
}

#[test]
fn each_wrong_value_is_refused() {
    for (right, wrong, said) in [
        ("currency = \"EUR\"\nrate", "currency = \"XXY\"\nrate", "currency"),
        ("tariff = \"standard\"", "tariff = \"gone\"", "there is no tariff \"gone\""),
        ("credit_limit = \"10\"", "credit_limit = \"-1\"", "credit_limit: is below zero"),
        ("credit_limit = \"10\"", "credit_limit = \"1000000000.000001\"", "credit_limit: must be 1000000000 at most"),
        ("amount = \"100\"", "amount = \"1000000001\"", "amount must be 1000000000 at most"),
        ("credit_limit = \"10\"", "margin_floor = \"none\"", "margin_floor: "),
        ("credit_limit = \"10\"", "message_price_max = \"-1\"", "message_price_max: is below zero"),
        ("position = 10", "position = 10\nmargin_floor = \"0.0000001\"", "margin_floor: "),
        ("amount = \"100\"", "amount = \"0\"", "amount must be above zero"),
        ("prefix = \"+44\"", "prefix = \"4x\"", "prefix is 1 to 15 digits"),
        ("mcc_mnc = \"00101\"", "mcc_mnc = \"001\"", "a country is given as mcc"),
        ("ALPHA_PASSWORD", "BETA_PASSWORD", "the variable BETA_PASSWORD is not set"),
        (
            "response_timeout_ms",
            "response_timeout",
            "settings: session.response_timeout: unknown field `response_timeout`",
        ),
        ("port = 2776", "port = 0", "port: is above 0"),
        ("192.0.2.0/24", "192.0.2.0/33", "allowed_ips"),
        ("\"sms:send\"", "\"sms:sing\"", "is none of sms:send"),
        ("https://", "ftp://", "url: is https://host/path"),
        ("connectors = [\"alpha-1\"]", "connectors = []", "connectors: is empty"),
        ("position = 10", "position = 10\ncolour = \"red\"", "unknown field `colour`"),
    ] {
        let text = FILE.replace(right, wrong);
        assert_ne!(text, FILE, "{right}");
        let problems = Bench::new().plan(&text).expect_err(wrong);
        assert!(problems.iter().any(|problem| problem.contains(said)), "{wrong}: {problems:#?}");
    }
}

#[test]
fn a_thing_named_twice_is_refused() {
    let problems = Bench::new().plan(&format!("{FILE}\n[[operator]]\nname = \"alpha\"\n")).expect_err("alpha is there");
    assert_eq!(problems, ["operator \"alpha\": is named twice"]);
}

#[test]
fn the_example_of_the_reference_page_can_be_applied() {
    let page = include_str!("../../../../../docs/reference/provisioning.md");
    let example = page.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let changes = Bench::new().plan(example).expect("nothing is wrong with it");
    assert_eq!(changes.counts().len(), 15, "every kind of thing is in it");
}

const MO_ROUTE: &str = r#"
[[mo_route]]
name = "stop"
account = "bank"
position = 1
match = { destinations = ["12345"], keywords = ["STOP"], connectors = ["alpha-1"], source_prefixes = ["+44"] }
targets = [{ webhook = "https://bank.example/sms" }, { smpp = "bank" }]
"#;

#[test]
fn a_route_for_handsets_leads_to_its_own_accounts_targets() {
    let changes = Bench::new().plan(&format!("{FILE}{MO_ROUTE}")).expect("nothing is wrong with it");
    let route = &changes.mo_routes[0];
    let webhook = MoTarget::Webhook(changes.webhooks[0].id);
    assert_eq!(route.targets, [webhook, MoTarget::Smpp(changes.smpp_accounts[0].id)]);
    assert_eq!((route.matches.source_prefixes.as_slice(), route.away_max_s), (&["44".to_owned()][..], 300));
}

#[test]
fn what_is_wrong_with_a_route_for_handsets_is_told() {
    let other = "[[account]]\nname = \"shop\"\ncurrency = \"EUR\"\ntariff = \"standard\"\n";
    for (from, to, said) in [
        ("account = \"bank\"\nposition = 1", "account = \"shop\"\nposition = 1", "the account has no webhook"),
        ("{ smpp = \"bank\" }", "{ smpp = \"shop\" }", "the account has no SMPP account \"shop\""),
        ("{ smpp = \"bank\" }", "{}", "each is { webhook"),
        ("\"alpha-1\"], source", "\"beta\"], source", "there is no connector \"beta\""),
        ("\"STOP\"", "\"STOP NOW\"", "\"STOP NOW\" is not one word"),
        ("\"12345\"", "\" \"", "match.destinations has at most"),
        ("+44", "four", "match.source_prefixes: prefix is 1 to 15 digits"),
        ("position = 1\n", "position = 1\naway_max_s = 0\n", "away_max_s: is from 1"),
    ] {
        let file = format!("{FILE}{other}{}", MO_ROUTE.replacen(from, to, 1));
        let problems = Bench::new().plan(&file).expect_err(to);
        assert!(problems.iter().any(|problem| problem.contains(said)), "{to}: {problems:#?}");
    }
}

/// The configuration of `text`, out and in again: on the same database, and on an empty one.
fn goes_round(text: &str) {
    let mut bench = Bench::new();
    let first = bench.plan(text).expect("nothing is wrong with it");
    bench.store(first);
    let exported = file(&bench.stored, &bench.rates);
    let same = |file: &File| toml::to_string(file).expect("it can be written");
    let again = bench.plan(&same(&exported)).expect("nothing is wrong with it");
    assert_eq!(again.counts(), [], "it changes nothing");
    let mut other = Bench::new();
    let mut with_passwords = exported.clone();
    with_passwords.connector.iter_mut().for_each(|link| link.password_env = Some("ALPHA_PASSWORD".to_owned()));
    let made = other.plan(&same(&with_passwords)).expect("nothing is wrong with it");
    other.store(made);
    assert_eq!(same(&file(&other.stored, &other.rates)), same(&exported));
}

#[test]
fn what_is_exported_makes_the_same_again() {
    goes_round(FILE);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever the values are.
    #[test]
    fn any_configuration_goes_round(
        name in "[a-zA-Z0-9 .\"'é#-]{0,20}[a-z]",
        port in 1_u16..,
        window in 1_u16..=1_000,
        price in 0_i64..10_000_000,
        prefix in "[1-9][0-9]{0,8}",
        position in any::<i32>(),
        enquire_link_s in proptest::option::of(0_u64..=3_600),
        preset in prop::sample::select(vec!["", "kannel", "smpp_5_0"]),
        enabled in any::<bool>(),
    ) {
        let name = toml::Value::String(name);
        let price = sambac_domain::Micros(price);
        let preset = if preset.is_empty() { String::new() } else { format!("preset = \"{preset}\"") };
        let session = enquire_link_s.map(|s| format!("session = {{ enquire_link_s = {s} }}")).unwrap_or_default();
        let settings = [preset, session].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        let text = format!("[[tariff]]\nname = {name}\ncurrency = \"EUR\"\nrate = [{{ prefix = \"{prefix}\", price = \"{price}\" }}]
            [[account]]\nname = {name}\ncurrency = \"EUR\"\ntariff = {name}
            [[operator]]\nname = {name}
            [[connector]]\nname = {name}\noperator = {name}\nhost = \"h\"\nport = {port}\nsystem_id = \"s\"
            window_max = {window}\npassword_env = \"ALPHA_PASSWORD\"\nenabled = {enabled}\nsettings = {{ {settings} }}
            [[route]]\nname = {name}\nposition = {position}\nconnectors = [{name}]\nmatch = {{ account = {name}, prefix = \"{prefix}\" }}");
        goes_round(&text);
    }
}

const GROUPS: &str = r#"
[[operator_group]]
name = "North"
aliases = ["North Mobile AG"]
networks = ["262-02", "26209"]

[[operator_group]]
name = "South"
networks = ["26201"]
"#;

#[test]
fn rates_name_operator_groups_by_what_they_are_called() {
    let text = FILE.replace("mcc_mnc = \"00101\"", "operator_group = \"north mobile ag\"");
    assert_ne!(text, FILE);
    let changes = Bench::new().plan(&format!("{GROUPS}{text}")).expect("nothing is wrong with it");
    let north = &changes.operator_groups[0];
    assert_eq!(
        (north.networks.as_slice(), north.source.as_str()),
        (&["26202".to_owned(), "26209".into()][..], "edited")
    );
    let scope = sambac_domain::RateScope::Group(north.id);
    assert!(changes.tariffs[0].sheet.as_ref().is_some_and(|sheet| sheet.rates.iter().any(|rate| rate.scope == scope)));
    let problems = Bench::new().plan(&text).expect_err("there is no such group");
    assert!(problems[0].contains("operator_group: there is none \"north mobile ag\""), "{problems:#?}");
}

#[test]
fn a_network_and_a_name_are_of_one_group() {
    for (right, wrong, said) in [
        ("[\"26201\"]", "[\"26201\", \"26209\"]", "26209 is in group \"North\" already"),
        ("[\"26201\"]", "[\"26201\", \"26201\"]", "26201 is in group \"South\" already"),
        ("[\"26201\"]", "[\"262\"]", "a country is given as mcc"),
        ("name = \"South\"", "name = \"NORTH\"", "\"NORTH\" names group \"North\" already"),
        ("name = \"South\"", "name = \"grp_0000000000007\"", "is an id, and no name"),
        ("name = \"South\"", "name = \"South\"\nas_of = \"2026-02-30\"", "as_of is a day"),
    ] {
        let text = GROUPS.replace(right, wrong);
        assert_ne!(text, GROUPS, "{right}");
        let problems = Bench::new().plan(&text).expect_err(wrong);
        assert!(problems.iter().any(|problem| problem.contains(said)), "{wrong}: {problems:#?}");
    }
}

#[test]
fn what_is_said_of_a_network_keeps_who_said_it_until_it_changes() {
    let said = "[[network]]\nmcc_mnc = \"26299\"\ncountry = \"DE\"\noperator = \"Example\"\n";
    let dated = format!(
        "{said}source = \"operator\"\nas_of = \"2025-01-31\"\n[[number_prefix]]\nprefix = \"+4915\"\nmcc_mnc = \"262\"\n"
    );
    let mut bench = Bench::new();
    let changes = bench.plan(&dated).expect("nothing is wrong with it");
    assert_eq!(changes.number_prefixes[0].prefix, "4915");
    bench.stored.networks.clone_from(&changes.networks);
    assert!(bench.plan(said).expect("it is the same").networks.is_empty(), "nothing is said anew");
    let changes = bench.plan(&said.replace("Example", "Another")).expect("it is another");
    let row = &changes.networks[0];
    assert_eq!((row.id, row.source.as_str()), (bench.stored.networks[0].id, "edited"));
    assert_ne!(row.as_of, "2025-01-31");
    for wrong in ["mcc_mnc = \"262\"", "country = \"Germany\"", "operator = \" \""] {
        let key = wrong.split(' ').next().expect("a key");
        let text: String = said
            .lines()
            .map(|line| if line.starts_with(key) { wrong } else { line })
            .fold(String::new(), |text, line| text + line + "\n");
        assert!(bench.plan(&text).is_err(), "{wrong}");
    }
}
