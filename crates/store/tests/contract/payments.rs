//! Payments through providers, their events and bank transfers: each once, states only from the one that was read.

use sambac_domain::payment::{PaymentState, TransferState};
use sambac_domain::{AdminKeyId, PaymentId, Timestamp};
use sambac_store::rows::{BankTransferRow, PaymentEventRow, PaymentIntentRow, PaymentRow, PostingKind};
use sambac_store::{BalanceDelta, Batch, PaymentSucceeded, Store, StoreError, TransferBooked};

use crate::both::on_both_databases;
use crate::fixture::{self, ACCOUNT, FUNDING, NOW, OTHER_ACCOUNT, WALLET, chain_key, eur, payment, posting};

const KEY: AdminKeyId = AdminKeyId::from_raw(77 << 8);

fn id(number: i64) -> PaymentId {
    PaymentId::from_raw((1 << 41) + (number << 8))
}

fn later(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1_000_000)
}

fn intent(number: i64) -> PaymentIntentRow {
    PaymentIntentRow {
        id: id(number),
        account_id: ACCOUNT,
        provider: "stripe".to_owned(),
        provider_payment_id: None,
        state: PaymentState::Created,
        amount_micros: 5_000_000,
        currency: eur(),
        client_secret: None,
        play: None,
        why: None,
        idempotency_key: Some(format!("key {number}")),
        fingerprint: "digest".to_owned(),
        checks: 0,
        next_check_at: Some(later(number)),
        created_at: NOW,
        expires_at: later(86_400),
        ended_at: None,
        proof: None,
    }
}

fn event(number: i64, event_id: &str, provider_payment_id: &str, payment_id: Option<PaymentId>) -> PaymentEventRow {
    PaymentEventRow {
        id: (1 << 41) + (number << 8),
        provider: "stripe".to_owned(),
        event_id: event_id.to_owned(),
        kind: "payment_intent.succeeded".to_owned(),
        provider_payment_id: provider_payment_id.to_owned(),
        payment_id,
        received_at: NOW,
    }
}

fn transfer(number: i64, state: TransferState) -> BankTransferRow {
    BankTransferRow {
        id: id(number),
        account_id: ACCOUNT,
        amount_micros: number * 1_000_000,
        currency: eur(),
        reference: format!("transfer {number}"),
        reason: "on the statement".to_owned(),
        state,
        asked_by_key: KEY,
        asked_by: "anna".to_owned(),
        asked_at: NOW,
        decided_by_key: None,
        decided_by: None,
        decided_at: None,
        decided_why: None,
        expires_at: later(10),
        proof: None,
    }
}

/// The credit of a payment, as the group commit writes it.
fn credit(number: i64, provider_payment_id: &str) -> Batch {
    let row = posting(number, PostingKind::Credit, 5_000_000);
    let money = PaymentRow { id: id(number), ..payment(number, &format!("stripe:{provider_payment_id}"), 5_000_000) };
    Batch {
        payments: vec![PaymentRow { posting_id: row.id, ..money }],
        payments_succeeded: vec![PaymentSucceeded {
            id: id(number),
            provider_payment_id: provider_payment_id.to_owned(),
            ended_at: later(1),
        }],
        postings: vec![row],
        balances: vec![
            BalanceDelta { id: FUNDING, delta_micros: -5_000_000 },
            BalanceDelta { id: WALLET, delta_micros: 5_000_000 },
        ],
        ..Batch::default()
    }
}

async fn wallet(store: &Store) -> i64 {
    store.balances_of(ACCOUNT).await.unwrap()[0].balance_micros
}

