//! Account statements and trial balances as of past moments, from postings, which never change.
//!
//! ```text
//! wallet: opening 10.00, credit +5.00, hold -0.10, void +0.05, closing 14.95
//! ```

use sambac_domain::ledger::BalanceKind;
use sambac_domain::{AccountId, Currency, Timestamp};
use sambac_store::{StatementLine, Store, StoreError, TrialLine};

/// One ledger account of a customer within a span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The wallet, or what is held.
    pub balance: BalanceKind,
    /// Its currency.
    pub currency: Currency,
    /// What was in it before the span, in micros.
    pub opening_micros: i64,
    /// What was in it at the end.
    pub closing_micros: i64,
    /// What moved, by kind of posting; kinds that did nothing in the span are left out.
    pub lines: Vec<StatementLine>,
}

/// All ledger accounts of one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialBalance {
    /// The currency.
    pub currency: Currency,
    /// All credits, in micros.
    pub credit_micros: i64,
    /// All debits: as much, or the ledger is broken.
    pub debit_micros: i64,
    /// By what the accounts are for.
    pub lines: Vec<TrialLine>,
}

/// Why there is no statement.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The sums are beyond what money is counted in.
    #[error("the sums do not fit")]
    Overflow,
}

/// What moved in an account's ledger accounts from `from` on and before `until`.
///
/// # Errors
/// [`StatementError`].
pub async fn statement(
    store: &Store,
    account: AccountId,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Statement>, StatementError> {
    let mut statements: Vec<Statement> = Vec::new();
    for line in store.statement(account, from, until).await? {
        let StatementLine { balance, currency, before_micros, credit_micros, debit_micros, .. } = line;
        let moved = credit_micros.checked_sub(debit_micros).ok_or(StatementError::Overflow)?;
        let is_of = |one: &&mut Statement| one.balance == balance && one.currency == currency;
        let one = match statements.iter_mut().find(is_of) {
            Some(one) => one,
            None => {
                let lines = Vec::new();
                statements.push(Statement { balance, currency, opening_micros: 0, closing_micros: 0, lines });
                statements.last_mut().ok_or(StatementError::Overflow)?
            }
        };
        one.opening_micros = one.opening_micros.checked_add(before_micros).ok_or(StatementError::Overflow)?;
        let closing = one.closing_micros.checked_add(before_micros).and_then(|sum| sum.checked_add(moved));
        one.closing_micros = closing.ok_or(StatementError::Overflow)?;
        if line.postings > 0 {
            one.lines.push(line);
        }
    }
    Ok(statements)
}

/// What all ledger accounts had before `at`, by currency.
///
/// # Errors
/// [`StatementError`].
pub async fn trial_balance(store: &Store, at: Timestamp) -> Result<Vec<TrialBalance>, StatementError> {
    let mut currencies: Vec<TrialBalance> = Vec::new();
    for line in store.trial_balance(at).await? {
        if currencies.last().is_none_or(|last| last.currency != line.currency) {
            let currency = line.currency;
            currencies.push(TrialBalance { currency, credit_micros: 0, debit_micros: 0, lines: Vec::new() });
        }
        let Some(one) = currencies.last_mut() else { continue };
        let add = |sum: i64, more: i64| sum.checked_add(more).ok_or(StatementError::Overflow);
        one.credit_micros = add(one.credit_micros, line.credit_micros)?;
        one.debit_micros = add(one.debit_micros, line.debit_micros)?;
        one.lines.push(line);
    }
    Ok(currencies)
}

impl TrialBalance {
    /// Whether what came is what went.
    #[must_use]
    pub const fn is_balanced(&self) -> bool {
        self.credit_micros == self.debit_micros
    }
}
