//! `Idempotency-Key`: a repeat gives the first answer again, and only that.

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use crate::platform::{Platform, Reply, request, sms};

async fn send(platform: &Platform, api_key: &str, key: &str, body: &str) -> Reply {
    let request = request(Method::POST, "/v1/sms/send", api_key).header("idempotency-key", key);
    let request = request.header("content-type", "application/json").body(Body::from(body.to_owned()));
    platform.call(request.unwrap()).await
}

async fn count(platform: &Platform, key: &str) -> usize {
    platform.get(key, "/v1/sms").await.json["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_repeat_gives_the_first_answer_and_sends_nothing() {
    let platform = Platform::start().await;
    let body = sms(json!({ "reference": "a", "class": "otp" })).to_string();
    let first = send(&platform, &platform.bank, "order-17", &body).await;
    platform.engine.clock().advance_micros(60_000_000);
    let second = send(&platform, &platform.bank, "order-17", &body).await;
    assert_eq!((first.status, second.status), (202.try_into().unwrap(), 202.try_into().unwrap()), "{}", second.text);
    assert_eq!(first.json, second.json);
    assert_eq!((first.header("idempotent-replayed"), second.header("idempotent-replayed")), ("", "true"));
    assert_eq!(count(&platform, &platform.bank).await, 1);
}

#[tokio::test]
async fn the_same_request_written_otherwise_is_the_same() {
    let platform = Platform::start().await;
    let first = send(&platform, &platform.bank, "k", &sms(json!({})).to_string()).await;
    let other = r#"{ "text": "Your code is 000000", "from":"MyBank", "to":"+447700900123", "class":"transactional" }"#;
    let second = send(&platform, &platform.bank, "k", other).await;
    assert_eq!((second.id(), second.header("idempotent-replayed")), (first.id(), "true"));
}

#[tokio::test]
async fn another_request_with_the_key_is_refused() {
    let platform = Platform::start().await;
    send(&platform, &platform.bank, "k", &sms(json!({})).to_string()).await;
    for changes in [json!({ "text": "other" }), json!({ "to": "+447700900124" }), json!({ "class": "otp" })] {
        let reply = send(&platform, &platform.bank, "k", &sms(changes).to_string()).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (422, "idempotency_mismatch"), "{}", reply.text);
    }
    assert_eq!(count(&platform, &platform.bank).await, 1);
}

#[tokio::test]
async fn a_key_belongs_to_its_account() {
    let platform = Platform::start().await;
    let body = sms(json!({})).to_string();
    let bank = send(&platform, &platform.bank, "k", &body).await;
    let shop = send(&platform, &platform.shop, "k", &body).await;
    assert_ne!(bank.id(), shop.id());
    assert_eq!(shop.header("idempotent-replayed"), "");
}

#[tokio::test]
async fn a_refused_request_does_not_use_the_key_up() {
    let platform = Platform::start().await;
    let refused = send(&platform, &platform.bank, "k", &sms(json!({ "max_price": "0.0001" })).to_string()).await;
    assert_eq!(refused.code(), "price_above_maximum");
    let taken = send(&platform, &platform.bank, "k", &sms(json!({})).to_string()).await;
    assert_eq!((taken.status.as_u16(), taken.header("idempotent-replayed")), (202, ""));
}

#[tokio::test]
async fn a_dry_run_neither_uses_nor_reads_the_key() {
    let platform = Platform::start().await;
    let dry = sms(json!({ "dry_run": true })).to_string();
    assert_eq!(send(&platform, &platform.bank, "k", &dry).await.status, 200);
    let taken = send(&platform, &platform.bank, "k", &sms(json!({})).to_string()).await;
    assert_eq!((taken.status.as_u16(), taken.header("idempotent-replayed")), (202, ""));
    assert_eq!(send(&platform, &platform.bank, "k", &dry).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_one_is_sent_and_the_rest_replay_or_wait() {
    let platform = Platform::start().await;
    let body = sms(json!({})).to_string();
    let replies: Vec<Reply> = {
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (api, bank, body) = (platform.api.clone(), platform.bank.clone(), body.clone());
            calls.spawn(async move {
                let request = request(Method::POST, "/v1/sms/send", &bank).header("idempotency-key", "k");
                let request = request.header("content-type", "application/json").body(Body::from(body)).unwrap();
                Reply::of(tower::ServiceExt::oneshot(api, request).await.unwrap()).await
            });
        }
        calls.join_all().await
    };
    let taken: Vec<&Value> = replies.iter().filter(|reply| reply.status == 202).map(|reply| &reply.json).collect();
    assert!(!taken.is_empty() && taken.iter().all(|answer| *answer == taken[0]), "{replies:?}");
    let waiting = replies.iter().filter(|reply| reply.code() == "idempotency_in_progress");
    assert_eq!(taken.len() + waiting.inspect(|reply| assert_eq!(reply.header("retry-after"), "1")).count(), 20);
    assert_eq!(count(&platform, &platform.bank).await, 1);
}
