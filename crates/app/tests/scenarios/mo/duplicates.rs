//! The same delivery again: acknowledged, and no second message.

use anyhow::Result;

use super::{Inbound, mo};

#[tokio::test]
async fn mo_delivered_twice_is_told_once_by_whatever_bind_it_comes() -> Result<()> {
    // An SMSC that did not see our acknowledgement brings the PDU again, by another bind.
    let scenario =
        [mo("text = \"YES\"\norder = [1, 1]\nbinds = [1, 2]"), mo("text = \"end\"\nafter_ms = 300")].concat();
    let inbound =
        Inbound::start("mo_twice", &scenario, "binds = 2", |site, webhook| site.mo_route("bank", "all", webhook, ""))
            .await?;
    let mut texts = inbound.texts(2).await?;
    texts.sort();
    assert_eq!(texts, ["YES", "end"]);
    assert_eq!(inbound.acknowledged(3).await?, [(1, 0), (1, 0), (1, 0)]);
    inbound.until_count("SELECT COUNT(*) FROM mo_messages", 2).await?;
    inbound.world.passed();
    Ok(())
}

#[tokio::test]
async fn mo_with_another_user_reference_or_without_a_window_is_another_message() -> Result<()> {
    // A person who says YES twice has said it twice, where the operator tells the two apart.
    let told_apart = "text = \"YES\"\ntlvs = [[\"0x0204\", \"0001\"]]";
    let scenario = [mo(told_apart), mo(&told_apart.replace("0001", "0002"))].concat();
    let inbound = Inbound::to_webhook("mo_said_twice", &scenario, "").await?;
    assert_eq!(inbound.texts(2).await?, ["YES", "YES"]);
    inbound.world.passed();

    let inbound =
        Inbound::to_webhook("mo_no_window", &mo("text = \"YES\"\norder = [1, 1]"), "duplicate_window_s = 0").await?;
    assert_eq!(inbound.texts(2).await?, ["YES", "YES"]);
    inbound.world.passed();
    Ok(())
}
