//! A connector's life from the shell, with traffic on it: made, tested, changed, drained, started, taken back. Nothing is lost.

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::{Charges, Rest, Site};
use serde_json::Value;

use crate::admin_shell::{REFUSED, SCOPES, Shell, UNREACHABLE};
use crate::world;

const MESSAGES: usize = 200;

#[tokio::test]
async fn a_connector_is_made_tested_changed_drained_and_taken_back_under_traffic() -> Result<()> {
    let world = world("admin_shell")?;
    let mut operator = world.simulator("alpha", "").await?;
    let secrets = world.apply(&Site::with_one_account("100").table("admin_key", SCOPES)).await?;
    let platform = world.platform(&[]).await?;
    let shell = Shell::new(platform.http(), secrets.admin_key("operations")?);

    shell.ask(&["operator", "create", "--set", "name=alpha"]).await?;
    let port = format!("port={}", operator.address().port());
    let fields = ["name=alpha-1", "operator=alpha", "host=127.0.0.1", &port, "system_id=sambac", "window_max=50"];
    let set: Vec<&str> = fields.iter().flat_map(|field| ["--set", field]).collect();
    let made = [&["connector", "create", "--password-env", "PASSWORD"], &set[..]].concat();
    let made = shell.ask(&made).await?;
    assert!(!made.to_string().contains("pa55word"), "{made}");
    assert_eq!(shell.ask(&["connector", "test-bind", "alpha-1"]).await?["bound"], true);
    shell
        .ask(&["route", "create", "--set", "name=all", "--set", "position=1", "--set", "connectors=[\"alpha-1\"]"])
        .await?;
    shell.until_state("alpha-1", "bound").await?;

    let traffic = tokio::spawn(send(platform.rest(&secrets)?));
    let setting = "settings.session.enquire_link_s=45";
    let changed = shell.ask(&["connector", "update", "alpha-1", "--set", setting, "--set", "window_max=5"]).await?;
    assert_eq!(changed["settings"]["session"]["enquire_link_s"], 45);
    let version = changed["version"].as_i64().context("no version")?;
    shell.ask(&["connector", "drain", "alpha-1"]).await?;
    shell.until_state("alpha-1", "stopped").await?;
    shell.ask(&["connector", "start", "alpha-1"]).await?;
    shell.until_state("alpha-1", "bound").await?;

    let shown = shell.ask(&["versions", "show", &version.to_string()]).await?;
    assert_eq!(shown["differences"][0]["name"], "alpha-1", "{shown}");
    let back = shell.ask(&["versions", "rollback", &(version - 1).to_string()]).await?;
    assert_eq!(back["version"], version + 1);
    let now = shell.ask(&["connector", "show", "alpha-1"]).await?;
    assert_eq!((&now["window_max"], now.get("settings")), (&Value::from(50), None), "{now}");

    let removed = shell.run(&["connector", "delete", "alpha-1"]).await?;
    assert_eq!(removed.status.code(), Some(REFUSED));
    assert!(String::from_utf8_lossy(&removed.stderr).contains("routes use it: all"));
    for id in traffic.await?? {
        assert_eq!(platform.rest(&secrets)?.ended(&id).await?["state"], "delivered");
    }
    assert_eq!(operator.finish().await?.texts().len(), MESSAGES, "each once");
    let mut database = world.database().await?;
    database.audit().await?;
    assert_eq!(database.charges().await?, Charges { captured: i64::try_from(MESSAGES)?, ..Charges::default() });
    world.passed();
    Ok(())
}

async fn send(rest: Rest) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for number in 0..MESSAGES {
        ids.push(rest.send_text("+447700900123", &format!("message {number}")).await?);
    }
    Ok(ids)
}

#[tokio::test]
async fn refusals_have_their_exit_codes_and_name_the_cause() -> Result<()> {
    let world = world("admin_refused")?;
    let site = Site::with_one_account("1").table("admin_key", "name = \"reader\"\nscopes = [\"config:read\"]");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    let shell = Shell::new(platform.http(), secrets.admin_key("reader")?);
    assert_eq!(shell.ask(&["operator", "list"]).await?["data"], Value::Array(Vec::new()));
    shell.refused(&["operator", "create", "--set", "name=a"], REFUSED, "lacks the scope config:write").await?;
    shell.refused(&["connector", "show", "none"], REFUSED, "there is no connector \"none\"").await?;
    let client = Shell::new(platform.http(), secrets.api_key("main")?);
    client.refused(&["operator", "list"], REFUSED, "unauthenticated").await?;
    let nowhere = Shell::new("127.0.0.1:1".parse()?, secrets.admin_key("reader")?);
    nowhere.refused(&["versions", "list"], UNREACHABLE, "does not answer").await?;
    world.passed();
    Ok(())
}
