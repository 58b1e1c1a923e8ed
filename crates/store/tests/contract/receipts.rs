use sambac_domain::{ConnectorId, MessageState, SegmentId, TargetId, Timestamp};
use sambac_store::rows::{OrphanRow, OutboxRow, SegmentRow};
use sambac_store::{Batch, MessageFinal, OrphanFilter, Store};

use crate::both::on_both_databases;
use crate::fixture::{
    CONNECTOR, NOW, destination, intent, message_id, new_message, orphan, segment, segment_id, submit, submitted,
};

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
        assert_eq!(store.orphans_since(Timestamp(NOW.0 + 2), 0, 9).await.unwrap(), [orphan(2), orphan(3)]);
        assert_eq!(store.orphans_since(NOW, 0, 1).await.unwrap(), [orphan(1)]);
        assert_eq!(store.orphans_of(&[orphan(2).id, 9]).await.unwrap(), [orphan(2)]);
        assert_eq!(store.orphans_since(NOW, orphan(1).id, 9).await.unwrap(), [orphan(2), orphan(3)]);
        store.commit(&Batch { orphans_done: vec![orphan(1).id], ..Batch::default() }).await.unwrap();
        assert_eq!(store.orphans_since(NOW, 0, 9).await.unwrap(), [orphan(2), orphan(3)]);
    }

    async fn orphans_are_searched_newest_first(store: Store) {
        let other = OrphanRow { connector_id: ConnectorId::from_raw(99 << 8), other_id: None, ..orphan(4) };
        let batch = Batch { orphans: (1..=3).map(orphan).chain([other.clone()]).collect(), ..Batch::default() };
        store.commit(&batch).await.unwrap();
        let all = OrphanFilter { limit: 9, ..OrphanFilter::default() };
        let found = async |filter: OrphanFilter| store.orphans(&filter).await.unwrap();
        assert_eq!(found(all.clone()).await, [other, orphan(3), orphan(2), orphan(1)]);
        assert_eq!(found(OrphanFilter { limit: 1, before: Some(orphan(3).id), ..all.clone() }).await, [orphan(2)]);
        assert_eq!(found(OrphanFilter { connector_id: Some(CONNECTOR), ..all.clone() }).await.len(), 3);
        for id in ["002", "2"] {
            let filter = OrphanFilter { smsc_message_id: Some(id.to_owned()), ..all.clone() };
            assert_eq!(found(filter).await, [orphan(2)], "{id}");
        }
        assert_eq!(found(OrphanFilter { address: Some(orphan(1).source), ..all.clone() }).await, [orphan(1)]);
        let (since, until) = (Some(orphan(2).received_at), Some(orphan(3).received_at));
        assert_eq!(found(OrphanFilter { since, until, ..all }).await, [orphan(2)]);
    }

    async fn the_rules_of_the_keys_are_kept(store: Store) {
        assert_eq!(store.receipt_rules().await.unwrap(), None);
        store.keep_receipt_rules("first").await.unwrap();
        store.keep_receipt_rules("second").await.unwrap();
        assert_eq!(store.receipt_rules().await.unwrap().as_deref(), Some("second"));
    }

    async fn segments_with_ids_are_read_page_by_page(store: Store) {
        let batch = Batch {
            segments: (1..=4).map(segment).collect(),
            segment_updates: (2..=4).map(submitted).collect(),
            ..Batch::default()
        };
        store.commit(&batch).await.unwrap();
        let page = async |after, limit| store.segments_with_ids(CONNECTOR, after, limit).await.unwrap();
        assert_eq!(page(SegmentId::from_raw(0), 2).await, [submitted(2), submitted(3)]);
        assert_eq!(page(segment_id(3), 2).await, [submitted(4)]);
        let other = store.segments_with_ids(ConnectorId::from_raw(99 << 8), SegmentId::from_raw(0), 9).await.unwrap();
        assert_eq!(other, []);
    }

    async fn segments_that_wait_for_a_receipt_are_those_of_open_messages(store: Store) {
        let end = MessageFinal { id: message_id(3), state: MessageState::Delivered, error: None, final_at: NOW };
        let batch = Batch {
            messages: (1..=3).map(new_message).collect(),
            segments: (1..=3).map(segment).collect(),
            segment_updates: (2..=3).map(submitted).collect(),
            message_finals: vec![end],
            ..Batch::default()
        };
        store.commit(&batch).await.unwrap();
        let waiting = store.segments_awaiting_receipts(9).await.unwrap();
        assert_eq!(waiting, [(segment_id(2), CONNECTOR, destination(2), Some(Timestamp(NOW.0 + 1)))]);
    }

    async fn segments_in_doubt_are_those_in_no_queue(store: Store) {
        let doubtful = |no| SegmentRow { state: MessageState::SubmitUnknown, ..submitted(no) };
        let queued = OutboxRow { target: TargetId::from(CONNECTOR), ..submit(2) };
        let batch = Batch {
            messages: (1..=3).map(new_message).collect(),
            segments: (1..=3).map(segment).collect(),
            segment_updates: vec![doubtful(1), doubtful(2), submitted(3)],
            outbox: vec![queued],
            ..Batch::default()
        };
        store.commit(&batch).await.unwrap();
        let waiting = store.segments_in_doubt(9).await.unwrap();
        assert_eq!(waiting, [(segment_id(1), CONNECTOR, destination(1), Some(Timestamp(NOW.0 + 1)))]);
    }

    async fn segments_that_may_have_been_sent_twice_are_known_for_a_while(store: Store) {
        let doubted = |no| SegmentRow { possible_duplicate: true, submitted_at: None, ..submitted(no) };
        let batch = Batch {
            messages: (1..=4).map(new_message).collect(),
            segments: (1..=4).map(segment).collect(),
            segment_updates: vec![doubted(1), doubted(2), submitted(3), doubted(4)],
            ..Batch::default()
        };
        store.commit(&batch).await.unwrap();
        let found = store.segments_doubted(segment_id(1).raw(), 9).await.unwrap();
        assert_eq!(found, [4, 2].map(|no| (segment_id(no), destination(no))));
        assert_eq!(store.segments_doubted(0, 1).await.unwrap().len(), 1);
    }

    async fn a_nul_from_outside_does_not_refuse_the_batch(store: Store) {
        let dirty = OrphanRow { smsc_message_id: "ab\0cd".to_owned(), ..orphan(1) };
        store.commit(&Batch { orphans: vec![dirty, orphan(2)], ..Batch::default() }).await.unwrap();
        let stored = store.orphans_since(NOW, 0, 9).await.unwrap();
        assert_eq!(stored[0].smsc_message_id, "ab\u{fffd}cd");
        assert_eq!(stored[1], orphan(2));
    }

    async fn a_stored_batch_is_recognised(store: Store) {
        for batch in [
            Batch { orphans: vec![orphan(1)], ..Batch::default() },
            Batch { outbox: vec![submit(1)], ..Batch::default() },
        ] {
            assert!(!store.contains(&batch).await.unwrap());
            store.commit(&batch).await.unwrap();
            assert!(store.contains(&batch).await.unwrap());
        }
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
