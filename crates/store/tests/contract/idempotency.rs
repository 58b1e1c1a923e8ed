use sambac_domain::Timestamp;
use sambac_store::{Batch, Store, StoreError};

use crate::both::on_both_databases;
use crate::fixture::{ACCOUNT, NOW, OTHER_ACCOUNT, answer, new_message};

on_both_databases! {
    async fn an_answer_is_found_by_its_account_and_key(store: Store) {
        let batch = Batch { idempotency: vec![answer("a", 1), answer("b", 2)], ..Batch::default() };
        store.commit(&batch).await.unwrap();
        assert_eq!(store.idempotency(ACCOUNT, "b").await.unwrap(), Some(answer("b", 2)));
        assert_eq!(store.idempotency(ACCOUNT, "c").await.unwrap(), None);
        assert_eq!(store.idempotency(OTHER_ACCOUNT, "b").await.unwrap(), None);
    }

    async fn a_second_use_of_a_key_leaves_nothing_behind(store: Store) {
        let first = Batch { idempotency: vec![answer("a", 1)], ..Batch::default() };
        store.commit(&first).await.unwrap();
        let second = Batch {
            messages: vec![new_message(2)],
            idempotency: vec![answer("z", 2), answer("a", 2)],
            ..Batch::default()
        };
        let refused = store.commit(&second).await;
        assert!(matches!(refused, Err(StoreError::Conflict("idempotency_keys"))), "{refused:?}");
        assert_eq!(store.idempotency(ACCOUNT, "z").await.unwrap(), None);
        assert_eq!(store.messages_by_ids(&[second.messages[0].message.id]).await.unwrap(), []);
    }

    async fn old_answers_are_forgotten(store: Store) {
        let batch = Batch { idempotency: vec![answer("a", 1), answer("b", 2), answer("c", 3)], ..Batch::default() };
        store.commit(&batch).await.unwrap();
        for purged in [1, 1, 0] {
            assert_eq!(store.purge_idempotency(Timestamp(NOW.0 + 3), 1).await.unwrap(), purged);
        }
        assert_eq!(store.idempotency(ACCOUNT, "a").await.unwrap(), None);
        assert_eq!(store.idempotency(ACCOUNT, "c").await.unwrap(), Some(answer("c", 3)));
    }
}
