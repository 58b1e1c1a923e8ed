//! The `admin-key` command: keys of the admin API. The first one can only be made here, by whoever holds the data folder.

use clap::{Args, Subcommand};
use sambac_engine::admin::{File, Secrets, file};
use serde_json::json;

use crate::config::Flags;
use crate::config::command::load;
use crate::exit::{Exit, Failure};
use crate::master_key;
use crate::output::Output;
use crate::platform;

/// Make or revoke keys of the admin API.
#[derive(Args, Debug)]
pub(crate) struct AdminKey {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Make a key; it is shown once.
    Create(Create),
    /// Take a key's rights away for good.
    Revoke {
        /// Its name.
        name: String,
        #[command(flatten)]
        flags: Flags,
    },
}

#[derive(Args, Debug)]
struct Create {
    /// Its name, unique.
    name: String,
    /// What it may do: config:read, config:write, operations, charges:write, transfers:write, balances:read, cdr:read,
    /// numbers:read, numbers:erase, audits:read, users:write.
    #[arg(long, value_delimiter = ',', required = true)]
    scopes: Vec<String>,
    #[command(flatten)]
    flags: Flags,
}

impl AdminKey {
    /// Makes or revokes.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        match self.what {
            What::Create(create) => create.run(output).await,
            What::Revoke { name, flags } => revoke(&name, &flags, output).await,
        }
    }
}

impl Create {
    async fn run(self, output: Output) -> Result<(), Failure> {
        let config = load(&self.flags)?.config;
        let store = platform::open_existing(&config).await?;
        if store.load_configuration().await?.admin_keys.iter().any(|row| row.name == self.name) {
            let text = format!("there is an admin key \"{}\" already; revoke it or choose another name", self.name);
            return Err(Failure::because(Exit::Configuration, text));
        }
        let seal = master_key::open(&config, &store).await?;
        let key = file::AdminKey { name: self.name.clone(), scopes: self.scopes, state: "active".to_owned() };
        let file = File { admin_key: vec![key], ..File::default() };
        let secrets = Secrets { variable: &|_| None, renew: false };
        let issued = super::apply(&store, &seal, &file, &secrets, &format!("create admin key {}", self.name)).await?;
        store.close().await;
        let secret = issued.first().map(|issued| issued.expose().to_owned()).unwrap_or_default();
        output.print(&json!({"name": self.name, "key": secret}), || {
            format!("admin key {}, shown only now:\n{secret}", self.name)
        })
    }
}

async fn revoke(name: &str, flags: &Flags, output: Output) -> Result<(), Failure> {
    let config = load(flags)?.config;
    let store = platform::open_existing(&config).await?;
    let stored = store.load_configuration().await?;
    let row = stored.admin_keys.iter().find(|row| row.name == name);
    let missing = || Failure::because(Exit::Configuration, format!("there is no admin key \"{name}\""));
    let scopes = row.ok_or_else(missing)?.scopes.clone();
    let seal = master_key::open(&config, &store).await?;
    let key = file::AdminKey { name: name.to_owned(), scopes, state: "revoked".to_owned() };
    let file = File { admin_key: vec![key], ..File::default() };
    let secrets = Secrets { variable: &|_| None, renew: false };
    super::apply(&store, &seal, &file, &secrets, &format!("revoke admin key {name}")).await?;
    store.close().await;
    output.print(&json!({"name": name, "state": "revoked"}), || format!("admin key {name} is revoked"))
}
