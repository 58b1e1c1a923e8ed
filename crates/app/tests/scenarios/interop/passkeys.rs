//! Passkeys of a real browser: Debian's Chromium, driven by Playwright.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::Site;
use serde_json::json;
use tokio::process::Command;

use super::{client, installed};
use crate::world;

/// A browser that we did not write makes a passkey and logs in by it, at the address where the platform listens, as it comes.
#[tokio::test]
async fn chromium_logs_in_by_a_passkey() -> Result<()> {
    installed("node_modules/playwright-core")?;
    let browser = Path::new("/usr/bin/chromium");
    ensure!(browser.exists(), "Chromium is missing: run `tools/setup test`");
    let world = world("interop_passkeys")?;
    let secrets = world.apply(&Site::with_one_account("10")).await?;
    let platform = world.platform(&[]).await?;
    let invitation = crate::persons::printed(&world, 1).await?;
    let mut command = Command::new("node");
    command.arg("passkey.js").env("CHROMIUM", browser).env("SAMBAC_INVITATION", invitation);
    let out = client(command, &platform, &secrets, "main").await?;
    let told: serde_json::Value = serde_json::from_str(&out).with_context(|| format!("it said: {out}"))?;
    assert_eq!(told, json!({ "passkey": "Chromium", "login": "ada@sms.example", "second_factor": true }));
    world.passed();
    Ok(())
}
