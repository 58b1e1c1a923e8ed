//! The audit log: added to, read, verified, and never changed.

use sambac_domain::Timestamp;
use sambac_store::Store;
use sambac_store::audit::{AuditFilter, AuditVerifier, NewAudit};

use crate::both::on_both_databases;
use crate::fixture::{ACCOUNT, NOW};

fn entry(number: i64, action: &str) -> NewAudit {
    NewAudit {
        at: Timestamp(NOW.0 + number),
        actor: "admin key operations".to_owned(),
        action: action.to_owned(),
        subject: format!("thing {number}"),
        account_id: (number == 2).then_some(ACCOUNT),
        address: "192.0.2.1".to_owned(),
        detail: "{}".to_owned(),
    }
}

on_both_databases! {
    /// Entries are numbered without gaps, also by many writers at once, are found by filters, and are what was sealed.
    async fn what_is_added_is_read_and_verified(store: Store) {
        assert_eq!(store.audit_head().await.unwrap().entries, 0);
        let head = store.append_audit(&[entry(1, "key.create"), entry(2, "key.revoke")]).await.unwrap();
        assert_eq!(store.audit_head().await.unwrap(), head);
        let writers = (3..11).map(|number| {
            let store = store.clone();
            tokio::spawn(async move { store.append_audit(&[entry(number, "config.change")]).await.unwrap() })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        let mut dropped = store.begin().await.unwrap();
        dropped.append_audit(&[entry(11, "config.change")]).await.unwrap();
        drop(dropped);
        let (mut verifier, mut count) = (AuditVerifier::new(vec![head, store.audit_head().await.unwrap()]), 0);
        let take = |rows: Vec<_>| {
            count += rows.len();
            rows.iter().all(|row| verifier.take(row).is_ok())
        };
        store.read_audit(0, take).await.unwrap();
        assert_eq!((count, verifier.end()), (10, Ok(store.audit_head().await.unwrap())));
        let page = async |filter: AuditFilter| {
            let rows = store.audit_page(&AuditFilter { limit: 100, ..filter }).await.unwrap();
            rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert_eq!(page(AuditFilter { action: "key.".to_owned(), ..AuditFilter::default() }).await, [2, 1]);
        assert_eq!(page(AuditFilter { account_id: Some(ACCOUNT), ..AuditFilter::default() }).await, [2]);
        assert_eq!(page(AuditFilter { actor: "nobody".to_owned(), ..AuditFilter::default() }).await, [0; 0]);
        assert!(store.is_audited("key.revoke", "thing 2").await.unwrap());
        assert!(!store.is_audited("key.revoke", "thing 1").await.unwrap(), "that was made only");
        assert_eq!(page(AuditFilter { before: Some(3), ..AuditFilter::default() }).await, [2, 1]);
    }
}
