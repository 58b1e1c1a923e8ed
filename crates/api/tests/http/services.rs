//! The services listener.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use tower::ServiceExt;

use crate::platform::{Platform, Reply};

async fn get(platform: &Platform, path: &str) -> Reply {
    let request = Request::get(path).body(Body::empty()).unwrap();
    Reply::of(platform.services.clone().oneshot(request).await.unwrap()).await
}

#[tokio::test]
async fn a_running_platform_is_live_and_ready() {
    let platform = Platform::start().await;
    assert_eq!(get(&platform, "/health/live").await.json["status"], "live");
    let ready = get(&platform, "/health/ready").await;
    assert_eq!((ready.status.as_u16(), &ready.json["status"]), (200, &"ready".into()));
    assert_eq!(
        (&ready.json["connectors"][0]["name"], &ready.json["connectors"][0]["bound"]),
        (&"example-1".into(), &0.into())
    );
}

#[tokio::test]
async fn a_stopping_platform_is_live_and_says_why_it_is_not_ready() {
    let platform = Platform::start().await;
    platform.engine.stop(Duration::from_secs(5)).await;
    assert_eq!(get(&platform, "/health/live").await.status, 200);
    let ready = get(&platform, "/health/ready").await;
    assert_eq!((ready.status.as_u16(), ready.code()), (503, "service_unavailable"));
    assert!(ready.json["detail"].as_str().unwrap().contains("stopping"), "{}", ready.text);
}

#[tokio::test]
async fn metrics_hold_the_engines_counters_and_the_listeners() {
    let platform = Platform::start().await;
    platform.send(&platform.bank, serde_json::json!({})).await;
    let metrics = get(&platform, "/metrics").await;
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"));
    let line = "sambac_http_requests_total{method=\"POST\",route=\"/v1/sms/send\",status=\"202\"} 1";
    assert!(metrics.text.contains(line), "{}", metrics.text);
    let prefixes = metrics.text.lines().filter(|line| line.starts_with("# TYPE sambac_") && !line.contains("_http_"));
    assert!(prefixes.count() > 3, "{}", metrics.text);
    assert!(metrics.text.ends_with("# EOF\n") && metrics.text.matches("# EOF").count() == 1);
}

#[tokio::test]
async fn an_unknown_path_is_a_problem_here_too() {
    let platform = Platform::start().await;
    let reply = get(&platform, "/v1/balance").await;
    assert_eq!((reply.status.as_u16(), reply.code()), (404, "not_found"));
}
