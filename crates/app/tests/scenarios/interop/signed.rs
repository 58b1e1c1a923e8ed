//! Requests signed by Python's `http-message-signatures`.

use anyhow::{Result, ensure};
use sambac_testkit::scenario::Site;
use tokio::process::Command;

use super::{client, installed};
use crate::world;

/// A library that we did not write signs by HMAC and Ed25519, and what it signs is taken, once, as it was signed.
#[tokio::test]
async fn python_http_message_signatures() -> Result<()> {
    let world = world("interop_signed")?;
    let operator = world.simulator("alpha", "").await?;
    let key = "name = \"maker\"\naccount = \"bank\"\nscopes = [\"sms:send\", \"keys:write\"]";
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site.table("api_key", key)).await?;
    let platform = world.platform(&[]).await?;
    let mut command = Command::new(installed(".venv/bin/python")?);
    command.arg("signed.py");
    let out = client(command, &platform, &secrets, "maker").await?;
    ensure!(out.trim() == "2 accepted, 8 refused", "it said: {out}");
    assert_eq!(world.database().await?.number("SELECT COUNT(*) FROM messages").await?, 2);
    world.passed();
    Ok(())
}
