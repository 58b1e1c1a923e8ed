//! The audit log of a real run: what is in it, that it is verified without the database, and that whoever edits it is found out.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::{Database, Site, World};
use serde_json::Value;

use crate::admin_shell::{SCOPES, Shell};
use crate::world;

async fn run(world: &World, arguments: &[&str]) -> Result<(bool, String)> {
    let output = world.run(arguments, &[] as &[&Path]).await?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8(text)?))
}

/// A start, a change from the shell, a key made and refused log-ins are entries; signed heads leave the machine; the exported file is
/// verified with them alone, and an edit, a removal and a cut of the database are found.
#[tokio::test]
async fn what_was_done_is_told_and_cannot_be_untold() -> Result<()> {
    let world = world("audit")?;
    let heads = world.path("heads.jsonl");
    let to = format!("file:{}", heads.display());
    let secrets = world.apply(&Site::with_one_account("10").table("admin_key", SCOPES)).await?;
    let platform = world.platform(&[("SAMBAC_AUDIT_HEADS_TO", &to)]).await?;
    let shell = Shell::new(platform.http(), secrets.admin_key("operations")?);
    shell.ask(&["operator", "create", "--set", "name=alpha"]).await?;
    shell.ask(&["key", "create", "bank", "--name", "second", "--scopes", "sms:read"]).await?;
    let stranger = Shell::new(platform.http(), "sambac_admin_x_y_z");
    for _ in 0..7 {
        stranger.run(&["operator", "list"]).await?;
    }
    platform.terminate(Duration::from_secs(10)).await?;

    let file = world.path("audit.jsonl");
    let (exported, said) = run(&world, &["audit", "export", &file.display().to_string()]).await?;
    ensure!(exported, "{said}");
    let text = std::fs::read_to_string(&file)?;
    let entries: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    for (action, part) in [
        ("config.change", "apply"),
        ("platform.start", ""),
        ("config.change", "create operator alpha"),
        ("admin.call", "201"),
        ("key.create", "second"),
        ("login.refused", "\"count\":7"),
        ("platform.stop", ""),
    ] {
        let of = |entry: &&Value| entry["action"] == action && entry["detail"].as_str().unwrap_or("").contains(part);
        ensure!(entries.iter().any(|entry| of(&entry)), "no {action} with {part} in {text}");
    }
    ensure!(!text.contains("sambac_live_") && !text.contains("sambac_admin_"), "a key is in {text}");

    // Whoever has the file, the heads and the public key needs nothing else.
    let last = std::fs::read_to_string(&heads)?.lines().last().context("no head was sent")?.to_owned();
    let last: Value = serde_json::from_str(&last)?;
    let key = last["public_key"].as_str().context("no key")?.to_owned();
    let (file, heads) = (file.display().to_string(), heads.display().to_string());
    let offline = ["audit", "verify", "--file", &file, "--head", &heads, "--public-key", &key];
    let (verified, said) = run(&world, &offline).await?;
    ensure!(verified && said.contains("are what was sealed"), "{said}");
    ensure!(run(&world, &["audit", "verify", "--head", &heads]).await?.0, "the database is not what was sealed");

    let database = world.data_folder().join("sambac.db");
    for (deed, sql) in [
        ("edited", "UPDATE audit_log SET subject = subject || 'x' WHERE id = 2"),
        ("removed", "DELETE FROM audit_log WHERE id = 2"),
        ("cut off", "DELETE FROM audit_log WHERE id = (SELECT MAX(id) FROM audit_log)"),
    ] {
        let kept = std::fs::read(&database)?;
        let refused = Database::spoil(&database, sql).await;
        ensure!(refused.is_err(), "the database lets an entry be {deed}");
        let unguarded = format!("DROP TRIGGER audit_log_no_update; DROP TRIGGER audit_log_no_delete; {sql}");
        Database::spoil(&database, &unguarded).await?;
        let (verified, said) = run(&world, &["audit", "verify", "--head", &heads]).await?;
        ensure!(!verified, "{deed}: {said}");
        for log in ["sambac.db-wal", "sambac.db-shm"].map(|name| world.data_folder().join(name)) {
            if log.exists() {
                std::fs::remove_file(log)?;
            }
        }
        std::fs::write(&database, kept)?;
    }
    world.passed();
    Ok(())
}
