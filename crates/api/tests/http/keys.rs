//! API keys made, changed, rotated and revoked by clients and administrators.

use axum::http::Method;
use sambac_engine::Scope;
use serde_json::{Value, json};

use crate::platform::{BANK, NOW, Platform, Reply};

async fn make(platform: &Platform, key: &str, changes: Value) -> Reply {
    let mut wanted = json!({ "name": "core", "scopes": ["sms:read"] });
    wanted.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    platform.post(key, "/v1/keys", &wanted).await
}

/// Whether a key may list messages.
async fn works(platform: &Platform, key: &str) -> bool {
    platform.get(key, "/v1/sms").await.status == 200
}

fn text(reply: &Reply) -> String {
    reply.json["key"].as_str().unwrap_or_else(|| panic!("{reply:?}")).to_owned()
}

/// A key is made by a key, works at once, is shown once, and is revoked at once.
#[tokio::test]
async fn a_key_is_made_shown_once_and_revoked() {
    let platform = Platform::start().await;
    let made = make(&platform, &platform.bank, json!({})).await;
    assert_eq!((made.status.as_u16(), made.header("location")), (201, &*format!("/v1/keys/{}", made.id())));
    assert!(works(&platform, &text(&made)).await);
    let path = format!("/v1/keys/{}", made.id());
    let shown = platform.get(&platform.bank, &path).await;
    assert!(!shown.text.contains("sambac_live_") && !shown.text.contains("secret_hash"), "{}", shown.text);
    assert_eq!(
        (&shown.json["state"], &shown.json["last_used_at"]),
        (&json!("active"), &json!("2027-01-15T08:00:00.000Z"))
    );
    assert_eq!(platform.delete(&platform.bank, &path).await.status, 204);
    assert!(!works(&platform, &text(&made)).await);
    assert_eq!(platform.get(&platform.bank, &path).await.json["state"], "revoked");
    let changed = platform.patch(&platform.bank, &path, &json!({ "name": "other" })).await;
    assert_eq!((changed.status.as_u16(), changed.code()), (409, "wrong_state"));
    assert_eq!(make(&platform, &platform.bank, json!({})).await.code(), "conflict", "its name is taken for ever");
}

/// After a rotation two secrets work, the former one until its end; after two rotations the first one does not.
#[tokio::test]
async fn two_secrets_live_while_a_key_is_rotated() {
    let platform = Platform::start().await;
    let made = make(&platform, &platform.bank, json!({})).await;
    let path = format!("/v1/keys/{}/rotate", made.id());
    let rotated = platform.post(&platform.bank, &path, &json!({ "keep_s": 60 })).await;
    assert_eq!(rotated.status, 200, "{}", rotated.text);
    assert_eq!(rotated.json["former_secret_until"], "2027-01-15T08:01:00.000Z");
    assert!(works(&platform, &text(&made)).await && works(&platform, &text(&rotated)).await);
    platform.engine.clock().advance_micros(59 * 1_000_000);
    assert!(works(&platform, &text(&made)).await);
    platform.engine.clock().advance_micros(1_000_000);
    assert!(!works(&platform, &text(&made)).await, "its time is over");
    let second = platform.post(&platform.bank, &path, &json!({})).await;
    let third = platform.post(&platform.bank, &path, &json!({})).await;
    assert!(!works(&platform, &text(&rotated)).await, "only two secrets live");
    assert!(works(&platform, &text(&second)).await && works(&platform, &text(&third)).await);
    let last = platform.post(&platform.bank, &path, &json!({ "keep_s": 0 })).await;
    assert!(!works(&platform, &text(&third)).await && works(&platform, &text(&last)).await, "replaced at once");
    let long = platform.post(&platform.bank, &path, &json!({ "keep_s": 2_592_001 })).await;
    assert_eq!((long.status.as_u16(), long.code()), (400, "invalid_request"));
}

/// A key cannot give, or get hold of, what it does not have.
#[tokio::test]
async fn a_key_gives_nothing_that_it_does_not_have() {
    let platform = Platform::start().await;
    let scopes = json!(["sms:read", "keys:write"]);
    let bounds = json!({
        "name": "junior", "scopes": scopes, "environment": "test", "expires_at": "2027-02-01T00:00:00Z", "rate_limit": "1000/s burst 100",
    });
    let junior = text(&make(&platform, &platform.bank, bounds).await);
    let within =
        json!({ "name": "within", "environment": "test", "expires_at": "2027-01-31T00:00:00Z", "rate_limit": "1/s" });
    let made = make(&platform, &junior, within.clone()).await;
    assert_eq!((made.status.as_u16(), &made.json["environment"]), (201, &json!("test")), "{}", made.text);
    for (field, beyond) in [
        ("/scopes", json!({ "scopes": ["sms:send"] })),
        ("/environment", json!({ "environment": "live" })),
        ("/expires_at", json!({ "expires_at": "2027-02-02T00:00:00Z" })),
        ("/rate_limit", json!({ "rate_limit": "1001/s burst 1" })),
        ("/rate_limit", json!({ "rate_limit": "" })),
    ] {
        let mut wanted = within.clone();
        wanted["name"] = json!(field);
        wanted.as_object_mut().unwrap().extend(beyond.as_object().unwrap().clone());
        let refused = make(&platform, &junior, wanted).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (403, "forbidden"), "{field}: {}", refused.text);
        assert_eq!(refused.json["errors"][0]["pointer"], field);
        if beyond.get("environment").is_none() {
            let changed = platform.patch(&junior, &format!("/v1/keys/{}", made.id()), &beyond).await;
            assert_eq!((changed.status.as_u16(), changed.code()), (403, "forbidden"), "{field}: {}", changed.text);
        }
    }
    let endless = platform.patch(&junior, &format!("/v1/keys/{}", made.id()), &json!({ "expires_at": null })).await;
    assert_eq!(endless.code(), "forbidden", "{}", endless.text);
    // A test key sees no live key; a live one of fewer scopes can neither rotate nor change one of more, but revoke it.
    let (list, senior) = (platform.get(&junior, "/v1/keys").await, platform.get(&platform.bank, "/v1/keys").await);
    assert_eq!((list.json["data"].as_array().unwrap().len(), senior.json["data"].as_array().unwrap().len()), (2, 3));
    let live = text(&make(&platform, &platform.bank, json!({ "name": "live junior", "scopes": scopes })).await);
    let strong = make(&platform, &platform.bank, json!({ "name": "strong", "scopes": ["sms:send"] })).await;
    let path = format!("/v1/keys/{}", strong.id());
    assert_eq!(platform.get(&junior, &path).await.status, 404);
    assert_eq!(platform.post(&junior, &format!("{path}/rotate"), &json!({})).await.status, 404);
    assert_eq!(platform.post(&live, &format!("{path}/rotate"), &json!({})).await.code(), "forbidden");
    assert_eq!(platform.patch(&live, &path, &json!({ "scopes": ["sms:read"] })).await.code(), "forbidden");
    assert_eq!(platform.delete(&live, &path).await.status, 204);
}

