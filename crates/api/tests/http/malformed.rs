//! What clients get wrong: every kind is answered with its problem, tells the field, and changes nothing.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;

use crate::platform::{Platform, sms};

/// Method, path, headers beside the key, body; then status, code, and the pointer or parameter that is to blame.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    Vec<u8>,
    u16,
    &'static str,
    &'static str,
);

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const SEND: &str = "/v1/sms/send";

/// A body for `POST /v1/sms/send`, and the field to blame.
fn body(name: &'static str, body: impl Into<Vec<u8>>, pointer: &'static str) -> Case {
    (name, "POST", SEND, JSON, body.into(), 400, "invalid_request", pointer)
}

/// A good message with one field replaced by a JSON text.
fn with(field: &'static str, value: &str) -> String {
    let mut body = sms(json!({ field: null }));
    body[field] = json!("@");
    body.to_string().replace("\"@\"", value)
}

fn bodies() -> Vec<Case> {
    vec![
        body("empty", "", ""),
        body("blanks", "   ", ""),
        body("not JSON", "to=+447700900123", ""),
        body("XML", "<sms/>", ""),
        body("null", "null", ""),
        body("a number", "1", ""),
        body("a text", "\"sms\"", ""),
        body("a list", "[]", ""),
        body("a list with the fields in order", r#"["+447700900123","MyBank","x"]"#, ""),
        body("an empty object", "{}", "/to"),
        body("cut", r#"{"to":"+447700900123","#, ""),
        body("cut in a text", r#"{"to":"+4477"#, ""),
        body("two objects", format!("{}{}", sms(json!({})), sms(json!({}))), ""),
        body("rest after the object", format!("{}x", sms(json!({}))), ""),
        body("a comma too many", r#"{"to":"+447700900123","from":"MyBank","text":"a",}"#, ""),
        body("a comment", r#"{/* */"to":"+447700900123","from":"MyBank","text":"a"}"#, ""),
        body("single quotes", "{'to':'+447700900123'}", ""),
        body("NaN", with("validity_s", "NaN"), ""),
        body("not UTF-8", [b"{\"to\":\"".as_slice(), &[0xff, 0xfe], b"\"}"].concat(), ""),
        body("a byte order mark", format!("\u{feff}{}", sms(json!({}))), ""),
        body("a raw control character", "{\"to\":\"\u{1}\"}", ""),
        body("half a surrogate pair", with("text", r#""\ud83d""#), ""),
        body("nested deeply", format!("{}{}", "[".repeat(5_000), "]".repeat(5_000)), ""),
        body("nested deeply in a field", with("text", &format!("{}{}", "[".repeat(500), "]".repeat(500))), "/text"),
        body("no to", sms(json!({ "to": null })).to_string(), "/to"),
        body("no from", sms(json!({ "from": null })).to_string(), "/from"),
        body("no text", sms(json!({ "text": null })).to_string(), "/text"),
        body("to twice", r#"{"to":"+447700900123","to":"+447700900124","from":"MyBank","text":"a"}"#, "/to"),
        body("an unknown field", with("sender", "\"x\""), "/sender"),
        body("an unknown field with odd letters", with("a~/b", "1"), "/a~0~1b"),
        body("a field of another case", with("To", "\"+447700900123\""), "/To"),
        body("to a number", with("to", "447700900123"), "/to"),
        body("to null", with("to", "null"), "/to"),
        body("to a list", with("to", r#"["+447700900123"]"#), "/to"),
        body("from a number", with("from", "12345"), "/from"),
        body("text an object", with("text", "{}"), "/text"),
        body("an unknown class", with("class", "\"urgent\""), "/class"),
        body("a class in capitals", with("class", "\"OTP\""), "/class"),
        body("class null", with("class", "null"), "/class"),
        body("class a number", with("class", "0"), "/class"),
        body("an unknown encoding", with("encoding", "\"utf8\""), "/encoding"),
        body("binary as encoding of text", with("encoding", "\"binary\""), "/encoding"),
        body("validity zero", with("validity_s", "0"), "/validity_s"),
        body("validity below zero", with("validity_s", "-1"), "/validity_s"),
        body("validity over the limit", with("validity_s", "259201"), "/validity_s"),
        body("validity over 32 bits", with("validity_s", "4294967296"), "/validity_s"),
        body("validity over 64 bits", with("validity_s", "99999999999999999999999"), "/validity_s"),
        body("validity with decimals", with("validity_s", "1.5"), "/validity_s"),
        body("validity a text", with("validity_s", "\"60\""), "/validity_s"),
        body("a long reference", with("reference", &format!("\"{}\"", "r".repeat(65))), "/reference"),
        body("NUL in the reference", with("reference", r#""a\u0000b""#), "/reference"),
        body("a line end in the reference", with("reference", r#""a\nb""#), "/reference"),
        body("max_price a float", with("max_price", "0.05"), "/max_price"),
        body("max_price no number", with("max_price", "\"cheap\""), "/max_price"),
        body("max_price below zero", with("max_price", "\"-1\""), "/max_price"),
        body("max_price with a comma", with("max_price", "\"0,05\""), "/max_price"),
        body("max_price too fine", with("max_price", "\"0.0000001\""), "/max_price"),
        body("max_price too large", with("max_price", "\"99999999999999999999\""), "/max_price"),
        body("dry_run a text", with("dry_run", "\"true\""), "/dry_run"),
        body("dry_run a number", with("dry_run", "1"), "/dry_run"),
        body("receipt null", with("receipt", "null"), "/receipt"),
    ]
}

/// Well-formed requests whose content is not possible.
fn contents() -> Vec<Case> {
    let refused = |name, field, value: &str, code, pointer| {
        (name, "POST", SEND, JSON, with(field, value).into_bytes(), 422, code, pointer)
    };
    vec![
        refused("to empty", "to", "\"\"", "invalid_destination", "/to"),
        refused("to letters", "to", "\"+44ABC\"", "invalid_destination", "/to"),
        refused("to too long", "to", "\"+4477009001234567890\"", "invalid_destination", "/to"),
        refused("to too short", "to", "\"+44770\"", "invalid_destination", "/to"),
        refused("to of no country", "to", "\"+00000000000\"", "invalid_destination", "/to"),
        refused("to with a rest", "to", r#""+447700900123;ext=1""#, "invalid_destination", "/to"),
        refused("to with NUL", "to", r#""+447700900123\u0000""#, "invalid_destination", "/to"),
        refused("from empty", "from", "\"\"", "invalid_sender", "/from"),
        refused("from blanks", "from", "\"   \"", "invalid_sender", "/from"),
        refused("from too long", "from", "\"TwelveLetter\"", "invalid_sender", "/from"),
        refused("from with NUL", "from", r#""My\u0000Bank""#, "invalid_sender", "/from"),
        refused("from not Latin", "from", "\"Банк\"", "invalid_sender", "/from"),
        refused("text empty", "text", "\"\"", "message_empty", "/text"),
    ]
}

fn envelopes() -> Vec<Case> {
    let good = || sms(json!({})).to_string().into_bytes();
    let large = || sms(json!({ "text": "a".repeat(70_000) })).to_string().into_bytes();
    let parameter =
        |path, name| ("a bad parameter", "GET", path, &[] as &[_], Vec::new(), 400, "invalid_request", name);
    vec![
        ("no content type", "POST", SEND, &[], good(), 415, "unsupported_media_type", ""),
        (
            "a form",
            "POST",
            SEND,
            &[("content-type", "application/x-www-form-urlencoded")],
            good(),
            415,
            "unsupported_media_type",
            "",
        ),
        (
            "a body that is packed",
            "POST",
            SEND,
            &[("content-type", "application/json"), ("content-encoding", "gzip")],
            good(),
            415,
            "unsupported_media_type",
            "",
        ),
        ("plain text", "POST", SEND, &[("content-type", "text/plain")], good(), 415, "unsupported_media_type", ""),
        (
            "almost JSON",
            "POST",
            SEND,
            &[("content-type", "application/jsonp")],
            good(),
            415,
            "unsupported_media_type",
            "",
        ),
        ("too large", "POST", SEND, JSON, large(), 413, "payload_too_large", ""),
        ("an unknown path", "GET", "/v1/nothing", &[], Vec::new(), 404, "not_found", ""),
        ("an unknown version", "POST", "/v2/sms/send", JSON, good(), 404, "not_found", ""),
        ("a slash too many", "POST", "/v1/sms/send/", JSON, good(), 404, "not_found", ""),
        ("two slashes", "POST", "/v1//sms/send", JSON, good(), 404, "not_found", ""),
        ("a path that climbs", "GET", "/v1/../../etc/passwd", &[], Vec::new(), 404, "not_found", ""),
        ("another method", "PUT", SEND, JSON, good(), 405, "method_not_allowed", ""),
        ("delete what is not deleted", "DELETE", "/v1/balance", &[], Vec::new(), 405, "method_not_allowed", ""),
        ("a made-up method", "BREW", "/v1/balance", &[], Vec::new(), 405, "method_not_allowed", ""),
        parameter("/v1/sms?limit=", "limit"),
        parameter("/v1/sms?limit=many", "limit"),
        parameter("/v1/sms?limit=-1", "limit"),
        parameter("/v1/sms?limit=99999999999", "limit"),
        parameter("/v1/sms?limit=1&limit=2", "limit"),
        parameter("/v1/sms?page=2", "page"),
        parameter("/v1/sms?limit=0", "limit"),
        parameter("/v1/sms?limit=201", "limit"),
        parameter("/v1/sms?cursor=0", "cursor"),
        parameter("/v1/sms?cursor=acc_0000000000100", "cursor"),
        parameter("/v1/sms?cursor=", "cursor"),
        parameter("/v1/sms?state=done", "state"),
        parameter("/v1/sms?state=Delivered", "state"),
        parameter("/v1/sms?to=x", "to"),
        parameter("/v1/sms?to=%00", "to"),
    ]
}

fn keys() -> Vec<Case> {
    const LONG: &str = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\
        kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\
        kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";
    let key = |name, headers: &'static [(&'static str, &'static str)]| -> Case {
        (
            name,
            "POST",
            SEND,
            headers,
            sms(json!({})).to_string().into_bytes(),
            400,
            "invalid_request",
            "Idempotency-Key",
        )
    };
    const TYPE: (&str, &str) = ("content-type", "application/json");
    vec![
        key("an empty key", &[TYPE, ("idempotency-key", "")]),
        key("a key with a blank", &[TYPE, ("idempotency-key", "a b")]),
        key("a key that is not ASCII", &[TYPE, ("idempotency-key", "schlüssel")]),
        key("a long key", &[TYPE, ("idempotency-key", LONG)]),
        key("two keys", &[TYPE, ("idempotency-key", "a"), ("idempotency-key", "b")]),
    ]
}

fn webhooks() -> Vec<Case> {
    let case = |name, body: &str, status, code, pointer| {
        (name, "POST", "/v1/webhooks", JSON, body.as_bytes().to_vec(), status, code, pointer)
    };
    vec![
        case("no url", "{}", 400, "invalid_request", "/url"),
        case("url null", r#"{"url":null}"#, 400, "invalid_request", "/url"),
        case("url empty", r#"{"url":""}"#, 400, "invalid_request", "/url"),
        case(
            "a secret of one's own",
            r#"{"url":"https://a.example.com","secret":"x"}"#,
            400,
            "invalid_request",
            "/secret",
        ),
        case("no URL", r#"{"url":"example"}"#, 422, "invalid_webhook", "/url"),
        case("a script", r#"{"url":"javascript:alert(1)"}"#, 422, "invalid_webhook", "/url"),
        case("a user in the URL", r#"{"url":"https://a:b@a.example.com/"}"#, 422, "invalid_webhook", "/url"),
    ]
}

#[tokio::test]
async fn every_kind_of_bad_request_is_answered_with_its_problem_and_changes_nothing() {
    let platform = Platform::start().await;
    let before = platform.traces().await;
    let cases: Vec<Case> = [bodies(), contents(), envelopes(), keys(), webhooks()].into_iter().flatten().collect();
    assert!(cases.len() >= 100, "{}", cases.len());
    for (name, method, path, headers, body, status, code, blamed) in cases {
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(path);
        request = request.header("authorization", format!("Bearer {}", platform.bank));
        for (header, value) in headers {
            request = request.header(*header, value.as_bytes());
        }
        let reply = platform.call(request.body(Body::from(body)).unwrap()).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (status, code), "{name}: {}", reply.text);
        if !blamed.is_empty() {
            let error = &reply.json["errors"][0];
            let told = error["pointer"].as_str().or(error["parameter"].as_str());
            assert_eq!(told, Some(blamed), "{name}: {}", reply.text);
        }
        if status == 405 {
            assert!(!reply.header("allow").is_empty(), "{name}: no Allow");
        }
    }
    assert_eq!(platform.traces().await, before);
    assert_eq!(platform.send(&platform.bank, json!({})).await.status, 202, "and good ones are still taken");
}
