//! A REST client with one key.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::wait::{PATIENCE, until};

/// A client of the public API or of the services listener.
#[derive(Clone, Debug)]
pub struct Rest {
    client: reqwest::Client,
    base: String,
    key: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body, where it is JSON; null otherwise.
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl Rest {
    pub(super) fn new(address: SocketAddr, key: &str) -> Result<Self> {
        let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?;
        Ok(Self { client, base: format!("http://{address}"), key: key.to_owned() })
    }

    /// The same client at another listener.
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { base: format!("http://{address}"), ..self.clone() }
    }

    /// The same client with another key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// GET.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> Result<Reply> {
        self.reply(self.client.get(self.url(path))).await
    }

    /// POST of a JSON body, with further headers.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Result<Reply> {
        let request = self.client.post(self.url(path)).json(body);
        self.reply(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    }

    /// PATCH of a JSON body.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Reply> {
        self.reply(self.client.patch(self.url(path)).json(body)).await
    }

    /// POST of any octets.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post_octets(&self, path: &str, content_type: &str, octets: Vec<u8>) -> Result<Reply> {
        self.reply(self.client.post(self.url(path)).header("content-type", content_type).body(octets)).await
    }

    /// DELETE.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn delete(&self, path: &str) -> Result<Reply> {
        self.reply(self.client.delete(self.url(path))).await
    }

    /// `POST /v1/sms/send`.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(&self, body: &Value) -> Result<Reply> {
        self.post("/v1/sms/send", body, &[]).await
    }

    /// Sends a text from `Bank`; returns its id.
    ///
    /// # Errors
    /// When it is not accepted.
    pub async fn send_text(&self, to: &str, text: &str) -> Result<String> {
        self.accepted(&json!({ "to": to, "from": "Bank", "text": text })).await
    }

    /// Sends this, and returns its id.
    ///
    /// # Errors
    /// When it is not accepted.
    pub async fn accepted(&self, body: &Value) -> Result<String> {
        let reply = self.send(body).await?;
        ensure!(reply.status == 202, "{}: {}", reply.status, reply.text);
        Ok(reply.body["message_id"].as_str().context("no message_id")?.to_owned())
    }

    /// `GET /v1/sms/{id}`.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn sms(&self, id: &str) -> Result<Value> {
        let reply = self.get(&format!("/v1/sms/{id}")).await?;
        ensure!(reply.status == 200, "{}: {}", reply.status, reply.text);
        Ok(reply.body)
    }

    /// Waits until the message has ended, and returns all about it.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn ended(&self, id: &str) -> Result<Value> {
        until(&format!("the end of {id}"), PATIENCE, async || {
            let sms = self.sms(id).await?;
            Ok((!sms["final_at"].is_null()).then_some(sms))
        })
        .await
    }

    /// Waits until the message has ended, and returns how.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn final_state(&self, id: &str) -> Result<String> {
        Ok(self.ended(id).await?["state"].as_str().context("no state")?.to_owned())
    }

    /// Waits until the message's time line holds this event.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn until_event(&self, id: &str, event: &str) -> Result<Value> {
        until(&format!("{event} in the time line of {id}"), PATIENCE, async || {
            let sms = self.sms(id).await?;
            Ok(events(&sms).iter().any(|seen| seen == event).then_some(sms))
        })
        .await
    }

    /// What can be spent and what is held, as they are written.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn balance(&self) -> Result<(String, String)> {
        let body = self.get("/v1/balance").await?.body;
        let amount = |key: &str| body[key].as_str().map(str::to_owned).context("no amount");
        Ok((amount("available")?, amount("held")?))
    }

    /// A GET that is still to be sent.
    pub(super) fn request(&self, path: &str) -> reqwest::RequestBuilder {
        // The client's own time-out would end a stream.
        self.client.get(self.url(path)).bearer_auth(&self.key).timeout(PATIENCE * 4)
    }

    /// Where a path is, and the key.
    pub(super) fn address_of(&self, path: &str) -> (String, &str) {
        (self.url(path), &self.key)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn reply(&self, request: reqwest::RequestBuilder) -> Result<Reply> {
        let response = request.bearer_auth(&self.key).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        Ok(Reply { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text })
    }
}

/// The events of a message's time line, in order.
pub fn events(sms: &Value) -> Vec<String> {
    let lines = sms["timeline"].as_array().map_or(&[][..], Vec::as_slice);
    lines.iter().filter_map(|line| line["event"].as_str().map(str::to_owned)).collect()
}
