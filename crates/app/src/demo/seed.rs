//! What the demonstration puts into its database, and the file in which it keeps its secrets.

use std::path::PathBuf;

use sambac_domain::WebhookId;
use sambac_engine::admin::{File, Issued, Secrets};
use sambac_engine::seal::Seal;
use sambac_store::Store;
use sambac_store::rows::WebhookRow;

use super::operators::{Operators, Passwords};
use super::sink::Sink;
use crate::client::env_file::EnvFile;
use crate::config::Config;
use crate::data_folder;
use crate::exit::Failure;
use crate::master_key;
use crate::platform::{self, Addresses};
use crate::provision;

const PLATFORM: &str = include_str!("platform.toml");
const SYSTEM_ID: &str = "demo";

/// The demonstration's secrets.
pub(super) struct Seeded {
    /// Made just now.
    pub(super) issued: Vec<Issued>,
    /// What clients need, also from earlier starts.
    pub(super) env: EnvFile,
}

/// What the operators' passwords were at an earlier start.
pub(super) async fn passwords(config: &Config) -> Result<Passwords, Failure> {
    let store = platform::open_store(config).await?;
    let seal = master_key::open(config, &store).await?;
    let connectors = store.load_configuration().await?.connectors;
    store.close().await;
    let of = |name: &str| {
        let row = connectors.iter().find(|row| row.name == name)?;
        seal.open_text(row.id.raw(), &row.password_sealed.0).ok()
    };
    Ok(Passwords { alpha: of("alpha"), beta: of("beta") })
}

/// Provisions the database and gives the sink the secret of its webhook.
pub(super) async fn seed(config: &Config, operators: &Operators, sink: &Sink) -> Result<Seeded, Failure> {
    let store = platform::open_store(config).await?;
    let seal = master_key::open(config, &store).await?;
    move_webhook(&store, &sink.url()).await?;
    let mut env = EnvFile::read(&env_path(config))?;
    let kept = ["SAMBAC_API_KEY", "SAMBAC_SMPP_PASSWORD", "SAMBAC_ADMIN_KEY"];
    let known = kept.iter().all(|name| env.get(name).is_some());
    let secrets = Secrets { variable: &|name| operators.password(name), renew: !known };
    let issued = provision::apply(&store, &seal, &file(operators, sink)?, &secrets, "demo").await?;
    sink.expect(webhook_secret(&store, &seal, &sink.url()).await?);
    store.close().await;
    for issued in &issued {
        match issued.kind {
            "api_key" => env.set("SAMBAC_API_KEY", issued.expose()),
            "admin_key" => env.set("SAMBAC_ADMIN_KEY", issued.expose()),
            "smpp_password" => env.set("SAMBAC_SMPP_PASSWORD", issued.expose()),
            _ => {}
        }
    }
    Ok(Seeded { issued, env })
}

/// Writes `demo.env` and returns its path.
pub(super) fn write_env(config: &Config, seeded: &Seeded, addresses: Addresses) -> Result<PathBuf, Failure> {
    let mut env = seeded.env.clone();
    env.set("SAMBAC_URL", format!("http://{}", addresses.http));
    env.set("SAMBAC_SERVICES_URL", format!("http://{}", addresses.services));
    env.set("SAMBAC_SMPP_ADDR", addresses.smpp.to_string());
    env.set("SAMBAC_SMPP_SYSTEM_ID", SYSTEM_ID);
    let path = env_path(config);
    data_folder::write_private(&path, &env.text())?;
    Ok(path)
}

fn env_path(config: &Config) -> PathBuf {
    config.data.dir.join("demo.env")
}

fn file(operators: &Operators, sink: &Sink) -> Result<File, Failure> {
    let [alpha, beta] = operators.ports();
    let webhook = format!("\n[[webhook]]\naccount = \"demo\"\nurl = \"{}\"\n", sink.url());
    let text = PLATFORM.replace("ALPHA_PORT", &alpha.to_string()).replace("BETA_PORT", &beta.to_string());
    Ok(toml::from_str(&(text + &webhook))?)
}

/// The webhook of an earlier start moves to where the sink is now, and keeps its secret and what waits for it.
async fn move_webhook(store: &Store, url: &str) -> Result<(), Failure> {
    let stored = store.load_configuration().await?.webhooks;
    if let Some(row) = stored.iter().find(|row| row.url != url && row.url.starts_with("http://127.0.0.1:")) {
        store.upsert_webhook(&WebhookRow { url: url.to_owned(), ..row.clone() }).await?;
    }
    Ok(())
}

async fn webhook_secret(store: &Store, seal: &Seal, url: &str) -> Result<secrecy::SecretString, Failure> {
    let stored = store.load_configuration().await?.webhooks;
    let row = stored.into_iter().find(|row| row.url == url);
    let row =
        row.ok_or_else(|| Failure::because(crate::exit::Exit::Failed, "the demonstration's webhook is missing"))?;
    let WebhookRow { id, secret_sealed, .. } = row;
    let id: WebhookId = id;
    Ok(seal.open_text(id.raw(), &secret_sealed.0)?)
}
