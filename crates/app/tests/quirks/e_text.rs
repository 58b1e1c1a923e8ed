//! E. Alphabets.

use anyhow::Result;

use sambac_testkit::scenario::Line;
use serde_json::{Value, json};

use crate::inbound::{received, texts};
use crate::insists::{Seen, case, play};
use crate::stage::{ALONE, Stage};

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

/// A letter of the extension table counts two septets and is never cut from its escape.
#[tokio::test]
async fn q_e3_an_extension_letter_counts_two_and_is_never_cut() -> Result<()> {
    let across = format!("{}€{}", "x".repeat(152), "y".repeat(20));
    let full = format!("{}€", "x".repeat(158));
    let over = format!("{}€", "x".repeat(159));
    let seen =
        play("q_e3", [&across, &full, &over].map(|text| case("", "{}").with("text", text.as_str())).into()).await?;
    let mut octets: Vec<_> = seen[0].submits.iter().map(Line::octets).collect();
    octets.sort();
    let rest = [b"\x1B\x65".as_slice(), &[b'y'; 20]].concat();
    assert_eq!(octets, [rest, vec![b'x'; 152]], "the escape went with its letter");
    assert_eq!(seen.iter().map(Seen::segments).collect::<Vec<_>>(), [2, 1, 2]);
    assert_eq!(seen[1].line().octets().len(), 160);
    Ok(())
}

/// Binary is counted in octets, whatever its data_coding: 140 in one segment, 134 in a part.
#[tokio::test]
async fn q_e7_binary_is_counted_in_octets() -> Result<()> {
    let binary = |octets: usize, data_coding: u8| {
        let message = case("", "{}").with("text", Value::Null).with("data", "A7".repeat(octets));
        message.with("data_coding", data_coding)
    };
    let seen = play("q_e7", vec![binary(140, 4), binary(140, 2), binary(141, 4), binary(268, 2)]).await?;
    let lengths = |at: usize| {
        let mut lengths: Vec<_> = seen[at].submits.iter().map(|line| line.octets().len()).collect();
        lengths.sort_unstable();
        lengths
    };
    assert_eq!((lengths(0), lengths(1), lengths(2), lengths(3)), (vec![140], vec![140], vec![7, 134], vec![134, 134]));
    assert_eq!(seen.iter().map(Seen::segments).collect::<Vec<_>>(), [1, 1, 2, 2]);
    Ok(())
}

/// A name of a sender is written in the operator's alphabet; where `@` would be NUL it is not sent at all.
#[tokio::test]
async fn q_e9_a_sender_is_never_written_with_nul() -> Result<()> {
    let gsm = "{ text = { sender_alphabet = \"gsm\" } }";
    let latin1 = "{ text = { sender_alphabet = \"latin1\" } }";
    let seen = play(
        "q_e9",
        vec![
            case("", gsm).with("from", "My_Bank$"),
            case("", latin1).with("from", "a@b_"),
            case("", "{}").with("from", "My Bank"),
        ],
    )
    .await?;
    let written: Vec<_> = seen.iter().map(|seen| seen.line().source.as_str()).collect();
    assert_eq!(written, ["My\u{11}Bank\u{2}", "a@b_", "My Bank"]);

    for (name, settings, from) in [("gsm", gsm, "a@b"), ("safe", "{}", "My_Bank")] {
        let stage = Stage::open(&format!("q_e9_{name}"), "", &format!("settings = {settings}")).await?;
        for from in [from, "TwelveChars!"] {
            let reply = stage.rest.send(&json!({ "to": ALONE, "from": from, "text": "code" })).await?;
            let code = reply.body["code"].as_str();
            assert_eq!((reply.status, code), (422, Some("invalid_sender")), "{from}: {}", reply.text);
        }
        let (alpha, _) = stage.close().await?;
        assert!(alpha.texts().is_empty(), "{name}");
    }
    Ok(())
}

/// A request is JSON in UTF-8, whatever it calls itself; other charsets are refused and never guessed, and octets come in
/// hexadecimal.
#[tokio::test]
async fn q_e11_json_is_utf_8_and_octets_are_hexadecimal() -> Result<()> {
    let stage = Stage::open("q_e11", "", "").await?;
    let path = "/v1/sms/send";
    let body = |text: &[u8]| [br#"{"to":"+447700900123","from":"Bank","text":""#, text, br#""}"#].concat();
    for (content_type, text, status) in [
        ("application/json; charset=utf-8", "é".as_bytes(), 202),
        ("application/json", br"\u00e9", 202),
        ("application/json", b"\xE9", 400),
        ("application/json; charset=iso-8859-1", b"\xE9", 400),
        ("application/x-www-form-urlencoded", b"%C3%A9", 415),
    ] {
        let reply = stage.rest.post_octets(path, content_type, body(text)).await?;
        assert_eq!(reply.status, status, "{content_type} {text:?}: {}", reply.text);
    }
    stage.rest.accepted(&json!({ "to": ALONE, "from": "Bank", "data": "04140430", "data_coding": 8 })).await?;
    stage.alpha.until_submits(3).await?;
    let (alpha, _) = stage.close().await?;
    let mut texts = alpha.texts();
    texts.sort();
    assert_eq!(texts, ["\u{5}", "\u{5}", "Да"], "é is 5 in GSM 03.38");
    Ok(())
}
