//! Rows of money that are not as they were written: nothing is done with them, and a person is told.

use std::fmt::Display;

use crate::alert::{AlertKind, Alerts};

const CHANGED: &str =
    "was changed by who has not the key: nothing is credited for it; see what was paid, and book that anew";
const WITHOUT_PROOF: &str = "has no proof that this platform wrote it: it is from before there were proofs, or was put in by who has not the key. \
    Nothing is credited for it; see what was paid, and book that anew";

/// What a row is called: its table, its number there, and its id outside.
pub(crate) struct Told<'a, I> {
    pub(crate) table: &'a str,
    pub(crate) number: i64,
    pub(crate) id: I,
}

impl Alerts {
    /// A row was changed by who has not the key.
    pub(crate) fn tampered<I: Display>(&self, row: &Told<'_, I>) {
        let why = "was changed by who has not the key: nothing is done with it until it is as it was; `sambac ledger verify` says what \
                   differs";
        self.tell_row(row, why);
    }

    /// A row that was to become money has another proof than it must have, or none.
    pub(crate) fn unproven<I: Display>(&self, row: &Told<'_, I>, has_proof: bool) {
        self.tell_row(row, if has_proof { CHANGED } else { WITHOUT_PROOF });
    }

    fn tell_row<I: Display>(&self, row: &Told<'_, I>, why: &str) {
        let Told { table, number, id } = row;
        self.holds(AlertKind::LedgerBreach, &row.subject(), format!("{table} {number} ({id}) {why}"));
    }

    /// A row that is read is as it was written.
    pub(crate) fn untampered<I: Display>(&self, row: &Told<'_, I>) {
        self.clear(AlertKind::LedgerBreach, &row.subject(), "it is as it was written");
    }
}

impl<I> Told<'_, I> {
    fn subject(&self) -> String {
        format!("{} {}", self.table, self.number)
    }
}
