//! The ends of payments and bank transfers, in the batch that credits their money.

use super::changes::{PaymentSucceeded, TransferBooked};
use super::statement::Bulk;
use super::update::update_by;
use crate::dialect::Dialect;

/// A payment through a provider whose money has come, whatever it was before.
pub(super) fn succeeded(dialect: Dialect) -> Bulk<PaymentSucceeded> {
    update_by(
        dialect,
        "state = 'succeeded', provider_payment_id = v.column2, ended_at = v.column3, next_check_at = NULL, why = NULL",
        ") AS v WHERE payment_intents.id = v.column1",
    )
}

/// A bank transfer whose money is in the wallet.
pub(super) fn booked(dialect: Dialect) -> Bulk<TransferBooked> {
    update_by(dialect, "state = 'booked', proof = v.column2", ") AS v WHERE bank_transfers.id = v.column1")
}
