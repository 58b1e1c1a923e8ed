//! Several ways of one SMSC in one world: a connector and a route for each, all of them to one simulator that treats each
//! destination by a rule of its own.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Database, Esme, Platform, Secrets, Simulator, Site, World, message};

/// One way: how the simulator does it, what the connector's profile says of it, and how the message ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variant {
    /// Tables of the simulator's rule, one on each line.
    pub(crate) operator: &'static str,
    /// The connector's settings: an inline table.
    pub(crate) settings: &'static str,
    /// State of the message in the end.
    pub(crate) ends: &'static str,
}

/// A connector that needs no setting, and a message that is delivered.
pub(crate) const fn plain(operator: &'static str) -> Variant {
    Variant { operator, settings: "{}", ends: "delivered" }
}

/// The same with settings.
pub(crate) const fn set(operator: &'static str, settings: &'static str) -> Variant {
    Variant { operator, settings, ends: "delivered" }
}

/// The world in which they are.
pub(crate) struct Played {
    pub(crate) world: World,
    pub(crate) operator: Simulator,
    pub(crate) secrets: Secrets,
    pub(crate) platform: Platform,
    pub(crate) esme: Esme,
    pub(crate) database: Database,
}

/// The number to which a variant's message goes.
pub(crate) fn number(variant: usize) -> String {
    format!("4477009001{variant:02}")
}

impl Played {
    /// Starts everything; `client` are the SMPP account's settings.
    pub(crate) async fn start(name: &str, variants: &[Variant], client: &str) -> Result<Self> {
        Self::staged(name, "", variants, client).await
    }

    /// The same with tables of the simulator's own, for all variants.
    pub(crate) async fn start_with(name: &str, operator: &str, variants: &[Variant]) -> Result<Self> {
        Self::staged(name, operator, variants, "{}").await
    }

    async fn staged(name: &str, operator: &str, variants: &[Variant], client: &str) -> Result<Self> {
        let world = World::new(env!("CARGO_BIN_EXE_sambac"), name)?;
        let mut scenario = format!("magic = false\n{operator}");
        for (at, variant) in variants.iter().enumerate() {
            write!(scenario, "[[rule]]\ndestination = \"{}\"\n{}\n", number(at), variant.operator)?;
        }
        let operator = world.simulator("smsc", &scenario).await?;
        let (host, port) = (operator.address().ip(), operator.address().port());
        let mut site = Site::new()
            .table("tariff", "name = \"standard\"\ncurrency = \"EUR\"\nrate = [{ price = \"0.05\" }]")
            .account("bank", "100")
            .api_key("bank", "main")
            .smpp_account("bank", "esme", &format!("window_max = 100\nsettings = {client}"));
        for (at, variant) in variants.iter().enumerate() {
            let link = format!("host = \"{host}\"\nport = {port}\nsystem_id = \"esme{at}\"\npassword = \"pa55word\"");
            let connector = format!("name = \"c{at}\"\noperator = \"o{at}\"\n{link}\nsettings = {}", variant.settings);
            site = (site.table("operator", &format!("name = \"o{at}\"")).table("connector", &connector)).route(
                &format!("r{at}"),
                &[&format!("c{at}")],
                &format!("match = {{ prefix = \"{}\" }}", number(at)),
            );
        }
        let secrets = world.apply(&site).await?;
        let platform = world.platform(&[]).await?;
        platform.until_bound().await?;
        let esme = platform.esme(&secrets).await?;
        let database = world.database().await?;
        Ok(Self { world, operator, secrets, platform, esme, database })
    }

    /// Waits until the messages, in the order in which they were accepted, are in these states.
    pub(crate) async fn until_states(&mut self, states: &[&str]) -> Result<()> {
        let database = &mut self.database;
        let mut last = Vec::new();
        let waited = until_true(&format!("{states:?}"), async || {
            last = database.rows::<(i64,)>("SELECT state FROM messages ORDER BY id").await?;
            let last: Vec<_> = last.iter().map(|(code,)| state(*code)).collect();
            Ok(last == states)
        })
        .await;
        waited.with_context(|| format!("{:?}", last.iter().map(|(code,)| state(*code)).collect::<Vec<_>>()))
    }

    /// How many events of a kind there are.
    pub(crate) async fn events(&mut self, kind: &str) -> Result<i64> {
        self.database.number(&format!("SELECT COUNT(*) FROM message_events WHERE kind = '{kind}'")).await
    }

    /// Waits until so many events of a kind are there.
    pub(crate) async fn until_events(&mut self, kind: &str, count: i64) -> Result<()> {
        let sql = format!("SELECT COUNT(*) FROM message_events WHERE kind = '{kind}'");
        let database = &mut self.database;
        until_true(&format!("{count} of {kind}"), async || Ok(database.number(&sql).await? == count)).await
    }

    /// Receipts that match nothing.
    pub(crate) async fn orphans(&mut self) -> Result<i64> {
        self.database.number("SELECT COUNT(*) FROM orphan_receipts").await
    }

    /// Ends in good order.
    pub(crate) async fn passed(mut self) -> Result<()> {
        self.database.audit().await?;
        self.world.passed();
        Ok(())
    }
}

/// Sends one message by each variant, and sees that it ends as it should and that no receipt is left over.
pub(crate) async fn play(name: &str, variants: &[Variant]) -> Result<Played> {
    let mut played = Played::start(name, variants, "{}").await?;
    for at in 0..variants.len() {
        played.esme.accepted(message(&number(at), b"Your code is 123456")).await?;
    }
    played.until_states(&variants.iter().map(|variant| variant.ends).collect::<Vec<_>>()).await?;
    anyhow::ensure!(played.orphans().await? == 0, "orphan receipts");
    Ok(played)
}

fn state(code: i64) -> &'static str {
    let code = i16::try_from(code).ok().and_then(sambac_domain::MessageState::from_code);
    code.map_or("?", sambac_domain::MessageState::as_str)
}
