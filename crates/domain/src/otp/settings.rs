//! What an account can choose of its codes, by a profile with a name. Without one the defaults hold, and nothing has to be set up.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::text::{app_hash_fits, bound, origin_fits};
use super::workflow::Step;
use super::{CodeForm, TextError};
use crate::number::Sender;

/// How codes of a profile are made, told, and how often they may be tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OtpSettings {
    /// What a code looks like.
    pub code: CodeForm,
    /// Seconds that it holds: 30 to 1800.
    pub ttl_s: u16,
    /// How often it may be tried: 1 to 10, and at most 5 for codes of four digits.
    pub attempts_max: u8,
    /// Seconds after the first send until it can be sent again; each further one takes twice as long, up to ten minutes.
    pub resend_gap_s: u16,
    /// How often it is sent, the first time included: 1 to 10.
    pub sends_max: u8,
    /// The sender, where the request names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Texts by locale (`de`, `de-AT`). Those that are missing are ours.
    #[serde(deserialize_with = "crate::unique_map::deserialize")]
    pub texts: BTreeMap<String, String>,
    /// Texts for codes that are bound to an amount and a payee, by locale.
    #[serde(deserialize_with = "crate::unique_map::deserialize")]
    pub payment_texts: BTreeMap<String, String>,
    /// The 11 characters by which your Android app knows its messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_hash: Option<String>,
    /// The website that may fill in the code by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The ways by which a code is sent, one after the other.
    pub steps: Vec<Step>,
}

/// What is wrong with settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFault {
    /// JSON pointer in the settings.
    pub pointer: String,
    /// What is wrong.
    pub detail: String,
}

/// Texts that everybody has.
const TEXTS: [(&str, &str, &str); 4] = [
    (
        "en",
        "{code} is your code. It is valid for {ttl} min. Never give it to anyone.",
        "{code} is your code to pay {amount} to {payee}. It is valid for {ttl} min. Never give it to anyone.",
    ),
    (
        "de",
        "{code} ist Ihr Code. Er gilt {ttl} Min. Geben Sie ihn niemandem weiter.",
        "{code} ist Ihr Code zur Zahlung von {amount} an {payee}. Er gilt {ttl} Min. Geben Sie ihn niemandem weiter.",
    ),
    (
        "fr",
        "{code} est votre code, valable {ttl} min. Ne le donnez à personne.",
        "{code} est votre code pour payer {amount} à {payee}, valable {ttl} min. Ne le donnez à personne.",
    ),
    (
        "es",
        "{code} es su código, válido {ttl} min. No lo comparta con nadie.",
        "{code} es su código para pagar {amount} a {payee}, válido {ttl} min. No lo comparta con nadie.",
    ),
];

/// The longest time between two sends.
const RESEND_GAP_MAX: Duration = Duration::from_secs(600);
/// Characters of a text at most.
const TEXT_MAX: usize = 1_000;
/// Texts of one kind, and steps.
const TEXTS_MAX: usize = 50;
const STEPS_MAX: usize = 5;

impl Default for OtpSettings {
    fn default() -> Self {
        Self {
            code: CodeForm::default(),
            ttl_s: 300,
            attempts_max: 5,
            resend_gap_s: 30,
            sends_max: 5,
            sender: None,
            texts: BTreeMap::new(),
            payment_texts: BTreeMap::new(),
            app_hash: None,
            origin: None,
            steps: vec![Step::sms()],
        }
    }
}

impl OtpSettings {
    /// How long a code may hold, in seconds.
    pub const TTL_S: std::ops::RangeInclusive<u16> = 30..=1_800;
    /// How often it may be tried.
    pub const ATTEMPTS: std::ops::RangeInclusive<u8> = 1..=10;
    /// How often one of four characters may be tried.
    pub const ATTEMPTS_SHORT: u8 = 5;
    /// How often it is sent.
    pub const SENDS: std::ops::RangeInclusive<u8> = 1..=10;
    /// Seconds until it can be sent again.
    pub const RESEND_GAP_S: std::ops::RangeInclusive<u16> = 10..=600;

    /// How long a code holds.
    pub fn ttl(&self) -> Duration {
        Duration::from_secs(self.ttl_s.into())
    }

