//! What runs, seen and moved by the admin API: connectors, messages in doubt, alerts.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use sambac_domain::{MessageId, MessageState};
use sambac_store::Batch;
use sambac_store::rows::SegmentRow;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::platform::{NOW, Platform, Reply};

async fn get(platform: &Platform, path: &str) -> Reply {
    platform.admin(Method::GET, path, None, &[]).await
}

async fn connector(platform: &Platform) -> String {
    let id = get(platform, "/v1/admin/connectors").await.json["data"][0]["id"].as_str().unwrap().to_owned();
    format!("/v1/admin/connectors/{id}")
}

/// Asks until the answer is as wanted.
async fn until(platform: &Platform, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let poll = async {
        loop {
            let reply = get(platform, path).await;
            if is_so(&reply.json) {
                return reply.json;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), poll).await.expect("an answer as wanted")
}

async fn metrics(platform: &Platform) -> String {
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    Reply::of(platform.services.clone().oneshot(request).await.unwrap()).await.text
}

#[tokio::test]
async fn a_connector_tells_why_it_is_down_and_obeys() {
    let platform = Platform::start().await;
    let place = connector(&platform).await;
    let act = async |action: &str| platform.admin(Method::POST, &format!("{place}/{action}"), None, &[]).await;
    let state = until(&platform, &format!("{place}/state"), |state| state["binds"][0]["last_error"].is_string()).await;
    assert_eq!((&state["state"], &state["binds"][0]["host"]), (&json!("down"), &json!("127.0.0.1:1")));
    let stopped = act("stop").await;
    assert_eq!((&stopped.json["state"], &stopped.json["reason"]), (&json!("stopped"), &json!("stopped by hand")));
    let drained = act("drain").await;
    assert_eq!((drained.status.as_u16(), drained.code()), (409, "wrong_state"), "{}", drained.text);
    assert_eq!(act("start").await.json["state"], "down");
    assert_eq!(act("drain?limit_s=0").await.status, 400);
    assert_eq!(act("unbind").await.status, 200);
    platform.admin(Method::PATCH, &place, Some(&json!({ "enabled": false })), &[]).await;
    assert_eq!(get(&platform, &format!("{place}/state")).await.json["state"], "disabled");
    let start = act("start").await;
    assert!(start.code() == "wrong_state" && start.json["detail"] == "the connector is disabled", "{}", start.text);
}

#[tokio::test]
async fn a_test_bind_tells_each_step_and_the_failure() {
    let platform = Platform::start().await;
    let place = connector(&platform).await;
    let test = platform.admin(Method::POST, &format!("{place}/test-bind"), None, &[]).await;
    assert_eq!((test.status.as_u16(), &test.json["bound"]), (200, &json!(false)), "{}", test.text);
    let bind = &test.json["data"][0];
    assert_eq!((&bind["host"], &bind["failure"]), (&json!("127.0.0.1:1"), &json!("link")));
    assert_eq!(bind["steps"].as_array().unwrap().last().unwrap()["ok"], false, "{}", test.text);
}

#[tokio::test]
async fn regression_a2_14_messages_in_doubt_are_listed_counted_and_told_when_they_get_old() {
    let platform = Platform::start().await;
    let message: MessageId = platform.send(&platform.bank, json!({ "class": "otp" })).await.id().parse().unwrap();
    let path = "/v1/admin/messages?state=submit_unknown";
    assert_eq!(get(&platform, path).await.json, json!({ "data": [], "total": 0 }));
    let segment = platform.engine.store().segments_of(&[message]).await.unwrap().remove(0);
    let in_doubt = SegmentRow { state: MessageState::SubmitUnknown, submitted_at: Some(NOW), ..segment };
    platform.engine.store().commit(&Batch { segment_updates: vec![in_doubt], ..Batch::default() }).await.unwrap();

    platform.engine.clock().advance_micros(60_000_000);
    let listed = get(&platform, path).await;
    let one = &listed.json["data"][0];
    assert_eq!(
        (&one["message_id"], &one["connector"], &one["age_s"]),
        (&json!(message), &json!("example-1"), &json!(60))
    );
    assert_eq!((&one["to"], &listed.json["total"]), (&json!("+44770090****"), &json!(1)), "the number is masked");
    let counted = async |line: &str| {
        let poll = async {
            while !metrics(&platform).await.lines().any(|one| one == line) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), poll).await.expect(line);
    };
    counted("sambac_segments_in_doubt 1").await;
    counted("sambac_segments_in_doubt_oldest_age_seconds 60").await;
    assert_eq!(get(&platform, "/v1/admin/alerts").await.json, json!({ "data": [] }), "one minute is no reason yet");

    platform.engine.clock().advance_micros(300_000_000);
    let alerts = until(&platform, "/v1/admin/alerts", |alerts| !alerts["data"].as_array().unwrap().is_empty()).await;
    let alert = &alerts["data"][0];
    assert_eq!((&alert["kind"], alert.get("cleared_at")), (&json!("submit_unknown"), None), "{alert}");
    assert!(
        alert["text"].as_str().unwrap().starts_with("1 segments were sent and not answered, the oldest 6 minutes"),
        "{alert}"
    );

    let ended = platform.engine.store().segments_of(&[message]).await.unwrap().remove(0);
    let ended = SegmentRow { final_at: Some(NOW), state: MessageState::Delivered, ..ended };
    platform.engine.store().commit(&Batch { segment_updates: vec![ended], ..Batch::default() }).await.unwrap();
    until(&platform, "/v1/admin/alerts", |alerts| alerts["data"][0]["cleared_at"].is_string()).await;
    for bad in ["state=delivered", "state=submit_unknown&limit=0", "state=submit_unknown&cursor=x", ""] {
        assert_eq!(get(&platform, &format!("/v1/admin/messages?{bad}")).await.status, 400, "{bad}");
    }
}
