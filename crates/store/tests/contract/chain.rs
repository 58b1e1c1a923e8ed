//! The chain of blocks: what is sealed verifies, a shard has one writer, and rows of money are not to be changed.

use sambac_domain::ledger::{Trial, check};
use sambac_store::chain::{NoCdrFiles, Report, SHARD_OF_ENGINE, SHARD_OF_PAYMENTS, SHARD_OF_UNSEALED};
use sambac_store::rows::{ChargeState, HoldRow, LedgerCommandRow, PostingKind};
use sambac_store::{BalanceDelta, Batch, Chain, ChargeCorrection, RunningSums, Store, StoreError};

use sambac_domain::ledger::{HoldState, Verb};
use sambac_domain::{HoldId, Timestamp};

use crate::both::on_both_databases;
use crate::fixture::{
    self, ACCOUNT, HELD, NOW, PRICE_MICROS, REVENUE, WALLET, cdr, chain_key, charge, eur, payment, posting, posting_id,
    segment_id, settle,
};

async fn take(store: &Store, holder: &str) -> Chain {
    store.take_chain(SHARD_OF_ENGINE, chain_key(), holder, NOW).await.unwrap()
}

async fn commit(store: &Store, chain: &mut Chain, mut batch: Batch) -> Result<(), StoreError> {
    let before = chain.clone();
    store.commit_next(&mut batch, chain, NOW).await?;
    assert_eq!(*chain.head(), before.seal(&mut batch, NOW), "the seal does not depend on when it is made");
    assert!(store.contains(&batch).await.unwrap());
    Ok(())
}

fn moved(from: i64, to: i64, micros: i64) -> Vec<BalanceDelta> {
    vec![BalanceDelta { id: from, delta_micros: -micros }, BalanceDelta { id: to, delta_micros: micros }]
}

fn hold(state: HoldState) -> HoldRow {
    HoldRow {
        id: HoldId::from_raw(77 << 8),
        account_id: ACCOUNT,
        payer_id: ACCOUNT,
        amount_micros: PRICE_MICROS,
        captured_micros: if state == HoldState::Captured { PRICE_MICROS } else { 0 },
        refunded_micros: 0,
        currency: eur(),
        state,
        expires_at: Some(Timestamp(NOW.0 + 5)),
        created_at: NOW,
        ended_at: None,
        block_id: 0,
    }
}

fn command(number: i64, verb: Verb, posting: i64) -> LedgerCommandRow {
    LedgerCommandRow {
        id: number << 8,
        account_id: ACCOUNT,
        key: format!("key {number}"),
        fingerprint: "digest".to_owned(),
        verb,
        hold_id: Some(hold(HoldState::Open).id),
        answer: "{}".to_owned(),
        amount_micros: PRICE_MICROS,
        posting_id: Some(posting_id(posting)),
        released_micros: 0,
        release_posting_id: None,
        created_at: NOW,
        block_id: 0,
    }
}

