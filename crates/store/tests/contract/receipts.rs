use sambac_domain::Timestamp;
use sambac_store::rows::OrphanRow;
use sambac_store::{Batch, Store};

use crate::both::on_both_databases;
use crate::fixture::{NOW, intent, orphan, segment, segment_id, submitted};

on_both_databases! {
    async fn segments_are_found_by_receipt_key(store: Store) {
        let batch = Batch {
            segments: (1..=4).map(segment).collect(),
            segment_updates: (1..=3).map(submitted).collect(),
            ..Batch::default()
        };
        store.commit(&batch).await.unwrap();
        let found = store.segments_by_receipt_keys(&[93, 31, 5]).await.unwrap();
        assert_eq!(found, [submitted(1), submitted(3)]);
        assert_eq!(store.segments_by_receipt_keys(&[]).await.unwrap(), []);
    }

    async fn orphans_wait_until_they_are_done(store: Store) {
        let batch = Batch { orphans: (1..=3).map(orphan).collect(), ..Batch::default() };
        store.commit(&batch).await.unwrap();
        assert_eq!(store.orphans_by_keys(&[62, 31]).await.unwrap(), [orphan(1), orphan(2)]);
        assert_eq!(store.orphans_since(Timestamp(NOW.0 + 2), 9).await.unwrap(), [orphan(2), orphan(3)]);
        assert_eq!(store.orphans_since(NOW, 1).await.unwrap(), [orphan(1)]);
        store.commit(&Batch { orphans_done: vec![orphan(1).id], ..Batch::default() }).await.unwrap();
        assert_eq!(store.orphans_since(NOW, 9).await.unwrap(), [orphan(2), orphan(3)]);
    }

    async fn a_nul_from_outside_does_not_refuse_the_batch(store: Store) {
        let dirty = OrphanRow { smsc_message_id: "ab\0cd".to_owned(), ..orphan(1) };
        store.commit(&Batch { orphans: vec![dirty, orphan(2)], ..Batch::default() }).await.unwrap();
        let stored = store.orphans_since(NOW, 9).await.unwrap();
        assert_eq!(stored[0].smsc_message_id, "ab\u{fffd}cd");
        assert_eq!(stored[1], orphan(2));
    }

    async fn a_stored_batch_is_recognised(store: Store) {
        let batch = Batch { orphans: vec![orphan(1)], ..Batch::default() };
        assert!(!store.contains(&batch).await.unwrap());
        store.commit(&batch).await.unwrap();
        assert!(store.contains(&batch).await.unwrap());
        assert!(!store.contains(&Batch::default()).await.unwrap());
    }

    async fn intents_are_kept_until_they_are_done(store: Store) {
        let (first, second) = (intent(1, vec![segment_id(1), segment_id(2)]), intent(2, vec![segment_id(3)]));
        let batch = Batch { intents: vec![first.clone(), second.clone()], ..Batch::default() };
        store.commit(&batch).await.unwrap();
        assert_eq!(store.intents().await.unwrap(), [first.clone(), second.clone()]);
        store.commit(&Batch { intents_done: vec![first.id], ..Batch::default() }).await.unwrap();
        assert_eq!(store.intents().await.unwrap(), [second]);
    }
}
