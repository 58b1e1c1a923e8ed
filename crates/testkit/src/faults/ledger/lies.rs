//! The oracle's own test: books that are true are believed, and each lie planted in them is found by the rule that is for it.

use super::books::{Balance, Books, ChargeRow, CommandRow, HoldRow, Posting};
use super::journal::{Answer, Done, Entry, Journal, Order, State};
use super::oracle::judge;

const PRICE: i64 = 50;
const MESSAGE: i64 = 4_096;
const WALLET: i64 = 1;
const HELD: i64 = 2;
const REVENUE: i64 = 3;
const FUNDING: i64 = 4;

fn accounts() -> Vec<String> {
    vec!["bank".to_owned()]
}

fn done(hold: i64, moved: i64, (amount, captured, refunded): (i64, i64, i64), state: State) -> Option<Answer> {
    Some(Answer::Done(Done { hold, moved, amount, captured, refunded, state }))
}

/// A debit of 100, a hold of 300 of which 200 are taken, a hold of 50 that expires, a refund of 10 of the debit, a refusal, and a
/// message.
fn journal() -> Journal {
    let entry = |order, answer| Entry { account: 0, order, answer };
    let entries = vec![
        entry(Order::Debit { micros: 100 }, done(256, 100, (100, 100, 0), State::Captured)),
        entry(Order::Hold { micros: 300, expires_in_s: 9 }, done(512, 300, (300, 0, 0), State::Open)),
        entry(
            Order::Capture { hold: 512, micros: Some(200), keep_open: false },
            done(512, 200, (300, 200, 0), State::Captured),
        ),
        entry(Order::Hold { micros: 50, expires_in_s: 1 }, done(768, 50, (50, 0, 0), State::Open)),
        entry(Order::Refund { hold: 256, micros: Some(10) }, done(256, 10, (100, 100, 10), State::Captured)),
        entry(Order::Debit { micros: 9_999 }, Some(Answer::Refused("insufficient_funds".into()))),
    ];
    Journal { client: 7, entries, messages: vec![Some(MESSAGE)], ..Journal::default() }
}

fn books() -> Books {
    let balance = |id, account: &str, kind: &str, micros| Balance {
        id,
        account: account.to_owned(),
        kind: kind.to_owned(),
        micros,
        credit_limit_micros: 0,
    };
    let posting = |id, debit_id, credit_id, micros, kind: &str, block_id| Posting {
        id,
        debit_id,
        credit_id,
        micros,
        kind: kind.to_owned(),
        block_id,
    };
    let command = |place: usize, hold, micros, posting_id, released, release_posting_id| CommandRow {
        account: "bank".to_owned(),
        key: journal().key(place),
        hold,
        done: micros > 0,
        micros,
        posting_id,
        released,
        release_posting_id,
    };
    let hold =
        |amount, captured, refunded, state| HoldRow { amount, captured, refunded, state, account: "bank".to_owned() };
    let expire = CommandRow { key: " expire hld_1".to_owned(), ..command(0, Some(768), 50, Some(7), 0, None) };
    Books {
        balances: vec![
            balance(WALLET, "bank", "wallet", 660),
            balance(HELD, "bank", "held", 0),
            balance(REVENUE, "", "revenue", 340),
            balance(FUNDING, "", "funding", -1_000),
        ],
        postings: vec![
            posting(2, WALLET, REVENUE, 100, "debit", 1),
            posting(3, WALLET, HELD, 350, "hold", 1),
            posting(4, HELD, REVENUE, 200, "capture", 2),
            posting(5, HELD, WALLET, 100, "void", 2),
            posting(6, REVENUE, WALLET, 10, "refund", 3),
            posting(7, HELD, WALLET, 50, "expire", 4),
            posting(8, WALLET, HELD, PRICE, "hold", 5),
            posting(9, HELD, REVENUE, PRICE, "capture", 6),
            posting(1, FUNDING, WALLET, 1_000, "credit", 99),
        ],
        holds: [(256, hold(100, 100, 10, 1)), (512, hold(300, 200, 0, 1)), (768, hold(50, 0, 0, 3))].into(),
        commands: vec![
            command(0, Some(256), 100, Some(2), 0, None),
            command(1, Some(512), 300, Some(3), 0, None),
            command(2, Some(512), 200, Some(4), 100, Some(5)),
            command(3, Some(768), 50, Some(3), 0, None),
            command(4, Some(256), 10, Some(6), 0, None),
            command(5, None, 0, None, 0, None),
            expire,
        ],
        charges: vec![ChargeRow {
            message: MESSAGE,
            micros: PRICE,
            captured: PRICE,
            state: 1,
            hold_posting: 8,
            settle_posting: Some(9),
        }],
    }
}

