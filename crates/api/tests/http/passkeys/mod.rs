//! Passkeys: made, used in place of password and code, removed; whatever is wrong with an answer reads the same.

mod device;

use sambac_engine::user::Role;
use serde_json::{Value, json};

use crate::platform::{Platform, Reply};
use crate::users::{PASSWORD, Person, code, log_in, open, person, status, token, wait_s};
use device::{Device, SITE, Said};

/// A challenge to log in.
async fn challenge(platform: &Platform) -> Value {
    let reply = open(platform, "/v1/session/passkey/challenge", &json!({})).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json
}

async fn answer(platform: &Platform, ceremony: &Value, credential: &Value) -> Reply {
    open(platform, "/v1/session/passkey", &json!({ "ceremony": ceremony, "credential": credential })).await
}

async fn log_in_by(platform: &Platform, device: &mut Device, said: &Said) -> Reply {
    let challenge = challenge(platform).await;
    let credential = device.get(&challenge["options"], said);
    answer(platform, &challenge["ceremony"], &credential).await
}

async fn add(platform: &Platform, token: &str, said: &Said) -> (Device, Reply) {
    let challenge = platform.post(token, "/v1/passkeys/challenge", &json!({ "password": PASSWORD })).await;
    assert_eq!(challenge.status, 200, "{}", challenge.text);
    let (device, credential) = Device::create(&challenge.json["options"], said);
    let wanted = json!({ "ceremony": challenge.json["ceremony"], "name": "Phone", "credential": credential });
    (device, platform.post(token, "/v1/passkeys", &wanted).await)
}

/// Somebody with a passkey beside password and code.
async fn with_passkey(platform: &Platform, login: &str) -> (Person, Device) {
    let person = person(platform, login, Role::ClientAdmin).await;
    let (device, added) = add(platform, &person.token, &Said::truth("webauthn.create")).await;
    assert_eq!(added.status, 201, "{}", added.text);
    (person, device)
}

/// One is made with password and code, and is good for logging in with neither; what was asked of the device is what makes it so.
#[tokio::test]
async fn a_passkey_is_both_factors() {
    let platform = Platform::start_at(SITE).await;
    let ada = person(&platform, "ada@bank.example", Role::ClientAdmin).await;
    let wrong = platform.post(&ada.token, "/v1/passkeys/challenge", &json!({ "password": "not the password" })).await;
    assert_eq!((wrong.status.as_u16(), wrong.code()), (401, "unauthenticated"));
    let asked = platform.post(&ada.token, "/v1/passkeys/challenge", &json!({ "password": PASSWORD })).await;
    let options = &asked.json["options"];
    assert_eq!((&options["rp"]["id"], &options["user"]["name"]), (&json!("sms.example"), &json!("ada@bank.example")));
    let selection = &options["authenticatorSelection"];
    assert_eq!((&selection["residentKey"], &selection["userVerification"]), (&json!("required"), &json!("required")));
    let (mut device, added) = add(&platform, &ada.token, &Said::truth("webauthn.create")).await;
    assert_eq!((added.status.as_u16(), &added.json["name"]), (201, &json!("Phone")), "{}", added.text);
    let begun = log_in_by(&platform, &mut device, &Said::truth("webauthn.get")).await;
    assert_eq!((begun.status.as_u16(), &begun.json["second_factor"]), (201, &json!(true)), "{}", begun.text);
    assert_eq!((&begun.json["login"], &begun.json["role"]), (&json!("ada@bank.example"), &json!("client_admin")));
    let listed = platform.get(&token(&begun), "/v1/passkeys").await;
    assert_eq!(listed.json["data"][0]["used_at"], listed.json["data"][0]["created_at"], "{}", listed.text);
    assert_eq!(platform.get(&token(&begun), "/v1/balance").await.status, 200);
    let again = platform.post(&ada.token, "/v1/passkeys/challenge", &json!({ "password": PASSWORD })).await;
    assert_eq!(again.json["options"]["excludeCredentials"].as_array().map(Vec::len), Some(1), "{}", again.text);
}

