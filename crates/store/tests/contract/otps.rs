//! One-time codes: kept, changed by the last word of a batch, wiped when they end; their profiles; what clients tell of their own.

use std::sync::Arc;

use sambac_domain::{
    AccountId, IdSource, Message, MessageId, MessageState, OtpId, OtpProfileId, OtpState, SegmentId, SigningKeyId,
    Timestamp,
};
use sambac_store::rows::{OtpProfileRow, OtpRow, OtpSendRow, OtpStopRow, OtpUseRow, SegmentRow, SigningKeyRow};
use sambac_store::{Batch, FunnelCounts, NewMessage, OtpChange, OtpTold, Sealed, Store, StoreError};

use crate::both::on_both_databases;
use crate::fixture::{self, ACCOUNT, destination, seed};

const ID: OtpId = OtpId::from_raw(70 << 8);
const MESSAGE: MessageId = MessageId::from_raw(71 << 8);
const AGAIN: MessageId = MessageId::from_raw(72 << 8);

fn otp() -> OtpRow {
    OtpRow {
        id: ID,
        account_id: ACCOUNT,
        profile: "default".to_owned(),
        destination: destination(123),
        country: "GB".to_owned(),
        mcc_mnc: Some("23415".parse().unwrap()),
        attempts_max: 5,
        sends_max: 5,
        resend_gap_s: 30,
        steps: 2,
        by_verification: true,
        link_hash: Some(vec![1; 32]),
        created_at: Timestamp(100),
        expires_at: Timestamp(400),
        salt: Some(Sealed(vec![2; 32])),
        code_hash: Some(Sealed(vec![3; 32])),
        content: Some(Sealed(vec![4; 40])),
        state: OtpState::Pending,
        attempts: 0,
        sends: 1,
        step: 0,
        message_id: MESSAGE,
        resend_at: Timestamp(130),
        next_at: Some(Timestamp(160)),
        settle_due: false,
        ended_at: None,
    }
}

fn send(id: MessageId, no: u8) -> OtpSendRow {
    OtpSendRow { id, otp_id: ID, no, step: 0, channel: "sms".to_owned(), at: Timestamp(100) }
}

async fn started(store: &Store) {
    let batch = Batch { otps: vec![otp()], otp_sends: vec![send(MESSAGE, 1)], ..Batch::default() };
    store.commit(&batch).await.unwrap();
}

async fn changed(store: &Store, changes: Vec<OtpRow>) {
    let otp_updates = changes.into_iter().map(OtpChange).collect();
    store.commit(&Batch { otp_updates, ..Batch::default() }).await.unwrap();
}

