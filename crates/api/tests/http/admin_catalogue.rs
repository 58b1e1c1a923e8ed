//! Networks, prefixes of numbers and operator groups through the admin API, and what they do to prices.

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use crate::platform::{Platform, Reply, request};

const SHEETS: &str = "/v1/admin/tariffs/Standard/sheets";

async fn get(platform: &Platform, path: &str) -> Reply {
    platform.admin(Method::GET, path, None, &[]).await
}

async fn make(platform: &Platform, path: &str, document: Value) -> Value {
    let made = platform.post(&platform.admin, path, &document).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json
}

async fn import(platform: &Platform, file: &'static str) -> Reply {
    let request = request(Method::POST, SHEETS, &platform.admin).header("content-type", "text/csv");
    platform.call(request.body(Body::from(file)).unwrap()).await
}

/// The price of a message to the usual number.
async fn quoted(platform: &Platform) -> Value {
    platform.send(&platform.bank, json!({ "dry_run": true })).await.json["price"]["amount"].clone()
}

/// The network that the usual number is taken for.
async fn network(platform: &Platform) -> Value {
    platform.send(&platform.bank, json!({ "dry_run": true })).await.json["network"].clone()
}

/// A sheet prices a group by an alias; what a number's network is said to be decides whether it counts.
#[tokio::test]
async fn a_group_is_priced_by_any_of_its_names() {
    let platform = Platform::start().await;
    let unknown = import(&platform, "operator_group,price\nnorth mobile ag,0.5\n").await;
    assert_eq!((unknown.status.as_u16(), unknown.code()), (422, "invalid_sheet"), "{}", unknown.text);
    let group = json!({ "name": "North", "aliases": ["North Mobile AG"], "networks": ["234-98", "23499"] });
    let group = make(&platform, "/v1/admin/operator-groups", group).await;
    assert_eq!(group["networks"], json!(["23498", "23499"]));
    let sheet = import(&platform, "operator_group,prefix,price\nnorth mobile ag,,0.5\n,44,0.02\n").await;
    assert_eq!(sheet.status, 201, "{}", sheet.text);
    assert_eq!(quoted(&platform).await, "0.02", "its network is another");

    let number = json!({ "prefix": "+447700900", "mcc_mnc": "23499", "source": "hlr", "as_of": "2026-11-01" });
    let number = make(&platform, "/v1/admin/number-prefixes", number).await;
    assert_eq!((&number["prefix"], &quoted(&platform).await), (&json!("447700900"), &json!("0.50")));
    let exported = get(&platform, &format!("{SHEETS}/2/rates")).await;
    assert!(exported.text.contains("\n,North,,,,,,0.50,EUR,delivered\n"), "{}", exported.text);

    let path = format!("/v1/admin/operator-groups/{}", group["id"].as_str().unwrap());
    let renamed = platform.admin(Method::PATCH, &path, Some(&json!({ "name": "Northern" })), &[]).await;
    assert_eq!(renamed.status, 200, "{}", renamed.text);
    assert_eq!(quoted(&platform).await, "0.50", "rates know it by its id");
    let kept = platform.delete(&platform.admin, &path).await;
    assert_eq!((kept.status.as_u16(), kept.code()), (409, "in_use"), "{}", kept.text);
    let emptied = platform.admin(Method::PATCH, &path, Some(&json!({ "networks": [] })), &[]).await;
    assert_eq!(emptied.status, 200, "{}", emptied.text);
    assert_eq!(quoted(&platform).await, "0.02");
}

