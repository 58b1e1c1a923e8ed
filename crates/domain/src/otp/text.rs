//! The text that a code comes in: a template with `{code}`, `{ttl}`, `{amount}`, `{payee}` and `{app_hash}`, and the lines that
//! phones look for.

/// What can stand in braces.
const PLACES: [&str; 5] = ["code", "ttl", "amount", "payee", "app_hash"];
/// Octets of a text that Android's SMS Retriever reads.
const APP_TEXT_OCTETS_MAX: usize = 140;

/// What is put into a template.
#[derive(Debug, Clone, Default)]
pub struct Filling<'a> {
    /// The code.
    pub code: &'a str,
    /// Whole minutes that it holds.
    pub ttl_min: u64,
    /// Amount with currency, and payee, where the code is bound to them.
    pub link: Option<(&'a str, &'a str)>,
    /// The 11 characters by which an Android app knows its messages.
    pub app_hash: Option<&'a str>,
    /// The website that may fill in the code by itself.
    pub origin: Option<&'a str>,
}

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// A brace without its other, or an unknown word in braces.
    #[error("{{{0}}} is none of {{code}}, {{ttl}}, {{amount}}, {{payee}} and {{app_hash}}")]
    Unknown(String),
    /// The person must be told the code.
    #[error("it has no {{code}}")]
    NoCode,
    /// The payer must see both.
    #[error("a code that is bound to an amount and a payee is told with {{amount}} and {{payee}}")]
    NoLink,
    /// There is nothing to put in.
    #[error("{{amount}} and {{payee}} are for codes that are bound to them")]
    NotLinked,
    /// There is nothing to put in.
    #[error("{{app_hash}} needs an app hash")]
    NoAppHash,
    /// The phone would not give it to the app.
    #[error("with an app hash the text has at most 140 octets, and this one has {0}")]
    TooLongForApp(usize),
}

/// Puts the values into a template. What is put in is not looked through again: a payee with braces stays as it is.
///
/// The hash of an app goes on a line of its own unless the template has a place for it; the origin is always the last line, as
/// `@example.com #123456`.
///
/// # Errors
/// [`TextError`].
pub fn fill(template: &str, filling: &Filling<'_>) -> Result<String, TextError> {
    let ttl = filling.ttl_min.to_string();
    let mut text = String::with_capacity(template.len() + 64);
    let (mut has_code, mut links, mut has_hash) = (false, 0, false);
    for piece in pieces(template)? {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Place("code") => {
                has_code = true;
                text.push_str(filling.code);
            }
            Piece::Place("ttl") => text.push_str(&ttl),
            Piece::Place("app_hash") => {
                has_hash = true;
                text.push_str(filling.app_hash.ok_or(TextError::NoAppHash)?);
            }
            Piece::Place(place) => {
                let (amount, payee) = filling.link.ok_or(TextError::NotLinked)?;
                links |= if place == "amount" { 1 } else { 2 };
                text.push_str(if place == "amount" { amount } else { payee });
            }
        }
    }
    if !has_code {
        return Err(TextError::NoCode);
    }
    if filling.link.is_some() && links != 3 {
        return Err(TextError::NoLink);
    }
    if let Some(hash) = filling.app_hash.filter(|_| !has_hash) {
        text.push('\n');
        text.push_str(hash);
    }
    if let Some(origin) = filling.origin {
        text.push_str(&format!("\n@{origin} #{}", filling.code));
    }
    match filling.app_hash {
        Some(_) if text.len() > APP_TEXT_OCTETS_MAX => Err(TextError::TooLongForApp(text.len())),
        _ => Ok(text),
    }
}

/// Whether a template tells amount and payee.
///
/// # Errors
/// [`TextError`] when it can never be used.
pub fn bound(template: &str) -> Result<bool, TextError> {
    let places: Vec<_> = pieces(template)?.into_iter().filter_map(Piece::place).collect();
    let has = |place| places.contains(&place);
    if !has("code") {
        return Err(TextError::NoCode);
    }
    if has("amount") != has("payee") {
        return Err(TextError::NoLink);
    }
    Ok(has("amount"))
}

