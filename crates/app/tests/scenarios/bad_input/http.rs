//! Malformed HTTP requests: every answer is a problem without a word about the inside.

use std::net::SocketAddr;

use anyhow::{Result, ensure};

use super::mutation::Mutation;
pub(super) use super::pdus::talk;

/// How many are sent.
pub(super) const COUNT: usize = 1_000;

/// What no client may read: traces, source paths, SQL, names of libraries, folders of the machine.
const INSIDE: [&str; 16] = [
    "panicked",
    "backtrace",
    "RUST_",
    ".rs:",
    "src/",
    "crates/",
    "SELECT ",
    "INSERT ",
    "sqlx",
    "sqlite",
    "SQLITE",
    "/home/",
    "/root/",
    "/tmp/",
    "tokio",
    "unwrap",
];

const BODIES: [&str; 12] = [
    r#"{"to":"+447700900123","from":"Bank","text":"hello"}"#,
    r#"{"to":"+447700900123","from":"Bank","text":"hello","dry_run":true,"max_price":"1.0"}"#,
    r#"{"to":"+447700900123","from":"Bank","text":"hello","validity_s":-1}"#,
    r#"{"to":"'; DROP TABLE messages; --","from":"\u0000","text":"\ud800"}"#,
    r#"{"to":1e999,"from":[],"text":{}}"#,
    r#"{"to":"+447700900123","to":"+447700900124","from":"Bank","text":"x"}"#,
    r#"{"to":"+447700900123","from":"Bank","text":"x","class":"nonsense"}"#,
    r#"{"url":"http://169.254.169.254/latest/meta-data/"}"#,
    r#"{"url":"file:///etc/passwd"}"#,
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "\u{feff}{}",
    "",
];

const PATHS: [&str; 12] = [
    "/v1/sms/send",
    "/v1/webhooks",
    "/v1/sms/msg_0000000000001",
    "/v1/sms/msg_zzzzzzzzzzzzzzzzzzzz",
    "/v1/sms/%00%ff",
    "/v1/sms?limit=999999999999999999999&cursor=../../etc/passwd",
    "/v1/sms?state=%27%20OR%201=1",
    "/v1/balance",
    "/../../../etc/passwd",
    "/openapi.json",
    "//",
    "/docs/errors%2f..%2f..%2f",
];

const HEADERS: [&str; 8] = [
    "Content-Type: application/json",
    "Content-Type: text/xml",
    "Content-Type: application/json; charset=utf-16",
    "Transfer-Encoding: chunked",
    "Content-Encoding: gzip",
    "Idempotency-Key: \u{1}\u{7f}",
    "Expect: 100-continue",
    "X-Request-Id: ${jndi:ldap://x}",
];

/// Sends all of them, and returns how many that were.
pub(super) async fn send(at: SocketAddr, key: &str) -> Result<usize> {
    for number in 0..COUNT {
        let request = request(&mut Mutation::new(number as u64), key);
        no_leak(&talk(at, &request).await?)?;
    }
    Ok(COUNT)
}

/// One request, more or less spoiled.
fn request(mutation: &mut Mutation, key: &str) -> Vec<u8> {
    let method = *mutation.choose(&["POST", "GET", "DELETE", "PATCH", "TRACE", "post", "\u{0}"]);
    let (path, body) = (*mutation.choose(&PATHS), *mutation.choose(&BODIES));
    let length = if mutation.chance(80) {
        body.len().to_string()
    } else {
        (*mutation.choose(&["-1", "0", "1e3", "99"])).to_owned()
    };
    let key = if mutation.chance(70) { key } else { "sb_live_nonsense" };
    let headers = format!("{}\r\n{}", mutation.choose(&HEADERS), mutation.choose(&HEADERS));
    let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n");
    let mut octets = format!("{head}{headers}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes();
    if mutation.chance(60) {
        mutation.spoil(&mut octets, b"\r\n\r\n\0\xff\xfe%s%n{}[]\"\"HTTP/1.1");
    }
    octets
}

/// That an answer says nothing of the inside, and is never an error of ours.
pub(super) fn no_leak(answer: &[u8]) -> Result<()> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    // The reference page and the OpenAPI document are ours to show.
    if head.starts_with("HTTP/1.1 200") && (body.starts_with("{\"openapi") || head.contains("text/html")) {
        return Ok(());
    }
    let found: Vec<_> = INSIDE.iter().filter(|word| text.contains(**word)).collect();
    ensure!(found.is_empty(), "{found:?} in {text}");
    ensure!(!head.starts_with("HTTP/1.1 5"), "a server error: {text}");
    Ok(())
}
