//! Holds as this process has sealed them, or has seen that they are sealed: who changes one behind its back is noticed without a
//! question to the database.

use std::collections::{HashMap, VecDeque};

use sambac_domain::id::HoldId;
use sambac_store::rows::HoldRow;

/// Holds that are kept; older ones are asked about again.
const KEPT_MAX: usize = 20_000;

/// The holds that changed last.
#[derive(Default)]
pub(super) struct SealedHolds {
    rows: HashMap<HoldId, HoldRow>,
    order: VecDeque<HoldId>,
}

impl SealedHolds {
    /// Whether it is known, as it is.
    pub(super) fn has(&self, row: &HoldRow) -> bool {
        self.rows.get(&row.id) == Some(row)
    }

    /// This is how it is sealed.
    pub(super) fn keep(&mut self, row: HoldRow) {
        if let Some(known) = self.rows.get_mut(&row.id) {
            *known = row;
            return;
        }
        if self.order.len() >= KEPT_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.rows.remove(&oldest);
        }
        self.order.push_back(row.id);
        self.rows.insert(row.id, row);
    }
}

#[cfg(test)]
mod tests {
    use sambac_domain::id::AccountId;
    use sambac_domain::ledger::HoldState;
    use sambac_domain::time::Timestamp;

    use super::*;

    fn row(number: usize, captured_micros: i64) -> HoldRow {
        let account = AccountId::from_raw(256);
        HoldRow {
            id: HoldId::from_raw(i64::try_from(number).unwrap()),
            account_id: account,
            payer_id: account,
            amount_micros: 10,
            captured_micros,
            refunded_micros: 0,
            currency: "EUR".parse().unwrap(),
            state: HoldState::Open,
            expires_at: None,
            created_at: Timestamp(1),
            ended_at: None,
            block_id: 7,
        }
    }

    #[test]
    fn a_hold_is_known_as_it_was_sealed_last_and_the_oldest_gives_way() {
        let mut known = SealedHolds::default();
        (0..KEPT_MAX).for_each(|number| known.keep(row(number, 0)));
        known.keep(row(5, 3));
        assert!(known.has(&row(5, 3)) && !known.has(&row(5, 0)));
        assert!(known.has(&row(0, 0)) && !known.has(&row(KEPT_MAX, 0)));
        known.keep(row(KEPT_MAX, 0));
        assert!(known.has(&row(KEPT_MAX, 0)) && !known.has(&row(0, 0)) && known.has(&row(1, 0)));
        assert_eq!(known.rows.len(), KEPT_MAX);
    }
}
