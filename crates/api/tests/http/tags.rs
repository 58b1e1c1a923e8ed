//! Tags, references and the other words by which messages are found again.

use serde_json::{Value, json};

use crate::platform::Platform;

/// The references of the messages that a list has.
async fn found(platform: &Platform, query: &str) -> Vec<String> {
    let list = platform.get(&platform.bank, &format!("/v1/sms?{query}")).await;
    let data = list.json["data"].as_array().unwrap_or_else(|| panic!("{}", list.text));
    data.iter().map(|one| one["reference"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn messages_are_found_by_their_tags_reference_sender_and_time() {
    let platform = Platform::start().await;
    let send = async |reference: &str, from: &str, tags: Value| {
        let reply = platform.send(&platform.bank, json!({ "reference": reference, "from": from, "tags": tags })).await;
        assert_eq!(reply.status, 202, "{}", reply.text);
        platform.engine.clock().advance_micros(60_000_000);
        reply.id()
    };
    let first = send("a", "MyBank", json!(["november", "vip", "vip"])).await;
    send("b", "Other", json!(["november"])).await;
    send("c", "MyBank", json!([])).await;
    let batch = json!({ "from": "MyBank", "text": "x", "tags": ["vip"], "recipients": [{ "to": "+447700900001", "reference": "d" }] });
    assert_eq!(platform.post(&platform.bank, "/v1/sms/batch", &batch).await.json["batch"]["accepted"], 1);
    platform.send(&platform.shop, json!({ "reference": "theirs", "tags": ["november"] })).await;

    assert_eq!(found(&platform, "tag=november").await, ["b", "a"]);
    assert_eq!(found(&platform, "tag=vip").await, ["d", "a"]);
    assert_eq!(found(&platform, "tag=vip&limit=1").await, ["d"]);
    assert_eq!(found(&platform, "tag=vip&reference=a").await, ["a"]);
    assert_eq!(found(&platform, "tag=nothing").await, [""; 0]);
    assert_eq!(found(&platform, "reference=c").await, ["c"]);
    assert_eq!(found(&platform, "from=Other").await, ["b"]);
    // They were taken at 08:00, 08:01, 08:02 and 08:03.
    assert_eq!(found(&platform, "since=2027-01-15T08:01:00Z&until=2027-01-15T08:03:00Z").await, ["c", "b"]);
    let sms = platform.get(&platform.bank, &format!("/v1/sms/{first}")).await;
    assert_eq!(sms.json["tags"], json!(["november", "vip"]));
    let canceled = platform.post(&platform.bank, &format!("/v1/sms/{first}/cancel"), &json!({})).await;
    assert_eq!(canceled.json["tags"], json!(["november", "vip"]), "{}", canceled.text);
}

#[tokio::test]
async fn what_is_no_tag_or_no_filter_is_refused() {
    let platform = Platform::start().await;
    for (tags, pointer) in [
        (json!(["two words"]), "/tags/0"),
        (json!(["447700900123"]), "/tags/0"),
        (json!(["x", "a".repeat(33)]), "/tags/1"),
        (json!(["a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a"]), "/tags"),
    ] {
        let reply = platform.send(&platform.bank, json!({ "tags": tags })).await;
        assert_eq!(
            (reply.code(), &reply.json["errors"][0]["pointer"]),
            ("invalid_request", &json!(pointer)),
            "{}",
            reply.text
        );
    }
    for (query, name) in [("since=yesterday", "since"), ("until=1", "until"), ("from=much+too+long+a+name", "from")] {
        let reply = platform.get(&platform.bank, &format!("/v1/sms?{query}")).await;
        assert_eq!(
            (reply.code(), &reply.json["errors"][0]["parameter"]),
            ("invalid_request", &json!(name)),
            "{}",
            reply.text
        );
    }
}
