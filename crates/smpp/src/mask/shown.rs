//! What of a field may be seen: nothing, unless it looks like what belongs there.
//!
//! ```text
//! service_type "CMT"          all of it        address "447700900123"   all but the last four digits
//! service_type "code 1234"    nothing          address "call me at 9"   nothing
//! ```

use std::ops::Range;

use crate::Tag;

/// Digits at a number's end that are not shown.
const HIDDEN_DIGITS: usize = 4;
/// An address of fewer digits is a short code, not a person.
const NUMBER_DIGITS_MIN: usize = 7;
/// The longest address, without a plus sign, and the longest alphanumeric sender.
const NUMBER_DIGITS_MAX: usize = 20;
const SENDER_OCTETS_MAX: usize = 11;
/// Digits in a row that may be a code, in what is no number.
const CODE_DIGITS_MIN: usize = 4;
const SERVICE_TYPE_OCTETS_MAX: usize = 5;
const ID_OCTETS_MAX: usize = 64;
const TIME_OCTETS: usize = 16;
const RANGE_OCTETS_MAX: usize = 40;
/// Elements of a user data header that say how to read what follows, and their sizes (3GPP TS 23.040 §9.2.3.24).
const ELEMENTS: [(u8, usize); 7] = [(0x00, 3), (0x01, 2), (0x04, 2), (0x05, 4), (0x08, 4), (0x24, 1), (0x25, 1)];

fn all(octets: &[u8], are_shown: bool) -> Range<usize> {
    if are_shown { 0..octets.len() } else { 0..0 }
}

/// A service type: capitals and digits, with a letter first.
pub(super) fn service_type(text: &[u8]) -> Range<usize> {
    let is_word = text.iter().all(|octet| octet.is_ascii_uppercase() || octet.is_ascii_digit());
    let fits = text.len() <= SERVICE_TYPE_OCTETS_MAX && text.first().is_none_or(u8::is_ascii_uppercase);
    all(text, is_word && fits)
}

/// A message's id: one word, and what pads it.
pub(super) fn id(text: &[u8]) -> Range<usize> {
    let end = text.len() - text.iter().rev().take_while(|octet| matches!(octet, b' ' | 0)).count();
    let word = text.get(..end).unwrap_or_default();
    all(text, text.len() <= ID_OCTETS_MAX && is_word(word))
}

/// A word of ids and states.
pub(super) fn is_word(text: &[u8]) -> bool {
    text.iter().all(|octet| octet.is_ascii_alphanumeric() || b"-_.:/+=@#".contains(octet))
}

/// A name of at most `max` octets that a system has.
pub(super) fn name(text: &[u8], max: usize) -> Range<usize> {
    all(text, text.len() <= max && text.iter().all(u8::is_ascii_graphic))
}

/// A time of SMPP.
pub(super) fn time(text: &[u8]) -> Range<usize> {
    let is_time = |(digits, kind): (&[u8], &[u8])| {
        digits.iter().all(u8::is_ascii_digit) && kind.iter().all(|octet| b"R+-".contains(octet))
    };
    all(text, text.len() == TIME_OCTETS && text.split_at_checked(TIME_OCTETS - 1).is_some_and(is_time))
}

/// A number but for its end, a short code, or a sender's name in which there is no code.
pub(super) fn address(text: &[u8]) -> Range<usize> {
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    if digits.iter().all(u8::is_ascii_digit) {
        return match digits.len() {
            ..NUMBER_DIGITS_MIN => 0..text.len(),
            NUMBER_DIGITS_MIN..=NUMBER_DIGITS_MAX => 0..text.len() - HIDDEN_DIGITS,
            _ => 0..0,
        };
    }
    let is_name = |octet: &u8| octet.is_ascii_alphanumeric() || b" -_.&'+@!".contains(octet);
    let has_code = text.split(|octet| !octet.is_ascii_digit()).any(|digits| digits.len() >= CODE_DIGITS_MIN);
    let is_sender = text.len() <= SENDER_OCTETS_MAX && text.iter().any(u8::is_ascii_alphabetic);
    all(text, is_sender && text.iter().all(is_name) && !has_code)
}

/// An expression for addresses, with no number in it.
pub(super) fn range(text: &[u8]) -> Range<usize> {
    let is_expression = |octet: &u8| octet.is_ascii_digit() || b"^$[]()*+.|,?-".contains(octet);
    let has_number = text.split(|octet| !octet.is_ascii_digit()).any(|digits| digits.len() >= NUMBER_DIGITS_MIN);
    all(text, text.len() <= RANGE_OCTETS_MAX && text.iter().all(is_expression) && !has_number)
}

/// The value of an optional parameter: ids, and numbers of the specification in their size. What vendors write is not known.
pub(super) fn parameter(tag: Tag, value: &[u8]) -> Range<usize> {
    match tag {
        Tag::RECEIPTED_MESSAGE_ID => id(value),
        // A type of network, which is no letter, and a code.
        Tag::NETWORK_ERROR_CODE => all(value, value.len() <= 3 && value.first().is_none_or(|kind| *kind < b' ')),
        // Seconds: of a number that is no text the first octet is small.
        Tag::QOS_TIME_TO_LIVE => all(value, value.len() <= 4 && value.first().is_none_or(|high| *high < b' ')),
        tag => all(value, value.len() <= number_octets(tag)),
    }
}

