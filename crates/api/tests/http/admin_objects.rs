//! The things of the configuration one by one: made, shown, changed, refused, removed.

use axum::http::Method;
use serde_json::{Value, json};

use crate::platform::{Platform, Reply};

async fn post(platform: &Platform, path: &str, body: Value) -> Reply {
    platform.admin(Method::POST, path, Some(&body), &[]).await
}

async fn patch(platform: &Platform, path: &str, body: Value) -> Reply {
    platform.admin(Method::PATCH, path, Some(&body), &[]).await
}

async fn get(platform: &Platform, path: &str) -> Reply {
    platform.admin(Method::GET, path, None, &[]).await
}

async fn delete(platform: &Platform, path: &str) -> Reply {
    platform.admin(Method::DELETE, path, None, &[]).await
}

fn connector() -> Value {
    json!({ "name": "alpha-1", "operator": "Example Mobile", "host": "smsc.alpha.example", "port": 2775, "system_id": "sambac",
            "password": "pa55word", "enabled": false })
}

async fn versions(platform: &Platform) -> usize {
    get(platform, "/v1/admin/versions").await.json["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn every_kind_goes_round_and_each_change_is_one_version() {
    let platform = Platform::start().await;
    for (path, new, change, removable) in [
        ("/v1/admin/operators", json!({ "name": "alpha" }), json!({ "name": "Alpha Mobile" }), true),
        (
            "/v1/admin/connectors",
            connector(),
            json!({ "port": 2776, "settings": { "session": { "enquire_link_s": 60 } } }),
            true,
        ),
        (
            "/v1/admin/routes",
            json!({ "name": "codes", "position": 5, "match": { "account": "Bank", "class": "otp" }, "connectors": ["example-1"] }),
            json!({ "enabled": false }),
            true,
        ),
        (
            "/v1/admin/accounts",
            json!({ "name": "pharmacy", "currency": "EUR", "tariff": "Standard" }),
            json!({ "credit_limit": "10.00", "throughput": "200/s" }),
            false,
        ),
        (
            "/v1/admin/smpp-accounts",
            json!({ "system_id": "bank", "account": "Bank", "allowed_ips": ["192.0.2.0/24"] }),
            json!({ "state": "suspended", "settings": { "receipt": { "kept_h": 48 } } }),
            true,
        ),
    ] {
        let before = versions(&platform).await;
        let made = post(&platform, path, new.clone()).await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!(made.header("location"), format!("{path}/{}", made.id()));
        assert_eq!(made.json["etag"], made.header("etag"));
        let again = post(&platform, path, new).await;
        assert_eq!((again.status.as_u16(), again.code()), (409, "conflict"), "{}", again.text);
        let place = made.header("location").to_owned();
        let shown = get(&platform, &place).await;
        assert_eq!((shown.status.as_u16(), &shown.json["etag"]), (200, &made.json["etag"]), "{}", shown.text);
        let changed = patch(&platform, &place, change.clone()).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        for (field, value) in change.as_object().unwrap() {
            assert_eq!(&changed.json[field], value, "{path}: {field}");
        }
        assert_ne!(changed.json["etag"], made.json["etag"]);
        assert_eq!(versions(&platform).await, before + 2, "{path}");
        let same = patch(&platform, &place, change).await;
        assert_eq!((&same.json["etag"], same.json.get("version")), (&changed.json["etag"], None), "{}", same.text);
        let removed = delete(&platform, &place).await;
        assert_eq!(removed.status.as_u16(), if removable { 204 } else { 405 }, "{path}: {}", removed.text);
        assert_eq!(get(&platform, &place).await.status.as_u16(), if removable { 404 } else { 200 });
    }
}

#[tokio::test]
async fn no_secret_is_ever_shown_but_the_one_just_made() {
    let platform = Platform::start().await;
    let made = post(&platform, "/v1/admin/connectors", connector()).await;
    let client = post(&platform, "/v1/admin/smpp-accounts", json!({ "system_id": "bank", "account": "Bank" })).await;
    let password = client.json["password"].as_str().unwrap().to_owned();
    assert_eq!(password.len(), 8);
    let renewed = platform.admin(Method::POST, &format!("{}/password", client.header("location")), None, &[]).await;
    let second = renewed.json["password"].as_str().unwrap().to_owned();
    assert_ne!(password, second);
    let set = patch(&platform, client.header("location"), json!({ "password": "set-by-us" })).await;
    assert!(set.json.get("password").is_none() && set.json["version"].is_i64(), "{}", set.text);
    for path in [
        made.header("location"),
        client.header("location"),
        "/v1/admin/connectors",
        "/v1/admin/smpp-accounts",
        "/v1/admin/versions",
        "/v1/admin/configuration",
    ] {
        let shown = get(&platform, path).await;
        assert_eq!(shown.status, 200);
        for secret in ["pa55word", &password, &second, "set-by-us", "_sealed", "_hash", "$argon2"] {
            assert!(!shown.text.contains(secret), "{secret} in {path}");
        }
    }
}

#[tokio::test]
async fn a_stale_change_is_refused_and_changes_nothing() {
    let platform = Platform::start().await;
    let made = post(&platform, "/v1/admin/connectors", connector()).await;
    let (place, etag) = (made.header("location").to_owned(), made.header("etag").to_owned());
    let first = platform.admin(Method::PATCH, &place, Some(&json!({ "port": 1001 })), &[("if-match", &etag)]).await;
    assert_eq!(first.status, 200, "{}", first.text);
    for (method, body) in [(Method::PATCH, Some(json!({ "port": 1002 }))), (Method::DELETE, None)] {
        let stale = platform.admin(method, &place, body.as_ref(), &[("if-match", &etag)]).await;
        assert_eq!((stale.status.as_u16(), stale.code()), (412, "stale_version"), "{}", stale.text);
    }
    assert_eq!(get(&platform, &place).await.json["port"], 1001);
    let any = platform.admin(Method::PATCH, &place, Some(&json!({ "port": 1003 })), &[("if-match", "*")]).await;
    assert_eq!((any.status.as_u16(), &any.json["port"]), (200, &json!(1003)));
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_field() {
    let platform = Platform::start().await;
    let place = post(&platform, "/v1/admin/connectors", connector()).await.header("location").to_owned();
    let before = platform.traces().await;
    for (change, status, code, pointer) in [
        (
            json!({ "settings": { "session": { "enquire_link": 1 } } }),
            422,
            "invalid_configuration",
            "/settings/session/enquire_link",
        ),
        (json!({ "settings": { "preset": "none" } }), 422, "invalid_configuration", "/settings/preset"),
        (
            json!({ "settings": { "session": { "enquire_link_s": 4_000 } } }),
            422,
            "invalid_configuration",
            "/settings/session/enquire_link_s",
        ),
        (json!({ "operator": "nobody" }), 422, "invalid_configuration", ""),
        (json!({ "port": "x" }), 400, "invalid_request", "/port"),
        (json!({ "port": 65_536 }), 400, "invalid_request", "/port"),
        (json!({ "host": null }), 400, "invalid_request", "/host"),
        (json!({ "colour": "red" }), 400, "invalid_request", "/colour"),
        (json!({ "password_env": "PATH" }), 400, "invalid_request", ""),
        (json!({ "name": "example-1" }), 409, "conflict", "/name"),
    ] {
        let reply = patch(&platform, &place, change.clone()).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (status, code), "{change}: {}", reply.text);
        if !pointer.is_empty() {
            assert_eq!(reply.json["errors"][0]["pointer"], pointer, "{change}: {}", reply.text);
        }
    }
    assert_eq!(platform.traces().await, before);
}

#[tokio::test]
async fn the_whole_profile_is_shown_when_it_is_asked_for() {
    let platform = Platform::start().await;
    let mut new = connector();
    new["settings"] = json!({ "preset": "kannel", "session": { "enquire_link_s": 60 } });
    let place = post(&platform, "/v1/admin/connectors", new).await.header("location").to_owned();
    let shown = get(&platform, &format!("{place}?effective=true")).await;
    let effective = &shown.json["effective"];
    assert_eq!(effective["session"]["enquire_link_s"], 60, "set");
    assert_eq!(effective["bind"]["system_type"], "VMA", "of the preset");
    assert_eq!(effective["bind"]["timeout_ms"], 10_000, "a default");
    assert!(get(&platform, &place).await.json.get("effective").is_none());
    let reference = get(&platform, "/v1/admin/settings").await;
    let sections = reference.json["connector"]["sections"].as_array().unwrap();
    assert!(sections.iter().any(|section| section["key"] == "receipt_id"));
    assert!(
        reference.json["smpp_account"]["presets"].as_array().unwrap().iter().any(|preset| preset["name"] == "generic")
    );
}

#[tokio::test]
async fn what_is_needed_is_not_removed_and_the_refusal_says_what_to_do() {
    let platform = Platform::start().await;
    let operator = get(&platform, "/v1/admin/operators").await.json["data"][0]["id"].as_str().unwrap().to_owned();
    let connector = get(&platform, "/v1/admin/connectors").await.json["data"][0]["id"].as_str().unwrap().to_owned();
    let (operator, connector) =
        (format!("/v1/admin/operators/{operator}"), format!("/v1/admin/connectors/{connector}"));
    let refused = async |path: &str, said: &str| {
        let reply = delete(&platform, path).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (409, "in_use"), "{}", reply.text);
        assert!(reply.json["detail"].as_str().unwrap().contains(said), "{}", reply.text);
    };
    refused(&operator, "1 connectors lead to it: example-1").await;
    refused(&connector, "3 routes use it: United Kingdom, Test numbers, The shop's secret route").await;
    platform.send(&platform.bank, json!({})).await;
    for route in get(&platform, "/v1/admin/routes").await.json["data"].as_array().unwrap() {
        let path = format!("/v1/admin/routes/{}", route["id"].as_str().unwrap());
        assert_eq!(delete(&platform, &path).await.status, 204);
    }
    refused(&connector, "it is enabled: set enabled to false first").await;
    assert_eq!(patch(&platform, &connector, json!({ "enabled": false })).await.status, 200);
    refused(&connector, "1 segments wait for it").await;
}