fn rules(journals: &[Journal], books: &Books) -> Vec<&'static str> {
    judge(&accounts(), journals, books, PRICE).into_iter().map(|finding| finding.rule).collect()
}

#[test]
fn true_books_are_believed() {
    assert_eq!(judge(&accounts(), &[journal()], &books(), PRICE), []);
}

fn change(books: &mut Books, hold: i64, change: impl Fn(&mut HoldRow)) {
    change(books.holds.get_mut(&hold).expect("it is in the books"));
}

/// A lie, and the rule that must find it.
type Lie = (&'static str, fn(&mut Journal, &mut Books));

const LIES: [Lie; 21] = [
    ("an answered order is lost", |_, books| drop(books.commands.remove(0))),
    ("a charge is lost", |_, books| drop(books.holds.remove(&256))),
    ("an order was carried out twice", |_, books| books.commands.push(books.commands[0].clone())),
    ("an order that nobody gave", |_, books| books.commands[0].key = "c7-99".to_owned()),
    ("an order that nobody gave", |_, books| books.commands[0].key = "somebody".to_owned()),
    ("a charge that nobody made", |_, books| drop(books.holds.insert(1_024, books.holds[&768].clone()))),
    ("an answer differs from what is stored", |_, books| books.commands[0].micros += 1),
    ("an answer differs from what is stored", |_, books| books.commands[5].done = true),
    ("an answer differs from what is stored", |journal, _| journal.entries[0].answer = None),
    ("an answer changed", |journal, _| journal.answered(0, Answer::Refused("insufficient_funds".into()))),
    ("a charge differs from its answers", |_, books| change(books, 512, |row| row.captured += 1)),
    ("still set aside", |_, books| change(books, 768, |row| row.state = 0)),
    ("still set aside", |_, books| books.balances[1].micros = 50),
    ("a wallet differs from its answers", |_, books| books.balances[0].micros += 100),
    ("two keys were given one message", |journal, _| journal.messages.push(Some(MESSAGE))),
    ("an accepted message was not charged", |_, books| books.charges.clear()),
    ("a message was charged twice", |_, books| books.charges.push(books.charges[0].clone())),
    ("a message that nobody sent", |journal, _| journal.messages.clear()),
    ("a message's charge has not ended as it should", |_, books| books.charges[0].state = 0),
    ("a posting is not the sum of its parts", |_, books| books.postings[1].micros -= 1),
    ("the balances do not add up to zero", |_, books| books.balances[2].micros -= 1),
];

#[test]
fn each_lie_is_found() {
    for (number, (rule, tell)) in LIES.into_iter().enumerate() {
        let (mut journal, mut books) = (journal(), books());
        tell(&mut journal, &mut books);
        let found = rules(&[journal], &books);
        assert!(found.contains(&rule), "lie {number}: {rule} is not among {found:?}");
    }
}

/// All adds up, and the money was not there when it was spent: 2,000 of 1,000, and back with the next block.
#[test]
fn an_overdraft_is_found_although_it_was_made_good() {
    let mut books = books();
    let spent = Posting { id: 10, micros: 2_000, ..books.postings[0].clone() };
    let back = Posting { id: 11, debit_id: REVENUE, credit_id: WALLET, block_id: 2, ..spent.clone() };
    books.postings.extend([spent, back]);
    books.postings.sort_by_key(|posting| posting.block_id);
    assert!(rules(&[journal()], &books).contains(&"a wallet went below its limit"));
    books.balances[0].credit_limit_micros = 2_000;
    assert!(!rules(&[journal()], &books).contains(&"a wallet went below its limit"));
}
