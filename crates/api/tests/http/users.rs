//! Persons: made, invited, logged in with two factors, logged out, and kept within their roles.

use axum::body::Body;
use axum::http::{Method, Request};
use sambac_domain::Timestamp;
use sambac_engine::Scope;
use sambac_engine::user::Role;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::platform::{BANK, NOW, Platform, Reply, request};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A person with both factors.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) login: String,
    pub(crate) secret: String,
    recovery: Vec<String>,
    pub(crate) token: String,
}

/// The code that an app shows now.
pub(crate) fn code(platform: &Platform, secret: &str) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let totp = Builder::new().with_secret(secret).build().unwrap();
    totp.generate(u64::try_from(platform.engine.clock().now().as_secs()).unwrap()).to_string()
}

pub(crate) fn wait_s(platform: &Platform, seconds: i64) {
    platform.engine.clock().advance_micros(seconds * 1_000_000);
}

pub(crate) async fn open(platform: &Platform, path: &str, body: &Value) -> Reply {
    let request = Request::builder().method(Method::POST).uri(path).header("content-type", "application/json");
    platform.call(request.body(Body::from(body.to_string())).unwrap()).await
}

pub(crate) async fn log_in(platform: &Platform, login: &str, password: &str, code: &str) -> Reply {
    open(platform, "/v1/session", &json!({ "login": login, "password": password, "code": code })).await
}

pub(crate) fn token(reply: &Reply) -> String {
    reply.json["token"].as_str().unwrap_or_else(|| panic!("{reply:?}")).to_owned()
}

pub(crate) async fn status(platform: &Platform, token: &str) -> u16 {
    platform.get(token, "/v1/session").await.status.as_u16()
}

/// Makes a person with this role, who chooses password and second factor.
pub(crate) async fn person(platform: &Platform, login: &str, role: Role) -> Person {
    let mut wanted = json!({ "login": login, "name": "Somebody", "role": role.as_str() });
    if !role.is_platform() {
        wanted["account"] = json!(BANK.to_string());
    }
    let made = platform.admin(Method::POST, "/v1/admin/users", Some(&wanted), &[]).await;
    assert_eq!(made.status, 201, "{}", made.text);
    settled(platform, made.json["invitation"]["token"].as_str().unwrap(), login, made.id()).await
}

async fn settled(platform: &Platform, invitation: &str, login: &str, id: String) -> Person {
    let redeemed =
        open(platform, "/v1/invitations/redeem", &json!({ "token": invitation, "password": PASSWORD })).await;
    assert_eq!(redeemed.status, 201, "{}", redeemed.text);
    let token = token(&redeemed);
    let (secret, recovery) = factor(platform, &token).await;
    Person { id, login: login.to_lowercase(), secret, recovery, token }
}

