//! A. The session and the connection.

use anyhow::Result;

use crate::inbound::received;

#[tokio::test]
async fn q_a18_a_handsets_parts_by_whichever_bind_they_come() -> Result<()> {
    // Parts of one message over two binds, and one of them by both: correlation is by group, not by bind.
    let text = "0123456789".repeat(40);
    let table = format!("text = \"{text}\"\norder = [1, 2, 3, 3]\nbinds = [1, 2]");
    let data = received("q_a18", &[&table], "binds = 2", 1).await?;
    assert_eq!((data[0]["text"].as_str(), data[0]["complete"].as_bool()), (Some(&*text), Some(true)));
    Ok(())
}
