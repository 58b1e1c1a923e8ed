use sambac_domain::{Lane, TargetId, Timestamp};
use sambac_store::rows::{OutboxKey, OutboxKind, OutboxRow};
use sambac_store::{Batch, OutboxMove, OutboxTarget, Store};

use crate::both::on_both_databases;
use crate::fixture::{NOW, OTP_LANE, QUEUE, message_id, new_message, segment_id, submit};

async fn write(store: &Store, rows: Vec<OutboxRow>) {
    store.commit(&Batch { outbox: rows, ..Batch::default() }).await.unwrap();
}

fn later(number: i64, due_at: i64) -> OutboxRow {
    OutboxRow { due_at: Timestamp(NOW.0 + due_at), ..submit(number) }
}

on_both_databases! {
    async fn pages_follow_the_order_of_ids(store: Store) {
        write(&store, vec![submit(3), submit(1), submit(2), later(4, 1)]).await;
        let first = store.outbox_page(QUEUE, OTP_LANE, 0, 2).await.unwrap();
        assert_eq!(first, [submit(1), submit(2)]);
        let second = store.outbox_page(QUEUE, OTP_LANE, segment_id(2).raw(), 2).await.unwrap();
        assert_eq!(second, [submit(3)]);
        assert_eq!(store.outbox_page(QUEUE, Lane(1), 0, 2).await.unwrap(), []);
        let rest = store.outbox_waiting(QUEUE, OTP_LANE, segment_id(2).raw(), i64::MAX, 9).await.unwrap();
        assert_eq!(rest, [submit(3), later(4, 1)], "due or not");
        let between = store.outbox_waiting(QUEUE, OTP_LANE, segment_id(1).raw(), segment_id(3).raw(), 9).await.unwrap();
        assert_eq!(between, [submit(2)]);
    }

    async fn the_rows_of_some_segments_are_found_in_their_queue(store: Store) {
        write(&store, vec![submit(3), submit(1), later(2, 10)]).await;
        let asked = [segment_id(3), segment_id(2), segment_id(4)];
        assert_eq!(store.outbox_rows(QUEUE, &asked).await.unwrap(), [later(2, 10), submit(3)]);
        assert_eq!(store.outbox_rows(TargetId(7), &asked).await.unwrap(), []);
    }

    async fn what_was_put_off_comes_when_it_is_due(store: Store) {
        assert_eq!(store.outbox_next_due().await.unwrap(), None);
        write(&store, vec![later(1, 30), later(2, 10), later(3, 20), submit(4)]).await;
        assert_eq!(store.outbox_next_due().await.unwrap(), Some(Timestamp(NOW.0 + 10)));
        assert_eq!(store.outbox_due(Timestamp(NOW.0 + 9), 10).await.unwrap(), []);
        assert_eq!(store.outbox_due(Timestamp(NOW.0 + 20), 10).await.unwrap(), [later(2, 10), later(3, 20)]);
        assert_eq!(store.outbox_due(Timestamp(NOW.0 + 99), 1).await.unwrap(), [later(2, 10)]);
    }

    async fn a_row_moves_to_another_queue_and_time(store: Store) {
        let notice = OutboxRow { kind: OutboxKind::Webhook, payload: Some("{}".to_owned()), ..submit(1) };
        write(&store, vec![notice.clone(), submit(2)]).await;
        let to = OutboxKey { target: TargetId(7), lane: Lane(2), id: notice.id };
        let moved = OutboxMove { from: notice.key(), to: to.clone(), attempt: 1, due_at: NOW };
        store.commit(&Batch { outbox_moves: vec![moved], ..Batch::default() }).await.unwrap();
        assert_eq!(store.outbox_page(QUEUE, OTP_LANE, 0, 9).await.unwrap(), [submit(2)]);
        let expected = OutboxRow { target: TargetId(7), lane: Lane(2), attempt: 1, due_at: NOW, ..notice };
        assert_eq!(store.outbox_due(NOW, 9).await.unwrap(), std::slice::from_ref(&expected));
        let back = OutboxMove { from: to.clone(), to, attempt: 1, due_at: Timestamp(0) };
        store.commit(&Batch { outbox_moves: vec![back], ..Batch::default() }).await.unwrap();
        let ready = store.outbox_page(TargetId(7), Lane(2), 0, 9).await.unwrap();
        assert_eq!(ready, [OutboxRow { due_at: Timestamp(0), ..expected }]);
    }

    async fn a_row_that_is_gone_does_not_move(store: Store) {
        let moved = OutboxMove { from: submit(1).key(), to: submit(2).key(), attempt: 1, due_at: NOW };
        store.commit(&Batch { outbox_moves: vec![moved], ..Batch::default() }).await.unwrap();
        assert_eq!(store.outbox_targets().await.unwrap(), []);
    }

    async fn what_is_done_is_gone_and_may_be_done_twice(store: Store) {
        write(&store, (1..=300).map(submit).collect()).await;
        let done = Batch { outbox_done: (1..=299).map(|number| submit(number).key()).collect(), ..Batch::default() };
        store.commit(&done).await.unwrap();
        store.commit(&done).await.unwrap();
        assert_eq!(store.outbox_page(QUEUE, OTP_LANE, 0, 999).await.unwrap(), [submit(300)]);
        assert_eq!(store.outbox_count(QUEUE, OTP_LANE).await.unwrap(), 1);
    }

    async fn queues_with_work_are_listed(store: Store) {
        assert_eq!(store.outbox_targets().await.unwrap(), []);
        let at = |target, lane, number| OutboxRow { target: TargetId(target), lane: Lane(lane), ..submit(number) };
        write(&store, vec![at(9, 2, 1), at(9, 0, 2), at(9, 0, 3), at(4, 1, 4), later(5, 1)]).await;
        let queue = |target, lane| OutboxTarget { target: TargetId(target), lane: Lane(lane) };
        let expected = [queue(4, 1), queue(9, 0), queue(9, 2), queue(QUEUE.0, 0)];
        assert_eq!(store.outbox_targets().await.unwrap(), expected);
    }

    async fn the_greatest_id_is_found_wherever_it_is(store: Store) {
        assert_eq!(store.greatest_id().await.unwrap(), 0);
        store.commit(&Batch { messages: vec![new_message(3), new_message(2)], ..Batch::default() }).await.unwrap();
        assert_eq!(store.greatest_id().await.unwrap(), message_id(3).raw());
        write(&store, vec![OutboxRow { target: TargetId(1), ..submit(8) }, submit(4)]).await;
        assert_eq!(store.greatest_id().await.unwrap(), segment_id(8).raw());
    }
}
