//! Reading messages back: the life of one, and lists of many.

use serde_json::{Value, json};

use crate::platform::Platform;

#[tokio::test]
async fn a_message_tells_its_life() {
    let platform = Platform::start().await;
    let sent = platform.send(&platform.bank, json!({ "text": "a".repeat(161), "reference": "order-17" })).await;
    let reply = platform.get(&platform.bank, sent.header("location")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!((&reply.json["message_id"], &reply.json["state"]), (&json!(sent.id()), &json!("routed")));
    assert_eq!((&reply.json["to"], &reply.json["from"]), (&json!("+447700900123"), &json!("MyBank")));
    assert_eq!((&reply.json["reference"], &reply.json["price"]["amount"]), (&json!("order-17"), &json!("0.025")));
    let segments = reply.json["segments"].as_array().unwrap();
    assert_eq!(segments.iter().map(|one| &one["charge"]).collect::<Vec<_>>(), ["held", "held"]);
    let events: Vec<_> = reply.json["timeline"].as_array().unwrap().iter().map(|line| line["event"].clone()).collect();
    assert_eq!(events, ["accepted", "routed", "held"]);
    assert_eq!(reply.json["timeline"][2]["detail"]["amount"], "0.025");
    assert!(!reply.text.contains("aaa"), "the text is not given back: {}", reply.text);
}

#[tokio::test]
async fn lists_go_from_the_newest_in_pages_without_gap_or_repeat() {
    let platform = Platform::start().await;
    let mut sent = Vec::new();
    for _ in 0..7 {
        sent.push(platform.send(&platform.bank, json!({})).await.id());
    }
    platform.send(&platform.shop, json!({})).await;
    sent.reverse();
    let (mut seen, mut path, mut pages) = (Vec::new(), "/v1/sms?limit=3".to_owned(), 0);
    loop {
        let page = platform.get(&platform.bank, &path).await.json;
        seen.extend(ids(&page));
        pages += 1;
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/sms?limit=3&cursor={cursor}");
    }
    assert_eq!((seen, pages), (sent, 3));
}

#[tokio::test]
async fn lists_are_filtered_by_state_and_number() {
    let platform = Platform::start().await;
    let first = platform.send(&platform.bank, json!({ "to": "+447700900001" })).await.id();
    platform.send(&platform.bank, json!({ "to": "+447700900002" })).await;
    for number in ["%2B447700900001", "447700900001", "+447700900001"] {
        let page = platform.get(&platform.bank, &format!("/v1/sms?to={number}")).await;
        assert_eq!(ids(&page.json), std::slice::from_ref(&first), "{number}: {}", page.text);
    }
    assert_eq!(ids(&platform.get(&platform.bank, "/v1/sms?state=routed").await.json).len(), 2);
    assert_eq!(ids(&platform.get(&platform.bank, "/v1/sms?state=delivered").await.json).len(), 0);
}

#[tokio::test]
async fn the_balance_is_exact_text() {
    let platform = Platform::start().await;
    let reply = platform.get(&platform.bank, "/v1/balance").await;
    let expected = json!({ "available": "10.00", "held": "0.00", "credit_limit": "0.00", "currency": "EUR" });
    assert_eq!(reply.json, expected);
}

fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|one| one["message_id"].as_str().unwrap().to_owned()).collect()
}
