//! Balances, postings, payments and the charge of each segment.

use sambac_domain::{AccountId, Currency, PaymentId, PostingId, RateId, SegmentId, Timestamp};

use super::row;
use super::words::{codes, words};

words! {
    /// What a ledger account is for.
    BalanceKind {
        /// What a customer has left to spend.
        Wallet "wallet",
        /// What is reserved for messages that are on their way.
        Held "held",
        /// What we earned.
        Revenue "revenue",
        /// Where payments come from (negative: money that came in).
        Funding "funding",
    }
}

words! {
    /// Why money moved.
    PostingKind {
        /// wallet → held, at accept.
        Hold "hold",
        /// held → revenue, when a segment is charged.
        Capture "capture",
        /// held → wallet, when it is not.
        Void "void",
        /// funding → wallet, when a payment arrives.
        Credit "credit",
    }
}

codes! {
    /// What became of a segment's price.
    ChargeState {
        /// Reserved.
        Held 0,
        /// Taken.
        Captured 1,
        /// Given back.
        Voided 2,
    }
}

row! {
    /// One ledger account: credits minus debits. All of one currency sum to zero.
    BalanceRow in "balances" {
        /// Its id.
        id: i64,
        /// Whose it is; `None`: ours.
        account_id: Option<AccountId>,
        /// What it is for.
        kind: BalanceKind,
        /// Its currency.
        currency: Currency,
        /// Credits minus debits, in micros.
        balance_micros: i64,
    }
}

row! {
    /// One movement between two ledger accounts, usually of many segments at once.
    PostingRow in "ledger_postings" {
        /// Its id.
        id: PostingId,
        /// The ledger account that gives.
        debit_id: i64,
        /// The ledger account that gets.
        credit_id: i64,
        /// How much, in micros; above zero.
        amount_micros: i64,
        /// Currency of both accounts.
        currency: Currency,
        /// Why.
        kind: PostingKind,
        /// When.
        created_at: Timestamp,
    }
}

row! {
    /// A payment received.
    PaymentRow in "payments" {
        /// Its id.
        id: PaymentId,
        /// Who paid.
        account_id: AccountId,
        /// How much, in micros.
        amount_micros: i64,
        /// Currency.
        currency: Currency,
        /// How: `manual`, `transfer`, …
        method: String,
        /// The payer's reference, unique in the account: a repetition changes nothing.
        reference: String,
        /// The posting that credits it.
        posting_id: PostingId,
        /// When.
        created_at: Timestamp,
    }
}

row! {
    /// The price of one segment, and the postings that it is part of.
    ChargeRow in "charges" {
        /// The segment.
        id: SegmentId,
        /// Who pays.
        account_id: AccountId,
        /// The price line.
        rate_id: RateId,
        /// How much, in micros.
        amount_micros: i64,
        /// Currency.
        currency: Currency,
        /// Held, captured or voided.
        state: ChargeState,
        /// The posting that holds it.
        hold_posting_id: PostingId,
        /// The posting that captures or voids it.
        settle_posting_id: Option<PostingId>,
    }
}
