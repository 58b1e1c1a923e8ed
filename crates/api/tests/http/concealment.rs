//! Keys, scopes and tenants: a matrix made from the document, so that a new route is in it by itself.

use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::Body;
use axum::http::{Method, Request};
use sambac_domain::{ConnectorId, MessageId, MoId, SegmentId};
use sambac_engine::Scope;
use sambac_store::Batch;
use sambac_store::rows::{AccessState, CdrRow, MoRow, MoState};
use serde_json::{Value, json};

use crate::cdr::cdr;
use crate::events::event;
use crate::otp::{self, known_code, new_otp};
use crate::platform::{BANK, NOW, Platform, Reply, SHOP, request, sms};
use crate::schema::DOCUMENT;

/// What is called without a key in the header: it has tests of its own.
pub(crate) const OPEN: &[&str] = &[
    "/v1/token",
    "POST /v1/session",
    "/v1/session/passkey",
    "/v1/session/passkey/challenge",
    "/v1/invitations/redeem",
];

/// What is asked for by who is logged in, whatever the role: it has tests of its own, too.
pub(crate) fn is_of_session(operation: &Value) -> bool {
    operation["security"][0]["session"].is_array()
}

struct Route {
    method: Method,
    path: &'static str,
    operation: &'static Value,
}

fn routes() -> Vec<Route> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let clients = paths.iter().filter(|(path, _)| !path.starts_with("/v1/admin/"));
    let all = clients.flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| Route {
            method: method.to_ascii_uppercase().parse().unwrap(),
            path,
            operation,
        })
    });
    all.filter(|route| route.operation["security"][0]["key"].is_array()).collect()
}

impl Route {
    fn scope(&self) -> Scope {
        Scope::parse(self.operation["security"][0]["key"][0].as_str().unwrap()).unwrap()
    }

    /// A good body, for those that take one. A new operation with a body has to be added here.
    fn body(&self) -> Body {
        if self.operation["requestBody"].is_null() {
            return Body::empty();
        }
        Body::from(match self.operation["operationId"].as_str().unwrap() {
            "send_sms" => sms(json!({})).to_string(),
            "send_batch" => batch().to_string(),
            "quote_sms" => json!({ "to": ["+447700900123"], "from": "MyBank", "text": "x" }).to_string(),
            "add_webhook" => json!({ "url": "https://client.example.com/" }).to_string(),
            "replay_webhook" => json!({ "since": "2026-11-26T08:00:00Z" }).to_string(),
            "add_payment" => payment().to_string(),
            "add_key" => new_key().to_string(),
            "add_request_key" => json!({ "algorithm": "hmac-sha256" }).to_string(),
            "add_user" => new_user().to_string(),
            "update_key" | "rotate_key" | "otp_used" | "approve_template" | "refuse_template" | "retire_template"
            | "update_webhook" | "rotate_webhook" | "update_user" | "reset_user" => "{}".to_owned(),
            "add_otp_profile" => json!({ "name": "login" }).to_string(),
            "change_otp_profile" => json!({ "name": "changed" }).to_string(),
            "add_template" => template().to_string(),
            "add_opt_out" => json!({ "number": "+447700900199" }).to_string(),
            "import_opt_outs" => "number\n+447700900199\n".to_owned(),
            "start_otp" => new_otp(json!({})).to_string(),
            "check_otp" => json!({ "code": "123456" }).to_string(),
            other => panic!("{other} has no body in this test"),
        })
    }

    async fn call(&self, platform: &Platform, key: &str, id: &str) -> Reply {
        let request = request(self.method.clone(), &self.path.replace("{id}", id), key);
        let body = match self.operation["operationId"].as_str() {
            // The right one: whose it is decides.
            Some("check_otp") => Body::from(json!({ "code": known_code(platform, id).await }).to_string()),
            _ => self.body(),
        };
        let kind = if self.path.ends_with("/import") { "text/csv" } else { "application/json" };
        platform.call(request.header("content-type", kind).body(body).unwrap()).await
    }

    /// Makes an object of the kind that the route's `{id}` names, for `key`.
    async fn make(&self, platform: &Platform, key: &str) -> String {
        match self.path {
            path if path.starts_with("/v1/sms/inbound/") => inbound(platform, key).await,
            path if path.starts_with("/v1/users/") => platform.post(key, "/v1/users", &new_user()).await.id(),
            path if path.starts_with("/v1/request-keys/") => {
                let owner = platform.post(key, "/v1/keys", &new_key()).await.id();
                let body = json!({ "algorithm": "hmac-sha256" });
                platform.post(key, &format!("/v1/keys/{owner}/request-keys"), &body).await.id()
            }
            path if path.starts_with("/v1/keys/") => platform.post(key, "/v1/keys", &new_key()).await.id(),
            path if path.starts_with("/v1/batches/") => {
                let reply = platform.post(key, "/v1/sms/batch", &batch()).await;
                reply.json["batch"]["batch_id"].as_str().unwrap().to_owned()
            }
            path if path.starts_with("/v1/sms/") => platform.send(key, json!({})).await.id(),
            path if path.starts_with("/v1/templates/") => self.make_template(platform, key).await,
            path if path.starts_with("/v1/opt-outs/") => {
                platform.post(key, "/v1/opt-outs", &json!({ "number": "+447700900199" })).await.id()
            }
            path if path.starts_with("/v1/otp-profiles/") => otp::profile(platform, key).await,
            path if path.starts_with("/v1/otp/") => otp::ready(platform, key).await,
            path if path.starts_with("/v1/payments/") => platform.post(key, "/v1/payments", &payment()).await.id(),
            path if path.starts_with("/v1/webhooks/") => {
                platform.post(key, "/v1/webhooks", &json!({ "url": "https://client.example.com/" })).await.id()
            }
            other => panic!("{other} has no object in this test"),
        }
    }
}

