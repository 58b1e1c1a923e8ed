//! Persons from the shell: the first administrator by the token that the first start prints, and others by her.

use std::process::Output;

use anyhow::{Context as _, Result, ensure};
use sambac_engine::clock::Clock;
use sambac_testkit::scenario::wait::{PATIENCE, until};
use sambac_testkit::scenario::{Platform, Site, World};
use serde_json::Value;
use tokio::process::Command;
use totp_rs::{Builder, Secret};

use crate::world;

const PASSWORD: &str = "correct horse battery";

async fn run(platform: &Platform, variables: &[(&str, &str)], arguments: &[&str]) -> Result<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sambac"));
    command.env_clear().env("SAMBAC_URL", format!("http://{}", platform.http())).envs(variables.iter().copied());
    Ok(command.args(["--output", "json"]).args(arguments).kill_on_drop(true).output().await?)
}

async fn ask(platform: &Platform, variables: &[(&str, &str)], arguments: &[&str]) -> Result<Value> {
    let output = run(platform, variables, arguments).await?;
    ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Chooses password and second factor; gives the token of the session.
pub(crate) async fn settle(platform: &Platform, invitation: &str, more: &[&str]) -> Result<String> {
    let variables = [("SAMBAC_INVITATION", invitation), ("SAMBAC_PASSWORD", PASSWORD)];
    let chosen = ask(platform, &variables, &[&["user", "redeem"], more].concat()).await?;
    let secret = chosen["second_factor_secret"].as_str().context("no secret")?;
    let code = code_of(secret)?;
    let session = chosen["session"].as_str().context("no session")?;
    let confirmed = ask(platform, &[("SAMBAC_SESSION", session)], &["user", "confirm", &code]).await?;
    ensure!(confirmed["recovery_codes"].as_array().is_some_and(|codes| codes.len() == 10), "{confirmed}");
    Ok(session.to_owned())
}

/// What an authenticator shows now.
pub(crate) fn code_of(secret: &str) -> Result<String> {
    let secret = Secret::try_from_base32(secret).ok().context("base32")?;
    let totp = Builder::new().with_secret(secret).build().ok().context("a second factor")?;
    Ok(totp.generate(u64::try_from(Clock::system().now().as_secs())?).to_string())
}

/// The token that the platform has printed; the last one counts.
pub(crate) async fn printed(world: &World, times: usize) -> Result<String> {
    until("the token of the first administrator", PATIENCE, async || {
        let log = std::fs::read_to_string(world.path("platform.log"))?;
        let tokens: Vec<_> = log.split_whitespace().filter(|word| word.starts_with("sambac_invitation_")).collect();
        Ok((tokens.len() == times).then(|| tokens[times - 1].to_owned()))
    })
    .await
}

/// From an empty folder to two persons, with nothing but the shell; the one who is suspended is out at once.
#[tokio::test]
async fn the_first_administrator_is_made_from_the_shell() -> Result<()> {
    let world = world("persons")?;
    let secrets = world.apply(&Site::with_one_account("10")).await?;
    let platform = world.platform(&[]).await?;
    let first = printed(&world, 1).await?;
    drop(platform);
    let platform = world.platform(&[]).await?;
    let second = printed(&world, 2).await?;
    let variables = [("SAMBAC_INVITATION", &*first), ("SAMBAC_PASSWORD", PASSWORD)];
    let refused = run(&platform, &variables, &["user", "redeem", "--login", "ada@sms.example"]).await?;
    ensure!(refused.status.code() == Some(crate::admin_shell::REFUSED), "there is a newer one");
    let ada = settle(&platform, &second, &["--login", "ada@sms.example", "--name", "Ada"]).await?;
    let as_ada = [("SAMBAC_ADMIN_KEY", &*ada)];
    let role = ["--name", "Ben", "--role", "client_admin", "--account", "bank"];
    let made = ask(&platform, &as_ada, &[&["user", "create", "ben@bank.example"], &role[..]].concat()).await?;
    let invitation = made["invitation"]["token"].as_str().context("no invitation")?;
    let ben = settle(&platform, invitation, &[]).await?;
    let rest = platform.rest(&secrets)?.with_key(&ben);
    let id = made["id"].as_str().context("no id")?;
    let listed = ask(&platform, &as_ada, &["user", "list"]).await?;
    assert_eq!(
        (&listed["data"][0]["login"], &listed["data"][1]["role"]),
        (&"ben@bank.example".into(), &"platform_admin".into())
    );
    assert_eq!(rest.get("/v1/balance").await?.status, 200);
    ask(&platform, &as_ada, &["user", "update", id, "--state", "suspended"]).await?;
    assert_eq!(rest.get("/v1/balance").await?.status, 401, "he is out");
    ensure!(!std::fs::read_to_string(world.path("platform.log"))?.contains(PASSWORD), "a password is in no log");
    drop(platform);
    let platform = world.platform(&[]).await?;
    ask(&platform, &as_ada, &["user", "show", id]).await?;
    assert_eq!(printed(&world, 2).await?, second, "there is a user: nothing more is printed");
    world.passed();
    Ok(())
}
