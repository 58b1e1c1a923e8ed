//! `/v1/templates`: versions, four eyes, and messages that are made by them, or may be nothing else.

use axum::body::Body;
use axum::http::Method;
use sambac_engine::Scope;
use serde_json::{Value, json};

use crate::platform::{BANK, Platform, Reply, request};

fn parcel() -> Value {
    json!({ "name": "parcel", "default_locale": "en",
        "variables": { "parcel": "digits(8)", "name": "word(20)" },
        "texts": { "en": "Dear {name}, parcel {parcel} comes {{today}}.", "de": "{name}, Paket {parcel} kommt." } })
}

/// A key that approves.
async fn approver(platform: &Platform) -> String {
    platform.key(BANK, 60, &Scope::ALL, |_| {}).await
}

async fn add(platform: &Platform, template: &Value) -> String {
    let reply = platform.post(&platform.bank, "/v1/templates", template).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.id()
}

async fn decide(platform: &Platform, key: &str, id: &str, word: &str) -> Reply {
    platform.post(key, &format!("/v1/templates/{id}/{word}"), &json!({ "reason": "read by Jo" })).await
}

/// Sends by the template with these fields changed.
async fn send(platform: &Platform, changes: Value) -> Reply {
    let mut body = json!({ "text": null, "template": "parcel", "variables": { "parcel": "17", "name": "Anna" } });
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    platform.send(&platform.bank, body).await
}

/// The account sends approved texts only.
async fn require(platform: &Platform) {
    let mut account = platform.engine.store().load_configuration().await.unwrap().accounts.remove(0);
    account.message_rules = r#"{"templates":"required"}"#.to_owned();
    platform.engine.store().upsert_account(&account).await.unwrap();
    platform.engine.reload().await;
}

#[tokio::test]
async fn a_version_is_used_once_somebody_else_has_approved_it() {
    let platform = Platform::start().await;
    let approver = approver(&platform).await;
    let id = add(&platform, &parcel()).await;
    assert_eq!(send(&platform, json!({})).await.code(), "template_unknown", "it waits");
    let own = decide(&platform, &platform.bank, &id, "approve").await;
    assert_eq!((own.status.as_u16(), own.code()), (403, "four_eyes"));
    let approved = decide(&platform, &approver, &id, "approve").await;
    assert_eq!((approved.status.as_u16(), &approved.json["state"]), (200, &json!("approved")), "{}", approved.text);
    let again = decide(&platform, &approver, &id, "refuse").await;
    assert_eq!((again.status.as_u16(), again.code()), (409, "wrong_state"));
    assert_eq!(send(&platform, json!({})).await.status, 202);

    let mut second = parcel();
    second["texts"]["en"] = json!(
        "{name}: {parcel}. {name}, this one takes up more room, so that it can be told from the first: \
        it says so much that one segment is not enough for all of it, whatever the name of its person."
    );
    let second = add(&platform, &second).await;
    assert_eq!(send(&platform, json!({})).await.json["segments"], 1, "the approved version is taken");
    decide(&platform, &approver, &second, "approve").await;
    assert_eq!(send(&platform, json!({})).await.json["segments"], 2);
    assert_eq!(send(&platform, json!({ "template_version": 1 })).await.json["segments"], 1);
    let retired = decide(&platform, &approver, &second, "retire").await;
    assert_eq!(retired.json["state"], "retired", "{}", retired.text);
    assert_eq!(send(&platform, json!({})).await.json["segments"], 1);
    let list = platform.get(&platform.bank, "/v1/templates?name=parcel").await;
    let versions: Vec<_> = list.json["data"].as_array().unwrap().iter().map(|one| one["version"].as_u64()).collect();
    assert_eq!(versions, [Some(2), Some(1)]);
    let shown = platform.get(&platform.bank, &format!("/v1/templates/{id}")).await;
    assert_eq!(
        (&shown.json["reason"], &shown.json["variables"]["parcel"]),
        (&json!("read by Jo"), &json!("digits(8)"))
    );
    let preview = json!([{ "locale": "de", "encoding": "gsm7", "segments_max": 1 },
        { "locale": "en", "encoding": "gsm7", "segments_max": 1 }]);
    assert_eq!(shown.json["preview"], preview);
}

#[tokio::test]
async fn variables_are_of_their_types_and_the_nearest_language_is_taken() {
    let platform = Platform::start().await;
    let id = add(&platform, &parcel()).await;
    decide(&platform, &approver(&platform).await, &id, "approve").await;
    for (variables, pointer) in [
        (json!({ "parcel": "17" }), "/variables/name"),
        (json!({ "parcel": "17", "name": "two words" }), "/variables/name"),
        (json!({ "parcel": "https://evil.example", "name": "Anna" }), "/variables/parcel"),
        (json!({ "parcel": "17", "name": "Anna", "x": "y" }), "/variables/x"),
    ] {
        let reply = send(&platform, json!({ "variables": variables })).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (422, "template_mismatch"), "{}", reply.text);
        assert_eq!(reply.json["errors"][0]["pointer"], pointer, "{}", reply.text);
        assert!(!reply.text.contains("evil"), "values are not repeated: {}", reply.text);
    }
    for (changes, code, pointer) in [
        (json!({ "text": "and a text" }), "invalid_request", "/template"),
        (json!({ "template": null }), "invalid_request", "/template"),
        (json!({ "template": "nothing" }), "template_unknown", "/template"),
        (json!({ "template_version": 9 }), "template_unknown", "/template"),
    ] {
        let reply = send(&platform, changes).await;
        assert_eq!((reply.code(), &reply.json["errors"][0]["pointer"]), (code, &json!(pointer)), "{}", reply.text);
    }
    assert_eq!(send(&platform, json!({ "locale": "de-AT" })).await.status, 202);
    assert_eq!(send(&platform, json!({ "locale": "fr" })).await.status, 202);
}

