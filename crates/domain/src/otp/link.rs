//! Dynamic linking (PSD2, RTS article 5): a code that is good for one amount and one payee only.

use crate::money::{Currency, Micros};

/// What a code is bound to. It is in the text, in what is kept of the code, and has to be given again when it is checked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Link {
    /// The amount, in micros of the currency.
    pub amount_micros: i64,
    /// Its currency.
    pub currency: Currency,
    /// Who is paid, as the payer reads it.
    pub payee: String,
}

/// Characters of a payee at most.
const PAYEE_MAX: usize = 64;

impl Link {
    /// A link, when its parts are possible.
    ///
    /// # Errors
    /// The field that is not, and why.
    pub fn new(amount_micros: i64, currency: Currency, payee: &str) -> Result<Self, (&'static str, &'static str)> {
        let payee = payee.trim();
        if amount_micros <= 0 {
            return Err(("amount", "must be above zero"));
        }
        if payee.is_empty() || payee.chars().count() > PAYEE_MAX {
            return Err(("payee", "must have 1 to 64 characters"));
        }
        if payee.chars().any(|c| c.is_control() || turns(c)) {
            return Err(("payee", "must not hold control characters, nor such that turn the direction of writing"));
        }
        Ok(Self { amount_micros, currency, payee: payee.to_owned() })
    }

    /// The amount as people read it: `12.50 EUR`.
    pub fn amount_text(&self) -> String {
        format!("{} {}", Micros(self.amount_micros), self.currency)
    }

    /// One text for one link, whatever is in it: each part says how long it is. `None`, no link, has a text of its own.
    pub fn canonical(link: Option<&Self>) -> Vec<u8> {
        let Some(Self { amount_micros, currency, payee }) = link else { return vec![0] };
        let mut octets = vec![1];
        octets.extend(amount_micros.to_be_bytes());
        for part in [currency.as_str(), payee] {
            octets.extend((part.len() as u64).to_be_bytes());
            octets.extend(part.as_bytes());
        }
        octets
    }
}

/// Whether it has what follows shown in another order (UAX #9): a payer would read another amount.
fn turns(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(amount_micros: i64, currency: &str, payee: &str) -> Link {
        Link::new(amount_micros, currency.parse().expect("a currency"), payee).expect("a link")
    }

    #[test]
    fn different_links_have_different_texts() {
        let links = [
            link(12_500_000, "EUR", "Shop"),
            link(12_500_001, "EUR", "Shop"),
            link(12_500_000, "USD", "Shop"),
            link(12_500_000, "EUR", "Shop 2"),
            link(12_500_000, "EUR", "shop"),
        ];
        let mut texts: Vec<_> = links.iter().map(|link| Link::canonical(Some(link))).collect();
        texts.push(Link::canonical(None));
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), 6);
    }

    #[test]
    fn blanks_around_the_payee_do_not_count() {
        assert_eq!(link(1, "EUR", " Shop "), link(1, "EUR", "Shop"));
    }

    #[test]
    fn what_nobody_can_pay_is_no_link() {
        let eur: Currency = "EUR".parse().expect("a currency");
        for (amount, payee, field) in [
            (0, "Shop", "amount"),
            (-1, "Shop", "amount"),
            (1, " ", "payee"),
            (1, "a\nb", "payee"),
            (1, "\u{202E}knaB\u{202C}", "payee"),
        ] {
            assert_eq!(Link::new(amount, eur, payee).expect_err("no link").0, field);
        }
        assert!(Link::new(1, eur, &"x".repeat(65)).is_err());
    }

    #[test]
    fn the_amount_reads_as_it_is_paid() {
        assert_eq!(link(12_500_000, "EUR", "Shop").amount_text(), "12.50 EUR");
    }
}