/// Whether this is the hash of an Android app: 11 characters of base64.
pub fn app_hash_fits(hash: &str) -> bool {
    hash.len() == 11 && hash.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'+' || octet == b'/')
}

/// Whether this is the host of a website: labels of letters, digits and hyphens, at least two of them.
pub fn origin_fits(origin: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    origin.len() <= 100 && origin.contains('.') && origin.split('.').all(label)
}

enum Piece<'a> {
    Text(&'a str),
    Place(&'a str),
}

impl<'a> Piece<'a> {
    fn place(self) -> Option<&'a str> {
        match self {
            Self::Text(_) => None,
            Self::Place(place) => Some(place),
        }
    }
}

fn pieces(template: &str) -> Result<Vec<Piece<'_>>, TextError> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (place, later) = after.split_once('}').ok_or_else(|| TextError::Unknown(after.to_owned()))?;
        if !PLACES.contains(&place) {
            return Err(TextError::Unknown(place.to_owned()));
        }
        pieces.extend([Piece::Text(before), Piece::Place(place)]);
        rest = later;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filling() -> Filling<'static> {
        Filling { code: "123456", ttl_min: 5, ..Filling::default() }
    }

    #[test]
    fn a_template_is_filled() {
        let filled = fill("{code} is your code for {ttl} minutes.", &filling());
        assert_eq!(filled.as_deref(), Ok("123456 is your code for 5 minutes."));
    }

    #[test]
    fn amount_and_payee_are_told_both_or_refused() {
        let linked = Filling { link: Some(("12.50 EUR", "Shop {code}")), ..filling() };
        let filled = fill("{code}: pay {amount} to {payee}", &linked);
        assert_eq!(filled.as_deref(), Ok("123456: pay 12.50 EUR to Shop {code}"), "what is put in is not read again");
        for short in ["{code}", "{code} {amount}", "{code} {payee}"] {
            assert_eq!(fill(short, &linked), Err(TextError::NoLink), "{short}");
        }
        assert_eq!(fill("{code} {amount} {payee}", &filling()), Err(TextError::NotLinked));
    }

    #[test]
    fn the_lines_that_phones_look_for_come_last() {
        let app = Filling { app_hash: Some("FA+9qCX9VSu"), ..filling() };
        assert_eq!(fill("Code {code}", &app).as_deref(), Ok("Code 123456\nFA+9qCX9VSu"));
        assert_eq!(fill("<#> {code} {app_hash}", &app).as_deref(), Ok("<#> 123456 FA+9qCX9VSu"));
        let web = Filling { origin: Some("bank.example"), ..app };
        assert_eq!(fill("Code {code}", &web).as_deref(), Ok("Code 123456\nFA+9qCX9VSu\n@bank.example #123456"));
        let long = "x".repeat(123) + "{code}";
        assert_eq!(fill(&long, &app), Err(TextError::TooLongForApp(141)));
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for (template, error) in [
            ("no code", TextError::NoCode),
            ("{code} {name}", TextError::Unknown("name".into())),
            ("{code", TextError::Unknown("code".into())),
            ("{code} {app_hash}", TextError::NoAppHash),
        ] {
            assert_eq!(fill(template, &filling()), Err(error), "{template}");
        }
    }

    #[test]
    fn a_template_says_whether_it_is_for_payments() {
        assert_eq!(bound("{code}"), Ok(false));
        assert_eq!(bound("{code} {amount} {payee}"), Ok(true));
        assert_eq!(bound("{code} {amount}"), Err(TextError::NoLink));
        assert_eq!(bound("hello"), Err(TextError::NoCode));
    }

    #[test]
    fn hashes_and_hosts_have_their_form() {
        assert!(app_hash_fits("FA+9qCX9VSu") && !app_hash_fits("FA+9qCX9VS") && !app_hash_fits("FA+9qCX9VS\n"));
        for good in ["bank.example", "login.bank-1.example"] {
            assert!(origin_fits(good), "{good}");
        }
        for bad in ["bank", "https://bank.example", "bank.example/x", "-a.example", "Bank.example", "a..b", ".example"]
        {
            assert!(!origin_fits(bad), "{bad}");
        }
    }
}
