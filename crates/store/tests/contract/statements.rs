//! What was in the ledger at a past moment is added up from postings.

use sambac_domain::Timestamp;
use sambac_store::rows::{BalanceKind, PostingKind, PostingRow};
use sambac_store::{Batch, StatementLine, Store, TrialLine};

use crate::both::on_both_databases;
use crate::fixture::{self, ACCOUNT, NOW, OTHER_ACCOUNT, PRICE_MICROS, eur, posting};

fn at(seconds: i64, posting: &PostingRow) -> PostingRow {
    PostingRow { created_at: Timestamp(NOW.0 + seconds * 1_000_000), ..posting.clone() }
}

fn moment(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1_000_000)
}

/// A credit of ten, a hold of two, of which one is captured and one given back, a second after the other.
async fn history(store: &Store) {
    fixture::seed(store).await;
    let postings = vec![
        at(1, &posting(1, PostingKind::Credit, 10 * PRICE_MICROS)),
        at(2, &posting(2, PostingKind::Hold, 2 * PRICE_MICROS)),
        at(3, &posting(3, PostingKind::Capture, PRICE_MICROS)),
        at(3, &posting(4, PostingKind::Void, PRICE_MICROS)),
    ];
    store.commit(&Batch { postings, ..Batch::default() }).await.unwrap();
}

fn line(balance: BalanceKind, kind: PostingKind, numbers: [i64; 4]) -> StatementLine {
    let [before, credit, debit, postings] = numbers;
    let (before_micros, credit_micros, debit_micros) =
        (before * PRICE_MICROS, credit * PRICE_MICROS, debit * PRICE_MICROS);
    StatementLine { balance, currency: eur(), kind, before_micros, credit_micros, debit_micros, postings }
}

on_both_databases! {
    async fn a_statement_tells_what_was_before_and_what_moved(store: Store) {
        history(&store).await;
        let mut lines = store.statement(ACCOUNT, moment(2), moment(4)).await.unwrap();
        let mut expected = vec![
            line(BalanceKind::Wallet, PostingKind::Credit, [10, 0, 0, 0]),
            line(BalanceKind::Wallet, PostingKind::Hold, [0, 0, 2, 1]),
            line(BalanceKind::Wallet, PostingKind::Void, [0, 1, 0, 1]),
            line(BalanceKind::Held, PostingKind::Hold, [0, 2, 0, 1]),
            line(BalanceKind::Held, PostingKind::Capture, [0, 0, 1, 1]),
            line(BalanceKind::Held, PostingKind::Void, [0, 0, 1, 1]),
        ];
        for lines in [&mut lines, &mut expected] {
            lines.sort_by_key(|line| format!("{:?} {:?}", line.balance, line.kind));
        }
        assert_eq!(lines, expected);
        let before = store.statement(ACCOUNT, moment(0), moment(2)).await.unwrap();
        assert_eq!(before, [line(BalanceKind::Wallet, PostingKind::Credit, [0, 10, 0, 1])]);
        assert_eq!(store.statement(ACCOUNT, moment(0), moment(1)).await.unwrap(), []);
        assert_eq!(store.statement(OTHER_ACCOUNT, moment(0), moment(9)).await.unwrap(), []);
    }

    async fn a_trial_balance_adds_up_at_every_moment(store: Store) {
        history(&store).await;
        let sums = |lines: &[TrialLine]| {
            let (credits, debits) = lines.iter().map(|line| (line.credit_micros, line.debit_micros)).unzip::<_, _, Vec<_>, Vec<_>>();
            (credits.into_iter().sum::<i64>(), debits.into_iter().sum::<i64>())
        };
        for (seconds, moved) in [(1, 0), (2, 10), (3, 12), (4, 14)] {
            let lines = store.trial_balance(moment(seconds)).await.unwrap();
            assert_eq!(sums(&lines), (moved * PRICE_MICROS, moved * PRICE_MICROS), "{lines:?}");
        }
        let lines = store.trial_balance(moment(4)).await.unwrap();
        let wallet = lines.iter().find(|line| line.balance == BalanceKind::Wallet).unwrap();
        assert_eq!((wallet.accounts, wallet.credit_micros, wallet.debit_micros), (1, 11 * PRICE_MICROS, 2 * PRICE_MICROS));
    }
}
