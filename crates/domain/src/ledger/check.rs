//! Whether all money is where it should be: one function, for the model tests after each step, for the audit of scenarios, and
//! for the job that runs beside the platform.
//!
//! It looks at sums that somebody else has added up. The numbers are those of the invariants in the reference: (1) the balances
//! of a currency add up to zero, (2) a balance is the sum of its postings, (3) no wallet is below its limit, (4) what is held is
//! the sum of what is open, nothing is captured above what was held, and a posting is the sum of its parts, (7) nothing stays
//! held beyond its time.

use std::collections::BTreeMap;
use std::fmt;

use super::balance::{Balance, BalanceKind};
use super::hold::Hold;
use crate::id::{AccountId, PostingId};
use crate::money::{Currency, Micros};
use crate::time::Timestamp;

/// Sums as of one moment. Whoever adds up may leave out what is known to be right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trial {
    /// Every ledger account.
    pub balances: Vec<TrialBalance>,
    /// Postings of charges and holds.
    pub postings: Vec<TrialCharges>,
    /// Wallets.
    pub wallets: Vec<TrialWallet>,
    /// Holds.
    pub holds: Vec<TrialHold>,
    /// Charges that are held although the time of their messages is over, by their segments' numbers.
    pub overdue_charges: Vec<i64>,
    /// Ledger accounts that are not whose, for what, or in the currency that sealed rows say.
    pub strange_balances: Vec<i64>,
    /// Holds whose time was over before this moment must have ended.
    pub holds_end_by: Timestamp,
}

/// A ledger account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialBalance {
    /// Its id.
    pub id: i64,
    /// What it is for.
    pub kind: BalanceKind,
    /// Its currency.
    pub currency: Currency,
    /// What its row says, in micros.
    pub balance_micros: i64,
    /// Credits minus debits of its postings.
    pub postings_micros: i64,
}

/// A posting beside the charges and commands that name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialCharges {
    /// Which.
    pub posting: PostingId,
    /// What its row says, in micros; 0 when there is none.
    pub amount_micros: i64,
    /// The sum of what names it.
    pub charges_micros: i64,
}

/// A wallet beside what is open of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialWallet {
    /// Whose.
    pub account: AccountId,
    /// As stored.
    pub balance: Balance,
    /// The sum of charges and holds that are open; `None` when nobody has added them up.
    pub open_micros: Option<i64>,
    /// How far late facts, and limits that were lowered, may have taken it below its limit; `None`: not known.
    pub excused_micros: Option<i64>,
}

/// A hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialHold {
    /// Its number.
    pub id: i64,
    /// As stored.
    pub hold: Hold,
    /// Whether it is what its commands add up to, as far as anybody has added them up.
    pub is_told: bool,
}

/// What does not add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// (1) The balances of a currency add up to this.
    CurrencyNotZero(Currency, i128),
    /// (2) A balance is not the sum of its postings.
    Balance(TrialBalance),
    /// (4) A posting is not the sum of what names it.
    Posting(TrialCharges),
    /// (3) A wallet is below its limit without an excuse.
    BelowLimit(TrialWallet),
    /// (4) What is held is not the sum of what is open, or below zero.
    Held(TrialWallet),
    /// (4) More is captured than was held, or refunded than captured, or an amount is below zero.
    Hold(TrialHold),
    /// (4) A hold is not what its commands add up to.
    HoldUntold(TrialHold),
    /// (7) A hold is open beyond its time.
    HoldOverdue(TrialHold),
    /// (7) A charge is held beyond its message's time.
    ChargeOverdue(i64),
    /// (2) A ledger account is not what those say who paid into it or from it.
    Strange(i64),
}

/// All that does not add up.
pub fn check(trial: &Trial) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut sums = BTreeMap::<Currency, i128>::new();
    for balance in &trial.balances {
        *sums.entry(balance.currency).or_default() += i128::from(balance.balance_micros);
        if balance.balance_micros != balance.postings_micros {
            breaches.push(Breach::Balance(*balance));
        }
    }
    let not_zero = sums.into_iter().filter(|(_, sum)| *sum != 0);
    breaches.extend(not_zero.map(|(currency, sum)| Breach::CurrencyNotZero(currency, sum)));
    let unequal = trial.postings.iter().filter(|posting| posting.amount_micros != posting.charges_micros);
    breaches.extend(unequal.copied().map(Breach::Posting));
    breaches.extend(trial.wallets.iter().flat_map(wallet));
    breaches.extend(trial.holds.iter().flat_map(|hold| self::hold(hold, trial.holds_end_by)));
    breaches.extend(trial.overdue_charges.iter().copied().map(Breach::ChargeOverdue));
    breaches.extend(trial.strange_balances.iter().copied().map(Breach::Strange));
    breaches
}

fn wallet(wallet: &TrialWallet) -> impl Iterator<Item = Breach> {
    let Balance { held_micros, .. } = wallet.balance;
    let held = held_micros < 0 || wallet.open_micros.is_some_and(|open| open != held_micros);
    let below = wallet.excused_micros.is_some_and(|excused| wallet.balance.below_limit_micros() > excused);
    [held.then_some(Breach::Held(*wallet)), below.then_some(Breach::BelowLimit(*wallet))].into_iter().flatten()
}

