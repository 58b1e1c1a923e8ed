//! Access tokens made by API keys: what they can do, and when they end.

use axum::body::Body;
use axum::http::{Method, Request};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation, decode, decode_header, encode};
use sambac_engine::Scope;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::platform::{BANK, Platform, Reply, request};

/// The id in a key's text.
fn id_of(key: &str) -> String {
    format!("key_{}", key.split('_').nth(2).unwrap())
}

async fn ask(platform: &Platform, authorization: Option<String>, form: &str) -> Reply {
    let mut request = Request::builder().method(Method::POST).uri("/v1/token");
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    platform.call(request.body(Body::from(form.to_owned())).unwrap()).await
}

async fn token(platform: &Platform, key: &str, more: &str) -> String {
    let form = format!("grant_type=client_credentials&client_id={}&client_secret={key}{more}", id_of(key));
    let reply = ask(platform, None, &form).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json["access_token"].as_str().unwrap().to_owned()
}

async fn lists(platform: &Platform, token: &str) -> u16 {
    platform.get(token, "/v1/sms").await.status.as_u16()
}

/// A key makes a token in each of the three ways, and others verify it by what we publish.
#[tokio::test]
async fn a_key_makes_a_token_that_others_can_verify() {
    let platform = Platform::start().await;
    let (key, id) = (&platform.bank, id_of(&platform.bank));
    let grant = "grant_type=client_credentials";
    let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{key}")));
    for (authorization, form) in [
        (None, format!("{grant}&client_id={id}&client_secret={key}&scope=sms%3Aread&expires_in=60")),
        (Some(basic), format!("{grant}&scope=sms:read&expires_in=60&unknown=1")),
        (Some(format!("Bearer {key}")), format!("{grant}&scope=sms:read&expires_in=60")),
    ] {
        let made = ask(&platform, authorization, &form).await;
        assert_eq!((made.status.as_u16(), made.header("cache-control")), (200, "no-store"), "{}", made.text);
        let told = (&made.json["token_type"], &made.json["expires_in"], &made.json["scope"]);
        assert_eq!(told, (&json!("Bearer"), &json!(60), &json!("sms:read")));
        let token = made.json["access_token"].as_str().unwrap();
        assert_eq!(lists(&platform, token).await, 200);
        let claims = verified(&platform, token).await;
        assert_eq!((&claims["sub"], &claims["account"]), (&json!(id), &json!(BANK.to_string())));
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);
    }
}

/// The claims, verified by what the metadata leads to.
async fn verified(platform: &Platform, token: &str) -> Value {
    let metadata = platform.get("", "/.well-known/oauth-authorization-server").await.json;
    let issuer = metadata["issuer"].as_str().unwrap();
    let path = metadata["jwks_uri"].as_str().unwrap().strip_prefix(issuer).unwrap();
    assert_eq!(metadata["token_endpoint"], format!("{issuer}/v1/token"));
    let keys: JwkSet = serde_json::from_str(&platform.get("", path).await.text).unwrap();
    let header = decode_header(token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    let key = DecodingKey::from_jwk(keys.find(header.kid.as_deref().unwrap()).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[issuer]);
    validation.set_issuer(&[issuer]);
    // The platform's clock is a mock.
    validation.validate_exp = false;
    decode::<Value>(token, &key, &validation).unwrap().claims
}

/// A token does what was asked for and no more, and what the key lacks cannot be asked for.
#[tokio::test]
async fn a_token_narrows_and_never_widens() {
    let platform = Platform::start().await;
    let key = platform.key(BANK, 3, &[Scope::SmsRead, Scope::KeysWrite], |_| {}).await;
    let narrow = token(&platform, &key, "&scope=keys:write").await;
    assert_eq!(lists(&platform, &narrow).await, 403);
    let made = platform.post(&narrow, "/v1/keys", &json!({ "name": "wider", "scopes": ["sms:read"] })).await;
    assert_eq!(
        (made.status.as_u16(), made.code()),
        (403, "forbidden"),
        "its key has it, the token has not: {}",
        made.text
    );
    assert_eq!(lists(&platform, &token(&platform, &key, "").await).await, 200);
    for scope in ["sms:send", "sms:read sms:send", "everything", "config:read"] {
        let form = format!("grant_type=client_credentials&scope={scope}");
        let refused = ask(&platform, Some(format!("Bearer {key}")), &form).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, "invalid_scope"), "{}", refused.text);
        assert_eq!(refused.json["error"], "invalid_scope");
    }
    let again = ask(&platform, Some(format!("Bearer {narrow}")), "grant_type=client_credentials").await;
    assert_eq!((again.status.as_u16(), &again.json["error"]), (401, &json!("invalid_client")), "no token from a token");
}

