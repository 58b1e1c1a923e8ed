//! `POST /v1/sms/send`: taking, refusing, quoting.

use serde_json::json;

use crate::platform::{BANK, Platform, SHOP};

#[tokio::test]
async fn a_message_is_taken_and_its_price_is_held() {
    let platform = Platform::start().await;
    let reply = platform.send(&platform.bank, json!({ "reference": "order-17" })).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    assert_eq!(reply.json["state"], "accepted");
    assert_eq!((&reply.json["segments"], &reply.json["encoding"]), (&json!(1), &json!("gsm7")));
    assert_eq!(reply.json["price"], json!({ "amount": "0.0125", "currency": "EUR" }));
    assert_eq!(reply.json["accepted_at"], "2027-01-15T08:00:00.000Z");
    assert_eq!(reply.json["expires_at"], "2027-01-16T08:00:00.000Z");
    assert_eq!(reply.header("location"), format!("/v1/sms/{}", reply.id()));
    let balance = platform.get(&platform.bank, "/v1/balance").await;
    assert_eq!((&balance.json["available"], &balance.json["held"]), (&json!("9.9875"), &json!("0.0125")));
}

#[tokio::test]
async fn each_segment_is_counted_and_charged() {
    let platform = Platform::start().await;
    let reply = platform.send(&platform.bank, json!({ "text": "a".repeat(161) })).await;
    assert_eq!((&reply.json["segments"], &reply.json["price"]["amount"]), (&json!(2), &json!("0.025")));
    let reply = platform.send(&platform.bank, json!({ "text": "Ваш код 000000" })).await;
    assert_eq!((&reply.json["segments"], &reply.json["encoding"]), (&json!(1), &json!("ucs2")));
    let reply = platform.send(&platform.bank, json!({ "text": "a", "encoding": "ucs2" })).await;
    assert_eq!(reply.json["encoding"], "ucs2");
}

#[tokio::test]
async fn an_otp_is_short_lived_unless_it_says_otherwise() {
    let platform = Platform::start().await;
    let reply = platform.send(&platform.bank, json!({ "class": "otp" })).await;
    assert_eq!(reply.json["expires_at"], "2027-01-15T08:05:00.000Z");
    let reply = platform.send(&platform.bank, json!({ "class": "otp", "validity_s": 60 })).await;
    assert_eq!(reply.json["expires_at"], "2027-01-15T08:01:00.000Z");
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_by_its_code_and_leaves_no_trace() {
    let platform = Platform::start().await;
    let before = platform.traces().await;
    for (changes, status, code, pointer) in [
        (json!({ "to": "+491555123" }), 422, "invalid_destination", "/to"),
        (json!({ "to": "+999000000001" }), 422, "no_price", "/to"),
        (json!({ "from": "much too long a name" }), 422, "invalid_sender", "/from"),
        (json!({ "text": "" }), 422, "message_empty", "/text"),
        (json!({ "text": "a".repeat(40_000) }), 422, "message_too_long", "/text"),
        (json!({ "text": "Привет", "encoding": "gsm7" }), 422, "text_not_encodable", "/text"),
        (json!({ "max_price": "0.0124" }), 422, "price_above_maximum", "/max_price"),
        (json!({ "to": "+12025550123" }), 422, "no_route", "/to"),
    ] {
        let reply = platform.send(&platform.bank, changes).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (status, code), "{}", reply.text);
        assert_eq!(reply.json["errors"][0]["pointer"], pointer, "{}", reply.text);
    }
    assert_eq!(platform.traces().await, before);
}

#[tokio::test]
async fn what_the_balance_does_not_cover_is_refused_and_what_it_does_is_still_taken() {
    let platform = Platform::start().await;
    let shop = spend_all(&platform).await;
    let reply = platform.send(&shop, json!({ "text": "a".repeat(30_000) })).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (402, "insufficient_funds"), "{}", reply.text);
    assert_eq!(platform.send(&shop, json!({})).await.status, 202);
}

/// A key of an account that has almost nothing left: the shop, after many long messages.
async fn spend_all(platform: &Platform) -> String {
    while platform.send(&platform.shop, json!({ "text": "a".repeat(30_000) })).await.status == 202 {}
    platform.shop.clone()
}

#[tokio::test]
async fn a_price_at_the_maximum_is_taken() {
    let platform = Platform::start().await;
    assert_eq!(platform.send(&platform.bank, json!({ "max_price": "0.0125" })).await.status, 202);
}

#[tokio::test]
async fn a_dry_run_tells_price_and_route_and_leaves_no_trace() {
    let platform = Platform::start().await;
    let before = platform.traces().await;
    let reply = platform.send(&platform.bank, json!({ "dry_run": true, "text": "a".repeat(200) })).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!((&reply.json["segments"], &reply.json["price"]["amount"]), (&json!(2), &json!("0.025")));
    assert_eq!((&reply.json["affordable"], &reply.json["encoding"]), (&json!(true), &json!("gsm7")));
    assert_eq!(reply.json["route"]["name"], "United Kingdom");
    assert_eq!(reply.json["route"]["considered"][0]["matched"], true);
    assert_eq!(platform.traces().await, before);
}

#[tokio::test]
async fn a_dry_run_does_not_tell_of_routes_made_for_others() {
    let platform = Platform::start().await;
    let reply = platform.send(&platform.bank, json!({ "dry_run": true })).await;
    assert!(!reply.text.contains("secret route"), "{}", reply.text);
    let reply = platform.send(&platform.shop, json!({ "dry_run": true })).await;
    assert!(reply.text.contains("secret route"), "{}", reply.text);
}

#[tokio::test]
async fn a_dry_run_says_when_the_balance_would_not_do() {
    let platform = Platform::start().await;
    let shop = spend_all(&platform).await;
    let reply = platform.send(&shop, json!({ "dry_run": true, "text": "a".repeat(30_000) })).await;
    assert_eq!((reply.status.as_u16(), &reply.json["affordable"]), (200, &json!(false)));
}

#[tokio::test]
async fn a_suspended_account_is_told_so() {
    let platform = Platform::start().await;
    let mut account = platform.engine.store().load_configuration().await.unwrap().accounts.remove(0);
    assert_eq!(account.id, BANK);
    account.state = sambac_store::rows::AccessState::Suspended;
    platform.engine.store().upsert_account(&account).await.unwrap();
    platform.engine.reload().await;
    let reply = platform.send(&platform.bank, json!({})).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (403, "account_suspended"));
    assert_eq!(platform.send(&platform.shop, json!({})).await.status, 202, "{SHOP} is not suspended");
}

#[tokio::test]
async fn a_platform_that_stops_takes_nothing() {
    let platform = Platform::start().await;
    platform.engine.stop(std::time::Duration::from_secs(5)).await;
    let reply = platform.send(&platform.bank, json!({})).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (503, "service_unavailable"));
    assert_eq!(reply.header("retry-after"), "1");
}
