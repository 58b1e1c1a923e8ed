//! Batches of many sizes write what they say.

use sambac_domain::{MessageId, MessageState, Timestamp};
use sambac_store::rows::{ChargeState, PostingKind};
use sambac_store::{Batch, MessageFinal, OutboxMove, Settlement, Store};

use crate::both::{new_postgres, on_both_databases};
use crate::fixture::{
    self, NOW, answer, cdr, charge, event, intent, message_id, new_message, orphan, posting, posting_id, segment,
    segment_id, submit, submitted,
};

fn end(number: i64) -> MessageFinal {
    MessageFinal { id: message_id(number), state: MessageState::Delivered, error: None, final_at: NOW }
}

fn capture(number: i64, posting: i64) -> Settlement {
    fixture::settle(number, ChargeState::Captured, posting)
}

fn put_off(number: i64) -> OutboxMove {
    OutboxMove { from: submit(number).key(), to: submit(number).key(), attempt: 1, due_at: NOW }
}

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

    /// Each list alone in every size that its statements have, so that each is prepared.
    async fn every_statement_is_understood(store: Store) {
        fixture::seed(&store).await;
        let mut first = 1;
        for size in [128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1] {
            let numbers = first..first + size;
            first += size;
            let made = Batch {
                messages: numbers.clone().map(new_message).collect(),
                segments: numbers.clone().map(segment).collect(),
                charges: numbers.clone().map(|number| charge(number, posting_id(1))).collect(),
                outbox: numbers.clone().map(submit).collect(),
                idempotency: numbers.clone().map(|number| answer(&number.to_string(), number)).collect(),
                intents: numbers.clone().map(|number| intent(number, vec![segment_id(number)])).collect(),
                cdrs: numbers.clone().map(cdr).collect(),
                events: numbers.clone().map(|number| event(number, number)).collect(),
                postings: numbers.clone().map(|number| posting(number, PostingKind::Hold, 1)).collect(),
                orphans: numbers.clone().map(orphan).collect(),
                ..Batch::default()
            };
            store.commit(&made).await.unwrap();
            let changed = Batch {
                segment_updates: numbers.clone().map(submitted).collect(),
                message_finals: numbers.clone().map(end).collect(),
                settlements: numbers.clone().map(|number| capture(number, 2)).collect(),
                outbox_moves: numbers.clone().map(put_off).collect(),
                ..Batch::default()
            };
            store.commit(&changed).await.unwrap();
            let ended = Batch {
                outbox_done: numbers.clone().map(|number| submit(number).key()).collect(),
                intents_done: numbers.clone().map(|number| intent(number, vec![]).id).collect(),
                orphans_done: numbers.clone().map(|number| orphan(number).id).collect(),
                ..Batch::default()
            };
            store.commit(&ended).await.unwrap();
        }
        assert_eq!(store.outbox_targets().await.unwrap(), []);
        assert_eq!(store.intents().await.unwrap(), []);
        assert_eq!(store.orphans_since(Timestamp(0), 0, 1).await.unwrap(), []);
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

/// PostgreSQL may refuse a transaction that another one was in the way of (40001, and 40P01 of a deadlock): it is written again, a few times.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_writer_was_in_the_way_of_is_written_again() {
    let database = new_postgres().await;
    let store = Store::open(database.url()).await.unwrap();
    for (number, (state, refusals, is_stored)) in
        [("40001", 2, true), ("40P01", 3, true), ("40001", 4, false), ("55000", 1, false)].into_iter().enumerate()
    {
        // Sequences go on, whatever becomes of a transaction.
        let in_the_way = format!(
            "DROP TRIGGER IF EXISTS in_the_way ON messages; DROP SEQUENCE IF EXISTS tries; CREATE SEQUENCE tries;
             CREATE OR REPLACE FUNCTION in_the_way() RETURNS trigger AS $$ BEGIN
                 IF nextval('tries') <= {refusals} THEN RAISE EXCEPTION 'in the way' USING ERRCODE = '{state}'; END IF;
                 RETURN NEW;
             END $$ LANGUAGE plpgsql;
             CREATE TRIGGER in_the_way BEFORE INSERT ON messages FOR EACH STATEMENT EXECUTE FUNCTION in_the_way()"
        );
        sambac_testkit::sql::run(database.url(), &in_the_way).await.unwrap();
        let number = number as i64 + 1;
        let batch = Batch { messages: vec![new_message(number)], segments: vec![segment(number)], ..Batch::default() };
        let stored = store.commit(&batch).await;
        assert_eq!(stored.is_ok(), is_stored, "{state}: {stored:?}");
        let found = store.segments_of(&[message_id(number)]).await.unwrap();
        assert_eq!(found.len(), usize::from(is_stored), "{state}");
    }
    store.close().await;
}
