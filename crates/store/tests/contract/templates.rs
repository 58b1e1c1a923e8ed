//! Templates: versions of an account, decided on once.

use sambac_domain::{ApiKeyId, TemplateId, Timestamp};
use sambac_store::rows::{TemplateRow, TemplateState};
use sambac_store::{Store, StoreError};

use crate::both::on_both_databases;
use crate::fixture::{self, ACCOUNT, API_KEY, NOW, OTHER_ACCOUNT};

fn template(number: i64, name: &str, version: u32) -> TemplateRow {
    TemplateRow {
        id: TemplateId::from_raw(number << 8),
        account_id: ACCOUNT,
        name: name.to_owned(),
        version,
        definition: "{}".to_owned(),
        state: TemplateState::Pending,
        created_by: API_KEY,
        created_at: NOW,
        decided_by: None,
        decided_at: None,
        reason: String::new(),
    }
}

fn decided(row: &TemplateRow, state: TemplateState) -> TemplateRow {
    let (decided_by, decided_at) = (Some(ApiKeyId::from_raw(9 << 8)), Some(Timestamp(NOW.0 + 1)));
    TemplateRow { state, decided_by, decided_at, reason: "read".to_owned(), ..row.clone() }
}

on_both_databases! {
    async fn versions_are_listed_by_account_and_name(store: Store) {
        fixture::seed(&store).await;
        let rows = [template(90, "parcel", 1), template(91, "parcel", 2), template(92, "welcome", 1)];
        for row in &rows {
            store.add_template(row).await.unwrap();
        }
        let taken = store.add_template(&template(93, "parcel", 2)).await;
        assert!(matches!(taken, Err(StoreError::Conflict("templates.version"))), "{taken:?}");
        assert_eq!(store.templates_of(ACCOUNT, "", None, 2).await.unwrap(), [rows[2].clone(), rows[1].clone()]);
        assert_eq!(store.templates_of(ACCOUNT, "parcel", Some(rows[1].id), 9).await.unwrap(), rows[..1]);
        assert_eq!(store.templates_of(OTHER_ACCOUNT, "", None, 9).await.unwrap(), []);
        assert_eq!(store.template(ACCOUNT, rows[0].id).await.unwrap(), Some(rows[0].clone()));
        assert_eq!(store.template(OTHER_ACCOUNT, rows[0].id).await.unwrap(), None);
        assert_eq!(store.count_templates(ACCOUNT).await.unwrap(), 3);
        assert!(store.greatest_id().await.unwrap() >= 92 << 8);
    }

    async fn a_version_is_decided_on_once_and_the_approved_ones_are_configuration(store: Store) {
        fixture::seed(&store).await;
        let (first, second) = (template(90, "parcel", 1), template(91, "parcel", 2));
        store.add_template(&first).await.unwrap();
        store.add_template(&second).await.unwrap();
        let before = store.configuration_version().await.unwrap();
        let approved = decided(&first, TemplateState::Approved);
        assert!(store.decide_template(&approved, TemplateState::Pending).await.unwrap());
        assert!(!store.decide_template(&decided(&first, TemplateState::Refused), TemplateState::Pending).await.unwrap());
        assert_eq!(store.template(ACCOUNT, first.id).await.unwrap(), Some(approved.clone()));
        assert_eq!(store.load_configuration().await.unwrap().templates, [approved]);
        assert_eq!(store.configuration_version().await.unwrap(), before + 1);
    }
}