fn hold(hold: &TrialHold, end_by: Timestamp) -> impl Iterator<Item = Breach> {
    let Hold { amount_micros, captured_micros, refunded_micros, .. } = hold.hold;
    let possible = 0 <= refunded_micros && refunded_micros <= captured_micros && captured_micros <= amount_micros;
    let overdue = hold.hold.is_overdue(end_by);
    let breaches = [
        (!hold.is_told).then_some(Breach::HoldUntold(*hold)),
        (hold.is_told && !possible).then_some(Breach::Hold(*hold)),
        (hold.is_told && overdue).then_some(Breach::HoldOverdue(*hold)),
    ];
    breaches.into_iter().flatten()
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CurrencyNotZero(currency, micros) => {
                write!(f, "the balances in {currency} add up to {micros} micros, not to zero")
            }
            Self::Balance(TrialBalance { id, kind, balance_micros, postings_micros, .. }) => {
                let (balance, postings) = (Micros(*balance_micros), Micros(*postings_micros));
                write!(f, "the {} balance {id} is {balance}, its postings add up to {postings}", kind.as_str())
            }
            Self::Posting(TrialCharges { posting, amount_micros, charges_micros }) => {
                let (amount, charges) = (Micros(*amount_micros), Micros(*charges_micros));
                write!(f, "posting {posting} is of {amount}, what names it adds up to {charges}")
            }
            Self::BelowLimit(TrialWallet { account, balance, .. }) => {
                write!(f, "the wallet of {account} is {} below its limit", Micros(balance.below_limit_micros()))
            }
            Self::Held(TrialWallet { account, balance, open_micros, .. }) => {
                let (held, open) = (Micros(balance.held_micros), Micros(open_micros.unwrap_or_default()));
                write!(f, "{held} is held for {account}, what is open adds up to {open}")
            }
            Self::Hold(TrialHold { id, hold, .. }) => {
                let amounts = [hold.amount_micros, hold.captured_micros, hold.refunded_micros].map(Micros);
                let [amount, captured, refunded] = amounts;
                write!(f, "hold {id} of {amount} has {captured} captured and {refunded} refunded")
            }
            Self::HoldUntold(TrialHold { id, hold, .. }) => {
                let amounts = [hold.amount_micros, hold.captured_micros, hold.refunded_micros].map(Micros);
                let [amount, captured, refunded] = amounts;
                write!(
                    f,
                    "hold {id} of {amount}, {captured} captured and {refunded} refunded, is not what its commands add up to"
                )
            }
            Self::HoldOverdue(TrialHold { id, .. }) => write!(f, "hold {id} is open beyond its time"),
            Self::ChargeOverdue(id) => write!(f, "the charge of segment {id} is held beyond its message's time"),
            Self::Strange(id) => {
                write!(
                    f,
                    "the balance {id} is not whose, for what or in the currency that its payments and charges say"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::hold::HoldState;

    const ACCOUNT: AccountId = AccountId::from_raw(256);

    fn sound() -> Trial {
        let currency = "EUR".parse().unwrap();
        let row =
            |id, kind, micros| TrialBalance { id, kind, currency, balance_micros: micros, postings_micros: micros };
        let balance = Balance { available_micros: 60, held_micros: 40, credit_limit_micros: 0, currency };
        Trial {
            balances: vec![
                row(1, BalanceKind::Wallet, 60),
                row(2, BalanceKind::Held, 40),
                row(3, BalanceKind::Funding, -100),
            ],
            postings: vec![TrialCharges { posting: PostingId::from_raw(9), amount_micros: 40, charges_micros: 40 }],
            wallets: vec![TrialWallet { account: ACCOUNT, balance, open_micros: Some(40), excused_micros: Some(0) }],
            holds: vec![TrialHold { id: 7, hold: Hold::open(40, Timestamp(100)), is_told: true }],
            overdue_charges: vec![],
            strange_balances: vec![],
            holds_end_by: Timestamp(50),
        }
    }

    #[test]
    fn what_adds_up_is_not_complained_of() {
        assert_eq!(check(&sound()), []);
        assert_eq!(check(&Trial::default()), []);
    }

    #[test]
    fn every_kind_of_breach_is_found_alone_and_told_in_words() {
        type Spoil = fn(&mut Trial);
        let cases: [(Spoil, &str); 11] = [
            (
                |t| t.strange_balances.push(1),
                "the balance 1 is not whose, for what or in the currency that its payments and charges say",
            ),
            (
                |t| t.balances[0].postings_micros = 61,
                "the wallet balance 1 is 0.00006, its postings add up to 0.000061",
            ),
            (|t| t.postings[0].charges_micros = 39, "is of 0.00004, what names it adds up to 0.000039"),
            (|t| t.wallets[0].balance.available_micros = -1, "is 0.000001 below its limit"),
            (|t| t.wallets[0].open_micros = Some(41), "0.00004 is held for"),
            (|t| t.wallets[0].balance.held_micros = -1, "-0.000001 is held for"),
            (|t| t.holds[0].hold.captured_micros = 41, "has 0.000041 captured"),
            (|t| t.holds[0].hold.refunded_micros = 1, "and 0.000001 refunded"),
            (|t| t.holds[0].is_told = false, "is not what its commands add up to"),
            (|t| t.holds_end_by = Timestamp(100), "hold 7 is open beyond its time"),
            (|t| t.overdue_charges.push(5), "the charge of segment 5"),
        ];
        for (spoil, text) in cases {
            let mut trial = sound();
            spoil(&mut trial);
            let breaches = check(&trial);
            assert_eq!(breaches.len(), 1, "{text}: {breaches:?}");
            assert!(breaches[0].to_string().contains(text), "{text}: {}", breaches[0]);
        }
        let mut trial = sound();
        trial.balances[0].balance_micros = 61;
        trial.balances[0].postings_micros = 61;
        assert_eq!(check(&trial)[0].to_string(), "the balances in EUR add up to 1 micros, not to zero");
    }

    #[test]
    fn what_has_ended_is_not_overdue() {
        let mut trial = sound();
        trial.holds_end_by = Timestamp(1_000);
        trial.holds[0].hold.state = HoldState::Voided;
        assert_eq!(check(&trial), []);
    }
}
