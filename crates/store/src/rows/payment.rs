//! Payments through a provider, the provider's events, and bank transfers that administrators book.

use sambac_domain::payment::{PaymentState, TransferState};
use sambac_domain::{AccountId, AdminKeyId, Currency, PaymentId, Timestamp};

use super::row;

row! {
    /// A payment through a provider.
    PaymentIntentRow in "payment_intents" {
        /// Its id; also that of its row in `payments` when the money has come.
        id: PaymentId,
        /// Whose wallet it is for.
        account_id: AccountId,
        /// Which provider.
        provider: String,
        /// The provider's own id, unique with it; `None` until the provider has answered.
        provider_payment_id: Option<String>,
        /// How far it is.
        state: PaymentState,
        /// How much, in micros.
        amount_micros: i64,
        /// Currency.
        currency: Currency,
        /// With what the payer's page goes to the provider, sealed.
        client_secret: Option<String>,
        /// What the test provider plays.
        play: Option<String>,
        /// Why it is so, where there is more to say.
        why: Option<String>,
        /// The client's key, unique in the account.
        idempotency_key: Option<String>,
        /// Digest of the client's request.
        fingerprint: String,
        /// How often the provider was asked about it.
        checks: u32,
        /// When it is asked next; `None`: not by itself.
        next_check_at: Option<Timestamp>,
        /// When it was made.
        created_at: Timestamp,
        /// When it is given up.
        expires_at: Timestamp,
        /// When it ended.
        ended_at: Option<Timestamp>,
        /// Digest, with the key of the ledger's chain, of whose it is, how much, and what it is at the provider; `None`: from before
        /// there were any.
        proof: Option<Vec<u8>>,
    }
}

row! {
    /// An event of a provider that came with a good signature. It is kept so that it counts once.
    PaymentEventRow in "payment_events" {
        /// Its id.
        id: i64,
        /// Which provider.
        provider: String,
        /// The provider's own id, unique with it.
        event_id: String,
        /// What it tells.
        kind: String,
        /// The provider's id of the payment that it is about.
        provider_payment_id: String,
        /// Our id of it, when the provider repeats it.
        payment_id: Option<PaymentId>,
        /// When it came.
        received_at: Timestamp,
    }
}

row! {
    /// A bank transfer that administrators book.
    BankTransferRow in "bank_transfers" {
        /// Its id; also that of its row in `payments` when it is booked.
        id: PaymentId,
        /// Whose wallet it is for.
        account_id: AccountId,
        /// How much, in micros.
        amount_micros: i64,
        /// Currency.
        currency: Currency,
        /// The bank's reference, unique in the account.
        reference: String,
        /// Why it is booked.
        reason: String,
        /// How far it is.
        state: TransferState,
        /// The admin key that asked for it.
        asked_by_key: AdminKeyId,
        /// Its name.
        asked_by: String,
        /// When.
        asked_at: Timestamp,
        /// The admin key that approved or refused it.
        decided_by_key: Option<AdminKeyId>,
        /// Its name.
        decided_by: Option<String>,
        /// When.
        decided_at: Option<Timestamp>,
        /// Why.
        decided_why: Option<String>,
        /// When it can be approved no longer.
        expires_at: Timestamp,
        /// Digest of all of the above with the key of the ledger's chain; `None`: from before there were any.
        proof: Option<Vec<u8>>,
    }
}
