//! G. Addresses, times and flags.

use anyhow::Result;

use crate::inbound::received;

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