#[tokio::test]
async fn a_template_that_cannot_be_used_is_not_made() {
    let platform = Platform::start().await;
    let wrong = json!({ "name": "two words", "default_locale": "fr", "variables": { "Bad": "word(3)" },
        "texts": { "en": "{", "DE": "{Bad} {other}" } });
    let reply = platform.post(&platform.bank, "/v1/templates", &wrong).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (400, "invalid_request"), "{}", reply.text);
    let pointers: Vec<_> = reply.json["errors"].as_array().unwrap().iter().map(|one| &one["pointer"]).collect();
    for pointer in ["/name", "/default_locale", "/variables/Bad", "/texts/en", "/texts/DE"] {
        assert!(pointers.contains(&&json!(pointer)), "{pointer}: {}", reply.text);
    }
    let kind =
        json!({ "name": "x", "default_locale": "en", "variables": { "a": "anything" }, "texts": { "en": "{a}" } });
    let reply = platform.post(&platform.bank, "/v1/templates", &kind).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (400, "invalid_request"), "{}", reply.text);
}

#[tokio::test]
async fn where_templates_are_required_nothing_else_is_sent() {
    let platform = Platform::start().await;
    let id = add(&platform, &parcel()).await;
    decide(&platform, &approver(&platform).await, &id, "approve").await;
    require(&platform).await;
    let free = platform.send(&platform.bank, json!({})).await;
    assert_eq!((free.status.as_u16(), free.code()), (422, "template_required"), "{}", free.text);
    let octets = platform.send(&platform.bank, json!({ "text": null, "data": "0102" })).await;
    assert_eq!(octets.code(), "template_required", "{}", octets.text);
    assert_eq!(send(&platform, json!({})).await.status, 202);
    let same = platform.send(&platform.bank, json!({ "text": "Dear Anna, parcel 17 comes {today}." })).await;
    assert_eq!(same.status, 202, "a text that the template could have made: {}", same.text);
    let dry = platform.send(&platform.bank, json!({ "dry_run": true })).await;
    assert_eq!(dry.code(), "template_required");
    let code = platform.post(&platform.bank, "/v1/otp", &json!({ "to": "+447700900123", "from": "MyBank" })).await;
    assert_eq!(code.status, 201, "codes have their profiles: {}", code.text);
    assert_eq!(platform.send(&platform.shop, json!({})).await.status, 202, "another account is free");
}

#[tokio::test]
async fn a_batch_is_made_by_a_template_each_in_its_language() {
    let platform = Platform::start().await;
    let id = add(&platform, &parcel()).await;
    decide(&platform, &approver(&platform).await, &id, "approve").await;
    let recipient = |to: &str, parcel: &str, locale: &str| json!({ "to": to, "locale": locale, "variables": { "parcel": parcel, "name": "Anna" } });
    let body = json!({ "from": "MyBank", "template": "parcel",
        "recipients": [recipient("+447700900001", "1", "de"), recipient("+447700900002", "x", "en")] });
    let reply = platform.post(&platform.bank, "/v1/sms/batch", &body).await;
    assert_eq!((reply.status.as_u16(), &reply.json["batch"]["accepted"]), (202, &json!(1)), "{}", reply.text);
    let error = &reply.json["recipients"][1]["error"];
    assert_eq!(
        (&error["code"], &error["errors"][0]["pointer"]),
        (&json!("template_mismatch"), &json!("/recipients/1/variables/parcel"))
    );
    let unknown = json!({ "from": "MyBank", "template": "nothing", "recipients": [{ "to": "+447700900001" }] });
    assert_eq!(platform.post(&platform.bank, "/v1/sms/batch", &unknown).await.code(), "template_unknown");
    let both =
        json!({ "from": "MyBank", "template": "parcel", "text": "x", "recipients": [{ "to": "+447700900001" }] });
    assert_eq!(platform.post(&platform.bank, "/v1/sms/batch", &both).await.code(), "invalid_request");
}

/// A name that stands twice is refused by its name: what one reader checked another would send.
#[tokio::test]
async fn a_name_that_stands_twice_is_refused() {
    let platform = Platform::start().await;
    for (path, body, field) in [
        (
            "/v1/sms/send",
            r#"{"to": "+447700900123", "from": "MyBank", "template": "parcel", "variables": {"parcel": "1", "parcel": "2"}}"#,
            "/variables/parcel",
        ),
        (
            "/v1/sms/batch",
            r#"{"from": "MyBank", "text": "{a}", "recipients": [{"to": "+447700900123", "variables": {"a": "1", "a": "2"}}]}"#,
            "/recipients/0/variables/a",
        ),
        (
            "/v1/templates",
            r#"{"name": "parcel", "default_locale": "en", "texts": {"en": "one", "en": "two"}}"#,
            "/texts/en",
        ),
    ] {
        let request = request(Method::POST, path, &platform.bank).header("content-type", "application/json");
        let refused = platform.call(request.body(Body::from(body)).unwrap()).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, "invalid_request"), "{path}: {}", refused.text);
        assert_eq!(refused.json["errors"][0]["pointer"], field, "{}", refused.text);
    }
}
