//! `/v1/admin/accounts`: customer accounts. They are never removed, as their ledger is kept.

use axum::extract::Path;
use sambac_engine::admin::Kind;
use utoipa::ToSchema;

use super::difference::ShownDifference;
use super::resource::{Creating, Listing, Reading, Updating, resource};
use super::shown::{Showing, Thing, Things};
use crate::access::{Admin, admin_scope};
use crate::input::{Document, IfMatch, Json, Parameters};
use crate::problem::Problem;
use crate::shown::Moment;

/// A customer account.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct AccountDocument {
    /// Unique.
    #[schema(example = "bank")]
    name: String,
    /// That of its tariff; cannot change.
    #[schema(example = "EUR")]
    currency: String,
    /// The name of the price list it pays by.
    #[schema(example = "standard")]
    tariff: String,
    /// How far below zero its balance may go, decimal text.
    #[schema(default = "0")]
    credit_limit: Option<String>,
    /// The name of the account whose wallet pays for it; its own when not given.
    wallet_of: Option<String>,
    /// How much it may submit over all its ways in, as `200/s burst 50`; empty is no limit.
    throughput: Option<String>,
    /// The least that must be left of a segment's price after its cost, decimal text, or `off`; the route's if not given.
    #[schema(example = "0.002")]
    margin_floor: Option<String>,
    /// The most that one of its messages may cost, all its segments together.
    #[schema(example = "0.25")]
    message_price_max: Option<String>,
    /// How much it may spend; what is not given is not limited.
    limits: Option<LimitsDocument>,
    /// How often it may call the API; what is not given is not limited.
    rate_limits: Option<RateLimitsDocument>,
    /// Addresses and networks that the API may be called from, IPv4 and IPv6; empty is any.
    #[schema(example = json!(["192.0.2.0/24"]))]
    allowed_ips: Option<Vec<String>>,
    /// What its texts may not carry.
    content: Option<ContentDocument>,
    /// What its messages have to keep to; what is not given is free.
    messaging: Option<MessagingDocument>,
    /// How its one-time codes are guarded against pumping; what is not given is as by default.
    otp_guard: Option<GuardDocument>,
    /// `active` or `suspended`.
    #[schema(default = "active")]
    state: Option<String>,
}

/// What the texts of an account may not carry; what is not given is not looked for.
#[derive(ToSchema)]
#[schema(as = AccountContentRules)]
#[expect(dead_code, reason = "describes what is read and answered")]
struct ContentDocument {
    /// Payment card numbers: `allow`, `mask` (all but the last four digits), or `block` the message.
    #[schema(default = "allow", example = "mask")]
    card_numbers: Option<String>,
    /// International bank account numbers, likewise.
    #[schema(default = "allow", example = "mask")]
    ibans: Option<String>,
    /// The sites that a text may link to, `bank.com`, or `*.bank.com` for all below it; any when not given, none when empty.
    #[schema(example = json!(["bank.com", "*.bank.com"]))]
    link_hosts: Option<Vec<String>>,
}

/// What the messages of an account have to keep to.
#[derive(ToSchema)]
#[schema(as = AccountMessageRules)]
#[expect(dead_code, reason = "describes what is read and answered")]
struct MessagingDocument {
    /// `required`: only texts that one of its approved templates could have made; `optional`: any.
    #[schema(default = "optional", example = "required")]
    templates: Option<String>,
    /// `registered`: only by senders that are registered for it and approved; `any`: by any.
    #[schema(default = "any", example = "registered")]
    senders: Option<String>,
    /// The senders that it owns. One that is approved for a country is no other account's there.
    sender: Option<Vec<RegisteredSenderDocument>>,
    /// How it has words like STOP taken.
    opt_out: Option<OptOutDocument>,
    /// What of all its messages is kept no longer than it is needed: `text`, until operators have it; `to`, until the message has ended.
    #[schema(example = json!(["text"]))]
    redact: Option<Vec<String>>,
}

/// What is done when a person writes a word like STOP to a number whose messages this account gets.
#[derive(ToSchema)]
#[schema(as = AccountOptOut)]
#[expect(dead_code, reason = "describes what is read and answered")]
struct OptOutDocument {
    /// `on`: words are heeded; `off`: they are messages like all others, and what is on the list counts all the same.
    #[schema(default = "on", example = "on")]
    keywords: Option<String>,
    /// `account`: a person gets no more messages of it; `sender`: none by the sender that was written to.
    #[schema(default = "account", example = "sender")]
    scope: Option<String>,
    /// Words that end messages, instead of those that are built in.
    #[schema(example = json!(["STOP", "ARRÊT"]))]
    stop: Option<Vec<String>>,
    /// Words that begin them again.
    #[schema(example = json!(["START"]))]
    start: Option<Vec<String>>,
    /// Words that ask what this is.
    #[schema(example = json!(["HELP", "INFO"]))]
    help: Option<Vec<String>>,
    /// What is answered to the first, as a message that is charged like any other; nothing when not given.
    #[schema(max_length = 459, example = "You get no more messages of MyBank. START begins them again.")]
    stop_reply: Option<String>,
    /// What is answered to the second.
    #[schema(max_length = 459)]
    start_reply: Option<String>,
    /// What is answered to the third.
    #[schema(max_length = 459, example = "MyBank: your parcels. STOP ends these messages.")]
    help_reply: Option<String>,
}