/// A token ends at its time, with its key, with the secret it was made by, and when the key may no longer do what it grants.
#[tokio::test]
async fn a_token_ends_with_its_time_its_key_and_its_secret() {
    let platform = Platform::start().await;
    let made =
        platform.post(&platform.bank, "/v1/keys", &json!({ "name": "core", "scopes": ["sms:read", "sms:send"] })).await;
    let (key, path) = (made.json["key"].as_str().unwrap().to_owned(), format!("/v1/keys/{}", made.id()));
    let short = token(&platform, &key, "&expires_in=10").await;
    platform.engine.clock().advance_micros(9_000_000);
    assert_eq!(lists(&platform, &short).await, 200);
    platform.engine.clock().advance_micros(1_000_000);
    assert_eq!(lists(&platform, &short).await, 401, "its time is over");
    let first = token(&platform, &key, "").await;
    let kept = platform.post(&platform.bank, &format!("{path}/rotate"), &json!({ "keep_s": 60 })).await;
    assert_eq!(lists(&platform, &first).await, 200, "the former secret lives");
    let second = token(&platform, kept.json["key"].as_str().unwrap(), "").await;
    let last = platform.post(&platform.bank, &format!("{path}/rotate"), &json!({ "keep_s": 0 })).await;
    assert_eq!((lists(&platform, &first).await, lists(&platform, &second).await), (401, 401), "their secrets are gone");
    let third = token(&platform, last.json["key"].as_str().unwrap(), "").await;
    platform.patch(&platform.bank, &path, &json!({ "scopes": ["sms:send"] })).await;
    assert_eq!(lists(&platform, &third).await, 403, "the key may no longer");
    platform.patch(&platform.bank, &path, &json!({ "scopes": ["sms:read"], "allowed_ips": ["192.0.2.1"] })).await;
    assert_eq!(lists(&platform, &third).await, 401, "not from here");
    platform.patch(&platform.bank, &path, &json!({ "allowed_ips": [] })).await;
    assert_eq!(lists(&platform, &third).await, 200);
    assert_eq!(platform.delete(&platform.bank, &path).await.status, 204);
    assert_eq!(lists(&platform, &third).await, 401, "the key is revoked");
}

/// A token counts against its key's limit, and so does making one.
#[tokio::test]
async fn a_tokens_calls_are_the_keys_calls() {
    let platform = Platform::start().await;
    let key = platform.key(BANK, 3, &[Scope::SmsRead], |row| row.rate_limit = "1/h burst 3".to_owned()).await;
    let token = token(&platform, &key, "").await;
    assert_eq!(
        [lists(&platform, &token).await, lists(&platform, &key).await, lists(&platform, &token).await],
        [200, 200, 429]
    );
    let refused = ask(&platform, Some(format!("Bearer {key}")), "grant_type=client_credentials").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (429, "rate_limited"), "{}", refused.text);
}

