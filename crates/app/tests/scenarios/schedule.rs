//! A message for later is sent then and not before, also when the platform dies in between; one that is withdrawn never is.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use crate::Healthy;

#[tokio::test]
async fn a_message_for_later_outlives_the_process_and_a_canceled_one_is_never_sent() -> Result<()> {
    let Healthy { world, mut operator, secrets, platform } = Healthy::start("schedule").await?;
    let rest = platform.rest(&secrets)?;
    let later = jiff::Timestamp::now().checked_add(Duration::from_secs(4))?;
    let sms = |text: &str| json!({ "to": "+447700900123", "from": "Bank", "text": text, "send_at": later.to_string() });
    let wanted = rest.accepted(&sms("wanted")).await?;
    let unwanted = rest.accepted(&sms("unwanted")).await?;
    rest.send_text("+447700900123", "at once").await?;
    operator.until_submits(1).await?;
    let reply = rest.post(&format!("/v1/sms/{unwanted}/cancel"), &json!({}), &[]).await?;
    assert_eq!((reply.status, reply.body["state"].as_str()), (200, Some("canceled")), "{}", reply.text);
    platform.kill_9().await?;

    let platform = world.platform(&[]).await?;
    let rest = platform.rest(&secrets)?;
    assert_eq!(rest.final_state(&wanted).await?, "delivered");
    assert_eq!(rest.final_state(&unwanted).await?, "canceled");
    world.database().await?.audit().await?;
    let journal = operator.finish().await?;
    assert_eq!(journal.texts(), ["at once", "wanted"]);
    let sent = journal.submits().map(|line| line.at_us).max();
    assert!(sent >= Some(later.as_microsecond()), "it was sent at {sent:?}, before {later}");
    world.passed();
    Ok(())
}
