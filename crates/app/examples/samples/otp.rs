use std::{env, error::Error, time::Duration};

use serde_json::{Value, json};

async fn call(path: &str, body: Value) -> Result<Value, Box<dyn Error>> {
    let (url, key) = (env::var("SAMBAC_URL")?, env::var("SAMBAC_API_KEY")?);
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
    let request = client.post(url + path).bearer_auth(key).json(&body);
    Ok(request.send().await?.error_for_status()?.json().await?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let started = call("/v1/otp", json!({ "to": "+99955000001", "from": "MyBank" })).await?;
    let id = started["id"].as_str().unwrap_or_default();
    // A person reads it on the handset; the sandbox tells it.
    let code = &started["sandbox_code"];
    let checked = call(&format!("/v1/otp/{id}/check"), json!({ "code": code })).await?;
    println!("verified: {}", checked["verified"]);
    Ok(())
}
