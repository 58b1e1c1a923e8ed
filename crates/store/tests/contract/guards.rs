//! A batch that does not fit what is stored is refused whole.

use sambac_domain::MessageState;
use sambac_store::rows::{ChargeState, PostingKind};
use sambac_store::{BalanceDelta, Batch, MessageFinal, RedactedNumber, Settlement, Store, StoreError};

use crate::both::on_both_databases;
use crate::fixture::{
    self, HELD, NOW, PRICE_MICROS, WALLET, cdr, charge, message_id, new_message, posting, posting_id, segment, submit,
    submitted,
};

fn accept(number: i64) -> Batch {
    Batch {
        messages: vec![new_message(number)],
        segments: vec![segment(number)],
        charges: vec![charge(number, posting_id(number))],
        outbox: vec![submit(number)],
        postings: vec![posting(number, PostingKind::Hold, PRICE_MICROS)],
        balances: vec![
            BalanceDelta { id: WALLET, delta_micros: -PRICE_MICROS },
            BalanceDelta { id: HELD, delta_micros: PRICE_MICROS },
        ],
        ..Batch::default()
    }
}

fn capture(number: i64, posting: i64) -> Settlement {
    fixture::settle(number, ChargeState::Captured, posting)
}

fn end(number: i64) -> MessageFinal {
    MessageFinal { id: message_id(number), state: MessageState::Delivered, error: None, final_at: NOW }
}

async fn refused(store: &Store, batch: Batch) -> &'static str {
    match store.commit(&batch).await {
        Err(StoreError::Conflict(constraint)) => constraint,
        other => panic!("expected a conflict, got {other:?}"),
    }
}

on_both_databases! {
    async fn a_message_id_is_used_once(store: Store) {
        fixture::seed(&store).await;
        store.commit(&accept(1)).await.unwrap();
        let mut twice = accept(2);
        twice.messages.push(new_message(1));
        assert_eq!(refused(&store, twice).await, "messages");
        assert_eq!(store.messages_by_ids(&[message_id(2)]).await.unwrap(), []);
        assert_eq!(store.outbox_count(fixture::QUEUE, fixture::OTP_LANE).await.unwrap(), 1);
    }

    async fn a_charge_is_settled_once(store: Store) {
        fixture::seed(&store).await;
        store.commit(&accept(1)).await.unwrap();
        store.commit(&accept(2)).await.unwrap();
        let first = Batch { settlements: vec![capture(1, 11)], ..Batch::default() };
        store.commit(&first).await.unwrap();
        let second = Batch { settlements: vec![capture(2, 12), capture(1, 12)], cdrs: vec![cdr(2)], ..Batch::default() };
        assert_eq!(refused(&store, second).await, "settlement");
        let charges = store.charges_of(&[message_id(1), message_id(2)]).await.unwrap();
        assert_eq!(charges[0].settle_posting_id, Some(posting_id(11)));
        assert_eq!(charges[1].state, ChargeState::Held);
        let after = Batch { settlements: vec![capture(2, 13)], cdrs: vec![cdr(2)], ..Batch::default() };
        store.commit(&after).await.unwrap();
    }

    async fn a_message_ends_once_and_loses_its_body(store: Store) {
        fixture::seed(&store).await;
        store.commit(&accept(1)).await.unwrap();
        store.commit(&Batch { message_finals: vec![end(1)], ..Batch::default() }).await.unwrap();
        let row = &store.messages_by_ids(&[message_id(1)]).await.unwrap()[0];
        assert_eq!((row.state, row.final_at, row.body.is_none()), (MessageState::Delivered, Some(NOW), true));
        let again = Batch { message_finals: vec![end(1)], ..Batch::default() };
        assert_eq!(refused(&store, again).await, "message_final");
    }

    async fn a_message_loses_its_body_before_its_end_and_its_number_with_it(store: Store) {
        fixture::seed(&store).await;
        store.commit(&accept(1)).await.unwrap();
        store.commit(&Batch { bodies_wiped: vec![message_id(1)], ..Batch::default() }).await.unwrap();
        let before = store.messages_by_ids(&[message_id(1)]).await.unwrap().remove(0);
        assert_eq!((before.final_at, before.body.is_none()), (None, true));
        let redacted = vec![RedactedNumber { id: before.id, destination: before.destination.erased() }];
        store.commit(&Batch { message_finals: vec![end(1)], redacted, ..Batch::default() }).await.unwrap();
        let after = store.messages_by_ids(&[message_id(1)]).await.unwrap().remove(0);
        assert_eq!((after.final_at, after.destination), (Some(NOW), before.destination.erased()));
        assert_ne!(after.destination, before.destination);
    }

    async fn only_an_ended_message_is_corrected(store: Store) {
        fixture::seed(&store).await;
        store.commit(&accept(1)).await.unwrap();
        let other = MessageFinal { state: MessageState::Undelivered, ..end(1) };
        let correct = Batch { message_corrections: vec![other], ..Batch::default() };
        store.commit(&correct).await.unwrap();
        assert_eq!(store.messages_by_ids(&[message_id(1)]).await.unwrap()[0].final_at, None);
        store.commit(&Batch { message_finals: vec![end(1)], ..Batch::default() }).await.unwrap();
        store.commit(&correct).await.unwrap();
        assert_eq!(store.messages_by_ids(&[message_id(1)]).await.unwrap()[0].state, MessageState::Undelivered);
    }

    async fn what_does_not_exist_cannot_change(store: Store) {
        fixture::seed(&store).await;
        assert_eq!(refused(&store, Batch { segment_updates: vec![submitted(1)], ..Batch::default() }).await, "segment");
        let balance = BalanceDelta { id: 1, delta_micros: 1 };
        assert_eq!(refused(&store, Batch { balances: vec![balance], ..Batch::default() }).await, "balance");
    }

    async fn a_balance_cannot_overflow_in_a_batch(store: Store) {
        fixture::seed(&store).await;
        let deltas = vec![BalanceDelta { id: WALLET, delta_micros: i64::MAX }; 2];
        assert_eq!(refused(&store, Batch { balances: deltas, ..Batch::default() }).await, "balance");
    }
}