    /// How long it takes after send number `sends` until it can be sent again.
    pub fn resend_gap(&self, sends: u8) -> Duration {
        let doubled = u64::from(self.resend_gap_s) << u32::from(sends.saturating_sub(1)).min(16);
        Duration::from_secs(doubled).min(RESEND_GAP_MAX)
    }

    /// The text for a locale: that of the profile, of its language, ours of the language, the profile's in English or the first
    /// that it has, ours in English.
    pub fn text(&self, locale: &str, is_payment: bool) -> &str {
        let own = if is_payment { &self.payment_texts } else { &self.texts };
        let language = locale.split(['-', '_']).next().unwrap_or_default();
        let ours = |wanted: &str| {
            let found = TEXTS.iter().find(|(language, ..)| *language == wanted);
            found.map(|(_, text, payment)| if is_payment { *payment } else { *text })
        };
        let named = own.get(locale).or_else(|| own.get(language)).map(String::as_str);
        let rest = || own.get("en").or_else(|| own.values().next()).map(String::as_str);
        named.or_else(|| ours(language)).or_else(rest).or_else(|| ours("en")).unwrap_or("{code}")
    }

    /// Everything that is wrong with these settings.
    pub fn faults(&self) -> Vec<SettingFault> {
        let mut faults = Vec::new();
        self.number_faults(&mut faults);
        let mut fault = |pointer: &str, detail: &str| faults.push(SettingFault::new(pointer, detail));
        if self.sender.as_ref().is_some_and(|sender| Sender::parse(sender).is_err()) {
            fault("/sender", "is not a number, a short code or up to 11 characters");
        }
        if self.app_hash.as_ref().is_some_and(|hash| !app_hash_fits(hash)) {
            fault("/app_hash", "must be the 11 characters that Android's tools print");
        }
        if self.origin.as_ref().is_some_and(|origin| !origin_fits(origin)) {
            fault("/origin", "must be the host of a website, as in bank.example");
        }
        if self.steps.is_empty() || self.steps.len() > STEPS_MAX {
            fault("/steps", "must be 1 to 5");
        }
        for (no, step) in self.steps.iter().enumerate() {
            if !Step::NEXT_AFTER_S.contains(&step.next_after_s) {
                fault(&format!("/steps/{no}/next_after_s"), "must be from 15 to 900");
            }
            if step.sender.as_ref().is_some_and(|sender| Sender::parse(sender).is_err()) {
                fault(&format!("/steps/{no}/sender"), "is not a number, a short code or up to 11 characters");
            }
        }
        text_faults(&mut faults, "texts", &self.texts, false);
        text_faults(&mut faults, "payment_texts", &self.payment_texts, true);
        faults
    }

    fn number_faults(&self, faults: &mut Vec<SettingFault>) {
        let mut fault = |pointer: &str, detail: &str| faults.push(SettingFault::new(pointer, detail));
        if !CodeForm::LENGTHS.contains(&self.code.length) {
            fault("/code/length", "must be from 4 to 10");
        }
        if !Self::TTL_S.contains(&self.ttl_s) {
            fault("/ttl_s", "must be from 30 to 1800");
        }
        if !Self::ATTEMPTS.contains(&self.attempts_max) {
            fault("/attempts_max", "must be from 1 to 10");
        } else if self.code.length == 4 && self.attempts_max > Self::ATTEMPTS_SHORT {
            fault("/attempts_max", "must be at most 5 for codes of four characters, which are easily guessed");
        }
        if !Self::SENDS.contains(&self.sends_max) {
            fault("/sends_max", "must be from 1 to 10");
        }
        if !Self::RESEND_GAP_S.contains(&self.resend_gap_s) {
            fault("/resend_gap_s", "must be from 10 to 600");
        }
    }
}

impl SettingFault {
    fn new(pointer: &str, detail: &str) -> Self {
        Self { pointer: pointer.to_owned(), detail: detail.to_owned() }
    }
}

