//! What accounts are told of: in order, of one account, dropped from the oldest on.

use sambac_domain::{AccountEventId, AccountId};
use sambac_store::rows::AccountEventRow;
use sambac_store::{Batch, Store};

use crate::both::on_both_databases;
use crate::fixture::{ACCOUNT, OTHER_ACCOUNT};

fn event(account_id: AccountId, number: i64) -> AccountEventRow {
    AccountEventRow {
        account_id,
        id: AccountEventId::from_raw(number << 8),
        kind: "message.delivered".to_owned(),
        subject: Some(number),
        body: Some(format!(r#"{{"data":{{"to":"+44770090012{number}"}}}}"#)),
    }
}

async fn write(store: &Store) {
    let account_events = [1, 2, 3, 5].map(|number| event(ACCOUNT, number)).into_iter().chain([event(OTHER_ACCOUNT, 4)]);
    store.commit(&Batch { account_events: account_events.collect(), ..Batch::default() }).await.unwrap();
}

async fn left(store: &Store, account: AccountId) -> Vec<i64> {
    let rows = store.account_events_after(account, AccountEventId::from_raw(0), 9).await.unwrap();
    rows.into_iter().map(|row| row.id.raw() >> 8).collect()
}

on_both_databases! {
    async fn stored_events_are_recognised(store: Store) {
        let batch = Batch { account_events: vec![event(ACCOUNT, 1)], ..Batch::default() };
        assert!(!store.contains(&batch).await.unwrap());
        store.commit(&batch).await.unwrap();
        assert!(store.contains(&batch).await.unwrap());
        let of_another = Batch { account_events: vec![event(OTHER_ACCOUNT, 1)], ..Batch::default() };
        assert!(!store.contains(&of_another).await.unwrap());
    }

    async fn events_are_read_behind_a_cursor(store: Store) {
        write(&store).await;
        let page = store.account_events_after(ACCOUNT, AccountEventId::from_raw(1 << 8), 2).await.unwrap();
        assert_eq!(page, [event(ACCOUNT, 2), event(ACCOUNT, 3)]);
        assert_eq!(store.account_event(ACCOUNT, event(ACCOUNT, 5).id).await.unwrap(), Some(event(ACCOUNT, 5)));
        assert_eq!(store.account_event(OTHER_ACCOUNT, event(ACCOUNT, 5).id).await.unwrap(), None, "another's");
        assert_eq!(store.last_account_event(ACCOUNT).await.unwrap().map(|id| id.raw() >> 8), Some(5));
        assert_eq!(store.accounts_with_events().await.unwrap(), [ACCOUNT, OTHER_ACCOUNT]);
        assert_eq!(store.greatest_id().await.unwrap(), 5 << 8, "no id is given twice");
    }

    async fn old_events_are_dropped_of_one_account(store: Store) {
        write(&store).await;
        assert_eq!(store.drop_account_events(ACCOUNT, AccountEventId::from_raw(3 << 8)).await.unwrap(), 2);
        assert_eq!((left(&store, ACCOUNT).await, left(&store, OTHER_ACCOUNT).await), (vec![3, 5], vec![4]));
        assert_eq!(store.drop_account_events(ACCOUNT, AccountEventId::from_raw(3 << 8)).await.unwrap(), 0);
    }

    async fn events_that_tell_a_number_are_erased(store: Store) {
        write(&store).await;
        let number = sambac_domain::Msisdn::from_digits(b"447700900123").unwrap();
        assert_eq!(store.erase_account_events(number).await.unwrap(), 1);
        assert_eq!((left(&store, ACCOUNT).await, left(&store, OTHER_ACCOUNT).await), (vec![1, 2, 5], vec![4]));
    }
}
