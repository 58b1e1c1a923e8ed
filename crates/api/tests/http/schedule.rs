//! `send_at` and `zone`: messages for later, by a moment or by the clocks of a place.

use serde_json::{Value, json};

use crate::platform::{NOW, Platform};

/// What is told of a message that is sent at `send_at` by the clocks of `zone`. It is 2027-01-15T08:00Z.
async fn sent(platform: &Platform, to: &str, send_at: &str, zone: Option<&str>) -> Value {
    let mut changes = json!({ "to": to, "send_at": send_at });
    if let Some(zone) = zone {
        changes["zone"] = json!(zone);
    }
    platform.send(&platform.bank, changes).await.json
}

#[tokio::test]
async fn a_message_for_later_waits_and_its_validity_counts_from_then() {
    let platform = Platform::start().await;
    let reply =
        platform.send(&platform.bank, json!({ "send_at": "2027-01-15T10:00:00+01:00", "validity_s": 60 })).await;
    assert_eq!((reply.status.as_u16(), &reply.json["state"]), (202, &json!("scheduled")), "{}", reply.text);
    assert_eq!(reply.json["send_at"], "2027-01-15T09:00:00.000Z");
    assert_eq!(reply.json["expires_at"], "2027-01-15T09:01:00.000Z");
    let at_once = platform.send(&platform.bank, json!({})).await;
    assert_eq!((&at_once.json["state"], &at_once.json["send_at"]), (&json!("accepted"), &Value::Null));
    let list = platform.get(&platform.bank, "/v1/sms?state=scheduled").await;
    assert_eq!(
        (list.json["data"].as_array().unwrap().len(), &list.json["data"][0]["message_id"]),
        (1, &json!(reply.id()))
    );
    assert_eq!(list.json["data"][0]["send_at"], "2027-01-15T09:00:00.000Z");
    let path = format!("/v1/sms/{}", reply.id());
    assert_eq!(platform.get(&platform.bank, &path).await.json["state"], "scheduled");
    let held = platform.get(&platform.bank, "/v1/balance").await;
    assert_eq!(held.json["held"], "0.025", "the money is held from the start");
    let canceled = platform.post(&platform.bank, &format!("{path}/cancel"), &json!({})).await;
    assert_eq!((canceled.status.as_u16(), &canceled.json["state"]), (200, &json!("canceled")), "{}", canceled.text);
    assert_eq!(platform.get(&platform.bank, "/v1/balance").await.json["held"], "0.0125");
    let list = platform.get(&platform.bank, "/v1/sms?state=scheduled").await;
    assert_eq!(list.json["data"], json!([]));
}

#[tokio::test]
async fn when_its_time_has_come_a_message_is_on_its_way() {
    let platform = Platform::start().await;
    let id = platform.send(&platform.bank, json!({ "send_at": "2027-01-15T08:00:10Z" })).await.id();
    platform.engine.clock().advance_micros(11_000_000);
    let begun = std::time::Instant::now();
    loop {
        let list = platform.get(&platform.bank, "/v1/sms?state=routed").await;
        if list.json["data"][0]["message_id"] == id.as_str() {
            break;
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{}", list.text);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let list = platform.get(&platform.bank, "/v1/sms?state=scheduled").await;
    assert_eq!(list.json["data"], json!([]), "{NOW:?}");
}

#[tokio::test]
async fn local_times_are_those_of_the_zone_or_of_the_recipient() {
    let platform = Platform::start().await;
    for (to, send_at, zone, moment) in [
        ("+447700900123", "2027-01-15T09:00", None, "2027-01-15T09:00:00.000Z"),
        ("+447700900123", "2027-01-15T10:30", Some("Europe/Berlin"), "2027-01-15T09:30:00.000Z"),
        ("+447700900123", "2027-01-15T09:00:05", Some("recipient"), "2027-01-15T09:00:05.000Z"),
    ] {
        let told = sent(&platform, to, send_at, zone).await;
        assert_eq!(told["send_at"], moment, "{send_at} {zone:?}: {told}");
    }
}

#[tokio::test]
async fn what_is_no_time_to_come_is_refused() {
    let platform = Platform::start().await;
    for (to, send_at, zone, code, pointer) in [
        ("+447700900123", "2027-01-15T08:00:00Z", None, "invalid_schedule", "/send_at"),
        ("+447700900123", "2027-01-22T08:00:01Z", None, "invalid_schedule", "/send_at"),
        ("+447700900123", "2027-01-15T07:59", None, "invalid_schedule", "/send_at"),
        ("+447700900123", "tomorrow", None, "invalid_schedule", "/send_at"),
        ("+447700900123", "2027-02-30T09:00", None, "invalid_schedule", "/send_at"),
        ("+447700900123", "2027-01-15T09:00", Some("Europe/Atlantis"), "invalid_schedule", "/zone"),
        ("+447700900123", "2027-01-15T09:00:00Z", Some("Europe/Berlin"), "invalid_schedule", "/zone"),
        ("+12025550123", "2027-01-15T09:00", Some("recipient"), "invalid_schedule", "/zone"),
        ("+999000000001", "2027-01-15T09:00", Some("recipient"), "invalid_schedule", "/zone"),
    ] {
        let told = sent(&platform, to, send_at, zone).await;
        assert_eq!(
            (&told["code"], &told["errors"][0]["pointer"]),
            (&json!(code), &json!(pointer)),
            "{send_at}: {told}"
        );
    }
    let told = sent(&platform, "+12025550123", "2027-01-15T09:00", Some("recipient")).await;
    assert!(
        told["errors"][0]["detail"].as_str().unwrap().contains("America/"),
        "it names zones to choose from: {told}"
    );
    let told = platform.send(&platform.bank, json!({ "zone": "Europe/Berlin" })).await;
    assert_eq!((told.code(), &told.json["errors"][0]["pointer"]), ("invalid_request", &json!("/zone")));
}

#[tokio::test]
async fn each_recipient_of_a_batch_has_its_own_time() {
    let platform = Platform::start().await;
    let body = json!({ "from": "MyBank", "text": "x", "send_at": "2027-01-15T09:00", "zone": "recipient",
        "recipients": [{ "to": "+447700900001" }, { "to": "+12025550123" }] });
    let reply = platform.post(&platform.bank, "/v1/sms/batch", &body).await;
    assert_eq!(reply.json["batch"]["states"], json!({ "scheduled": 1 }), "{}", reply.text);
    assert_eq!(reply.json["recipients"][1]["error"]["code"], "invalid_schedule");
    let id = reply.json["recipients"][0]["message_id"].as_str().unwrap();
    let sms = platform.get(&platform.bank, &format!("/v1/sms/{id}")).await;
    assert_eq!(sms.json["send_at"], "2027-01-15T09:00:00.000Z");
    assert_eq!(sms.json["expires_at"], "2027-01-16T09:00:00.000Z");
    let wrong = json!({ "from": "MyBank", "text": "x", "send_at": "soon", "recipients": [{ "to": "+447700900001" }] });
    let reply = platform.post(&platform.bank, "/v1/sms/batch", &wrong).await;
    assert_eq!((reply.code(), &reply.json["errors"][0]["pointer"]), ("invalid_schedule", &json!("/send_at")));
}
