//! Signed requests: by HMAC and Ed25519, as a client that was written apart from the platform signs them.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use axum::body::Body;
use axum::http::{Method, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sambac_engine::Scope;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::platform::{BANK, Platform, Reply, sms};

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;
type Spoil = Box<dyn FnOnce(&mut Request<Body>)>;

/// A client that signs.
struct Signer {
    key: String,
    id: String,
    sign: Sign,
}

impl Signer {
    /// Calls with a signature over method, place and body; `spoilt` changes the request after it was signed.
    async fn call(
        &self,
        platform: &Platform,
        (method, path, body): (&str, &str, &str),
        nonce: &str,
        spoilt: impl FnOnce(&mut Request<Body>),
    ) -> Reply {
        let created = platform.engine.clock().now().as_secs();
        let digest = format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(body)));
        let parameters = format!(
            "(\"@method\" \"@target-uri\" \"content-digest\");created={created};nonce=\"{nonce}\";keyid=\"{}\"",
            self.id
        );
        let uri = format!("{}{path}", platform.engine.public_url());
        let base = format!(
            "\"@method\": {method}\n\"@target-uri\": {uri}\n\"content-digest\": {digest}\n\"@signature-params\": {parameters}"
        );
        let request =
            Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", self.key));
        let request = request.header("content-type", "application/json").header("content-digest", digest);
        let request = request.header("signature-input", format!("sig1={parameters}"));
        let request = request.header("signature", format!("sig1=:{}:", STANDARD.encode((self.sign)(base.as_bytes()))));
        let mut request = request.body(Body::from(body.to_owned())).unwrap();
        spoilt(&mut request);
        platform.call(request).await
    }
}

async fn request_key(platform: &Platform, key: &str, wanted: &Value) -> Reply {
    let id = format!("key_{}", key.split('_').nth(2).unwrap());
    let made = platform.post(&platform.bank, &format!("/v1/keys/{id}/request-keys"), wanted).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made
}

async fn hmac_signer(platform: &Platform, key: &str, required: bool) -> Signer {
    let made = request_key(platform, key, &json!({ "algorithm": "hmac-sha256", "required": required })).await;
    let secret = STANDARD.decode(made.json["secret"].as_str().unwrap()).unwrap();
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    let sign = Box::new(move |base: &[u8]| hmac::sign(&secret, base).as_ref().to_vec());
    Signer { key: key.to_owned(), id: made.id(), sign }
}

const NONCE: &str = "0123456789abcdef";

/// A nonce is in the database before its request is answered, so that no restart forgets it, until its signature holds no more.
#[tokio::test]
async fn a_nonce_is_kept_before_the_answer() {
    let platform = Platform::start().await;
    let signer = hmac_signer(&platform, &platform.bank, false).await;
    let kept = async |seconds: i64| {
        let at = platform.engine.clock().now().saturating_add(std::time::Duration::from_secs(seconds.unsigned_abs()));
        platform.engine.store().request_nonces(at, 10).await.unwrap().len()
    };
    assert_eq!(kept(0).await, 0);
    let body = crate::platform::sms(json!({})).to_string();
    let sent = signer.call(&platform, ("POST", "/v1/sms/send", &body), NONCE, |_| {}).await;
    assert_eq!(
        (sent.status.as_u16(), kept(0).await, kept(329).await, kept(330).await),
        (202, 1, 1, 0),
        "{}",
        sent.text
    );
}

