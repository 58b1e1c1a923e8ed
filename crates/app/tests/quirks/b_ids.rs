//! Message ids, and how receipts find their messages (smsc-quirks, section B).

use anyhow::Result;
use sambac_testkit::scenario::message;
use sambac_testkit::scenario::smpp::{Sm, Tag, TlvBuf};
use sambac_testkit::scenario::wait::until_true;

use crate::variant::{Played, Variant, number, plain, play, set};

/// Ids that are decimal on one side and hexadecimal on the other are one, by the profile.
#[tokio::test]
async fn q_b1_ids_of_two_bases() -> Result<()> {
    let variants = [
        set("id = { receipt = 'hex' }", "{ receipt_id = { submit_radix = 'decimal', receipt_radix = 'hex' } }"),
        set("id = { receipt = 'hex', receipt_lower = true }", "{ receipt_id = { receipt_radix = 'hex' } }"),
        set(
            "answer = { message_id = 'hex' }\nid = { receipt = 'decimal' }",
            "{ receipt_id = { submit_radix = 'hex', receipt_radix = 'decimal' } }",
        ),
        set(
            "answer = { message_id = 'hex' }\nid = { receipt = 'decimal', receipt_pad = 20 }",
            "{ receipt_id = { submit_radix = 'hex' } }",
        ),
    ];
    play("q_b1", &variants).await?.passed().await
}

/// Without a rule the receipts are orphans; a rule is proposed by what they have in common, and with it they match.
#[tokio::test]
async fn q_b1_receipts_match_after_the_rule_was_changed() -> Result<()> {
    let before = "{ receipt_id = { strip_zeros = true } }";
    let mut played = Played::start("q_b1_change", &[set("id = { receipt = 'hex' }", before)], "{}").await?;
    for text in ["one", "two", "three", "four"] {
        played.esme.accepted(message(&number(0), text.as_bytes())).await?;
    }
    let database = &mut played.database;
    let orphans = "SELECT COUNT(*) FROM orphan_receipts";
    until_true("four orphans", async || Ok(database.number(orphans).await? == 4)).await?;
    let site = std::fs::read_to_string(played.world.path("site.toml"))?;
    let changed = site.replace(before, "{ receipt_id = { receipt_radix = 'hex' } }");
    std::fs::write(played.world.path("changed.toml"), changed)?;
    let applied = played.world.run(&["apply"], &[played.world.path("changed.toml").as_path()]).await?;
    anyhow::ensure!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    played.until_states(&["delivered"; 4]).await?;
    let database = &mut played.database;
    until_true("no orphans", async || Ok(database.number(orphans).await? == 0)).await?;
    assert_eq!(played.esme.receipts(4).await?.len(), 4);
    played.passed().await
}

/// Leading zeros on either side count for nothing.
#[tokio::test]
async fn q_b2_zeros_before_the_id() -> Result<()> {
    let variants = [plain("id = { answer_pad = 20 }"), plain("id = { receipt_pad = 24 }")];
    play("q_b2", &variants).await?.passed().await
}

/// Capital and small letters are the same, also in UUIDs.
#[tokio::test]
async fn q_b3_small_and_capital_letters() -> Result<()> {
    let variants = [plain("answer = { message_id = 'hex' }\nid = { receipt_lower = true }")];
    play("q_b3", &variants).await?.passed().await
}

/// Cut ids, ids with a prefix, and texts whose id is another than the parameter's.
#[tokio::test]
async fn q_b4_cut_and_prefixed_ids() -> Result<()> {
    let variants = [
        set(
            "id = { receipt_cut = 15 }\nanswer = { message_id = 'uuid' }",
            "{ receipt_id = { significant_chars = 15 } }",
        ),
        plain("id = { text_cut = 9 }"),
        set("id = { text_cut = 9 }", "{ receipt_id = { prefer_text = true } }"),
        set("id = { answer_prefix = 'SMSC1-' }", "{ receipt_id = { submit_prefix = 'SMSC1-' } }"),
        set("id = { receipt_prefix = 'MT' }", "{ receipt_id = { receipt_prefix = 'mt' } }"),
    ];
    play("q_b4", &variants).await?.passed().await
}