/// Chooses a second factor.
async fn factor(platform: &Platform, token: &str) -> (String, Vec<String>) {
    let begun = platform.post(token, "/v1/session/second-factor", &json!({ "password": PASSWORD })).await;
    let secret = begun.json["secret"].as_str().unwrap_or_else(|| panic!("{begun:?}")).to_owned();
    assert!(begun.json["uri"].as_str().unwrap().starts_with("otpauth://totp/Sambac:"), "{}", begun.text);
    let wrong = platform.post(token, "/v1/session/second-factor/confirm", &json!({ "code": "000000" })).await;
    assert_eq!((wrong.status.as_u16(), wrong.code()), (400, "invalid_request"));
    let right = json!({ "code": code(platform, &secret) });
    let confirmed = platform.post(token, "/v1/session/second-factor/confirm", &right).await;
    let codes = confirmed.json["recovery_codes"].as_array().unwrap_or_else(|| panic!("{confirmed:?}"));
    (secret, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

/// The token of somebody with this role.
pub(crate) async fn log_in_as(platform: &Platform, role: Role) -> String {
    let person = person(platform, &format!("{}@example.com", role.as_str()), role).await;
    vouch(platform, &person.id).await;
    person.token
}

/// As `sambac user vouch` does on the machine.
async fn vouch(platform: &Platform, id: &str) {
    let mut work = platform.engine.store().begin().await.unwrap();
    work.vouch(id.parse().unwrap(), true).await.unwrap();
    work.commit().await.unwrap();
}

/// A key that is bound makes nobody who is not: a test key no person who acts for real, one with an end none who stays.
#[tokio::test]
async fn a_bound_key_makes_no_person() {
    let platform = Platform::start().await;
    let live = person(&platform, "ada@bank.example", Role::ClientDeveloper).await;
    let wanted = json!({ "name": "test", "environment": "test", "scopes": ["team:write"] });
    let test = platform.post(&platform.bank, "/v1/keys", &wanted).await.json["key"].as_str().unwrap().to_owned();
    let ending =
        platform.key(BANK, 21, &Scope::ALL, |row| row.expires_at = Some(Timestamp(NOW.0 + 3_600_000_000))).await;
    let slow = platform.key(BANK, 22, &Scope::ALL, |row| row.rate_limit = "50/s".into()).await;
    for key in [&test, &ending, &slow] {
        let wanted = json!({ "login": "eve@bank.example", "name": "Eve", "role": "client_admin" });
        let invited = format!("/v1/users/{}/invitation", live.id);
        for refused in [
            platform.post(key, "/v1/users", &wanted).await,
            platform.post(key, &invited, &json!({ "second_factor": true })).await,
            platform.patch(key, &format!("/v1/users/{}", live.id), &json!({ "state": "suspended" })).await,
        ] {
            assert_ne!(refused.status, 401, "{}", refused.text);
            assert!(matches!(refused.status.as_u16(), 403 | 404), "{}", refused.text);
        }
    }
    assert_eq!(status(&platform, &live.token).await, 200, "she is as she was");
}

/// Nobody makes himself a second pair of eyes: who was invited books money only once somebody on the machine has vouched for the
/// person, and not any more after another invitation.
#[tokio::test]
async fn who_was_invited_books_no_money_before_the_machine_vouches() {
    let platform = Platform::start().await;
    let eve = person(&platform, "eve@sms.example", Role::Finance).await;
    let transfer =
        json!({ "account": BANK.to_string(), "amount": "1", "currency": "EUR", "reference": "T-1", "reason": "paid" });
    let refused = platform.post(&eve.token, "/v1/admin/transfers", &transfer).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (403, "forbidden"), "{}", refused.text);
    vouch(&platform, &eve.id).await;
    let booked = platform.post(&eve.token, "/v1/admin/transfers", &transfer).await;
    assert_eq!((booked.status.as_u16(), &booked.json["state"]), (201, &json!("booked")), "{}", booked.text);
    let invited = format!("/v1/admin/users/{}/invitation", eve.id);
    let invited = platform.admin(Method::POST, &invited, Some(&json!({ "second_factor": true })), &[]).await;
    let again = settled(&platform, invited.json["token"].as_str().unwrap(), "eve@sms.example", eve.id.clone()).await;
    let refused = platform.post(&again.token, "/v1/admin/transfers", &transfer).await;
    assert_eq!(refused.status, 403, "it may be whoever has made the link: {}", refused.text);
    let shown = platform.admin(Method::GET, &format!("/v1/admin/users/{}", eve.id), None, &[]).await;
    assert_eq!(shown.json["vouched"], false);
}

/// While there is no user, the platform's first administrator is made by a token that holds once; there is no default account.
#[tokio::test]
async fn the_first_administrator_is_made_by_a_token_that_holds_once() {
    let platform = Platform::start().await;
    let earlier = platform.engine.first_invitation().await.unwrap().unwrap();
    let first = platform.engine.first_invitation().await.unwrap().unwrap();
    let wanted =
        |token: &str| json!({ "token": token, "password": PASSWORD, "login": "Ada@sms.example", "name": "Ada" });
    let refused = open(&platform, "/v1/invitations/redeem", &wanted(earlier.expose_secret())).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (401, "unauthenticated"), "there is a newer one");
    let weak = json!({ "token": first.expose_secret(), "password": "short", "login": "ada@sms.example" });
    assert_eq!(open(&platform, "/v1/invitations/redeem", &weak).await.json["errors"][0]["pointer"], "/password");
    let made = open(&platform, "/v1/invitations/redeem", &wanted(first.expose_secret())).await;
    assert_eq!((&made.json["role"], &made.json["login"]), (&json!("platform_admin"), &json!("ada@sms.example")));
    assert_eq!((&made.json["scopes"], &made.json["second_factor"]), (&json!([]), &json!(false)));
    let token = token(&made);
    let early = platform.get(&token, "/v1/admin/users").await;
    assert_eq!((early.status.as_u16(), early.code()), (403, "second_factor_required"), "{}", early.text);
    factor(&platform, &token).await;
    let users = platform.get(&token, "/v1/admin/users").await;
    assert_eq!(users.json["data"][0]["login"], "ada@sms.example", "{}", users.text);
    assert!(platform.engine.first_invitation().await.unwrap().is_none());
    let again = open(&platform, "/v1/invitations/redeem", &wanted(first.expose_secret())).await;
    assert_eq!(again.told(), refused.told(), "it was used");
}