/// What is wrong with an order is told by field, and nothing is made.
#[tokio::test]
async fn a_wrong_order_makes_nothing() {
    let platform = Platform::start().await;
    for (field, wrong) in [
        ("/name", json!({ "name": "" })),
        ("/name", json!({ "name": "a\nb" })),
        ("/scopes", json!({ "scopes": [] })),
        ("/scopes/1", json!({ "scopes": ["sms:read", "everything"] })),
        ("/environment", json!({ "environment": "staging" })),
        ("/expires_at", json!({ "expires_at": "2027-01-15T08:00:00Z" })),
        ("/allowed_ips/0", json!({ "allowed_ips": ["192.0.2.0/33"] })),
        ("/rate_limit", json!({ "rate_limit": "often" })),
    ] {
        let refused = make(&platform, &platform.bank, wrong).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, "invalid_request"), "{}", refused.text);
        assert_eq!(refused.json["errors"][0]["pointer"], field, "{}", refused.text);
    }
    assert_eq!(platform.get(&platform.bank, "/v1/keys").await.json["data"].as_array().unwrap().len(), 1);
}

/// An administrator does the same for any account, without bounds.
#[tokio::test]
async fn an_administrator_makes_keys_for_any_account() {
    let platform = Platform::start().await;
    let path = format!("/v1/admin/accounts/{BANK}/keys");
    let wanted = json!({ "name": "by us", "scopes": ["sms:read"], "allowed_ips": [] });
    let made = platform.admin(Method::POST, &path, Some(&wanted), &[]).await;
    assert_eq!((made.status.as_u16(), &made.json["account"]), (201, &json!(BANK.to_string())), "{}", made.text);
    assert!(works(&platform, &text(&made)).await);
    let own = made.header("location").to_owned();
    let changed = platform.admin(Method::PATCH, &own, Some(&json!({ "rate_limit": "5/s" })), &[]).await;
    assert_eq!(changed.json["rate_limit"], "5/s", "{}", changed.text);
    let rotated = platform.admin(Method::POST, &format!("{own}/rotate"), Some(&json!({ "keep_s": 0 })), &[]).await;
    assert!(!works(&platform, &text(&made)).await && works(&platform, &text(&rotated)).await);
    assert_eq!(platform.admin(Method::DELETE, &own, None, &[]).await.status, 204);
    assert!(!works(&platform, &text(&rotated)).await);
    let listed = platform.admin(Method::GET, &path, None, &[]).await;
    assert_eq!(listed.json["data"][0]["state"], "revoked");
    let nowhere = platform.admin(Method::POST, "/v1/admin/accounts/acc_0000000000001/keys", Some(&wanted), &[]).await;
    assert_eq!(nowhere.status, 404, "{}", nowhere.text);
}

/// A million keys with a bad checksum are refused, and the store was not turned to once.
#[tokio::test]
async fn a_million_mistyped_keys_cost_no_look_at_the_database() {
    let platform = Platform::start().await;
    let mistyped = format!("{}x", &platform.bank[..platform.bank.len() - 1]);
    assert!(!works(&platform, &mistyped).await);
    // Nothing else runs meanwhile: the runtime has one thread, and this waits for nothing.
    let before = platform.engine.store().uses();
    let refused = (0..1_000_000).filter(|number| {
        let key = format!("{}{number:08}", &mistyped[..mistyped.len() - 8]);
        platform.engine.authenticate(&key, None).is_err()
    });
    assert_eq!((refused.count(), platform.engine.store().uses()), (1_000_000, before));
    assert!(platform.engine.authenticate(&platform.bank, None).is_ok());
}

/// A use is remembered to the minute, and is no write of the request.
#[tokio::test]
async fn the_last_use_is_told_to_the_minute() {
    let platform = Platform::start().await;
    let key = platform.key(BANK, 3, &[Scope::BalanceRead, Scope::KeysWrite], |_| {}).await;
    platform.engine.clock().advance_micros(119 * 1_000_000);
    let id = platform.get(&key, "/v1/keys").await.json["data"][0]["id"].as_str().unwrap().to_owned();
    platform.engine.clock().advance_micros(3_600 * 1_000_000);
    let shown = platform.get(&platform.bank, &format!("/v1/keys/{id}")).await;
    assert_eq!(shown.json["last_used_at"], "2027-01-15T08:01:00.000Z");
    assert!(NOW.rfc3339().starts_with("2027-01-15T08:00:00"));
}