on_both_databases! {
    async fn a_code_is_read_by_its_account_and_by_its_message(store: Store) {
        started(&store).await;
        assert_eq!(store.otp(ACCOUNT, ID).await.unwrap(), Some(otp()));
        assert_eq!(store.otp(AccountId::from_raw(999), ID).await.unwrap(), None);
        assert_eq!(store.otps_by_ids(&[ID, OtpId::from_raw(5)]).await.unwrap(), [otp()]);
        assert_eq!(store.otp_of_message(MESSAGE).await.unwrap(), Some(ID));
        assert_eq!(store.otp_of_message(AGAIN).await.unwrap(), None);
        assert_eq!(store.otp_sends(ID).await.unwrap(), [send(MESSAGE, 1)]);
    }

    /// A check that is stored although nobody said so must not be counted again, or refused: the right code is right once.
    async fn a_stored_check_is_recognised(store: Store) {
        started(&store).await;
        let bare = |attempts| OtpRow { attempts, salt: None, code_hash: None, content: None, ..otp() };
        let verified = OtpRow { state: OtpState::Verified, ended_at: Some(Timestamp(140)), ..bare(2) };
        for checks in [vec![bare(1)], vec![bare(2), verified.clone()]] {
            let batch = Batch { otp_updates: checks.into_iter().map(OtpChange).collect(), ..Batch::default() };
            assert!(!store.contains(&batch).await.unwrap());
            store.commit(&batch).await.unwrap();
            assert!(store.contains(&batch).await.unwrap());
        }
        let rests = OtpRow { next_at: Some(Timestamp(170)), ..verified };
        let batch = Batch { otp_updates: vec![OtpChange(rests)], ..Batch::default() };
        assert!(!store.contains(&batch).await.unwrap());
    }

    async fn the_last_word_of_a_batch_counts_and_a_pending_code_keeps_its_secrets(store: Store) {
        started(&store).await;
        let bare = |attempts| OtpRow { attempts, salt: None, code_hash: None, content: None, ..otp() };
        changed(&store, vec![bare(1), bare(2), bare(3)]).await;
        assert_eq!(store.otp(ACCOUNT, ID).await.unwrap(), Some(OtpRow { attempts: 3, ..otp() }));
    }

    async fn what_is_kept_of_a_code_is_wiped_when_it_ends(store: Store) {
        for (number, state) in (1..).zip([OtpState::Verified, OtpState::Expired, OtpState::Canceled, OtpState::Exhausted]) {
            let id = OtpId::from_raw(number << 16);
            let row = OtpRow { id, ..otp() };
            store.commit(&Batch { otps: vec![row.clone()], ..Batch::default() }).await.unwrap();
            // Whatever the change carries.
            let ended = OtpRow { state, ended_at: Some(Timestamp(200)), next_at: None, ..row };
            changed(&store, vec![ended.clone()]).await;
            let wiped = OtpRow { salt: None, code_hash: None, content: None, ..ended };
            assert_eq!(store.otp(ACCOUNT, id).await.unwrap(), Some(wiped));
        }
    }

    async fn the_row_of_nobody_counts_and_a_missing_one_refuses_the_batch(store: Store) {
        let nobody = store.otps_by_ids(&[OtpId::from_raw(0)]).await.unwrap().remove(0);
        assert_eq!((nobody.state, nobody.attempts, nobody.code_hash.clone()), (OtpState::Expired, 0, None));
        changed(&store, vec![OtpRow { attempts: 7, ..nobody }]).await;
        assert_eq!(store.otps_by_ids(&[OtpId::from_raw(0)]).await.unwrap()[0].attempts, 7);
        let refused = store.commit(&Batch { otp_updates: vec![OtpChange(otp())], ..Batch::default() }).await;
        assert!(matches!(refused, Err(StoreError::Conflict("otp"))), "{refused:?}");
    }

    async fn only_the_message_sent_last_changes_when_the_next_way_begins(store: Store) {
        started(&store).await;
        let told = async |message_id, next_at| {
            let otp_told = vec![OtpTold { id: ID, message_id, next_at }];
            store.commit(&Batch { otp_told, ..Batch::default() }).await.unwrap();
            store.otp(ACCOUNT, ID).await.unwrap().unwrap().next_at
        };
        assert_eq!(told(AGAIN, Some(Timestamp(1))).await, Some(Timestamp(160)), "it was not sent last");
        assert_eq!(store.otps_due(Timestamp(159), 10).await.unwrap(), []);
        assert_eq!(told(MESSAGE, Some(Timestamp(120))).await, Some(Timestamp(120)));
        assert_eq!(store.otps_due(Timestamp(120), 10).await.unwrap().len(), 1);
        assert_eq!(told(MESSAGE, None).await, None, "it has arrived");
        assert_eq!(told(MESSAGE, Some(Timestamp(1))).await, None, "no way is left");
    }

    async fn codes_that_are_due_are_found(store: Store) {
        started(&store).await;
        assert_eq!(store.otps_expired(Timestamp(399), 10).await.unwrap(), []);
        assert_eq!(store.otps_expired(Timestamp(400), 10).await.unwrap(), [ID]);
        assert_eq!(store.otps_to_settle(10).await.unwrap(), []);
        changed(&store, vec![OtpRow { state: OtpState::Expired, settle_due: true, ..otp() }]).await;
        assert_eq!(store.otps_expired(Timestamp(400), 10).await.unwrap(), []);
        assert_eq!(store.otps_to_settle(10).await.unwrap().len(), 1);
        store.commit(&Batch { otp_settled: vec![ID], ..Batch::default() }).await.unwrap();
        assert_eq!(store.otps_to_settle(10).await.unwrap(), []);
    }

    async fn profiles_are_the_accounts_own(store: Store) {
        seed(&store).await;
        let id = OtpProfileId::from_raw(80 << 8);
        let row = OtpProfileRow { id, account_id: ACCOUNT, name: "login".into(), settings: "{}".into(), created_at: Timestamp(1) };
        store.upsert_otp_profile(&row).await.unwrap();
        assert_eq!(store.otp_profiles_of(ACCOUNT).await.unwrap(), std::slice::from_ref(&row));
        assert_eq!(store.load_configuration().await.unwrap().otp_profiles, [row]);
        let version = store.configuration_version().await.unwrap();
        assert!(!store.delete_otp_profile(AccountId::from_raw(999), id).await.unwrap());
        assert!(store.delete_otp_profile(ACCOUNT, id).await.unwrap());
        assert_eq!(store.otp_profiles_of(ACCOUNT).await.unwrap(), []);
        assert!(store.configuration_version().await.unwrap() > version);
    }

    async fn a_number_is_erased_once_its_code_has_ended(store: Store) {
        started(&store).await;
        let step = |rows, open| sambac_store::Erased { rows, open, next: Some(ID.raw()), ..Default::default() };
        assert_eq!(store.erase_otps(destination(123), 0).await.unwrap(), step(0, 1));
        changed(&store, vec![OtpRow { state: OtpState::Expired, ended_at: Some(Timestamp(400)), ..otp() }]).await;
        assert_eq!(store.erase_otps(destination(123), 0).await.unwrap(), step(1, 0));
        let row = store.otp(ACCOUNT, ID).await.unwrap().unwrap();
        assert_eq!(row.destination, destination(123).erased());
    }

    async fn each_code_counts_once_in_the_funnel(store: Store) {
        let first = fixture::message(1).accepted_at;
        let id = |number: i64| IdSource::first_at(first) + 1 + (number << 8);
        let message = |number: i64| {
            let id = MessageId::from_raw(id(number));
            let message = Message { id, ..(*fixture::message(1)).clone() };
            (NewMessage::accepted(Arc::new(message), Vec::new()), SegmentRow { id: SegmentId::new(id, 1), ..fixture::submitted(1) })
        };
        let otp_at =
            |number, state, attempts| OtpRow { id: OtpId::from_raw(id(number)), created_at: first, state, attempts, ..otp() };
        let (a, b) = (otp_at(11, OtpState::Verified, 2), otp_at(12, OtpState::Expired, 0));
        let ((mut ended, submitted), (open, also_submitted), (own, waiting)) = (message(1), message(2), message(3));
        (ended.state, ended.body, ended.final_at) = (MessageState::Delivered, None, Some(first));
        let waiting = SegmentRow { submitted_at: None, ..waiting };
        let sends = [1, 2].map(|number| OtpSendRow { otp_id: a.id, ..send(MessageId::from_raw(id(number)), 1) });
        let used = [1, 3].map(|number| OtpUseRow {
            id: MessageId::from_raw(id(number)),
            account_id: ACCOUNT,
            country: "GB".to_owned(),
            mcc_mnc: None,
            is_used: true,
            sent_at: first,
            at: first,
        });
        let batch = Batch {
            messages: vec![ended, open, own],
            segments: vec![submitted, also_submitted, waiting],
            otps: vec![a, b],
            otp_sends: sends.to_vec(),
            otp_uses: used.to_vec(),
            ..Batch::default()
        };
        store.commit(&batch).await.unwrap();
        let until = first.saturating_add(std::time::Duration::from_secs(1));
        let funnel: Vec<_> = store.otp_funnel(ACCOUNT, first, until).await.unwrap().into_iter().collect();
        let none = FunnelCounts::default();
        let own = FunnelCounts { started: 1, used: 1, ..none };
        let ours = FunnelCounts { started: 2, sent: 1, delivered: 1, checked: 1, verified: 1, used: 1, expired: 1, ..none };
        let told: Vec<_> = funnel.iter().map(|(key, counts)| (key.profile.as_str(), *counts)).collect();
        assert_eq!(told, [("", own), ("default", ours)]);
        assert_eq!(funnel[1].0.network, otp().mcc_mnc);
        assert_eq!(store.otp_funnel(ACCOUNT, until, until).await.unwrap().len(), 0);
    }

    /// What the guard has stopped adds up, counts as blocked in the funnel, and does so also where no code was started.
    async fn stopped_codes_add_up_and_count_in_the_funnel(store: Store) {
        seed(&store).await;
        let stop = OtpStopRow {
            account_id: ACCOUNT,
            day: 0,
            country: "GB".to_owned(),
            mcc_mnc: "23415".to_owned(),
            profile: "default".to_owned(),
            rule: "range_not_verified".to_owned(),
            stopped: 2,
            watched: 1,
        };
        let another = OtpStopRow { rule: "number_velocity".to_owned(), stopped: 4, ..stop.clone() };
        let watched = OtpStopRow { country: "FR".to_owned(), stopped: 0, ..stop.clone() };
        store.add_otp_stops(&[stop.clone(), watched]).await.unwrap();
        store.add_otp_stops(&[stop, another]).await.unwrap();
        let funnel = store.otp_funnel(ACCOUNT, Timestamp(0), Timestamp(86_400_000_000)).await.unwrap();
        let counts: Vec<_> = funnel.iter().map(|(key, counts)| (key.country.as_str(), *counts)).collect();
        assert_eq!(counts, [("GB", FunnelCounts { blocked: 8, ..FunnelCounts::default() })]);
        let later = store.otp_funnel(ACCOUNT, Timestamp(86_400_000_000), Timestamp(2 * 86_400_000_000)).await.unwrap();
        assert!(later.is_empty());
    }

    async fn numbers_that_have_verified_are_read_back(store: Store) {
        seed(&store).await;
        started(&store).await;
        assert_eq!(store.otp_verified_numbers(10).await.unwrap(), []);
        let ended_at = Some(Timestamp(200));
        changed(&store, vec![OtpRow { state: OtpState::Verified, ended_at, next_at: None, ..otp() }]).await;
        assert_eq!(store.otp_verified_numbers(10).await.unwrap(), [(ACCOUNT, destination(123))]);
        assert_eq!(store.otp_verified_numbers(0).await.unwrap(), []);
    }

    async fn signing_keys_are_kept_newest_first(store: Store) {
        let key = |number: i64| SigningKeyRow {
            id: SigningKeyId::from_raw(number << 8),
            algorithm: "EdDSA".to_owned(),
            public_key: format!("key {number}"),
            private_sealed: Sealed("sealed".to_owned()),
            created_at: Timestamp(number),
        };
        store.insert_signing_key(&key(1)).await.unwrap();
        store.insert_signing_key(&key(2)).await.unwrap();
        assert_eq!(store.signing_keys().await.unwrap(), [key(2), key(1)]);
    }

    async fn of_what_a_client_tells_the_last_word_counts(store: Store) {
        let told = |is_used, at| OtpUseRow {
            id: MESSAGE,
            account_id: ACCOUNT,
            country: "GB".to_owned(),
            mcc_mnc: None,
            is_used,
            sent_at: Timestamp(100),
            at: Timestamp(at),
        };
        for (is_used, at) in [(false, 200), (true, 300)] {
            store.commit(&Batch { otp_uses: vec![told(is_used, at)], ..Batch::default() }).await.unwrap();
        }
        assert_eq!(store.otp_uses(ACCOUNT).await.unwrap(), [told(true, 300)]);
    }
}
