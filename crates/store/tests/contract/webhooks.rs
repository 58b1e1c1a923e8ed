//! What became of attempts to tell webhooks, what they have not taken, and since when they take nothing.

use sambac_domain::{AccountEventId, Timestamp, WebhookDeliveryId, WebhookId};
use sambac_store::rows::{DeadLetterKey, DeadLetterRow, WebhookDeliveryRow};
use sambac_store::{Batch, Store};

use crate::both::on_both_databases;
use crate::fixture::{ACCOUNT, NOW, WEBHOOK, seed, webhook};

const OTHER: WebhookId = WebhookId::from_raw(77 << 8);

fn delivery(webhook_id: WebhookId, number: i64) -> WebhookDeliveryRow {
    WebhookDeliveryRow {
        webhook_id,
        id: WebhookDeliveryId::from_raw(number << 8),
        event: "aev_0000000000100".to_owned(),
        kind: "message.delivered".to_owned(),
        attempt: 1,
        at: NOW,
        took_ms: 12,
        status: Some(503),
        outcome: "slow down".to_owned(),
    }
}

fn dead(webhook_id: WebhookId, number: i64) -> DeadLetterRow {
    DeadLetterRow {
        webhook_id,
        id: AccountEventId::from_raw(number << 8),
        kind: "message.delivered".to_owned(),
        attempts: 10,
        outcome: "time-out".to_owned(),
        at: Timestamp(NOW.0 + number),
    }
}

async fn write(store: &Store) {
    let of_one = [1, 2, 3].map(|number| delivery(WEBHOOK, number));
    let webhook_deliveries = of_one.into_iter().chain([delivery(OTHER, 4)]).collect();
    let dead_letters = [1, 2, 3].map(|number| dead(WEBHOOK, number)).into_iter().chain([dead(OTHER, 1)]).collect();
    store.commit(&Batch { webhook_deliveries, dead_letters, ..Batch::default() }).await.unwrap();
}

async fn logged(store: &Store, webhook: WebhookId) -> Vec<i64> {
    let rows = store.webhook_deliveries(webhook, None, 9).await.unwrap();
    rows.into_iter().map(|row| row.id.raw() >> 8).collect()
}

async fn letters(store: &Store, webhook: WebhookId) -> Vec<i64> {
    let rows = store.dead_letters(webhook, None, 9).await.unwrap();
    rows.into_iter().map(|row| row.id.raw() >> 8).collect()
}

on_both_databases! {
    async fn attempts_are_read_newest_first_and_dropped_when_old_or_too_many(store: Store) {
        write(&store).await;
        store.add_webhook_delivery(&delivery(WEBHOOK, 5)).await.unwrap();
        let page = store.webhook_deliveries(WEBHOOK, Some(WebhookDeliveryId::from_raw(3 << 8)), 1).await.unwrap();
        assert_eq!(page, [delivery(WEBHOOK, 2)]);
        assert_eq!(logged(&store, WEBHOOK).await, [5, 3, 2, 1]);
        let (at, event) = (WebhookDeliveryId::from_raw(2 << 8), AccountEventId::from_raw(2 << 8));
        store.drop_webhook_log(WEBHOOK, at, 9, event).await.unwrap();
        assert_eq!((logged(&store, WEBHOOK).await, letters(&store, WEBHOOK).await), (vec![5, 3, 2], vec![3, 2]));
        store.drop_webhook_log(WEBHOOK, at, 2, event).await.unwrap();
        assert_eq!((logged(&store, WEBHOOK).await, logged(&store, OTHER).await), (vec![5, 3], vec![4]));
    }

    async fn what_was_not_taken_is_read_from_a_time_on_and_goes_when_it_is_told_again(store: Store) {
        write(&store).await;
        let again = DeadLetterRow { attempts: 20, at: Timestamp(NOW.0 + 9), ..dead(WEBHOOK, 1) };
        store.commit(&Batch { dead_letters: vec![dead(WEBHOOK, 1), again.clone()], ..Batch::default() }).await.unwrap();
        let before = store.dead_letters(WEBHOOK, Some(AccountEventId::from_raw(2 << 8)), 9).await.unwrap();
        assert_eq!(before, std::slice::from_ref(&again), "the last word counts");
        let (since, first) = (Timestamp(NOW.0 + 3), AccountEventId::from_raw(0));
        assert_eq!(store.dead_letters_since(WEBHOOK, since, first, 9).await.unwrap(), [again.clone(), dead(WEBHOOK, 3)]);
        assert_eq!(store.dead_letters_since(WEBHOOK, since, again.id, 9).await.unwrap(), [dead(WEBHOOK, 3)]);
        let done = |webhook_id, number: i64| DeadLetterKey { webhook_id, id: AccountEventId::from_raw(number << 8) };
        let dead_letters_done = vec![done(WEBHOOK, 3), done(OTHER, 1), done(WEBHOOK, 9), done(WEBHOOK, 1)];
        store.commit(&Batch { dead_letters_done, ..Batch::default() }).await.unwrap();
        assert_eq!((letters(&store, WEBHOOK).await, letters(&store, OTHER).await), (vec![2], vec![]));
    }

    async fn all_that_is_kept_of_a_webhook_goes_with_it(store: Store) {
        seed(&store).await;
        store.upsert_webhook(&webhook()).await.unwrap();
        write(&store).await;
        store.keep_webhook_failure(WEBHOOK, Some(NOW)).await.unwrap();
        assert!(store.delete_webhook(ACCOUNT, WEBHOOK).await.unwrap());
        assert_eq!((logged(&store, WEBHOOK).await, letters(&store, WEBHOOK).await), (vec![], vec![]));
        assert_eq!(store.webhook_failures().await.unwrap(), []);
        assert_eq!((logged(&store, OTHER).await, letters(&store, OTHER).await), (vec![4], vec![1]));
    }

    async fn it_is_known_since_when_a_webhook_takes_nothing(store: Store) {
        for since in [NOW, Timestamp(NOW.0 + 1)] {
            store.keep_webhook_failure(WEBHOOK, Some(since)).await.unwrap();
            assert_eq!(store.webhook_failures().await.unwrap(), [(WEBHOOK, since)]);
        }
        store.keep_webhook_failure(WEBHOOK, None).await.unwrap();
        assert_eq!(store.webhook_failures().await.unwrap(), []);
    }
}
