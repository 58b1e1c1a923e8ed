//! What accounts have spent today and this month, in memory: the group commit asks it for each message.

use std::collections::HashMap;
use std::fmt;

use super::limits::{Cap, Caps, SpendingLimits};
use crate::id::AccountId;
use crate::number::Country;
use crate::time::Timestamp;

/// An amount of spending; below zero where something is given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Messages.
    pub messages: i64,
    /// Their price, in micros.
    pub micros: i64,
}

/// Over which time a cap counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A day of UTC.
    Day,
    /// A month of UTC.
    Month,
}

/// What a cap counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Messages.
    Messages,
    /// Money.
    Money,
}

/// Which cap a message would go over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Over which time.
    pub period: Period,
    /// What it counts.
    pub of: Of,
    /// Of which country, when not of all.
    pub country: Option<Country>,
}

/// What has been spent, by account and country.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    accounts: HashMap<AccountId, Account>,
}

#[derive(Clone, Debug, Default)]
struct Account {
    all: Periods,
    countries: HashMap<Country, Periods>,
}

/// The latest day and month that anything was spent in. What comes late of earlier ones changes nothing that is still asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Periods {
    day: i64,
    today: Spent,
    month: i64,
    this_month: Spent,
}

impl Meter {
    /// Whether the account may spend `micros` on a message now.
    ///
    /// # Errors
    /// The cap that it would go over.
    pub fn allows(
        &self,
        account: AccountId,
        limits: &SpendingLimits,
        country: Option<Country>,
        micros: i64,
        now: Timestamp,
    ) -> Result<(), Reached> {
        if !limits.has_caps() {
            return Ok(());
        }
        let spent = self.accounts.get(&account);
        check(spent.map(|spent| &spent.all), &limits.all, None, micros, now)?;
        let Some(caps) = country.and_then(|country| limits.countries.get(&country)) else { return Ok(()) };
        let of_country = spent.zip(country).and_then(|(spent, country)| spent.countries.get(&country));
        check(of_country, caps, country, micros, now)
    }

    /// Counts what was spent at that time, or takes it back.
    pub fn add(&mut self, account: AccountId, country: Option<Country>, at: Timestamp, spent: Spent) {
        let account = self.accounts.entry(account).or_default();
        account.all.add(at, spent);
        if let Some(country) = country {
            account.countries.entry(country).or_default().add(at, spent);
        }
    }
}

impl Periods {
    fn add(&mut self, at: Timestamp, spent: Spent) {
        let (day, month) = (at.day(), at.month());
        if day > self.day {
            (self.day, self.today) = (day, Spent::default());
        }
        if month > self.month {
            (self.month, self.this_month) = (month, Spent::default());
        }
        if day == self.day {
            self.today.add(spent);
        }
        if month == self.month {
            self.this_month.add(spent);
        }
    }
}

impl Spent {
    fn add(&mut self, other: Self) {
        self.messages = self.messages.saturating_add(other.messages);
        self.micros = self.micros.saturating_add(other.micros);
    }

    fn check(self, cap: Cap, micros: i64) -> Result<(), Of> {
        if cap.messages.is_some_and(|most| self.messages.saturating_add(1) > most) {
            return Err(Of::Messages);
        }
        if cap.micros.is_some_and(|most| self.micros.saturating_add(micros) > most) {
            return Err(Of::Money);
        }
        Ok(())
    }
}

