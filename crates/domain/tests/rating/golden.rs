//! `golden.txt`: its expectations were written by hand.

use std::collections::HashMap;
use std::sync::Arc;

use sambac_domain::rating::{Effective, PriceBook, Rate, RateQuery, Sheet, price_of_segments};
use sambac_domain::{
    ChargePolicy, Currency, Micros, Msisdn, OperatorGroupId, RateId, SenderForm, SheetId, Timestamp, TrafficClass,
    parse_micros,
};

/// A book while it is read.
struct Book {
    currency: Currency,
    sheets: Vec<(Timestamp, Timestamp, Vec<Rate>)>,
    labels: HashMap<RateId, String>,
}

impl Book {
    fn new(currency: &str) -> Self {
        Self { currency: currency.parse().unwrap(), sheets: Vec::new(), labels: HashMap::new() }
    }

    fn sheet(&mut self, from: &str, to: Option<&&str>) {
        let moment = |text: &str| Timestamp(text.parse().unwrap());
        self.sheets.push((moment(from), to.map_or(Timestamp::MAX, |to| moment(to)), Vec::new()));
    }

    fn rate(&mut self, words: &[&str]) {
        let id = RateId::from_raw(i64::try_from(self.labels.len()).unwrap() + 1);
        self.labels.insert(id, words[0].to_owned());
        let mut rate = Rate {
            id,
            scope: scope(words[1]),
            sender: None,
            class: None,
            price_micros: -1,
            policy: ChargePolicy::Delivered,
        };
        for word in &words[2..] {
            if let Ok(sender) = word.parse::<SenderForm>() {
                rate.sender = Some(sender);
            } else if let Some(class) = class(word) {
                rate.class = Some(class);
            } else if let Ok(policy) = word.parse() {
                rate.policy = policy;
            } else {
                rate.price_micros = parse_micros(word).unwrap();
            }
        }
        assert!(rate.price_micros >= 0, "a rate without a price: {words:?}");
        self.sheets.last_mut().unwrap().2.push(rate);
    }

    fn ready(&self) -> PriceBook {
        let effective = |(number, (from, to, rates)): (i64, &(Timestamp, Timestamp, Vec<Rate>))| {
            let sheet = Some(Arc::new(Sheet::new(SheetId::from_raw(number), rates.clone())));
            Effective { from: *from, to: *to, sheet }
        };
        PriceBook::new(self.currency, (1..).zip(&self.sheets).map(effective).collect())
    }
}

/// Groups are numbered in the file.
fn scope(text: &str) -> sambac_domain::RateScope {
    match text.strip_prefix("group:") {
        Some(number) => sambac_domain::RateScope::Group(OperatorGroupId::from_raw(number.parse().unwrap())),
        None => text.parse().unwrap(),
    }
}

fn class(word: &str) -> Option<TrafficClass> {
    TrafficClass::ALL.into_iter().find(|class| class.as_str() == word)
}

/// A question: what is asked, when, and for how many segments.
fn question(text: &str) -> (RateQuery, Timestamp, u8) {
    let mut query = RateQuery {
        destination: Msisdn::from_u64(447_700_900_123).unwrap(),
        mcc_mnc: None,
        group: None,
        country: None,
        sender: SenderForm::Name,
        class: TrafficClass::Otp,
    };
    let (mut at, mut segments) = (Timestamp(0), 1);
    for word in text.split_whitespace() {
        let (key, value) = word.split_once('=').unwrap_or_else(|| panic!("{word}"));
        match key {
            "to" => query.destination = number(value),
            "net" => query.mcc_mnc = Some(value.parse().unwrap()),
            "country" => query.country = Some(value.parse().unwrap()),
            "group" => query.group = Some(OperatorGroupId::from_raw(value.parse().unwrap())),
            "sender" => query.sender = value.parse().unwrap(),
            "class" => query.class = class(value).unwrap(),
            "at" => at = Timestamp(value.parse().unwrap()),
            "n" => segments = value.parse().unwrap(),
            _ => panic!("{word}"),
        }
    }
    (query, at, segments)
}

fn number(digits: &str) -> Msisdn {
    Msisdn::from_u64(digits.parse().unwrap()).unwrap()
}

/// What the book says, in the words of the file.
fn answer(book: &Book, text: &str) -> String {
    let (query, at, segments) = question(text);
    let Some(priced) = book.ready().price(at, &query) else { return "none".to_owned() };
    let total = price_of_segments(priced.price_micros, segments);
    let total = total.map_or_else(|_| "overflow".to_owned(), |micros| Micros(micros).to_string());
    format!("{} {total} {}", book.labels[&priced.rate_id], priced.policy)
}

/// The expectation in the same words: the total as a person writes it.
fn expected(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let total =
        |word: &str| parse_micros(word).map_or_else(|_| "overflow".to_owned(), |micros| Micros(micros).to_string());
    match words[..] {
        ["none"] => "none".to_owned(),
        [label, "overflow"] | [label, _, "overflow"] => format!("{label} overflow delivered"),
        [label, sum] => format!("{label} {} delivered", total(sum)),
        [label, sum, policy] => format!("{label} {} {policy}", total(sum)),
        _ => panic!("{text}"),
    }
}

#[test]
fn every_example_is_priced_as_its_author_expected() {
    let mut book = Book::new("EUR");
    let (mut examples, mut wrong) = (0, Vec::new());
    for (line, text) in (1..).zip(include_str!("golden.txt").lines()) {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.first() {
            None => {}
            Some(word) if word.starts_with('#') => {}
            Some(&"book") => book = Book::new(words[1]),
            Some(&"sheet") => book.sheet(words[1], words.get(2)),
            Some(&"rate") => book.rate(&words[1..]),
            Some(_) => {
                let (asked, wanted) = text.split_once("->").unwrap_or_else(|| panic!("line {line}: {text}"));
                let (answer, wanted) = (answer(&book, asked), expected(wanted));
                if answer != wanted {
                    wrong.push(format!("line {line}: {asked}-> {answer}, not {wanted}"));
                }
                examples += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(examples >= 200, "only {examples} examples");
}
