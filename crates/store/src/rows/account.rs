//! Customer accounts and their ways in and out.

use sambac_domain::{AccountId, ApiKeyId, Currency, SmppAccountId, TariffId, Timestamp, TrafficClass, WebhookId};

use super::row;
use super::words::{AccessState, WebhookState};
use crate::Sealed;

row! {
    /// A customer account.
    AccountRow in "accounts" {
        /// Its id.
        id: AccountId,
        /// Its name, unique.
        name: String,
        /// The currency it pays in.
        currency: Currency,
        /// Whether it may send.
        state: AccessState,
        /// How far below zero its wallet may go, in micros.
        credit_limit_micros: i64,
        /// The price list it pays by.
        tariff_id: TariffId,
        /// When it was made.
        created_at: Timestamp,
        /// How much it may submit over all its ways in: a throughput, empty means no limit.
        throughput: String,
        /// The account whose wallet pays for it, when that is another one.
        wallet_of: Option<AccountId>,
        /// The least margin of a segment: a [`sambac_domain::rating::MarginFloor`], empty means its route's.
        margin_floor: String,
        /// The most that one of its messages may cost, in micros.
        message_price_micros_max: Option<i64>,
        /// How much it may spend: [`sambac_domain::spending::SpendingLimits`] as JSON, empty means no limits.
        limits: String,
        /// Addresses and networks that the API may be called from; empty: any.
        allowed_ips: Vec<String>,
        /// How often it may call the API: JSON, read by the engine, empty means no limits.
        rate_limits: String,
        /// What its texts may not carry: [`sambac_domain::content::ContentRules`] as JSON, empty means no rules.
        content_rules: String,
        /// What its messages have to keep to: [`sambac_domain::message_rules::MessageRules`] as JSON, empty means nothing.
        message_rules: String,
        /// How codes are guarded: [`sambac_domain::fraud::GuardSettings`] as JSON, empty means the defaults.
        otp_guard: String,
    }
}

row! {
    /// The way in over SMPP for one client system.
    SmppAccountRow in "smpp_accounts" {
        /// Its id; also the target of receipts that wait for it.
        id: SmppAccountId,
        /// Whose it is.
        account_id: AccountId,
        /// What the client binds as, unique.
        system_id: String,
        /// Hash of the password.
        password_hash: Sealed<String>,
        /// Addresses and networks that may bind; empty: any.
        allowed_ips: Vec<String>,
        /// How many binds at a time.
        binds_max: u16,
        /// How many unanswered PDUs to the client at a time.
        window_max: u16,
        /// The class of what arrives here.
        traffic_class: TrafficClass,
        /// Whether it may bind.
        state: AccessState,
        /// When it was made.
        created_at: Timestamp,
        /// Profile: JSON, read whole by the engine.
        settings: String,
    }
}

row! {
    /// A REST API key: everything but the secret itself.
    ApiKeyRow in "api_keys" {
        /// Its id, part of the key's text.
        id: ApiKeyId,
        /// Whose it is.
        account_id: AccountId,
        /// What its owner calls it.
        name: String,
        /// `live` or `test`, part of the key's text.
        environment: String,
        /// Hash of the secret.
        secret_hash: Sealed<String>,
        /// What it may do.
        scopes: Vec<String>,
        /// Whether it may be used.
        state: AccessState,
        /// When it was made.
        created_at: Timestamp,
        /// When it stops working.
        expires_at: Option<Timestamp>,
        /// Hash of the secret before the last rotation.
        former_secret_hash: Option<Sealed<String>>,
        /// Until when that one works, too.
        former_until: Option<Timestamp>,
        /// Addresses and networks that it may be used from; empty: those of its account.
        allowed_ips: Vec<String>,
        /// How often it may be used: a throughput, empty means no limit of its own.
        rate_limit: String,
    }
}

row! {
    /// When an API key was last used.
    ApiKeyUseRow in "api_key_uses" {
        /// The key.
        id: ApiKeyId,
        /// To the minute.
        used_at: Timestamp,
    }
}

row! {
    /// An address that is told about final states.
    WebhookRow in "webhooks" {
        /// Its id; also the target of calls that wait.
        id: WebhookId,
        /// Whose it is.
        account_id: AccountId,
        /// Where to post.
        url: String,
        /// The signing secret, encrypted.
        secret_sealed: Sealed<String>,
        /// Whether it is called.
        state: WebhookState,
        /// When it was made.
        created_at: Timestamp,
        /// What its owner says of it.
        description: String,
        /// Of which event types it is told; empty: of all.
        events: Vec<String>,
        /// What verifies its signatures, when they are no HMAC.
        public_key: String,
        /// The secret before the last rotation, encrypted.
        former_secret_sealed: Option<Sealed<String>>,
        /// What verifies the signatures of that one, when they are no HMAC.
        former_public_key: String,
        /// Until when that one signs, too.
        former_until: Option<Timestamp>,
        /// Why it is not called, when that was not its owner's wish.
        disabled_reason: String,
        /// Since when it is not called.
        disabled_at: Option<Timestamp>,
        /// `live`, or `test` when it is told of numbers of the test network only.
        environment: String,
    }
}
