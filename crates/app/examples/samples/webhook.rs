use std::{env, error::Error};

use axum::{Router, body::Bytes, http::HeaderMap, http::StatusCode, routing::post};
use standardwebhooks::Webhook;

async fn receive(headers: HeaderMap, body: Bytes) -> StatusCode {
    let secret = env::var("WEBHOOK_SECRET").unwrap_or_default();
    let verified = Webhook::new(&secret).and_then(|webhook| webhook.verify(&body, &headers));
    let event = verified.ok().and_then(|()| serde_json::from_slice::<serde_json::Value>(&body).ok());
    let Some(event) = event else { return StatusCode::UNAUTHORIZED };
    println!("{}", event["type"]);
    StatusCode::NO_CONTENT
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", env::var("PORT")?)).await?;
    Ok(axum::serve(listener, Router::new().route("/", post(receive))).await?)
}