/// A template with a name of its own.
fn template() -> Value {
    static NEXT: AtomicI64 = AtomicI64::new(1);
    let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
    json!({ "name": name, "default_locale": "en", "texts": { "en": "x" } })
}

/// A batch for one.
fn batch() -> Value {
    json!({ "from": "MyBank", "text": "x", "recipients": [{ "to": "+447700900123" }] })
}

impl Route {
    /// A version that another key of the account has made; approved, where the route is about such.
    async fn make_template(&self, platform: &Platform, key: &str) -> String {
        static NEXT: AtomicI64 = AtomicI64::new(500);
        let account = if key == platform.shop { SHOP } else { BANK };
        let other = platform.key(account, NEXT.fetch_add(1, Ordering::Relaxed), &Scope::ALL, |_| {}).await;
        let id = platform.post(&other, "/v1/templates", &template()).await.id();
        if self.path.ends_with("/retire") {
            platform.post(key, &format!("/v1/templates/{id}/approve"), &json!({})).await;
        }
        id
    }
}

/// A payment that nobody pays.
fn payment() -> Value {
    json!({ "amount": "1", "play": "never" })
}

/// A user who never logs in.
fn new_user() -> Value {
    static NEXT: AtomicI64 = AtomicI64::new(1);
    let login = format!("spare{}@bank.example", NEXT.fetch_add(1, Ordering::Relaxed));
    json!({ "login": login, "name": "Spare", "role": "read_only" })
}

/// A key that nobody uses.
fn new_key() -> Value {
    static NEXT: AtomicI64 = AtomicI64::new(1);
    json!({ "name": format!("spare {}", NEXT.fetch_add(1, Ordering::Relaxed)), "scopes": ["keys:write"] })
}

/// A message from a handset for the account of this key.
async fn inbound(platform: &Platform, key: &str) -> String {
    static NEXT: AtomicI64 = AtomicI64::new(1);
    let account = if key == platform.shop { SHOP } else { BANK };
    let id = MoId::from_raw(NEXT.fetch_add(1, Ordering::Relaxed) << 20);
    let row = MoRow {
        id,
        account_id: Some(account),
        route_id: None,
        connector_id: ConnectorId::from_raw(1),
        source: "447700900123".to_owned(),
        destination: "12345".to_owned(),
        body: None,
        parts_total: 1,
        parts: 1,
        fingerprint: None,
        state: MoState::Taken,
        received_at: NOW,
        ended_at: Some(NOW),
    };
    let batch = Batch { mo_messages: vec![row], ..Batch::default() };
    platform.engine.store().commit(&batch).await.unwrap();
    id.to_string()
}

#[tokio::test]
async fn without_a_good_key_nothing_is_reached_and_nothing_is_told() {
    let platform = Platform::start().await;
    let revoked = platform.key(BANK, 3, &Scope::ALL, |row| row.state = AccessState::Revoked).await;
    let expired = platform.key(BANK, 4, &Scope::ALL, |row| row.expires_at = Some(NOW)).await;
    let foreign = Platform::start().await.bank.clone();
    let mut mistyped = platform.bank.clone();
    mistyped.push('x');
    let before = platform.traces().await;
    for route in routes() {
        let none = Request::builder().method(route.method.clone()).uri(route.path.replace("{id}", "1"));
        let none = none.header("content-type", "application/json").body(route.body()).unwrap();
        let expected = platform.call(none).await;
        assert_eq!((expected.status.as_u16(), expected.code()), (401, "unauthenticated"), "{}", route.path);
        assert_eq!(expected.header("www-authenticate"), "Bearer realm=\"sambac\"");
        for key in [&revoked, &expired, &foreign, &mistyped, "", "x", "sambac_test_x_y_z"] {
            assert_eq!(route.call(&platform, key, "1").await.told(), expected.told(), "{} {key}", route.path);
        }
    }
    assert_eq!(platform.traces().await, before);
}

