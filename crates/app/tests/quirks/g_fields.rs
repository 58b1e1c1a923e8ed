//! G. Addresses, times and flags.

use anyhow::Result;
use sambac_testkit::scenario::message;
use serde_json::Value;

use crate::inbound::received;
use crate::insists::{case, play};
use crate::variant::{Played, number, plain, set};

/// Senders have TON and NPI by their form, and the profile overrides; what the operator does not take it says.
#[tokio::test]
async fn q_g1_ton_and_npi_are_what_the_operator_wants() -> Result<()> {
    let short = "{ address = { sender_short_code = { ton = 6, npi = 0 } } }";
    let unknown = "{ address = { sender_short_code = { ton = 0, npi = 1 }, destination = { ton = 0, npi = 0 } } }";
    let seen = play(
        "q_g1",
        vec![
            case("accept = { source = [[5, 0]], destination = [[1, 1]] }", "{}"),
            case("accept = { source = [[1, 1]], destination = [[1, 1]] }", "{}").with("from", "+447700900999"),
            case("accept = { source = [[3, 0]], destination = [[1, 1]] }", "{}").with("from", "12345"),
            case("accept = { source = [[6, 0]] }", short).with("from", "12345"),
            case("accept = { source = [[0, 1]], destination = [[0, 0]] }", unknown).with("from", "12345"),
            case("accept = { source = [[5, 1]] }", "{}").refused(0x49),
            case("accept = { destination = [[0, 1]] }", "{}").refused(0x50),
        ],
    )
    .await?;
    let last = seen[4].line();
    let written = (last.source_ton, last.source_npi, last.destination_ton, last.destination_npi);
    assert_eq!((written, last.source.as_str()), ((0, 1, 0, 0), "12345"));
    Ok(())
}

/// One number, written as each operator wants it.
#[tokio::test]
async fn q_g2_a_number_begins_as_the_operator_wants() -> Result<()> {
    let seen = play(
        "q_g2",
        vec![
            case("accept = { number = \"plain\" }", "{}"),
            case("accept = { number = \"plus\" }", "{ address = { number_format = \"plus\" } }"),
            case("accept = { number = \"double_zero\" }", "{ address = { number_format = \"double_zero\" } }"),
            case("accept = { number = \"plus\" }", "{}").refused(0x0B),
        ],
    )
    .await?;
    let written: Vec<_> = seen[..3].iter().map(|seen| seen.line().destination.clone()).collect();
    assert_eq!(written, [number(0), format!("+{}", number(1)), format!("00{}", number(2))]);
    Ok(())
}

#[tokio::test]
async fn q_g3_national_numbers_get_their_country() -> Result<()> {
    // Whatever type of number an operator writes, a handset has one number.
    let tables = [
        "text = \"a\"\nfrom = \"07700900123\"\nfrom_ton = 2",
        "text = \"b\"\nfrom = \"7700900123\"\nfrom_ton = 2\nafter_ms = 50",
        "text = \"c\"\nfrom = \"+447700900123\"\nfrom_ton = 0\nafter_ms = 100",
        "text = \"d\"\nfrom = \"00447700900123\"\nfrom_ton = 0\nto = \"07700900999\"\nto_ton = 2\nafter_ms = 150",
    ];
    let data = received("q_g3", &tables, "settings = { address = { country_code = \"44\" } }", 4).await?;
    assert!(data.iter().all(|one| one["from"] == "+447700900123"), "{data:#?}");
    assert_eq!((data[0]["to"].as_str(), data[3]["to"].as_str()), (Some("12345"), Some("+447700900999")));
    Ok(())
}

#[tokio::test]
async fn q_g4_in_addresses_that_are_padded_and_over_long() -> Result<()> {
    // data_sm allows 64 octets: blanks around the number are dropped, as all after a NUL are.
    let padded = format!("{:40}", "  447700900123");
    let table = format!("text = \"hello\"\ndata_sm = true\nfrom = \"{padded}\"\nto = \"{:30}\"", "12345");
    let data = received("q_g4", &[&table], "", 1).await?;
    assert_eq!((data[0]["from"].as_str(), data[0]["to"].as_str()), (Some("+447700900123"), Some("12345")));
    Ok(())
}

/// A validity is what is left, or the moment in the operator's time zone, or nothing.
#[tokio::test]
async fn q_g5_a_validity_is_told_as_the_operator_wants() -> Result<()> {
    let absolute = "{ submit = { validity = \"absolute\", utc_offset_quarters = 8 } }";
    let seen = play(
        "q_g5",
        vec![
            case("accept = { validity = \"relative\" }", "{}").with("validity_s", 600),
            case("accept = { validity = \"absolute\" }", absolute).with("validity_s", 600),
            case("accept = { validity = \"never\" }", "{ submit = { validity = \"never\" } }"),
            case("accept = { validity = \"absolute\" }", "{}").refused(0x62),
        ],
    )
    .await?;
    let told: Vec<_> = seen.iter().map(|seen| seen.line().validity_period.as_str()).collect();
    assert!(told[0] == "000000001000000R" || told[0].starts_with("0000000009"), "{told:?}");
    assert!(told[1].len() == 16 && told[1].ends_with("008+"), "{told:?}");
    assert_eq!(told[2], "");
    Ok(())
}

