//! The `key` command: API keys of accounts, made, changed, rotated and revoked.
//!
//! ```text
//! sambac key create bank --name core --scopes sms:send,sms:read --allowed-ips 192.0.2.0/24
//! sambac key rotate key_01h2xcejqtf2n --keep-s 3600
//! sambac key revoke key_01h2xcejqtf2n
//! ```

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::list::Page;
use super::thing::{self, Kind, id_of, table};
use crate::client::{Access, Client};
use crate::exit::Failure;
use crate::output::Output;

const PATH: &str = "/v1/admin/keys";

/// API keys of accounts: list, show, create, update, rotate, revoke.
#[derive(Args, Debug)]
pub(crate) struct KeyCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// List an account's keys, newest first.
    List {
        /// The account, by name or id.
        account: String,
        #[command(flatten)]
        page: Page,
        #[command(flatten)]
        access: Access,
    },
    /// Show one, with when it was last used.
    Show(Named),
    /// Make one; it is shown once.
    Create(Box<Create>),
    /// Change what is named; all else stays.
    Update(Box<Update>),
    /// Make a new secret, shown once; the present one works on for a while.
    Rotate {
        #[command(flatten)]
        named: Named,
        /// Seconds that the present secret works on; 0: not at all; a day if not given.
        #[arg(long)]
        keep_s: Option<u32>,
    },
    /// Take its rights away for good.
    Revoke(Named),
}

#[derive(Args, Debug)]
struct Named {
    /// Its id.
    id: String,
    #[command(flatten)]
    access: Access,
}

#[derive(Args, Debug)]
struct Create {
    /// The account, by name or id.
    account: String,
    /// What its owner calls it, new in the account.
    #[arg(long)]
    name: String,
    /// `live`, or `test` for one that reaches test numbers only.
    #[arg(long)]
    environment: Option<String>,
    #[command(flatten)]
    bounds: Bounds,
    #[command(flatten)]
    access: Access,
}

#[derive(Args, Debug)]
struct Update {
    #[command(flatten)]
    named: Named,
    /// What its owner calls it, new in the account.
    #[arg(long)]
    name: Option<String>,
    /// It does not stop working by itself.
    #[arg(long, conflicts_with = "expires_at")]
    never_expires: bool,
    #[command(flatten)]
    bounds: Bounds,
}

/// How far a key goes.
#[derive(Args, Debug)]
struct Bounds {
    /// What it may do: sms:send, sms:read, balance:read, payments:write, webhooks:write, events:read, keys:write, audit:read.
    #[arg(long, value_delimiter = ',')]
    scopes: Option<Vec<String>>,
    /// When it stops working: 2026-11-23T10:00:00Z.
    #[arg(long, value_name = "MOMENT")]
    expires_at: Option<String>,
    /// Addresses and networks that it may be used from; an empty text: any that the account allows.
    #[arg(long, value_delimiter = ',')]
    allowed_ips: Option<Vec<String>>,
    /// How often it may be used: "100/s burst 20"; an empty text: as often as the account may.
    #[arg(long)]
    rate_limit: Option<String>,
}

impl KeyCommand {
    /// Asks the platform and prints.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let key = match self.what {
            What::List { account, page, access } => return list(&account, &page, &access, output).await,
            What::Revoke(Named { id, access }) => {
                access.admin_client()?.delete(&format!("{PATH}/{id}"), None).await?;
                let revoked = json!({ "id": id, "state": "revoked" });
                return output.print(&revoked, || format!("{id} is revoked"));
            }
            What::Show(Named { id, access }) => access.admin_client()?.get(&format!("{PATH}/{id}")).await?,
            What::Create(create) => create.make().await?,
            What::Update(update) => update.change().await?,
            What::Rotate { named: Named { id, access }, keep_s } => {
                let how = keep_s.map_or_else(|| json!({}), |keep_s| json!({ "keep_s": keep_s }));
                access.admin_client()?.post(&format!("{PATH}/{id}/rotate"), &how).await?
            }
        };
        output.print(&key, || thing::shown(&key))
    }
}

impl Create {
    async fn make(self) -> Result<Value, Failure> {
        let client = self.access.admin_client()?;
        let mut wanted = self.bounds.fields();
        wanted.insert("name".to_owned(), json!(self.name));
        wanted.extend(self.environment.map(|word| ("environment".to_owned(), json!(word))));
        client.post(&keys_of(&client, &self.account).await?, &Value::Object(wanted)).await
    }
}

impl Update {
    async fn change(self) -> Result<Value, Failure> {
        let mut wanted = self.bounds.fields();
        wanted.extend(self.name.map(|name| ("name".to_owned(), json!(name))));
        if self.never_expires {
            wanted.insert("expires_at".to_owned(), Value::Null);
        }
        let Named { id, access } = self.named;
        access.admin_client()?.patch(&format!("{PATH}/{id}"), &Value::Object(wanted), None).await
    }
}

impl Bounds {
    fn fields(&self) -> Map<String, Value> {
        let list = |texts: &Vec<String>| json!(texts.iter().filter(|text| !text.is_empty()).collect::<Vec<_>>());
        let fields = [
            ("scopes", self.scopes.as_ref().map(list)),
            ("expires_at", self.expires_at.as_ref().map(|moment| json!(moment))),
            ("allowed_ips", self.allowed_ips.as_ref().map(list)),
            ("rate_limit", self.rate_limit.as_ref().map(|rate| json!(rate))),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

async fn list(account: &str, page: &Page, access: &Access, output: Output) -> Result<(), Failure> {
    let client = access.admin_client()?;
    let found = client.get(&page.of(&keys_of(&client, account).await?)).await?;
    let columns = ["id", "name", "environment", "state", "scopes", "expires_at", "last_used_at"];
    output.print(&found, || table(&columns, &found["data"]))
}

async fn keys_of(client: &Client, account: &str) -> Result<String, Failure> {
    let id = match account.starts_with("acc_") {
        true => account.to_owned(),
        false => id_of(client, Kind::Account, account).await?,
    };
    Ok(format!("{}/{id}/keys", Kind::Account.path()))
}
