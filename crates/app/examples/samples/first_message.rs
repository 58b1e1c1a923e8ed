use std::{env, error::Error, time::Duration};

use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (url, key) = (env::var("SAMBAC_URL")?, env::var("SAMBAC_API_KEY")?);
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
    let sms = json!({ "to": "+99955000001", "from": "MyBank", "text": "Your parcel comes today." });
    let request = client.post(format!("{url}/v1/sms/send")).bearer_auth(&key).json(&sms);
    let mut message: Value = request.send().await?.error_for_status()?.json().await?;
    let id = message["message_id"].as_str().unwrap_or_default().to_owned();
    while message["state"] != "delivered" {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let request = client.get(format!("{url}/v1/sms/{id}")).bearer_auth(&key);
        message = request.send().await?.error_for_status()?.json().await?;
    }
    println!("{id} {}", message["state"]);
    Ok(())
}