#[tokio::test]
async fn an_id_of_another_kind_reads_like_none() {
    let platform = Platform::start().await;
    let connector = get(&platform, "/v1/admin/connectors").await.json["data"][0]["id"].as_str().unwrap().to_owned();
    for path in ["operators", "routes", "accounts", "smpp-accounts"] {
        let reply = get(&platform, &format!("/v1/admin/{path}/{connector}")).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (404, "not_found"), "{path}");
    }
}

#[tokio::test]
async fn a_dry_run_tells_what_would_change_and_changes_nothing() {
    let platform = Platform::start().await;
    let place = post(&platform, "/v1/admin/connectors", connector()).await.header("location").to_owned();
    let before = platform.traces().await;
    let change = json!({ "name": "beta-1", "settings": { "session": { "enquire_link_s": 60 } } });
    let tried = patch(&platform, &format!("{place}?dry_run=true"), change).await;
    assert_eq!((&tried.json["name"], tried.json.get("version")), (&json!("alpha-1"), None), "{}", tried.text);
    let fields = &tried.json["differences"][0]["fields"];
    assert_eq!(fields[0], json!({ "field": "name", "before": "alpha-1", "after": "beta-1" }), "{}", tried.text);
    assert_eq!(fields[1], json!({ "field": "settings.session.enquire_link_s", "after": 60 }), "{}", tried.text);
    let same = patch(&platform, &format!("{place}?dry_run=true"), json!({ "port": 2775 })).await;
    assert_eq!(same.json["differences"], json!([]));
    let gone = delete(&platform, &format!("{place}?dry_run=true")).await;
    assert_eq!(
        (gone.status.as_u16(), &gone.json["differences"][0]["action"]),
        (200, &json!("removed")),
        "{}",
        gone.text
    );
    let stale = [("if-match", "\"other\"")];
    let refused = platform.admin(Method::DELETE, &format!("{place}?dry_run=true"), None, &stale).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (412, "stale_version"), "{}", refused.text);
    let wrong = patch(&platform, &format!("{place}?dry_run=true"), json!({ "operator": "nobody" })).await;
    assert_eq!(wrong.code(), "invalid_configuration");
    assert_eq!(platform.traces().await, before);
}