/// A signing key that is replaced verifies for as long as its tokens hold, and no longer: who stole it can make nothing with it.
#[tokio::test]
async fn tokens_outlive_the_rotation_of_signing_keys_by_an_hour() {
    let platform = Platform::start().await;
    let old = token(&platform, &platform.bank, "&expires_in=3600").await;
    let rotated = platform.admin(Method::POST, "/v1/admin/signing-keys", None, &[]).await;
    assert_eq!(rotated.status, 201, "{}", rotated.text);
    let new = token(&platform, &platform.bank, "&expires_in=3600").await;
    assert_eq!(decode_header(&new).unwrap().kid.as_deref(), rotated.json["kid"].as_str());
    assert_ne!(decode_header(&new).unwrap().kid, decode_header(&old).unwrap().kid);
    assert_eq!((lists(&platform, &old).await, lists(&platform, &new).await), (200, 200));
    let stolen = stolen_key(&platform, &old).await;
    assert_eq!(lists(&platform, &forged(&platform, &old, &stolen).await).await, 200, "whoever has it is us");
    platform.engine.clock().advance_micros(3_601 * 1_000_000);
    assert_eq!(lists(&platform, &forged(&platform, &old, &stolen).await).await, 401, "and is not for ever");
    assert_eq!(lists(&platform, &token(&platform, &platform.bank, "").await).await, 200);
}

/// The private half of the key that has signed a token.
async fn stolen_key(platform: &Platform, token: &str) -> EncodingKey {
    let kid = decode_header(token).unwrap().kid.unwrap();
    let rows = platform.engine.store().signing_keys().await.unwrap();
    let row = rows.into_iter().find(|row| row.id.to_string() == kid).unwrap();
    let private = platform.engine.seal().open_text(row.id.raw(), &row.private_sealed.0).unwrap();
    EncodingKey::from_ed_der(&STANDARD.decode(private.expose_secret()).unwrap())
}

/// The same token with the times of now, signed by `key`.
async fn forged(platform: &Platform, token: &str, key: &EncodingKey) -> String {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let mut claims: Value = serde_json::from_slice(&claims).unwrap();
    let now = platform.engine.clock().now().as_secs();
    (claims["iat"], claims["nbf"], claims["exp"]) = (json!(now), json!(now), json!(now + 600));
    encode(&decode_header(token).unwrap(), &claims, key).unwrap()
}

/// What is wrong is told in the words of OAuth and ours; nothing tells which part of the credentials was right.
#[tokio::test]
async fn a_wrong_request_is_told_in_the_words_of_oauth() {
    let platform = Platform::start().await;
    let (key, id) = (&platform.bank, id_of(&platform.bank));
    let grant = "grant_type=client_credentials";
    let bad_key = format!("{}x", &key[..key.len() - 1]);
    let expected = ask(&platform, None, grant).await;
    assert_eq!(
        (expected.status.as_u16(), &expected.json["error"]),
        (401, &json!("invalid_client")),
        "{}",
        expected.text
    );
    for form in [
        format!("{grant}&client_id={id}"),
        format!("{grant}&client_id={id}&client_secret={bad_key}"),
        format!("{grant}&client_id={}&client_secret={key}", id_of(&platform.shop)),
        format!("{grant}&client_id={id}&client_secret={}", platform.shop),
        format!("{grant}&client_id={id}&client_secret={}", platform.admin),
    ] {
        assert_eq!(ask(&platform, None, &form).await.told(), expected.told(), "{form}");
    }
    for (authorization, form, error) in [
        (None, "grant_type=password".to_owned(), "unsupported_grant_type"),
        (None, String::new(), "invalid_request"),
        (None, format!("{grant}&{grant}"), "invalid_request"),
        (Some(format!("Bearer {key}")), format!("{grant}&client_secret={key}"), "invalid_request"),
        (Some(format!("Bearer {key}")), format!("{grant}&expires_in=3601"), "invalid_request"),
        (Some(format!("Bearer {key}")), format!("{grant}&expires_in=9"), "invalid_request"),
    ] {
        let refused = ask(&platform, authorization, &form).await;
        assert_eq!((refused.status.as_u16(), &refused.json["error"]), (400, &json!(error)), "{form}: {}", refused.text);
    }
    let body = json!({ "grant_type": "client_credentials" }).to_string();
    let json = request(Method::POST, "/v1/token", key).header("content-type", "application/json");
    let refused = platform.call(json.body(Body::from(body)).unwrap()).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (415, "unsupported_media_type"));
}