on_both_databases! {
    /// What a proof is of goes through the database and is proven as it is, and not otherwise.
    async fn a_row_is_proven_as_the_platform_wrote_it_only(store: Store) {
        fixture::seed(&store).await;
        let key = chain_key();
        let row = key.prove(transfer(1, TransferState::Open));
        store.insert_bank_transfer(&row).await.unwrap();
        let stored = store.bank_transfer(id(1)).await.unwrap().unwrap();
        assert!(stored == row && key.proves(&stored) && !key.proves(&transfer(1, TransferState::Open)));
        let edits: [fn(&mut BankTransferRow); 6] = [
            |row| row.state = TransferState::Approved,
            |row| row.amount_micros += 1,
            |row| row.account_id = OTHER_ACCOUNT,
            |row| row.asked_by_key = AdminKeyId::from_raw(256),
            |row| row.decided_by_key = Some(KEY),
            |row| row.reference.push('x'),
        ];
        for edit in edits {
            let mut edited = row.clone();
            edit(&mut edited);
            assert!(!key.proves(&edited), "{edited:?}");
        }
        assert!(!sambac_store::ChainKey::new(b"another").proves(&row));

        let payment = key.prove(intent(1));
        store.insert_payment_intent(&payment).await.unwrap();
        let stored = store.payment_intent(ACCOUNT, id(1)).await.unwrap().unwrap();
        let hastened = PaymentIntentRow { next_check_at: None, checks: 9, why: Some("late".to_owned()), ..stored.clone() };
        assert!(key.proves(&stored) && key.proves(&hastened));
        let edits: [fn(&mut PaymentIntentRow); 4] = [
            |row| row.account_id = OTHER_ACCOUNT,
            |row| row.amount_micros += 1,
            |row| row.provider.push('x'),
            |row| row.provider_payment_id = Some("pi_9".to_owned()),
        ];
        for edit in edits {
            let mut edited = stored.clone();
            edit(&mut edited);
            assert!(!key.proves(&edited), "{edited:?}");
        }
    }

    /// A key makes one payment; a payment is read by its own account only, and listed newest first.
    async fn a_payment_is_kept_once_by_its_key(store: Store) {
        fixture::seed(&store).await;
        assert!(store.insert_payment_intent(&intent(1)).await.unwrap());
        let again = PaymentIntentRow { id: id(2), ..intent(1) };
        assert!(!store.insert_payment_intent(&again).await.unwrap(), "the key is used");
        for number in [3, 4] {
            let row = PaymentIntentRow { idempotency_key: None, ..intent(number) };
            assert!(store.insert_payment_intent(&row).await.unwrap(), "without a key each is another one");
        }
        assert_eq!(store.payment_intent(ACCOUNT, id(1)).await.unwrap(), Some(intent(1)));
        assert_eq!(store.payment_intent(OTHER_ACCOUNT, id(1)).await.unwrap(), None);
        assert_eq!(store.payment_intent_by_key(ACCOUNT, "key 1").await.unwrap(), Some(intent(1)));
        assert_eq!(store.payment_intent_by_key(OTHER_ACCOUNT, "key 1").await.unwrap(), None);
        let ids = |rows: Vec<PaymentIntentRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(ids(store.list_payment_intents(ACCOUNT, None, 2).await.unwrap()), [id(4), id(3)]);
        assert_eq!(ids(store.list_payment_intents(ACCOUNT, Some(id(3)), 2).await.unwrap()), [id(1)]);
        assert_eq!(ids(store.list_payment_intents(OTHER_ACCOUNT, None, 2).await.unwrap()), []);
        assert_eq!(store.count_open_payment_intents(ACCOUNT).await.unwrap(), 3);
        assert_eq!(ids(store.payment_intents_due(later(3), 9).await.unwrap()), [id(1), id(3)]);
    }

    /// Who decides by an older state, or before news that came meanwhile, changes nothing.
    async fn a_payment_moves_only_from_what_was_read(store: Store) {
        fixture::seed(&store).await;
        let made = intent(1);
        store.insert_payment_intent(&made).await.unwrap();
        let pending = PaymentIntentRow {
            state: PaymentState::Pending,
            provider_payment_id: Some("pi_1".to_owned()),
            checks: 1,
            next_check_at: None,
            ..made.clone()
        };
        assert!(store.move_payment_intent(&pending, &made).await.unwrap());
        assert!(!store.move_payment_intent(&pending, &made).await.unwrap(), "it is pending already");
        assert!(store.keep_payment_event(&event(1, "evt_1", "pi_1", None)).await.unwrap());
        let declined = PaymentIntentRow { state: PaymentState::Declined, ..pending.clone() };
        assert!(!store.move_payment_intent(&declined, &pending).await.unwrap(), "there is news");
        let hastened = store.payment_intents_due(NOW, 9).await.unwrap();
        assert_eq!(hastened, [PaymentIntentRow { next_check_at: Some(NOW), ..pending.clone() }]);
        assert!(store.move_payment_intent(&declined, &hastened[0]).await.unwrap());
        store.insert_payment_intent(&intent(2)).await.unwrap();
        let taken = PaymentIntentRow { provider_payment_id: Some("pi_1".to_owned()), ..intent(2) };
        let refused = store.move_payment_intent(&taken, &intent(2)).await;
        assert!(matches!(refused, Err(StoreError::Conflict("payment_intents.provider_payment_id"))), "{refused:?}");
    }

    /// An event counts once; one that names our id finds a payment whose provider's id is not known yet.
    async fn an_event_counts_once(store: Store) {
        fixture::seed(&store).await;
        store.insert_payment_intent(&PaymentIntentRow { next_check_at: None, ..intent(1) }).await.unwrap();
        assert!(store.keep_payment_event(&event(1, "evt_1", "pi_9", Some(id(1)))).await.unwrap());
        let [hastened] = &store.payment_intents_due(NOW, 9).await.unwrap()[..] else { panic!("not hastened") };
        store.move_payment_intent(&PaymentIntentRow { next_check_at: None, ..hastened.clone() }, hastened).await.unwrap();
        assert!(!store.keep_payment_event(&event(2, "evt_1", "pi_9", Some(id(1)))).await.unwrap());
        assert_eq!(store.payment_intents_due(NOW, 9).await.unwrap(), [], "a repetition hastens nothing");
        let others = PaymentEventRow { provider: "other".to_owned(), ..event(3, "evt_1", "pi_9", Some(id(1))) };
        assert!(store.keep_payment_event(&others).await.unwrap(), "another provider's event of the same name");
        assert_eq!(store.payment_intents_due(NOW, 9).await.unwrap(), [], "it is of no payment of that provider");
    }

    /// Whatever comes twice, the money comes once: the payment's id and its reference have no room for another.
    async fn a_payment_is_credited_once_in_a_batch(store: Store) {
        fixture::seed(&store).await;
        for number in [1, 2] {
            store.insert_payment_intent(&intent(number)).await.unwrap();
        }
        store.commit(&credit(1, "pi_1")).await.unwrap();
        assert_eq!(wallet(&store).await, 5_000_000);
        let row = store.payment_intent(ACCOUNT, id(1)).await.unwrap().unwrap();
        assert_eq!((row.state, row.provider_payment_id.as_deref()), (PaymentState::Succeeded, Some("pi_1")));
        assert_eq!((row.next_check_at, row.ended_at), (None, Some(later(1))));
        let [booked] = &store.payments_by_ids(&[id(1), id(2)]).await.unwrap()[..] else { panic!("one is credited") };
        assert_eq!((booked.id, booked.reference.as_str()), (id(1), "stripe:pi_1"));
        let mut again = credit(1, "pi_1");
        again.postings = vec![posting(9, PostingKind::Credit, 5_000_000)];
        let refused = store.commit(&again).await;
        assert!(matches!(refused, Err(StoreError::Conflict("payments" | "payments.reference"))), "{refused:?}");
        let refused = store.commit(&credit(2, "pi_1")).await;
        assert!(matches!(refused, Err(StoreError::Conflict("payments.reference"))), "{refused:?}");
        assert_eq!(wallet(&store).await, 5_000_000);
        // A payment whose money has come is hastened by nothing.
        store.keep_payment_event(&event(1, "evt_1", "pi_1", None)).await.unwrap();
        assert_eq!(store.payment_intents_due(later(-1), 9).await.unwrap(), []);
    }

    /// A reference is booked once, one administrator decides, and what one booked alone is added up.
    async fn a_bank_transfer_is_decided_once(store: Store) {
        fixture::seed(&store).await;
        assert!(store.insert_bank_transfer(&transfer(1, TransferState::Open)).await.unwrap());
        let same = BankTransferRow { id: id(9), ..transfer(1, TransferState::Open) };
        assert!(!store.insert_bank_transfer(&same).await.unwrap(), "the reference is there");
        let reference = transfer(1, TransferState::Open).reference.to_ascii_uppercase();
        let found = store.bank_transfer_of(ACCOUNT, &reference).await.unwrap();
        assert_eq!(found, Some(transfer(1, TransferState::Open)), "in any case");
        assert_eq!(store.bank_transfer_of(ACCOUNT, "another").await.unwrap(), None);
        let approved = BankTransferRow {
            state: TransferState::Approved,
            decided_by_key: Some(AdminKeyId::from_raw(78 << 8)),
            decided_by: Some("ben".to_owned()),
            decided_at: Some(later(1)),
            decided_why: Some("seen".to_owned()),
            ..transfer(1, TransferState::Open)
        };
        assert!(store.move_bank_transfer(&approved, TransferState::Open).await.unwrap());
        let refused = BankTransferRow { state: TransferState::Refused, ..approved.clone() };
        assert!(!store.move_bank_transfer(&refused, TransferState::Open).await.unwrap(), "it is approved");
        assert_eq!(store.bank_transfer(id(1)).await.unwrap(), Some(approved.clone()));
        store.insert_bank_transfer(&transfer(2, TransferState::Open)).await.unwrap();
        store.insert_bank_transfer(&transfer(3, TransferState::Approved)).await.unwrap();
        let due = |rows: Vec<BankTransferRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(due(store.bank_transfers_due(NOW, PaymentId::from_raw(0), 9).await.unwrap()), [id(1), id(3)], "approved and not booked");
        assert_eq!(due(store.bank_transfers_due(later(10), PaymentId::from_raw(0), 9).await.unwrap()), [id(1), id(2), id(3)], "one is overdue");
        assert_eq!(due(store.bank_transfers_due(NOW, id(1), 9).await.unwrap()), [id(3)], "each once");
        let alone = store.booked_alone_micros(KEY, later(-1)).await.unwrap();
        assert_eq!(alone, 3_000_000, "what another one approved, and what is open, is not booked alone");
        assert_eq!(store.booked_alone_micros(KEY, NOW).await.unwrap(), 0, "too long ago");
        let booked = chain_key().prove(BankTransferRow { state: TransferState::Booked, ..approved.clone() });
        let transfers_booked = vec![TransferBooked { id: id(1), proof: chain_key().proof_of(&booked) }];
        store.commit(&Batch { transfers_booked, ..Batch::default() }).await.unwrap();
        assert_eq!(store.bank_transfer(id(1)).await.unwrap(), Some(booked));
        let open = store.list_bank_transfers(Some(TransferState::Open), None, 9).await.unwrap();
        assert_eq!(due(open), [id(2)]);
        assert_eq!(due(store.list_bank_transfers(None, Some(id(3)), 1).await.unwrap()), [id(2)]);
    }
}