#[tokio::test]
async fn what_does_not_exist_cannot_be_unset() {
    let platform = Platform::start().await;
    let place = post(&platform, "/v1/admin/connectors", connector()).await.header("location").to_owned();
    let reply = patch(&platform, &place, json!({ "settings": { "session": { "enquire_links": null } } })).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (400, "invalid_request"), "{}", reply.text);
    let detail = reply.json["detail"].as_str().unwrap();
    assert!(detail.contains("the nearest are settings.session.enquire_link_s"), "{detail}");
    assert_eq!(reply.json["errors"][0]["pointer"], "/settings/session/enquire_links");
    let known = patch(&platform, &place, json!({ "settings": { "session": { "enquire_link_s": null } } })).await;
    assert_eq!(known.status, 200, "{}", known.text);
}

#[tokio::test]
async fn a_route_of_messages_from_handsets_leads_to_its_accounts_own_targets_only() {
    let platform = Platform::start().await;
    for (system_id, account) in [("bank", "Bank"), ("shop", "Shop")] {
        post(&platform, "/v1/admin/smpp-accounts", json!({ "system_id": system_id, "account": account })).await;
    }
    let route =
        |target: &str| json!({ "name": "code", "account": "Bank", "position": 1, "targets": [{ "smpp": target }] });
    let foreign = post(&platform, "/v1/admin/mo-routes", route("shop")).await;
    assert_eq!((foreign.status.as_u16(), foreign.code()), (422, "invalid_configuration"), "{}", foreign.text);
    let made = post(&platform, "/v1/admin/mo-routes", route("bank")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let place = made.header("location").to_owned();
    let given_away = patch(&platform, &place, json!({ "account": "Shop" })).await;
    assert_eq!(given_away.code(), "invalid_configuration", "{}", given_away.text);
    let state = get(&platform, &format!("{place}/state")).await;
    let target = &state.json["targets"][0];
    assert_eq!((&target["name"], &target["state"], &target["waiting"]), (&json!("bank"), &json!("away"), &json!(0)));
    let renamed = patch(&platform, &place, json!({ "name": "short-code", "match": { "keywords": ["STOP"] } })).await;
    assert_eq!((&renamed.json["name"], &renamed.json["match"]["keywords"]), (&json!("short-code"), &json!(["STOP"])));
    assert_eq!(delete(&platform, &place).await.status, 204);
    assert_eq!(get(&platform, &format!("{place}/state")).await.status, 404);
}

/// The password that a connector has is not shown to a host which has not had it, however the host is named; who knows the password
/// may lead it anywhere, and everybody to another port.
#[tokio::test]
async fn a_stored_password_goes_to_no_other_host() {
    let platform = Platform::start().await;
    let made = post(&platform, "/v1/admin/connectors", connector()).await;
    let place = made.header("location").to_owned();
    let before = (get(&platform, &place).await.text, versions(&platform).await);
    for change in [
        json!({ "host": "smsc.evil.example" }),
        json!({ "settings": { "bind": { "hosts": [{ "host": "smsc.evil.example", "port": 2775 }] } } }),
        json!({ "settings": { "bind": { "receive_host": "smsc.evil.example" } } }),
        json!({ "settings": { "bind": { "outbind_listen": "0.0.0.0:2775" } } }),
    ] {
        let refused = patch(&platform, &place, change.clone()).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (403, "forbidden"), "{change}: {}", refused.text);
        assert_eq!(refused.json["errors"][0]["pointer"], "/password", "{}", refused.text);
    }
    assert_eq!((get(&platform, &place).await.text, versions(&platform).await), before, "nothing was changed");
    for change in [
        json!({ "port": 2776 }),
        json!({ "host": "smsc2.alpha.example", "password": "pa55word" }),
        json!({ "settings": { "bind": { "hosts": [{ "host": "smsc2.alpha.example", "port": 2777 }] } } }),
    ] {
        let changed = patch(&platform, &place, change.clone()).await;
        assert_eq!(changed.status, 200, "{change}: {}", changed.text);
    }
}
