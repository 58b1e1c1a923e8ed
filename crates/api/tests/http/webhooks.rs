//! Registering, changing, rotating, listing and removing webhooks.

use serde_json::{Value, json};

use crate::platform::Platform;

const URL: &str = "https://client.example.com/sms-events";

#[tokio::test]
async fn a_webhook_is_made_with_a_secret_that_is_shown_once() {
    let platform = Platform::start().await;
    let made = platform.post(&platform.bank, "/v1/webhooks", &json!({ "url": URL })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let secret = made.json["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() > 32, "{secret}");
    assert_eq!((made.header("location"), &made.json["url"]), (&*format!("/v1/webhooks/{}", made.id()), &json!(URL)));
    let listed = platform.get(&platform.bank, "/v1/webhooks").await;
    assert_eq!(listed.json["data"][0]["id"], made.id());
    assert!(!listed.text.contains("secret") && !listed.text.contains("whsec_"), "{}", listed.text);
}

#[tokio::test]
async fn a_webhook_is_removed_once() {
    let platform = Platform::start().await;
    let made = platform.post(&platform.bank, "/v1/webhooks", &json!({ "url": URL })).await;
    let removed = platform.delete(&platform.bank, made.header("location")).await;
    assert_eq!((removed.status.as_u16(), removed.text.as_str()), (204, ""));
    assert_eq!(platform.delete(&platform.bank, made.header("location")).await.status, 404);
    assert_eq!(platform.get(&platform.bank, "/v1/webhooks").await.json["data"], json!([]));
}

#[tokio::test]
async fn a_webhook_into_the_inside_is_refused() {
    let platform = Platform::start().await;
    for url in [
        "http://client.example.com/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "ftp://a.example.com",
    ] {
        let reply = platform.post(&platform.bank, "/v1/webhooks", &json!({ "url": url })).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (422, "invalid_webhook"), "{url}: {}", reply.text);
        assert_eq!(reply.json["errors"][0]["pointer"], "/url");
    }
    assert_eq!(platform.get(&platform.bank, "/v1/webhooks").await.json["data"], json!([]));
}

/// Types, purpose and scheme are as they were asked for; with `v1a` there is a public key to read, and no secret to lose.
#[tokio::test]
async fn a_webhook_says_what_it_wants_and_how_it_is_signed() {
    let platform = Platform::start().await;
    let wanted = json!({ "url": URL, "events": ["message.delivered", "balance.low"], "description": "core banking",
        "signature": "v1a" });
    let made = platform.post(&platform.bank, "/v1/webhooks", &wanted).await;
    assert_eq!((made.status.as_u16(), &made.json["secret"]), (201, &Value::Null), "{}", made.text);
    let shown = platform.get(&platform.bank, made.header("location")).await;
    for field in ["events", "description", "signature"] {
        assert_eq!(shown.json[field], wanted[field], "{}", shown.text);
    }
    let key = shown.json["public_key"].as_str().unwrap();
    assert!(key.starts_with("whpk_") && made.json["public_key"] == key, "{key}");
    for (field, bad) in [("events", json!(["message.lost"])), ("signature", json!("v2"))] {
        let mut order = json!({ "url": URL });
        order[field] = bad;
        let reply = platform.post(&platform.bank, "/v1/webhooks", &order).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (400, "invalid_request"), "{}", reply.text);
        assert!(reply.json["errors"][0]["pointer"].as_str().unwrap().starts_with(&format!("/{field}")));
    }
}

/// A change touches what it names; whoever disables a webhook is given no reason for it.
#[tokio::test]
async fn what_is_named_changes_and_all_else_stays() {
    let platform = Platform::start().await;
    let made = platform.post(&platform.bank, "/v1/webhooks", &json!({ "url": URL, "description": "first" })).await;
    let path = made.header("location");
    let changed =
        platform.patch(&platform.bank, path, &json!({ "events": ["message.failed"], "enabled": false })).await;
    assert_eq!(changed.json["events"], json!(["message.failed"]), "{}", changed.text);
    assert_eq!((&changed.json["description"], &changed.json["state"]), (&json!("first"), &json!("disabled")));
    assert!(changed.json["disabled_at"].is_string() && changed.json["disabled_reason"].is_null());
    let again =
        platform.patch(&platform.bank, path, &json!({ "enabled": true, "url": "https://b.example.com/" })).await;
    assert_eq!((&again.json["state"], &again.json["url"]), (&json!("enabled"), &json!("https://b.example.com/")));
    assert!(again.json["disabled_at"].is_null(), "{}", again.text);
    let inside = platform.patch(&platform.bank, path, &json!({ "url": "https://10.0.0.1/" })).await;
    assert_eq!((inside.status.as_u16(), inside.code()), (422, "invalid_webhook"));
    assert_eq!(platform.get(&platform.bank, path).await.json, again.json);
}

/// Of two rotations in a row the last two secrets live, each told once; without time nothing is kept.
#[tokio::test]
async fn a_rotation_keeps_the_present_secret_for_as_long_as_was_asked() {
    let platform = Platform::start().await;
    let made = platform.post(&platform.bank, "/v1/webhooks", &json!({ "url": URL })).await;
    let rotate = format!("{}/rotate", made.header("location"));
    let rotated = platform.post(&platform.bank, &rotate, &json!({})).await;
    assert_eq!(rotated.status, 200, "{}", rotated.text);
    assert!(rotated.json["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_ne!(rotated.json["secret"], made.json["secret"]);
    assert_eq!(rotated.json["former_secret_until"], "2027-01-16T08:00:00.000Z", "a day from now");
    let other = platform.post(&platform.bank, &rotate, &json!({ "keep_s": 60, "signature": "v1a" })).await;
    assert_eq!((&other.json["signature"], &other.json["secret"]), (&json!("v1a"), &Value::Null), "{}", other.text);
    let third = platform.post(&platform.bank, &rotate, &json!({ "keep_s": 60 })).await;
    assert_eq!(third.json["former_public_key"], other.json["public_key"], "{}", third.text);
    let last = platform.post(&platform.bank, &rotate, &json!({ "keep_s": 0 })).await;
    assert!(last.json["former_secret_until"].is_null() && last.json["former_public_key"].is_null(), "{}", last.text);
    let too_long = platform.post(&platform.bank, &rotate, &json!({ "keep_s": 9_999_999 })).await;
    assert_eq!((too_long.status.as_u16(), too_long.code()), (400, "invalid_request"));
}
