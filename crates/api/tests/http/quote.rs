//! `POST /v1/sms/quote`: what a message would cost, and why it would be refused.

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use crate::platform::{NOW, Platform, Reply, request, sms};

const QUOTE: &str = "/v1/sms/quote";

/// The usual message to these numbers, with changes laid over it.
fn body(to: &[&str], changes: Value) -> Value {
    let mut body = sms(changes);
    body["to"] = json!(to);
    body
}

async fn quote(platform: &Platform, key: &str, to: &[&str], changes: Value) -> Reply {
    platform.post(key, QUOTE, &body(to, changes)).await
}

async fn import(platform: &Platform, query: &str, file: &'static str) {
    let path = format!("/v1/admin/tariffs/Standard/sheets{query}");
    let request = request(Method::POST, &path, &platform.admin).header("content-type", "text/csv");
    let made = platform.call(request.body(Body::from(file)).unwrap()).await;
    assert_eq!(made.status, 201, "{}", made.text);
}

/// Price, policy and the line of the sheet are those that sending would freeze, until the next sheet counts; nothing is stored or
/// held.
#[tokio::test]
async fn a_quote_is_what_sending_costs_and_leaves_no_trace() {
    let platform = Platform::start().await;
    import(&platform, "", "prefix,class,price,charge\n44,,0.03,accepted\n44,otp,0.04,submit\n").await;
    let next = sambac_domain::Timestamp(NOW.0 + 60_000_000).rfc3339();
    import(&platform, &format!("?effective_from={next}"), "prefix,price\n44,9\n").await;
    platform.engine.clock().advance_micros(1);
    let before = platform.traces().await;
    let changes = json!({ "text": "a".repeat(161) });
    let reply = quote(&platform, &platform.bank, &["+447700900123"], changes.clone()).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let quoted = &reply.json["data"][0]["quote"];
    let price = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    assert_eq!((&quoted["price_per_segment"], &quoted["price"]), (&price("0.03"), &price("0.06")));
    assert_eq!(
        (&quoted["segments"], &quoted["encoding"], &quoted["charge"]),
        (&json!(2), &json!("gsm7"), &json!("accepted"))
    );
    assert_eq!(quoted["holds_until"], next);
    assert_eq!(
        (&reply.json["total"], &reply.json["segments"], &reply.json["affordable"]),
        (&price("0.06"), &json!(2), &json!(true))
    );
    let otp = quote(&platform, &platform.bank, &["447700900123"], json!({ "class": "otp" })).await;
    let otp = &otp.json["data"][0]["quote"];
    assert_eq!((&otp["price"], &otp["charge"], &otp["sheet"]), (&price("0.04"), &json!("submit"), &quoted["sheet"]));
    assert_ne!(otp["rate"], quoted["rate"]);
    assert_eq!(platform.traces().await, before);
    // No route, connector or cost is any of the client's business here.
    assert!(!reply.text.contains("con_") && !reply.text.contains("rte_"), "{}", reply.text);

    let sent = platform.send(&platform.bank, changes).await;
    assert_eq!(sent.json["price"], quoted["price"]);
    let charges =
        platform.engine.store().message(crate::platform::BANK, sent.id().parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(charges.row.rate_id.to_string(), quoted["rate"], "it is the line that the message keeps");
}

#[tokio::test]
async fn what_sending_refuses_a_quote_refuses_alike() {
    let platform = Platform::start().await;
    for changes in [
        json!({ "to": "+491555123" }),
        json!({ "to": "+999000000001" }),
        json!({ "to": "+12025550123" }),
        json!({ "from": "much too long a name" }),
        json!({ "text": "" }),
        json!({ "text": "a".repeat(40_000) }),
        json!({ "text": "Привет", "encoding": "gsm7" }),
        json!({ "max_price": "0.0124" }),
        json!({ "max_price": "-1" }),
        json!({ "text": null }),
        json!({ "data": "00", "text": "a" }),
        json!({ "text": null, "data": "0" }),
        json!({ "message_class": 4 }),
        json!({ "class": "urgent" }),
    ] {
        let sent = platform.send(&platform.bank, changes.clone()).await;
        let to = sms(changes.clone())["to"].as_str().unwrap().to_owned();
        let quoted = quote(&platform, &platform.bank, &[&to], changes).await;
        let told = |reply: &Reply| {
            (reply.status, reply.code().to_owned(), reply.json["detail"].clone(), reply.json["errors"].clone())
        };
        assert!(sent.status.is_client_error(), "{}", sent.text);
        assert_eq!(told(&quoted), told(&sent), "{}", quoted.text);
    }
    let nobody = quote(&platform, "nobody", &["+447700900123"], json!({})).await;
    assert_eq!(nobody.status, 401);
}

/// Each number has its own quote or refusal, in order; only those that would be taken are added up.
#[tokio::test]
async fn many_numbers_are_quoted_each_for_itself() {
    let platform = Platform::start().await;
    let numbers = ["+447700900123", "+12025550123", "not a number", "+447700900124"];
    let reply = quote(&platform, &platform.bank, &numbers, json!({})).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let told: Vec<_> = reply.json["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["to"].clone(), one["quote"]["price"]["amount"].clone(), one["refusal"]["code"].clone()))
        .collect();
    let expected = [
        (json!(numbers[0]), json!("0.0125"), Value::Null),
        (json!(numbers[1]), Value::Null, json!("no_route")),
        (json!(numbers[2]), Value::Null, json!("invalid_destination")),
        (json!(numbers[3]), json!("0.0125"), Value::Null),
    ];
    assert_eq!(told, expected);
    assert_eq!((&reply.json["total"]["amount"], &reply.json["segments"]), (&json!("0.025"), &json!(2)));
    let none = quote(&platform, &platform.bank, &[], json!({})).await;
    let many = quote(&platform, &platform.bank, &["+447700900123"; 101], json!({})).await;
    assert_eq!((none.status.as_u16(), many.status.as_u16()), (400, 400));
    assert_eq!(many.json["errors"][0]["pointer"], "/to");
}

/// An account's own balance decides what it can afford, and its own price is told.
#[tokio::test]
async fn a_quote_is_of_ones_own_account() {
    let platform = Platform::start().await;
    let gold = json!({ "name": "Gold", "currency": "EUR" });
    assert_eq!(platform.post(&platform.admin, "/v1/admin/tariffs", &gold).await.status, 201);
    let request =
        request(Method::POST, "/v1/admin/tariffs/Gold/sheets", &platform.admin).header("content-type", "text/csv");
    assert_eq!(platform.call(request.body(Body::from("prefix,price\n44,6\n")).unwrap()).await.status, 201);
    let shop = format!("/v1/admin/accounts/{}", crate::platform::SHOP);
    let changed = platform.admin(Method::PATCH, &shop, Some(&json!({ "tariff": "Gold" })), &[]).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let two = ["+447700900123", "+447700900124"];
    let of_shop = quote(&platform, &platform.shop, &two, json!({})).await;
    assert_eq!((&of_shop.json["total"]["amount"], &of_shop.json["affordable"]), (&json!("12.00"), &json!(false)));
    let of_bank = quote(&platform, &platform.bank, &two, json!({})).await;
    assert_eq!((&of_bank.json["total"]["amount"], &of_bank.json["affordable"]), (&json!("0.025"), &json!(true)));
}
