//! One-time codes over HTTP: right once, wrong alike, and as often as they may be.

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use sambac_domain::{MessageBody, MessageId, OtpId};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tower::ServiceExt;

use crate::platform::{BANK, Platform, Reply, SHOP};

/// The body that starts a code.
pub(crate) fn new_otp(changes: Value) -> Value {
    let mut body = json!({ "to": "+447700900123", "from": "MyBank" });
    let Value::Object(changes) = changes else { panic!("{changes} is no object") };
    body.as_object_mut().unwrap().extend(changes);
    body
}

pub(crate) async fn start(platform: &Platform, key: &str, changes: Value) -> Reply {
    let started = platform.post(key, "/v1/otp", &new_otp(changes)).await;
    assert_eq!(started.status.as_u16(), 201, "{}", started.text);
    started
}

/// The text by which a code was sent last, as its person reads it.
pub(crate) async fn text_of(platform: &Platform, otp: &str) -> String {
    let (store, id) = (platform.engine.store(), otp.parse::<OtpId>().unwrap());
    let message: MessageId = store.otp_sends(id).await.unwrap().last().unwrap().id;
    let row = store.messages_by_ids(&[message]).await.unwrap().remove(0);
    let octets = platform.engine.seal().open_body(message.raw(), &row.body.unwrap().0).unwrap();
    match MessageBody::from_bytes(&octets).unwrap() {
        MessageBody::Text { text, .. } => text,
        MessageBody::Octets { .. } => panic!("a code is told in a text"),
    }
}

pub(crate) async fn code_of(platform: &Platform, otp: &str) -> String {
    let text = text_of(platform, otp).await;
    text.chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// The code of an id, whoever it belongs to; any other when there is none.
pub(crate) async fn known_code(platform: &Platform, otp: &str) -> String {
    let sent = match otp.parse::<OtpId>() {
        Ok(id) => !platform.engine.store().otp_sends(id).await.unwrap().is_empty(),
        Err(_) => false,
    };
    if sent { code_of(platform, otp).await } else { "123456".to_owned() }
}

/// The profile `two-steps`; returns its id.
pub(crate) async fn profile(platform: &Platform, key: &str) -> String {
    let steps = json!([{ "channel": "sms" }, { "channel": "sms", "sender": "MyBank2" }]);
    let body = json!({ "name": "two-steps", "settings": { "steps": steps } });
    let made = platform.post(key, "/v1/otp-profiles", &body).await;
    if made.status.as_u16() == 201 {
        return made.id();
    }
    assert_eq!(made.code(), "conflict", "{}", made.text);
    let profiles = platform.get(key, "/v1/otp-profiles").await;
    profiles.json["data"][0]["id"].as_str().unwrap().to_owned()
}

/// A code that can be checked, sent again and sent by its next way.
pub(crate) async fn ready(platform: &Platform, key: &str) -> String {
    profile(platform, key).await;
    let otp = start(platform, key, json!({ "profile": "two-steps" })).await.id();
    platform.engine.clock().advance_micros(31_000_000);
    otp
}

async fn check(platform: &Platform, otp: &str, code: &str) -> Reply {
    platform.post(&platform.bank, &format!("/v1/otp/{otp}/check"), &json!({ "code": code })).await
}

/// Another code of six digits.
fn wrong(code: &str) -> String {
    if code == "000000" { "000001".to_owned() } else { "000000".to_owned() }
}

fn told(reply: &Reply) -> (u16, Value) {
    let mut body = reply.json.clone();
    body.as_object_mut().unwrap().remove("request_id");
    (reply.status.as_u16(), body)
}

#[tokio::test]
async fn a_code_is_right_once() {
    let platform = Platform::start().await;
    let started = start(&platform, &platform.bank, json!({})).await;
    assert_eq!((started.json["state"].as_str(), started.json["attempts_left"].as_u64()), (Some("pending"), Some(5)));
    let otp = started.id();
    assert_eq!(started.header("location"), format!("/v1/otp/{otp}"));
    let code = code_of(&platform, &otp).await;
    assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()), "{code}");
    assert!(!started.text.contains(&code));
    let typed = format!(" {} {}", &code[..3], &code[3..]);
    let verified = check(&platform, &otp, &typed).await;
    assert_eq!((verified.status.as_u16(), &verified.json["verified"]), (200, &json!(true)), "{}", verified.text);
    let again = check(&platform, &otp, &code).await;
    assert_eq!((again.status.as_u16(), again.code()), (422, "otp_not_verified"));
    let shown = platform.get(&platform.bank, &format!("/v1/otp/{otp}")).await;
    assert_eq!(shown.json["state"], "verified");
}

