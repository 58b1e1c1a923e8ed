//! What accounts spend, and since when they owe.

use sambac_domain::{AccountId, Timestamp};

use super::row;

row! {
    /// What an account has spent on one day, on messages to one country. As part of a batch: what is added to that.
    SpendingRow in "spending" {
        /// Whose.
        account_id: AccountId,
        /// Days of UTC since 1970.
        day: i64,
        /// Its two capitals; empty when nobody knows.
        country: String,
        /// Messages taken.
        messages: i64,
        /// Their price, in micros, less what was given back.
        micros: i64,
    }
}

row! {
    /// An account that was told that its wallet is low, and has not had more since.
    LowWalletRow in "low_wallets" {
        /// The account.
        id: AccountId,
        /// Since when.
        since: Timestamp,
    }
}

row! {
    /// An account whose wallet is below zero.
    DebtRow in "account_debts" {
        /// The account.
        id: AccountId,
        /// Since when.
        since: Timestamp,
        /// When it was decided that it is to be suspended for that.
        suspended_at: Option<Timestamp>,
        /// Whether that was carried out: who is active after it was made so by a person.
        is_applied: bool,
    }
}
