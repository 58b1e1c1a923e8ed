//! Price books through the admin API: sheets in and out as CSV, compared, counting from their moment on.

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use crate::platform::{BANK, NOW, Platform, Reply, request};

const SHEETS: &str = "/v1/admin/tariffs/Standard/sheets";

async fn get(platform: &Platform, path: &str) -> Reply {
    platform.admin(Method::GET, path, None, &[]).await
}

async fn import(platform: &Platform, path: &str, file: &str) -> Reply {
    let request = request(Method::POST, path, &platform.admin).header("content-type", "text/csv; charset=utf-8");
    platform.call(request.body(Body::from(file.to_owned())).unwrap()).await
}

fn moment(seconds_ahead: i64) -> String {
    sambac_domain::Timestamp(NOW.0 + seconds_ahead * 1_000_000).rfc3339()
}

async fn quoted(platform: &Platform) -> Value {
    let quote = platform.send(&platform.bank, json!({ "dry_run": true })).await;
    quote.json["price"]["amount"].clone()
}

#[tokio::test]
async fn a_sheet_counts_from_its_moment_on_and_nobody_has_to_do_anything() {
    let platform = Platform::start().await;
    assert_eq!(quoted(&platform).await, "0.0125");
    let path = format!("{SHEETS}?effective_from={}&note=contract%2017&file_name=2027.csv", moment(60));
    let made = import(&platform, &path, "prefix,price\n44,0.02\n").await;
    assert_eq!(made.status, 201, "{}", made.text);
    let sheet = &made.json["sheet"];
    assert_eq!(
        (&sheet["version"], &sheet["rates"], &sheet["source"]),
        (&json!(2), &json!(1), &json!("import 2027.csv"))
    );
    assert_eq!(
        (&made.json["changes"]["up"], &made.json["changes"]["rates"][0]["percent"]),
        (&json!(1), &json!("+60.00"))
    );
    assert_eq!(quoted(&platform).await, "0.0125", "it does not count yet");
    platform.engine.clock().advance_micros(59_999_999);
    assert_eq!(quoted(&platform).await, "0.0125", "a microsecond before");
    platform.engine.clock().advance_micros(1);
    assert_eq!(quoted(&platform).await, "0.02", "its very moment");

    let book = get(&platform, "/v1/admin/tariffs/Standard").await;
    assert_eq!((&book.json["current"], book.json["sheets"].as_array().unwrap().len()), (&json!(2), 2));
    assert_eq!(book.json["sheets"][0]["effective_to"], moment(60), "the first one ends where the second begins");
    let listed = get(&platform, "/v1/admin/tariffs").await;
    assert_eq!(listed.json["data"][0]["name"], "Standard");
    let by_id = get(&platform, &format!("/v1/admin/tariffs/{}", book.json["id"].as_str().unwrap())).await;
    assert_eq!(by_id.json, book.json);
}

