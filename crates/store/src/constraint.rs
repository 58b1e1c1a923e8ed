//! Database errors told as [`StoreError`]s; the one list of constraints that callers may hear about.
//!
//! PostgreSQL names the violated constraint, SQLite the columns. Both are brought to one name.

use sqlx::error::{DatabaseError, ErrorKind};

use crate::StoreError;

/// PostgreSQL's name, SQLite's columns, and what callers are told.
const CONSTRAINTS: &[(&str, &str, &str)] = &[
    (
        "otp_stops_pkey",
        "otp_stops.account_id, otp_stops.day, otp_stops.country, otp_stops.mcc_mnc, otp_stops.profile, otp_stops.rule",
        "otp_stops",
    ),
    ("accounts_pkey", "accounts.id", "accounts"),
    ("accounts_name_key", "accounts.name", "accounts.name"),
    ("balances_pkey", "balances.id", "balances"),
    ("balances_account_kind_currency", "balances.account_id, balances.kind, balances.currency", "balances.account"),
    ("ledger_postings_pkey", "ledger_postings.id", "ledger_postings"),
    ("ledger_postings_amount_above_zero", "ledger_postings_amount_above_zero", "ledger_postings.amount"),
    ("payments_pkey", "payments.id", "payments"),
    ("payments_reference", "payments.account_id, payments.reference", "payments.reference"),
    ("payment_intents_pkey", "payment_intents.id", "payment_intents"),
    (
        "payment_intents_provider_payment",
        "payment_intents.provider, payment_intents.provider_payment_id",
        "payment_intents.provider_payment_id",
    ),
    ("payment_intents_key", "payment_intents.account_id, payment_intents.idempotency_key", "payment_intents.key"),
    ("payment_events_pkey", "payment_events.id", "payment_events"),
    ("payment_events_event", "payment_events.provider, payment_events.event_id", "payment_events.event"),
    ("bank_transfers_pkey", "bank_transfers.id", "bank_transfers"),
    ("bank_transfers_reference", "bank_transfers.account_id, bank_transfers.reference", "bank_transfers.reference"),
    ("operators_pkey", "operators.id", "operators"),
    ("operators_name_key", "operators.name", "operators.name"),
    ("alerts_pkey", "alerts.id", "alerts"),
    ("breakages_pkey", "breakages.id", "breakages"),
    ("connectors_pkey", "connectors.id", "connectors"),
    ("connectors_name_key", "connectors.name", "connectors.name"),
    ("connector_orders_pkey", "connector_orders.id", "connector_orders"),
    ("routes_pkey", "routes.id", "routes"),
    ("routes_name_key", "routes.name", "routes.name"),
    ("tariffs_pkey", "tariffs.id", "tariffs"),
    ("tariffs_name_key", "tariffs.name", "tariffs.name"),
    ("networks_pkey", "networks.id", "networks"),
    ("networks_mcc_mnc_key", "networks.mcc_mnc", "networks.mcc_mnc"),
    ("number_prefixes_pkey", "number_prefixes.id", "number_prefixes"),
    ("number_prefixes_prefix_key", "number_prefixes.prefix", "number_prefixes.prefix"),
    ("operator_groups_pkey", "operator_groups.id", "operator_groups"),
    ("operator_groups_name_key", "operator_groups.name", "operator_groups.name"),
    ("cost_books_pkey", "cost_books.id", "cost_books"),
    ("cost_books_operator_id_key", "cost_books.operator_id", "cost_books.operator"),
    ("price_sheets_pkey", "price_sheets.id", "price_sheets"),
    ("price_sheets_version", "price_sheets.book_id, price_sheets.version", "price_sheets.version"),
    ("price_sheets_effective", "price_sheets.book_id, price_sheets.effective_from", "price_sheets.effective"),
    ("price_sheets_ends_later", "price_sheets_ends_later", "price_sheets.effective_to"),
    ("rates_pkey", "rates.id", "rates"),
    ("rates_price_not_negative", "rates_price_not_negative", "rates.price"),
    ("smpp_accounts_pkey", "smpp_accounts.id", "smpp_accounts"),
    ("smpp_accounts_system_id_key", "smpp_accounts.system_id", "smpp_accounts.system_id"),
    ("api_keys_pkey", "api_keys.id", "api_keys"),
    ("audit_log_pkey", "audit_log.id", "audit_log"),
    ("api_key_uses_pkey", "api_key_uses.id", "api_key_uses"),
    ("account_events_pkey", "account_events.account_id, account_events.id", "account_events"),
    ("webhook_deliveries_pkey", "webhook_deliveries.webhook_id, webhook_deliveries.id", "webhook_deliveries"),
    ("webhook_dead_letters_pkey", "webhook_dead_letters.webhook_id, webhook_dead_letters.id", "webhook_dead_letters"),
    ("opt_outs_pkey", "opt_outs.id", "opt_outs"),
    ("opt_outs_number_key", "opt_outs.number_digest, opt_outs.account_id, opt_outs.sender", "opt_outs.number"),
    ("webhook_failures_pkey", "webhook_failures.id", "webhook_failures"),
    ("webhooks_pkey", "webhooks.id", "webhooks"),
    ("admin_keys_pkey", "admin_keys.id", "admin_keys"),
    ("admin_keys_name_key", "admin_keys.name", "admin_keys.name"),
    ("users_pkey", "users.id", "users"),
    ("users_login_key", "users.login", "users.login"),
    ("user_sessions_pkey", "user_sessions.id", "user_sessions"),
    ("user_invitations_pkey", "user_invitations.id", "user_invitations"),
    ("user_passkeys_pkey", "user_passkeys.id", "user_passkeys"),
    ("passkey_answers_pkey", "passkey_answers.digest", "passkey_answers.digest"),
    ("user_passkeys_credential_id_key", "user_passkeys.credential_id", "user_passkeys.credential_id"),
    ("request_nonces_pkey", "request_nonces.hash", "request_nonces"),
    ("request_keys_pkey", "request_keys.id", "request_keys"),
    ("issuers_pkey", "issuers.id", "issuers"),
    ("issuers_name_key", "issuers.name", "issuers.name"),
    ("issuers_url_key", "issuers.url", "issuers.url"),
    ("config_versions_pkey", "config_versions.id", "config_versions"),
    ("low_wallets_pkey", "low_wallets.id", "low_wallets"),
    ("account_debts_pkey", "account_debts.id", "account_debts"),
    ("spending_pkey", "spending.account_id, spending.day, spending.country", "spending"),
    ("cdr_archives_pkey", "cdr_archives.id", "cdr_archives"),
    ("erasures_pkey", "erasures.id", "erasures"),
    ("reconcile_breaks_pkey", "reconcile_breaks.id", "reconcile_breaks"),
    ("reconcile_runs_pkey", "reconcile_runs.day", "reconcile_runs"),
    ("supplier_statements_pkey", "supplier_statements.id", "supplier_statements"),
    ("supplier_statements_hash_key", "supplier_statements.hash", "supplier_statements.hash"),
    ("supplier_lines_pkey", "supplier_lines.statement_id, supplier_lines.line", "supplier_lines"),
    ("batches_pkey", "batches.id", "batches"),
    ("batch_recipients_pkey", "batch_recipients.batch_id, batch_recipients.no", "batch_recipients"),
    ("templates_pkey", "templates.id", "templates"),
    ("templates_version_key", "templates.account_id, templates.name, templates.version", "templates.version"),
    ("message_tags_pkey", "message_tags.owner_id, message_tags.tag, message_tags.of_message", "message_tags"),
    ("messages_pkey", "messages.id", "messages"),
    ("segments_pkey", "segments.id", "segments"),
    ("message_events_pkey", "message_events.id", "message_events"),
    ("charges_pkey", "charges.id", "charges"),
    ("holds_pkey", "holds.id", "holds"),
    ("ledger_commands_pkey", "ledger_commands.id", "ledger_commands"),
    ("ledger_commands_key", "ledger_commands.account_id, ledger_commands.key", "ledger_commands.key"),
    ("ledger_blocks_pkey", "ledger_blocks.id", "ledger_blocks"),
    ("leases_pkey", "leases.name", "leases"),
    ("ledger_shards_pkey", "ledger_shards.id", "ledger_shards"),
    ("event_cursors_pkey", "event_cursors.id", "event_cursors"),
    ("cdr_sms_pkey", "cdr_sms.id", "cdr_sms"),
    ("outbox_pkey", "outbox.target, outbox.lane, outbox.id", "outbox"),
    ("submit_intents_pkey", "submit_intents.id", "submit_intents"),
    ("idempotency_keys_pkey", "idempotency_keys.account_id, idempotency_keys.key", "idempotency_keys"),
    ("orphan_receipts_pkey", "orphan_receipts.id", "orphan_receipts"),
    ("mo_routes_pkey", "mo_routes.id", "mo_routes"),
    ("mo_routes_name_key", "mo_routes.name", "mo_routes.name"),
    ("mo_messages_pkey", "mo_messages.id", "mo_messages"),
    ("mo_segments_pkey", "mo_segments.id", "mo_segments"),
    ("mo_deliveries_pkey", "mo_deliveries.id", "mo_deliveries"),
    ("signing_keys_pkey", "signing_keys.id", "signing_keys"),
    ("otp_profiles_pkey", "otp_profiles.id", "otp_profiles"),
    ("otp_profiles_name_key", "otp_profiles.account_id, otp_profiles.name", "otp_profiles.name"),
    ("otps_pkey", "otps.id", "otps"),
    ("otp_sends_pkey", "otp_sends.id", "otp_sends"),
    ("otp_uses_pkey", "otp_uses.id", "otp_uses"),
];

