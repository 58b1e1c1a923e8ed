//! What a test key reaches: the numbers of the test network. All else of its account is not there for it.

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use crate::otp::{code_of, start};
use crate::platform::{Platform, Reply, request};

const LATER: &str = "2027-01-15T09:00:00Z";

/// A test key of the bank with every scope that it is for.
async fn test_key(platform: &Platform) -> String {
    let scopes = json!([
        "sms:send",
        "sms:read",
        "otp:send",
        "otp:check",
        "otp:read",
        "events:read",
        "webhooks:write",
        "opt_outs:write",
        "keys:write"
    ]);
    let wanted = json!({ "name": "test", "environment": "test", "scopes": scopes });
    let made = platform.post(&platform.bank, "/v1/keys", &wanted).await;
    made.json["key"].as_str().unwrap_or_else(|| panic!("{}", made.text)).to_owned()
}

async fn empty(platform: &Platform, key: &str, path: &str) -> bool {
    let list = platform.get(key, path).await;
    assert_eq!(list.status, 200, "{path}: {}", list.text);
    list.json["data"].as_array().unwrap().is_empty()
}

/// What live keys have made.
struct Live {
    message: String,
    otp: String,
    batch: String,
    webhook: String,
    opt_out: String,
}

impl Live {
    async fn make(platform: &Platform) -> Self {
        let key = &platform.bank;
        let message = platform.send(key, json!({ "send_at": LATER })).await.id();
        let otp = start(platform, key, json!({})).await.id();
        let batch =
            json!({ "from": "MyBank", "text": "hello", "send_at": LATER, "recipients": [{ "to": "+447700900123" }] });
        let batch = platform.post(key, "/v1/sms/batch", &batch).await;
        let webhook = platform.post(key, "/v1/webhooks", &json!({ "url": "https://client.example.com/" })).await.id();
        let opt_out = platform.post(key, "/v1/opt-outs", &json!({ "number": "+447700900199" })).await.id();
        let batch = batch.json["batch"]["batch_id"].as_str().unwrap_or_else(|| panic!("{}", batch.text)).to_owned();
        Self { message, otp, batch, webhook, opt_out }
    }

    /// Every way to one of these.
    fn calls(&self) -> Vec<(Method, String, Option<Value>)> {
        let Self { message, otp, batch, webhook, opt_out } = self;
        let get = |path: String| (Method::GET, path, None);
        let post = |path: String, body: Value| (Method::POST, path, Some(body));
        vec![
            get(format!("/v1/sms/{message}")),
            post(format!("/v1/sms/{message}/cancel"), json!({})),
            get(format!("/v1/otp/{otp}")),
            post(format!("/v1/otp/{otp}/resend"), json!({})),
            post(format!("/v1/otp/{otp}/next"), json!({})),
            post(format!("/v1/otp/{otp}/cancel"), json!({})),
            post(format!("/v1/otp/{otp}/used"), json!({})),
            post(format!("/v1/otp/{message}/used"), json!({})),
            get(format!("/v1/batches/{batch}")),
            get(format!("/v1/batches/{batch}/recipients")),
            post(format!("/v1/batches/{batch}/cancel"), json!({})),
            get(format!("/v1/webhooks/{webhook}")),
            (Method::PATCH, format!("/v1/webhooks/{webhook}"), Some(json!({ "enabled": false }))),
            post(format!("/v1/webhooks/{webhook}/rotate"), json!({})),
            post(format!("/v1/webhooks/{webhook}/test"), json!({})),
            get(format!("/v1/webhooks/{webhook}/deliveries")),
            get(format!("/v1/webhooks/{webhook}/dead-letters")),
            post(format!("/v1/webhooks/{webhook}/replay"), json!({ "since": "2027-01-01T00:00:00Z" })),
            (Method::DELETE, format!("/v1/webhooks/{webhook}"), None),
            get(format!("/v1/opt-outs/{opt_out}")),
            (Method::DELETE, format!("/v1/opt-outs/{opt_out}"), None),
        ]
    }
}

async fn call(platform: &Platform, key: &str, (method, path, body): (Method, String, Option<Value>)) -> Reply {
    let request = request(method, &path, key).header("content-type", "application/json");
    platform.call(request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string()))).unwrap()).await
}

