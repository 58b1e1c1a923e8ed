//! Rows beside the chain that are to become money, or say where records are: each carries a digest with the chain's key. Who has not
//! the key can neither write one nor change what it says.

use super::key::ChainKey;
use super::leaf::put;
use crate::rows::{BankTransferRow, CdrArchiveRow, PaymentIntentRow, Record};
use crate::value::{Field as _, Value};

/// A row that carries a proof.
pub trait Proven: Sized {
    /// What the proof is of: no two are alike, of whatever tables they are.
    fn claim(&self) -> Vec<u8>;

    /// What it carries.
    fn proof(&self) -> Option<&[u8]>;

    /// The same with this one.
    #[must_use]
    fn with_proof(self, proof: Vec<u8>) -> Self;
}

impl ChainKey {
    /// What a row must carry.
    #[must_use]
    pub fn proof_of<R: Proven>(&self, row: &R) -> Vec<u8> {
        self.digest(&[&row.claim()]).to_vec()
    }

    /// The row with its proof.
    #[must_use]
    pub fn prove<R: Proven>(&self, row: R) -> R {
        let proof = self.proof_of(&row);
        row.with_proof(proof)
    }

    /// Whether who has the key has written this row, as it is.
    #[must_use]
    pub fn proves<R: Proven>(&self, row: &R) -> bool {
        row.proof().is_some_and(|proof| proof == self.proof_of(row))
    }
}

/// A manifest of a file of CDRs. State and moments are not in it: where the records are, the table shows itself.
impl Proven for CdrArchiveRow {
    fn claim(&self) -> Vec<u8> {
        let Self { id, file, records, octets, sha256, .. } = self;
        format!("cdr_archives {id} {records} {octets} {sha256} {file}").into_bytes()
    }

    fn proof(&self) -> Option<&[u8]> {
        Some(&self.proof)
    }

    fn with_proof(self, proof: Vec<u8>) -> Self {
        Self { proof, ..self }
    }
}

/// All of it: its state is what makes it money.
impl Proven for BankTransferRow {
    fn claim(&self) -> Vec<u8> {
        let mut values = Vec::with_capacity(Self::COLUMNS.len());
        self.values(&mut values);
        let proof = values.pop();
        debug_assert!(matches!(proof, Some(Value::Bytes(_))), "the proof comes last");
        claim_of(Self::TABLE, &values)
    }

    fn proof(&self) -> Option<&[u8]> {
        self.proof.as_deref()
    }

    fn with_proof(self, proof: Vec<u8>) -> Self {
        Self { proof: Some(proof), ..self }
    }
}

/// Whose it is, how much, and what it is at the provider, who is asked about everything else.
impl Proven for PaymentIntentRow {
    fn claim(&self) -> Vec<u8> {
        let Self { id, account_id, provider, provider_payment_id, amount_micros, currency, .. } = self;
        let values = [
            id.value(),
            account_id.value(),
            provider.value(),
            provider_payment_id.value(),
            amount_micros.value(),
            currency.value(),
        ];
        claim_of(Self::TABLE, &values)
    }

    fn proof(&self) -> Option<&[u8]> {
        self.proof.as_deref()
    }

    fn with_proof(self, proof: Vec<u8>) -> Self {
        Self { proof: Some(proof), ..self }
    }
}

fn claim_of(table: &str, values: &[Value<'_>]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(256);
    octets.extend(table.as_bytes());
    octets.push(b' ');
    values.iter().for_each(|value| put(&mut octets, value));
    octets
}
