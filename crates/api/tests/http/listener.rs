//! The accept loop on real sockets: its time-outs are armed, its bounds hold, its end drains. Time is paused, and moves
//! only when everything waits, so that the longest time-out takes no time.

use std::time::Duration;

use sambac_api::{Limits, serve};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::platform::{Platform, sms};

struct Server {
    address: std::net::SocketAddr,
    stop: CancellationToken,
    ended: JoinHandle<()>,
}

async fn listen(platform: &Platform, limits: Limits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let ended = tokio::spawn(serve(listener, platform.api.clone(), limits, stop.clone()));
    Server { address, stop, ended }
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

fn send_request(platform: &Platform) -> String {
    let body = sms(json!({})).to_string();
    format!(
        "POST /v1/sms/send HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        platform.bank,
        body.len()
    )
}

/// Reads until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut octets = Vec::new();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut octets).await;
    String::from_utf8_lossy(&octets).into_owned()
}

/// Reads one answer whose body is JSON.
async fn one_answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut octets = [0; 4096];
    while !text.ends_with('}') {
        let count = stream.read(&mut octets).await.unwrap();
        assert!(count > 0, "the server closed after: {text}");
        text.push_str(std::str::from_utf8(&octets[..count]).unwrap());
    }
    text
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_says_nothing_is_closed() {
    let platform = Platform::start().await;
    let server = listen(&platform, Limits::default()).await;
    let started = Instant::now();
    let mut stream = server.connect().await;
    assert_eq!(rest(&mut stream).await, "");
    assert_eq!(started.elapsed().as_secs(), Limits::default().head_timeout.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_head_that_comes_drop_by_drop_is_not_waited_for() {
    let platform = Platform::start().await;
    let server = listen(&platform, Limits::default()).await;
    let started = Instant::now();
    let (mut reading, mut writing) = server.connect().await.into_split();
    let drops = tokio::spawn(async move {
        for octet in "GET /docs HTTP/1.1\r\nX-Slow: ".bytes().chain(std::iter::repeat(b'a')) {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if writing.write_all(&[octet]).await.is_err() {
                return;
            }
        }
    });
    let mut octets = Vec::new();
    let _ = reading.read_to_end(&mut octets).await;
    assert!(started.elapsed() <= Limits::default().head_timeout + Duration::from_secs(1), "{:?}", started.elapsed());
    drops.abort();
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_answered_in_time() {
    let platform = Platform::start().await;
    let server = listen(&platform, Limits::default()).await;
    let started = Instant::now();
    let mut stream = server.connect().await;
    let request = send_request(&platform);
    stream.write_all(&request.as_bytes()[..request.len() - 5]).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("service_unavailable"), "{answer}");
    assert!(started.elapsed() >= Limits::default().request_timeout, "{:?}", started.elapsed());
    assert!(started.elapsed() < Limits::default().request_timeout * 2, "{:?}", started.elapsed());
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let platform = Platform::start().await;
    let server = listen(&platform, Limits::default()).await;
    let mut stream = server.connect().await;
    for _ in 0..20 {
        stream.write_all(send_request(&platform).as_bytes()).await.unwrap();
        let answer = one_answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_or_no_http_ends_its_own_connection_only() {
    let platform = Platform::start().await;
    let server = listen(&platform, Limits::default()).await;
    for bad in
        [format!("GET / HTTP/1.1\r\nX-Large: {}\r\n\r\n", "a".repeat(100_000)), "\0\0\0\x10garbage\r\n\r\n".to_owned()]
    {
        let mut stream = server.connect().await;
        let _ = stream.write_all(bad.as_bytes()).await;
        let answer = rest(&mut stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    let mut stream = server.connect().await;
    stream.write_all(send_request(&platform).as_bytes()).await.unwrap();
    assert!(one_answer(&mut stream).await.starts_with("HTTP/1.1 202"));
}

#[tokio::test(start_paused = true)]
async fn connections_over_the_limit_wait_for_a_free_place() {
    let platform = Platform::start().await;
    let server = listen(&platform, Limits { connections_max: 1, ..Limits::default() }).await;
    let first = server.connect().await;
    let mut second = server.connect().await;
    second.write_all(send_request(&platform).as_bytes()).await.unwrap();
    let mut octets = [0; 1];
    let early = tokio::time::timeout(Duration::from_secs(1), second.peek(&mut octets)).await;
    assert!(early.is_err(), "the second was served beside the first");
    drop(first);
    assert!(one_answer(&mut second).await.starts_with("HTTP/1.1 202"));
}

#[tokio::test]
async fn at_the_end_requests_that_run_are_answered_and_new_ones_find_nobody() {
    let platform = Platform::start().await;
    let server = listen(&platform, Limits::default()).await;
    let mut running = server.connect().await;
    let request = send_request(&platform);
    let (head, tail) = request.split_at(request.len() - 5);
    running.write_all(head.as_bytes()).await.unwrap();
    // Another request on another connection is answered, so the first one's head has been read by now.
    let mut idle = server.connect().await;
    idle.write_all(request.as_bytes()).await.unwrap();
    one_answer(&mut idle).await;
    server.stop.cancel();
    assert_eq!(rest(&mut idle).await, "", "an idle connection is closed");
    running.write_all(tail.as_bytes()).await.unwrap();
    assert!(rest(&mut running).await.starts_with("HTTP/1.1 202"));
    server.ended.await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_ends_does_not_hold_the_end_up() {
    let platform = Platform::start().await;
    let limits = Limits { request_timeout: Duration::from_secs(3_600), ..Limits::default() };
    let server = listen(&platform, limits).await;
    let mut running = server.connect().await;
    let request = send_request(&platform);
    running.write_all(&request.as_bytes()[..request.len() - 5]).await.unwrap();
    let mut other = server.connect().await;
    other.write_all(request.as_bytes()).await.unwrap();
    one_answer(&mut other).await;
    let started = Instant::now();
    server.stop.cancel();
    server.ended.await.unwrap();
    assert_eq!(started.elapsed().as_secs(), limits.drain_timeout.as_secs());
}