/// Whatever is wrong reads the same; a code is taken once.
#[tokio::test]
async fn whatever_is_wrong_with_a_log_in_reads_the_same() {
    let platform = Platform::start().await;
    let ada = person(&platform, "Ada@bank.example", Role::ClientAdmin).await;
    let ben = person(&platform, "ben@bank.example", Role::ReadOnly).await;
    let suspended = platform
        .admin(Method::PATCH, &format!("/v1/admin/users/{}", ben.id), Some(&json!({ "state": "suspended" })), &[])
        .await;
    assert_eq!(suspended.json["state"], "suspended", "{}", suspended.text);
    wait_s(&platform, 30);
    let now = code(&platform, &ada.secret);
    let expected = log_in(&platform, "nobody@bank.example", PASSWORD, &now).await;
    assert_eq!((expected.status.as_u16(), expected.code()), (401, "unauthenticated"));
    for (what, login, password, code) in [
        ("a wrong password", &*ada.login, "correct horse batterx", &*now),
        ("a wrong code", &ada.login, PASSWORD, "000000"),
        ("suspended", &ben.login, PASSWORD, &code(&platform, &ben.secret)),
    ] {
        assert_eq!(log_in(&platform, login, password, code).await.told(), expected.told(), "{what}");
    }
    let logged_in = log_in(&platform, "ADA@bank.example ", PASSWORD, &now).await;
    assert_eq!(
        (logged_in.status.as_u16(), &logged_in.json["second_factor"]),
        (201, &json!(true)),
        "{}",
        logged_in.text
    );
    assert_eq!(log_in(&platform, &ada.login, PASSWORD, &now).await.told(), expected.told(), "the code was used");
    assert_eq!(log_in(&platform, &ada.login, PASSWORD, "").await.told(), expected.told(), "no code");
    wait_s(&platform, 30);
    let recovery = ada.recovery[3].to_uppercase().replace('-', " ");
    assert_eq!(log_in(&platform, &ada.login, PASSWORD, &recovery).await.status, 201);
    assert_eq!(log_in(&platform, &ada.login, PASSWORD, &ada.recovery[3]).await.told(), expected.told(), "used, too");
    let shown = platform.admin(Method::GET, &format!("/v1/admin/users/{}", ada.id), None, &[]).await;
    assert_eq!((&shown.json["recovery_codes"], &shown.json["second_factor"]), (&json!(9), &json!(true)));
    for secret in [PASSWORD, &*ada.secret, &*ada.recovery[0], "argon2"] {
        assert!(!shown.text.contains(secret), "{}", shown.text);
    }
}