/// Nothing that live keys have made is read, changed, called off or told to a test key, and nothing is otherwise afterwards.
#[tokio::test]
async fn a_test_key_reaches_nothing_of_live_ones() {
    let platform = Platform::start().await;
    let (live, test) = (Live::make(&platform).await, test_key(&platform).await);
    let code = code_of(&platform, &live.otp).await;
    for call_of in live.calls() {
        let what = format!("{} {}", call_of.0, call_of.1);
        let refused = call(&platform, &test, call_of).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (404, "not_found"), "{what}: {}", refused.text);
    }
    let tried = platform.post(&test, &format!("/v1/otp/{}/check", live.otp), &json!({ "code": code })).await;
    assert_eq!((tried.status.as_u16(), tried.code()), (422, "otp_not_verified"), "{}", tried.text);
    let opt_out = platform.post(&test, "/v1/opt-outs", &json!({ "number": "+447700900123" })).await;
    assert_eq!(opt_out.code(), "invalid_destination", "{}", opt_out.text);
    let file = request(Method::POST, "/v1/opt-outs/import", &test).header("content-type", "text/csv");
    let file = platform.call(file.body(Body::from("number\n+447700900123\n")).unwrap()).await;
    assert_eq!(file.code(), "forbidden", "{}", file.text);

    let verified =
        platform.post(&platform.bank, &format!("/v1/otp/{}/check", live.otp), &json!({ "code": code })).await;
    assert_eq!(verified.status, 200, "neither used up nor called off: {}", verified.text);
    let canceled = platform.post(&platform.bank, &format!("/v1/sms/{}/cancel", live.message), &json!({})).await;
    assert_eq!(canceled.json["state"], "canceled", "{}", canceled.text);
    assert_eq!(platform.get(&platform.bank, &format!("/v1/webhooks/{}", live.webhook)).await.json["state"], "enabled");
    assert!(!empty(&platform, &platform.bank, "/v1/events").await, "it was told");
    for path in
        ["/v1/sms", "/v1/sms?to=%2B447700900123", "/v1/events", "/v1/webhooks", "/v1/opt-outs", "/v1/sms/inbound"]
    {
        assert!(empty(&platform, &test, path).await, "{path}");
    }
}

/// Its own opt-outs and webhooks a test key has, and live keys see them, too.
#[tokio::test]
async fn a_test_key_has_what_it_has_made() {
    let platform = Platform::start().await;
    let test = test_key(&platform).await;
    let webhook = platform.post(&test, "/v1/webhooks", &json!({ "url": "https://client.example.com/" })).await;
    assert_eq!((webhook.status.as_u16(), &webhook.json["environment"]), (201, &json!("test")), "{}", webhook.text);
    let opt_out = platform.post(&test, "/v1/opt-outs", &json!({ "number": "+99955000001" })).await;
    assert_eq!(opt_out.status, 201, "{}", opt_out.text);
    for key in [&test, &platform.bank] {
        for path in [format!("/v1/webhooks/{}", webhook.id()), format!("/v1/opt-outs/{}", opt_out.id())] {
            assert_eq!(platform.get(key, &path).await.status, 200, "{path}");
        }
        assert!(!empty(&platform, key, "/v1/webhooks").await && !empty(&platform, key, "/v1/opt-outs").await);
    }
    // What is live is not told again to a webhook of tests.
    let live = platform.send(&platform.bank, json!({ "send_at": LATER })).await.id();
    platform.post(&platform.bank, &format!("/v1/sms/{live}/cancel"), &json!({})).await;
    let events = platform.get(&platform.bank, "/v1/events?types=message.canceled").await;
    let again = json!({ "event": events.json["data"][0]["id"] });
    for key in [&test, &platform.bank] {
        let refused = platform.post(key, &format!("/v1/webhooks/{}/replay", webhook.id()), &again).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (404, "not_found"), "{}", refused.text);
    }
}

/// The same idempotency key is two, of which each environment has one: a live code is never answered with a test's.
#[tokio::test]
async fn an_idempotency_key_is_of_one_environment() {
    let platform = Platform::start().await;
    let test = test_key(&platform).await;
    let start = async |key: &str, to: &str| {
        let request = request(Method::POST, "/v1/otp", key).header("idempotency-key", "order-1");
        let request = request.header("content-type", "application/json");
        let body = json!({ "to": to, "from": "MyBank" }).to_string();
        platform.call(request.body(Body::from(body)).unwrap()).await
    };
    let live = start(&platform.bank, "+447700900123").await;
    assert_eq!(live.status, 201, "{}", live.text);
    let tested = start(&test, "+447700900123").await;
    assert_eq!(tested.code(), "invalid_destination", "not the answer of live: {}", tested.text);
    let again = start(&platform.bank, "+447700900123").await;
    assert_eq!((again.id(), again.header("idempotent-replayed")), (live.id(), "true"));
}