/// What callers are told when a reference leads nowhere, or is still in use.
const REFERENCE: &str = "reference";

/// What callers are told about a rule that is not in the list.
const OTHER: &str = "constraint";

/// The error of a statement, as callers are told.
#[expect(clippy::needless_pass_by_value, reason = "the signature that map_err wants")]
pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(database) => database_error(&**database),
        sqlx::Error::Encode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Protocol(_) => {
            StoreError::Statement(error.to_string())
        }
        _ => StoreError::Unavailable(error.to_string()),
    }
}

fn database_error(error: &dyn DatabaseError) -> StoreError {
    match error.kind() {
        ErrorKind::UniqueViolation | ErrorKind::CheckViolation => StoreError::Conflict(constraint(error)),
        ErrorKind::ForeignKeyViolation => StoreError::Conflict(REFERENCE),
        ErrorKind::NotNullViolation => StoreError::Conflict(OTHER),
        _ => by_code(error),
    }
}

fn constraint(error: &dyn DatabaseError) -> &'static str {
    let known = match error.constraint() {
        Some(name) => CONSTRAINTS.iter().find(|(postgres, _, _)| *postgres == of_whole(name)),
        None => CONSTRAINTS.iter().find(|(_, sqlite, _)| error.message().ends_with(&format!(": {sqlite}"))),
    };
    known.map_or(OTHER, |(_, _, told)| told)
}

