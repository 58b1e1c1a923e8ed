//! The reference: what was paid in, set aside, released, taken and returned, each counted by itself and never taken off.

use std::collections::BTreeMap;

use crate::ledger::{HoldState, HoldWord, Order, Refusal};

/// A wallet by what ever happened to it. A balance is worked out when it is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    pub(super) limit: i128,
    pub(super) paid_in: i128,
    pub(super) set_aside: i128,
    pub(super) released: i128,
    pub(super) taken: i128,
    pub(super) at_once: i128,
    pub(super) late: i128,
    pub(super) returned: i128,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct RefHold {
    pub(super) account: usize,
    pub(super) amount: i128,
    pub(super) taken: i128,
    pub(super) returned: i128,
    pub(super) state: HoldState,
    pub(super) ends_at: i64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Reference {
    pub(super) wallets: [Counted; 3],
    pub(super) holds: BTreeMap<i64, RefHold>,
}

impl Counted {
    pub(super) fn available(&self) -> i128 {
        self.paid_in + self.released + self.returned - self.set_aside - self.at_once - self.late
    }

    pub(super) fn held(&self) -> i128 {
        self.set_aside - self.released - self.taken
    }

    pub(super) fn can_pay(&self, micros: i128) -> bool {
        micros <= self.available() + self.limit
    }
}

impl Reference {
    /// What the order should come to: the moved amount, or the refusal. Counts it when it is not refused.
    pub(super) fn order(
        &mut self,
        (account, wallet): (usize, usize),
        order: &Order,
        now: i64,
        made: Option<i64>,
    ) -> Result<i128, Refusal> {
        match *order {
            Order::Debit { micros } => {
                let micros = self.payable(wallet, micros)?;
                self.wallets[wallet].at_once += micros;
                self.made(
                    made,
                    RefHold {
                        account,
                        amount: micros,
                        taken: micros,
                        returned: 0,
                        state: HoldState::Captured,
                        ends_at: i64::MAX,
                    },
                );
                Ok(micros)
            }
            Order::Hold { micros, expires_at } => {
                let micros = self.payable(wallet, micros)?;
                self.wallets[wallet].set_aside += micros;
                let (state, ends_at) = (HoldState::Open, expires_at.0);
                self.made(made, RefHold { account, amount: micros, taken: 0, returned: 0, state, ends_at });
                Ok(micros)
            }
            Order::Capture { hold, micros, last } => {
                let hold = self.own_open(account, hold.raw())?;
                if hold.ends_at <= now {
                    return Err(Refusal::Overdue);
                }
                let left = hold.amount - hold.taken;
                let micros = micros.map_or(left, i128::from);
                fits(micros, left)?;
                hold.taken += micros;
                let rest = if last { left - micros } else { 0 };
                if last || micros == left {
                    hold.state = HoldState::Captured;
                }
                self.wallets[wallet].taken += micros;
                self.wallets[wallet].released += rest;
                Ok(micros)
            }
            Order::Void { hold } => {
                let hold = self.own_open(account, hold.raw())?;
                let left = hold.amount - hold.taken;
                hold.state = if hold.taken > 0 { HoldState::Captured } else { HoldState::Voided };
                self.wallets[wallet].released += left;
                Ok(left)
            }
            Order::Refund { hold, micros } => {
                let hold = self.holds.get_mut(&hold.raw()).filter(|hold| hold.account == account);
                let hold = hold.ok_or(Refusal::UnknownHold)?;
                let left = hold.taken - hold.returned;
                let micros = micros.map_or(left, i128::from);
                fits(micros, left)?;
                hold.returned += micros;
                self.wallets[wallet].returned += micros;
                Ok(micros)
            }
        }
    }

    fn payable(&self, wallet: usize, micros: i64) -> Result<i128, Refusal> {
        let micros = i128::from(micros);
        if micros <= 0 {
            return Err(Refusal::Nothing);
        }
        if self.wallets[wallet].can_pay(micros) { Ok(micros) } else { Err(Refusal::Insufficient) }
    }

    fn made(&mut self, id: Option<i64>, hold: RefHold) {
        self.holds.insert(id.expect("an order that is paid for makes a hold"), hold);
    }

    fn own_open(&mut self, account: usize, id: i64) -> Result<&mut RefHold, Refusal> {
        let hold = self.holds.get_mut(&id).filter(|hold| hold.account == account).ok_or(Refusal::UnknownHold)?;
        if hold.state == HoldState::Open { Ok(hold) } else { Err(Refusal::Ended(HoldWord(hold.state))) }
    }
}

fn fits(micros: i128, left: i128) -> Result<(), Refusal> {
    match () {
        () if left == 0 && micros <= 0 => Err(Refusal::AboveLeft(0)),
        () if micros <= 0 => Err(Refusal::Nothing),
        () if micros > left => Err(Refusal::AboveLeft(i64::try_from(left).expect("an amount"))),
        () => Ok(()),
    }
}
