//! Load over REST: connections that are kept, one request at a time on each, as fast as they are answered.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::esme::Figures;
use super::esme_bind::{SENDER, TEXT};
use super::http::Connection;
use super::messages::{DESTINATION_DIGITS, Messages};

/// What is answered to a message that was taken.
const ACCEPTED: u16 = 202;

/// A request whose destination can be written over.
#[derive(Clone)]
pub(crate) struct Request {
    octets: Vec<u8>,
    destination_at: usize,
}

/// A load that runs.
pub(crate) struct RestLoad {
    connections: JoinSet<anyhow::Result<Figures>>,
    stop: CancellationToken,
}

impl RestLoad {
    /// Connects, and begins to send.
    pub(crate) async fn start(
        address: SocketAddr,
        api_key: &str,
        connections: u16,
        messages: &Arc<Messages>,
    ) -> anyhow::Result<Self> {
        let request = Request::new(address, api_key);
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            let connection = Connection::open(address).await.context("the platform's REST port")?;
            tasks.spawn(run(connection, request.clone(), Arc::clone(messages), stop.clone()));
        }
        Ok(Self { connections: tasks, stop })
    }

    /// Sends nothing more, and gives the figures of all connections.
    pub(crate) async fn finish(mut self) -> anyhow::Result<Figures> {
        self.stop.cancel();
        let mut sum = Figures::new()?;
        while let Some(figures) = self.connections.join_next().await {
            sum.add(figures??);
        }
        Ok(sum)
    }
}

impl Request {
    pub(crate) fn new(address: SocketAddr, api_key: &str) -> Self {
        let mark = "0".repeat(DESTINATION_DIGITS);
        let body = format!(r#"{{"to":"+{mark}","from":"{SENDER}","text":"{TEXT}","class":"transactional"}}"#);
        let head = format!(
            "POST /v1/sms/send HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {api_key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let destination_at = head.len() + r#"{"to":"+"#.len();
        Self { octets: (head + &body).into_bytes(), destination_at }
    }

    /// The request for message `index`.
    pub(crate) fn for_message(&mut self, messages: &Messages, index: u64) -> &[u8] {
        let end = self.destination_at + DESTINATION_DIGITS;
        if let Ok(digits) = (&mut self.octets[self.destination_at..end]).try_into() {
            messages.write_destination(index, digits);
        }
        &self.octets
    }
}

async fn run(
    mut connection: Connection,
    mut request: Request,
    messages: Arc<Messages>,
    stop: CancellationToken,
) -> anyhow::Result<Figures> {
    let mut figures = Figures::new()?;
    let mut refusals: BTreeMap<u16, u64> = BTreeMap::new();
    while !stop.is_cancelled()
        && let Some(index) = messages.take(|_| true)
    {
        messages.offer(index, messages.now_us());
        match connection.exchange(request.for_message(&messages, index)).await {
            Ok((ACCEPTED, _)) => {
                messages.accepted();
                figures.accept.record(messages.since_offer_us(index, messages.now_us()));
            }
            Ok((status, _)) => {
                messages.refused();
                *refusals.entry(status).or_default() += 1;
            }
            Err(error) => {
                messages.unanswered();
                figures.broken.push(format!("a connection of the load ended: {error}"));
                break;
            }
        }
    }
    figures.refusals.extend(refusals.into_iter().map(|(status, count)| (status.to_string(), count)));
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn only_the_destination_changes_from_request_to_request() {
        let messages = Messages::new(Instant::now(), 7, 2);
        let mut request = Request::new(SocketAddr::from(([127, 0, 0, 1], 80)), "key");
        let text = String::from_utf8(request.for_message(&messages, 1).to_vec()).expect("ASCII");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.contains("Bearer key") && head.ends_with(&format!("content-length: {}", body.len())), "{head}");
        let json: serde_json::Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(json["to"], "+999180000000");
    }
}
