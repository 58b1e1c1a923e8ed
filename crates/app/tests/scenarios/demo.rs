//! `sambac demo`: the first thing a newcomer sees.

use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::World;
use serde_json::Value;

use crate::world;

const PORTS: [&str; 11] = [
    "--output",
    "json",
    "demo",
    "--once",
    "--http-port=0",
    "--services-port=0",
    "--smpp-port=0",
    "--sim-port=0",
    "--webhook-port=0",
    "--log-level",
    "debug",
];

/// Runs it once, and returns what it printed and logged.
async fn run(world: &World) -> Result<(Vec<Value>, String)> {
    let output = world.run(&PORTS, &[]).await?;
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{}: {log}", output.status);
    let lines = String::from_utf8(output.stdout)?;
    let lines = lines.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned()));
    Ok((lines.collect::<Result<_>>()?, log))
}

/// The events of the first message's life.
fn life(printed: &[Value]) -> Result<Vec<String>> {
    let life = printed.iter().find_map(|line| line.get("life")).context("no life was printed")?;
    assert_eq!(life["state"], "delivered", "{life:#}");
    Ok(sambac_testkit::scenario::events(life))
}

#[tokio::test]
async fn it_shows_a_whole_life_and_keeps_its_secrets() -> Result<()> {
    let world = world("demo")?;
    let (printed, log) = run(&world).await?;
    let events = life(&printed)?;
    for event in
        ["accepted", "routed", "held", "submitting", "answered", "delivered", "captured", "cdr_written", "webhook"]
    {
        assert!(events.contains(&event.to_owned()), "{event} in {events:?}");
    }

    let file = world.data_folder().join("demo.env");
    assert_eq!(std::fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&file)?;
    let names: Vec<_> = text.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    for name in [
        "SAMBAC_URL",
        "SAMBAC_API_KEY",
        "SAMBAC_SMPP_ADDR",
        "SAMBAC_SMPP_SYSTEM_ID",
        "SAMBAC_SMPP_PASSWORD",
        "SAMBAC_ADMIN_KEY",
    ] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }

    let secrets: Vec<_> = printed[0]["secrets"].as_array().context("no secrets")?.iter().collect();
    assert!(secrets.len() >= 2, "an API key and an SMPP password at least");
    for secret in secrets {
        let secret = secret["secret"].as_str().context("no secret")?;
        assert!(!log.contains(secret), "a secret is in the log");
        for kept in std::fs::read_dir(world.data_folder())? {
            let path = kept?.path();
            let found = std::fs::read(&path)?.windows(secret.len()).any(|octets| octets == secret.as_bytes());
            assert!(!found || path == file, "a secret is in {}", path.display());
        }
    }
    world.database().await?.audit().await?;

    // A second start makes no new secrets and works with the old ones.
    let (printed, _) = run(&world).await?;
    assert_eq!(printed[0]["secrets"], serde_json::json!([]));
    life(&printed)?;
    assert_eq!(std::fs::read_to_string(&file)?.lines().count(), text.lines().count());
    only_ports_changed(&world).await?;
    other_commands_take_its_variables(&world, &std::fs::read_to_string(&file)?).await?;
    world.database().await?.audit().await?;
    world.passed();
    Ok(())
}

/// Every start of this test takes other ports; nothing else of the configuration is another, so that a start on the same ports
/// makes no version.
async fn only_ports_changed(world: &World) -> Result<()> {
    let changes: Vec<(String,)> =
        world.database().await?.rows("SELECT changes FROM config_versions WHERE id > 1").await?;
    for (changes,) in changes {
        let changes: Vec<Value> = serde_json::from_str(&changes)?;
        for change in changes {
            let (before, after) = (change["before"].as_object(), change["after"].as_object());
            let (before, after) = before.zip(after).with_context(|| change.to_string())?;
            let changed: Vec<_> = after.iter().filter(|(name, value)| before.get(*name) != Some(value)).collect();
            ensure!(changed.iter().all(|(name, _)| *name == "port"), "{}: {changed:?}", change["table"]);
        }
    }
    Ok(())
}

/// With the variables of `demo.env` in the shell, all other commands work; a misspelt one is refused all the same.
async fn other_commands_take_its_variables(world: &World, env_file: &str) -> Result<()> {
    let variables: Vec<(&str, &str)> = env_file.lines().filter_map(|line| line.split_once('=')).collect();
    let exported = world.path("exported.toml");
    let exported = exported.to_str().context("a path")?;
    let commands: [&[&str]; 5] = [
        &["config", "check"],
        &["migrate"],
        &["export", exported],
        &["apply", "--dry-run", exported],
        &["admin-key", "create", "second", "--scopes", "config:read"],
    ];
    for command in commands {
        let output = world.run_with(command, &variables).await?;
        ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let output = world.run_with(&["config", "check"], &[("SAMBAC_ADMIN_KEYS", "x")]).await?;
    ensure!(output.status.code() == Some(3), "{}", output.status);
    Ok(())
}
