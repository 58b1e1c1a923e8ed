//! What people and ESMEs write as destination and sender, and what becomes of it.

use proptest::prelude::*;
use sambac_domain::number::{self, NumberError, Sender, SenderError};

#[test]
fn rest_numbers_are_normalised() {
    for (input, region, expected) in [
        ("+447700900123", None, 447_700_900_123),
        ("  +44 7700 900-123 ", None, 447_700_900_123),
        ("00447700900123", None, 447_700_900_123),
        ("447700900123", None, 447_700_900_123),
        ("07700 900123", Some("GB"), 447_700_900_123),
        ("447700900123", Some("GB"), 447_700_900_123),
        ("+12025550123", Some("GB"), 12_025_550_123),
        ("(202) 555-0123", Some("US"), 12_025_550_123),
        ("+٤٤٧٧٠٠٩٠٠١٢٣", None, 447_700_900_123),
        ("+４４７７００９００１２３", None, 447_700_900_123),
        ("+999000000001", None, 999_000_000_001),
        ("999 0000", None, 9_990_000),
    ] {
        let parsed = number::parse(input, region).map(number::Msisdn::as_u64);
        assert_eq!(parsed, Ok(expected), "{input} in {region:?}");
    }
}

#[test]
fn rest_refuses_what_nobody_has() {
    for (input, region, error) in [
        ("", None, NumberError::Empty),
        ("+", None, NumberError::Empty),
        ("hello", None, NumberError::NotDigits),
        ("+44 7700 900123 ext 5", None, NumberError::NotDigits),
        ("+44+7700900123", None, NumberError::NotDigits),
        ("12345", None, NumberError::TooShort),
        ("+1234567890123456", None, NumberError::TooLong),
        ("+8000000000000", None, NumberError::Invalid),
        ("+12", None, NumberError::TooShort),
        ("0770 0900 123", None, NumberError::Invalid),
        ("+10000000000", None, NumberError::Invalid),
        ("+447700900123", Some("XX"), NumberError::UnknownRegion),
        ("+999", None, NumberError::TooShort),
    ] {
        assert_eq!(number::parse(input, region), Err(error), "{input} in {region:?}");
    }
}

#[test]
fn smpp_addresses_are_normalised_by_form() {
    for (ton, digits, expected) in [
        (1, &b"447700900123"[..], Ok(447_700_900_123)),
        (0, b"+447700900123", Ok(447_700_900_123)),
        (1, b"00447700900123", Ok(447_700_900_123)),
        (1, b"447700900123\0\0\0", Ok(447_700_900_123)),
        (1, b"999000001", Ok(999_000_001)),
        (2, b"07700900123", Err(NumberError::NotInternational)),
        (5, b"MyBank", Err(NumberError::NotInternational)),
        (1, b"07700900123", Err(NumberError::Invalid)),
        (1, b"12345", Err(NumberError::TooShort)),
        (1, b"44 7700", Err(NumberError::NotDigits)),
        (1, b"", Err(NumberError::Empty)),
        (1, b"\x00447700900123", Err(NumberError::Empty)),
        (1, b"1234567890123456", Err(NumberError::TooLong)),
    ] {
        assert_eq!(number::normalise_smpp(ton, digits).map(number::Msisdn::as_u64), expected, "{digits:?}");
    }
}

#[test]
fn senders_and_their_types() {
    for (text, octets, ton, npi) in [
        ("MyBank", &b"MyBank"[..], 5, 0),
        ("My Bank-24", b"My Bank-24", 5, 0),
        ("7ELEVEN", b"7ELEVEN", 5, 0),
        ("12345", b"12345", 3, 0),
        ("00123", b"00123", 3, 0),
        ("12345678", b"12345678", 3, 0),
        ("447700900123", b"447700900123", 1, 1),
        ("+447700900123", b"447700900123", 1, 1),
    ] {
        let sender = Sender::parse(text).unwrap();
        assert_eq!((sender.as_bytes(), sender.ton(), sender.npi()), (octets, ton, npi), "{text}");
        let json = serde_json::to_string(&sender).unwrap();
        assert_eq!(serde_json::from_str::<Sender>(&json).unwrap(), sender, "{text}");
    }
    let msisdn = number::parse("+447700900123", None).unwrap();
    assert_eq!(Sender::from(msisdn), Sender::parse("447700900123").unwrap());
    assert_eq!(format!("{:?}", Sender::from(msisdn)), "44770090****");
}

#[test]
fn senders_that_are_none() {
    for (text, error) in [
        ("", SenderError::Empty),
        ("   ", SenderError::Empty),
        ("12", SenderError::TooShort),
        ("ABCDEFGHIJKL", SenderError::TooLong),
        ("1234567890123456", SenderError::TooLong),
        ("Банк", SenderError::Character),
        ("---", SenderError::Character),
        ("a\0b", SenderError::Character),
        ("+12345", SenderError::Number),
        ("012345678901", SenderError::Number),
    ] {
        assert_eq!(Sender::parse(text), Err(error), "{text}");
    }
}

#[test]
fn senders_of_esmes_go_by_form() {
    for (ton, address, expected) in [
        (5, &b"MyBank\0\0"[..], Ok((5, "MyBank"))),
        (0, b"447700900123", Ok((1, "447700900123"))),
        (1, b"12345", Ok((3, "12345"))),
        (1, b"6761234", Ok((1, "6761234"))),
        (3, b"6761234", Ok((3, "6761234"))),
        (5, b"\xff", Err(SenderError::Character)),
    ] {
        let sender = Sender::from_smpp(ton, address);
        let seen = sender.as_ref().map(|sender| (sender.ton(), sender.as_str())).map_err(|error| *error);
        assert_eq!(seen, expected, "{address:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_safe(text in any::<String>(), octets in prop::collection::vec(any::<u8>(), 0..40), ton: u8) {
        if let Ok(msisdn) = number::parse(&text, Some("GB")) {
            prop_assert!(msisdn.digits().as_bytes().len() >= 7);
        }
        if let Ok(msisdn) = number::normalise_smpp(ton, &octets) {
            prop_assert_eq!(number::normalise_smpp(1, msisdn.digits().as_bytes()), Ok(msisdn));
        }
        if let Ok(sender) = Sender::from_smpp(ton, &octets) {
            prop_assert!(!sender.as_bytes().contains(&0));
        }
        if let Ok(sender) = Sender::parse(&text) {
            prop_assert_eq!(Sender::parse(sender.as_str()), Ok(sender));
        }
    }
}