/// NULs and blanks around an id are none of it.
#[tokio::test]
async fn q_b5_padding_around_the_id() -> Result<()> {
    let variants = [
        plain("id = { answer_tail = '  ' }"),
        plain("id = { receipt_tail = '  ' }"),
        plain("id = { receipt_tail = \"\\u0000\\u0000\" }"),
    ];
    play("q_b5", &variants).await?.passed().await
}

/// The receipt comes before the answer and waits for it.
#[tokio::test]
async fn q_b6_the_receipt_is_faster_than_the_answer() -> Result<()> {
    let played = play("q_b6", &[plain("receipt = { before_answer = 1.0 }")]).await?;
    assert_eq!(played.esme.receipts(1).await?.len(), 1);
    played.passed().await
}

/// Fifty receipts that come up to 50 ms before their answers all wait for them.
#[tokio::test]
async fn regression_a2_06_receipts_before_their_answers() -> Result<()> {
    let early = "answer = { delay_ms = [0, 50] }\nreceipt = { before_answer = 1.0 }";
    let mut played = Played::start("a2_06", &[plain(early)], "{}").await?;
    for no in 0..50 {
        played.esme.accepted(message(&number(0), format!("message {no}").as_bytes())).await?;
    }
    played.until_states(&["delivered"; 50]).await?;
    assert_eq!(played.orphans().await?, 0);
    assert_eq!(played.esme.receipts(50).await?.len(), 50);
    played.passed().await
}

/// A receipt comes by another connector of the same group than the message went by.
#[tokio::test]
async fn q_b7_the_receipt_comes_by_another_connector() -> Result<()> {
    // One submits only, the other one receives only.
    let group = "{ bind = { correlation_group = 'both' } }";
    let mut played = Played::start("q_b7", &[set("", group), set("", group)], "{}").await?;
    let site = std::fs::read_to_string(played.world.path("site.toml"))?;
    let pair = (site.replacen("system_id = \"esme0\"", "system_id = \"pair\"\nbind_kind = \"transmitter\"", 1))
        .replacen("system_id = \"esme1\"", "system_id = \"pair\"\nbind_kind = \"receiver\"", 1);
    std::fs::write(played.world.path("pair.toml"), pair)?;
    let applied = played.world.run(&["apply"], &[played.world.path("pair.toml").as_path()]).await?;
    anyhow::ensure!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let operator = &played.operator;
    until_true("both are bound as a pair", async || {
        Ok(operator.journal()?.of("bind").filter(|line| line.system_id == "pair").count() == 2)
    })
    .await?;
    played.esme.accepted(message(&number(0), b"hello")).await?;
    played.until_states(&["delivered"]).await?;
    played.passed().await
}

/// An id that is used again, by another operator or for another number, is told apart; of two to one number the newest open
/// message has it.
#[tokio::test]
async fn q_b8_the_same_id_again() -> Result<()> {
    let same = "id = { answer_fixed = '4711', receipt_fixed = '4711' }";
    let mut played = play("q_b8", &[plain(same), plain(same)]).await?;
    played.esme.accepted(message(&number(0), b"days later")).await?;
    played.until_states(&["delivered"; 3]).await?;
    assert_eq!((played.orphans().await?, played.events("receipt_repeated").await?), (0, 0));
    played.passed().await
}

/// A receipt without an id, or with the id 0, is the only message's to that number that it can be about; of two it is nobody's.
#[tokio::test]
async fn q_b9_a_receipt_without_an_id() -> Result<()> {
    let mut played =
        play("q_b9", &[plain("id = { receipt_fixed = '' }"), plain("id = { receipt_fixed = '0' }")]).await?;
    assert_eq!(played.events("receipt_matched_by_number").await?, 2);
    played.passed().await
}