/// Who fails often waits, whether there is such a user or not, and nobody else does.
#[tokio::test]
async fn who_guesses_waits_longer_each_time() {
    let platform = Platform::start().await;
    let ada = person(&platform, "ada@bank.example", Role::ClientAdmin).await;
    let mut statuses = Vec::new();
    for login in [&*ada.login, "nobody@bank.example"] {
        for _ in 0..4 {
            statuses.push(log_in(&platform, login, "wrong password", "").await.status.as_u16());
        }
        let refused = log_in(&platform, login, PASSWORD, "").await;
        assert_eq!((refused.status.as_u16(), refused.code()), (429, "rate_limited"), "{login}");
        assert!(!refused.header("retry-after").is_empty());
    }
    assert_eq!(statuses[..4], statuses[4..], "a user and nobody are told apart");
    assert_eq!(statuses[..3], [401, 401, 401]);
    assert_eq!(status(&platform, &ada.token).await, 200, "who is logged in stays so");
}

/// A session ends when it is not used, at its time, and when its person, or another one who may, ends it.
#[tokio::test]
async fn sessions_end() {
    let platform = Platform::start().await;
    let ada = person(&platform, "ada@bank.example", Role::ClientAdmin).await;
    wait_s(&platform, 29 * 60);
    assert_eq!(status(&platform, &ada.token).await, 200);
    wait_s(&platform, 29 * 60);
    assert_eq!(status(&platform, &ada.token).await, 200, "it was used");
    wait_s(&platform, 30 * 60);
    assert_eq!(status(&platform, &ada.token).await, 401, "it was not");
    let second = token(&log_in(&platform, &ada.login, PASSWORD, &code(&platform, &ada.secret)).await);
    wait_s(&platform, 60);
    let third = token(&log_in(&platform, &ada.login, PASSWORD, &code(&platform, &ada.secret)).await);
    let listed = platform.get(&third, "/v1/sessions").await;
    let current: Vec<_> = listed.json["data"].as_array().unwrap().iter().map(|one| one["current"].clone()).collect();
    assert_eq!(current, [json!(true), json!(false)], "{}", listed.text);
    let other = format!("/v1/sessions/{}", listed.json["data"][1]["id"].as_str().unwrap());
    assert_eq!(platform.delete(&third, &other).await.status, 204);
    assert_eq!((status(&platform, &second).await, platform.delete(&third, &other).await.status.as_u16()), (401, 404));
    for _ in 0..(12 * 60 / 20 - 1) {
        wait_s(&platform, 20 * 60);
        assert_eq!(status(&platform, &third).await, 200);
    }
    wait_s(&platform, 20 * 60);
    assert_eq!(status(&platform, &third).await, 401, "half a day is enough");
    let fourth = token(&log_in(&platform, &ada.login, PASSWORD, &code(&platform, &ada.secret)).await);
    assert_eq!(platform.delete(&fourth, "/v1/session").await.status, 204);
    assert_eq!(status(&platform, &fourth).await, 401, "it was logged out");
}

