//! What is simulated: accounts with a webhook or an ESME each, operators with a connector each, routes over them.

use anyhow::{Context as _, Result};
use sambac_domain::id::{AccountId, IdSource};
use sambac_domain::number::{Msisdn, Sender};
use sambac_engine::admin::{Provisioning, Secrets};
use sambac_engine::seal::Seal;
use sambac_store::Store;
use sambac_testkit::scenario::Site;

use crate::world::BEGINNING;

/// Of every client's ESME.
pub(crate) const PASSWORD: &str = "pa55word";
/// Accounts whose clients call the API; one more binds over SMPP.
pub(crate) const API_ACCOUNTS: usize = 2;
/// All accounts.
pub(crate) const ACCOUNTS: usize = API_ACCOUNTS + 1;
/// Operators, each with a connector.
pub(crate) const OPERATORS: usize = 2;
/// Of a segment, in micros.
pub(crate) const PRICE: i64 = 50_000;
/// Segments in a second that a connector sends at most: a burst of a client waits in its lanes for a while.
const THROUGHPUT: u32 = 20;
/// The longest pause between two binds.
const RECONNECT_MAX_MS: u64 = 15_000;
/// What each account has at the beginning, in whole units of its currency.
pub(crate) const FUNDS: i64 = 100_000;

/// An account, as its client knows it.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) no: usize,
    pub(crate) id: AccountId,
    pub(crate) sender: Sender,
    /// A number that no order has.
    pub(crate) nobody: Msisdn,
}

impl Account {
    /// What its ESME binds as.
    pub(crate) fn system_id(&self) -> String {
        system_id(self.no)
    }
}

fn name(no: usize) -> String {
    format!("account-{no}")
}

fn system_id(no: usize) -> String {
    format!("esme{no}")
}

/// The host of an operator.
pub(crate) fn host(no: usize) -> String {
    format!("operator-{no}")
}

/// Which account's receiver has this address.
pub(crate) fn sink_url(no: usize) -> String {
    format!("https://sink-{no}.example/hooks")
}

fn file() -> String {
    let funds = FUNDS.to_string();
    let mut site =
        Site::new().table("tariff", "name = \"standard\"\ncurrency = \"EUR\"\nrate = [{ price = \"0.05\" }]");
    for no in 0..ACCOUNTS {
        site = site.account(&name(no), &funds);
        site = if no < API_ACCOUNTS {
            site.webhook(&name(no), &sink_url(no))
        } else {
            site.smpp_account(&name(no), &system_id(no), &format!("password = \"{PASSWORD}\"\nclass = \"otp\""))
        };
    }
    let settings = format!("settings = {{ bind = {{ reconnect_max_ms = {RECONNECT_MAX_MS} }} }}");
    for no in 0..OPERATORS {
        let link = format!("host = \"{}\"\nport = 2775\nsystem_id = \"sambac\"\npassword = \"{PASSWORD}\"", host(no));
        site = site.table("operator", &format!("name = \"operator-{no}\"")).table(
            "connector",
            &format!("name = \"connector-{no}\"\noperator = \"operator-{no}\"\n{link}\nthroughput_per_s_max = {THROUGHPUT}\n{settings}"),
        );
    }
    // Each operator is the first for some, and the other the second.
    let names: Vec<_> = (0..OPERATORS).map(|no| format!("connector-{no}")).collect();
    let mut first: Vec<&str> = names.iter().map(String::as_str).collect();
    site = site.route("first", &first, "match = { account = \"account-0\" }");
    first.reverse();
    // One-time codes that have no other way: what is in doubt of them waits for its receipt.
    site = site.route("alone", &first[..1], &format!("match = {{ account = \"{}\" }}", name(ACCOUNTS - 1)));
    site.route("others", &first, "").to_toml().to_owned()
}

/// Makes the schema and writes all of it.
pub(crate) async fn provision(store: &Store, seal: &Seal) -> Result<Vec<Account>> {
    store.migrate().await?;
    let ids = IdSource::new(63, 0);
    let file = toml::from_str(&file()).context("the site's file")?;
    let secrets = Secrets { variable: &|_| None, renew: false };
    let provisioning = Provisioning { store, seal, ids: &ids, now: BEGINNING };
    let prepared = provisioning.prepare(&file, &secrets).await.context("the site")?;
    prepared.commit("simulation", "it begins").await.context("the site")?;
    let rows = store.load_configuration().await?.accounts;
    (0..ACCOUNTS).map(|no| account(no, rows.iter().find(|row| row.name == name(no)).map(|row| row.id))).collect()
}

fn account(no: usize, id: Option<AccountId>) -> Result<Account> {
    let id = id.with_context(|| format!("{} is not there", name(no)))?;
    let sender = "BANK".parse().map_err(|_| anyhow::anyhow!("the sender"))?;
    let nobody = Msisdn::from_digits(b"999029999999").map_err(|_| anyhow::anyhow!("the number"))?;
    Ok(Account { no, id, sender, nobody })
}
