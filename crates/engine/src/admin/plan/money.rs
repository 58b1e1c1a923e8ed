//! Accounts with their ledger accounts and payments.

use sambac_domain::message_rules::{MessageRules, RegisteredSender};
use sambac_domain::money::AMOUNT_MICROS_MAX;
use sambac_domain::rating::MarginFloor;
use sambac_domain::{AccountId, Currency, parse_micros};
use sambac_store::chain::{SHARD_OF_ENGINE, SHARD_OF_PAYMENTS};
use sambac_store::rows::{AccountRow, BalanceKind, BalanceRow};

use super::access::check_addresses;
use super::{Credit, Draft, Faults, access_state};
use crate::admin::file::{Account, Payment};
use crate::admin::limits::Limits;

impl Draft<'_> {
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
        let is_possible = credit_limit_micros.is_none_or(|limit| limit <= AMOUNT_MICROS_MAX);
        faults.check(is_possible, "credit_limit: must be 1000000000 at most");
        let state = faults.keep(access_state(&account.state));
        for payment in &account.payment {
            faults.keep(check_payment(payment));
        }
        let margin_floor = faults.keep(margin_floor(account.margin_floor.as_ref())).unwrap_or_default();
        let most = account.message_price_max.as_ref().map(|text| amount(text, "message_price_max")).transpose();
        let message_price_micros_max = faults.keep(most).flatten();
        faults.check(message_price_micros_max.is_none_or(|most| most >= 0), "message_price_max: is below zero");
        let limits = account.limits.as_ref().map(Limits::stored).transpose();
        let limits = faults.keep(limits).flatten().unwrap_or_default().to_json();
        check_addresses(&account.allowed_ips, &mut faults);
        account.messaging.faults().into_iter().for_each(|fault| faults.check(false, fault));
        self.check_owned(account, &mut faults);
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
            margin_floor,
            message_price_micros_max,
            limits,
            otp_guard: account.otp_guard.to_json(),
            allowed_ips: account.allowed_ips.clone(),
            rate_limits: account.rate_limits.unwrap_or_default().to_json(),
            content_rules: account.content.to_json(),
            message_rules: account.messaging.to_json(),
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

    /// An approved sender is nobody else's in the same country.
    fn check_owned(&self, account: &Account, faults: &mut Faults) {
        let changed = |row: &&AccountRow| !self.changes.accounts.iter().any(|other| other.id == row.id);
        let others = self.context.stored.accounts.iter().filter(changed).chain(&self.changes.accounts);
        for other in others.filter(|row| row.name != account.name && !row.message_rules.is_empty()) {
            let theirs = MessageRules::from_json(&other.message_rules).unwrap_or_default().sender;
            let clashes = |own: &&RegisteredSender| {
                own.is_approved() && theirs.iter().any(|their| their.is_approved() && own.clashes_with(their))
            };
            for own in account.messaging.sender.iter().filter(clashes) {
                let fault =
                    format!("messaging.sender: \"{}\" is registered for the account \"{}\"", own.name, other.name);
                faults.check(false, fault);
            }
        }
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
        let is_same = |credit: &Credit| {
            credit.account.id == account.id && credit.reference.eq_ignore_ascii_case(payment.reference.trim())
        };
        if self.changes.payments.iter().any(is_same) {
            return Err(format!("payment \"{}\": the file has two of this reference", payment.reference));
        }
        self.changes.payments.push(Credit {
            account: account.clone(),
            amount_micros,
            method: payment.method.clone(),
            reference: payment.reference.trim().to_owned(),
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
    if amount_micros > AMOUNT_MICROS_MAX {
        return Err(format!("{what}: amount must be 1000000000 at most"));
    }
    if payment.reference.trim().is_empty() {
        return Err("payment: reference is empty".to_owned());
    }
    if payment.reference.chars().any(char::is_control) {
        return Err(format!("{what}: reference has control characters"));
    }
    Ok(amount_micros)
}

/// As it is stored: always the same text for the same floor, empty for none.
pub(super) fn margin_floor(text: Option<&String>) -> Result<String, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(String::new()) };
    let floor: MarginFloor = text.parse().map_err(|error| format!("margin_floor: {error}, or off"))?;
    Ok(floor.to_string())
}

pub(super) fn currency(text: &str) -> Result<Currency, String> {
    text.parse().map_err(|error: sambac_domain::MoneyError| format!("currency: {error}"))
}

pub(super) fn amount(text: &str, key: &str) -> Result<i64, String> {
    parse_micros(text).map_err(|error| format!("{key}: {error}"))
}