/// A cookie is hidden from scripts, and is nothing in the hands of another site's page.
#[tokio::test]
async fn a_console_gets_a_cookie() {
    let platform = Platform::start().await;
    let ada = person(&platform, "ada@bank.example", Role::ClientAdmin).await;
    wait_s(&platform, 30);
    let body =
        json!({ "login": ada.login, "password": PASSWORD, "code": code(&platform, &ada.secret), "cookie": true });
    let logged_in = open(&platform, "/v1/session", &body).await;
    assert!(logged_in.json["token"].is_null(), "{}", logged_in.text);
    let cookie = logged_in.header("set-cookie").to_owned();
    assert!(cookie.ends_with("; Path=/; Max-Age=43200; Secure; HttpOnly; SameSite=Strict"), "{cookie}");
    let (pair, _) = cookie.split_once(';').unwrap();
    let call = async |method: Method, path: &str, more: Option<(&str, &str)>| {
        let request = Request::builder().method(method).uri(path).header("cookie", pair);
        let request = more.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let body = Body::from(json!({ "name": "by cookie", "scopes": ["sms:read"] }).to_string());
        platform.call(request.header("content-type", "application/json").body(body).unwrap()).await.status.as_u16()
    };
    assert_eq!(call(Method::GET, "/v1/sms", None).await, 200);
    assert_eq!(call(Method::POST, "/v1/keys", None).await, 401);
    assert_eq!(call(Method::POST, "/v1/keys", Some(("sec-fetch-site", "cross-site"))).await, 401);
    assert_eq!(call(Method::POST, "/v1/keys", Some(("sec-fetch-site", "same-origin"))).await, 201);
    assert_eq!(call(Method::DELETE, "/v1/session", Some(("sec-fetch-site", "same-origin"))).await, 204);
    assert_eq!(call(Method::GET, "/v1/sms", None).await, 401);
}

/// What a person changes, and what is changed of a person, ends the sessions that it should.
#[tokio::test]
async fn passwords_and_roles_are_changed_and_sessions_end() {
    let platform = Platform::start().await;
    let ada = person(&platform, "ada@bank.example", Role::ClientAdmin).await;
    wait_s(&platform, 30);
    let other = token(&log_in(&platform, &ada.login, PASSWORD, &code(&platform, &ada.secret)).await);
    let wanted = |old: &str, new: &str| json!({ "password": old, "new_password": new });
    let path = "/v1/session/password";
    assert_eq!(platform.post(&other, path, &wanted("wrong", "another good password")).await.status, 401);
    assert_eq!(platform.post(&other, path, &wanted(PASSWORD, "short")).await.status, 400);
    assert_eq!(platform.post(&other, path, &wanted(PASSWORD, "another good password")).await.status, 204);
    assert_eq!((status(&platform, &other).await, status(&platform, &ada.token).await), (200, 401));
    let admin = format!("/v1/admin/users/{}", ada.id);
    let demoted = platform.admin(Method::PATCH, &admin, Some(&json!({ "role": "read_only" })), &[]).await;
    assert_eq!((&demoted.json["role"], status(&platform, &other).await), (&json!("read_only"), 401));
    wait_s(&platform, 30);
    let reader = token(&log_in(&platform, &ada.login, "another good password", &code(&platform, &ada.secret)).await);
    assert_eq!(platform.get(&reader, "/v1/keys").await.status, 403);
    // A new password does not go past the second factor.
    let reset = platform.admin(Method::POST, &format!("{admin}/invitation"), Some(&json!({})), &[]).await;
    assert_eq!(status(&platform, &reader).await, 401);
    let redeem = json!({ "token": reset.json["token"], "password": PASSWORD });
    let half = token(&open(&platform, "/v1/invitations/redeem", &redeem).await);
    assert_eq!(platform.get(&half, "/v1/sms").await.code(), "second_factor_required");
    let begun = platform.post(&half, "/v1/session/second-factor", &json!({ "password": PASSWORD })).await;
    assert_eq!(begun.code(), "second_factor_required", "it has one: {}", begun.text);
    // Unless it is to go, too.
    let reset = platform
        .admin(Method::POST, &format!("{admin}/invitation"), Some(&json!({ "second_factor": true })), &[])
        .await;
    let redeem = json!({ "token": reset.json["token"], "password": PASSWORD });
    let fresh = token(&open(&platform, "/v1/invitations/redeem", &redeem).await);
    factor(&platform, &fresh).await;
    assert_eq!(platform.get(&fresh, "/v1/sms").await.status, 200);
    platform.admin(Method::PATCH, &admin, Some(&json!({ "state": "revoked" })), &[]).await;
    assert_eq!(status(&platform, &fresh).await, 401);
    let again = platform.admin(Method::PATCH, &admin, Some(&json!({ "state": "active" })), &[]).await;
    assert_eq!((again.status.as_u16(), again.code()), (409, "wrong_state"), "for good: {}", again.text);
}

