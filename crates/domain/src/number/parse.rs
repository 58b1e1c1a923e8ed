//! From what people and ESMEs write to a [`Msisdn`].
//!
//! REST clients write for humans: [`parse`] uses the metadata of libphonenumber and refuses numbers that no
//! operator has. ESMEs send digits at thousands a second: [`normalise_smpp`] only checks the form.

use std::str::FromStr;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, Region};

use super::Msisdn;

/// TON of an international number (SMPP 3.4, 5.2.5).
const TON_UNKNOWN: u8 = 0;
const TON_INTERNATIONAL: u8 = 1;

/// Why something is no destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Nothing but separators.
    #[error("the number is empty")]
    Empty,
    /// A character that has no place in a number.
    #[error("the number has characters other than digits")]
    NotDigits,
    /// Fewer than 7 digits, or fewer than its country has.
    #[error("the number is too short")]
    TooShort,
    /// More than 15 digits, or more than its country has.
    #[error("the number is too long")]
    TooLong,
    /// No country has such a number.
    #[error("the number is not valid in any country")]
    Invalid,
    /// The default region is no ISO 3166 code that we know.
    #[error("the default region is unknown")]
    UnknownRegion,
    /// A type of number that is no E.164 destination: national, network specific, alphanumeric …
    #[error("the type of number is not international")]
    NotInternational,
}

/// Reads a number as a person writes it: `+44 7700 900123`, `0044…`, and without plus or `00` as national in
/// `default_region` (ISO 3166, two letters) or, failing that, as international. Digits of other scripts
/// are read. Numbers under +999 are test numbers and always valid, and so are those
/// of Britain's range for fiction, +44 7700 900xxx.
///
/// # Errors
/// [`NumberError`]; numbers that no plan assigns are [`NumberError::Invalid`].
pub fn parse(input: &str, default_region: Option<&str>) -> Result<Msisdn, NumberError> {
    let region = match default_region {
        Some(code) => Some(region_of(code)?),
        None => None,
    };
    let digits = digits_of(input)?;
    let international = input.trim_start().starts_with(['+', '＋']) || digits.starts_with(b"00");
    let significant = digits.strip_prefix(b"00").unwrap_or(&digits);
    if international {
        return parse_international(significant);
    }
    match region {
        Some(region) => {
            parse_national(&digits, region).or_else(|error| parse_international(significant).map_err(|_| error))
        }
        None => parse_international(significant),
    }
}

/// Reads an address of an SMPP PDU: digits of `ton` 0 or 1, a leading `+` or `00` dropped (Q-G2), cut at
/// the first NUL (Q-G4). Nothing but form and length is checked.
///
/// # Errors
/// [`NumberError`] as for [`Msisdn::from_digits`], and for another `ton`.
pub fn normalise_smpp(ton: u8, digits: &[u8]) -> Result<Msisdn, NumberError> {
    if !matches!(ton, TON_UNKNOWN | TON_INTERNATIONAL) {
        return Err(NumberError::NotInternational);
    }
    let end = digits.iter().position(|octet| *octet == 0).unwrap_or(digits.len());
    let digits = digits.get(..end).unwrap_or_default().trim_ascii();
    let digits = digits.strip_prefix(b"+").unwrap_or(digits);
    Msisdn::from_digits(digits.strip_prefix(b"00").unwrap_or(digits))
}

/// Digits before the last three of the numbers that Ofcom keeps for drama. No operator has them, which is
/// why examples and tests use them; the library has them as invalid.
const FICTIONAL: u64 = 447_700_900;

fn region_of(code: &str) -> Result<Region, NumberError> {
    let region = Region::from_str(code).map_err(|_| NumberError::UnknownRegion)?;
    let known = PHONE_NUMBER_UTIL.get_country_code_for_region(region).is_some();
    known.then_some(region).ok_or(NumberError::UnknownRegion)
}

/// ASCII digits of the input; separators that people use are dropped, anything else is refused.
fn digits_of(input: &str) -> Result<Vec<u8>, NumberError> {
    let mut digits = Vec::with_capacity(16);
    for (index, character) in input.trim().chars().enumerate() {
        match character {
            '+' | '＋' if index == 0 => {}
            ' ' | '\u{a0}' | '-' | '.' | '(' | ')' | '/' | '\u{2010}'..='\u{2015}' => {}
            _ => digits.push(b'0' + digit_value(character).ok_or(NumberError::NotDigits)?),
        }
        if digits.len() > 2 * Msisdn::DIGITS_MAX {
            return Err(NumberError::TooLong);
        }
    }
    if digits.is_empty() { Err(NumberError::Empty) } else { Ok(digits) }
}

/// Decimal digits that keyboards of our users' countries make: ASCII, full width, Arabic-Indic, Persian,
/// Devanagari and Bengali.
fn digit_value(character: char) -> Option<u8> {
    const ZEROS: [char; 6] = ['0', '０', '٠', '۰', '०', '০'];
    let code = u32::from(character);
    ZEROS
        .into_iter()
        .find_map(|zero| code.checked_sub(u32::from(zero)).filter(|value| *value < 10))
        .and_then(|value| u8::try_from(value).ok())
}

fn parse_international(digits: &[u8]) -> Result<Msisdn, NumberError> {
    let msisdn = Msisdn::from_digits(digits)?;
    if msisdn.is_test() || msisdn.as_u64() / 1_000 == FICTIONAL {
        return Ok(msisdn);
    }
    let valid = PHONE_NUMBER_UTIL.is_valid_number(&read(&format!("{msisdn:#}"), None)?);
    valid.then_some(msisdn).ok_or(NumberError::Invalid)
}

fn parse_national(digits: &[u8], region: Region) -> Result<Msisdn, NumberError> {
    let e164 = read(&String::from_utf8_lossy(digits), Some(region))?.to_string();
    parse_international(e164.trim_start_matches('+').as_bytes())
}

fn read(text: &str, region: Option<Region>) -> Result<PhoneNumber, NumberError> {
    use rlibphonenumber::ParseError::{TooLongNsn, TooShortAfterIdd, TooShortNsn};
    PHONE_NUMBER_UTIL.parse(text, region).map_err(|error| match error {
        TooShortAfterIdd | TooShortNsn => NumberError::TooShort,
        TooLongNsn => NumberError::TooLong,
        _ => NumberError::Invalid,
    })
}