/// Answers for another site, page, challenge or deed, by who was not verified, twice, late, or by a copy: all refused alike.
#[tokio::test]
async fn whatever_is_wrong_with_an_answer_reads_the_same() {
    let platform = Platform::start_at(SITE).await;
    let (_, mut device) = with_passkey(&platform, "ada@bank.example").await;
    let (_, mut other) = with_passkey(&platform, "ben@bank.example").await;
    let truth = Said::truth("webauthn.get");
    let expected = answer(&platform, &json!("none"), &json!({})).await;
    assert_eq!((expected.status.as_u16(), expected.code()), (401, "unauthenticated"), "{}", expected.text);
    for (what, said) in [
        ("another page", Said { origin: "https://sms.example.evil.example".into(), ..truth.clone() }),
        ("an unsafe page", Said { origin: "http://sms.example".into(), ..truth.clone() }),
        ("another port", Said { origin: "https://sms.example:8443".into(), ..truth.clone() }),
        ("another site", Said { site: "evil.example".into(), ..truth.clone() }),
        ("another deed", Said { kind: "webauthn.create", ..truth.clone() }),
        ("not verified", Said { is_verified: false, ..truth.clone() }),
        ("another challenge", Said { challenge: Some("AAAAAAAAAAAAAAAAAAAAAA".into()), ..truth.clone() }),
    ] {
        let refused = log_in_by(&platform, &mut device, &said).await;
        assert_eq!(refused.told(), expected.told(), "{what}");
        wait_s(&platform, 1);
    }
    let given = challenge(&platform).await;
    let right = device.get(&given["options"], &truth);
    let mut forged = right.clone();
    forged["response"]["userHandle"] = other.get(&given["options"], &truth)["response"]["userHandle"].clone();
    assert_eq!(answer(&platform, &given["ceremony"], &forged).await.told(), expected.told(), "for somebody else");
    assert_eq!(answer(&platform, &given["ceremony"], &right).await.status, 201, "what was wrong used nothing up");
    assert_eq!(answer(&platform, &given["ceremony"], &right).await.told(), expected.told(), "a challenge is good once");
    let given = challenge(&platform).await;
    let mut swapped = device.get(&given["options"], &truth);
    swapped["response"]["signature"] = other.get(&given["options"], &truth)["response"]["signature"].clone();
    assert_eq!(answer(&platform, &given["ceremony"], &swapped).await.told(), expected.told(), "another's signature");
    let given = challenge(&platform).await;
    let late = device.get(&given["options"], &truth);
    wait_s(&platform, 300);
    assert_eq!(answer(&platform, &given["ceremony"], &late).await.told(), expected.told(), "late");
}

/// A copy of a device's key shows by its counter, and in the audit log.
#[tokio::test]
async fn a_copied_passkey_is_noted() {
    let platform = Platform::start_at(SITE).await;
    let (_, mut device) = with_passkey(&platform, "ada@bank.example").await;
    device.wind_back();
    assert_eq!(log_in_by(&platform, &mut device, &Said::truth("webauthn.get")).await.status, 401);
    let audit = platform.admin(axum::http::Method::GET, "/v1/admin/audit?limit=5", None, &[]).await;
    assert!(audit.text.contains("user.passkey_copied"), "{}", audit.text);
}

/// What is not an answer to one's own challenge makes no passkey, and none is made twice.
#[tokio::test]
async fn what_a_device_did_not_say_makes_no_passkey() {
    let platform = Platform::start_at(SITE).await;
    let (ada, _) = with_passkey(&platform, "ada@bank.example").await;
    let ben = person(&platform, "ben@bank.example", Role::ReadOnly).await;
    let truth = Said::truth("webauthn.create");
    for said in [
        Said { origin: "https://evil.example".into(), ..truth.clone() },
        Said { site: "evil.example".into(), ..truth.clone() },
        Said { kind: "webauthn.get", ..truth.clone() },
        Said { is_verified: false, ..truth.clone() },
        Said { challenge: Some("AAAAAAAAAAAAAAAAAAAAAA".into()), ..truth.clone() },
    ] {
        let (_, refused) = add(&platform, &ada.token, &said).await;
        assert_eq!((refused.status.as_u16(), &refused.json["errors"][0]["pointer"]), (400, &json!("/credential")));
    }
    let asked = platform.post(&ada.token, "/v1/passkeys/challenge", &json!({ "password": PASSWORD })).await;
    let (_, credential) = Device::create(&asked.json["options"], &truth);
    let wanted = json!({ "ceremony": asked.json["ceremony"], "name": "Phone", "credential": credential });
    let refused = platform.post(&ben.token, "/v1/passkeys", &wanted).await;
    assert_eq!(refused.json["errors"][0]["pointer"], "/ceremony", "it is not his: {}", refused.text);
    let malformed = json!({ "ceremony": "x", "name": "Phone", "credential": { "id": 7 } });
    let refused = platform.post(&ada.token, "/v1/passkeys", &malformed).await;
    assert_eq!((refused.status.as_u16(), &refused.json["errors"][0]["pointer"]), (400, &json!("/credential")));
    assert_eq!(platform.get(&ben.token, "/v1/passkeys").await.json["data"], json!([]));
}

