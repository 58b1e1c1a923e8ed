//! Alerts outlive the process.

use sambac_domain::Timestamp;
use sambac_store::Store;
use sambac_store::rows::AlertRow;

use crate::both::on_both_databases;
use crate::fixture::NOW;

fn alert(subject: &str) -> AlertRow {
    AlertRow {
        id: format!("connector_setup/{subject}"),
        kind: "connector_setup".to_owned(),
        subject: subject.to_owned(),
        text: "no such file".to_owned(),
        first_at: NOW,
        last_at: Timestamp(NOW.0 + 1),
        count: 2,
        acknowledged_by: None,
        acknowledged_at: None,
        cleared_at: None,
    }
}

on_both_databases! {
    /// What is kept is read back; what is kept again is changed, what is gone is removed.
    async fn alerts_are_kept_changed_and_removed(store: Store) {
        store.keep_alerts(&[alert("alpha"), alert("beta")], &[]).await.unwrap();
        let seen = AlertRow {
            acknowledged_by: Some("admin key operations".to_owned()),
            acknowledged_at: Some(NOW),
            cleared_at: Some(NOW),
            ..alert("alpha")
        };
        store.keep_alerts(std::slice::from_ref(&seen), &[alert("beta").id]).await.unwrap();
        assert_eq!(store.alerts().await.unwrap(), [seen]);
        // Removed and raised again before anybody kept it: it is there.
        store.keep_alerts(&[alert("alpha")], &[alert("alpha").id]).await.unwrap();
        assert_eq!(store.alerts().await.unwrap(), [alert("alpha")]);
    }
}
