use proptest::prelude::*;

use super::*;

fn rules(card_numbers: Handling, ibans: Handling, hosts: Option<&[&str]>) -> ContentRules {
    let link_hosts = hosts.map(|hosts| hosts.iter().map(|host| host.parse().unwrap()).collect());
    ContentRules { card_numbers, ibans, link_hosts }
}

fn blocks(text: &str) -> Option<Forbidden> {
    let verdict = rules(Handling::Block, Handling::Block, Some(&["bank.com", "*.bank.com"])).inspect(text);
    match verdict {
        Verdict::Blocked { what, .. } => Some(what),
        Verdict::Clean => None,
        Verdict::Masked(text) => panic!("masked: {text}"),
    }
}

fn masked(text: &str) -> String {
    match rules(Handling::Mask, Handling::Mask, None).inspect(text) {
        Verdict::Masked(text) => text,
        other => panic!("{other:?}"),
    }
}

/// The test numbers that issuers publish, bare and as people write them.
#[test]
fn card_numbers_are_found_however_they_are_written() {
    for text in [
        "4111111111111111",
        "4222222222222",
        "5555555555554444",
        "2223003122003222",
        "378282246310005",
        "30569309025904",
        "6011111111111117",
        "3530111333300000",
        "6200000000000005",
        "2201382000000013",
        "8600140000000001",
        "Card 4111 1111 1111 1111.",
        "4111-1111-1111-1111",
        "4111.1111.1111.1111",
        "4111  1111  1111  1111",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "3782 822463 10005",
        "pay4111111111111111now",
        "Valid 4111 1111 1111 1111 12 27",
        "Ref 77 4111 1111 1111 1111",
        "+4111111111111111",
        "\u{664}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}",
        "４１１１１１１１１１１１１１１１",
        "4111\u{A0}1111\u{A0}1111\u{A0}1111",
        "4111\n1111\r\n1111\t1111",
        "4111 - 1111 - 1111 - 1111",
        "4111/1111/1111/1111",
        "4111\u{2028}1111\u{2014}1111 1111",
    ] {
        assert_eq!(blocks(text), Some(Forbidden::CardNumber), "{text}");
    }
}

/// What no handset shows hides nothing.
#[test]
fn invisible_characters_hide_nothing() {
    for hidden in [
        "\u{200B}",
        "\u{200D}",
        "\u{2060}",
        "\u{FEFF}",
        "\u{AD}",
        "\u{202E}",
        "\u{2066}\u{2069}\u{2060}\u{2060}\u{FE0F}",
    ] {
        let text = ["4111", "1111", "1111", "1111"].join(hidden);
        assert_eq!(blocks(&text), Some(Forbidden::CardNumber), "{hidden:?}");
        let text = ["GB29", "NWBK", "6016", "1331", "9268", "19"].join(hidden);
        assert_eq!(blocks(&text), Some(Forbidden::Iban), "{hidden:?}");
    }
    assert_eq!(blocks("GB29\nNWBK 6016\t1331 9268 19"), Some(Forbidden::Iban));
}

#[test]
fn other_long_numbers_are_none() {
    for text in [
        "4111111111111112",
        "411111111111",
        "41111111111111111111",
        "1234567812345670",
        "Call +4915112345678901 now",
        "+411111111111116",
        "Your code is 123456, valid until 2026-11-26 15:30",
        "4111, 1111, 1111, 1111",
        "4111 1111 and 1111 1111",
        "Tracking 00340434161094042557",
        "4111    1111    1111    1111",
        "",
    ] {
        assert_eq!(blocks(text), None, "{text}");
    }
}

/// The examples of the registry.
#[test]
fn account_numbers_are_found_and_their_digits_are_no_card_number() {
    for text in [
        "DE89370400440532013000",
        "to DE89 3704 0044 0532 0130 00 today",
        "gb29nwbk60161331926819",
        "(FR14 2004 1010 0505 0001 3M02 606)",
        "NO9386011117947.",
        "MT84MALT011000012345MTLCAST001S",
        "IBAN:NL91ABNA0417164300",
        "RU0304452522540817810538091310419",
    ] {
        assert_eq!(blocks(text), Some(Forbidden::Iban), "{text}");
    }
    for text in [
        "DE89370400440532013001",
        "DE8937040044053201300",
        "DE893704004405320130000",
        "XDE89370400440532013000",
        "ZZ89370400440532013000",
    ] {
        assert_ne!(blocks(text), Some(Forbidden::Iban), "{text}");
    }
    let only_cards = rules(Handling::Block, Handling::Allow, None);
    assert_eq!(only_cards.inspect("DE89 3704 0044 0532 0130 00"), Verdict::Clean);
}

#[test]
fn all_but_the_last_four_is_hidden_and_the_text_keeps_its_length() {
    assert_eq!(masked("Card 4111 1111 1111 1111, ok"), "Card **** **** **** 1111, ok");
    assert_eq!(masked("3782-822463-10005"), "****-******-*0005");
    assert_eq!(masked("\u{20AC}5 to DE89 3704 0044 0532 0130 00!"), "\u{20AC}5 to **** **** **** **** **30 00!");
    assert_eq!(masked("4111111111111111 5555555555554444"), "************1111 ************4444");
}

#[test]
fn what_blocks_is_told_with_its_place_and_never_repeated() {
    let strict = rules(Handling::Block, Handling::Mask, None);
    let verdict = strict.inspect("\u{20AC} DE89370400440532013000 4111111111111111");
    assert_eq!(verdict, Verdict::Blocked { what: Forbidden::CardNumber, at: 25 });
    assert_eq!(Forbidden::CardNumber.to_string(), "a payment card number");
}

