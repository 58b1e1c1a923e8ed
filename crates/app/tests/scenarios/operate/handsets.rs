//! Messages from handsets that no route takes, and the routes that take them: made, seen, changed, taken back, by commands.

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::wait::until_true;
use serde_json::json;

use super::Operated;
use crate::admin_shell::{REFUSED, WRONG_INPUT, count};

const TWO: &str = "[[mo]]\ntext = \"secret words\"\n[[mo]]\ntext = \"nobody's\"\nto = \"99999\"\nafter_ms = 20\n";

#[tokio::test]
async fn what_no_route_took_is_routed_once_there_is_one_or_dismissed() -> Result<()> {
    // Two messages wait for a person: one goes to the client after its route was made, the other is dismissed.
    let operated = Operated::start("unrouted", TWO, |site| site).await?;
    let shell = &operated.shell;
    shell.until(&["unrouted", "list"], |list| count(list) == 2).await?;
    let list = shell.ask(&["unrouted", "list", "--connector", "alpha", "--to", "12345"]).await?;
    assert_eq!(list["data"][0]["from"], "+44770090****", "{list}");
    assert!(count(&list) == 1 && !list.to_string().contains("secret"), "the text is nobody's to read: {list}");
    assert_eq!(shell.ask(&["unrouted", "route"]).await?, json!({ "routed": 0, "left": 2 }));

    let set =
        ["name=code", "account=bank", "position=1", "targets=[{\"smpp\": \"esme\"}]", "match.destinations=[\"12345\"]"];
    let set: Vec<&str> = set.iter().flat_map(|field| ["--set", field]).collect();
    shell.ask(&[&["mo-route", "create"], &set[..]].concat()).await?;
    assert_eq!(shell.ask(&["unrouted", "route", "--to", "99999"]).await?, json!({ "routed": 0, "left": 1 }));
    assert_eq!(shell.ask(&["unrouted", "route"]).await?, json!({ "routed": 1, "left": 1 }));
    let state = shell.ask(&["mo-route", "state", "code"]).await?;
    let target = &state["targets"][0];
    assert_eq!(
        (&target["name"], &target["state"], &target["waiting"]),
        (&json!("esme"), &json!("away"), &json!(1)),
        "{state}"
    );
    let esme = operated.platform.esme(&operated.secrets).await?;
    assert_eq!(esme.handsets(1).await?[0].octets, b"secret words");
    shell
        .until(&["mo-route", "state", "code"], |state| {
            state["targets"][0]["state"] == "ready" && state["targets"][0]["waiting"] == 0
        })
        .await?;
    let rest = operated.platform.rest(&operated.secrets)?;
    assert_eq!(rest.get("/v1/sms/inbound").await?.body["data"][0]["text"], "secret words", "it is the account's now");

    let open = async || {
        let alerts = shell.ask(&["alerts"]).await?;
        let mut all = alerts["data"].as_array().into_iter().flatten();
        anyhow::Ok(all.any(|alert| alert["kind"] == "mo_unrouted" && alert["cleared_at"].is_null()))
    };
    assert!(open().await?, "one is left");
    shell.refused(&["unrouted", "dismiss"], WRONG_INPUT, "nothing is named").await?;
    assert_eq!(shell.ask(&["unrouted", "dismiss", "--to", "99999"]).await?, json!({ "dismissed": 1 }));
    assert_eq!(count(&shell.ask(&["unrouted", "list"]).await?), 0);
    assert!(!open().await?, "nothing is left");
    let mut database = operated.world.database().await?;
    let wiped = "SELECT COUNT(*) FROM mo_messages WHERE state = 4 AND body IS NULL AND account_id IS NULL";
    assert_eq!(database.number(wiped).await?, 1);
    operated.passed().await
}

#[tokio::test]
async fn a_route_is_changed_seen_removed_and_taken_back() -> Result<()> {
    // Every change is a version that names the targets; a rollback brings the route back, and messages go by it.
    let operated =
        Operated::start("mo_route_versions", "", |site| site.mo_route("bank", "all", "{ smpp = \"esme\" }", ""))
            .await?;
    let (shell, esme) = (&operated.shell, operated.platform.esme(&operated.secrets).await?);
    let shown = shell.ask(&["mo-route", "show", "all"]).await?;
    assert_eq!(shown["targets"], json!([{ "smpp": "esme" }]), "{shown}");
    let etag = shown["etag"].as_str().context("no etag")?.trim_matches('"');
    let update = ["mo-route", "update", "all", "--set", "match.destinations=[\"99999\"]", "--if-match", etag];
    let dry = shell.text(&[&update[..], &["--dry-run"]].concat()).await?;
    assert!(dry.contains("mo_route all changed") && dry.contains("match.destinations"), "{dry}");
    let changed = shell.ask(&update).await?;
    let version = changed["version"].as_i64().context("no version")?;
    shell.refused(&update, REFUSED, "stale_version").await?;
    shell.refused(&["mo-route", "delete", "all", "--if-match", etag], REFUSED, "stale_version").await?;
    shell
        .refused(&["mo-route", "update", "all", "--unset", "match.destination"], REFUSED, "match.destinations")
        .await?;
    let rest = operated.platform.rest(&operated.secrets)?;
    rest.send_text("+999000000060", "Answer YES").await?;
    shell.until(&["unrouted", "list"], |list| count(list) == 1).await?;

    let removal = shell.text(&["mo-route", "delete", "all", "--dry-run"]).await?;
    assert!(removal.contains("mo_route all removed"), "{removal}");
    shell.ask(&["mo-route", "delete", "all"]).await?;
    shell.refused(&["mo-route", "show", "all"], REFUSED, "not_found").await?;
    let removed = shell.ask(&["versions", "show", &(version + 1).to_string()]).await?;
    assert!(removed["differences"][0]["fields"].to_string().contains("\"smpp\":\"esme\""), "{removed}");
    let back = shell.ask(&["versions", "rollback", &(version - 1).to_string()]).await?;
    assert_eq!(
        (&back["differences"][0]["name"], &back["differences"][0]["action"]),
        (&json!("all"), &json!("created")),
        "{back}"
    );
    let again = shell.ask(&["mo-route", "show", "all"]).await?;
    assert_eq!((&again["id"], again.get("match")), (&shown["id"], None), "{again}");
    assert_eq!(shell.ask(&["unrouted", "route"]).await?, json!({ "routed": 1, "left": 0 }));
    esme.handsets(1).await?;
    rest.send_text("+999000001060", "Answer YES").await?;
    until_true("the second answer", async || Ok(esme.heard().handsets.len() == 2)).await?;
    operated.passed().await
}