/// An account's administrator makes users of the account, and nobody gives what he does not have, or changes himself.
#[tokio::test]
async fn nobody_gives_what_he_does_not_have() {
    let platform = Platform::start().await;
    let ada = person(&platform, "ada@bank.example", Role::ClientAdmin).await;
    let wanted = |login: &str, role: &str| json!({ "login": login, "name": "New", "role": role });
    let made = platform.post(&ada.token, "/v1/users", &wanted("carl@bank.example", "client_developer")).await;
    assert_eq!((made.status.as_u16(), &made.json["account"]), (201, &json!(BANK.to_string())), "{}", made.text);
    let twice = platform.post(&ada.token, "/v1/users", &wanted("CARL@bank.example", "read_only")).await;
    assert_eq!((twice.status.as_u16(), twice.code()), (409, "conflict"), "{}", twice.text);
    let foreign = platform.post(&ada.token, "/v1/users", &wanted("dora@bank.example", "platform_admin")).await;
    assert_eq!((foreign.status.as_u16(), foreign.code()), (400, "invalid_request"), "{}", foreign.text);
    let own = format!("/v1/users/{}", ada.id);
    let herself = platform.patch(&ada.token, &own, &json!({ "name": "Countess" })).await;
    assert_eq!((herself.status.as_u16(), herself.code()), (403, "forbidden"), "{}", herself.text);
    let key = platform.key(BANK, 3, &[Scope::TeamWrite, Scope::SmsRead], |_| {}).await;
    for role in ["client_admin", "client_developer", "read_only"] {
        let refused = platform.post(&key, "/v1/users", &wanted("eve@bank.example", role)).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (403, "forbidden"), "{role}: {}", refused.text);
    }
    assert_eq!(
        platform.post(&key, &format!("{own}/invitation"), &json!({})).await.status,
        403,
        "nor resets who can do more"
    );
    let finance = person(&platform, "fay@sms.example", Role::Finance).await;
    assert_eq!(platform.get(&finance.token, "/v1/admin/users").await.status, 403);
    let audit = platform.admin(Method::GET, "/v1/admin/audit?action=user.", None, &[]).await;
    for action in ["user.create", "user.redeem", "user.factor", "user.log_in"] {
        assert!(audit.text.contains(action), "{action}: {}", audit.text);
    }
    assert!(!audit.text.contains(PASSWORD));
}

/// Two eyes of one person are not four: whoever has asked for a transfer does not approve it.
#[tokio::test]
async fn four_eyes_are_two_persons() {
    let platform = Platform::start().await;
    let (fay, gil) = (
        person(&platform, "fay@sms.example", Role::Finance).await,
        person(&platform, "gil@sms.example", Role::Finance).await,
    );
    vouch(&platform, &fay.id).await;
    vouch(&platform, &gil.id).await;
    let wanted =
        json!({ "account": BANK.to_string(), "amount": "5000", "reference": "invoice 99", "reason": "paid by bank" });
    let asked = platform.post(&fay.token, "/v1/admin/transfers", &wanted).await;
    assert_eq!(asked.json["asked_by"], "fay@sms.example", "{}", asked.text);
    let approve = format!("/v1/admin/transfers/{}/approve", asked.id());
    let alone = platform.post(&fay.token, &approve, &json!({ "reason": "it is there" })).await;
    assert_eq!(alone.code(), "four_eyes", "{}", alone.text);
    let both = platform.post(&gil.token, &approve, &json!({ "reason": "it is there" })).await;
    assert_eq!(both.json["decided_by"], "gil@sms.example", "{}", both.text);
    let stranger =
        platform.call(request(Method::GET, "/v1/admin/transfers", &fay.recovery[0]).body(Body::empty()).unwrap()).await;
    assert_eq!(stranger.status, 401);
}