/// The evidence is verified with nothing but the published keys, and says what was verified.
#[tokio::test]
async fn the_evidence_of_a_verification_is_signed() {
    let platform = Platform::start().await;
    let payment = json!({ "amount": "129.90", "currency": "EUR", "payee": "Corner Shop" });
    let started = start(&platform, &platform.bank, payment.clone()).await;
    let (otp, code) = (started.id(), code_of(&platform, &started.id()).await);
    let mut body = payment;
    body["code"] = json!(code);
    let verified = platform.post(&platform.bank, &format!("/v1/otp/{otp}/check"), &body).await;
    let receipt = verified.json["receipt"].as_str().unwrap();
    let claims = claims_of(&platform, receipt).await;
    assert_eq!((claims["sub"].as_str(), claims["account"].as_str()), (Some(&*otp), Some(&*BANK.to_string())));
    assert_eq!(claims["messages"][0], started.json["sends"][0]["message_id"]);
    let number = URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{otp}|+447700900123")));
    assert_eq!(claims["number_sha256"].as_str(), Some(&*number));
    assert!(claims["payment_sha256"].is_string() && !receipt.contains("Corner"), "{claims}");
    let shown = platform.get(&platform.bank, &format!("/v1/otp/{otp}")).await;
    assert_eq!(shown.json["receipt"], verified.json["receipt"]);

    // A new key signs at once; what the old one signed is verified still.
    platform.engine.rotate_signing_key().await.unwrap();
    let again = platform.get(&platform.bank, &format!("/v1/otp/{otp}")).await;
    let newer = again.json["receipt"].as_str().unwrap();
    assert_ne!(newer, receipt);
    assert_eq!(claims_of(&platform, newer).await, claims_of(&platform, receipt).await);
}

async fn claims_of(platform: &Platform, receipt: &str) -> Value {
    let keys = Request::get("/.well-known/jwks.json").body(Body::empty()).unwrap();
    let keys = Reply::of(platform.api.clone().oneshot(keys).await.unwrap()).await;
    assert_eq!(keys.header("cache-control"), "public, max-age=300");
    let keys: JwkSet = serde_json::from_value(keys.json).unwrap();
    let header = jsonwebtoken::decode_header(receipt).unwrap();
    assert_eq!(header.typ.as_deref(), Some("otp-receipt+jwt"));
    let key = keys.find(header.kid.as_deref().unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    let key = DecodingKey::from_jwk(key).unwrap();
    jsonwebtoken::decode::<Value>(receipt, &key, &validation).unwrap().claims
}

#[tokio::test]
async fn whatever_is_wrong_reads_alike() {
    let platform = Platform::start().await;
    let [otp, canceled, expired] = [
        start(&platform, &platform.bank, json!({})).await.id(),
        start(&platform, &platform.bank, json!({})).await.id(),
        start(&platform, &platform.bank, json!({})).await.id(),
    ];
    let shops = start(&platform, &platform.shop, json!({})).await.id();
    let code = code_of(&platform, &otp).await;
    let expected = told(&check(&platform, &otp, &wrong(&code)).await);
    assert_eq!((expected.0, expected.1["code"].as_str()), (422, Some("otp_not_verified")));
    platform.post(&platform.bank, &format!("/v1/otp/{canceled}/cancel"), &json!({})).await;
    let mut wrong_ones = vec![(shops.clone(), code_of(&platform, &shops).await)];
    wrong_ones.push((expired.clone(), code_of(&platform, &expired).await));
    for id in ["otp_0000000000100", "msg_0000000000100", "1", "%00", "%ff%fe", "otp_0000000000000"] {
        wrong_ones.push((id.to_owned(), code.clone()));
    }
    wrong_ones.push((canceled, "123456".to_owned()));
    wrong_ones.push((otp.clone(), "far too long a code".to_owned()));
    platform.engine.clock().advance_micros(301_000_000);
    for (id, code) in wrong_ones {
        assert_eq!(told(&check(&platform, &id, &code).await), expected, "{id}");
    }
    // The shop's code is not harmed by the bank's attempt.
    let own = platform.engine.otp(SHOP, shops.parse().unwrap()).await.unwrap();
    assert_eq!(own.row.attempts, 0);
}

#[tokio::test]
async fn a_code_is_tried_as_often_as_it_may_be() {
    let platform = Platform::start().await;
    let otp = start(&platform, &platform.bank, json!({})).await.id();
    let code = code_of(&platform, &otp).await;
    for left in (0..5).rev() {
        check(&platform, &otp, &wrong(&code)).await;
        let shown = platform.get(&platform.bank, &format!("/v1/otp/{otp}")).await;
        assert_eq!(shown.json["attempts_left"], left);
    }
    assert_eq!(check(&platform, &otp, &code).await.code(), "otp_not_verified");
    let view = platform.engine.otp(BANK, otp.parse().unwrap()).await.unwrap();
    assert_eq!((view.row.state.as_str(), view.row.attempts), ("exhausted", 6));
    assert!(view.row.salt.is_none() && view.row.code_hash.is_none() && view.row.content.is_none(), "nothing is kept");
}

/// 64 wrong codes at once are 64 attempts; of 64 right ones at once one is verified.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_at_once_are_counted_exactly() {
    let platform = Platform::start().await;
    for (right, verified, attempts) in [(false, 0, 64), (true, 1, 64)] {
        let otp = start(&platform, &platform.bank, json!({})).await.id();
        let code = code_of(&platform, &otp).await;
        let tried = if right { code } else { wrong(&code) };
        let mut checks = tokio::task::JoinSet::new();
        for _ in 0..64 {
            let (engine, id, tried) = (platform.engine.clone(), otp.parse().unwrap(), tried.clone());
            checks.spawn(async move { engine.check_otp(BANK, Some(id), &tried, None).await.is_ok() });
        }
        assert_eq!(checks.join_all().await.into_iter().filter(|ok| *ok).count(), verified);
        let row = platform.engine.otp(BANK, otp.parse().unwrap()).await.unwrap().row;
        assert_eq!(row.attempts, attempts);
    }
}

