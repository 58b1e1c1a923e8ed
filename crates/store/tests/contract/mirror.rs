//! The database of a consumer of billing events: the end is the same whatever came first, and however often.

use sambac_domain::{ConnectorId, RateId, Timestamp};
use sambac_store::Store;
use sambac_store::mirror::{DaySums, Mirror, MirrorBatch, MirrorCdr, MirrorCharge, MirrorParked};

use crate::fixture::{self, ACCOUNT, NOW, PRICE_MICROS, eur, posting_id, segment_id};

/// Each on a database of its own: a file, and one of PostgreSQL without any schema.
macro_rules! on_both_mirrors {
    ($(async fn $name:ident($mirror:ident: Mirror) $body:block)+) => {
        mod sqlite { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let database = crate::both::Sqlite::new();
                let mirror = sambac_store::mirror::Mirror::open(&database.url()).await.unwrap();
                super::$name(mirror.clone()).await;
                mirror.close().await;
            }
        )+ }
        mod postgres { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let database = sambac_testkit::postgres::empty_database().await.unwrap();
                let mirror = sambac_store::mirror::Mirror::open(database.url()).await.unwrap();
                super::$name(mirror.clone()).await;
                mirror.close().await;
            }
        )+ }
        $(async fn $name($mirror: Mirror) $body)+
    };
}

fn charge(state: i16, captured_micros: i64) -> MirrorCharge {
    let posting = |wanted| (state == wanted).then(|| posting_id(i64::from(wanted) + 1));
    let at = |is_so: bool| is_so.then_some(Timestamp(NOW.0 + i64::from(state)));
    MirrorCharge {
        id: segment_id(1),
        account_id: ACCOUNT,
        payer_id: ACCOUNT,
        amount_micros: PRICE_MICROS,
        captured_micros,
        currency: eur(),
        policy: "delivered".to_owned(),
        rate_id: RateId::from_raw(1 << 8),
        state,
        hold_posting_id: posting(0),
        settle_posting_id: posting(1),
        correct_posting_id: posting(3),
        mcc: None,
        mnc: None,
        operator_id: None,
        sender_type: None,
        held_at: at(state == 0),
        settled_at: at(state == 1),
        corrected_at: at(state == 3),
    }
}

fn cdr(state: &str, recorded_at: i64) -> MirrorCdr {
    MirrorCdr {
        id: segment_id(1),
        account_id: ACCOUNT,
        operator_id: None,
        connector_id: ConnectorId::from_raw(1 << 8),
        mcc: Some("234".to_owned()),
        mnc: None,
        sender: "Bank".to_owned(),
        sender_type: None,
        destination: "+44770090****".to_owned(),
        class: None,
        state: state.to_owned(),
        error: None,
        operator_error: None,
        smsc_message_id: None,
        attempts: 1,
        possible_duplicate: false,
        price_micros: if state == "delivered" { PRICE_MICROS } else { 0 },
        currency: eur(),
        charge_state: "captured".to_owned(),
        cost_micros: None,
        cost_currency: None,
        accepted_at: NOW,
        submitted_at: None,
        final_at: NOW,
        recorded_at: Timestamp(recorded_at),
    }
}

fn sums(micros: i64, captured_micros: i64) -> Vec<DaySums> {
    let day = sambac_domain::IdSource::made_at(segment_id(1).raw()).day();
    vec![DaySums { day, account_id: ACCOUNT, currency: eur(), count: 1, micros, captured_micros }]
}

on_both_mirrors! {
    async fn charges_go_forward_whatever_came_first(mirror: Mirror) {
        let (held, captured, corrected) = (charge(0, 0), charge(1, PRICE_MICROS), charge(3, 0));
        for charges in [vec![captured.clone()], vec![held.clone(), captured.clone()], vec![captured.clone(), held.clone()]] {
            mirror.take(&MirrorBatch { charges, ..MirrorBatch::default() }).await.unwrap();
            assert_eq!(mirror.charge_sums(0, 99_999).await.unwrap(), sums(PRICE_MICROS, PRICE_MICROS));
        }
        for charges in [vec![corrected.clone()], vec![captured, held, corrected]] {
            mirror.take(&MirrorBatch { charges, ..MirrorBatch::default() }).await.unwrap();
            assert_eq!(mirror.charge_sums(0, 99_999).await.unwrap(), sums(PRICE_MICROS, 0));
        }
        let day = sums(0, 0)[0].day;
        assert_eq!(mirror.charge_sums(day, day).await.unwrap().len(), 1);
        assert_eq!(mirror.charge_sums(day + 1, day + 1).await.unwrap(), []);
        assert_eq!(mirror.charge_sums(day - 1, day - 1).await.unwrap(), []);
    }

    async fn of_two_records_the_later_one_counts(mirror: Mirror) {
        for cdrs in [vec![cdr("delivered", 5)], vec![cdr("undelivered", 4)], vec![cdr("delivered", 5)]] {
            mirror.take(&MirrorBatch { cdrs, ..MirrorBatch::default() }).await.unwrap();
            assert_eq!(mirror.cdr_sums(0, 99_999).await.unwrap(), sums(PRICE_MICROS, 0));
        }
        mirror.take(&MirrorBatch { cdrs: vec![cdr("undelivered", 6)], ..MirrorBatch::default() }).await.unwrap();
        assert_eq!(mirror.cdr_sums(0, 99_999).await.unwrap(), sums(0, 0));
    }

    async fn what_cannot_be_read_is_kept_once(mirror: Mirror) {
        let parked = MirrorParked {
            id: "1".to_owned(),
            routing_key: "cdr.written.v9".to_owned(),
            body: "{}".to_owned(),
            reason: "version 9".to_owned(),
            parked_at: NOW,
        };
        for _ in 0..2 {
            mirror.take(&MirrorBatch { parked: vec![parked.clone()], ..MirrorBatch::default() }).await.unwrap();
        }
        assert_eq!(mirror.parked().await.unwrap(), 1);
    }
}

crate::both::on_both_databases! {
    async fn the_platform_sums_its_own_alike_and_is_not_taken_for_a_mirror(store: Store) {
        fixture::seed(&store).await;
        let batch = sambac_store::Batch {
            charges: vec![fixture::charge(1, posting_id(1))],
            cdrs: vec![fixture::cdr(1)],
            ..sambac_store::Batch::default()
        };
        store.commit(&batch).await.unwrap();
        let price = batch.cdrs[0].price_micros;
        assert_eq!(store.charge_sums(0, 99_999).await.unwrap(), sums(batch.charges[0].amount_micros, 0));
        assert_eq!(store.cdr_sums(0, 99_999).await.unwrap(), sums(price, 0));
    }
}

/// A mirror in the platform's own file would be refused by the platform at its next start.
#[tokio::test]
async fn the_platforms_database_is_no_mirror() {
    let database = crate::both::Sqlite::new();
    database.open().await.close().await;
    let refused = Mirror::open(&database.url()).await.err().unwrap().to_string();
    assert!(refused.contains("does not know"), "{refused}");
}
