use sambac_domain::mo::{MoMatch, MoStrategy, MoTarget};
use sambac_domain::{Lane, MoId, MoRouteId, NoticeId, TargetId, Timestamp};
use sambac_store::rows::{MoDeliveryRow, MoDeliveryState, MoRouteRow, MoRow, MoSegmentRow, MoState};
use sambac_store::{
    Batch, MoDelivered, MoEnd, MoFilter, MoJoined, MoRerouted, Sealed, Store, StoreError, UnroutedFilter,
};

use crate::both::on_both_databases;
use crate::fixture::{ACCOUNT, CONNECTOR, NOW, OTHER_ACCOUNT, SMPP_ACCOUNT, WEBHOOK, seed, webhook};

pub(crate) fn mo(number: i64) -> MoRow {
    MoRow {
        id: MoId::from_raw(number << 8),
        account_id: Some(ACCOUNT),
        route_id: Some(MoRouteId::from_raw(1 << 8)),
        connector_id: CONNECTOR,
        source: format!("44770090000{number}"),
        destination: "12345".to_owned(),
        body: Some(Sealed(vec![1, 2, 3])),
        parts_total: 1,
        parts: 1,
        fingerprint: Some(number * 7),
        state: MoState::Waiting,
        received_at: NOW,
        ended_at: None,
    }
}

pub(crate) fn segment(number: i64, assembly: i64) -> MoSegmentRow {
    MoSegmentRow {
        id: number << 8,
        assembly,
        connector_id: CONNECTOR,
        source: "447700900001".to_owned(),
        destination: "12345".to_owned(),
        total: 3,
        no: u8::try_from(number).unwrap(),
        body: Some(Sealed(vec![4, 5])),
        fingerprint: number * 11,
        received_at: NOW,
        due_at: Timestamp(NOW.0 + number),
        mo_id: None,
    }
}

fn delivery(number: i64, mo: i64) -> MoDeliveryRow {
    MoDeliveryRow {
        id: NoticeId::from_raw(number << 8),
        mo_id: MoId::from_raw(mo << 8),
        target: TargetId::from(WEBHOOK),
        lane: Lane(1),
        state: MoDeliveryState::Open,
        give_up_at: Timestamp(NOW.0 + number),
        away_max_s: 60,
        next: vec![MoTarget::Smpp(SMPP_ACCOUNT)],
        ended_at: None,
    }
}

fn delivered(number: i64, state: MoDeliveryState) -> MoDelivered {
    MoDelivered { id: NoticeId::from_raw(number << 8), state, ended_at: NOW }
}

fn end(number: i64, state: MoState) -> MoEnd {
    MoEnd { id: MoId::from_raw(number << 8), state, ended_at: NOW }
}

async fn state(store: &Store, number: i64) -> MoState {
    store.mo_message(ACCOUNT, MoId::from_raw(number << 8)).await.unwrap().unwrap().state
}