#[tokio::test]
async fn a_key_without_the_scope_reaches_nothing() {
    let platform = Platform::start().await;
    let mut keys = Vec::new();
    for (number, missing) in (10..).zip(Scope::ALL) {
        let others: Vec<_> = Scope::ALL.into_iter().filter(|scope| *scope != missing).collect();
        keys.push((missing, platform.key(BANK, number, &others, |_| {}).await));
    }
    let before = platform.traces().await;
    for route in routes() {
        let (scope, key) = keys.iter().find(|(missing, _)| *missing == route.scope()).unwrap();
        let reply = route.call(&platform, key, "1").await;
        assert_eq!((reply.status.as_u16(), reply.code()), (403, "forbidden"), "{}", route.path);
        assert!(reply.json["detail"].as_str().unwrap().contains(scope.as_str()), "{}", reply.text);
    }
    assert_eq!(platform.traces().await, before);
}

#[tokio::test]
async fn a_key_with_just_the_scope_reaches_its_own() {
    let platform = Platform::start().await;
    for (number, route) in (20..).zip(routes()) {
        // A user is given no more than one may do.
        let scopes: Vec<_> = match route.scope() {
            Scope::TeamWrite => vec![Scope::TeamWrite, Scope::SmsRead, Scope::BalanceRead, Scope::OtpRead],
            scope => vec![scope],
        };
        let key = platform.key(BANK, number, &scopes, |_| {}).await;
        let id = if route.path.contains("{id}") { route.make(&platform, &platform.bank).await } else { String::new() };
        let reply = route.call(&platform, &key, &id).await;
        // The test asks for no WebSocket, and that is what it is told.
        let is_reached = reply.status.is_success() || (route.path.ends_with("/ws") && reply.status == 400);
        assert!(is_reached, "{} {}: {}", route.method, route.path, reply.text);
    }
}

#[tokio::test]
async fn what_is_anothers_reads_like_what_does_not_exist() {
    let platform = Platform::start().await;
    let with_id: Vec<_> = routes().into_iter().filter(|route| route.path.contains("{id}")).collect();
    assert!(with_id.len() >= 2);
    for route in with_id {
        let shops = route.make(&platform, &platform.shop).await;
        let prefix = shops.split('_').next().unwrap();
        let unknown = format!("{prefix}_0000000000100");
        let expected = route.call(&platform, &platform.bank, &unknown).await;
        // A code that is another's, or none, reads like one that is wrong.
        let is_check = route.path.ends_with("/check");
        let missing = if is_check { (422, "otp_not_verified") } else { (404, "not_found") };
        assert_eq!((expected.status.as_u16(), expected.code()), missing);
        let odd = format!("{shops}0");
        for id in
            [shops.as_str(), "1", "msg_", "acc_0000000000100", "%00", "%ff%fe", "..%2f..", &odd, &shops.to_uppercase()]
        {
            let reply = route.call(&platform, &platform.bank, id).await;
            assert_eq!(reply.told(), expected.told(), "{} {id}", route.path);
        }
        assert!(route.call(&platform, &platform.shop, &shops).await.status.is_success());
    }
}

#[tokio::test]
async fn lists_show_ones_own_only() {
    let platform = Platform::start().await;
    let started = otp::start(&platform, &platform.shop, json!({})).await;
    let sent: MessageId = started.json["sends"][0]["message_id"].as_str().unwrap().parse().unwrap();
    let record = CdrRow { id: SegmentId::new(sent, 1), ..cdr(SHOP, 0) };
    platform.engine.store().commit(&Batch { cdrs: vec![record], ..Batch::default() }).await.unwrap();
    platform.post(&platform.shop, "/v1/webhooks", &json!({ "url": "https://client.example.com/" })).await;
    platform.post(&platform.shop, "/v1/payments", &payment()).await;
    platform.post(&platform.shop, "/v1/users", &new_user()).await;
    otp::profile(&platform, &platform.shop).await;
    platform.post(&platform.shop, "/v1/templates", &template()).await;
    platform.post(&platform.shop, "/v1/opt-outs", &json!({ "number": "+447700900199" })).await;
    inbound(&platform, &platform.shop).await;
    event(&platform, SHOP, 1, "balance.low").await;
    for route in routes().iter().filter(|route| route.method == Method::GET && !route.path.contains("{id}")) {
        let (bank, shop) =
            (route.call(&platform, &platform.bank, "").await, route.call(&platform, &platform.shop, "").await);
        if let Some(data) = bank.json["data"].as_array() {
            // A key sees itself.
            let own = usize::from(route.path == "/v1/keys");
            assert_eq!(data.len(), own, "{}: {}", route.path, bank.text);
            // Its audit log tells of the webhook, the payment, the profile, the template, the opt-out, and the user twice: as a call, and as
            // what it did.
            let shops = if route.path == "/v1/audit" {
                7
            } else if route.path == "/v1/events" {
                2
            } else {
                1
            };
            assert_eq!(shop.json["data"].as_array().unwrap().len(), shops, "{}", route.path);
        }
    }
    // A cursor out of another account's list shows nothing of it.
    let foreign = platform.send(&platform.shop, json!({})).await.id();
    let page = platform.get(&platform.bank, &format!("/v1/sms?cursor={foreign}")).await;
    assert_eq!(page.json["data"], json!([]));
}
