//! Receipts that match nothing: listed, explained by a rule that is proposed, matched once it is taken, dismissed.

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::message;
use serde_json::json;

use super::Operated;
use crate::admin_shell::{REFUSED, WRONG_INPUT, count};

/// Receipts name the ids of the answers in hexadecimal.
const HEX: &str = "magic = false\n[id]\nreceipt = \"hex\"\n";

#[tokio::test]
async fn a_proposed_rule_is_taken_as_a_version_and_the_receipts_match() -> Result<()> {
    // Four receipts match nothing; the rule that they propose becomes the connector's, and all four messages are delivered.
    let operated = Operated::start("orphans_rule", HEX, |site| site).await?;
    let (shell, esme) = (&operated.shell, operated.platform.esme(&operated.secrets).await?);
    for text in ["one", "two", "three", "four"] {
        esme.accepted(message("447700900123", text.as_bytes())).await?;
    }
    shell.until(&["orphan", "list"], |list| count(list) == 4).await?;
    let list = shell.ask(&["orphan", "list", "--connector", "alpha", "--limit", "3"]).await?;
    assert_eq!(count(&list), 3);
    let orphan = &list["data"][0];
    assert_eq!((&orphan["source"], &orphan["state"]), (&json!("+44770090****"), &json!("DELIVRD")), "{orphan}");
    let cursor = list["next_cursor"].as_str().context("no next page")?;
    assert_eq!(count(&shell.ask(&["orphan", "list", "--cursor", cursor]).await?), 1);
    let id = orphan["smsc_message_id"].as_str().context("no id")?;
    assert_eq!(count(&shell.ask(&["orphan", "list", "--smsc-message-id", id]).await?), 1);
    assert_eq!(
        count(&shell.ask(&["orphan", "list", "--address", "447700900123", "--since", "2020-01-01T00:00:00Z"]).await?),
        4
    );
    assert_eq!(count(&shell.ask(&["orphan", "list", "--until", "2020-01-01T00:00:00Z"]).await?), 0);
    let tried = shell.ask(&["orphan", "rematch", "--connector", "alpha"]).await?;
    assert_eq!(tried, json!({ "tried": 4, "matched": 0, "left": 4 }), "the rules are the same");

    let rules = shell.ask(&["connector", "receipt-rules", "alpha"]).await?;
    let rule = &rules["proposals"][0];
    assert_eq!(rule["receipt_id"]["receipt_radix"], "hex", "{rules}");
    let name = rule["name"].as_str().context("no name")?;
    let apply = ["connector", "apply-receipt-rule", "alpha", name];
    let dry = shell.ask(&[&apply[..], &["--dry-run"]].concat()).await?;
    let field = &dry["differences"][0]["fields"][0];
    assert_eq!(
        (&field["field"], &field["after"]),
        (&json!("settings.receipt_id.receipt_radix"), &json!("hex")),
        "{dry}"
    );
    assert_eq!((dry.get("version"), count(&shell.ask(&["orphan", "list"]).await?)), (None, 4), "nothing was changed");
    let applied = shell.ask(&apply).await?;
    assert_eq!(applied["settings"]["receipt_id"]["receipt_radix"], "hex", "{applied}");
    let version = applied["version"].as_i64().context("no version")?.to_string();
    assert_eq!(shell.ask(&["versions", "show", &version]).await?["differences"][0]["name"], "alpha");
    assert_eq!(esme.receipts(4).await?.len(), 4);
    shell.until(&["orphan", "list"], |list| count(list) == 0).await?;
    shell.refused(&apply, REFUSED, "not_found").await?;
    operated.passed().await
}

#[tokio::test]
async fn what_a_person_has_dealt_with_is_dismissed() -> Result<()> {
    // A receipt of a message that is not ours stays until a person takes it off the list; nothing named is not everything.
    let foreign = "magic = false\n[id]\nreceipt_fixed = \"999888777\"\n";
    let operated = Operated::start("orphans_dismiss", foreign, |site| site).await?;
    let (shell, esme) = (&operated.shell, operated.platform.esme(&operated.secrets).await?);
    for number in ["447700900123", "447700900124"] {
        esme.accepted(message(number, b"hello")).await?;
    }
    shell.until(&["orphan", "list"], |list| count(list) == 2).await?;
    let first = shell.ask(&["orphan", "list", "--address", "447700900123"]).await?;
    let id = first["data"][0]["id"].as_str().context("no id")?.to_owned();
    shell.refused(&["orphan", "dismiss"], WRONG_INPUT, "nothing is named").await?;
    shell.refused(&["orphan", "dismiss", "orp_nonsense"], REFUSED, "invalid_request").await?;
    assert_eq!(shell.ask(&["orphan", "dismiss", &id]).await?, json!({ "dismissed": 1 }));
    assert_eq!(shell.ask(&["orphan", "dismiss", &id]).await?, json!({ "dismissed": 0 }), "it is gone");
    assert_eq!(count(&shell.ask(&["orphan", "list"]).await?), 1);
    assert_eq!(shell.ask(&["orphan", "dismiss", "--connector", "alpha"]).await?, json!({ "dismissed": 1 }));
    assert_eq!(shell.ask(&["orphan", "rematch"]).await?, json!({ "tried": 0, "matched": 0, "left": 0 }));
    operated.world.passed();
    Ok(())
}
