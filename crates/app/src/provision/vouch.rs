//! `user vouch`: whoever holds the data folder says that a person is who it says. Only then is the person a pair of eyes of their own
//! where money is booked: an administrator could have invited himself under another name.

use clap::Args;
use sambac_engine::audit::Event;
use sambac_engine::clock::Clock;
use sambac_store::rows::AccessState;
use serde_json::json;

use super::author;
use crate::config::Flags;
use crate::config::command::load;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::platform;

/// Say, on the machine, that a person is who it says.
#[derive(Args, Debug)]
pub(crate) struct Vouch {
    /// What it logs in as.
    login: String,
    /// Take it back.
    #[arg(long)]
    not: bool,
    #[command(flatten)]
    flags: Flags,
}

impl Vouch {
    /// Writes it, with an entry of the audit log.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let config = load(&self.flags)?.config;
        let store = platform::open_existing(&config).await?;
        let login = self.login.trim().to_lowercase();
        let missing = |why: &str| Failure::because(Exit::Configuration, format!("{login}: {why}"));
        let user = store.user_by_login(&login).await?.ok_or_else(|| missing("there is no such user"))?;
        if user.state == AccessState::Revoked {
            return Err(missing("the user is gone for good"));
        }
        if user.password_hash.is_none() {
            return Err(missing("the user has chosen no password yet: what is said now would end with the invitation"));
        }
        let vouched = !self.not;
        let action = if vouched { "user.vouch" } else { "user.vouch_not" };
        let event = Event::new(author(), action, user.id.to_string()).of(user.account_id).with("login", &*login);
        let mut work = store.begin().await?;
        work.vouch(user.id, vouched).await?;
        work.append_audit(&[event.entry(Clock::system().now())]).await?;
        work.commit().await?;
        store.close().await;
        let done = if vouched { "may book money, as far as the role says" } else { "books no money any more" };
        output.print(&json!({ "login": login, "vouched": vouched }), || format!("{login} {done}"))
    }
}
