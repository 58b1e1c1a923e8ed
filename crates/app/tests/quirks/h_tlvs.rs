//! H. Optional parameters.

mod server;

use anyhow::Result;
use serde_json::json;

use crate::inbound::received;

/// A message with these parameters, and the names that the profile gives them.
async fn parameters(name: &str, tlvs: &str) -> Result<serde_json::Value> {
    let incoming = r#"[{ tag = "0x0204", name = "reference", kind = "int2" }, { tag = "0x1400", name = "cell", kind = "c_string" }]"#;
    let table = format!("text = \"hello\"\ntlvs = {tlvs}");
    let settings = format!("settings = {{ tlvs = {{ incoming = {incoming} }} }}");
    Ok(received(name, &[&table], &settings, 1).await?[0]["tlvs"].clone())
}

#[tokio::test]
async fn q_h4_in_integers_of_any_width() -> Result<()> {
    // user_message_reference of one and of four octets; SAR parameters of one octet each put two parts together.
    let tlvs = parameters("q_h4", "[[\"0x0204\", \"07\"], [\"0x0204\", \"00000102\"]]").await?;
    assert_eq!(tlvs, json!({ "reference": ["7", "258"] }));
    let part = |no: u8, text: &str| {
        format!(
            "text = \"{text}\"\ntlvs = [[\"0x020C\", \"09\"], [\"0x020E\", \"0002\"], [\"0x020F\", \"0000000{no}\"]]"
        )
    };
    let data = received("q_h4_sar", &[&part(2, "two"), &part(1, "one ")], "", 1).await?;
    assert_eq!(data[0]["text"], "one two");
    Ok(())
}

#[tokio::test]
async fn q_h5_in_strings_with_and_without_nul() -> Result<()> {
    let tlvs =
        parameters("q_h5", "[[\"0x1400\", \"616200\"], [\"0x1400\", \"6162\"], [\"0x1400\", \"61620000\"]]").await?;
    assert_eq!(tlvs, json!({ "cell": ["ab", "ab", "ab"] }));
    Ok(())
}

#[tokio::test]
async fn q_h6_in_unknown_tags_are_kept_as_octets() -> Result<()> {
    let tlvs = parameters("q_h6", "[[\"0x0BAD\", \"01FF\"], [\"0x3FFF\", \"\"]]").await?;
    assert_eq!(tlvs, json!({ "0x0BAD": ["01ff"], "0x3FFF": [""] }));
    Ok(())
}

#[tokio::test]
async fn q_h7_in_repeated_tags_are_kept_all() -> Result<()> {
    let tlvs =
        parameters("q_h7", "[[\"0x1400\", \"61\"], [\"0x0BAD\", \"01\"], [\"0x1400\", \"62\"], [\"0x0BAD\", \"02\"]]")
            .await?;
    assert_eq!(tlvs, json!({ "cell": ["a", "b"], "0x0BAD": ["01", "02"] }));
    Ok(())
}