/// The greatest size of a parameter that is a number or a set of flags. Senders write those of one octet in two, too.
const fn number_octets(tag: Tag) -> usize {
    match tag {
        Tag::DEST_ADDR_SUBUNIT
        | Tag::DEST_NETWORK_TYPE
        | Tag::DEST_BEARER_TYPE
        | Tag::DEST_TELEMATICS_ID
        | Tag::SOURCE_ADDR_SUBUNIT
        | Tag::SOURCE_NETWORK_TYPE
        | Tag::SOURCE_BEARER_TYPE
        | Tag::SOURCE_TELEMATICS_ID
        | Tag::PAYLOAD_TYPE
        | Tag::MS_MSG_WAIT_FACILITIES
        | Tag::PRIVACY_INDICATOR
        | Tag::USER_MESSAGE_REFERENCE
        | Tag::USER_RESPONSE_CODE
        | Tag::SOURCE_PORT
        | Tag::DESTINATION_PORT
        | Tag::SAR_MSG_REF_NUM
        | Tag::LANGUAGE_INDICATOR
        | Tag::SAR_TOTAL_SEGMENTS
        | Tag::SAR_SEGMENT_SEQNUM
        | Tag::SC_INTERFACE_VERSION
        | Tag::CALLBACK_NUM_PRES_IND
        | Tag::NUMBER_OF_MESSAGES
        | Tag::DPF_RESULT
        | Tag::SET_DPF
        | Tag::MS_AVAILABILITY_STATUS
        | Tag::DELIVERY_FAILURE_REASON
        | Tag::MORE_MESSAGES_TO_SEND
        | Tag::MESSAGE_STATE
        | Tag::CONGESTION_STATE
        | Tag::USSD_SERVICE_OP
        | Tag::DEST_ADDR_NP_RESOLUTION
        | Tag::DISPLAY_TIME
        | Tag::SMS_SIGNAL
        | Tag::ALERT_ON_MESSAGE_DELIVERY
        | Tag::ITS_REPLY_TYPE
        | Tag::ITS_SESSION_INFO => 2,
        _ => 0,
    }
}

/// A user data header that holds: its lengths, and the elements that join segments or name a language. One that does not
/// end where one of its elements does is text.
pub(super) fn header(message: &[u8], show: &mut impl FnMut(Range<usize>)) {
    let Some((&length, rest)) = message.split_first() else { return };
    let Some(elements) = rest.get(..usize::from(length)) else { return };
    if !is_whole(elements) {
        return;
    }
    show(0..1);
    let mut at = 1;
    while let Some(&[element, octets]) = message.get(at..=at + 1).filter(|_| at <= elements.len()) {
        let end = at + 2 + usize::from(octets);
        let is_known = ELEMENTS.contains(&(element, usize::from(octets)));
        show(at..if is_known { end } else { at + 2 });
        at = end;
    }
}

fn is_whole(elements: &[u8]) -> bool {
    let mut rest = elements;
    while let Some((&[_, octets], after)) = rest.split_first_chunk() {
        let Some(next) = after.get(usize::from(octets)..) else { return false };
        rest = next;
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(shown: impl Fn(&[u8]) -> Range<usize>, text: &str) -> String {
        text.get(shown(text.as_bytes())).unwrap_or("?").to_owned()
    }

    #[test]
    fn a_field_is_shown_when_it_looks_like_one() {
        for (text, shown) in [("CMT", "CMT"), ("OTP1", "OTP1"), ("", ""), ("1234", ""), ("Secret", ""), ("code", "")] {
            assert_eq!(part(service_type, text), shown, "{text}");
        }
        for (text, shown) in [("4a-1F", "4a-1F"), ("0a1B  ", "0a1B  "), ("your code", ""), ("two\0words", "")] {
            assert_eq!(part(id, text), shown, "{text}");
        }
        for (text, shown) in [("000000000500000R", "000000000500000R"), ("261123060200000+", "261123060200000+")] {
            assert_eq!(part(time, text), shown, "{text}");
        }
        assert_eq!(part(time, "your code: 1234R"), "");
        for (text, shown) in [
            ("447700900123", "44770090"),
            ("+447700900123", "+44770090"),
            ("60606", "60606"),
            ("My Bank", "My Bank"),
            ("CODE 123456", ""),
            ("447700900123447700900", ""),
            ("is 1 of two words", ""),
            ("2 913", ""),
        ] {
            assert_eq!(part(address, text), shown, "{text}");
        }
        for (text, shown) in [("^4477[0-9]*", "^4477[0-9]*"), ("447700900123", ""), ("Your code", "")] {
            assert_eq!(part(range, text), shown, "{text}");
        }
    }

    #[test]
    fn a_header_is_shown_when_it_holds() {
        let of = |message: &[u8]| {
            let mut copy = vec![b'*'; message.len()];
            header(message, &mut |part| copy[part.clone()].copy_from_slice(&message[part]));
            copy
        };
        assert_eq!(of(b"\x05\0\x03\x01\x02\x01code"), b"\x05\0\x03\x01\x02\x01****");
        assert_eq!(of(b"\x04code and more"), [b'*'; 14], "an element that runs past the header");
        assert_eq!(of(b"\x06\x70\x04codetext"), b"\x06\x70\x04********", "an element of whatever kind");
        assert_eq!(of(b"\x09\0\x03\x01\x02\x01\x0b\x02abtext"), b"\x09\0\x03\x01\x02\x01\x0b\x02******");
        assert_eq!(of(b"\x09code"), b"*****");
        assert_eq!(of(b""), b"");
    }
}
