//! Time is paused, and moves only when everything waits, so that the longest time-out takes no time.

use std::net::SocketAddr;

use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use tokio::net::TcpListener;

use super::*;
use crate::answer::tests::router;

const GOOD: &str = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello";
const UNFINISHED: &str = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhe";

struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    ended: JoinHandle<()>,
}

async fn listen(limits: Limits) -> Server {
    listen_with(router(limits.request_timeout), limits).await
}

async fn listen_with(router: Router, limits: Limits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let ended = tokio::spawn(serve(listener, router, limits, stop.clone()));
    Server { address, stop, ended }
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A connection that has sent this.
    async fn sent(&self, text: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }
}

/// Reads until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut octets = Vec::new();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut octets).await;
    String::from_utf8_lossy(&octets).into_owned()
}

/// Reads one answer to [`GOOD`].
async fn one_answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut octets = [0; 4096];
    while !text.ends_with("hello") {
        let count = stream.read(&mut octets).await.unwrap();
        assert!(count > 0, "the server closed after: {text}");
        text.push_str(std::str::from_utf8(&octets[..count]).unwrap());
    }
    text
}

/// Lets time pass for all else until what is under way is done, without a moment of it being real.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_says_nothing_is_closed() {
    let server = listen(Limits::default()).await;
    let started = Instant::now();
    assert_eq!(rest(&mut server.connect().await).await, "");
    assert_eq!(started.elapsed().as_secs(), Limits::default().head_timeout.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_idle_after_a_request_is_closed() {
    let server = listen(Limits::default()).await;
    let mut stream = server.sent(GOOD).await;
    one_answer(&mut stream).await;
    let started = Instant::now();
    assert_eq!(rest(&mut stream).await, "");
    assert_eq!(started.elapsed().as_secs(), Limits::default().idle_timeout.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_later_head_that_does_not_come_whole_is_not_waited_for_as_long_as_one_that_has_not_begun() {
    let server = listen(Limits::default()).await;
    let mut stream = server.sent(GOOD).await;
    one_answer(&mut stream).await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    stream.write_all(GOOD.as_bytes()).await.unwrap();
    one_answer(&mut stream).await;
    stream.write_all(b"POST /ec").await.unwrap();
    let started = Instant::now();
    rest(&mut stream).await;
    assert_eq!(started.elapsed().as_secs(), Limits::default().head_timeout.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_takes_longer_than_a_head_may_is_awaited() {
    let server = listen(Limits::default()).await;
    let mut stream = server.sent(UNFINISHED).await;
    for octet in [b"l", b"l", b"o"] {
        tokio::time::sleep(Limits::default().head_timeout).await;
        stream.write_all(octet).await.unwrap();
    }
    assert!(one_answer(&mut stream).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_asks_on_and_on_and_never_reads_is_closed() {
    let server = listen(Limits::default()).await;
    let mut stream = server.connect().await;
    let started = Instant::now();
    let requests = GOOD.repeat(100);
    let asking = async { while stream.write_all(requests.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(3_600), asking).await.expect("the server closes");
    assert_eq!(started.elapsed().as_secs(), Limits::default().write_timeout.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_a_drop_now_and_then_is_closed() {
    let server = listen(Limits::default()).await;
    let (mut reading, mut writing) = server.connect().await.into_split();
    let drops = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(10)).await;
            let _ = reading.read(&mut [0; 64 * 1024]).await;
        }
    });
    let requests = GOOD.repeat(100);
    let asking = async { while writing.write_all(requests.as_bytes()).await.is_ok() {} };
    let ended = tokio::time::timeout(Duration::from_secs(3_600), asking).await;
    drops.abort();
    assert!(ended.is_ok(), "it is served for ever");
}

#[tokio::test(start_paused = true)]
async fn one_peer_cannot_take_all_places() {
    let server = listen(Limits { connections_max: 4, connections_per_peer_max: 2, ..Limits::default() }).await;
    let mut first = server.sent(GOOD).await;
    let mut second = server.sent(GOOD).await;
    one_answer(&mut first).await;
    one_answer(&mut second).await;
    let started = Instant::now();
    for _ in 0..10 {
        assert_eq!(rest(&mut server.connect().await).await, "", "a third of the same peer is served");
    }
    assert_eq!(started.elapsed().as_secs(), 0, "they are closed at once");
    let other = tokio::net::TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = other.connect(server.address).await.unwrap();
    other.write_all(GOOD.as_bytes()).await.unwrap();
    one_answer(&mut other).await;
    drop(first);
    settle().await;
    one_answer(&mut server.sent(GOOD).await).await;
}

#[tokio::test(start_paused = true)]
async fn a_head_that_comes_drop_by_drop_is_not_waited_for() {
    let server = listen(Limits::default()).await;
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
    // A reset is an end too.
    let _ = reading.read_to_end(&mut Vec::new()).await;
    assert!(started.elapsed() <= Limits::default().head_timeout + Duration::from_secs(1), "{:?}", started.elapsed());
    drops.abort();
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_answered_in_time() {
    let server = listen(Limits::default()).await;
    let started = Instant::now();
    let answer = rest(&mut server.sent(UNFINISHED).await).await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("service_unavailable"), "{answer}");
    let limit = Limits::default().request_timeout;
    assert!((limit..limit * 2).contains(&started.elapsed()), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn connections_over_the_limit_wait_for_a_free_place() {
    let server = listen(Limits { connections_max: 1, ..Limits::default() }).await;
    let mut first = server.sent(GOOD).await;
    one_answer(&mut first).await;
    let mut second = server.sent(GOOD).await;
    let early = tokio::time::timeout(Duration::from_secs(1), second.peek(&mut [0; 1])).await;
    assert!(early.is_err(), "the second was served beside the first");
    drop(first);
    assert!(one_answer(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_too_large_or_no_http_ends_its_own_connection_only() {
    let server = listen(Limits::default()).await;
    let large = format!("GET / HTTP/1.1\r\nX-Large: {}\r\n\r\n", "a".repeat(100_000));
    for bad in [large.as_str(), "\0\0\0\x10garbage\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\r\n\r\n\r\n"] {
        let mut stream = server.connect().await;
        // It may close before it has read all.
        let _ = stream.write_all(bad.as_bytes()).await;
        let answer = rest(&mut stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert!(one_answer(&mut server.sent(GOOD).await).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(start_paused = true)]
async fn at_the_end_requests_that_run_are_answered_and_new_ones_find_nobody() {
    let server = listen(Limits::default()).await;
    let mut running = server.sent(UNFINISHED).await;
    let mut idle = server.sent(GOOD).await;
    one_answer(&mut idle).await;
    settle().await;
    server.stop.cancel();
    assert_eq!(rest(&mut idle).await, "", "an idle connection is closed");
    assert!(TcpStream::connect(server.address).await.is_err());
    running.write_all(b"llo").await.unwrap();
    assert!(rest(&mut running).await.starts_with("HTTP/1.1 200"));
    server.ended.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_ends_does_not_hold_the_end_up() {
    let limits = Limits { request_timeout: Duration::from_secs(3_600), ..Limits::default() };
    let server = listen(limits).await;
    let _running = server.sent(UNFINISHED).await;
    settle().await;
    let started = Instant::now();
    server.stop.cancel();
    server.ended.await.unwrap();
    assert_eq!(started.elapsed().as_secs(), limits.drain_timeout.as_secs());
}

/// A stream that its client does not read lasts no longer than the time for a write.
#[tokio::test(start_paused = true)]
async fn a_stream_that_nobody_reads_is_closed() {
    let endless = || async {
        let octets = futures_util::stream::repeat_with(|| Ok::<_, std::convert::Infallible>(vec![b'x'; 8_192]));
        axum::body::Body::from_stream(octets)
    };
    let server = listen_with(Router::new().route("/stream", get(endless)), Limits::default()).await;
    let mut stream = server.sent("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let mut octets = vec![0; 64 * 1_024];
    assert!(stream.read(&mut octets).await.unwrap() > 0);
    tokio::time::sleep(Limits::default().write_timeout * 2).await;
    let rest = async { while stream.read(&mut octets).await.is_ok_and(|count| count > 0) {} };
    tokio::time::timeout(Duration::from_secs(1), rest).await.expect("the server has closed");
}

/// A connection that has become a WebSocket, say, has no heads to wait for any more.
#[tokio::test(start_paused = true)]
async fn a_connection_that_speaks_another_protocol_is_left_alone() {
    async fn echo(request: axum::extract::Request) -> axum::response::Response {
        tokio::spawn(async move {
            let mut io = TokioIo::new(hyper::upgrade::on(request).await.unwrap());
            let mut octets = [0; 64];
            while let Ok(count @ 1..) = io.read(&mut octets).await {
                io.write_all(&octets[..count]).await.unwrap();
            }
        });
        let answer =
            axum::http::Response::builder().status(101).header("upgrade", "echo").header("connection", "upgrade");
        answer.body(axum::body::Body::empty()).unwrap()
    }
    let server = listen_with(Router::new().route("/echo", get(echo)), Limits::default()).await;
    let mut stream =
        server.sent("GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n").await;
    let mut head = [0; 1_024];
    let count = stream.read(&mut head).await.unwrap();
    assert!(head[..count].starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head[..count]));
    for pause in [0, 1, 30, 300] {
        tokio::time::sleep(Duration::from_secs(pause)).await;
        stream.write_all(b"hello").await.unwrap();
        stream.read_exact(&mut head[..5]).await.unwrap();
        assert_eq!(&head[..5], b"hello", "after {pause} s");
    }
}