#[tokio::test]
async fn what_is_said_of_a_number_is_told_with_who_says_so_and_forgotten_when_asked() {
    let platform = Platform::start().await;
    let before = network(&platform).await;
    let number = "/v1/admin/catalogue/numbers/447700900123";
    assert_eq!(get(&platform, number).await.json["country"], "GB");
    let named = json!({ "mcc_mnc": "23499", "country": "GB", "operator": "Example Mobile" });
    make(&platform, "/v1/admin/networks", named.clone()).await;
    let prefix = json!({ "prefix": "4477009", "mcc_mnc": "23499", "source": "hlr", "as_of": "2026-11-01" });
    let prefix = make(&platform, "/v1/admin/number-prefixes", prefix).await;
    let known = get(&platform, number).await.json;
    let expected = json!({ "number": "+447700900123", "mcc_mnc": "23499", "country": "GB", "operator": "Example Mobile",
        "operator_group": null, "source": "hlr", "as_of": "2026-11-01", "confidence_percent": null });
    assert_eq!(known, expected);
    assert_eq!(network(&platform).await, "23499");
    let listed = get(&platform, "/v1/admin/catalogue/networks?country=GB").await.json;
    let listed = listed["data"].as_array().unwrap();
    let ours = listed.iter().find(|network| network["mcc_mnc"] == "23499").unwrap();
    assert_eq!((&ours["source"], ours["as_of"].as_str().unwrap().len()), (&json!("edited"), 10));
    assert!(
        listed.iter().any(|network| network["source"] == "mcc-mnc-list-1.1.11"),
        "the others are what is compiled in"
    );
    let of_mcc = get(&platform, "/v1/admin/catalogue/networks?mcc=234").await.json;
    let codes: Vec<_> = of_mcc["data"].as_array().unwrap().iter().map(|one| one["mcc_mnc"].as_str().unwrap()).collect();
    assert!(
        codes.contains(&"23499") && codes.iter().all(|code| code.starts_with("234")) && codes.is_sorted(),
        "{codes:?}"
    );

    let again = platform.post(&platform.admin, "/v1/admin/networks", &named).await;
    assert_eq!((again.status.as_u16(), again.code()), (409, "conflict"), "{}", again.text);
    let path = format!("/v1/admin/number-prefixes/{}", prefix["id"].as_str().unwrap());
    let moved = platform.admin(Method::PATCH, &path, Some(&json!({ "prefix": "4477008" })), &[]).await;
    assert_eq!((moved.status.as_u16(), moved.code()), (400, "invalid_request"), "{}", moved.text);
    assert_eq!(platform.delete(&platform.admin, &path).await.status, 204);
    assert_eq!(network(&platform).await, before, "what is compiled in counts again");
    for (wrong, status) in
        [("numbers/0800", 422), ("networks", 400), ("networks?country=gb", 400), ("networks?mcc=26202", 400)]
    {
        assert_eq!(get(&platform, &format!("/v1/admin/catalogue/{wrong}")).await.status, status, "{wrong}");
    }
}

#[tokio::test]
async fn a_rollback_forgets_what_was_said_since_and_empties_groups() {
    let platform = Platform::start().await;
    let first = json!({ "name": "First", "networks": ["23401"] });
    make(&platform, "/v1/admin/operator-groups", first).await;
    let version = get(&platform, "/v1/admin/versions?limit=1").await.json["data"][0]["number"].as_i64().unwrap();
    let before = network(&platform).await;
    make(&platform, "/v1/admin/number-prefixes", json!({ "prefix": "4477009", "mcc_mnc": "23499" })).await;
    make(&platform, "/v1/admin/number-prefixes", json!({ "prefix": "44770090012", "mcc_mnc": "23499" })).await;
    make(&platform, "/v1/admin/operator-groups", json!({ "name": "North", "networks": ["23499"] })).await;
    assert_eq!(network(&platform).await, "23499");
    let back = platform.admin(Method::POST, &format!("/v1/admin/versions/{version}/rollback"), None, &[]).await;
    assert_eq!(back.status, 200, "{}", back.text);
    assert_eq!(network(&platform).await, before);
    assert_eq!(get(&platform, "/v1/admin/number-prefixes").await.json["data"], json!([]));
    let groups = get(&platform, "/v1/admin/operator-groups").await.json;
    let shown: Vec<_> = groups["data"].as_array().unwrap().iter().map(|group| group["networks"].clone()).collect();
    assert_eq!(shown, [json!(["23401"]), json!([])]);
}
