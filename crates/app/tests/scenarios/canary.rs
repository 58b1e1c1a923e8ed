//! Canaries: texts, codes, numbers, passwords and keys that are found nowhere else go through every path, also where they are refused. Then all octets
//! of the data folder (database, write-ahead log, whatever else lies there), the log at its finest level, the metrics and the log of PDUs are searched.

mod messages;
mod search;
mod secrets;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use sambac_testkit::postgres::KillablePostgres;
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Platform, Rest, Secrets, Simulator, Sink, Site, World};

pub(crate) use self::search::files_in;
use self::search::{Canaries, Place};
use crate::world;

const CONNECTOR_PASSWORD: &str = "kY7vQz2w";
/// The folder of a PostgreSQL server of the test's own.
const POSTGRES: &str = "postgres";
/// What a handset writes, and its number.
const HANDSET: (&str, &str) = ("canary magpie from a handset", "447700900911");

/// The platform, and what has gone through it.
struct Stage {
    world: World,
    operator: Simulator,
    sink: Sink,
    secrets: Secrets,
    admin_key: String,
    platform: Platform,
    rest: Rest,
    canaries: Canaries,
}

impl Stage {
    async fn start(world: World) -> Result<Self> {
        let handset = format!("[[mo]]\ntext = \"{}\"\nfrom = \"{}\"\n", HANDSET.0, HANDSET.1);
        let (operator, sink) = (world.simulator("alpha", &handset).await?, Sink::start(0).await?);
        let address = operator.address();
        let link = format!("host = \"{}\"\nport = {}\nsystem_id = \"sambac\"", address.ip(), address.port());
        let connector = format!("name = \"alpha\"\noperator = \"alpha\"\n{link}\npassword = \"{CONNECTOR_PASSWORD}\"");
        let site = Site::with_one_account("100")
            .table("operator", "name = \"alpha\"")
            .table("connector", &connector)
            .route("all", &["alpha"], "")
            .api_key("bank", "second")
            .webhook("bank", &sink.url())
            .mo_route("bank", "all", &format!("{{ webhook = \"{}\" }}", sink.url()), "");
        let secrets = world.apply(&site).await?;
        let admin_key = world.admin_key("all", "config:read,config:write,operations,users:write,charges:write").await?;
        let platform = world.platform(&[("SAMBAC_LOG_LEVEL", "trace")]).await?;
        platform.until_bound().await?;
        let rest = platform.rest(&secrets)?;
        let mut canaries = Canaries::default();
        canaries.secret("the connector's password", CONNECTOR_PASSWORD);
        canaries.secret("an API key", secrets.api_key("main")?);
        canaries.secret("another API key", secrets.api_key("second")?);
        canaries.secret("an admin key", &admin_key);
        canaries.secret("an ESME's password", secrets.smpp_password("esme")?);
        canaries.secret("a webhook's secret", secrets.webhook_secret(&sink.url())?);
        Ok(Self { world, operator, sink, secrets, admin_key, platform, rest, canaries })
    }

    /// Nothing is where it may not be, at this moment.
    async fn search(&self) -> Result<()> {
        let metrics = self.platform.metrics().await?;
        let pdus = self.platform.service("")?.get("/pdus?limit=1000").await?.text;
        ensure!(pdus.contains("submit_sm"), "the log of PDUs is empty: {pdus}");
        self.canaries.not_in(Place::Outside, "the metrics", metrics.as_bytes())?;
        self.canaries.not_in(Place::Outside, "the log of PDUs", pdus.as_bytes())?;
        self.search_files()
    }

    fn search_files(&self) -> Result<()> {
        search_files(&self.world, &self.canaries)
    }
}

fn search_files(world: &World, canaries: &Canaries) -> Result<()> {
    let mut files = files_in(&world.data_folder())?;
    if world.path(POSTGRES).exists() {
        files.extend(files_in(&world.path(POSTGRES))?);
    }
    let is_database = |file: &PathBuf| file.ends_with("sambac.db") || file.ends_with("PG_VERSION");
    ensure!(files.iter().any(is_database), "no database: {files:?}");
    for file in files {
        let octets = match std::fs::read(&file) {
            Ok(octets) => octets,
            // A server removes files while they are looked through.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        canaries.not_in(Place::Database, &file.display().to_string(), &octets)?;
    }
    let log = std::fs::read(world.path("platform.log"))?;
    ensure!(log.windows(7).any(|window| window == b"\"TRACE\""), "the log is not at its finest level");
    canaries.not_in(Place::Log, "the log", &log)
}

#[tokio::test]
async fn what_is_secret_is_nowhere_in_clear() -> Result<()> {
    nothing_is_in_clear(world("canary")?, async || Ok(())).await
}

#[tokio::test]
async fn what_is_secret_is_nowhere_in_clear_on_postgresql() -> Result<()> {
    let world = world("canary_postgres")?;
    let server = KillablePostgres::start(&world.path(POSTGRES)).await?;
    let world = world.on(&server.url());
    nothing_is_in_clear(world, async || server.checkpoint().await).await
}

async fn nothing_is_in_clear(world: World, flushed: impl AsyncFn() -> Result<()>) -> Result<()> {
    let mut stage = Stage::start(world).await?;
    stage.sent().await?;
    stage.refused().await?;
    stage.by_smpp().await?;
    stage.heard_from_a_handset().await?;
    stage.codes().await?;
    stage.keys().await?;
    stage.webhooks().await?;
    stage.configuration().await?;
    stage.person().await?;
    ensure!(stage.canaries.count() >= 50, "{} canaries are too few", stage.canaries.count());
    // While the write-ahead log has all that was written.
    flushed().await?;
    stage.search().await?;
    until_true("every message to end", async || {
        let open = stage.rest.get("/v1/sms?state=routed").await?;
        Ok(open.body["data"].as_array().is_some_and(Vec::is_empty))
    })
    .await?;
    flushed().await?;
    stage.search().await?;
    let Stage { world, platform, canaries, operator: _operator, .. } = stage;
    ensure!(platform.terminate(Duration::from_secs(20)).await?.success());
    search_files(&world, &canaries)?;
    canaries.each_reason_holds();
    world.passed();
    Ok(())
}
