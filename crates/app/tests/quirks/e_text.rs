//! E. Alphabets.

use anyhow::Result;

use crate::inbound::{received, texts};

#[tokio::test]
async fn q_e1_in_the_default_alphabet_is_the_operators() -> Result<()> {
    // data_coding 0 is GSM 03.38 here, Latin-1 there, and UTF-8 elsewhere.
    for (alphabet, hex) in
        [("gsm", "0001021B281B291B65"), ("latin1", "40A3247B7D"), ("utf8", "40C2A3247B7DE282AC"), ("ascii", "40247B7D")]
    {
        let settings = format!("settings = {{ text = {{ alphabet_in = \"{alphabet}\" }} }}");
        let told = texts(&format!("q_e1_{alphabet}"), &[&format!("hex = \"{hex}\"")], &settings).await?;
        let expected = match alphabet {
            "latin1" => "@£${}",
            "ascii" => "@${}",
            _ => "@£${}€",
        };
        assert_eq!(told, [expected], "{alphabet}");
    }
    Ok(())
}

#[tokio::test]
async fn q_e2_in_packed_septets_with_fill_bits_after_a_header() -> Result<()> {
    // "hellohello" packed; and two parts, each with its own fill bits.
    let plain = "hex = \"E8329BFD4697D9EC37\"";
    let parts = ["050003070201906536FB0D02", "050003070202EE6F399B0C"];
    let tables: Vec<_> = parts.iter().map(|hex| format!("hex = \"{hex}\"\nesm_class = 64\nafter_ms = 200")).collect();
    let settings = "settings = { text = { packed_in = true } }";
    let data = received("q_e2", &[plain, &tables[0], &tables[1]], settings, 2).await?;
    let told: Vec<_> = data.iter().map(|one| one["text"].as_str().unwrap_or_default()).collect();
    assert_eq!(told, ["hellohello", "Hello world"]);
    Ok(())
}

#[tokio::test]
async fn q_e4_in_ucs_2_in_either_byte_order_with_surrogates() -> Result<()> {
    // Big endian, little endian with its mark, and an emoji that a phone cut in the middle.
    let tables = [
        "text = \"Да 🙂\"\ndata_coding = 8",
        "hex = \"FFFE14043004\"\ndata_coding = 8\nafter_ms = 100",
        "hex = \"050003090201D83D\"\ndata_coding = 8\nesm_class = 64\nafter_ms = 200",
        "hex = \"050003090202DE42\"\ndata_coding = 8\nesm_class = 64\nafter_ms = 200",
    ];
    let data = received("q_e4", &tables, "", 3).await?;
    let told: Vec<_> = data.iter().map(|one| one["text"].as_str().unwrap_or_default()).collect();
    assert_eq!(told, ["Да 🙂", "Да", "🙂"]);
    Ok(())
}

#[tokio::test]
async fn q_e5_in_ucs_2_under_another_data_coding() -> Result<()> {
    // Read as UCS-2 only where the profile allows it, and short plain texts stay what they are.
    let tables = ["hex = \"041F04400438043204350442\"\ndata_coding = 3", "text = \"ok\"\nafter_ms = 100"];
    let told = texts("q_e5", &tables, "settings = { text = { sniff_ucs2 = true } }").await?;
    assert_eq!(told, ["Привет", "ok"]);
    let told = texts("q_e5_strict", &tables[..1], "").await?;
    assert_ne!(told, ["Привет"]);
    Ok(())
}

#[tokio::test]
async fn q_e6_in_every_data_coding_is_read_or_kept() -> Result<()> {
    // Latin-1, ASCII, classes, waiting indications; binary keeps its octets.
    let tables = [
        "hex = \"E9\"\ndata_coding = 3",
        "hex = \"40\"\ndata_coding = 1\nafter_ms = 50",
        "hex = \"05\"\ndata_coding = 0xF0\nafter_ms = 100",
        "hex = \"00E9\"\ndata_coding = 0x18\nafter_ms = 150",
        "hex = \"00\"\ndata_coding = 0xC8\nafter_ms = 200",
        "hex = \"00E9\"\ndata_coding = 0xE0\nafter_ms = 250",
        "hex = \"0102FF\"\ndata_coding = 4\nafter_ms = 300",
        "hex = \"0102FF\"\ndata_coding = 0xF5\nafter_ms = 350",
    ];
    let data = received("q_e6", &tables, "", tables.len()).await?;
    let shown: Vec<_> =
        data.iter().map(|one| one["text"].as_str().or(one["octets"].as_str()).unwrap_or_default()).collect();
    assert_eq!(shown, ["é", "@", "é", "é", "@", "é", "AQL/", "AQL/"]);
    assert_eq!(data.iter().map(|one| one["class"].as_u64()).collect::<Vec<_>>()[2..4], [Some(0), Some(0)], "flash");
    let gsm = "settings = { text = { data_coding_table = \"gsm\" } }";
    let data = received(
        "q_e6_gsm",
        &["hex = \"05\"\ndata_coding = 3", "hex = \"FF\"\ndata_coding = 5\nafter_ms = 50"],
        gsm,
        2,
    );
    let data = data.await?;
    assert_eq!((data[0]["text"].as_str(), data[1]["octets"].as_str()), (Some("é"), Some("/w==")));
    Ok(())
}

#[tokio::test]
async fn q_e8_in_national_languages_by_their_shift_tables() -> Result<()> {
    // Turkish by locking shift, a Spanish letter by single shift; both beside a concatenation element.
    let tables = [
        "hex = \"0B1C\"\nudh = \"03250101\"",
        "hex = \"1B09\"\nudh = \"03240102\"\nafter_ms = 100",
        "hex = \"0B\"\nudh = \"080003070201250101\"\nafter_ms = 200",
        "hex = \"1C\"\nudh = \"082501010003070202\"\nafter_ms = 200",
    ];
    let data = received("q_e8", &tables, "", 3).await?;
    let told: Vec<_> = data.iter().map(|one| one["text"].as_str().unwrap_or_default()).collect();
    assert_eq!(told, ["ĞŞ", "ç", "ĞŞ"]);
    Ok(())
}
