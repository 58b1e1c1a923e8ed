//! Records of what was sent: for services with a key that may see them, and summed for the account that sent it.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request};
use sambac_domain::text::Encoding;
use sambac_domain::{
    AccountId, ApiKeyId, ChargePolicy, ConnectorId, IdSource, MccMnc, Message, MessageBody, MessageId, MessageState,
    Msisdn, OperatorId, Origin, RateId, RouteId, SegmentId, Timestamp, TrafficClass,
};
use sambac_engine::admin::AdminScope;
use sambac_store::rows::{CdrRow, ChargeState};
use sambac_store::{Batch, NewMessage};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::platform::{BANK, NOW, PRICE_MICROS, Platform, Reply, SHOP, request};

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 86_400_000_000;

/// A delivered segment that was accepted so many microseconds before the platform's moment.
pub(crate) fn cdr(account_id: AccountId, before: i64) -> CdrRow {
    let accepted_at = Timestamp(NOW.0 - before);
    // Each account has a node of its own, so that no two messages of a moment have one id.
    let node = u8::try_from(account_id.raw() >> 8).unwrap();
    let message = MessageId::from_raw(IdSource::new(node, 0).next(accepted_at));
    CdrRow {
        id: SegmentId::new(message, 1),
        account_id,
        operator_id: OperatorId::from_raw(5 << 8),
        connector_id: ConnectorId::from_raw(6 << 8),
        mcc_mnc: Some(MccMnc::TEST),
        sender: "MyBank".parse().unwrap(),
        destination: Msisdn::from_u64(447_700_900_123).unwrap(),
        class: TrafficClass::Otp,
        state: MessageState::Delivered,
        error: None,
        operator_error: None,
        smsc_message_id: Some("5c4e".to_owned()),
        attempts: 1,
        possible_duplicate: false,
        price_micros: PRICE_MICROS,
        currency: "EUR".parse().unwrap(),
        charge_state: ChargeState::Captured,
        accepted_at,
        submitted_at: Some(accepted_at),
        final_at: accepted_at,
        done_at: None,
        group_id: None,
        block_id: 0,
        cost_rate_id: None,
        cost_micros: None,
        cost_currency: None,
    }
}

/// The message of a record, ended.
fn message(cdr: &CdrRow) -> NewMessage {
    let message = Message {
        id: cdr.id.message(),
        account_id: cdr.account_id,
        origin: Origin::Rest { api_key: ApiKeyId::from_raw(101 << 8) },
        sender: cdr.sender,
        destination: cdr.destination,
        class: cdr.class,
        body: MessageBody::Text { text: String::new(), encoding: Encoding::Gsm7 },
        segment_count: 1,
        mcc_mnc: cdr.mcc_mnc,
        route_id: RouteId::from_raw(7 << 8),
        rate_id: RateId::from_raw(4 << 8),
        price_micros: cdr.price_micros,
        currency: cdr.currency,
        cost: None,
        accepted_at: cdr.accepted_at,
        expires_at: cdr.accepted_at,
        client_ref: None,
        answered_id: None,
        receipt_wanted: false,
        registered_delivery: 0,
        options: None,
        charge_policy: ChargePolicy::Delivered,
    };
    let new = NewMessage::new(Arc::new(message), Vec::new(), cdr.state);
    NewMessage { body: None, final_at: Some(cdr.final_at), ..new }
}

async fn with(cdrs: Vec<CdrRow>) -> Platform {
    let platform = Platform::start().await;
    let messages = cdrs.iter().filter(|cdr| cdr.id.no() == 1).map(message).collect();
    platform.engine.store().commit(&Batch { messages, cdrs, ..Batch::default() }).await.unwrap();
    platform
}

async fn get(platform: &Platform, key: &str, path: &str) -> Reply {
    let request = request(Method::GET, path, key).body(Body::empty()).unwrap();
    Reply::of(platform.services.clone().oneshot(request).await.unwrap()).await
}

fn data(reply: &Reply) -> &Vec<Value> {
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json["data"].as_array().unwrap()
}