/// A payment, two charges of which one is corrected later, and a hold that is captured.
async fn history(store: &Store) -> Chain {
    fixture::seed(store).await;
    let credit = posting(1, PostingKind::Credit, 10 * PRICE_MICROS);
    assert!(store.credit(&payment(1, "first", 10 * PRICE_MICROS), &credit, &chain_key()).await.unwrap());
    let mut chain = take(store, "the first").await;
    let held = Batch {
        charges: vec![charge(1, posting_id(2)), charge(2, posting_id(2))],
        postings: vec![posting(2, PostingKind::Hold, 2 * PRICE_MICROS)],
        balances: moved(WALLET, HELD, 2 * PRICE_MICROS),
        ..Batch::default()
    };
    commit(store, &mut chain, held).await.unwrap();
    let ended = Batch {
        settlements: vec![settle(1, ChargeState::Captured, 3), settle(2, ChargeState::Voided, 4)],
        cdrs: vec![cdr(1), cdr(2)],
        postings: vec![posting(3, PostingKind::Capture, PRICE_MICROS), posting(4, PostingKind::Void, PRICE_MICROS)],
        balances: [moved(HELD, REVENUE, PRICE_MICROS), moved(HELD, WALLET, PRICE_MICROS)].concat(),
        ..Batch::default()
    };
    commit(store, &mut chain, ended).await.unwrap();
    let corrected = Batch {
        charge_corrections: vec![ChargeCorrection {
            id: segment_id(2),
            captured_micros: PRICE_MICROS,
            posting: posting_id(5),
            block_id: 0,
        }],
        postings: vec![posting(5, PostingKind::Correct, PRICE_MICROS)],
        balances: moved(WALLET, REVENUE, PRICE_MICROS),
        ..Batch::default()
    };
    commit(store, &mut chain, corrected).await.unwrap();
    let set_aside = Batch {
        holds: vec![hold(HoldState::Open)],
        commands: vec![command(1, Verb::Hold, 6)],
        postings: vec![posting(6, PostingKind::Hold, PRICE_MICROS)],
        balances: moved(WALLET, HELD, PRICE_MICROS),
        ..Batch::default()
    };
    commit(store, &mut chain, set_aside).await.unwrap();
    chain
}

async fn capture(store: &Store, chain: &mut Chain) {
    let captured = Batch {
        hold_updates: vec![hold(HoldState::Captured)],
        commands: vec![command(2, Verb::Capture, 7)],
        postings: vec![posting(7, PostingKind::Capture, PRICE_MICROS)],
        balances: moved(HELD, REVENUE, PRICE_MICROS),
        ..Batch::default()
    };
    commit(store, chain, captured).await.unwrap();
}

async fn findings(store: &Store) -> Vec<String> {
    let mut found = Vec::new();
    let mut report = |report: Report<'_>| {
        if let Report::Found(finding) = report {
            found.push(finding.to_string());
        }
    };
    store.verify_ledger(&chain_key(), &[], &mut NoCdrFiles, &mut report).await.unwrap();
    found
}

