//! A receiver of webhooks: takes every request, answers with a status, and keeps what it got.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::wait::until_true;

/// One request that came in.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Names in lower case.
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    at: Instant,
}

/// A listening receiver.
#[derive(Debug)]
pub struct Sink {
    address: SocketAddr,
    got: Arc<Mutex<Got>>,
}

#[derive(Debug, Default)]
struct Got {
    deliveries: Vec<Delivery>,
    refuse: usize,
    /// Status and headers of the next answers.
    next: VecDeque<String>,
    /// And of those after them.
    always: Option<String>,
    /// Before each answer.
    pause: Duration,
    /// Of endless answers, as far as they were taken.
    endless_octets: u64,
}

/// An answer that does not come.
const NEVER: &str = "never";
/// One that does not end.
const ENDLESS: &str = "endless";

impl Sink {
    /// Starts one that answers 500 to the first `refuse` requests and 204 to the others.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start(refuse: usize) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let got = Arc::new(Mutex::new(Got { refuse, ..Got::default() }));
        let shared = Arc::clone(&got);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Ok(Self { address, got })
    }

    /// Answers the next request with this status line and these headers.
    pub fn answer_next(&self, head: &str) {
        lock(&self.got).next.push_back(head.to_owned());
    }

    /// Answers all requests from now on with this status line and these headers; `never` answers none of them, `endless` all with
    /// 200 and a body that goes on for as long as somebody takes it.
    pub fn answer_always(&self, head: &str) {
        lock(&self.got).always = Some(head.to_owned());
    }

    /// Answers all requests from now on after this time only.
    pub fn answer_after(&self, pause: Duration) {
        lock(&self.got).pause = pause;
    }

    /// Octets of endless answers that were taken, by the peer or by the system on its way.
    pub fn endless_octets(&self) -> u64 {
        lock(&self.got).endless_octets
    }

    /// Its address as a URL.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// What came so far.
    pub fn deliveries(&self) -> Vec<Delivery> {
        lock(&self.got).deliveries.clone()
    }

    /// Waits until so many requests came.
    ///
    /// # Errors
    /// When they do not.
    pub async fn until(&self, count: usize) -> Result<Vec<Delivery>> {
        until_true(&format!("{count} webhooks"), async || Ok(self.deliveries().len() >= count)).await?;
        Ok(self.deliveries())
    }
}

impl Delivery {
    /// Its `webhook-id`: the same when an event is told again.
    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    /// When it was here as a whole.
    pub fn at(&self) -> Instant {
        self.at
    }

    /// A header, by its name in lower case; empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    /// The body as it came.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The event, once its signature (Standard Webhooks) was verified with `secret`.
    ///
    /// # Errors
    /// When the signature is not right.
    pub fn verified(&self, secret: &str) -> Result<Value> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.insert(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
        }
        standardwebhooks::Webhook::new(secret)?.verify(&self.body, &headers)?;
        Ok(serde_json::from_slice(&self.body)?)
    }
}

fn lock(got: &Mutex<Got>) -> MutexGuard<'_, Got> {
    got.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection: requests one after the other, until the peer closes it.
async fn serve(mut stream: TcpStream, got: Arc<Mutex<Got>>) -> Result<()> {
    let mut buffer = Vec::new();
    loop {
        let (headers, body_at) = loop {
            if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break (headers(&buffer[..end]), end + 4);
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let length = headers.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, value)| value);
        let end = body_at + length.parse::<usize>()?;
        while buffer.len() < end {
            anyhow::ensure!(stream.read_buf(&mut buffer).await? > 0, "the body is cut off");
        }
        let body = buffer[body_at..end].to_vec();
        buffer.drain(..end);
        let (answer, pause) = answer(&got, Delivery { headers, body, at: Instant::now() });
        tokio::time::sleep(pause).await;
        if answer == NEVER {
            std::future::pending::<()>().await;
        }
        if answer == ENDLESS {
            return without_end(stream, &got).await;
        }
        let end = if answer.starts_with("204") { "\r\n\r\n" } else { "\r\ncontent-length: 0\r\n\r\n" };
        stream.write_all(format!("HTTP/1.1 {answer}{end}").as_bytes()).await?;
    }
}

/// Writes for as long as somebody takes it.
async fn without_end(mut stream: TcpStream, got: &Mutex<Got>) -> Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n").await?;
    let octets = [b'x'; 16_384];
    loop {
        let written = stream.write(&octets).await?;
        lock(got).endless_octets += written as u64;
    }
}

/// The status line and headers of the answer, and how long it takes.
fn answer(got: &Mutex<Got>, delivery: Delivery) -> (String, Duration) {
    let mut got = lock(got);
    got.deliveries.push(delivery);
    if got.refuse > 0 {
        got.refuse -= 1;
        return ("500 Internal Server Error".to_owned(), got.pause);
    }
    let always = got.always.clone();
    (got.next.pop_front().or(always).unwrap_or_else(|| "204 No Content".to_owned()), got.pause)
}

fn headers(head: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(head);
    let pairs = text.lines().skip(1).filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned())).collect()
}
