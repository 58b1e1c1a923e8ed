//! Messages that their client knows by another one's id, those between two numbers, and another body for one that waits.

use std::sync::Arc;

use sambac_domain::{Message, MessageId, MessageState, Timestamp};
use sambac_store::{Batch, BodySwap, MessageFinal, NewMessage, OutboxMove, Sealed, Store, StoreError};

use crate::both::on_both_databases;
use crate::fixture::{ACCOUNT, NOW, OTHER_ACCOUNT, destination, message, message_id, new_message, submit};

fn answered(number: i64, with: i64) -> NewMessage {
    let message = Message { answered_id: Some(message_id(with)), ..Message::clone(&message(number)) };
    NewMessage::accepted(Arc::new(message), b"sealed".to_vec())
}

fn end(number: i64) -> MessageFinal {
    MessageFinal { id: message_id(number), state: MessageState::Canceled, error: None, final_at: NOW }
}

fn swap(number: i64) -> BodySwap {
    let (body, expires_at) = (Sealed(b"other".to_vec()), Timestamp(NOW.0 + 5));
    BodySwap { id: message_id(number), body, expires_at, receipt_wanted: false, options: Some("{}".to_owned()) }
}

async fn write(store: &Store) {
    let messages = vec![new_message(1), answered(2, 1), answered(3, 1), new_message(4)];
    store.commit(&Batch { messages, ..Batch::default() }).await.unwrap();
}

on_both_databases! {
    async fn an_id_stands_for_all_that_were_answered_with_it(store: Store) {
        write(&store).await;
        let known = async |account, number| {
            let rows = store.messages_known_as(account, message_id(number)).await.unwrap();
            rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert_eq!(known(ACCOUNT, 1).await, [1, 2, 3].map(message_id));
        assert_eq!(known(ACCOUNT, 4).await, [message_id(4)]);
        assert_eq!(known(OTHER_ACCOUNT, 1).await, []);
        assert_eq!(known(ACCOUNT, 9).await, []);
    }

    async fn open_messages_are_found_by_their_numbers(store: Store) {
        write(&store).await;
        let sender = message(1).sender;
        let between = async |account, number| {
            store.open_messages_between(account, &sender, destination(number), 10).await.unwrap()
        };
        assert_eq!(between(ACCOUNT, 1).await, [message_id(1)]);
        assert_eq!(between(OTHER_ACCOUNT, 1).await, []);
        let other = "Other".parse().unwrap();
        assert_eq!(store.open_messages_between(ACCOUNT, &other, destination(1), 10).await.unwrap(), [] as [MessageId; 0]);
        store.commit(&Batch { message_finals: vec![end(1)], ..Batch::default() }).await.unwrap();
        assert_eq!(between(ACCOUNT, 1).await, []);
    }

    async fn what_was_put_off_is_found_by_its_number(store: Store) {
        let put_off = |number: i64| {
            let (from, to) = (submit(number).key(), submit(number).key());
            OutboxMove { from, to, attempt: 1, due_at: Timestamp(NOW.0 + number) }
        };
        let batch = Batch {
            messages: vec![new_message(1), new_message(2), new_message(3)],
            outbox: vec![submit(1), submit(2), submit(3)],
            outbox_moves: vec![put_off(1), put_off(2)],
            ..Batch::default()
        };
        store.commit(&batch).await.unwrap();
        let waiting = async |number| {
            let rows = store.outbox_waiting_for(destination(number), 10).await.unwrap();
            rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert_eq!(waiting(1).await, [submit(1).id]);
        assert_eq!(waiting(3).await, [] as [i64; 0], "it does not wait");
    }

    async fn a_body_is_swapped_while_the_message_is_open(store: Store) {
        write(&store).await;
        store.commit(&Batch { body_swaps: vec![swap(1)], ..Batch::default() }).await.unwrap();
        let row = store.messages_by_ids(&[message_id(1)]).await.unwrap().remove(0);
        assert_eq!(row.body, Some(swap(1).body));
        assert_eq!((row.expires_at, row.receipt_wanted), (swap(1).expires_at, false));
        store.commit(&Batch { message_finals: vec![end(1)], ..Batch::default() }).await.unwrap();
        let late = store.commit(&Batch { body_swaps: vec![swap(1)], ..Batch::default() }).await;
        assert!(matches!(late, Err(StoreError::Conflict("body_swap"))), "{late:?}");
    }
}