/// Who has a passkey and nothing else is not let in by a password, gets no other factor by one, and keeps the last one.
#[tokio::test]
async fn a_password_alone_does_not_get_past_a_passkey() {
    let platform = Platform::start_at(SITE).await;
    let made = json!({ "login": "ada@sms.example", "name": "Ada", "role": "auditor" });
    let made = platform.admin(axum::http::Method::POST, "/v1/admin/users", Some(&made), &[]).await;
    let invitation = json!({ "token": made.json["invitation"]["token"], "password": PASSWORD });
    let ada = token(&open(&platform, "/v1/invitations/redeem", &invitation).await);
    let stale = token(&log_in(&platform, "ada@sms.example", PASSWORD, "").await);
    let (mut device, added) = add(&platform, &ada, &Said::truth("webauthn.create")).await;
    assert_eq!(added.status, 201, "{}", added.text);
    assert_eq!(platform.get(&ada, "/v1/admin/audit").await.status, 200, "the session is a full one");
    assert_eq!(status(&platform, &stale).await, 401, "others end");
    assert_eq!(log_in(&platform, "ada@sms.example", PASSWORD, "").await.status, 401);
    let place = format!("/v1/passkeys/{}", added.id());
    let refused = platform.delete(&ada, &place).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (409, "wrong_state"), "{}", refused.text);
    assert_eq!(log_in_by(&platform, &mut device, &Said::truth("webauthn.get")).await.status, 201, "it is still there");
    let (_, second) = add(&platform, &ada, &Said::truth("webauthn.create")).await;
    assert_eq!(platform.delete(&ada, &place).await.status, 204);
    assert_eq!(log_in_by(&platform, &mut device, &Said::truth("webauthn.get")).await.status, 401, "it is gone");
    assert_eq!(platform.delete(&ada, &place).await.status, 404);
    let shown = platform.admin(axum::http::Method::GET, &format!("/v1/admin/users/{}", made.id()), None, &[]).await;
    assert_eq!((&shown.json["passkeys"], &shown.json["second_factor"]), (&json!(1), &json!(true)), "{}", shown.text);
    let reset = format!("/v1/admin/users/{}/invitation", made.id());
    let reset = json_post(&platform, &reset, &json!({ "second_factor": true })).await;
    let invitation = json!({ "token": reset.json["token"], "password": PASSWORD });
    assert_eq!(open(&platform, "/v1/invitations/redeem", &invitation).await.json["second_factor"], false);
    let shown = platform.admin(axum::http::Method::GET, &format!("/v1/admin/users/{}", made.id()), None, &[]).await;
    assert_eq!(shown.json["passkeys"], 0, "{} {}", shown.text, second.text);
}

async fn json_post(platform: &Platform, path: &str, body: &Value) -> Reply {
    platform.admin(axum::http::Method::POST, path, Some(body), &[]).await
}

/// Another's passkey is not there to be removed; a person who is suspended is not let in by hers.
#[tokio::test]
async fn passkeys_are_their_persons_own() {
    let platform = Platform::start_at(SITE).await;
    let (ada, mut device) = with_passkey(&platform, "ada@bank.example").await;
    let ben = person(&platform, "ben@bank.example", Role::ClientAdmin).await;
    let listed = platform.get(&ada.token, "/v1/passkeys").await;
    let place = format!("/v1/passkeys/{}", listed.json["data"][0]["id"].as_str().unwrap());
    assert_eq!(platform.delete(&ben.token, &place).await.status, 404);
    let user = format!("/v1/admin/users/{}", ada.id);
    let suspended = platform.admin(axum::http::Method::PATCH, &user, Some(&json!({ "state": "suspended" })), &[]).await;
    assert_eq!(suspended.status, 200, "{}", suspended.text);
    assert_eq!(log_in_by(&platform, &mut device, &Said::truth("webauthn.get")).await.status, 401);
    let now = code(&platform, &ada.secret);
    assert_eq!(log_in(&platform, &ada.login, PASSWORD, &now).await.status, 401);
}

/// Who takes a passkey away ends what was begun by it: the device may be lost.
#[tokio::test]
async fn a_passkey_that_is_removed_ends_other_sessions() {
    let platform = Platform::start_at(SITE).await;
    let (ada, mut device) = with_passkey(&platform, "ada@bank.example").await;
    let other = token(&log_in_by(&platform, &mut device, &Said::truth("webauthn.get")).await);
    let listed = platform.get(&ada.token, "/v1/passkeys").await;
    let place = format!("/v1/passkeys/{}", listed.json["data"][0]["id"].as_str().unwrap());
    assert_eq!(platform.delete(&ada.token, &place).await.status, 204);
    assert_eq!((status(&platform, &ada.token).await, status(&platform, &other).await), (200, 401));
}

/// Without the name of a site there are no passkeys, and the answer says what to set.
#[tokio::test]
async fn passkeys_belong_to_a_site() {
    let platform = Platform::start_at("https://192.0.2.1").await;
    let refused = open(&platform, "/v1/session/passkey/challenge", &json!({})).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (409, "wrong_state"));
    assert!(refused.text.contains("http.public_url"), "{}", refused.text);
}