/// With a request key that is not required both ways are open, and a signature that does not hold is refused all the same.
#[tokio::test]
async fn a_signature_holds_or_the_call_is_refused() {
    let platform = Platform::start().await;
    let key = platform.key(BANK, 3, &[Scope::SmsSend, Scope::SmsRead], |_| {}).await;
    let signer = hmac_signer(&platform, &key, false).await;
    assert_eq!(platform.get(&key, "/v1/sms").await.status, 200, "it need not be signed");
    let body = sms(json!({})).to_string();
    let send = ("POST", "/v1/sms/send", &*body);
    let sent = signer.call(&platform, send, NONCE, |_| {}).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    let again = signer.call(&platform, send, NONCE, |_| {}).await;
    assert_eq!((again.status.as_u16(), again.code()), (401, "invalid_request_signature"), "{}", again.text);
    assert!(again.text.contains("the nonce has come before"), "{}", again.text);
    let other = sms(json!({ "to": "+447700900999" })).to_string();
    let before = platform.traces().await;
    let spoilers: [(&str, Spoil); 6] = [
        ("the body", Box::new(move |request| *request.body_mut() = Body::from(other))),
        ("the place", Box::new(|request| *request.uri_mut() = "/v1/sms/send?dry_run=true".parse().unwrap())),
        ("the method", Box::new(|request| *request.method_mut() = Method::PUT)),
        ("the digest", Box::new(|request| drop(request.headers_mut().remove("content-digest")))),
        ("the signature", Box::new(|request| drop(request.headers_mut().remove("signature")))),
        (
            "its form",
            Box::new(|request| drop(request.headers_mut().insert("signature-input", "sig1".parse().unwrap()))),
        ),
    ];
    for (number, (what, spoilt)) in spoilers.into_iter().enumerate() {
        let refused = signer.call(&platform, send, &format!("{NONCE}-{number}"), spoilt).await;
        assert!(matches!(refused.status.as_u16(), 401 | 405), "{what}: {}", refused.text);
    }
    assert_eq!(platform.traces().await, before, "nothing was sent");
    let stranger = Signer { key: platform.shop.clone(), ..signer };
    let refused = stranger.call(&platform, send, "another-nonce-of-ours", |_| {}).await;
    assert_eq!(refused.code(), "invalid_request_signature", "a request key is its API key's: {}", refused.text);
}

/// With one that is required nothing passes unsigned, be it by a token; when it is removed its signatures are nothing.
#[tokio::test]
async fn a_required_signature_is_required() {
    let platform = Platform::start().await;
    let key = platform.key(BANK, 3, &[Scope::SmsRead], |_| {}).await;
    let form = Body::from("grant_type=client_credentials");
    let request = Request::builder().method("POST").uri("/v1/token").header("authorization", format!("Bearer {key}"));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form).unwrap();
    let token = platform.call(request).await.json["access_token"].as_str().unwrap().to_owned();
    let pair = Ed25519KeyPair::generate().unwrap();
    let public_key = STANDARD.encode(pair.public_key());
    let wanted = json!({ "algorithm": "ed25519", "public_key": public_key, "required": true });
    let made = request_key(&platform, &key, &wanted).await;
    assert!(made.json["secret"].is_null(), "{}", made.text);
    let signer =
        Signer { key: key.clone(), id: made.id(), sign: Box::new(move |base| pair.sign(base).as_ref().to_vec()) };
    for shown in [&key, &token] {
        let refused = platform.get(shown, "/v1/sms").await;
        assert_eq!((refused.status.as_u16(), refused.code()), (401, "invalid_request_signature"), "{}", refused.text);
    }
    let list = ("GET", "/v1/sms?limit=1", "");
    assert_eq!(signer.call(&platform, list, NONCE, |_| {}).await.status, 200);
    platform.engine.clock().advance_micros(301 * 1_000_000);
    let path = format!("/v1/request-keys/{}", signer.id);
    assert_eq!(platform.delete(&platform.bank, &path).await.status, 204);
    assert_eq!(signer.call(&platform, list, "0123456789-after", |_| {}).await.code(), "invalid_request_signature");
    assert_eq!(platform.get(&key, "/v1/sms").await.status, 200, "nothing is required any more");
}

/// What is wrong with a request key is told by field.
#[tokio::test]
async fn a_wrong_request_key_is_not_made() {
    let platform = Platform::start().await;
    let id = format!("key_{}", platform.bank.split('_').nth(2).unwrap());
    for (field, wanted) in [
        ("/algorithm", json!({ "algorithm": "rsa-v1_5-sha256" })),
        ("/public_key", json!({ "algorithm": "ed25519" })),
        ("/public_key", json!({ "algorithm": "ed25519", "public_key": "AAAA" })),
        ("/public_key", json!({ "algorithm": "ed25519", "public_key": "not base64" })),
        ("/public_key", json!({ "algorithm": "hmac-sha256", "public_key": "AAAA" })),
    ] {
        let refused = platform.post(&platform.bank, &format!("/v1/keys/{id}/request-keys"), &wanted).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, "invalid_request"), "{}", refused.text);
        assert_eq!(refused.json["errors"][0]["pointer"], field, "{}", refused.text);
    }
    assert_eq!(platform.get(&platform.bank, &format!("/v1/keys/{id}/request-keys")).await.json["data"], json!([]));
}
