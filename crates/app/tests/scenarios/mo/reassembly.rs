//! Long messages: put together whatever the order of their parts and the binds by which they come, or told as incomplete.

use anyhow::Result;
use serde_json::json;

use super::{Inbound, mo};

fn long() -> String {
    (0..60).map(|number| format!("part {number:03} ")).collect()
}

#[tokio::test]
async fn mo_parts_in_any_order_twice_and_by_several_binds_are_one_message() -> Result<()> {
    // Parts out of order, one of them twice, over two binds: acknowledged one by one, one message.
    let scenario = mo(&format!("text = \"{}\"\norder = [3, 1, 3, 4, 2]\nbinds = [1, 2]", long()));
    let inbound = Inbound::start("mo_any_order", &scenario, "binds = 2", |site, webhook| {
        site.mo_route("bank", "all", webhook, "match = { keywords = [\"part\"] }")
    })
    .await?;
    let event = inbound.events(1).await?.remove(0);
    assert_eq!(event["data"]["text"], long());
    assert_eq!((&event["data"]["segments"], &event["data"]["complete"]), (&json!(4), &json!(true)));
    let acknowledged = inbound.acknowledged(5).await?;
    assert!(acknowledged.iter().all(|(_, status)| *status == 0), "{acknowledged:?}");
    inbound.until_count("SELECT COUNT(*) FROM mo_segments WHERE mo_id IS NOT NULL AND body IS NULL", 4).await?;
    inbound.until_count("SELECT COUNT(*) FROM mo_messages", 1).await?;
    assert_eq!(inbound.sink.deliveries().len(), 1, "told once");
    inbound.world.passed();
    Ok(())
}

#[tokio::test]
async fn mo_parts_by_sar_and_wide_references_are_one_message() -> Result<()> {
    // SAR parameters, 16-bit references and message_payload carry the same text.
    let long = long();
    let scenario = ["sar", "udh16", "payload"]
        .iter()
        .zip(1..)
        .map(|(method, number)| {
            mo(&format!(
                "text = \"{long}{method}\"\nlong = \"{method}\"\nafter_ms = {}\nreference = {number}",
                number * 20
            ))
        })
        .collect::<String>();
    let inbound = Inbound::to_webhook("mo_sar", &scenario, "").await?;
    let mut texts = inbound.texts(3).await?;
    texts.sort();
    assert_eq!(texts, ["payload", "sar", "udh16"].map(|method| format!("{long}{method}")));
    inbound.world.passed();
    Ok(())
}

#[tokio::test]
async fn mo_incomplete_after_the_time_out_is_told_so() -> Result<()> {
    // A part that never comes: after the time-out what is there is handed on, and marked.
    let scenario = mo(&format!("text = \"{}\"\norder = [4, 1]", long()));
    let inbound = Inbound::to_webhook("mo_incomplete", &scenario, "reassembly_timeout_s = 1").await?;
    let event = inbound.events(1).await?.remove(0);
    let text = long();
    assert_eq!(event["data"]["text"], format!("{}{}", &text[..153], &text[459..]));
    assert_eq!((&event["data"]["segments"], &event["data"]["complete"]), (&json!(4), &json!(false)));
    inbound.until_count("SELECT COUNT(*) FROM mo_messages WHERE parts = 2 AND parts_total = 4", 1).await?;
    inbound.world.passed();
    Ok(())
}

#[tokio::test]
async fn mo_reference_that_is_used_again_begins_a_new_message() -> Result<()> {
    // A handset's 8-bit reference comes round before a lost part was given up: nothing is mixed.
    let (old, new) = ("old ".repeat(50), "new ".repeat(50));
    let scenario = [
        mo(&format!("text = \"{old}\"\norder = [1]")),
        mo(&format!("text = \"{new}\"\norder = [1, 2]\nafter_ms = 100")),
    ]
    .concat();
    let inbound = Inbound::to_webhook("mo_reference_again", &scenario, "").await?;
    let mut events = inbound.events(2).await?;
    events.sort_by_key(|event| event["data"]["complete"].as_bool());
    assert_eq!((&events[0]["data"]["text"], &events[0]["data"]["complete"]), (&json!(old[..153]), &json!(false)));
    assert_eq!((&events[1]["data"]["text"], &events[1]["data"]["complete"]), (&json!(new), &json!(true)));
    inbound.world.passed();
    Ok(())
}
