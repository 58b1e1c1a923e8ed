//! Rate limits of keys, accounts, groups of endpoints and destinations.

use axum::http::Method;
use sambac_engine::Scope;
use serde_json::{Value, json};

use crate::platform::{BANK, Platform, Reply};

async fn limit(platform: &Platform, limits: Value) {
    let path = format!("/v1/admin/accounts/{BANK}");
    let changed = platform.admin(Method::PATCH, &path, Some(&json!({ "rate_limits": limits })), &[]).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
}

fn refused(reply: &Reply, after_s: u64) {
    assert_eq!((reply.status.as_u16(), reply.code()), (429, "rate_limited"), "{}", reply.text);
    let told: u64 = reply.header("retry-after").parse().unwrap();
    assert!((1..=after_s).contains(&told) && told + 5 > after_s, "{told} and not {after_s}");
    assert_eq!(reply.json["retry"], json!({ "advice": "after", "after_s": told }));
}

/// A key's limit is told in each answer, and in the refusal when to come again.
#[tokio::test]
async fn a_key_is_used_as_often_as_it_may() {
    let platform = Platform::start().await;
    let key = platform.key(BANK, 3, &[Scope::BalanceRead], |row| row.rate_limit = "60/h burst 2".into()).await;
    for remaining in ["1", "0"] {
        let reply = platform.get(&key, "/v1/balance").await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert_eq!(reply.header("ratelimit-policy"), "\"key\";q=60;w=3600");
        assert!(reply.header("ratelimit").starts_with(&format!("\"key\";r={remaining};t=")), "{:?}", reply.headers);
    }
    let third = platform.get(&key, "/v1/balance").await;
    refused(&third, 60);
    assert!(third.header("ratelimit").starts_with("\"key\";r=0;t=1"), "{:?}", third.headers);
    let other = platform.get(&platform.bank, "/v1/balance").await;
    assert_eq!((other.status.as_u16(), other.header("ratelimit")), (200, ""), "another key of the account");
    let unreadable = platform.key(BANK, 4, &[Scope::BalanceRead], |row| row.rate_limit = "often".into()).await;
    assert_eq!(platform.get(&unreadable, "/v1/balance").await.status, 401, "fails closed");
}

/// An account's limits are changed while it calls; groups of endpoints have their own; a change gives no burst.
#[tokio::test]
async fn limits_of_an_account_change_at_once() {
    let platform = Platform::start().await;
    limit(&platform, json!({ "send": "1/min burst 1", "calls": "600/h burst 100" })).await;
    let sent = platform.send(&platform.bank, json!({})).await;
    assert_eq!(
        (sent.status.as_u16(), sent.header("ratelimit-policy")),
        (202, "\"account\";q=600;w=3600, \"send\";q=1;w=60")
    );
    refused(&platform.send(&platform.bank, json!({})).await, 60);
    assert_eq!(platform.get(&platform.bank, "/v1/sms").await.status, 200, "reading is another group");
    assert_eq!(platform.send(&platform.shop, json!({})).await.status, 202, "another account");
    limit(&platform, json!({ "read": "5/s" })).await;
    refused(&platform.send(&platform.bank, json!({})).await, 60);
    limit(&platform, json!({ "send": null })).await;
    assert_eq!(platform.send(&platform.bank, json!({})).await.status, 202);
    limit(&platform, json!({ "calls": "1/h burst 1" })).await;
    assert_eq!(platform.send(&platform.bank, json!({})).await.status, 202);
    refused(&platform.get(&platform.bank, "/v1/balance").await, 3_600);
    let path = format!("/v1/admin/accounts/{BANK}");
    let wrong = platform.admin(Method::PATCH, &path, Some(&json!({ "rate_limits": { "send": "fast" } })), &[]).await;
    assert_eq!((wrong.status.as_u16(), wrong.code()), (400, "invalid_request"), "{}", wrong.text);
}

/// One number gets so many messages of an account, and other numbers theirs. A dry run is no message.
#[tokio::test]
async fn a_number_gets_so_many_messages() {
    let platform = Platform::start().await;
    limit(&platform, json!({ "destination": "2/h burst 2" })).await;
    for _ in 0..2 {
        assert_eq!(platform.send(&platform.bank, json!({})).await.status, 202);
        assert_eq!(platform.send(&platform.bank, json!({ "dry_run": true })).await.status, 200);
    }
    let third = platform.send(&platform.bank, json!({})).await;
    refused(&third, 1_800);
    assert_eq!(third.json["errors"][0]["pointer"], "/to");
    assert_eq!(platform.send(&platform.bank, json!({ "to": "+447700900124" })).await.status, 202);
    assert_eq!(platform.send(&platform.shop, json!({})).await.status, 202);
}
