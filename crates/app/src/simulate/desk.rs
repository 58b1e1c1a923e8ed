//! Where the receipts of one system_id wait: for their time, for a bind that receives, and again when the bind they went
//! out on was lost before they were acknowledged.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::message_id::MessageId;
use super::receipt::Receipt;

/// The waiting receipts of one system_id.
pub(crate) struct Desk {
    waiting_max: usize,
    waiting: Mutex<Waiting>,
    /// Told when a receipt came that nobody may be waiting for.
    pub(crate) changed: Notify,
}

/// All desks, by system_id.
pub(crate) struct Desks {
    waiting_max: usize,
    by_system_id: Mutex<HashMap<Vec<u8>, Arc<Desk>>>,
}

#[derive(Default)]
struct Waiting {
    heap: BinaryHeap<Entry>,
    order: u64,
}

/// The earliest is the greatest; equal times keep the order in which they came.
struct Entry {
    order: u64,
    receipt: Receipt,
}

impl Desks {
    /// At most so many system_ids have a desk of their own; those after them share one.
    const MAX: usize = 10_000;

    pub(crate) fn new(waiting_max: u32) -> Self {
        let waiting_max = usize::try_from(waiting_max).unwrap_or(usize::MAX);
        Self { waiting_max, by_system_id: Mutex::default() }
    }

    /// The desk of `system_id`.
    pub(crate) fn of(&self, system_id: &[u8]) -> Arc<Desk> {
        let mut desks = self.by_system_id.lock().unwrap_or_else(PoisonError::into_inner);
        let key = if desks.len() < Self::MAX || desks.contains_key(system_id) { system_id } else { b"" };
        let new =
            || Arc::new(Desk { waiting_max: self.waiting_max, waiting: Mutex::default(), changed: Notify::new() });
        Arc::clone(desks.entry(key.to_vec()).or_insert_with(new))
    }

    /// How many receipts wait, at all desks.
    pub(crate) fn waiting(&self) -> usize {
        let desks = self.by_system_id.lock().unwrap_or_else(PoisonError::into_inner);
        desks.values().map(|desk| desk.lock().heap.len()).sum()
    }
}

impl Desk {
    /// Takes in `receipts`, leaving the list empty, and returns those that had to give way.
    pub(crate) fn add(&self, receipts: &mut Vec<Receipt>) -> Vec<Receipt> {
        let mut waiting = self.lock();
        for receipt in receipts.drain(..) {
            let order = waiting.order;
            waiting.order += 1;
            waiting.heap.push(Entry { order, receipt });
        }
        let surplus = waiting.heap.len().saturating_sub(self.waiting_max);
        (0..surplus).filter_map(|_| waiting.heap.pop()).map(|entry| entry.receipt).collect()
    }

    /// Moves up to `limit` receipts that are due into `taken`, and tells when the next one is.
    pub(crate) fn take_due(&self, now_us: u64, limit: usize, taken: &mut Vec<Receipt>) -> Option<u64> {
        let mut waiting = self.lock();
        for _ in 0..limit {
            match waiting.heap.peek() {
                Some(entry) if entry.receipt.due_us <= now_us => {
                    taken.extend(waiting.heap.pop().map(|entry| entry.receipt));
                }
                _ => break,
            }
        }
        waiting.heap.peek().map(|entry| entry.receipt.due_us)
    }

    /// The message is withdrawn: no receipt comes for it.
    pub(crate) fn forget(&self, message_id: MessageId) {
        self.lock().heap.retain(|entry| entry.receipt.message_id != message_id);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.receipt.due_us, other.order).cmp(&(self.receipt.due_us, self.order))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::receipt::Party;
    use crate::simulate::scenario::ReceiptFormat;
    use crate::simulate::state::ReceiptState;
    use sambac_smpp::Address;

    fn receipt(id: &[u8], due_us: u64) -> Receipt {
        Receipt {
            source: Party::new(Address::default()),
            destination: Party::new(Address::default()),
            message_id: MessageId::new(id),
            state: ReceiptState::Delivered,
            format: ReceiptFormat::Both,
            shape: None,
            submitted_us: 0,
            due_us,
            sent: 0,
        }
    }

    fn ids(receipts: &[Receipt]) -> Vec<&[u8]> {
        receipts.iter().map(|receipt| receipt.message_id.as_bytes()).collect()
    }

    #[test]
    fn receipts_leave_when_due_earliest_first_and_in_order() {
        let desk = Desks::new(10).of(b"esme");
        desk.add(&mut vec![receipt(b"c", 30), receipt(b"a", 10), receipt(b"b", 10)]);
        let mut taken = Vec::new();
        assert_eq!(desk.take_due(10, 8, &mut taken), Some(30));
        assert_eq!(ids(&taken), [b"a", b"b"]);
        assert_eq!(desk.take_due(30, 0, &mut taken), Some(30));
        assert_eq!(desk.take_due(30, 8, &mut taken), None);
        assert_eq!(ids(&taken), [b"a", b"b", b"c"]);
    }

    #[test]
    fn a_full_desk_lets_the_oldest_go() {
        let desk = Desks::new(2).of(b"esme");
        let gone = desk.add(&mut vec![receipt(b"a", 1), receipt(b"b", 2), receipt(b"c", 3)]);
        assert_eq!(ids(&gone), [b"a"]);
    }

    #[test]
    fn each_system_id_has_its_own_desk() {
        let desks = Desks::new(10);
        desks.of(b"one").add(&mut vec![receipt(b"a", 1)]);
        assert_eq!(desks.of(b"two").take_due(9, 8, &mut Vec::new()), None);
        assert_eq!(desks.of(b"one").take_due(0, 8, &mut Vec::new()), Some(1));
        assert_eq!(desks.waiting(), 1);
    }
}
