use super::*;
use crate::ledger::{Balance, BalanceKind, LedgerAccounts, Opening};

const ACCOUNT: AccountId = AccountId::from_raw(1 << 8);
const AT: Timestamp = Timestamp(1_000);
const END: Timestamp = Timestamp(2_000);

/// A wallet with 100 micros, and a desk before it.
struct Counter {
    book: Book,
    desk: Desk,
    ids: i64,
}

impl Counter {
    fn open() -> Self {
        let currency = "EUR".parse().unwrap();
        let balance = Balance { available_micros: 100, held_micros: 0, credit_limit_micros: 0, currency };
        let opening = Opening { account: ACCOUNT, balance, accounts: LedgerAccounts { wallet_id: 10, held_id: 11 } };
        let ours = BalanceKind::OURS.into_iter().zip(20..).map(|(kind, id)| ((kind, currency), id));
        Self { book: Book::new([opening], [], ours), desk: Desk::default(), ids: 100 }
    }

    fn linked(&mut self, commands: &[Command]) -> Vec<(Answer, bool)> {
        let Self { book, desk, ids } = self;
        let mut next = || {
            *ids += 1;
            *ids
        };
        desk.run_linked(book, commands, &mut Now { next_id: &mut next, at: AT })
    }

    fn run(&mut self, key: &str, order: Order) -> Answer {
        let Self { book, desk, ids } = self;
        let mut next = || {
            *ids += 1;
            *ids
        };
        desk.run(book, &command(key, order), &mut Now { next_id: &mut next, at: AT }).0
    }

    fn left(&self) -> i64 {
        self.book.balance(ACCOUNT).unwrap().available_micros
    }
}

fn command(key: &str, order: Order) -> Command {
    Command { account: ACCOUNT, key: key.to_owned(), fingerprint: format!("{order:?}"), order }
}

fn debit(key: &str, micros: i64) -> Command {
    command(key, Order::Debit { micros })
}

fn errors(answers: &[(Answer, bool)]) -> Vec<(Option<Refusal>, bool)> {
    answers.iter().map(|(answer, earlier)| (answer.err(), *earlier)).collect()
}

#[test]
fn a_linked_group_is_done_whole_and_told_again_whole() {
    let mut counter = Counter::open();
    let group = [debit("a", 30), debit("b", 40)];
    let done = counter.linked(&group);
    assert_eq!(errors(&done), [(None, false), (None, false)]);
    assert_eq!(done[1].0.unwrap().moved_micros, 40);
    assert_eq!(counter.left(), 30);
    assert_eq!(errors(&counter.linked(&group)), [(None, true), (None, true)]);
    assert_eq!((counter.left(), counter.desk.new_answers().len()), (30, 2));
}

#[test]
fn one_refusal_refuses_the_group_for_good_and_moves_nothing() {
    let mut counter = Counter::open();
    let group = [debit("a", 30), debit("b", 80), debit("c", 10)];
    let linked = Some(Refusal::Linked(1));
    let refused = [(linked, false), (Some(Refusal::Insufficient), false), (linked, false)];
    assert_eq!(errors(&counter.linked(&group)), refused);
    assert_eq!((counter.left(), counter.book.postings().count()), (100, 0));
    assert_eq!(errors(&counter.linked(&group)), [(linked, true), (Some(Refusal::Insufficient), true), (linked, true)]);
}

#[test]
fn a_group_that_was_done_in_part_or_has_a_key_twice_is_refused_and_not_kept() {
    let mut counter = Counter::open();
    counter.run("a", Order::Debit { micros: 5 }).unwrap();
    let used = (Some(Refusal::KeyUsed), false);
    assert_eq!(errors(&counter.linked(&[debit("a", 5), debit("b", 5)])), [used, used]);
    assert_eq!(errors(&counter.linked(&[debit("c", 5), debit("c", 5)])), [used, used]);
    assert_eq!(errors(&counter.linked(&[debit("b", 5), debit("c", 5)])), [(None, false), (None, false)]);
    assert_eq!(counter.left(), 85);
}

/// What costs nothing moves nothing: the rest of a capture that takes all has no posting.
#[test]
fn a_capture_of_all_moves_once_and_the_hold_is_known_as_it_is() {
    let mut counter = Counter::open();
    let held = counter.run("a", Order::Hold { micros: 60, expires_at: END }).unwrap();
    assert_eq!(counter.desk.hold(held.hold).unwrap().hold.left_micros(), 60);
    counter.run("b", Order::Capture { hold: held.hold, micros: None, last: true }).unwrap();
    assert_eq!(counter.desk.hold(held.hold).unwrap().hold.captured_micros, 60);
    assert_eq!(counter.desk.new_answers()[1].moved.len(), 1);
    assert_eq!(counter.left(), 40);
}
