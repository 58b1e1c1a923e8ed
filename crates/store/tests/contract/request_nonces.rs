//! Nonces of signed requests: kept once, until their signatures hold no more.

use sambac_domain::Timestamp;
use sambac_store::rows::RequestNonceRow;
use sambac_store::{Batch, Store, StoreError};

use crate::both::on_both_databases;
use crate::fixture::NOW;

fn nonce(octet: u8, seconds: i64) -> RequestNonceRow {
    RequestNonceRow { hash: vec![octet; 16], expires_at: Timestamp(NOW.0 + seconds * 1_000_000) }
}

on_both_databases! {
    /// One that is there is not kept again, and goes with its time.
    async fn a_nonce_is_kept_once_and_for_its_time(store: Store) {
        let keep = async |rows: Vec<RequestNonceRow>| {
            store.commit(&Batch { request_nonces: rows, ..Batch::default() }).await
        };
        keep(vec![nonce(1, 10), nonce(2, 20)]).await.unwrap();
        let again = keep(vec![nonce(3, 30), nonce(2, 30)]).await;
        assert!(matches!(again, Err(StoreError::Conflict("request_nonces"))), "{again:?}");
        assert_eq!(store.request_nonces(NOW, 10).await.unwrap(), [nonce(2, 20), nonce(1, 10)]);
        assert_eq!(store.request_nonces(NOW, 1).await.unwrap(), [nonce(2, 20)]);
        let later = Timestamp(NOW.0 + 10_000_000);
        assert_eq!(store.request_nonces(later, 10).await.unwrap(), [nonce(2, 20)]);
        assert_eq!(store.drop_request_nonces(later).await.unwrap(), 1);
        assert_eq!(store.request_nonces(Timestamp::EPOCH, 10).await.unwrap(), [nonce(2, 20)]);
    }
}