fn check(
    spent: Option<&Periods>,
    caps: &Caps,
    country: Option<Country>,
    micros: i64,
    now: Timestamp,
) -> Result<(), Reached> {
    let spent = spent.copied().unwrap_or_default();
    let today = if spent.day == now.day() { spent.today } else { Spent::default() };
    let this_month = if spent.month == now.month() { spent.this_month } else { Spent::default() };
    today.check(caps.daily, micros).map_err(|of| Reached { period: Period::Day, of, country })?;
    this_month.check(caps.monthly, micros).map_err(|of| Reached { period: Period::Month, of, country })
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = match self.of {
            Of::Messages => "messages",
            Of::Money => "money",
        };
        let (period, next) = match self.period {
            Period::Day => ("day", "the next day"),
            Period::Month => ("month", "the next month"),
        };
        write!(f, "the account's limit of {of} of a {period}")?;
        if let Some(country) = self.country {
            write!(f, " for {country}")?;
        }
        write!(f, " is reached; it counts anew with {next} (UTC)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BANK: AccountId = AccountId::from_raw(256);
    const HOUR: i64 = 3_600_000_000;
    /// The first of a month, at midnight.
    const FIRST: Timestamp = Timestamp(1_767_225_600_000_000);

    fn at(hours: i64) -> Timestamp {
        Timestamp(FIRST.0 + hours * HOUR)
    }

    fn country(code: &str) -> Option<Country> {
        Some(code.parse().unwrap())
    }

    fn spent(messages: i64, micros: i64) -> Spent {
        Spent { messages, micros }
    }

    fn daily(cap: Cap) -> SpendingLimits {
        SpendingLimits { all: Caps { daily: cap, ..Caps::default() }, ..SpendingLimits::default() }
    }

    #[test]
    fn a_day_ends_at_midnight_and_a_month_does_not() {
        let mut meter = Meter::default();
        let mut limits = daily(Cap { messages: Some(2), micros: None });
        limits.all.monthly.messages = Some(3);
        for _ in 0..2 {
            meter.allows(BANK, &limits, None, 5, at(23)).unwrap();
            meter.add(BANK, None, at(23), spent(1, 5));
        }
        let reached = meter.allows(BANK, &limits, None, 5, at(23)).unwrap_err();
        assert_eq!((reached.period, reached.of), (Period::Day, Of::Messages));
        meter.allows(BANK, &limits, None, 5, at(24)).unwrap();
        meter.add(BANK, None, at(24), spent(1, 5));
        let reached = meter.allows(BANK, &limits, None, 5, at(25)).unwrap_err();
        assert_eq!(reached.period, Period::Month);
        meter.allows(BANK, &limits, None, 5, at(31 * 24)).unwrap();
    }

    #[test]
    fn money_may_reach_its_cap_and_not_go_over_it() {
        let mut meter = Meter::default();
        let limits = daily(Cap { messages: None, micros: Some(10) });
        meter.add(BANK, None, at(0), spent(1, 6));
        meter.allows(BANK, &limits, None, 4, at(1)).unwrap();
        assert_eq!(meter.allows(BANK, &limits, None, 5, at(1)).unwrap_err().of, Of::Money);
        meter.allows(AccountId::from_raw(512), &limits, None, 10, at(1)).unwrap();
    }

    #[test]
    fn a_country_has_caps_of_its_own_besides_those_of_all() {
        let mut meter = Meter::default();
        let mut limits = daily(Cap { messages: Some(2), micros: None });
        let one = Caps { daily: Cap { messages: Some(1), micros: None }, ..Caps::default() };
        limits.countries.insert("GB".parse().unwrap(), one);
        meter.add(BANK, country("GB"), at(0), spent(1, 5));
        let reached = meter.allows(BANK, &limits, country("GB"), 5, at(1)).unwrap_err();
        assert_eq!(reached.country, country("GB"));
        assert_eq!(
            reached.to_string(),
            "the account's limit of messages of a day for GB is reached; it counts anew with the next day (UTC)"
        );
        meter.allows(BANK, &limits, country("DE"), 5, at(1)).unwrap();
        meter.add(BANK, country("DE"), at(1), spent(1, 5));
        assert_eq!(meter.allows(BANK, &limits, country("FR"), 5, at(1)).unwrap_err().country, None);
    }

    #[test]
    fn what_is_given_back_counts_for_the_day_on_which_it_was_spent() {
        let mut meter = Meter::default();
        let limits = daily(Cap { messages: None, micros: Some(10) });
        meter.add(BANK, None, at(1), spent(1, 10));
        meter.add(BANK, None, at(1), spent(0, -4));
        meter.allows(BANK, &limits, None, 4, at(2)).unwrap();
        meter.add(BANK, None, at(24), spent(1, 10));
        // Of yesterday: today's money is no less spent.
        meter.add(BANK, None, at(1), spent(0, -6));
        assert!(meter.allows(BANK, &limits, None, 1, at(24)).is_err());
    }
}
