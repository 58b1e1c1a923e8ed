//! What people asked of connectors.

use sambac_domain::{ConnectorId, Timestamp};
use sambac_store::rows::{AskedState, ConnectorOrderRow};
use sambac_store::{Store, StoreError};

use crate::both::on_both_databases;
use crate::fixture::{self, CONNECTOR, NOW};

fn order(asked: AskedState, at: i64) -> ConnectorOrderRow {
    let asked_at = Timestamp(NOW.0 + at);
    ConnectorOrderRow { id: CONNECTOR, asked, asked_by: "admin key operations".to_owned(), asked_at }
}

on_both_databases! {
    /// The last order counts, is no change of the configuration, and goes with its connector.
    async fn the_last_order_is_kept_until_its_connector_goes(store: Store) {
        store.upsert_operator(&fixture::operator()).await.unwrap();
        store.upsert_connector(&fixture::connector()).await.unwrap();
        let version = store.configuration_version().await.unwrap();
        assert_eq!(store.connector_orders().await.unwrap(), []);
        store.keep_connector_order(&order(AskedState::Stopped, 1)).await.unwrap();
        store.keep_connector_order(&order(AskedState::Drained, 2)).await.unwrap();
        assert_eq!(store.connector_orders().await.unwrap(), [order(AskedState::Drained, 2)]);
        assert_eq!(store.configuration_version().await.unwrap(), version);
        let nobody = ConnectorOrderRow { id: ConnectorId::from_raw(99 << 8), ..order(AskedState::Stopped, 3) };
        let refused = store.keep_connector_order(&nobody).await;
        assert!(matches!(refused, Err(StoreError::Conflict("reference"))), "{refused:?}");
        let mut work = store.begin_configuration().await.unwrap();
        assert!(work.delete_connector(CONNECTOR).await.unwrap());
        work.commit().await.unwrap();
        assert_eq!(store.connector_orders().await.unwrap(), []);
    }
}