#[tokio::test]
async fn a_code_for_a_payment_is_good_for_that_payment_only() {
    let platform = Platform::start().await;
    let payment = json!({ "amount": "129.90", "currency": "EUR", "payee": "Corner Shop" });
    let with = |code: &str, changes: Value| {
        let mut body = json!({ "code": code, "amount": "129.9", "currency": "EUR", "payee": " Corner Shop" });
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        body.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        body
    };
    let otp = start(&platform, &platform.bank, payment).await.id();
    let (code, path) = (code_of(&platform, &otp).await, format!("/v1/otp/{otp}/check"));
    let text = text_of(&platform, &otp).await;
    assert!(text.contains("129.90 EUR") && text.contains("Corner Shop"), "{text}");
    for other in [
        json!({ "amount": "129.91" }),
        json!({ "currency": "USD" }),
        json!({ "payee": "Corner shop" }),
        json!({ "amount": null, "currency": null, "payee": null }),
    ] {
        let reply = platform.post(&platform.bank, &path, &with(&code, other.clone())).await;
        assert_eq!(reply.code(), "otp_not_verified", "{other}");
    }
    let reply = platform.post(&platform.bank, &path, &with(&code, json!({}))).await;
    assert_eq!(reply.status.as_u16(), 200, "{}", reply.text);
}

#[tokio::test]
async fn a_code_is_sent_again_as_the_same_and_not_too_soon() {
    let platform = Platform::start().await;
    let otp = start(&platform, &platform.bank, json!({})).await.id();
    let (code, path) = (code_of(&platform, &otp).await, format!("/v1/otp/{otp}/resend"));
    let too_soon = platform.post(&platform.bank, &path, &json!({})).await;
    assert_eq!((too_soon.status.as_u16(), too_soon.code()), (429, "otp_too_soon"));
    assert_eq!(too_soon.header("retry-after"), "30", "it says when");
    platform.engine.clock().advance_micros(31_000_000);
    let sent = platform.post(&platform.bank, &path, &json!({})).await;
    assert_eq!(sent.status.as_u16(), 200, "{}", sent.text);
    assert_eq!((sent.json["sends"].as_array().unwrap().len(), &sent.json["sends_left"]), (2, &json!(3)));
    assert_eq!(code_of(&platform, &otp).await, code);
    platform.engine.clock().advance_micros(31_000_000);
    assert_eq!(platform.post(&platform.bank, &path, &json!({})).await.code(), "otp_too_soon", "the time has doubled");
    assert_eq!(check(&platform, &otp, &code).await.status.as_u16(), 200);
    assert_eq!(platform.post(&platform.bank, &path, &json!({})).await.code(), "otp_ended");
}
