//! Balances, postings, payments, holds, the charge of each segment, and the chain that seals them.

use sambac_domain::ledger::{BalanceKind, HoldState, PostingKind, Verb};
use sambac_domain::{AccountId, ChargePolicy, Currency, HoldId, PaymentId, PostingId, RateId, SegmentId, Timestamp};

use super::row;
use super::words::codes;

codes! {
    /// What became of a segment's price.
    ChargeState {
        /// Reserved.
        Held 0,
        /// Taken.
        Captured 1,
        /// Given back.
        Voided 2,
        /// Another end was believed later: taken after all, or given back after all.
        Corrected 3,
    }
}

row! {
    /// What one node at a time may do.
    LeaseRow in "leases" {
        /// What it is for.
        name: String,
        /// Who has it, or had it last, for a person to read.
        holder: String,
        /// Raised by whoever gets it after another.
        epoch: i64,
        /// Until when, by the database's clock.
        expires_at: Timestamp,
        /// The first of an unbroken row of epochs up to this one, whose holders each went in good order: whoever has it now.
        orderly_since: i64,
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
        /// Of ours: which shard posts to it. 0 for a customer's.
        shard: i64,
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
        /// The block that seals it.
        block_id: i64,
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
        /// The block that seals it.
        block_id: i64,
    }
}

row! {
    /// The price of one segment, and the postings that it is part of. The columns that never change come first: their digest
    /// is of the first nine.
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
        /// What it is paid for.
        policy: ChargePolicy,
        /// The posting that holds it.
        hold_posting_id: PostingId,
        /// Whose wallet pays, when it is another account's.
        wallet_of: Option<AccountId>,
        /// The block that seals it.
        block_id: i64,
        /// How it ended.
        state: ChargeState,
        /// What was taken in the end, in micros.
        captured_micros: i64,
        /// The posting that captures or voids it.
        settle_posting_id: Option<PostingId>,
        /// The posting that takes it, or gives it back, after all.
        correct_posting_id: Option<PostingId>,
        /// The block that seals its end.
        settle_block_id: Option<i64>,
    }
}

row! {
    /// An amount that another service set aside or took at once.
    HoldRow in "holds" {
        /// Its id.
        id: HoldId,
        /// Who pays.
        account_id: AccountId,
        /// Whose wallet pays.
        payer_id: AccountId,
        /// How much, in micros.
        amount_micros: i64,
        /// Taken of it.
        captured_micros: i64,
        /// Given back of that.
        refunded_micros: i64,
        /// Of all of them.
        currency: Currency,
        /// How far it is.
        state: HoldState,
        /// When it ends by itself; `None` for what was taken at once.
        expires_at: Option<Timestamp>,
        /// When it was made.
        created_at: Timestamp,
        /// When it ended.
        ended_at: Option<Timestamp>,
        /// The block that seals it as it is now.
        block_id: i64,
    }
}

row! {
    /// A ledger command and its answer, which is given again whenever the command comes again.
    LedgerCommandRow in "ledger_commands" {
        /// Its id.
        id: i64,
        /// Whose key.
        account_id: AccountId,
        /// The key, unique in the account.
        key: String,
        /// Digest of the request.
        fingerprint: String,
        /// What was asked for.
        verb: Verb,
        /// The hold that it made or was about.
        hold_id: Option<HoldId>,
        /// The answer or refusal, as JSON.
        answer: String,
        /// How much it moved, in micros; 0 when it was refused.
        amount_micros: i64,
        /// The posting that this is a part of.
        posting_id: Option<PostingId>,
        /// Of a capture: what went back with it.
        released_micros: i64,
        /// The posting that this is a part of.
        release_posting_id: Option<PostingId>,
        /// When.
        created_at: Timestamp,
        /// The block that seals it.
        block_id: i64,
    }
}

row! {
    /// A block of a shard's chain: see [`crate::chain`].
    BlockRow in "ledger_blocks" {
        /// Shard and number in one.
        id: i64,
        /// Of whom wrote it.
        epoch: i64,
        /// The hash of the block before.
        previous_hash: Vec<u8>,
        /// Its own.
        hash: Vec<u8>,
        /// The rows that it seals.
        leaves: Vec<u8>,
        /// When.
        created_at: Timestamp,
    }
}

row! {
    /// Who writes a shard, and where its chain ends.
    ShardRow in "ledger_shards" {
        /// The shard.
        id: i64,
        /// Raised by every process that takes it over.
        epoch: i64,
        /// The last block.
        block_id: i64,
        /// Its hash.
        hash: Vec<u8>,
        /// Who has it, for a person to read.
        holder: String,
        /// Since when.
        taken_at: Timestamp,
    }
}
