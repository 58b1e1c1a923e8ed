//! Opt-out lists: one entry for a number and sender, whose last word counts; read by account, and forgotten but for the digest.

use sambac_domain::{AccountId, OptOutId, Timestamp};
use sambac_store::rows::{OptOutRow, OptOutSource, OptOutState};
use sambac_store::{Batch, OptOutFilter, Store};

use crate::both::on_both_databases;
use crate::fixture::{self, ACCOUNT, NOW, OTHER_ACCOUNT};

fn entry(id: i64, account_id: AccountId, digest: u8, sender: &str) -> OptOutRow {
    OptOutRow {
        id: OptOutId::from_raw(id << 8),
        account_id,
        number_digest: vec![digest; 16],
        sender: sender.to_owned(),
        number_sealed: Some(format!("sealed {digest}")),
        state: OptOutState::Out,
        source: OptOutSource::Keyword,
        set_by: "mo_0000000000100".to_owned(),
        note: "by phone".to_owned(),
        set_at: NOW,
    }
}

async fn write(store: &Store, rows: &[OptOutRow]) {
    store.commit(&Batch { opt_outs: rows.to_vec(), ..Batch::default() }).await.unwrap();
}

on_both_databases! {
    async fn the_last_word_counts_and_the_first_id_stays(store: Store) {
        fixture::seed(&store).await;
        let first = entry(70, ACCOUNT, 1, "");
        let again = OptOutRow {
            id: OptOutId::from_raw(71 << 8),
            state: OptOutState::In,
            source: OptOutSource::Api,
            set_by: "api key".to_owned(),
            note: String::new(),
            set_at: Timestamp(NOW.0 + 1),
            ..first.clone()
        };
        // Twice in one commit, as a handset says it twice.
        write(&store, &[OptOutRow { note: "once".to_owned(), ..first.clone() }, first.clone()]).await;
        assert_eq!(store.opt_out(ACCOUNT, first.id).await.unwrap(), Some(first.clone()));
        write(&store, std::slice::from_ref(&again)).await;
        let wanted = OptOutRow { id: first.id, ..again };
        assert_eq!(store.opt_out_of(ACCOUNT, &first.number_digest, "").await.unwrap(), Some(wanted));
        assert_eq!(store.opt_out_of(ACCOUNT, &first.number_digest, "MyBank").await.unwrap(), None);
        assert_eq!(store.opt_out(OTHER_ACCOUNT, first.id).await.unwrap(), None);
        assert!(store.greatest_id().await.unwrap() >= 70 << 8);
    }

    async fn they_are_listed_by_account_number_and_state(store: Store) {
        fixture::seed(&store).await;
        let ended = OptOutRow { state: OptOutState::In, ..entry(72, ACCOUNT, 1, "MyBank") };
        let rows = [entry(70, ACCOUNT, 1, ""), entry(71, ACCOUNT, 2, ""), ended, entry(73, OTHER_ACCOUNT, 1, "")];
        write(&store, &rows).await;
        let list = async |filter: OptOutFilter| {
            let rows = store.opt_outs_of(ACCOUNT, &OptOutFilter { limit: 9.min(filter.limit.max(1)), ..filter }).await;
            rows.unwrap().into_iter().map(|row| row.id.raw() >> 8).collect::<Vec<_>>()
        };
        let all = OptOutFilter { limit: 9, ..OptOutFilter::default() };
        let of_one = Some(vec![1; 16]);
        assert_eq!(list(all.clone()).await, [72, 71, 70]);
        assert_eq!(list(OptOutFilter { limit: 2, ..all.clone() }).await, [72, 71]);
        assert_eq!(list(OptOutFilter { before: Some(rows[1].id), ..all.clone() }).await, [70]);
        assert_eq!(list(OptOutFilter { state: Some(OptOutState::Out), ..all.clone() }).await, [71, 70]);
        assert_eq!(list(OptOutFilter { number_digest: of_one.clone(), ..all.clone() }).await, [72, 70]);
        let both = OptOutFilter { number_digest: of_one, state: Some(OptOutState::In), ..all };
        assert_eq!(list(both).await, [72]);
        let in_force = async |after: i64, limit| {
            let rows = store.opt_outs_in_force(OptOutId::from_raw(after << 8), limit).await.unwrap();
            rows.into_iter().map(|row| row.id.raw() >> 8).collect::<Vec<_>>()
        };
        assert_eq!((in_force(0, 9).await, in_force(0, 1).await, in_force(71, 9).await), (vec![70, 71, 73], vec![70], vec![73]));
    }

    async fn a_number_is_forgotten_and_known_again_by_its_digest(store: Store) {
        fixture::seed(&store).await;
        let rows = [entry(70, ACCOUNT, 1, ""), entry(71, OTHER_ACCOUNT, 1, "MyBank"), entry(72, ACCOUNT, 2, "")];
        write(&store, &rows).await;
        assert_eq!(store.erase_opt_outs(&vec![1; 16]).await.unwrap(), 2);
        assert_eq!(store.erase_opt_outs(&vec![1; 16]).await.unwrap(), 0, "it is done");
        let forgotten = OptOutRow { number_sealed: None, note: String::new(), ..rows[0].clone() };
        assert_eq!(store.opt_out(ACCOUNT, rows[0].id).await.unwrap(), Some(forgotten));
        assert_eq!(store.opt_out(ACCOUNT, rows[2].id).await.unwrap(), Some(rows[2].clone()));
        assert_eq!(store.opt_outs_in_force(OptOutId::from_raw(0), 9).await.unwrap().len(), 3, "they count all the same");
    }
}