/// We wait for a wished delivery time ourselves, unless the operator is to.
#[tokio::test]
async fn q_g6_a_schedule_is_ours_unless_the_operator_takes_it() -> Result<()> {
    let ways = [plain("accept = { schedule = false }"), set("", "{ submit = { schedule = \"operator\" } }")];
    let mut played = Played::start("q_g6", &ways, "{}").await?;
    for at in 0..ways.len() {
        let to = number(at);
        let later = sambac_testkit::scenario::smpp::Sm {
            schedule_delivery_time: b"000000000001000R",
            ..message(&to, b"later")
        };
        played.esme.accepted(later).await?;
    }
    played.until_states(&["delivered", "delivered"]).await?;
    let journal = played.operator.until_submits(2).await?;
    let told: Vec<_> = (0..2)
        .filter_map(|at| journal.submits().find(|line| line.destination == number(at)))
        .map(|line| line.schedule_delivery_time.len())
        .collect();
    assert_eq!(told, [0, 16]);
    let at = |at: usize| journal.submits().find(|line| line.destination == number(at)).map(|line| line.at_us);
    assert!(at(0) > at(1), "the first one waited here");
    played.passed().await
}

/// The service_type is the profile's, or the client's where the profile has none.
#[tokio::test]
async fn q_g7_a_service_type_is_given_where_it_is_wanted() -> Result<()> {
    let wanted = "accept = { service_type = \"CMT\" }";
    play(
        "q_g7",
        vec![
            case(wanted, "{ submit = { service_type = \"CMT\" } }"),
            case(wanted, "{}").with("service_type", "CMT"),
            case(wanted, "{ submit = { service_type = \"CMT\" } }").with("service_type", "OTHER"),
            case(wanted, "{}").refused(0x15),
        ],
    )
    .await?;
    Ok(())
}

/// protocol_id and priority_flag are 0 unless the profile passes what the client gave.
#[tokio::test]
async fn q_g8_protocol_id_and_priority_are_zero_unless_passed() -> Result<()> {
    let strict = "accept = { protocol_id = 0, priority_max = 0 }";
    let asked = |accept, settings| case(accept, settings).with("protocol_id", 65).with("priority", 3);
    let seen = play(
        "q_g8",
        vec![
            asked(strict, "{}"),
            asked("", "{ submit = { pass_protocol_id = true, pass_priority = true } }"),
            asked(strict, "{ submit = { pass_priority = true } }").refused(0x06),
        ],
    )
    .await?;
    let told: Vec<_> = seen.iter().map(|seen| (seen.line().protocol_id, seen.line().priority)).collect();
    assert_eq!(told, [(0, 0), (65, 3), (0, 3)]);
    Ok(())
}

/// A newer code may take the place of an older one; a segment never takes the place of another.
#[tokio::test]
async fn q_g9_a_newer_code_may_replace_an_older_one() -> Result<()> {
    let otp = "{ submit = { replace_if_present = \"otp\" } }";
    let seen = play(
        "q_g9",
        vec![
            case("", "{}").with("replace_if_present", true),
            case("", otp).with("class", "otp"),
            case("", otp),
            case("accept = { replace = false }", "{ submit = { replace_if_present = \"never\" } }")
                .with("replace_if_present", true),
            case("", "{}").with("replace_if_present", true).with("text", "long ".repeat(40)),
            case("accept = { replace = false }", "{}").with("replace_if_present", true).refused(0x54),
        ],
    )
    .await?;
    let flags: Vec<Vec<_>> =
        seen.iter().map(|seen| seen.submits.iter().map(|line| line.replace_if_present).collect()).collect();
    assert_eq!(flags, [vec![1], vec![1], vec![0], vec![0], vec![0, 0], vec![1]]);
    Ok(())
}

/// The messaging mode is the profile's, and stands beside the header's flag.
#[tokio::test]
async fn q_g10_the_messaging_mode_is_the_operators() -> Result<()> {
    let mode = |text: &str| case("accept = { esm_mode = 3 }", "{ submit = { esm_mode = 3 } }").with("text", text);
    let seen = play(
        "q_g10",
        vec![
            mode("code"),
            mode(&"long ".repeat(40)),
            case("accept = { esm_mode = 0 }", "{}"),
            case("accept = { esm_mode = 3 }", "{}").refused(0x43),
        ],
    )
    .await?;
    let classes = |at: usize| seen[at].submits.iter().map(|line| line.esm_class).collect::<Vec<_>>();
    assert_eq!((classes(0), classes(1), classes(2)), (vec![3], vec![0x43, 0x43], vec![0]));
    Ok(())
}

/// A canned message of the SMSC: its id and no text; a text has no such id.
#[tokio::test]
async fn q_g12_a_canned_message_has_an_id_and_no_text() -> Result<()> {
    let seen = play(
        "q_g12",
        vec![
            case("", "{}").with("default_message_id", 7).with("text", Value::Null),
            case("", "{ submit = { default_message_id = 9 } }"),
        ],
    )
    .await?;
    let told: Vec<_> = seen.iter().map(|seen| (seen.line().default_message_id, seen.line().text())).collect();
    assert_eq!(told, [(7, String::new()), (0, "code".to_owned())]);
    Ok(())
}