/// A sender that an account owns.
#[derive(ToSchema)]
#[schema(as = AccountSender)]
#[expect(dead_code, reason = "describes what is read and answered")]
struct RegisteredSenderDocument {
    /// A number, a short code, or up to 11 characters, letter by letter.
    #[schema(example = "MyBank")]
    name: String,
    /// Where it is registered (ISO 3166); everywhere when empty.
    #[schema(example = json!(["GB", "DE"]))]
    countries: Option<Vec<String>>,
    /// `pending`, `approved` or `refused`.
    #[schema(default = "approved")]
    state: Option<String>,
    /// The last day (UTC) that it holds; for ever when not given.
    #[schema(example = "2027-12-31")]
    until: Option<String>,
    /// Where its papers are, or whatever people want to know of it.
    note: Option<String>,
}

/// How often an account may call the API, each as `100/s burst 20`.
#[derive(ToSchema)]
#[schema(as = AccountRateLimits)]
#[expect(dead_code, reason = "describes what is read and answered")]
struct RateLimitsDocument {
    /// Calls, all together.
    #[schema(example = "200/s")]
    calls: Option<String>,
    /// Calls that send messages or codes.
    #[schema(example = "100/s burst 20")]
    send: Option<String>,
    /// Calls that read.
    read: Option<String>,
    /// Calls that change something else.
    manage: Option<String>,
    /// Messages to one number, whatever way they come in.
    #[schema(example = "5/min burst 5")]
    destination: Option<String>,
}

/// The guard against pumping. Bounds are written as `10/h burst 5`.
#[derive(ToSchema)]
#[schema(as = AccountOtpGuard)]
#[expect(dead_code, reason = "describes what is read and answered")]
struct GuardDocument {
    /// `off`; `watch`, which counts and sends; or `stop`.
    #[schema(default = "watch", example = "stop")]
    mode: Option<String>,
    /// The countries that codes go to; any when not given.
    #[schema(example = json!(["GB", "DE"]))]
    countries: Option<Vec<String>>,
    /// First digits of numbers that are never stopped, but for too many codes to one of them.
    safe: Option<Vec<String>>,
    /// Codes to one number.
    #[schema(default = "10/h burst 5")]
    per_number: Option<String>,
    /// Codes of one address.
    #[schema(default = "60/h burst 20")]
    per_ip: Option<String>,
    /// Codes of one device.
    #[schema(default = "20/h burst 10")]
    per_device: Option<String>,
    /// Codes of one user.
    #[schema(default = "20/h burst 10")]
    per_user: Option<String>,
    /// Unverified codes to a thousand neighbouring numbers before they are stopped.
    #[schema(default = 8)]
    unverified_max: Option<u16>,
    /// What unverified codes of about an hour may cost, decimal text.
    #[schema(example = "20.00")]
    cost_at_risk: Option<String>,
}

/// How much an account may spend. Days and months are those of UTC.
#[derive(ToSchema)]
#[schema(as = AccountLimits)]
#[expect(dead_code, reason = "describes what is read and answered")]
struct LimitsDocument {
    /// Messages of a day.
    daily_messages: Option<u32>,
    /// Their price, decimal text.
    #[schema(example = "500.00")]
    daily_amount: Option<String>,
    /// Messages of a month.
    monthly_messages: Option<u32>,
    /// Their price, decimal text.
    monthly_amount: Option<String>,
    /// An alert tells when the wallet has this or less, decimal text.
    #[schema(example = "50.00")]
    low_balance: Option<String>,
    /// After so many hours with a wallet below zero the account is suspended, until it is not.
    suspend_after_h: Option<u32>,
    /// On messages to one country, besides.
    country: Option<Vec<CountryLimitsDocument>>,
}

/// How much an account may spend on messages to one country.
#[derive(ToSchema)]
#[schema(as = AccountCountryLimits)]
#[expect(dead_code, reason = "describes what is read and answered")]
struct CountryLimitsDocument {
    /// Its two capitals.
    #[schema(example = "DE")]
    country: String,
    /// Messages of a day.
    daily_messages: Option<u32>,
    /// Their price, decimal text.
    daily_amount: Option<String>,
    /// Messages of a month.
    monthly_messages: Option<u32>,
    /// Their price, decimal text.
    monthly_amount: Option<String>,
}

/// A customer account as it is stored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is answered")]
pub(crate) struct Account {
    /// Names it.
    id: String,
    /// When it was made.
    created_at: Moment,
    /// For `If-Match`: changes with everything that is stored of it.
    etag: String,
    /// The version of the configuration that keeps this change; only in the answer to one.
    version: Option<i64>,
    /// What would change; only in the answer to a dry run.
    differences: Option<Vec<ShownDifference>>,
    #[schema(inline)]
    #[serde(flatten)]
    document: AccountDocument,
}

resource! {
    Account at "/v1/admin/accounts", "/v1/admin/accounts/{id}" as AccountDocument, Account, Accounts;
    list_accounts "List the accounts.";
    show_account "Show an account." [];
    create_account "Make an account.";
    update_account "Change an account.";
}
