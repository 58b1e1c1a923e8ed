//! F. Messages of more than one segment.

use anyhow::Result;

use crate::inbound::{received, texts};

#[tokio::test]
async fn q_f1_in_concatenation_among_other_elements() -> Result<()> {
    // Wide and narrow references, before or after port addressing.
    let tables = [
        "text = \"one \"\nudh = \"0B0504C350C35100030A0201\"",
        "text = \"two\"\nudh = \"0B00030A02020504C350C351\"",
        "text = \"three \"\nudh = \"0608040A0B0201\"\nafter_ms = 200",
        "text = \"four\"\nudh = \"0608040A0B0202\"\nafter_ms = 200",
    ];
    let data = received("q_f1", &tables, "", 2).await?;
    let told: Vec<_> = data.iter().map(|one| one["text"].as_str().unwrap_or_default()).collect();
    assert_eq!(told, ["one two", "three four"]);
    Ok(())
}

#[tokio::test]
async fn q_f5_in_a_header_that_cannot_be_one_and_one_without_its_flag() -> Result<()> {
    // The flag over plain text is ignored; a concatenation header without the flag is one.
    let tables = [
        "text = \"Hello\"\nesm_class = 64",
        "hex = \"05000307020168692C20\"\nafter_ms = 100",
        "hex = \"0500030702026F6B\"\nafter_ms = 100",
    ];
    let data = received("q_f5", &tables, "", 2).await?;
    assert_eq!((data[0]["text"].as_str(), data[1]["text"].as_str()), (Some("Hello"), Some("hi, ok")));
    Ok(())
}

#[tokio::test]
async fn q_f6_parts_out_of_order_twice_and_a_reference_that_is_used_again() -> Result<()> {
    // Set by number, repetitions dropped; the same reference from another handset, and to another number, is another message.
    let text = "0123456789".repeat(30);
    let part = |order: &str, more: &str| format!("text = \"{text}\"\norder = {order}\n{more}");
    let tables = [part("[2, 1, 2]", ""), part("[2, 1]", "from = \"447700900124\""), part("[2, 1]", "to = \"54321\"")];
    let told = texts("q_f6", &tables.each_ref().map(String::as_str), "").await?;
    assert_eq!(told, [text.as_str(); 3]);
    Ok(())
}
