//! API keys one by one.

use sambac_domain::{ApiKeyId, Timestamp};
use sambac_store::Store;
use sambac_store::rows::{AccessState, ApiKeyRow, ApiKeyUseRow};

use crate::both::on_both_databases;
use crate::fixture::{self, ACCOUNT, API_KEY, NOW, OTHER_ACCOUNT, account, api_key};

fn second() -> ApiKeyRow {
    ApiKeyRow { id: ApiKeyId::from_raw(API_KEY.raw() + 256), state: AccessState::Revoked, ..api_key() }
}

on_both_databases! {
    /// An account's keys come newest first, in pages, and those of others do not.
    async fn the_keys_of_an_account_are_listed(store: Store) {
        fixture::seed(&store).await;
        store.upsert_account(&account(OTHER_ACCOUNT, "Shop")).await.unwrap();
        store.upsert_api_key(&api_key()).await.unwrap();
        store.upsert_api_key(&second()).await.unwrap();
        let others = ApiKeyRow { id: ApiKeyId::from_raw(1), account_id: OTHER_ACCOUNT, ..api_key() };
        store.upsert_api_key(&others).await.unwrap();
        assert_eq!(store.api_keys_of(ACCOUNT, "", None, 10).await.unwrap(), [second(), api_key()]);
        assert_eq!(store.api_keys_of(ACCOUNT, "live", None, 1).await.unwrap(), [second()]);
        assert_eq!(store.api_keys_of(ACCOUNT, "", Some(second().id), 10).await.unwrap(), [api_key()]);
        assert_eq!(store.api_keys_of(ACCOUNT, "test", None, 10).await.unwrap(), []);
        let mut work = store.begin_configuration().await.unwrap();
        assert_eq!(work.api_key(API_KEY).await.unwrap(), Some(api_key()));
        assert_eq!(work.api_key(ApiKeyId::from_raw(2)).await.unwrap(), None);
        assert!(work.has_api_key_named(ACCOUNT, "back office").await.unwrap());
        assert!(!work.has_api_key_named(ACCOUNT, "front office").await.unwrap());
        assert_eq!(work.count_api_keys(ACCOUNT).await.unwrap(), 1, "a revoked key does not count");
    }

    /// The last use is kept, whoever tells of an earlier one afterwards.
    async fn the_last_use_of_a_key_is_kept(store: Store) {
        let used = |at| ApiKeyUseRow { id: API_KEY, used_at: Timestamp(at) };
        store.keep_api_key_uses(&[used(NOW.0)]).await.unwrap();
        store.keep_api_key_uses(&[used(NOW.0 + 60), used(NOW.0 + 30)]).await.unwrap();
        let uses = store.api_key_uses(&[ApiKeyId::from_raw(2), API_KEY]).await.unwrap();
        assert_eq!(uses, [used(NOW.0 + 60)]);
    }
}
