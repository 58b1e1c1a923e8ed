//! H. Optional parameters.

mod server;

use anyhow::Result;
use serde_json::json;

use crate::inbound::received;
use crate::insists::{case, play};
use crate::stage::{ALONE, Stage};

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

/// India's DLT: values from the client or the profile, under the operator's tags; a message without them is not taken.
#[tokio::test]
async fn q_h1_vendor_tags_carry_what_the_operator_demands() -> Result<()> {
    let demanded = "accept = { tlvs = [0x1400, 0x1401] }";
    let dictionary = "{ tlvs = { out = [{ tag = \"0x1400\", name = \"dlt_entity_id\", kind = \"c_string\", required = true }, \
        { tag = \"0x1401\", name = \"dlt_template_id\", kind = \"text\", value = \"1107\" }] } }";
    let given = json!({ "dlt_entity_id": "1101234567890" });
    let seen =
        play("q_h1", vec![case(demanded, dictionary).with("tlvs", given), case(demanded, "{}").refused(0xC3)]).await?;
    let parameters = seen[0].line().parameters();
    assert_eq!(parameters, [(0x1400, b"1101234567890\0".to_vec()), (0x1401, b"1107".to_vec())]);

    let stage = Stage::open("q_h1_missing", "", &format!("settings = {dictionary}")).await?;
    let reply = stage.rest.send(&json!({ "to": ALONE, "from": "Bank", "text": "code" })).await?;
    assert_eq!((reply.status, reply.body["code"].as_str()), (422, Some("parameter_missing")), "{}", reply.text);
    stage.close().await?;
    Ok(())
}

/// One tag has another meaning at each operator, and one meaning another tag: each dictionary is its connector's own.
#[tokio::test]
async fn q_h2_a_tag_means_what_its_connector_says() -> Result<()> {
    let one = "{ tlvs = { out = [{ tag = \"0x1400\", name = \"customer_reference\", kind = \"text\" }] } }";
    let other = "{ tlvs = { out = [{ tag = \"0x1400\", name = \"cost_centre\", kind = \"int2\" }, \
        { tag = \"0x1454\", name = \"customer_reference\", kind = \"c_string\" }] } }";
    let seen = play(
        "q_h2",
        vec![
            case("", one).with("tlvs", json!({ "customer_reference": "42" })),
            case("", other).with("tlvs", json!({ "customer_reference": "42", "cost_centre": "258" })),
        ],
    )
    .await?;
    assert_eq!(seen[0].line().parameters(), [(0x1400, b"42".to_vec())]);
    assert_eq!(seen[1].line().parameters(), [(0x1400, vec![1, 2]), (0x1454, b"42\0".to_vec())]);
    Ok(())
}

/// Before SMPP 3.4 there are no optional parameters: none is sent, and parts go by a header.
#[tokio::test]
async fn q_h8_no_optional_parameter_before_smpp_3_4() -> Result<()> {
    let old =
        "{ session = { interface_version = \"3.3\" }, long = { method = \"sar\", more_messages_to_send = true } }";
    let new = "{ long = { method = \"sar\" } }";
    let long = "long ".repeat(40);
    let none = "accept = { no_tlvs = true }";
    let seen = play(
        "q_h8",
        vec![
            case(none, old).with("text", long.as_str()),
            case(none, old),
            case(none, new).with("text", long).refused(0xC1),
        ],
    )
    .await?;
    assert_eq!(seen[0].submits.iter().filter(|line| line.udh.starts_with("050003")).count(), 2);
    Ok(())
}

/// SMPP 5: where a ported number is, and by which network a message came.
#[tokio::test]
async fn q_h9_in_number_portability_and_networks() -> Result<()> {
    let names = r#"[{ tag = "0x0611", name = "dest_addr_np_resolution", kind = "int1" }, { tag = "0x0612", name = "dest_addr_np_information", kind = "text" }, { tag = "0x0613", name = "dest_addr_np_country", kind = "octets" }, { tag = "0x060E", name = "source_network_id", kind = "c_string" }, { tag = "0x060B", name = "billing_identification", kind = "octets" }]"#;
    let tlvs = r#"[["0x0611", "02"], ["0x0612", "31323334353637383930"], ["0x0613", "0000002C"], ["0x060E", "32333431303000"], ["0x060B", "0102FF"]]"#;
    let table = format!("text = \"hello\"\ntlvs = {tlvs}");
    let settings = format!("settings = {{ tlvs = {{ incoming = {names} }} }}");
    let data = received("q_h9", &[&table], &settings, 1).await?;
    let told = json!({
        "dest_addr_np_resolution": ["2"],
        "dest_addr_np_information": ["1234567890"],
        "dest_addr_np_country": ["0000002c"],
        "source_network_id": ["234100"],
        "billing_identification": ["0102ff"],
    });
    assert_eq!(data[0]["tlvs"], told);
    Ok(())
}