#[tokio::test]
async fn nobody_reads_records_without_a_key_that_may() {
    let platform = with(vec![cdr(BANK, 0)]).await;
    let without = Request::get("/cdr").body(Body::empty()).unwrap();
    let reply = Reply::of(platform.services.clone().oneshot(without).await.unwrap()).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (401, "unauthenticated"));
    let client = get(&platform, &platform.bank, "/cdr").await;
    assert_eq!((client.status.as_u16(), client.code()), (401, "unauthenticated"));
    let other = platform.admin_key(2, &[AdminScope::Operations, AdminScope::NumbersRead], |_| {}).await;
    let reply = get(&platform, &other, "/cdr").await;
    assert_eq!((reply.status.as_u16(), reply.code()), (403, "forbidden"), "{}", reply.text);
}

#[tokio::test]
async fn a_record_tells_all_but_the_end_of_the_number() {
    let platform = with(vec![cdr(BANK, 0)]).await;
    let key = platform.admin_key(2, &[AdminScope::CdrRead], |_| {}).await;
    let reply = get(&platform, &key, "/cdr").await;
    let record = &data(&reply)[0];
    assert_eq!(
        (&record["to"], &record["price"], &record["charge"]),
        (&json!("+44770090****"), &json!("0.0125"), &json!("captured"))
    );
    assert_eq!(
        (&record["account"], &record["segment"], &record["state"]),
        (&json!(BANK.to_string()), &json!(1), &json!("delivered"))
    );
    assert_eq!((&record["network"], &record["accepted_at"]), (&json!("00101"), &json!(NOW.rfc3339())));
    let whole = get(&platform, &platform.admin, "/cdr?to_prefix=447700900123").await;
    assert_eq!(data(&whole)[0]["to"], "+447700900123");
    let guess = get(&platform, &key, "/cdr?to_prefix=447700900123").await;
    assert_eq!((guess.status.as_u16(), &guess.json["errors"][0]["parameter"]), (403, &json!("to_prefix")));
}

#[tokio::test]
async fn records_are_found_by_filter_and_page() {
    let platform = with((0..5).map(|number| cdr(BANK, number * MINUTE)).chain([cdr(SHOP, 9 * MINUTE)]).collect()).await;
    let bank =
        format!("/cdr?account={BANK}&network=001&sender=MyBank&charge=captured&state=delivered&to_prefix=4477&limit=2");
    let (mut times, mut path) = (Vec::new(), bank.clone());
    loop {
        let reply = get(&platform, &platform.admin, &path).await;
        times.extend(data(&reply).iter().map(|record| record["accepted_at"].clone()));
        let Some(cursor) = reply.json["next_cursor"].as_str() else { break };
        path = format!("{bank}&cursor={cursor}");
    }
    let expected: Vec<_> = (0..5).map(|number| json!(Timestamp(NOW.0 - number * MINUTE).rfc3339())).collect();
    assert_eq!(times, expected);
    let between = format!("/cdr?from={}&until={}", Timestamp(NOW.0 - 2 * MINUTE), Timestamp(NOW.0 - MINUTE));
    assert_eq!(data(&get(&platform, &platform.admin, &between).await).len(), 1);
}

#[tokio::test]
async fn a_query_that_says_nothing_sensible_is_refused_by_name() {
    let platform = Platform::start().await;
    for (query, parameter) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("cursor=msg_01h2xcejqtf2n", "cursor"),
        ("account=bank", "account"),
        ("state=submitted", "state"),
        ("from=2026-11-23T10:00:00Z&until=2026-11-23T10:00:00Z", "until"),
    ] {
        let reply = get(&platform, &platform.admin, &format!("/cdr?{query}")).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (400, "invalid_request"), "{query}");
        assert_eq!(reply.json["errors"][0]["parameter"], parameter, "{query}: {}", reply.text);
    }
    let unknown = get(&platform, &platform.admin, "/cdr?acount=x").await;
    assert_eq!((unknown.status.as_u16(), unknown.code()), (400, "invalid_request"));
}

