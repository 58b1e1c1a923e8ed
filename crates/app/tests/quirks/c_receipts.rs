//! C. What receipts look like.

use anyhow::Result;

use crate::inbound::texts;

#[tokio::test]
async fn q_c2_a_text_that_reads_like_a_receipt_is_a_handsets_message() -> Result<()> {
    // Anybody can write a receipt's words: without the type bits or the parameter it is a message, and nothing is settled by it.
    let written =
        "id:1767225600000001 sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:";
    let told = texts("q_c2", &[&format!("text = \"{written}\"")], "").await?;
    assert_eq!(told, [written]);
    Ok(())
}
