//! Requests for many: begun with their key or not at all, worked off by the oldest of each account, counted and wiped.

use sambac_domain::{ApiKeyId, BatchId, ErrorCode, MessageState, Timestamp};
use sambac_store::rows::{BatchRecipientRow, BatchRow};
use sambac_store::{Batch, NewMessage, Sealed, Store, StoreError};

use crate::both::on_both_databases;
use crate::fixture::{self, ACCOUNT, NOW, OTHER_ACCOUNT, answer, message_id, new_message};

fn batch(number: i64) -> BatchRow {
    BatchRow {
        id: BatchId::from_raw(number << 8),
        account_id: ACCOUNT,
        api_key_id: ApiKeyId::from_raw(8 << 8),
        total: 3,
        content: Some(Sealed(vec![1, 2, 3])),
        created_at: NOW,
        ended_at: None,
        canceled_at: None,
    }
}

fn recipient(no: u32, message: Option<i64>) -> BatchRecipientRow {
    BatchRecipientRow {
        batch_id: batch(80).id,
        no,
        message_id: message.map(message_id),
        error: message.is_none().then_some(ErrorCode::InvalidDestination),
        field: message.is_none().then(|| "/to".to_owned()),
        detail: message.is_none().then(|| "too short".to_owned()),
    }
}

on_both_databases! {
    async fn begun_with_its_key_or_not_at_all(store: Store) {
        fixture::seed(&store).await;
        store.begin_batch(&batch(80), Some(&answer("key", 1))).await.unwrap();
        let refused = store.begin_batch(&batch(81), Some(&answer("key", 2))).await;
        assert!(matches!(refused, Err(StoreError::Conflict("idempotency_keys"))), "{refused:?}");
        assert_eq!(store.batch(ACCOUNT, batch(80).id).await.unwrap(), Some(batch(80)));
        assert_eq!(store.batch(OTHER_ACCOUNT, batch(80).id).await.unwrap(), None);
        assert_eq!(store.batch(ACCOUNT, batch(81).id).await.unwrap(), None);
        let refused = store.begin_batch(&batch(80), None).await;
        assert!(matches!(refused, Err(StoreError::Conflict("batches"))), "{refused:?}");
        assert!(store.greatest_id().await.unwrap() >= 80 << 8);
    }

    async fn the_oldest_of_each_account_is_next(store: Store) {
        fixture::seed(&store).await;
        for row in [
            batch(82),
            batch(81),
            BatchRow { account_id: OTHER_ACCOUNT, ..batch(83) },
            BatchRow { ended_at: Some(NOW), ..batch(80) },
        ] {
            store.begin_batch(&row, None).await.unwrap();
        }
        let open = store.oldest_open_batches(10).await.unwrap();
        assert_eq!(open, [(ACCOUNT, batch(81).id), (OTHER_ACCOUNT, batch(83).id)]);
        assert_eq!(store.oldest_open_batches(1).await.unwrap().len(), 1);
        assert_eq!(store.count_open_batches(ACCOUNT).await.unwrap(), 2);
        assert!(store.end_batch(batch(81).id, Timestamp(NOW.0 + 1), false).await.unwrap());
        assert!(store.end_batch(batch(81).id, Timestamp(NOW.0 + 2), false).await.unwrap(), "it has, before");
        let ended = store.batch(ACCOUNT, batch(81).id).await.unwrap().unwrap();
        assert_eq!((ended.content, ended.ended_at), (None, Some(Timestamp(NOW.0 + 1))));
        assert_eq!(store.count_open_batches(ACCOUNT).await.unwrap(), 1);
    }

    async fn one_that_is_called_off_ends_by_who_knows_that(store: Store) {
        fixture::seed(&store).await;
        store.begin_batch(&batch(80), None).await.unwrap();
        store.call_off_batch(batch(80).id, Timestamp(NOW.0 + 1)).await.unwrap();
        store.call_off_batch(batch(80).id, Timestamp(NOW.0 + 2)).await.unwrap();
        assert!(!store.end_batch(batch(80).id, NOW, false).await.unwrap());
        assert!(store.end_batch(batch(80).id, NOW, true).await.unwrap());
        let ended = store.batch(ACCOUNT, batch(80).id).await.unwrap().unwrap();
        assert_eq!((ended.canceled_at, ended.ended_at), (Some(Timestamp(NOW.0 + 1)), Some(NOW)));
    }

    async fn recipients_are_kept_with_their_messages_and_each_once(store: Store) {
        fixture::seed(&store).await;
        store.begin_batch(&batch(80), None).await.unwrap();
        let recipients = vec![recipient(0, Some(1)), recipient(1, None), recipient(2, Some(2))];
        let messages = vec![new_message(1), new_message(2)];
        store.commit(&Batch { messages, recipients: recipients.clone(), ..Batch::default() }).await.unwrap();
        assert_eq!(store.batch_progress(batch(80).id).await.unwrap(), (3, 2));
        let refusals = async |error| store.count_batch_refusals(batch(80).id, error).await.unwrap();
        assert_eq!([refusals(ErrorCode::InvalidDestination).await, refusals(ErrorCode::Canceled).await], [1, 0]);
        assert_eq!(store.batch_states(batch(80).id).await.unwrap(), [(MessageState::Accepted, 2)]);
        assert_eq!(store.batch_recipients(batch(80).id, 0, 10).await.unwrap(), recipients);
        assert_eq!(store.batch_recipients(batch(80).id, 1, 1).await.unwrap(), recipients[1..2]);
        let again = Batch { messages: vec![new_message(3)], recipients: vec![recipient(2, Some(3))], ..Batch::default() };
        let refused = store.commit(&again).await;
        assert!(matches!(refused, Err(StoreError::Conflict("batch_recipients"))), "{refused:?}");
        assert!(store.messages_by_ids(&[message_id(3)]).await.unwrap().is_empty(), "nothing of it was kept");
        assert_eq!(store.batch_progress(batch(81).id).await.unwrap(), (0, 0));
    }

    async fn a_scheduled_message_whose_time_has_come_is_routed_and_others_stay(store: Store) {
        fixture::seed(&store).await;
        let scheduled = |number| NewMessage { state: MessageState::Scheduled, ..new_message(number) };
        let messages = vec![scheduled(1), scheduled(2), new_message(3)];
        store.commit(&Batch { messages, ..Batch::default() }).await.unwrap();
        let due = vec![message_id(1), message_id(3), message_id(9)];
        store.commit(&Batch { messages_due: due, ..Batch::default() }).await.unwrap();
        let rows = store.messages_by_ids(&[1, 2, 3].map(message_id)).await.unwrap();
        let states: Vec<_> = rows.iter().map(|row| row.state).collect();
        assert_eq!(states, [MessageState::Routed, MessageState::Scheduled, MessageState::Accepted]);
    }
}