/// What a part of the table of CDRs breaks, the table breaks.
fn of_whole(name: &str) -> &str {
    let is_part = name.strip_suffix("_pkey").is_some_and(|table| table.starts_with("cdr_sms_"));
    if is_part { "cdr_sms_pkey" } else { name }
}

/// Errors that are no constraint, by SQLite's result code or PostgreSQL's SQLSTATE.
fn by_code(error: &dyn DatabaseError) -> StoreError {
    let text = error.to_string();
    let code = error.code().unwrap_or_default();
    match code.parse::<i32>() {
        // SQLite's codes are shorter than a SQLSTATE. The low eight bits are the primary code: busy, locked;
        // error (of the statement), misuse, range.
        // I/O error of fsync of a file or folder, of a read; a malformed page; no database.
        Ok(266 | 1034 | 1290) => StoreError::Damaged(text),
        Ok(number) if code.len() < 5 => match number & 0xff {
            11 | 26 => StoreError::Damaged(text),
            5 | 6 => StoreError::Retryable,
            1 | 21 | 25 => StoreError::Statement(text),
            _ => StoreError::Unavailable(text),
        },
        // PostgreSQL: serialisation failure, deadlock, lock not available; class 42 syntax, 22 data.
        _ => match &*code {
            "40001" | "40P01" | "55P03" => StoreError::Retryable,
            // A page's checksum does not hold; an index is broken.
            "XX001" | "XX002" => StoreError::Damaged(text),
            code if code.starts_with("42") || code.starts_with("22") => StoreError::Statement(text),
            _ => StoreError::Unavailable(text),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{CONSTRAINTS, of_whole};
    use crate::Store;
    use crate::query::query;

    /// Those that nobody can violate from outside.
    const OWN: [&str; 3] = ["platform_pkey", "schema_additions_pkey", "schema_versions_pkey"];

    #[tokio::test]
    async fn every_constraint_of_the_schema_is_in_the_list() {
        let migrate = async |url: String| {
            let store = Store::open(&url).await.unwrap();
            store.migrate().await.unwrap();
            store.close().await;
        };
        let database = sambac_testkit::postgres::database(migrate).await.unwrap();
        let store = Store::open(database.url()).await.unwrap();
        let names = query(
            "SELECT CAST(conname AS TEXT) FROM pg_constraint JOIN pg_namespace n ON n.oid = connamespace
             WHERE n.nspname = 'public' AND contype IN ('p', 'u', 'c')
             UNION SELECT CAST(relname AS TEXT) FROM pg_index JOIN pg_class c ON c.oid = indexrelid
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND indisunique",
        );
        let names = names.all::<(String,)>(store.pool()).await.unwrap();
        let names: BTreeSet<String> = names.into_iter().map(|(name,)| of_whole(&name).to_owned()).collect();
        let listed = CONSTRAINTS.iter().map(|(name, _, _)| *name).chain(OWN).map(str::to_owned);
        assert_eq!(names, listed.collect());
    }
}
