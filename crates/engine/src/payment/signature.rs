//! The signature of a provider's webhook: `t=<seconds>,v1=<hex>[,v1=<hex>]`, each `v1` being HMAC-SHA-256 of `<seconds>.<body>`.
//!
//! The body is taken octet by octet as it came. The comparison takes the same time wherever the signatures differ.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sambac_domain::time::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// Signatures that are tried at most: there are two while a secret is being changed.
const SIGNATURES_MAX: usize = 4;

/// Why a signature is not believed. Clients are not told which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadSignature {
    Malformed,
    Wrong,
    TooOld,
}

/// Whether `header` signs `body`, and not too long ago.
pub(super) fn verify(
    secret: &SecretString,
    header: &str,
    body: &[u8],
    now: Timestamp,
    tolerance: Duration,
) -> Result<(), BadSignature> {
    let (seconds, signatures) = parse(header).ok_or(BadSignature::Malformed)?;
    let matches =
        |signature: &Vec<u8>| keyed(secret, seconds, body).is_some_and(|mac| mac.verify_slice(signature).is_ok());
    // The whole list, so that the time tells nothing.
    if !signatures.iter().fold(false, |found, signature| matches(signature) | found) {
        return Err(BadSignature::Wrong);
    }
    let age_s = (now.0 / 1_000_000).abs_diff(seconds);
    if age_s <= tolerance.as_secs() { Ok(()) } else { Err(BadSignature::TooOld) }
}

/// The header of a webhook with this body.
pub(super) fn sign(secret: &SecretString, seconds: i64, body: &[u8]) -> String {
    let mac = keyed(secret, seconds, body).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
    let hex: String = mac.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("t={seconds},v1={hex}")
}

fn keyed(secret: &SecretString, seconds: i64, body: &[u8]) -> Option<Hmac<Sha256>> {
    // A key of any length will do for HMAC.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    mac.update(seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac)
}

fn parse(header: &str) -> Option<(i64, Vec<Vec<u8>>)> {
    let mut seconds = None;
    let mut signatures = Vec::new();
    for (name, value) in header.split(',').filter_map(|part| part.trim().split_once('=')) {
        match name {
            // Exactly the digits that were signed: no sign, no leading zero.
            "t" if seconds.is_none() => seconds = value.parse().ok().filter(|number: &i64| number.to_string() == value),
            "v1" if signatures.len() < SIGNATURES_MAX => signatures.push(from_hex(value)?),
            "t" | "v1" => return None,
            // Other schemes.
            _ => {}
        }
    }
    Some((seconds?, signatures)).filter(|(_, signatures)| !signatures.is_empty())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|digit| u8::try_from(digit.to_digit(16)?).ok()).collect();
    let digits = digits.filter(|digits| digits.len() == 64)?;
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |octet, digit| octet << 4 | digit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    const BODY: &[u8] = br#"{"id":"evt_1"}"#;
    const TOLERANCE: Duration = Duration::from_secs(300);

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    fn check(header: &str, body: &[u8]) -> Result<(), BadSignature> {
        verify(&secret("whsec_test"), header, body, NOW, TOLERANCE)
    }

    #[test]
    fn a_good_signature_is_believed_for_its_own_octets_and_time_only() {
        let good = sign(&secret("whsec_test"), 1_800_000_000, BODY);
        assert_eq!(check(&good, BODY), Ok(()));
        assert_eq!(check(&good, br#"{"id": "evt_1"}"#), Err(BadSignature::Wrong), "the same JSON in other octets");
        let another_time = good.replace("t=1800000000", "t=1800000001");
        assert_eq!(check(&another_time, BODY), Err(BadSignature::Wrong));
        assert_eq!(check(&sign(&secret("other"), 1_800_000_000, BODY), BODY), Err(BadSignature::Wrong));
    }

    #[test]
    fn a_replay_is_too_old_and_a_clock_ahead_is_no_better() {
        for (seconds, expected) in [
            (1_800_000_000 - 300, Ok(())),
            (1_800_000_000 - 301, Err(BadSignature::TooOld)),
            (1_800_000_000 + 300, Ok(())),
            (1_800_000_000 + 301, Err(BadSignature::TooOld)),
        ] {
            assert_eq!(check(&sign(&secret("whsec_test"), seconds, BODY), BODY), expected, "{seconds}");
        }
    }

    #[test]
    fn one_of_two_secrets_is_enough_and_other_schemes_count_for_nothing() {
        let (old, new) = (sign(&secret("old"), 1_800_000_000, BODY), sign(&secret("whsec_test"), 1_800_000_000, BODY));
        let v1 = new.split_once(',').expect("two parts").1;
        assert_eq!(check(&format!("{old},{v1},v0=00"), BODY), Ok(()));
        assert_eq!(check(&new.replace("v1", "v0"), BODY), Err(BadSignature::Malformed));
    }

    #[test]
    fn what_is_no_signature_is_malformed() {
        let hex = "0".repeat(64);
        let bad = ["", "t=1", &format!("v1={hex}"), "t=1,v1=", "t=x,v1=00", &format!("t=01,v1={hex}")];
        for header in bad {
            assert_eq!(check(header, BODY), Err(BadSignature::Malformed), "{header}");
        }
        let many = format!("t=1{}", format!(",v1={hex}").repeat(5));
        assert_eq!(check(&many, BODY), Err(BadSignature::Malformed), "five signatures");
        assert_eq!(check(&format!("t=1,t=1,v1={hex}"), BODY), Err(BadSignature::Malformed), "two times");
    }
}
