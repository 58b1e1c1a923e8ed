//! The guard against pumping: codes that nobody enters are stopped, each with the rule and what it saw, and customers are not.

use sambac_engine::admin::AdminScope;
use serde_json::{Value, json};

use crate::otp::{code_of, new_otp, start};
use crate::platform::{BANK, Platform, Reply};

async fn guarded(guard: Value) -> Platform {
    let platform = Platform::start().await;
    let admin = platform.admin_key(1, &[AdminScope::ConfigRead, AdminScope::ConfigWrite], |_| {}).await;
    let path = format!("/v1/admin/accounts/{BANK}");
    let changed = platform.patch(&admin, &path, &json!({ "otp_guard": guard })).await;
    assert_eq!(changed.status.as_u16(), 200, "{}", changed.text);
    platform
}

async fn ask(platform: &Platform, last: u32, changes: Value) -> Reply {
    let mut body = json!({ "to": format!("+447700900{last:03}") });
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    platform.post(&platform.bank, "/v1/otp", &new_otp(body)).await
}

#[tokio::test]
async fn codes_that_nobody_enters_are_stopped_and_verifications_open_the_range_again() {
    let platform = guarded(json!({ "mode": "stop" })).await;
    let known = start(&platform, &platform.bank, json!({ "to": "+447700900999" })).await.id();
    let code = code_of(&platform, &known).await;
    let checked = platform.post(&platform.bank, &format!("/v1/otp/{known}/check"), &json!({ "code": code })).await;
    assert_eq!(checked.status.as_u16(), 200, "{}", checked.text);
    let mut sent = Vec::new();
    for last in 0..9 {
        sent.push(ask(&platform, last, json!({})).await);
    }
    // A verified code lets one more be unverified.
    assert!(sent.iter().all(|reply| reply.status.as_u16() == 201), "{}", sent.last().unwrap().text);
    let stopped = ask(&platform, 10, json!({})).await;
    assert_eq!((stopped.status.as_u16(), stopped.code()), (403, "otp_blocked"), "{}", stopped.text);
    assert!(
        stopped.text.contains("range_not_verified: of codes to +447700900..., 9 were not verified and 1 were"),
        "{}",
        stopped.text
    );
    assert_eq!(
        ask(&platform, 999, json!({})).await.status.as_u16(),
        201,
        "a number that has verified is not in question"
    );
    let elsewhere = platform.post(&platform.bank, "/v1/otp", &new_otp(json!({ "to": "+447911123456" }))).await;
    assert_eq!(elsewhere.status.as_u16(), 201, "another range is not in question: {}", elsewhere.text);

    for reply in &sent[..4] {
        let code = code_of(&platform, &reply.id()).await;
        platform.post(&platform.bank, &format!("/v1/otp/{}/check", reply.id()), &json!({ "code": code })).await;
    }
    assert_eq!(ask(&platform, 11, json!({})).await.status.as_u16(), 201);
}

#[tokio::test]
async fn a_guard_that_watches_sends_and_one_that_is_not_set_up_watches() {
    for guard in [json!(null), json!({ "mode": "watch" }), json!({ "mode": "off" })] {
        let platform = guarded(guard).await;
        for last in 0..20 {
            assert_eq!(ask(&platform, last, json!({})).await.status.as_u16(), 201);
        }
    }
}

#[tokio::test]
async fn countries_numbers_and_keys_of_the_caller_have_their_bounds() {
    let platform = guarded(json!({ "mode": "stop", "countries": ["DE"], "safe": ["4477009005"] })).await;
    let abroad = ask(&platform, 1, json!({})).await;
    assert_eq!(abroad.code(), "otp_blocked");
    assert!(abroad.text.contains("country_not_listed: codes do not go to GB"), "{}", abroad.text);
    assert_eq!(ask(&platform, 500, json!({})).await.status.as_u16(), 201, "a safe number");

    let guard = json!({ "mode": "stop", "countries": ["GB"], "per_number": "2/h burst 2", "per_user": "2/h burst 2" });
    let platform = guarded(guard).await;
    let anna = json!({ "asked_by": { "user": "anna", "ip": "192.0.2.7" } });
    assert_eq!(ask(&platform, 1, anna.clone()).await.status.as_u16(), 201);
    assert_eq!(ask(&platform, 2, anna.clone()).await.status.as_u16(), 201);
    let third = ask(&platform, 3, anna).await;
    assert!(third.text.contains("rate_key_velocity: one user gets 2/h burst 2 codes; again from"), "{}", third.text);
    assert_eq!(ask(&platform, 1, json!({})).await.status.as_u16(), 201);
    let same = ask(&platform, 1, json!({})).await;
    assert!(same.text.contains("number_velocity"), "{}", same.text);
    let wrong = ask(&platform, 4, json!({ "asked_by": { "name": "anna" } })).await;
    assert_eq!(wrong.status.as_u16(), 400, "{}", wrong.text);
}

/// What is stopped is counted in the funnel, and told in an alert that names the account.
#[tokio::test]
async fn what_is_stopped_is_counted_and_told() {
    let platform = guarded(json!({ "mode": "stop", "unverified_max": 1 })).await;
    assert_eq!(ask(&platform, 0, json!({})).await.status.as_u16(), 201);
    for last in 1..4 {
        assert_eq!(ask(&platform, last, json!({})).await.code(), "otp_blocked");
    }
    let alert = platform.engine.alerts().into_iter().find(|alert| alert.kind.as_str() == "otp_pumping").unwrap();
    assert_eq!((alert.subject.as_str(), alert.text.contains("+447700900...")), ("Bank", true), "{}", alert.text);
    let funnel = loop {
        let funnel = platform.get(&platform.bank, "/v1/otp/funnel").await;
        if funnel.json["data"][0]["blocked"] == 3 {
            break funnel;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((&funnel.json["data"][0]["started"], &funnel.json["data"][0]["country"]), (&json!(1), &json!("GB")));
}

/// What was refused for another reason was not sent, and counts for nothing.
#[tokio::test]
async fn what_was_not_sent_does_not_count() {
    let platform = guarded(json!({ "mode": "stop", "unverified_max": 1 })).await;
    let refused = ask(&platform, 0, json!({ "max_price": "0.000001" })).await;
    assert_eq!(refused.code(), "price_above_maximum");
    assert_eq!(ask(&platform, 1, json!({})).await.status.as_u16(), 201);
}
