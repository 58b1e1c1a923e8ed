//! What the audit log tells of calls, and whom.

use axum::http::Method;
use sambac_engine::user::Role;
use serde_json::{Value, json};

use crate::platform::{BANK, Platform};
use crate::users::log_in_as;

/// `actor action subject` of each entry, the newest first.
fn told(list: &Value) -> Vec<String> {
    let entry = |entry: &Value| {
        let part = |name: &str| entry[name].as_str().unwrap().to_owned();
        format!("{}: {} {}", part("actor"), part("action"), part("subject"))
    };
    list["data"].as_array().unwrap().iter().map(entry).collect()
}

/// Each write of the admin API is kept with who did it, and what it changed as a version of the configuration; reads are not, but exports.
#[tokio::test]
async fn what_administrators_do_is_kept() {
    let platform = Platform::start().await;
    let path = format!("/v1/admin/accounts/{BANK}");
    let body = json!({ "throughput": "10/s" });
    assert_eq!(platform.admin(Method::PATCH, &path, Some(&body), &[]).await.status, 200);
    assert_eq!(platform.admin(Method::GET, &path, None, &[]).await.status, 200);
    assert_eq!(platform.admin(Method::GET, "/v1/admin/configuration", None, &[]).await.status, 200);
    let wrong = json!({ "throughput": "fast, with secret words" });
    assert_eq!(platform.admin(Method::PATCH, &path, Some(&wrong), &[]).await.status, 400);
    let list = platform.admin(Method::GET, "/v1/admin/audit?limit=5", None, &[]).await;
    let told = told(&list.json);
    assert_eq!(told[0], format!("admin key admin 1: admin.call PATCH {path}"));
    assert_eq!(list.json["data"][0]["detail"], json!({ "status": 400 }));
    assert_eq!(told[1], "admin key admin 1: admin.export GET /v1/admin/configuration");
    assert_eq!(told[2], format!("admin key admin 1: admin.call PATCH {path}"));
    assert_eq!(told[3], "admin key admin 1: config.change version 1");
    assert!(!list.text.contains("secret words") && !list.text.contains("sambac_admin_"), "{}", list.text);
    let found = platform.admin(Method::GET, "/v1/admin/audit?action=config.&actor=admin+key+admin+1", None, &[]).await;
    assert_eq!(found.json["data"].as_array().unwrap().len(), 1, "{}", found.text);
    let page = platform.admin(Method::GET, "/v1/admin/audit?limit=1", None, &[]).await;
    let next = format!("/v1/admin/audit?limit=1&cursor={}", page.json["next_cursor"].as_str().unwrap());
    assert_ne!(platform.admin(Method::GET, &next, None, &[]).await.json["data"], page.json["data"]);
}

/// A client reads what was done to its account, by itself and by us, and nothing of others; messages are no entries.
#[tokio::test]
async fn a_client_reads_of_its_own_account() {
    let platform = Platform::start().await;
    let made = platform.post(&platform.bank, "/v1/keys", &json!({ "name": "core", "scopes": ["sms:read"] })).await;
    platform.send(&platform.bank, json!({})).await;
    let key = made.id();
    let revoked = platform.admin(Method::DELETE, &format!("/v1/admin/keys/{key}"), None, &[]).await;
    assert_eq!(revoked.status, 204);
    let list = platform.get(&platform.bank, "/v1/audit").await;
    let own = list.json["data"][1]["actor"].as_str().unwrap().to_owned();
    assert!(own.starts_with("api key key_"), "{own}");
    let expected = [
        format!("administrator: key.revoke {key}"),
        format!("{own}: client.call POST /v1/keys"),
        format!("{own}: key.create {key}"),
    ];
    assert_eq!(told(&list.json), expected);
    assert_eq!(list.json["data"][2]["detail"], json!({ "name": "core", "scopes": ["sms:read"] }));
    assert!(!list.text.contains("sambac_live_"), "{}", list.text);
    assert_eq!(platform.get(&platform.shop, "/v1/audit").await.json["data"], json!([]));
    let rotations = platform.get(&platform.bank, "/v1/audit?action=key.rotate").await;
    assert_eq!(rotations.json["data"], json!([]));
}

/// Persons of an account are named in its own log, those who run the platform are not; nor is from where they call.
#[tokio::test]
async fn an_account_knows_its_own_persons() {
    let platform = Platform::start().await;
    let (own, ours) = (log_in_as(&platform, Role::ClientAdmin).await, log_in_as(&platform, Role::PlatformAdmin).await);
    let wanted = json!({ "name": "core", "scopes": ["sms:read"] });
    assert_eq!(platform.post(&own, "/v1/keys", &wanted).await.status, 201);
    let key = json!({ "name": "theirs", "scopes": ["sms:read"] });
    assert_eq!(platform.post(&ours, &format!("/v1/admin/accounts/{BANK}/keys"), &key).await.status, 201);
    let list = platform.get(&platform.bank, "/v1/audit?action=key.create").await;
    let actors: Vec<_> = list.json["data"].as_array().unwrap().iter().map(|entry| entry["actor"].clone()).collect();
    assert_eq!(actors, ["administrator", "user client_admin@example.com"], "{}", list.text);
    assert!(!list.text.contains("platform_admin@example.com"), "{}", list.text);
}
