//! A reader of the event stream, by server-sent events or by WebSocket.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::rest::Rest;
use super::wait::PATIENCE;

/// One server-sent event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its id, where it has one.
    pub id: String,
    /// Its name; empty for the account's events.
    pub name: String,
    /// What it says.
    pub data: Value,
}

/// A stream of server-sent events.
#[derive(Debug)]
pub struct EventStream {
    response: reqwest::Response,
    buffer: String,
    /// Lines that were comments.
    pub comments: usize,
}

impl EventStream {
    /// Opens it, behind the event of this id if one is given.
    ///
    /// # Errors
    /// When it is not opened.
    pub async fn open(rest: &Rest, path: &str, last_event_id: Option<&str>) -> Result<Self> {
        let mut request = rest.request(path).header("accept", "text/event-stream");
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        if status != 200 {
            bail!("{status}: {}", response.text().await?);
        }
        Ok(Self { response, buffer: String::new(), comments: 0 })
    }

    /// The next event; `None` when the stream has ended.
    ///
    /// # Errors
    /// When none comes in time.
    pub async fn next(&mut self) -> Result<Option<Sent>> {
        loop {
            if let Some((block, rest)) = self.buffer.split_once("\n\n") {
                let (event, is_comment) = (parsed(block)?, block.starts_with(':'));
                self.buffer = rest.to_owned();
                self.comments += usize::from(is_comment);
                match event {
                    Some(event) => return Ok(Some(event)),
                    None => continue,
                }
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.context("nothing comes")?;
            match chunk {
                Ok(Some(octets)) => self.buffer.push_str(std::str::from_utf8(&octets)?),
                Ok(None) | Err(_) => return Ok(None),
            }
        }
    }

    /// The next event, which must come.
    ///
    /// # Errors
    /// When the stream has ended.
    pub async fn event(&mut self) -> Result<Sent> {
        self.next().await?.context("the stream has ended")
    }
}

/// `None` for a block that says nothing.
fn parsed(block: &str) -> Result<Option<Sent>> {
    let field = |name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(|value| value.trim_start().to_owned()).unwrap_or_default()
    };
    let data = field("data");
    if data.is_empty() {
        return Ok(None);
    }
    Ok(Some(Sent { id: field("id"), name: field("event"), data: serde_json::from_str(&data)? }))
}

/// A stream by WebSocket.
#[derive(Debug)]
pub struct EventSocket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What a socket said.
#[derive(Debug)]
pub enum Said {
    /// A message.
    Event(Value),
    /// It has ended, and said this.
    Closed(u16, String),
}

impl EventSocket {
    /// Opens it.
    ///
    /// # Errors
    /// When it is not opened: with the status and body of the answer.
    pub async fn open(rest: &Rest, path: &str) -> Result<Self> {
        let (url, key) = rest.address_of(path);
        let mut request = url.replacen("http", "ws", 1).into_client_request()?;
        request.headers_mut().insert("authorization", format!("Bearer {key}").parse()?);
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(response)) => {
                let body = response.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
                bail!("{}: {body}", response.status())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What comes next; pings are answered and passed over.
    ///
    /// # Errors
    /// When nothing comes in time, or the connection breaks.
    pub async fn next(&mut self) -> Result<Said> {
        self.within(PATIENCE).await
    }

    /// The same, within a time.
    ///
    /// # Errors
    /// When nothing comes in time, or the connection breaks.
    pub async fn within(&mut self, limit: Duration) -> Result<Said> {
        let heard = async {
            loop {
                match self.0.next().await.context("the connection has ended without a word")?? {
                    Message::Text(text) => return Ok(Said::Event(serde_json::from_str(&text)?)),
                    Message::Close(frame) => {
                        let (code, reason) = frame.as_ref().map_or((0, String::new()), closed);
                        return Ok(Said::Closed(code, reason));
                    }
                    _ => {}
                }
            }
        };
        tokio::time::timeout(limit, heard).await.context("nothing comes")?
    }

    /// The next event, which must come.
    ///
    /// # Errors
    /// When the stream has ended.
    pub async fn event(&mut self) -> Result<Value> {
        match self.next().await? {
            Said::Event(event) => Ok(event),
            Said::Closed(code, reason) => bail!("closed: {code} {reason}"),
        }
    }
}

fn closed(frame: &CloseFrame) -> (u16, String) {
    (frame.code.into(), frame.reason.to_string())
}
