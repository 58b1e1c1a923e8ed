//! The `user` command: persons who use the consoles, made, changed, invited; and the first steps of one.
//!
//! ```text
//! sambac user create ada@bank.example --name Ada --role client_admin --account bank
//! SAMBAC_INVITATION=… SAMBAC_PASSWORD=… sambac user redeem
//! SAMBAC_SESSION=… sambac user confirm 123456
//! ```

use clap::{Args, Subcommand};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::list::Page;
use super::thing::{self, Kind, id_of, table};
use crate::client::{Access, Client};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::provision::vouch::Vouch;

const PATH: &str = "/v1/admin/users";

/// Persons who use the consoles: list, show, create, update, invite, vouch, redeem, confirm.
#[derive(Args, Debug)]
pub(crate) struct UserCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// List all users, newest first.
    List {
        #[command(flatten)]
        page: Page,
        #[command(flatten)]
        access: Access,
    },
    /// Show one.
    Show(Named),
    /// Make one; the token of the invitation is shown once.
    Create(Box<Create>),
    /// Change what is named; all else stays.
    Update(Box<Update>),
    /// Make a link for another password; its token is shown once, and the user is logged out.
    Invite {
        #[command(flatten)]
        named: Named,
        /// The second factor goes, too, once the link is used.
        #[arg(long)]
        second_factor: bool,
    },
    /// Say, on the machine, that a person is who it says: only then may it book money. Another invitation ends it.
    Vouch(Vouch),
    /// Choose a password by an invitation (SAMBAC_INVITATION, SAMBAC_PASSWORD), and begin a second factor.
    Redeem(Redeem),
    /// Confirm the second factor by its first code, in the session (SAMBAC_SESSION) that `redeem` has begun.
    Confirm {
        /// What the app shows.
        code: String,
        #[command(flatten)]
        access: Access,
    },
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
    /// What it logs in as, best an address of mail.
    login: String,
    /// What it is called.
    #[arg(long)]
    name: String,
    /// What it may do: platform_admin, operations, finance, support, auditor, client_admin, client_developer, read_only.
    #[arg(long)]
    role: String,
    /// Whose it is, by name or id; the platform's if not given.
    #[arg(long)]
    account: Option<String>,
    #[command(flatten)]
    access: Access,
}

#[derive(Args, Debug)]
struct Update {
    #[command(flatten)]
    named: Named,
    /// What it is called.
    #[arg(long)]
    name: Option<String>,
    /// What it may do.
    #[arg(long)]
    role: Option<String>,
    /// active, suspended, or revoked for good.
    #[arg(long)]
    state: Option<String>,
}

#[derive(Args, Debug)]
struct Redeem {
    /// What the first administrator of the platform logs in as; others have a login.
    #[arg(long)]
    login: Option<String>,
    /// What it is called.
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    access: Access,
}

impl UserCommand {
    /// Asks the platform and prints.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let shown = match self.what {
            What::List { page, access } => {
                let found = access.admin_client()?.get(&page.of(PATH)).await?;
                let columns = ["id", "login", "name", "role", "state", "second_factor", "logged_in_at"];
                return output.print(&found, || table(&columns, &found["data"]));
            }
            What::Show(Named { id, access }) => access.admin_client()?.get(&format!("{PATH}/{id}")).await?,
            What::Create(create) => create.make().await?,
            What::Update(update) => update.change().await?,
            What::Invite { named: Named { id, access }, second_factor } => {
                let how = json!({ "second_factor": second_factor });
                access.admin_client()?.post(&format!("{PATH}/{id}/invitation"), &how).await?
            }
            What::Vouch(vouch) => return vouch.run(output).await,
            What::Redeem(redeem) => redeem.choose().await?,
            What::Confirm { code, access } => {
                let client = access.client_of_session()?;
                client.post("/v1/session/second-factor/confirm", &json!({ "code": code })).await?
            }
        };
        output.print(&shown, || thing::shown(&shown))
    }
}

impl Create {
    async fn make(self) -> Result<Value, Failure> {
        let client = self.access.admin_client()?;
        let mut wanted = json!({ "login": self.login, "name": self.name, "role": self.role });
        if let Some(account) = &self.account {
            let is_id = account.starts_with("acc_");
            let id = if is_id { account.clone() } else { id_of(&client, Kind::Account, account).await? };
            wanted["account"] = json!(id);
        }
        client.post(PATH, &wanted).await
    }
}

impl Update {
    async fn change(self) -> Result<Value, Failure> {
        let fields = [("name", self.name), ("role", self.role), ("state", self.state)];
        let given = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?))));
        let Named { id, access } = self.named;
        access.admin_client()?.patch(&format!("{PATH}/{id}"), &Value::Object(given.collect::<Map<_, _>>()), None).await
    }
}

impl Redeem {
    /// The password is chosen, and the second factor is begun in the session that this gives.
    async fn choose(self) -> Result<Value, Failure> {
        let (token, password) = (variable("SAMBAC_INVITATION")?, variable("SAMBAC_PASSWORD")?);
        let mut wanted = json!({ "token": token, "password": password });
        for (field, value) in [("login", self.login), ("name", self.name)] {
            if let Some(value) = value {
                wanted[field] = json!(value);
            }
        }
        let begun = self.access.client_without_key()?.post("/v1/invitations/redeem", &wanted).await?;
        let session = begun["token"].as_str().unwrap_or_default();
        let client = Client::new(&self.access.found_url()?, SecretString::from(session))?;
        let factor = client.post("/v1/session/second-factor", &json!({ "password": password })).await?;
        Ok(json!({
            "login": begun["login"], "role": begun["role"], "session": session, "second_factor_secret": factor["secret"],
            "second_factor_uri": factor["uri"], "next": "SAMBAC_SESSION=… sambac user confirm CODE",
        }))
    }
}

fn variable(name: &str) -> Result<String, Failure> {
    std::env::var(name).map_err(|_| Failure::because(Exit::Configuration, format!("{name} is not set")))
}
