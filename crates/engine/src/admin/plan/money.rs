//! Tariffs and accounts with their ledger accounts and payments.

use std::collections::HashSet;

use sambac_domain::{AccountId, Currency, RateId, TariffId, parse_micros};
use sambac_store::chain::{SHARD_OF_ENGINE, SHARD_OF_PAYMENTS};
use sambac_store::rows::{AccountRow, BalanceKind, BalanceRow, RateRow, TariffRow};

use super::{Credit, Draft, Faults, access_state, mcc, mcc_mnc, prefix};
use crate::admin::file::{Account, Payment, Rate, Tariff};

impl Draft<'_> {
    pub(super) fn tariff(&mut self, tariff: &Tariff) -> Result<(), Faults> {
        let mut faults = Faults::default();
        let currency = faults.keep(currency(&tariff.currency));
        let stored = self.context.stored.tariffs.iter().find(|row| row.name == tariff.name);
        let is_another = stored.is_some_and(|row| currency.is_some_and(|currency| row.currency != currency));
        faults.check(!is_another, "the currency of a tariff cannot change; make another tariff");
        let id = stored.map_or_else(|| TariffId::from_raw(self.next_id()), |row| row.id);
        let rates = self.rates(id, &tariff.rate, &mut faults);
        if let Some(currency) = currency {
            self.known.tariffs.insert(tariff.name.clone(), (id, currency));
        }
        faults.none()?;
        let Some(currency) = currency else { return Ok(()) };
        let created_at = stored.map_or(self.context.now, |row| row.created_at);
        let row = TariffRow { id, name: tariff.name.clone(), currency, created_at };
        let mut before: Vec<_> = self.context.stored.rates.iter().filter(|rate| rate.tariff_id == row.id).collect();
        let mut after: Vec<_> = rates.iter().collect();
        before.sort_by_key(|rate| rate.id);
        after.sort_by_key(|rate| rate.id);
        if stored != Some(&row) || before != after {
            self.changes.tariffs.push((row, rates));
        }
        Ok(())
    }

    /// A line keeps its id while it is for the same destinations.
    fn rates(&self, tariff_id: TariffId, rates: &[Rate], faults: &mut Faults) -> Vec<RateRow> {
        let mut seen = HashSet::new();
        let mut rows = Vec::new();
        for (number, rate) in (1..).zip(rates) {
            let row = self.rate(tariff_id, rate).map_err(|problem| format!("rate {number}: {problem}"));
            let Some(row) = faults.keep(row) else { continue };
            let is_new = seen.insert((row.mcc, row.mcc_mnc, row.prefix.clone()));
            faults.check(is_new, format!("rate {number}: another rate is for the same destinations"));
            rows.push(row);
        }
        rows
    }

    fn rate(&self, tariff_id: TariffId, rate: &Rate) -> Result<RateRow, String> {
        let (mcc, mcc_mnc, prefix) =
            (mcc(rate.mcc.as_ref())?, mcc_mnc(rate.mcc_mnc.as_ref())?, prefix(rate.prefix.as_ref())?);
        if [mcc.is_some(), mcc_mnc.is_some(), prefix.is_some()].iter().filter(|given| **given).count() > 1 {
            return Err("only one of mcc, mcc_mnc and prefix says what it is for".to_owned());
        }
        let price_micros = amount(&rate.price, "price")?;
        if price_micros < 0 {
            return Err("price is below zero".to_owned());
        }
        let same = |row: &&RateRow| {
            row.tariff_id == tariff_id && row.mcc == mcc && row.mcc_mnc == mcc_mnc && row.prefix == prefix
        };
        let stored = self.context.stored.rates.iter().find(same);
        let id = stored.map_or_else(|| RateId::from_raw(self.next_id()), |row| row.id);
        Ok(RateRow { id, tariff_id, mcc, mcc_mnc, prefix, price_micros })
    }

    pub(super) fn account(&mut self, account: &Account) -> Result<(), Faults> {
        let mut faults = Faults::default();
        let stored = self.context.stored.accounts.iter().find(|row| row.name == account.name);
        let id = stored.map_or_else(|| AccountId::from_raw(self.next_id()), |row| row.id);
        // Also when something is wrong with it: that others name it is not.
        self.known.accounts.insert(account.name.clone(), id);
        let currency = faults.keep(currency(&account.currency));
        let tariff = self.known.tariffs.get(&account.tariff).copied();
        let tariff = faults.keep(tariff.ok_or_else(|| format!("there is no tariff \"{}\"", account.tariff)));
        if let (Some(currency), Some((_, theirs))) = (currency, tariff) {
            let fault = || format!("it pays in {currency}, but tariff \"{}\" is in {theirs}", account.tariff);
            faults.check(theirs == currency, fault());
        }
        let is_another = stored.is_some_and(|row| currency.is_some_and(|currency| row.currency != currency));
        faults.check(!is_another, "the currency of an account cannot change; make another account");
        let credit_limit_micros = faults.keep(amount(&account.credit_limit, "credit_limit"));
        faults.check(credit_limit_micros.is_none_or(|limit| limit >= 0), "credit_limit: is below zero");
        let state = faults.keep(access_state(&account.state));
        for payment in &account.payment {
            faults.keep(check_payment(payment));
        }
        let wallet_of = currency.and_then(|currency| faults.keep(self.wallet_of(account, currency))).flatten();
        faults.none()?;
        let (Some(currency), Some((tariff_id, _)), Some(credit_limit_micros), Some(state)) =
            (currency, tariff, credit_limit_micros, state)
        else {
            return Ok(()); // There was a fault then.
        };
        let row = AccountRow {
            id,
            name: account.name.clone(),
            currency,
            state,
            credit_limit_micros,
            tariff_id,
            created_at: stored.map_or(self.context.now, |row| row.created_at),
            throughput: account.throughput.to_string(),
            wallet_of,
        };
        self.ledger_accounts(row.id, currency);
        for payment in &account.payment {
            self.payment(&row, payment)?;
        }
        if stored != Some(&row) {
            self.changes.accounts.push(row);
        }
        Ok(())
    }

    /// Whose wallet pays, when it is another account's: one that has been made before, and pays from its own.
    fn wallet_of(&self, account: &Account, currency: Currency) -> Result<Option<AccountId>, String> {
        let Some(name) = &account.wallet_of else { return Ok(None) };
        let made = self.changes.accounts.iter().chain(&self.context.stored.accounts).find(|row| row.name == *name);
        let owner = made.ok_or_else(|| format!("wallet_of: there is no account \"{name}\" before this one"))?;
        if owner.name == account.name || owner.wallet_of.is_some() {
            return Err(format!("wallet_of: \"{name}\" has no wallet of its own that it could share"));
        }
        if owner.currency != currency {
            return Err(format!("wallet_of: \"{name}\" pays in {}, not in {currency}", owner.currency));
        }
        let stored = self.context.stored.accounts.iter().find(|row| row.name == account.name);
        let shares = |row: &AccountRow| stored.is_some_and(|own| row.wallet_of == Some(own.id));
        if self.context.stored.accounts.iter().any(shares) {
            return Err("wallet_of: others share this account's wallet".to_owned());
        }
        Ok(Some(owner.id))
    }

    /// The account's wallet and what it holds, and ours of that currency.
    fn ledger_accounts(&mut self, account: AccountId, currency: Currency) {
        let own = [BalanceKind::Wallet, BalanceKind::Held].map(|kind| (Some(account), kind, 0));
        let ours = BalanceKind::OURS.map(|kind| (None, kind, SHARD_OF_ENGINE));
        // Payments come from a stripe of their own: two shards never change one row.
        let desk = [(None, BalanceKind::Funding, SHARD_OF_PAYMENTS)];
        for (account_id, kind, shard) in own.into_iter().chain(ours).chain(desk) {
            let same = |row: &&BalanceRow| {
                (row.account_id, row.kind, row.currency, row.shard) == (account_id, kind, currency, shard)
            };
            let mut there = self.context.stored.balances.iter().chain(&self.changes.balances);
            if there.find(same).is_none() {
                let row = BalanceRow { id: self.next_id(), account_id, kind, currency, balance_micros: 0, shard };
                self.changes.balances.push(row);
            }
        }
    }

    fn payment(&mut self, account: &AccountRow, payment: &Payment) -> Result<(), String> {
        let amount_micros = check_payment(payment)?;
        self.changes.payments.push(Credit {
            account: account.clone(),
            amount_micros,
            method: payment.method.clone(),
            reference: payment.reference.clone(),
            payment_id: self.next_id(),
            posting_id: self.next_id(),
            at: self.context.now,
        });
        Ok(())
    }
}

/// Its amount in micros.
fn check_payment(payment: &Payment) -> Result<i64, String> {
    let what = format!("payment \"{}\"", payment.reference);
    let amount_micros = amount(&payment.amount, "amount").map_err(|problem| format!("{what}: {problem}"))?;
    if amount_micros <= 0 {
        return Err(format!("{what}: amount must be above zero"));
    }
    if payment.reference.trim().is_empty() {
        return Err("payment: reference is empty".to_owned());
    }
    Ok(amount_micros)
}

fn currency(text: &str) -> Result<Currency, String> {
    text.parse().map_err(|error: sambac_domain::MoneyError| format!("currency: {error}"))
}

fn amount(text: &str, key: &str) -> Result<i64, String> {
    parse_micros(text).map_err(|error| format!("{key}: {error}"))
}