on_both_databases! {
    async fn messages_are_their_accounts_own_and_listed_newest_first(store: Store) {
        let other = MoRow { account_id: Some(OTHER_ACCOUNT), ..mo(3) };
        let unrouted = MoRow { account_id: None, route_id: None, state: MoState::Unrouted, ..mo(4) };
        let batch = Batch { mo_messages: vec![mo(1), mo(2), other, unrouted], ..Batch::default() };
        store.commit(&batch).await.unwrap();
        assert!(store.contains(&batch).await.unwrap());
        assert_eq!(store.mo_message(ACCOUNT, mo(1).id).await.unwrap(), Some(mo(1)));
        assert_eq!(store.mo_message(ACCOUNT, mo(3).id).await.unwrap(), None);
        let filter = MoFilter { limit: 9, ..MoFilter::default() };
        assert_eq!(store.list_mo_messages(ACCOUNT, &filter).await.unwrap(), [mo(2), mo(1)]);
        let older = MoFilter { before: Some(mo(2).id), ..filter.clone() };
        assert_eq!(store.list_mo_messages(ACCOUNT, &older).await.unwrap(), [mo(1)]);
        let source = MoFilter { source: Some(mo(2).source), destination: Some("12345".to_owned()), ..filter.clone() };
        assert_eq!(store.list_mo_messages(ACCOUNT, &source).await.unwrap(), [mo(2)]);
        let nobody = MoFilter { destination: Some("999".to_owned()), ..filter };
        assert_eq!(store.list_mo_messages(ACCOUNT, &nobody).await.unwrap(), []);
        assert_eq!(store.mo_unrouted().await.unwrap(), 1);
        assert!(matches!(store.commit(&batch).await, Err(StoreError::Conflict("mo_messages"))));
    }

    async fn what_no_route_took_is_listed_routed_later_or_dismissed(store: Store) {
        let unrouted = |number| MoRow {
            account_id: None, route_id: None, state: MoState::Unrouted, ended_at: Some(NOW), ..mo(number)
        };
        let wiped = MoRow { body: None, ..unrouted(4) };
        let all = vec![mo(1), unrouted(2), unrouted(3), wiped, unrouted(5)];
        store.commit(&Batch { mo_messages: all, ..Batch::default() }).await.unwrap();
        let filter = UnroutedFilter { limit: 9, connector_id: Some(CONNECTOR), ..UnroutedFilter::default() };
        let listed = store.mo_messages_unrouted(&filter).await.unwrap();
        assert_eq!(listed, [unrouted(5), unrouted(3), unrouted(2)]);
        let one = UnroutedFilter { before: Some(mo(5).id), source: Some(mo(3).source), ..filter.clone() };
        assert_eq!(store.mo_messages_unrouted(&one).await.unwrap(), [unrouted(3)]);
        let ids = [1, 2, 4].map(|number| mo(number).id);
        assert_eq!(store.mo_messages_unrouted_of(&ids).await.unwrap(), [unrouted(2)]);

        let taken = |number| MoRerouted { id: mo(number).id, account_id: ACCOUNT, route_id: MoRouteId::from_raw(1 << 8) };
        let batch = Batch {
            mo_rerouted: vec![taken(1), taken(2)],
            mo_deliveries: vec![delivery(1, 2)],
            mo_dismissed: vec![mo(1).id, mo(5).id],
            ..Batch::default()
        };
        store.commit(&batch).await.unwrap();
        assert_eq!(store.mo_messages_unrouted(&filter).await.unwrap(), [unrouted(3)]);
        assert_eq!(store.mo_message(ACCOUNT, mo(2).id).await.unwrap(), Some(mo(2)));
        assert_eq!(store.mo_message(ACCOUNT, mo(1).id).await.unwrap(), Some(mo(1)), "it was never unrouted");
        assert_eq!(store.mo_waiting_for(TargetId::from(WEBHOOK), 9).await.unwrap(), 1);
        assert_eq!(store.mo_unrouted().await.unwrap(), 1);
    }

    async fn deliveries_are_known_again_by_their_fingerprints(store: Store) {
        let whole = MoRow { fingerprint: None, ..mo(2) };
        let batch =
            Batch { mo_messages: vec![mo(1), whole], mo_segments: vec![segment(1, 50)], ..Batch::default() };
        store.commit(&batch).await.unwrap();
        assert_eq!(store.mo_messages_by_fingerprints(&[7, 14, 11]).await.unwrap(), [mo(1)]);
        assert_eq!(store.mo_segments_by_fingerprints(&[7, 11]).await.unwrap(), [segment(1, 50)]);
    }

    async fn parts_wait_until_they_are_put_together(store: Store) {
        let segments = vec![segment(1, 50), segment(2, 50), segment(3, 51)];
        store.commit(&Batch { mo_segments: segments, ..Batch::default() }).await.unwrap();
        assert_eq!(store.mo_segments_of(&[50]).await.unwrap(), [segment(1, 50), segment(2, 50)]);
        assert_eq!(store.mo_assemblies_due(Timestamp(NOW.0 + 2), 9).await.unwrap(), [50, 50]);
        let mo_joined = [1, 2].map(|number: i64| MoJoined { id: number << 8, mo_id: mo(1).id }).to_vec();
        store.commit(&Batch { mo_joined, ..Batch::default() }).await.unwrap();
        assert_eq!(store.mo_segments_of(&[50, 51]).await.unwrap(), [segment(3, 51)]);
        assert_eq!(store.mo_assemblies_due(Timestamp(i64::MAX), 9).await.unwrap(), [51]);
        let joined = store.mo_segments_by_fingerprints(&[11]).await.unwrap();
        assert_eq!((joined[0].mo_id, &joined[0].body), (Some(mo(1).id), &None), "its octets are in the message");
        store.tidy_mo(Timestamp(0), Timestamp(NOW.0 + 1)).await.unwrap();
        assert_eq!(store.mo_segments_by_fingerprints(&[11, 33]).await.unwrap(), [segment(3, 51)]);
    }

    async fn a_message_is_taken_once_anybody_has_taken_it(store: Store) {
        let batch = Batch {
            mo_messages: vec![mo(1), mo(2)],
            mo_deliveries: vec![delivery(1, 1), delivery(2, 1), delivery(3, 2)],
            ..Batch::default()
        };
        store.commit(&batch).await.unwrap();
        assert_eq!(store.mo_to_deliver(delivery(1, 1).id).await.unwrap(), Some(mo(1)));
        assert_eq!(store.mo_deliveries_due(Timestamp(NOW.0 + 2), 9).await.unwrap(), [delivery(1, 1), delivery(2, 1)]);
        let refused = Batch {
            mo_delivered: vec![delivered(1, MoDeliveryState::Refused), delivered(3, MoDeliveryState::Away)],
            mo_ends: vec![end(1, MoState::Undeliverable), end(2, MoState::Undeliverable)],
            ..Batch::default()
        };
        store.commit(&refused).await.unwrap();
        assert_eq!(state(&store, 1).await, MoState::Waiting, "another delivery is open");
        assert_eq!(state(&store, 2).await, MoState::Undeliverable);
        assert_eq!(store.mo_to_deliver(delivery(1, 1).id).await.unwrap(), None);
        let open = store.mo_deliveries_open(&[1, 2, 3].map(|number| delivery(number, 1).id)).await.unwrap();
        assert_eq!(open, [delivery(2, 1)]);
        let taken = Batch {
            mo_delivered: vec![delivered(1, MoDeliveryState::Taken), delivered(2, MoDeliveryState::Taken)],
            mo_ends: vec![end(1, MoState::Undeliverable), end(1, MoState::Taken)],
            ..Batch::default()
        };
        store.commit(&taken).await.unwrap();
        store.commit(&Batch { mo_ends: vec![end(1, MoState::Undeliverable)], ..Batch::default() }).await.unwrap();
        assert_eq!(state(&store, 1).await, MoState::Taken);
        let states: Vec<_> = store.mo_deliveries_of(mo(1).id).await.unwrap().iter().map(|row| row.state).collect();
        assert_eq!(states, [MoDeliveryState::Refused, MoDeliveryState::Taken], "what has ended stays");
        assert_eq!(store.tidy_mo(Timestamp(NOW.0 + 1), NOW).await.unwrap(), 2);
        assert_eq!(store.mo_message(ACCOUNT, mo(1).id).await.unwrap().unwrap().body, None);
    }

    async fn a_target_that_goes_gives_its_turn_up(store: Store) {
        seed(&store).await;
        store.upsert_webhook(&webhook()).await.unwrap();
        let later = Timestamp(i64::MAX);
        let far = |number| MoDeliveryRow { give_up_at: later, ..delivery(number, 1) };
        let own = MoDeliveryRow { target: TargetId(5), ..far(3) };
        let batch = Batch {
            mo_messages: vec![mo(1)],
            mo_deliveries: vec![far(1), far(2), own],
            mo_given_up: vec![far(1).id],
            ..Batch::default()
        };
        store.commit(&batch).await.unwrap();
        let due = async |store: &Store| store.mo_deliveries_due(NOW, 9).await.unwrap().iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(due(&store).await, [far(1).id]);
        assert!(store.delete_webhook(ACCOUNT, WEBHOOK).await.unwrap());
        let mut gone = due(&store).await;
        gone.sort_unstable();
        assert_eq!(gone, [far(1).id, far(2).id]);
    }

    async fn routes_are_configuration(store: Store) {
        seed(&store).await;
        let before = store.configuration_version().await.unwrap();
        let route = MoRouteRow {
            id: MoRouteId::from_raw(77 << 8),
            account_id: ACCOUNT,
            name: "stop".to_owned(),
            position: 10,
            matches: MoMatch { keywords: vec!["STOP".to_owned()], ..MoMatch::default() },
            strategy: MoStrategy::FanOut,
            targets: vec![MoTarget::Webhook(WEBHOOK), MoTarget::Smpp(SMPP_ACCOUNT)],
            away_max_s: 300,
            enabled: true,
            created_at: NOW,
        };
        store.upsert_mo_route(&route).await.unwrap();
        let configuration = store.load_configuration().await.unwrap();
        assert_eq!((configuration.mo_routes, configuration.version), (vec![route], before + 1));
    }
}
