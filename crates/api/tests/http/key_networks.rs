//! From where keys may be used: lists of addresses of keys and accounts, over a real socket, behind a proxy or not.

use std::net::SocketAddr;

use axum::Router;
use sambac_api::{Api, ForwardedHeader, Limits, Proxies, origin, serve};
use sambac_engine::Scope;
use sambac_engine::snapshot::IpRange;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;

use crate::platform::{BANK, Platform};

struct Listening {
    address: SocketAddr,
    _stop: DropGuard,
}

async fn listen(router: Router) -> Listening {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    tokio::spawn(serve(listener, router, Limits::default(), stop.clone()));
    Listening { address, _stop: stop.drop_guard() }
}

/// An answer's status and body, the request's id apart.
async fn ask(stream: &mut TcpStream, method: &str, path: &str, headers: &str) -> (u16, String, Value) {
    let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut octets, mut text) = ([0; 4096], String::new());
    let (head, body) = loop {
        let count = stream.read(&mut octets).await.unwrap();
        assert!(count > 0, "the server closed after: {text}");
        text.push_str(std::str::from_utf8(&octets[..count]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            break (head.to_owned(), body.to_owned());
        }
    };
    let mut body: Value = serde_json::from_str(&body).unwrap_or_default();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("request_id");
    }
    (head[9..12].parse().unwrap(), head, body)
}

async fn balance(listening: &Listening, key: &str, headers: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(listening.address).await.unwrap();
    let (status, _, body) = ask(&mut stream, "GET", "/v1/balance", &format!("X-Api-Key: {key}\r\n{headers}")).await;
    (status, body)
}

/// A list of a key or of its account is held against the connection's address, and the refusal tells an outsider nothing.
#[tokio::test]
async fn a_key_is_used_from_where_it_may_be() {
    let platform = Platform::start().await;
    let listening = listen(platform.api.clone()).await;
    let scopes = [Scope::BalanceRead];
    let here = platform.key(BANK, 3, &scopes, |row| row.allowed_ips = vec!["::ffff:127.0.0.0/104".into()]).await;
    let there = platform.key(BANK, 4, &scopes, |row| row.allowed_ips = vec!["192.0.2.0/24".into()]).await;
    let unreadable = platform.key(BANK, 5, &scopes, |row| row.allowed_ips = vec!["the office".into()]).await;
    assert_eq!(balance(&listening, &here, "").await.0, 200);
    let unknown = balance(&listening, "sambac_live_x_y_z", "").await;
    assert_eq!(unknown.0, 401);
    for key in [&there, &unreadable] {
        assert_eq!(balance(&listening, key, "").await, unknown);
        assert_eq!(balance(&listening, key, "X-Forwarded-For: 192.0.2.1\r\n").await, unknown, "no proxy is trusted");
    }
    let path = format!("/v1/admin/accounts/{BANK}");
    let allow = async |ranges: Value| {
        let body = json!({ "allowed_ips": ranges });
        platform.admin(axum::http::Method::PATCH, &path, Some(&body), &[]).await
    };
    assert_eq!(allow(json!(["192.0.2.0/24"])).await.status, 200);
    assert_eq!(balance(&listening, &here, "").await, unknown, "the account's list counts, too");
    assert_eq!(allow(json!(["somewhere"])).await.status, 422);
    assert_eq!(allow(json!([])).await.status, 200);
    assert_eq!(balance(&listening, &here, "").await.0, 200);
}

/// Behind a proxy that is trusted its word counts; what its client wrote does not.
#[tokio::test]
async fn behind_a_proxy_the_client_behind_it_counts() {
    let platform = Platform::start().await;
    let proxies = Proxies::new(vec![IpRange::parse("127.0.0.1").unwrap()], ForwardedHeader::XForwardedFor);
    let listening = listen(Api::new(platform.engine.clone(), Limits::default()).behind(proxies).public()).await;
    let key = platform.key(BANK, 3, &[Scope::BalanceRead], |row| row.allowed_ips = vec!["192.0.2.0/24".into()]).await;
    for (headers, status) in [
        ("X-Forwarded-For: 192.0.2.1\r\n", 200),
        ("X-Forwarded-For: 198.51.100.1\r\n", 401),
        ("X-Forwarded-For: 192.0.2.1, 198.51.100.1\r\n", 401),
        ("X-Forwarded-For: unknown\r\n", 401),
        ("Forwarded: for=192.0.2.1\r\n", 401),
        ("", 401),
    ] {
        assert_eq!(balance(&listening, &key, headers).await.0, status, "{headers}");
    }
}

/// A connection that is kept alive gives a revoked key nothing.
#[tokio::test]
async fn a_revoked_key_is_refused_on_a_connection_that_is_kept_alive() {
    let platform = Platform::start().await;
    let listening = listen(platform.api.clone()).await;
    let key = platform.key(BANK, 3, &[Scope::BalanceRead], |_| {}).await;
    let headers = format!("X-Api-Key: {key}\r\n");
    let mut stream = TcpStream::connect(listening.address).await.unwrap();
    assert_eq!(ask(&mut stream, "GET", "/v1/balance", &headers).await.0, 200);
    let id = &platform.get(&platform.bank, "/v1/keys").await.json["data"][0]["id"];
    let revoked = platform.delete(&platform.bank, &format!("/v1/keys/{}", id.as_str().unwrap())).await;
    assert_eq!(revoked.status, 204);
    assert_eq!(ask(&mut stream, "GET", "/v1/balance", &headers).await.0, 401);
}

/// A page of another origin may call the API only when that origin is configured.
#[tokio::test]
async fn only_pages_of_configured_origins_may_call() {
    let platform = Platform::start().await;
    let closed = listen(platform.api.clone()).await;
    let open = Api::new(platform.engine.clone(), Limits::default())
        .for_pages_of(vec![origin("https://console.example.com").unwrap()]);
    let open = listen(open.public()).await;
    let allowed = async |at: &Listening, page: &str| {
        let mut stream = TcpStream::connect(at.address).await.unwrap();
        let headers = format!(
            "Origin: {page}\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n"
        );
        let (_, preflight, _) = ask(&mut stream, "OPTIONS", "/v1/sms/send", &headers).await;
        let (_, answer, _) = ask(&mut stream, "GET", "/v1/balance", &format!("Origin: {page}\r\n")).await;
        let tells = |head: &str| head.to_lowercase().contains(&format!("access-control-allow-origin: {page}"));
        assert!(!preflight.contains("allow-origin: *") && !answer.to_lowercase().contains("allow-credentials"));
        (tells(&preflight), tells(&answer))
    };
    assert_eq!(allowed(&closed, "https://console.example.com").await, (false, false));
    assert_eq!(allowed(&open, "https://console.example.com").await, (true, true));
    assert_eq!(allowed(&open, "https://evil.example.com").await, (false, false));
    // All methods and headers that the API has.
    let mut stream = TcpStream::connect(open.address).await.unwrap();
    let headers = "Origin: https://console.example.com\r\nAccess-Control-Request-Method: PUT\r\n";
    let (_, preflight, _) = ask(&mut stream, "OPTIONS", "/v1/otp-profiles", headers).await;
    let preflight = preflight.to_lowercase();
    let line = |name: &str| preflight.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    for method in ["get", "post", "put", "patch", "delete"] {
        assert!(line("access-control-allow-methods").contains(method), "{method}: {preflight}");
    }
    for header in ["authorization", "idempotency-key", "if-match", "signature-input", "last-event-id"] {
        assert!(line("access-control-allow-headers").contains(header), "{header}: {preflight}");
    }
}
