//! `/v1/opt-outs`: who gets no more messages, put there one by one or by a file, and what becomes of messages to them.

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use crate::platform::{Platform, Reply, request};

const NUMBER: &str = "+447700900123";

async fn add(platform: &Platform, key: &str, body: Value) -> Reply {
    platform.post(key, "/v1/opt-outs", &body).await
}

async fn import(platform: &Platform, key: &str, file: &str) -> Reply {
    let request = request(Method::POST, "/v1/opt-outs/import", key).header("content-type", "text/csv");
    platform.call(request.body(Body::from(file.to_owned())).unwrap()).await
}

async fn remove(platform: &Platform, key: &str, id: &str) -> Reply {
    let request = request(Method::DELETE, &format!("/v1/opt-outs/{id}"), key);
    platform.call(request.body(Body::empty()).unwrap()).await
}

async fn numbers(platform: &Platform, key: &str, query: &str) -> Vec<String> {
    let list = platform.get(key, &format!("/v1/opt-outs{query}")).await;
    assert_eq!(list.status, 200, "{}", list.text);
    list.json["data"].as_array().unwrap().iter().map(|one| one["number"].as_str().unwrap().to_owned()).collect()
}

/// A number on the list gets nothing but one-time codes, of its own account only, until it is taken off; what was said stays.
#[tokio::test]
async fn a_number_on_the_list_gets_one_time_codes_only() {
    let platform = Platform::start().await;
    let send = async |key: &str, changes: Value| platform.send(key, changes).await;
    assert_eq!(send(&platform.bank, json!({})).await.status, 202);
    let added = add(&platform, &platform.bank, json!({ "number": NUMBER, "note": "asked by phone" })).await;
    assert_eq!((added.status.as_u16(), &added.json["state"]), (201, &json!("opted_out")), "{}", added.text);
    assert_eq!((&added.json["source"], &added.json["number"]), (&json!("api"), &json!(NUMBER)), "{}", added.text);
    for changes in [json!({}), json!({ "dry_run": true })] {
        let refused = send(&platform.bank, changes).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (422, "recipient_opted_out"), "{}", refused.text);
        assert_eq!(refused.json["errors"][0]["pointer"], "/to");
    }
    let code = send(&platform.bank, json!({ "class": "otp" })).await;
    assert_eq!(code.status, 202, "{}", code.text);
    let life = platform.get(&platform.bank, &format!("/v1/sms/{}", code.id())).await;
    assert!(life.text.contains("opt_out_exempt"), "its life says so: {}", life.text);
    assert_eq!(send(&platform.shop, json!({})).await.status, 202, "another account's list is not this one's");
    assert_eq!(send(&platform.bank, json!({ "to": "+447700900124" })).await.status, 202);

    let again = add(&platform, &platform.bank, json!({ "number": NUMBER })).await;
    assert_eq!((again.id(), &again.json["note"]), (added.id(), &Value::Null), "one entry, with the new note");
    let removed = remove(&platform, &platform.bank, &added.id()).await;
    assert_eq!((removed.status.as_u16(), &removed.json["state"]), (200, &json!("opted_in")), "{}", removed.text);
    assert_eq!(remove(&platform, &platform.bank, &added.id()).await.json, removed.json, "once is enough");
    assert_eq!(send(&platform.bank, json!({})).await.status, 202);
    assert_eq!(numbers(&platform, &platform.bank, "?state=opted_in").await, [NUMBER]);
    let audit = platform.get(&platform.bank, "/v1/audit").await;
    assert!(audit.text.contains("DELETE /v1/opt-outs/out_") && !audit.text.contains("7700900123"), "{}", audit.text);
    let events = platform.get(&platform.bank, "/v1/events?types=recipient.opted_out,recipient.opted_in").await;
    let told: Vec<_> = events.json["data"].as_array().unwrap().iter().map(|one| &one["type"]).collect();
    assert_eq!(told, ["recipient.opted_out", "recipient.opted_in"], "once each: {}", events.text);
}

/// An entry may be for one sender: the others go on.
#[tokio::test]
async fn an_entry_may_be_for_one_sender() {
    let platform = Platform::start().await;
    let added = add(&platform, &platform.bank, json!({ "number": NUMBER, "sender": "MyBank" })).await;
    assert_eq!((added.status.as_u16(), &added.json["sender"]), (201, &json!("MyBank")), "{}", added.text);
    assert_eq!(platform.send(&platform.bank, json!({ "from": "MyBank" })).await.code(), "recipient_opted_out");
    assert_eq!(platform.send(&platform.bank, json!({ "from": "MyShop" })).await.status, 202);
    for (body, code, pointer) in [
        (json!({ "number": "nobody" }), "invalid_destination", "/number"),
        (json!({ "number": NUMBER, "sender": "much too long a name" }), "invalid_sender", "/sender"),
        (json!({ "number": NUMBER, "note": "x".repeat(201) }), "invalid_request", "/note"),
    ] {
        let reply = add(&platform, &platform.bank, body).await;
        assert_eq!((reply.code(), &reply.json["errors"][0]["pointer"]), (code, &json!(pointer)), "{}", reply.text);
    }
}

/// A file is taken whole or not at all; each line to blame is told.
#[tokio::test]
async fn a_file_is_taken_whole_or_not_at_all() {
    let platform = Platform::start().await;
    let wrong =
        import(&platform, &platform.bank, "number,sender\n+447700900123,\nnobody,\n+447700900124,far too long\n").await;
    assert_eq!((wrong.status.as_u16(), wrong.code()), (400, "invalid_request"), "{}", wrong.text);
    let lines: Vec<_> = wrong.json["errors"].as_array().unwrap().iter().map(|one| &one["pointer"]).collect();
    assert_eq!(lines, ["/lines/3/number", "/lines/4/sender"]);
    assert_eq!(numbers(&platform, &platform.bank, "").await, Vec::<String>::new());
    let file = "number,sender,note\n+447700900000,,\n+447700900001,,said so\n+447700900002,MyBank,\n";
    let taken = import(&platform, &platform.bank, file).await;
    assert_eq!((taken.status.as_u16(), &taken.json["numbers"]), (200, &json!(3)), "{}", taken.text);
    assert_eq!(numbers(&platform, &platform.bank, "?limit=2").await, ["+447700900002", "+447700900001"]);
    assert_eq!(numbers(&platform, &platform.bank, "?number=%2B447700900001").await, ["+447700900001"]);
    assert_eq!(numbers(&platform, &platform.shop, "").await, Vec::<String>::new());
    let refused = platform.send(&platform.bank, json!({ "to": "+447700900001" })).await;
    assert_eq!(refused.code(), "recipient_opted_out");
    let json = platform.post(&platform.bank, "/v1/opt-outs/import", &json!({})).await;
    assert_eq!((json.status.as_u16(), json.code()), (415, "unsupported_media_type"));
}
