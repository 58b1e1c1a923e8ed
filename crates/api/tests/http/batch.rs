//! `POST /v1/sms/batch` and what is told of batches; `POST /v1/sms/{id}/cancel`.

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use crate::platform::{Platform, Reply, request};

/// A batch for these recipients, with `changes` laid over it.
fn batch(recipients: &Value, changes: Value) -> Value {
    let mut body = json!({ "from": "MyBank", "text": "Parcel {parcel} comes today", "recipients": recipients });
    let Value::Object(changes) = changes else { panic!("{changes} is no object") };
    body.as_object_mut().unwrap().extend(changes);
    body
}

fn to(number: u32, parcel: &str) -> Value {
    json!({ "to": format!("+447700900{number:03}"), "variables": { "parcel": parcel } })
}

async fn post(platform: &Platform, idempotency: &str, body: &Value) -> Reply {
    let request = request(Method::POST, "/v1/sms/batch", &platform.bank).header("content-type", "application/json");
    let request = request.header("idempotency-key", idempotency);
    platform.call(request.body(Body::from(body.to_string())).unwrap()).await
}

async fn sent(platform: &Platform) -> usize {
    platform.get(&platform.bank, "/v1/sms").await.json["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn each_recipient_is_accepted_or_refused_by_itself_and_in_order() {
    let platform = Platform::start().await;
    let recipients = json!([
        to(1, "1"),
        { "to": "+44", "variables": { "parcel": "2" } },
        { "to": "+447700900003", "reference": "three" },
        { "to": "+12025550123", "variables": { "parcel": "4" } },
        { "to": "+447700900005", "variables": { "parcel": "x".repeat(160) }, "reference": "five" },
    ]);
    let reply = platform.post(&platform.bank, "/v1/sms/batch", &batch(&recipients, json!({}))).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    let told = &reply.json["batch"];
    assert_eq!((&told["state"], &told["total"]), (&json!("ended"), &json!(5)), "{}", reply.text);
    assert_eq!((&told["accepted"], &told["refused"]), (&json!(2), &json!(3)), "{}", reply.text);
    assert_eq!(told["states"], json!({ "routed": 2 }));
    let decided = reply.json["recipients"].as_array().unwrap();
    assert_eq!(decided.iter().map(|one| one["index"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    let codes: Vec<_> = decided.iter().map(|one| one["error"]["code"].as_str().unwrap_or("")).collect();
    assert_eq!(codes, ["", "invalid_destination", "invalid_request", "no_route", ""]);
    assert_eq!(decided[1]["error"]["errors"][0]["pointer"], "/recipients/1/to");
    assert_eq!(decided[2]["error"]["errors"][0]["pointer"], "/recipients/2/variables");
    assert_eq!(decided[2]["error"]["detail"], "there is no value for {parcel}");
    assert_eq!((&decided[4]["segments"], &decided[4]["price"]["amount"]), (&json!(2), &json!("0.025")));
    let ids = [0, 4].map(|no: usize| decided[no]["message_id"].as_str().unwrap().to_owned());
    assert!(ids[0] < ids[1], "their order is kept: {ids:?}");
    let last = platform.get(&platform.bank, &format!("/v1/sms/{}", ids[1])).await;
    assert_eq!((&last.json["to"], &last.json["reference"]), (&json!("+447700900005"), &json!("five")));
    let path = told["batch_id"].as_str().map(|id| format!("/v1/batches/{id}")).unwrap();
    assert_eq!(reply.header("location"), path);
    assert_eq!(platform.get(&platform.bank, &path).await.json, *told);
    assert_eq!(platform.get(&platform.shop, &path).await.status, 404, "it is another account's");
}

#[tokio::test]
async fn a_repeat_sends_nothing_and_tells_of_the_same_batch() {
    let platform = Platform::start().await;
    let body = batch(&json!([to(1, "1"), to(2, "2")]), json!({}));
    let first = post(&platform, "k", &body).await;
    let second = post(&platform, "k", &body).await;
    assert_eq!((first.status.as_u16(), &first.json), (202, &second.json), "{}", second.text);
    assert_eq!((first.header("idempotent-replayed"), second.header("idempotent-replayed")), ("", "true"));
    let other = post(&platform, "k", &batch(&json!([to(1, "1")]), json!({}))).await;
    assert_eq!((other.status.as_u16(), other.code()), (422, "idempotency_mismatch"));
    let single = request(Method::POST, "/v1/sms/send", &platform.bank).header("content-type", "application/json");
    let single = single.header("idempotency-key", "k").body(Body::from(crate::platform::sms(json!({})).to_string()));
    assert_eq!(platform.call(single.unwrap()).await.code(), "idempotency_mismatch");
    assert_eq!(sent(&platform).await, 2);
}

#[tokio::test]
async fn what_is_wrong_with_all_of_it_is_refused_whole() {
    let platform = Platform::start().await;
    let one = json!([to(1, "1")]);
    let many = Value::Array((0..10_001).map(|number| to(number % 1_000, "1")).collect());
    for (body, status, code, pointer) in [
        (batch(&json!([]), json!({})), 400, "invalid_request", "/recipients"),
        (batch(&many, json!({})), 400, "invalid_request", "/recipients"),
        (batch(&one, json!({ "text": "a {" })), 400, "invalid_request", "/text"),
        (batch(&one, json!({ "from": "much too long a name" })), 422, "invalid_sender", "/from"),
        (batch(&one, json!({ "max_price": "x" })), 400, "invalid_request", "/max_price"),
        (batch(&json!([{ "to": "+447700900001", "txt": "" }]), json!({})), 400, "invalid_request", "/recipients/0/txt"),
        (batch(&json!([{ "to": "1".repeat(33) }]), json!({})), 400, "invalid_request", "/recipients/0/to"),
    ] {
        let reply = platform.post(&platform.bank, "/v1/sms/batch", &body).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (status, code), "{}", reply.text);
        assert_eq!(reply.json["errors"][0]["pointer"], pointer, "{}", reply.text);
    }
    assert_eq!(sent(&platform).await, 0);
}

#[tokio::test]
async fn ten_thousand_are_taken_at_once_and_told_in_pages() {
    let platform = Platform::start().await;
    let many = Value::Array((0..10_000).map(|number| to(number % 1_000, &number.to_string())).collect());
    let reply = platform.post(&platform.bank, "/v1/sms/batch", &batch(&many, json!({}))).await;
    // The wallet of 10.00 holds 800 of 0.0125.
    let told = &reply.json["batch"];
    assert_eq!((reply.status.as_u16(), &told["state"]), (202, &json!("ended")), "{told}");
    assert_eq!((&told["accepted"], &told["refused"]), (&json!(800), &json!(9_200)), "{told}");
    assert_eq!(reply.json["recipients"][800]["error"]["code"], "insufficient_funds");
    let path = format!("/v1/batches/{}/recipients", told["batch_id"].as_str().unwrap());
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    while seen.len() < 600 {
        let page = platform.get(&platform.bank, &format!("{path}?limit=200{cursor}")).await;
        seen.extend(page.json["data"].as_array().unwrap().iter().map(|one| one["index"].as_u64().unwrap()));
        cursor = format!("&cursor={}", page.json["next_cursor"].as_str().unwrap());
    }
    assert_eq!(seen, (0..600).collect::<Vec<u64>>());
    let last = platform.get(&platform.bank, &format!("{path}?cursor=9990")).await;
    assert_eq!((last.json["data"].as_array().unwrap().len(), &last.json["next_cursor"]), (9, &Value::Null));
}

#[tokio::test]
async fn a_batch_waits_where_a_message_is_refused_for_the_accounts_throughput() {
    let platform = Platform::start().await;
    let mut account = platform.engine.store().load_configuration().await.unwrap().accounts.remove(0);
    account.throughput = "40/s".to_owned();
    platform.engine.store().upsert_account(&account).await.unwrap();
    platform.engine.reload().await;
    let many = Value::Array((0..60).map(|number| to(number, "1")).collect());
    let begun = std::time::Instant::now();
    let reply = platform.post(&platform.bank, "/v1/sms/batch", &batch(&many, json!({}))).await;
    assert_eq!(reply.json["batch"]["accepted"], 60, "{}", reply.text);
    assert!(begun.elapsed() >= std::time::Duration::from_millis(400), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_message_that_waits_is_withdrawn_once_and_its_price_goes_back() {
    let platform = Platform::start().await;
    let id = platform.send(&platform.bank, json!({})).await.id();
    let path = format!("/v1/sms/{id}/cancel");
    assert_eq!(platform.post(&platform.shop, &path, &json!({})).await.status, 404, "it is another account's");
    let reply = platform.post(&platform.bank, &path, &json!({})).await;
    assert_eq!((reply.status.as_u16(), &reply.json["state"]), (200, &json!("canceled")), "{}", reply.text);
    assert_eq!(reply.json["segments"][0]["charge"], "voided");
    let balance = platform.get(&platform.bank, "/v1/balance").await;
    assert_eq!((&balance.json["available"], &balance.json["held"]), (&json!("10.00"), &json!("0.00")));
    let again = platform.post(&platform.bank, &path, &json!({})).await;
    assert_eq!((again.status.as_u16(), again.code()), (409, "cannot_cancel"));
}

/// A dry run tells what would become of each recipient, and leaves nothing behind.
#[tokio::test]
async fn a_dry_run_tells_each_recipients_price_or_refusal_and_does_nothing() {
    let platform = Platform::start().await;
    platform.post(&platform.bank, "/v1/opt-outs", &json!({ "number": "+447700900003" })).await;
    let before = platform.traces().await;
    let recipients = json!([to(1, "1"), { "to": "+44" }, to(3, "3"), to(4, &"x".repeat(160))]);
    let quote = post(&platform, "dry", &batch(&recipients, json!({ "dry_run": true }))).await;
    assert_eq!(quote.status, 200, "{}", quote.text);
    let told = &quote.json["recipients"];
    let codes: Vec<_> = told.as_array().unwrap().iter().map(|one| &one["error"]["code"]).collect();
    assert_eq!(codes, [&Value::Null, &json!("invalid_destination"), &json!("recipient_opted_out"), &Value::Null]);
    assert_eq!((&told[0]["segments"], &told[3]["segments"]), (&json!(1), &json!(2)));
    assert_eq!(told[1]["error"]["errors"][0]["pointer"], "/recipients/1/to");
    assert_eq!((&quote.json["accepted"], &quote.json["refused"]), (&json!(2), &json!(2)));
    assert_eq!(quote.json["affordable"], true);
    assert_eq!(platform.traces().await, before, "nothing is stored");
    // Then it is sent, with the same key, at the price that was told.
    let taken = post(&platform, "dry", &batch(&recipients, json!({}))).await;
    assert_eq!(taken.status, 202, "{}", taken.text);
    assert_eq!(taken.json["recipients"][3]["price"], told[3]["price"]);
    let wrong = post(&platform, "wrong", &batch(&json!([]), json!({ "dry_run": true }))).await;
    assert_eq!((wrong.status.as_u16(), wrong.code()), (400, "invalid_request"), "{}", wrong.text);
}

/// A scheduled batch that is called off sends nothing, gives the money back, and may be called off again.
#[tokio::test]
async fn a_scheduled_batch_is_called_off_whole() {
    let platform = Platform::start().await;
    let money = async || platform.get(&platform.bank, "/v1/balance").await.json;
    let before = money().await;
    let later = json!({ "send_at": "2027-01-15T09:00:00Z" });
    let recipients = json!([to(1, "1"), to(2, "2"), { "to": "+44" }]);
    let taken = post(&platform, "later", &batch(&recipients, later)).await;
    assert_eq!(taken.status, 202, "{}", taken.text);
    assert_ne!(money().await, before);
    let path = format!("/v1/batches/{}/cancel", taken.json["batch"]["batch_id"].as_str().unwrap());
    for _ in 0..2 {
        let reply = platform.post(&platform.bank, &path, &json!({})).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let counts = ["withdrawn", "not_withdrawn", "without_turn"].map(|count| reply.json[count].as_i64());
        assert_eq!(counts, [Some(2), Some(0), Some(0)], "{}", reply.text);
        assert_eq!(reply.json["batch"]["states"], json!({ "canceled": 2 }));
        assert!(reply.json["batch"]["canceled_at"].is_string(), "{}", reply.text);
    }
    assert_eq!(money().await, before);
    let others = platform.post(&platform.shop, &path, &json!({})).await;
    assert_eq!((others.status.as_u16(), others.code()), (404, "not_found"));
}