fn text_faults(faults: &mut Vec<SettingFault>, name: &str, texts: &BTreeMap<String, String>, is_payment: bool) {
    let mut fault = |pointer: String, detail: &str| faults.push(SettingFault::new(&pointer, detail));
    if texts.len() > TEXTS_MAX {
        fault(format!("/{name}"), "must be at most 50");
    }
    for (locale, text) in texts {
        let pointer = format!("/{name}/{locale}");
        if locale.len() > 16 || !locale.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-') {
            fault(pointer.clone(), "is not a locale, as in de or de-AT");
        }
        if text.chars().count() > TEXT_MAX {
            fault(pointer.clone(), "must have at most 1000 characters");
        }
        match bound(text) {
            Err(error) => fault(pointer, &error.to_string()),
            Ok(true) if !is_payment => fault(pointer, &TextError::NotLinked.to_string()),
            Ok(false) if is_payment => fault(pointer, &TextError::NoLink.to_string()),
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Filling, fill};
    use super::*;

    fn pointers(settings: &OtpSettings) -> Vec<String> {
        settings.faults().into_iter().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn the_defaults_are_good_and_their_texts_fit_one_segment() {
        let settings = OtpSettings::default();
        assert_eq!(settings.faults(), []);
        for (locale, ..) in TEXTS {
            let filling = Filling { code: "1234567890", ttl_min: 30, ..Filling::default() };
            let text = fill(settings.text(locale, false), &filling).expect("a good text");
            assert!(text.chars().count() <= 140, "{text}");
            let linked = Filling { link: Some(("12.50 EUR", "Shop")), ..filling };
            let text = fill(settings.text(locale, true), &linked).expect("a good text");
            assert!(text.chars().count() <= 160, "{text}");
        }
    }

    #[test]
    fn the_gap_grows_up_to_ten_minutes() {
        let settings = OtpSettings::default();
        let gaps: Vec<u64> = (1..=7).map(|sends| settings.resend_gap(sends).as_secs()).collect();
        assert_eq!(gaps, [30, 60, 120, 240, 480, 600, 600]);
    }

    #[test]
    fn the_nearest_text_is_taken() {
        let own = [("de-AT", "AT {code}"), ("pt", "PT {code}")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let settings = OtpSettings { texts: own.into(), ..OtpSettings::default() };
        assert_eq!(settings.text("de-AT", false), "AT {code}");
        assert_eq!(settings.text("pt-BR", false), "PT {code}");
        assert!(settings.text("de", false).starts_with("{code} ist"));
        assert_eq!(settings.text("ja", false), "AT {code}", "the profile's own before another language of ours");
        assert!(OtpSettings::default().text("ja", true).contains("{payee}"));
    }

    #[test]
    fn each_fault_is_told_at_its_place() {
        let text = |text: &str| BTreeMap::from([("en".to_owned(), text.to_owned())]);
        let good = OtpSettings::default();
        for (settings, pointer) in [
            (OtpSettings { code: CodeForm { length: 3, ..good.code }, ..good.clone() }, "/code/length"),
            (
                OtpSettings { code: CodeForm { length: 4, ..good.code }, attempts_max: 6, ..good.clone() },
                "/attempts_max",
            ),
            (OtpSettings { attempts_max: 0, ..good.clone() }, "/attempts_max"),
            (OtpSettings { ttl_s: 29, ..good.clone() }, "/ttl_s"),
            (OtpSettings { sends_max: 0, ..good.clone() }, "/sends_max"),
            (OtpSettings { resend_gap_s: 9, ..good.clone() }, "/resend_gap_s"),
            (OtpSettings { sender: Some("far too long a name".into()), ..good.clone() }, "/sender"),
            (OtpSettings { app_hash: Some("short".into()), ..good.clone() }, "/app_hash"),
            (OtpSettings { origin: Some("https://bank.example".into()), ..good.clone() }, "/origin"),
            (OtpSettings { steps: Vec::new(), ..good.clone() }, "/steps"),
            (
                OtpSettings { steps: vec![Step { next_after_s: 1, ..Step::sms() }], ..good.clone() },
                "/steps/0/next_after_s",
            ),
            (OtpSettings { texts: text("none"), ..good.clone() }, "/texts/en"),
            (OtpSettings { texts: text("{code} {amount} {payee}"), ..good.clone() }, "/texts/en"),
            (OtpSettings { payment_texts: text("{code}"), ..good.clone() }, "/payment_texts/en"),
        ] {
            assert_eq!(pointers(&settings), [pointer], "{settings:?}");
        }
    }
}