/// Two open messages to one number: a receipt without an id could be of either, and is kept for a person.
#[tokio::test]
async fn q_b9_a_receipt_that_could_be_of_two_is_nobodys() -> Result<()> {
    let slow = "id = { receipt_fixed = '' }\nreceipt = { delay_ms = 700 }";
    let mut played = Played::start("q_b9_two", &[plain(slow)], "{}").await?;
    for text in ["one", "two"] {
        played.esme.accepted(message(&number(0), text.as_bytes())).await?;
    }
    let database = &mut played.database;
    let orphans = "SELECT COUNT(*) FROM orphan_receipts";
    until_true("two orphans", async || Ok(database.number(orphans).await? == 2)).await?;
    assert_eq!(played.database.open_messages().await?, 2);
    played.passed().await
}

/// Intermediate receipts are events and never the end; a client that asked for them is told.
#[tokio::test]
async fn q_b10_several_receipts_for_a_message() -> Result<()> {
    let all = "shape = { states = ['enroute', 'accepted', 'delivered', 'enroute'], gap_ms = 30 }";
    let mut played = Played::start("q_b10", &[plain(all)], "{}").await?;
    played.esme.accepted(Sm { registered_delivery: 0x11, ..message(&number(0), b"hello") }).await?;
    played.until_states(&["delivered"]).await?;
    played.until_events("receipt_intermediate", 3).await?;
    let told: Vec<_> = played.esme.receipts(3).await?.into_iter().map(|one| (one.esm_class, one.stat)).collect();
    let expected =
        [(0x20, "ENROUTE"), (0x20, "ACCEPTD"), (0x04, "DELIVRD")].map(|(class, stat)| (class, stat.to_owned()));
    assert_eq!(told, expected);
    played.passed().await
}

/// Of two final receipts the first counts, or by profile the last: then the client is told again. Money stays either way.
#[tokio::test]
async fn q_b11_the_final_receipt_changes() -> Result<()> {
    let both = "shape = { states = ['undelivered', 'delivered'], gap_ms = 50 }";
    let last = Variant { operator: both, settings: "{ receipt = { which_final = 'last' } }", ends: "delivered" };
    let first = Variant { operator: both, settings: "{}", ends: "undelivered" };
    let mut played = play("q_b11", &[first, last]).await?;
    played.until_events("receipt_contradicted", 2).await?;
    assert_eq!(played.events("receipt_corrected").await?, 1);
    let mut told: Vec<_> = played.esme.receipts(3).await?.into_iter().map(|one| (one.source, one.stat)).collect();
    told.sort();
    let expected = [(0, "UNDELIV"), (1, "DELIVRD"), (1, "UNDELIV")].map(|(at, stat)| (number(at), stat.to_owned()));
    assert_eq!(told, expected);
    assert_eq!(played.database.charges().await?.voided, 1, "the first end decides of the money where it is believed");
    let corrected = "SELECT COUNT(*) FROM charges WHERE state = 3 AND captured_micros = amount_micros";
    assert_eq!(played.database.number(corrected).await?, 1, "money follows the end that is believed instead");
    // The CDRs tell the ends that are believed, and what was taken for them.
    let believed = "SELECT COUNT(*) FROM cdr_sms c JOIN segments s ON s.id = c.id AND s.state = c.state";
    assert_eq!(played.database.number(believed).await?, 2);
    let taken = "SELECT COUNT(*) FROM cdr_sms c JOIN charges p ON p.id = c.id
        WHERE c.charge_state = 1 AND p.captured_micros = p.amount_micros OR c.charge_state = 2 AND p.captured_micros = 0";
    assert_eq!(played.database.number(taken).await?, 2);
    played.passed().await
}

/// A receipt that comes twice is an event and nothing else; both are acknowledged.
#[tokio::test]
async fn q_b12_a_receipt_comes_twice() -> Result<()> {
    let mut played = play("q_b12", &[plain("receipt = { duplicate = 1.0 }")]).await?;
    played.until_events("receipt_repeated", 1).await?;
    let operator = &played.operator;
    until_true("two acknowledgements", async || Ok(operator.journal()?.of("receipt_ack").count() == 2)).await?;
    assert!(operator.journal()?.of("receipt_ack").all(|line| line.status == 0));
    assert_eq!(played.esme.receipts(1).await?.len(), 1);
    played.passed().await
}