on_both_databases! {
    /// A payment that was changed, put in or taken away is named; those from before they were sealed are counted, once.
    async fn payments_are_sealed_and_those_from_before_are_counted(store: Store) {
        fixture::seed(&store).await;
        let old = Batch { payments: vec![payment(8, "from before", PRICE_MICROS)], ..Batch::default() };
        store.commit(&old).await.unwrap();
        for _ in 0..2 {
            store.note_unsealed_payments(chain_key(), NOW).await.unwrap();
        }
        let credit = posting(1, PostingKind::Credit, PRICE_MICROS);
        assert!(store.credit(&payment(1, "first", PRICE_MICROS), &credit, &chain_key()).await.unwrap());
        assert!(!store.credit(&payment(2, "first", PRICE_MICROS), &credit, &chain_key()).await.unwrap(), "once");
        assert_eq!(findings(&store).await, Vec::<String>::new());
        let heads = store.ledger_heads().await.unwrap();
        assert_eq!(heads.iter().map(|head| (head.shard, head.block_no())).collect::<Vec<_>>(), [(64, 1), (SHARD_OF_UNSEALED, 1)]);
        store.commit(&Batch { payments: vec![payment(9, "put in", PRICE_MICROS)], ..Batch::default() }).await.unwrap();
        assert_eq!(findings(&store).await, ["payments 0: 2 rows are from before the chain began, which counted 1"]);
    }

    async fn holds_and_commands_are_vouched_for_as_they_were_sealed_only(store: Store) {
        let mut chain = history(&store).await;
        let id = hold(HoldState::Open).id;
        let stored = async || store.holds_by_ids(&[id]).await.unwrap().remove(0);
        let vouched = async |row: &HoldRow| store.vouched_holds(&chain_key(), std::slice::from_ref(row)).await.unwrap().len();
        let before = stored().await;
        assert_eq!((vouched(&before).await, store.holds_told(&[id]).await.unwrap().len()), (1, 1));
        capture(&store, &mut chain).await;
        let after = stored().await;
        assert_eq!((vouched(&after).await, store.holds_told(&[id]).await.unwrap().len()), (1, 1));
        assert_eq!(vouched(&HoldRow { amount_micros: 90 * PRICE_MICROS, ..after.clone() }).await, 0);
        assert_eq!(vouched(&HoldRow { block_id: 0, ..after.clone() }).await, 0);
        assert_eq!(vouched(&HoldRow { block_id: before.block_id, ..after.clone() }).await, 0);
        // As it was before: its block says so still, and its commands do not.
        store.commit(&Batch { hold_updates: vec![before.clone()], ..Batch::default() }).await.unwrap();
        assert_eq!((vouched(&before).await, store.holds_told(&[id]).await.unwrap().len()), (1, 0));
        let trial = store.trial(NOW).await.unwrap();
        assert!(check(&trial).iter().any(|breach| breach.to_string().contains("is not what its commands add up to")));

        let charges = store.charges_by_ids(&[segment_id(1), segment_id(2)]).await.unwrap();
        assert_eq!(store.vouched_charges(&chain_key(), &charges).await.unwrap().len(), 2, "one is corrected");
        let edits: [fn(&mut sambac_store::rows::ChargeRow); 5] = [
            |row| row.amount_micros += 1,
            |row| row.captured_micros += 1,
            |row| row.state = ChargeState::Voided,
            |row| row.settle_block_id = None,
            |row| row.block_id = 0,
        ];
        for edit in edits {
            let mut edited = charges.clone();
            edit(&mut edited[0]);
            assert_eq!(store.vouched_charges(&chain_key(), &edited).await.unwrap(), [segment_id(2)].into(), "{edited:?}");
        }

        let keys = [(ACCOUNT, "key 1".to_owned()), (ACCOUNT, "key 2".to_owned())];
        let mut commands = store.ledger_commands(&keys).await.unwrap();
        assert_eq!(store.vouched_commands(&chain_key(), &commands).await.unwrap().len(), 2);
        commands[0].answer.push(' ');
        assert_eq!(store.vouched_commands(&chain_key(), &commands).await.unwrap(), [commands[1].id].into());
    }

    async fn what_was_sealed_verifies_and_adds_up(store: Store) {
        let mut chain = history(&store).await;
        let (first, open) = ((Timestamp(i64::MIN), HoldId::from_raw(0)), hold(HoldState::Open).id);
        let due = store.holds_due(Timestamp(NOW.0 + 5), first, 10).await.unwrap();
        assert_eq!(due, [(Timestamp(NOW.0 + 5), open)]);
        assert_eq!(store.holds_due(NOW, first, 10).await.unwrap(), []);
        assert_eq!(store.holds_due(Timestamp(NOW.0 + 5), due[0], 10).await.unwrap(), [], "each once");
        capture(&store, &mut chain).await;
        assert_eq!(findings(&store).await, Vec::<String>::new());
        assert_eq!(check(&store.trial(NOW).await.unwrap()), []);
        let heads = store.ledger_heads().await.unwrap();
        assert_eq!(heads.iter().map(|head| (head.shard, head.block_no())).collect::<Vec<_>>(), [(0, 5), (64, 1)]);
        assert_eq!(heads[0], *chain.head());
        assert_eq!(store.holds_by_ids(&[hold(HoldState::Open).id]).await.unwrap()[0].state, HoldState::Captured);
        let keys = [(ACCOUNT, "key 2".to_owned()), (ACCOUNT, "no such key".to_owned())];
        let stored = store.ledger_commands(&keys).await.unwrap();
        assert_eq!(stored.iter().map(|row| row.verb).collect::<Vec<_>>(), [Verb::Capture]);
        assert_eq!(store.charges_unverified(NOW, 10).await.unwrap(), []);
    }

    async fn another_key_verifies_nothing(store: Store) {
        history(&store).await;
        let (mut count, other) = (0, sambac_store::ChainKey::new(b"another key"));
        let mut report = |report: Report<'_>| count += u32::from(matches!(report, Report::Found(_)));
        let verified = store.verify_ledger(&other, &[], &mut NoCdrFiles, &mut report).await.unwrap();
        assert!(verified.findings >= verified.blocks, "{verified:?}");
        assert_eq!(u64::from(count), verified.findings);
    }

    async fn who_takes_a_shard_ends_the_one_before(store: Store) {
        let first = history(&store).await;
        let mut second = take(&store, "the second").await;
        assert_eq!(second.head().epoch, first.head().epoch + 1);
        let mut late = Batch { cdrs: vec![cdr(3)], ..Batch::default() };
        first.seal(&mut late, NOW);
        assert!(matches!(store.commit(&late).await, Err(StoreError::Conflict("ledger_shards"))));
        assert!(!store.contains(&late).await.unwrap());
        // Nor does it write anything else.
        let mut other = Batch { events: vec![fixture::event(1, 1)], ..Batch::default() };
        first.seal(&mut other, NOW);
        assert!(other.blocks.is_empty() && matches!(store.commit(&other).await, Err(StoreError::Conflict("ledger_shards"))));
        let mut still = first.clone();
        let refused = commit(&store, &mut still, Batch { cdrs: vec![cdr(3)], ..Batch::default() }).await;
        assert!(matches!(refused, Err(StoreError::Conflict("ledger_shards"))), "{refused:?}");
        assert_eq!(still.head(), first.head(), "nothing was added to its chain");
        commit(&store, &mut second, Batch { cdrs: vec![cdr(3)], ..Batch::default() }).await.unwrap();
        let shards = store.shards().await.unwrap();
        assert_eq!((shards[0].holder.as_str(), shards[1].id), ("the second", SHARD_OF_PAYMENTS));
        assert_eq!(store.take_shard(9, "a third", NOW).await.unwrap().epoch, 1);
        assert_eq!(findings(&store).await, Vec::<String>::new());
    }

    /// A connection may break while its COMMIT is on its way: what becomes of that is waited for, and not guessed.
    async fn a_commit_on_its_way_is_waited_for(store: Store) {
        let chain = history(&store).await;
        let mut late = Batch { cdrs: vec![cdr(3)], ..Batch::default() };
        chain.seal(&mut late, NOW);
        for keeps in [false, true] {
            let mut work = store.begin().await.unwrap();
            work.write(&late).await.unwrap();
            let ends = async {
                for _ in 0..1_000 {
                    tokio::task::yield_now().await;
                }
                if keeps { work.commit().await.unwrap() } else { drop(work) }
            };
            let (stored, ()) = tokio::join!(store.contains(&late), ends);
            assert_eq!(stored.unwrap(), keeps);
        }
    }

    async fn only_what_came_since_is_added_up_again(store: Store) {
        let mut chain = history(&store).await;
        let mut sums = RunningSums::default();
        let first = store.running_trial(&mut sums, NOW).await.unwrap();
        assert_eq!(check(&first), []);
        capture(&store, &mut chain).await;
        let second = store.running_trial(&mut sums, NOW).await.unwrap();
        assert_eq!(check(&second), []);
        let balances = |trial: &Trial| trial.balances.iter().map(|row| row.postings_micros).collect::<Vec<_>>();
        assert_eq!(balances(&first), [7, 1, 2, -10].map(|times: i64| times * PRICE_MICROS));
        assert_eq!(balances(&second), [7, 0, 3, -10].map(|times: i64| times * PRICE_MICROS));
        store.commit(&Batch { balances: moved(WALLET, HELD, 5), ..Batch::default() }).await.unwrap();
        let spoiled = check(&store.running_trial(&mut sums, NOW).await.unwrap());
        assert_eq!(spoiled.len(), 2, "{spoiled:?}");
        let overdue = store.running_trial(&mut sums, Timestamp(NOW.0 + 10)).await.unwrap();
        assert_eq!(overdue.holds.len(), 0, "the hold was captured");
    }
}