#[test]
fn links_to_other_sites_are_found_as_handsets_make_them() {
    for text in [
        "https://evil.com",
        "Login: evil.com/bank.com",
        "www.evil.co.uk",
        "EVIL.COM",
        "http://localhost/x",
        "http://127.0.0.1",
        "go to 192.0.2.7/login",
        "http://2130706433/",
        "http://[::1]/",
        "https://bank.com@evil.com/",
        "https://bank.com:x@evil.com/",
        "https://bank.com\\@evil.com",
        "https://bank.com.evil.com",
        "https://evilbank.com",
        "https://b\u{430}nk.com",
        "b\u{430}nk.com",
        "https://xn--bnk-6cd.com",
        "https://evil\u{AD}bank.com",
        "https://bank.com\u{3002}evil.com",
        "evil\u{3002}com",
        "пример.рф",
        "mail me@evil.com",
        "@evil.com #123456",
        "first bank.com then evil.com",
        "https://bank.com/ok https://evil.com",
        "see:evil.com,bank.com",
        "intent://evil.com#Intent;end",
        "https://%65vil.com",
        "https://.bank.com",
        "https://-.bank.com",
    ] {
        assert_eq!(blocks(text), Some(Forbidden::Link), "{text}");
    }
}

#[test]
fn links_to_listed_sites_and_plain_sentences_pass() {
    for text in [
        "https://bank.com/login?next=https://evil.com",
        "HTTPS://Login.Bank.com:8443/a/b.html",
        "bank.com",
        "bank.com.",
        "(see www.bank.com)",
        "@bank.com #123456",
        "help@bank.com",
        "https://bank.com.",
        "Your code is 12.34. Do not share it.",
        "Balance 1.234.567,89 EUR on 26.11.2026 at 15.30",
        "e.g. this... and that",
        "No.of items: 5",
        "version 1.2.3",
        "",
    ] {
        assert_eq!(blocks(text), None, "{text}");
    }
    assert_eq!(
        rules(Handling::Allow, Handling::Allow, Some(&[])).inspect("bank.com"),
        Verdict::Blocked { what: Forbidden::Link, at: 0 }
    );
}

#[test]
fn a_site_is_written_in_ascii_and_has_two_labels() {
    for text in ["bank.com", "*.bank.com", "xn--bnk-6cd.com", "a-b.c_d.example"] {
        assert_eq!(text.parse::<HostPattern>().unwrap().to_string(), text);
    }
    for text in [
        "",
        "com",
        "*.com",
        "*",
        "b\u{430}nk.com",
        "bank..com",
        ".bank.com",
        "https://bank.com",
        "bank.com/",
        "-a.com",
        "a.*.com",
    ] {
        assert_eq!(text.parse::<HostPattern>(), Err(MalformedHost), "{text}");
    }
}

#[test]
fn rules_are_written_with_words_and_sites() {
    let text = r#"{"card_numbers":"block","ibans":"mask","link_hosts":["*.bank.com"]}"#;
    let rules: ContentRules = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&rules).unwrap(), text);
    assert_eq!(ContentRules::from_json(&rules.to_json()), Ok(rules.clone()));
    assert_eq!(
        (ContentRules::default().to_json(), ContentRules::from_json("")),
        (String::new(), Ok(ContentRules::default()))
    );
    assert!(ContentRules::default().is_off() && !rules.is_off());
    for wrong in [r#"{"card_numbers":"hide"}"#, r#"{"cards":"mask"}"#, r#"{"link_hosts":["com"]}"#] {
        assert!(serde_json::from_str::<ContentRules>(wrong).is_err(), "{wrong}");
    }
}

/// Twelve to eighteen digits and the one that makes them right.
fn card() -> impl Strategy<Value = String> {
    (proptest::collection::vec(0_u32..10, 11..17), 3_u32..7).prop_map(|(rest, first)| {
        let mut digits = vec![first];
        digits.extend(rest);
        let sum: u32 = digits
            .iter()
            .rev()
            .enumerate()
            .map(|(place, d)| if place % 2 == 0 { d / 5 + d * 2 % 10 } else { *d })
            .sum();
        digits.push((10 - sum % 10) % 10);
        digits.iter().map(u32::to_string).collect()
    })
}

proptest! {
    /// Found in any words, and one changed digit makes it none.
    #[test]
    fn any_card_number_is_found_in_any_words(card in card(), before in "[a-zA-Z ,!]{0,20}", after in "[a-zA-Z ,!]{0,20}", place in 1_usize..12) {
        let text = format!("{before}{card}{after}");
        prop_assert_eq!(blocks(&text), Some(Forbidden::CardNumber));
        let mut changed = card.into_bytes();
        changed[place] = b'0' + (changed[place] - b'0' + 1) % 10;
        let changed = String::from_utf8(changed).unwrap();
        prop_assert_ne!(blocks(&format!("{before}{changed}{after}")), Some(Forbidden::CardNumber));
    }

    /// Any text at all is looked at without harm; what is masked keeps its length in characters.
    #[test]
    fn any_text_is_looked_at(text in "\\PC{0,200}|[0-9 .:/@a-z\\-]{0,200}") {
        let mask = rules(Handling::Mask, Handling::Mask, None).inspect(&text);
        if let Verdict::Masked(masked) = mask {
            prop_assert_eq!(masked.chars().count(), text.chars().count());
            prop_assert!(masked.contains('*'));
        }
        let block = rules(Handling::Block, Handling::Block, Some(&["bank.com"])).inspect(&text);
        if let Verdict::Blocked { at, .. } = block {
            prop_assert!(at < text.chars().count());
        }
    }
}
