//! The sender registry: an account that sends by registered senders only, one owner in a country, and the days that it holds.

use axum::http::Method;
use serde_json::{Value, json};

use crate::platform::{Platform, Reply};

/// Changes what the messages of the account at this place in the list have to keep to.
async fn change(platform: &Platform, account: &str, messaging: &Value) -> Reply {
    let accounts = platform.admin(Method::GET, "/v1/admin/accounts", None, &[]).await;
    let list = accounts.json["data"].as_array().unwrap();
    let id = list.iter().find(|one| one["name"] == account).unwrap()["id"].as_str().unwrap();
    let body = json!({ "messaging": messaging });
    platform.admin(Method::PATCH, &format!("/v1/admin/accounts/{id}"), Some(&body), &[]).await
}

#[tokio::test]
async fn an_account_sends_by_its_registered_senders_where_they_are_registered() {
    let platform = Platform::start().await;
    // It is 2027-01-15.
    let messaging = json!({ "senders": "registered", "sender": [
        { "name": "MyBank", "countries": ["GB"], "until": "2027-01-15" },
        { "name": "Later", "state": "pending" },
        { "name": "Never", "state": "refused" },
        { "name": "Past", "until": "2027-01-14" },
        { "name": "Abroad", "countries": ["FR"] },
    ] });
    let changed = change(&platform, "Bank", &messaging).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(platform.send(&platform.bank, json!({})).await.status, 202);
    for (from, detail) in [
        ("Unknown", "it is not registered for the account"),
        ("mybank", "it is not registered for the account"),
        ("Later", "its registration waits for approval"),
        ("Never", "its registration was refused"),
        ("Past", "its registration has expired"),
        ("Abroad", "it is not registered for GB"),
    ] {
        let reply = platform.send(&platform.bank, json!({ "from": from })).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (422, "sender_not_registered"), "{}", reply.text);
        assert_eq!(reply.json["errors"][0], json!({ "pointer": "/from", "detail": detail }), "{}", reply.text);
    }
    let otp = platform.post(&platform.bank, "/v1/otp", &json!({ "to": "+447700900123", "from": "Unknown" })).await;
    assert_eq!(otp.code(), "sender_not_registered", "{}", otp.text);
    assert_eq!(
        platform.send(&platform.shop, json!({ "from": "Unknown" })).await.status,
        202,
        "the shop has no such rule"
    );
    platform.engine.clock().advance_micros(86_400_000_000);
    let reply = platform.send(&platform.bank, json!({})).await;
    assert_eq!(reply.json["detail"], "its registration has expired", "{}", reply.text);
}

#[tokio::test]
async fn an_approved_sender_has_one_owner_in_a_country() {
    let platform = Platform::start().await;
    let own = |countries: &[&str], state: &str| json!({ "sender": [{ "name": "MyBank", "countries": countries, "state": state }] });
    assert_eq!(change(&platform, "Bank", &own(&["GB"], "approved")).await.status, 200);
    let taken = change(&platform, "Shop", &own(&[], "approved")).await;
    assert_eq!((taken.status.as_u16(), taken.code()), (422, "invalid_configuration"), "{}", taken.text);
    assert!(taken.text.contains("registered for the account"), "{}", taken.text);
    assert_eq!(change(&platform, "Shop", &own(&["FR"], "approved")).await.status, 200, "in another country");
    assert_eq!(change(&platform, "Shop", &own(&[], "pending")).await.status, 200, "somebody has to decide");
    let twice = json!({ "sender": [{ "name": "A" }, { "name": "A", "countries": ["GB"] }] });
    assert_eq!(change(&platform, "Bank", &twice).await.code(), "invalid_configuration");
    let wrong = json!({ "sender": [{ "name": "A", "state": "maybe" }] });
    assert_eq!(change(&platform, "Bank", &wrong).await.code(), "invalid_request");
}