#[tokio::test]
async fn a_wrong_line_is_told_and_nothing_is_written() {
    let platform = Platform::start().await;
    let before = platform.traces().await;
    let wrong = import(&platform, SHEETS, "prefix,price\n44,0.02\n45,five\n046,0.01\n").await;
    assert_eq!((wrong.status.as_u16(), wrong.code()), (422, "invalid_sheet"), "{}", wrong.text);
    let pointers: Vec<_> =
        wrong.json["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
    assert_eq!(pointers, [json!("/lines/3/price"), json!("/lines/4/prefix")]);
    assert!(wrong.json["detail"].as_str().unwrap().starts_with("2 lines are wrong: line 3: "), "{}", wrong.text);
    for (path, said) in [
        (format!("{SHEETS}?effective_from={}", moment(-1)), "a sheet cannot begin in the past"),
        (format!("{SHEETS}?effective_from={}&effective_to={}", moment(9), moment(9)), "would end before it begins"),
        (format!("{SHEETS}?effective_from=tomorrow"), "must be a moment"),
    ] {
        let refused = import(&platform, &path, "prefix,price\n44,0.02\n").await;
        assert!(refused.status == 400 && refused.text.contains(said), "{path}: {}", refused.text);
    }
    assert_eq!(import(&platform, "/v1/admin/tariffs/Gold/sheets", "prefix,price\n44,1\n").await.status, 404);
    let json = platform.post(&platform.admin, SHEETS, &json!({})).await;
    assert_eq!((json.status.as_u16(), json.code()), (415, "unsupported_media_type"));
    assert_eq!(platform.traces().await, before);
}

#[tokio::test]
async fn a_dry_run_tells_and_a_merge_keeps_what_it_does_not_name() {
    let platform = Platform::start().await;
    let before = platform.traces().await;
    let dry = import(&platform, &format!("{SHEETS}?merge=true&dry_run=true"), "prefix,price\n45,0.03\n").await;
    assert_eq!((dry.status.as_u16(), dry.json.get("sheet")), (200, None), "{}", dry.text);
    assert_eq!(
        (&dry.json["rates"], &dry.json["changes"]["new"], &dry.json["changes"]["same"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!(platform.traces().await, before);
    let made = import(&platform, &format!("{SHEETS}?merge=true"), "prefix,price\n45,0.03\n").await;
    assert_eq!((made.status.as_u16(), &made.json["changes"]), (201, &dry.json["changes"]));
    let exported = get(&platform, "/v1/admin/tariffs/Standard/sheets/2/rates").await;
    assert_eq!(exported.header("content-type"), "text/csv");
    let lines = [
        "mcc_mnc,operator_group,prefix,mcc,country,sender,class,price,currency,charge",
        ",,44,,,,,0.0125,EUR,delivered",
        ",,45,,,,,0.03,EUR,delivered",
        "",
    ];
    assert_eq!(exported.text, lines.join("\n"));
    let again = import(&platform, &format!("{SHEETS}?dry_run=true"), &exported.text).await;
    assert_eq!((&again.json["changes"]["same"], &again.json["changes"]["rates"]), (&json!(2), &json!([])));
    let compared = get(&platform, "/v1/admin/tariffs/Standard/diff?from=2&to=1").await;
    assert_eq!((&compared.json["removed"], &compared.json["rates"][0]["scope"]), (&json!(1), &json!("prefix:45")));
    assert_eq!(get(&platform, "/v1/admin/tariffs/Standard/diff?from=2&to=9").await.status, 404);
}

#[tokio::test]
async fn a_sheet_to_come_can_be_withdrawn_and_one_that_counts_cannot() {
    let platform = Platform::start().await;
    let path = format!("{SHEETS}?effective_from={}", moment(3_600));
    assert_eq!(import(&platform, &path, "prefix,price\n44,9\n").await.status, 201);
    let taken = import(&platform, &path, "prefix,price\n44,8\n").await;
    assert_eq!((taken.status.as_u16(), taken.code()), (422, "invalid_configuration"), "{}", taken.text);
    let withdraw =
        async |number: u32| platform.delete(&platform.admin, &format!("{SHEETS}/{number}")).await.status.as_u16();
    assert_eq!((withdraw(2).await, withdraw(2).await, withdraw(1).await), (204, 404, 409));
    assert_eq!(
        import(&platform, &path, "prefix,price\n44,8\n").await.json["sheet"]["version"],
        3,
        "versions are used once"
    );
    let history = get(&platform, "/v1/admin/versions?limit=3").await;
    let reasons: Vec<_> =
        history.json["data"].as_array().unwrap().iter().map(|version| version["reason"].clone()).collect();
    assert_eq!(reasons, ["tariff Standard: sheet 3", "tariff Standard: withdraw sheet 2", "tariff Standard: sheet 2"]);
}

#[tokio::test]
async fn a_rollback_makes_the_earlier_prices_count_again_as_a_new_sheet() {
    let platform = Platform::start().await;
    assert_eq!(import(&platform, SHEETS, "prefix,price\n44,0.5\n").await.status, 201);
    let first = get(&platform, "/v1/admin/versions?limit=1").await.json["data"][0]["number"].as_i64().unwrap();
    assert_eq!(import(&platform, SHEETS, "prefix,price\n44,0.7\n").await.status, 201);
    let coming = format!("{SHEETS}?effective_from={}", moment(3_600));
    assert_eq!(import(&platform, &coming, "prefix,price\n44,0.9\n").await.status, 201);
    platform.engine.clock().advance_micros(10);
    assert_eq!(quoted(&platform).await, "0.70");
    let back = platform.admin(Method::POST, &format!("/v1/admin/versions/{first}/rollback"), None, &[]).await;
    assert_eq!(back.status, 200, "{}", back.text);
    assert_eq!(quoted(&platform).await, "0.50");
    let book = get(&platform, "/v1/admin/tariffs/Standard").await;
    let versions: Vec<_> =
        book.json["sheets"].as_array().unwrap().iter().map(|sheet| sheet["version"].clone()).collect();
    assert_eq!(versions, [1, 2, 3, 5], "the one to come was withdrawn");
}

#[tokio::test]
async fn what_an_operator_is_paid_has_the_same_shape() {
    let platform = Platform::start().await;
    let new = json!({ "operator": "Example Mobile", "currency": "EUR" });
    let made = platform.post(&platform.admin, "/v1/admin/costs", &new).await;
    assert_eq!((made.status.as_u16(), &made.json["sheets"]), (201, &json!([])), "{}", made.text);
    assert_eq!(get(&platform, made.header("location")).await.json["name"], "Example Mobile");
    assert_eq!(platform.post(&platform.admin, "/v1/admin/costs", &new).await.status, 409);
    let nobody = json!({ "operator": "Nobody", "currency": "EUR" });
    assert_eq!(platform.post(&platform.admin, "/v1/admin/costs", &nobody).await.status, 422);
    let sheet = import(&platform, "/v1/admin/costs/Example%20Mobile/sheets", "country,price\ndefault,0.004\n").await;
    assert_eq!(
        (sheet.status.as_u16(), &sheet.json["sheet"]["effective_from"]),
        (201, &json!("1970-01-01T00:00:00.000Z")),
        "{}",
        sheet.text
    );
    let tariff = json!({ "name": "Gold", "currency": "USD" });
    assert_eq!(platform.post(&platform.admin, "/v1/admin/tariffs", &tariff).await.status, 201);
    let wrong = json!({ "name": "Silver", "currency": "XXY" });
    assert_eq!(platform.post(&platform.admin, "/v1/admin/tariffs", &wrong).await.status, 400);
}

/// Not timed: it shows that a sheet of many slices is there as a whole, and how long that took.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_rates_are_imported_whole() {
    let platform = Platform::start().await;
    let lines = (0..100_000).map(|number| format!("{},0.{:06}\n", 440_000 + number, number + 1));
    let file = format!("prefix,price\n{}", lines.collect::<String>());
    let begun = tokio::time::Instant::now();
    let made = import(&platform, SHEETS, &file).await;
    eprintln!("100,000 rates imported in {} ms", begun.elapsed().as_millis());
    assert_eq!((made.status.as_u16(), &made.json["rates"]), (201, &json!(100_000)), "{}", made.text);
    let changes = &made.json["changes"];
    assert_eq!((&changes["new"], &changes["removed"], &changes["is_cut"]), (&json!(100_000), &json!(1), &json!(true)));
    let exported = get(&platform, "/v1/admin/tariffs/Standard/sheets/2/rates").await;
    assert_eq!(exported.text.lines().count(), 100_001);
}

/// What a connector costs us is nobody's business but ours: the client is told that no operator takes it, and no amount.
#[tokio::test]
async fn a_message_at_a_loss_is_refused_where_the_margin_is_bound() {
    let platform = Platform::start().await;
    let new = json!({ "operator": "Example Mobile", "currency": "EUR" });
    assert_eq!(platform.post(&platform.admin, "/v1/admin/costs", &new).await.status, 201);
    let sheet = import(&platform, "/v1/admin/costs/Example%20Mobile/sheets", "country,price\ndefault,0.0133\n").await;
    assert_eq!(sheet.status, 201, "{}", sheet.text);
    assert_eq!(quoted(&platform).await, "0.0125", "nothing is bound");
    let account = format!("/v1/admin/accounts/{BANK}");
    let change = async |patch: Value| {
        let changed = platform.admin(Method::PATCH, &account, Some(&patch), &[]).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        changed.json
    };
    assert_eq!(change(json!({ "margin_floor": "-0.000799" })).await["margin_floor"], "-0.000799");
    let refused = platform.send(&platform.bank, json!({})).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (422, "margin_too_low"), "{}", refused.text);
    assert!(!refused.text.contains("0133"), "{}", refused.text);
    change(json!({ "margin_floor": "-0.0008" })).await;
    assert_eq!(platform.send(&platform.bank, json!({})).await.status, 202, "the bound itself is allowed");
    change(json!({ "margin_floor": null, "message_price_max": "0.012499" })).await;
    let refused = platform.send(&platform.bank, json!({})).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (422, "price_above_maximum"), "{}", refused.text);
    change(json!({ "message_price_max": "0.0125" })).await;
    assert_eq!(platform.send(&platform.bank, json!({})).await.status, 202);
    let wrong = platform.admin(Method::PATCH, &account, Some(&json!({ "margin_floor": "some" })), &[]).await;
    assert_eq!((wrong.status.as_u16(), wrong.code()), (422, "invalid_configuration"), "{}", wrong.text);
}
