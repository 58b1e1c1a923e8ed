//! Batches of many sizes write what they say.

use sambac_domain::MessageId;
use sambac_store::{Batch, Store};

use crate::both::on_both_databases;
use crate::fixture::{cdr, message_id, new_message, segment, submit, submitted};

on_both_databases! {
    async fn every_size_writes_every_row(store: Store) {
        let mut first = 1;
        for size in [1, 2, 3, 7, 100, 257, 511, 600] {
            let numbers = first..first + size;
            first += size;
            let batch = Batch {
                messages: numbers.clone().map(new_message).collect(),
                segments: numbers.clone().map(segment).collect(),
                outbox: numbers.clone().map(submit).collect(),
                cdrs: numbers.clone().map(cdr).collect(),
                ..Batch::default()
            };
            store.commit(&batch).await.unwrap();
            let ids: Vec<MessageId> = numbers.clone().map(message_id).collect();
            let updates = Batch {
                segment_updates: numbers.clone().map(submitted).collect(),
                outbox_done: numbers.clone().map(|number| submit(number).key()).collect(),
                ..Batch::default()
            };
            store.commit(&updates).await.unwrap();
            assert_eq!(store.segments_of(&ids).await.unwrap(), numbers.map(submitted).collect::<Vec<_>>());
            assert_eq!(store.outbox_targets().await.unwrap(), []);
        }
    }

    async fn of_several_updates_of_a_segment_the_last_counts(store: Store) {
        store.commit(&Batch { segments: vec![segment(1), segment(2)], ..Batch::default() }).await.unwrap();
        let mut early = submitted(1);
        early.attempts = 9;
        let updates = Batch { segment_updates: vec![early, submitted(2), submitted(1)], ..Batch::default() };
        store.commit(&updates).await.unwrap();
        let ids = [message_id(1), message_id(2)];
        assert_eq!(store.segments_of(&ids).await.unwrap(), [submitted(1), submitted(2)]);
    }

    async fn a_row_may_be_made_and_finished_in_one_batch(store: Store) {
        let batch = Batch {
            outbox: vec![submit(1), submit(2)],
            outbox_done: vec![submit(1).key()],
            segments: vec![segment(1)],
            segment_updates: vec![submitted(1)],
            ..Batch::default()
        };
        assert_eq!(batch.len(), 5);
        store.commit(&batch).await.unwrap();
        assert_eq!(store.segments_of(&[message_id(1)]).await.unwrap(), [submitted(1)]);
        assert_eq!(store.outbox_count(crate::fixture::QUEUE, crate::fixture::OTP_LANE).await.unwrap(), 1);
    }

    async fn what_came_after_a_moment_is_kept(store: Store) {
        let mut batch = Batch { outbox: vec![submit(1)], segments: vec![segment(1)], ..Batch::default() };
        let written = batch.lengths();
        batch.outbox.push(submit(2));
        batch.drop_first(&written);
        assert_eq!(batch.outbox, [submit(2)]);
        assert_eq!(batch.len(), 1);
        store.commit(&batch).await.unwrap();
    }

    async fn an_empty_batch_writes_nothing(store: Store) {
        store.commit(&Batch::default()).await.unwrap();
        assert_eq!(store.greatest_id().await.unwrap(), 0);
    }
}