#[tokio::test]
async fn an_account_sees_the_sums_of_its_own_days() {
    let second = |row: CdrRow| CdrRow { id: SegmentId::new(row.id.message(), 2), ..row };
    let voided = CdrRow { state: MessageState::Expired, charge_state: ChargeState::Voided, ..cdr(BANK, MINUTE) };
    let rows = vec![cdr(BANK, 0), second(cdr(BANK, 0)), voided, cdr(BANK, 40 * DAY), cdr(SHOP, 0)];
    let platform = with(rows).await;
    let today = &NOW.rfc3339()[..10];
    let line = |state: &str, messages: i64, segments: i64, charged: &str| {
        json!({ "day": today, "country": "001", "network": "00101", "state": state, "messages": messages,
            "segments": segments, "charged": charged, "currency": "EUR" })
    };
    let expected = [line("delivered", 1, 2, "0.025"), line("expired", 1, 1, "0.00")];
    assert_eq!(data(&platform.get(&platform.bank, "/v1/usage").await).as_slice(), expected);
    let old = &Timestamp(NOW.0 - 40 * DAY).rfc3339()[..10];
    let reply = platform.get(&platform.bank, &format!("/v1/usage?from={old}&to={old}")).await;
    assert_eq!((data(&reply).len(), &reply.json["data"][0]["day"]), (1, &json!(old)));
}

#[tokio::test]
async fn days_that_are_none_or_too_many_are_refused() {
    let platform = Platform::start().await;
    for (query, parameter) in [
        ("from=yesterday", "from"),
        ("to=2026-13-01", "to"),
        ("from=2026-11-02&to=2026-11-01", "from"),
        ("from=2026-01-01&to=2026-04-03", "from"),
    ] {
        let reply = platform.get(&platform.bank, &format!("/v1/usage?{query}")).await;
        assert_eq!((reply.status.as_u16(), &reply.json["errors"][0]["parameter"]), (400, &json!(parameter)), "{query}");
    }
    let longest = platform.get(&platform.bank, "/v1/usage?from=2026-01-01&to=2026-04-02").await;
    assert!(data(&longest).is_empty());
}

#[tokio::test]
async fn all_records_come_as_a_file() {
    let platform = with((0..3).map(|number| cdr(BANK, number * MINUTE)).chain([cdr(SHOP, 0)]).collect()).await;
    let reply = get(&platform, &platform.admin, &format!("/cdr?format=csv&account={BANK}")).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "text/csv; charset=utf-8"));
    assert_eq!(reply.header("content-disposition"), "attachment; filename=\"cdr.csv\"");
    let lines: Vec<&str> = reply.text.lines().collect();
    assert!(lines[0].starts_with("message_id,segment,account,"), "{}", reply.text);
    assert_eq!(lines.iter().filter(|line| line.contains(",447700900123,")).count(), 3, "{}", reply.text);
    let key = platform.admin_key(2, &[AdminScope::CdrRead], |_| {}).await;
    let masked = get(&platform, &key, "/cdr?format=csv").await;
    assert_eq!((masked.text.matches("44770090****").count(), masked.text.contains("447700900123")), (4, false));
    for (query, parameter) in [("format=xml", "format"), ("format=csv&limit=5", "limit")] {
        let reply = get(&platform, &platform.admin, &format!("/cdr?{query}")).await;
        assert_eq!((reply.status.as_u16(), &reply.json["errors"][0]["parameter"]), (400, &json!(parameter)), "{query}");
    }
}

#[tokio::test]
async fn a_parquet_file_begins_and_ends_as_one() {
    let platform = with(vec![cdr(BANK, 0)]).await;
    let request = request(Method::GET, "/cdr?format=parquet", &platform.admin).body(Body::empty()).unwrap();
    let response = platform.services.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/vnd.apache.parquet");
    let octets = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    assert!(octets.starts_with(b"PAR1") && octets.ends_with(b"PAR1"));
}

#[tokio::test]
async fn who_does_not_take_a_file_gives_its_place_back() {
    let platform = with(vec![cdr(BANK, 0)]).await;
    let ask = async || {
        let request = request(Method::GET, "/cdr?format=csv", &platform.admin).body(Body::empty()).unwrap();
        platform.services.clone().oneshot(request).await.unwrap()
    };
    let (first, second) = (ask().await, ask().await);
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (200, 200));
    let refused = Reply::of(ask().await).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (429, "rate_limited"));
    drop(first);
    assert_eq!(ask().await.status(), 200);
}
