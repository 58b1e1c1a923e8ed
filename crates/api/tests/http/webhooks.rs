//! Registering, listing and removing webhooks.

use serde_json::json;

use crate::platform::Platform;

const URL: &str = "https://client.example.com/sms-events";

#[tokio::test]
async fn a_webhook_is_made_with_a_secret_that_is_shown_once() {
    let platform = Platform::start().await;
    let made = platform.post(&platform.bank, "/v1/webhooks", &json!({ "url": URL })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let secret = made.json["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() > 32, "{secret}");
    assert_eq!((made.header("location"), &made.json["url"]), (&*format!("/v1/webhooks/{}", made.id()), &json!(URL)));
    let listed = platform.get(&platform.bank, "/v1/webhooks").await;
    assert_eq!(listed.json["data"][0]["id"], made.id());
    assert!(!listed.text.contains("secret") && !listed.text.contains("whsec_"), "{}", listed.text);
}

#[tokio::test]
async fn a_webhook_is_removed_once() {
    let platform = Platform::start().await;
    let made = platform.post(&platform.bank, "/v1/webhooks", &json!({ "url": URL })).await;
    let removed = platform.delete(&platform.bank, made.header("location")).await;
    assert_eq!((removed.status.as_u16(), removed.text.as_str()), (204, ""));
    assert_eq!(platform.delete(&platform.bank, made.header("location")).await.status, 404);
    assert_eq!(platform.get(&platform.bank, "/v1/webhooks").await.json["data"], json!([]));
}

#[tokio::test]
async fn a_webhook_into_the_inside_is_refused() {
    let platform = Platform::start().await;
    for url in [
        "http://client.example.com/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "ftp://a.example.com",
    ] {
        let reply = platform.post(&platform.bank, "/v1/webhooks", &json!({ "url": url })).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (422, "invalid_webhook"), "{url}: {}", reply.text);
        assert_eq!(reply.json["errors"][0]["pointer"], "/url");
    }
    assert_eq!(platform.get(&platform.bank, "/v1/webhooks").await.json["data"], json!([]));
}