/// A receipt finds its message after a restart: the correlation is in the database. (Days later: `regression_a2_11` of the engine.)
#[tokio::test]
async fn q_b13_the_receipt_comes_after_a_restart() -> Result<()> {
    let mut played = Played::start("q_b13", &[plain("receipt = { delay_ms = 1500 }")], "{}").await?;
    played.esme.accepted(message(&number(0), b"hello")).await?;
    played.until_states(&["routed"]).await?;
    let operator = &played.operator;
    until_true("the message is with the operator", async || Ok(operator.journal()?.of("answer").count() == 1)).await?;
    let database = &mut played.database;
    until_true("its answer is stored", async || Ok(database.segments().await?.contains_key("submitted"))).await?;
    played.platform.kill_9().await?;
    played.platform = played.world.platform(&[]).await?;
    played.until_states(&["delivered"]).await?;
    assert_eq!(played.orphans().await?, 0);
    played.passed().await
}

fn long(text: &str) -> TlvBuf {
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, text.as_bytes());
    tlvs
}

/// One receipt for all segments, for the last only, or none at all: by the profile the message ends.
#[tokio::test]
async fn q_b14_one_receipt_for_all_segments() -> Result<()> {
    let variants = [
        plain(""),
        set("shape = { only_segment = 1 }", "{ receipt = { come_for = 'one' } }"),
        set("", "{ receipt = { ask = 'last' } }"),
        set("", "{ receipt = { ask = 'never' } }"),
    ];
    let mut played = Played::start("q_b14", &variants, "{}").await?;
    let tlvs = long(&"0123456789".repeat(40));
    for at in 0..variants.len() {
        played.esme.accepted(Sm { tlvs: tlvs.as_tlvs(), ..message(&number(at), b"") }).await?;
    }
    // Where nobody is asked, nobody knows whether the handset has it.
    played.until_states(&["delivered", "delivered", "delivered", "delivered_to_operator"]).await?;
    let operator = &played.operator;
    until_true("all were submitted", async || Ok(operator.journal()?.submits().count() == 12)).await?;
    let asked = |at: usize| -> Result<Vec<u8>> {
        let journal = played.operator.journal()?;
        let of_one = journal.submits().filter(|line| line.destination == number(at));
        Ok(of_one.map(|line| line.registered_delivery).collect())
    };
    assert_eq!((asked(0)?, asked(2)?, asked(3)?), (vec![1, 1, 1], vec![0, 0, 1], vec![0, 0, 0]));
    let mut told: Vec<_> = played.esme.receipts(4).await?.into_iter().map(|one| one.stat).collect();
    told.sort();
    assert_eq!(told, ["ACCEPTD", "DELIVRD", "DELIVRD", "DELIVRD"], "one for each message");
    assert_eq!(played.database.charges().await?.captured, 12, "what the operator has taken is paid for");
    assert_eq!(played.orphans().await?, 0);
    played.passed().await
}

/// Each segment has its own id: receipts in any order end each of them.
#[tokio::test]
async fn q_b15_each_segment_has_its_own_id() -> Result<()> {
    let mut played = Played::start("q_b15", &[plain("receipt = { delay_ms = [0, 200] }")], "{}").await?;
    let tlvs = long(&"0123456789".repeat(60));
    played.esme.accepted(Sm { tlvs: tlvs.as_tlvs(), ..message(&number(0), b"") }).await?;
    played.until_states(&["delivered"]).await?;
    let distinct = "SELECT COUNT(DISTINCT smsc_message_id) FROM segments WHERE state = 6";
    assert_eq!(played.database.number(distinct).await?, 4);
    played.passed().await
}

/// An answer without an id is taken; its receipt is matched by number.
#[tokio::test]
async fn q_b16_an_answer_without_an_id() -> Result<()> {
    let mut played = play("q_b16", &[plain("id = { answer_fixed = '' }")]).await?;
    assert_eq!(played.events("answer_without_id").await?, 1);
    assert_eq!(played.events("receipt_matched_by_number").await?, 1);
    played.passed().await
}
