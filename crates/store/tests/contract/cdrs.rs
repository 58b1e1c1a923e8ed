//! Records are found by what they are looked for, page by page, at a bounded price.

use std::collections::BTreeMap;
use std::sync::Arc;

use sambac_domain::{AccountId, IdSource, MccMnc, Message, MessageId, MessageState, Msisdn, SegmentId, Timestamp};
use sambac_store::rows::{CdrRow, ChargeState};
use sambac_store::{Batch, CdrFilter, CdrOrder, NewMessage, Store, UsageRow};

use crate::both::on_both_databases;
use crate::fixture::{self, ACCOUNT, CONNECTOR, NOW, OPERATOR, OTHER_ACCOUNT, PRICE_MICROS, eur};

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 86_400_000_000;

/// A record of a message accepted so many microseconds after the fixture's moment, with an id of that moment.
fn cdr(after: i64, segment: u8) -> CdrRow {
    let accepted_at = Timestamp(NOW.0 + after);
    let message = MessageId::from_raw(IdSource::new(1, 0).next(accepted_at));
    CdrRow { id: SegmentId::new(message, segment), accepted_at, group_id: None, ..fixture::cdr(1) }
}

/// The records with their messages.
async fn commit(store: &Store, cdrs: Vec<CdrRow>) {
    let whose: BTreeMap<MessageId, AccountId> = cdrs.iter().map(|cdr| (cdr.id.message(), cdr.account_id)).collect();
    let message = |(id, account_id)| Arc::new(Message { id, account_id, ..(*fixture::message(1)).clone() });
    let messages = whose.into_iter().map(message).map(|message| NewMessage::accepted(message, Vec::new()));
    store.commit(&Batch { messages: messages.collect(), cdrs, ..Batch::default() }).await.unwrap();
}

/// All pages, one after the other.
async fn all(store: &Store, filter: &CdrFilter, order: CdrOrder, limit: u32) -> Vec<SegmentId> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.cdr_page(filter, order, after, limit).await.unwrap();
        assert!(page.rows.len() <= usize::try_from(limit).unwrap());
        found.extend(page.rows.iter().map(|row| row.id));
        match page.next {
            Some(next) => after = Some(next),
            None => return found,
        }
    }
}

on_both_databases! {
    /// Every filter finds its record and no other.
    async fn each_filter_leaves_out_all_others(store: Store) {
        let plain = cdr(0, 1);
        let one = CdrRow {
            account_id: OTHER_ACCOUNT,
            operator_id: sambac_domain::OperatorId::from_raw(77 << 8),
            connector_id: sambac_domain::ConnectorId::from_raw(78 << 8),
            mcc_mnc: Some("23415".parse().unwrap()),
            sender: "Other".parse().unwrap(),
            destination: Msisdn::from_u64(12_025_550_123).unwrap(),
            state: MessageState::Expired,
            charge_state: ChargeState::Voided,
            ..cdr(MINUTE, 1)
        };
        commit(&store, vec![plain.clone(), one.clone()]).await;
        let none = CdrFilter::default;
        let only_one = [
            CdrFilter { account_id: Some(OTHER_ACCOUNT), ..none() },
            CdrFilter { from: Some(one.accepted_at), ..none() },
            CdrFilter { operator_id: Some(one.operator_id), ..none() },
            CdrFilter { connector_id: Some(one.connector_id), ..none() },
            CdrFilter { network: one.mcc_mnc, ..none() },
            CdrFilter { network: Some(MccMnc::country(234)), ..none() },
            CdrFilter { state: Some(MessageState::Expired), ..none() },
            CdrFilter { sender: Some(one.sender), ..none() },
            CdrFilter { charge_state: Some(ChargeState::Voided), ..none() },
            CdrFilter { destination_prefix: Some("1202".to_owned()), ..none() },
        ];
        for filter in only_one {
            let page = store.cdr_page(&filter, CdrOrder::NewestFirst, None, 10).await.unwrap();
            assert_eq!((page.rows.as_slice(), page.next), ([one.clone()].as_slice(), None), "{filter:?}");
        }
        for (digits, found) in [("1202555", 1), ("12025550", 0), ("12025550123", 0)] {
            let prefix_of_masked = CdrFilter { destination_prefix: Some(digits.to_owned()), prefix_of_masked: true, ..none() };
            let page = store.cdr_page(&prefix_of_masked, CdrOrder::NewestFirst, None, 10).await.unwrap();
            assert_eq!(page.rows.len(), found, "{digits}: what is masked is not told by asking");
        }
        let only_plain = [
            CdrFilter { account_id: Some(ACCOUNT), operator_id: Some(OPERATOR), ..none() },
            CdrFilter { until: Some(one.accepted_at), connector_id: Some(CONNECTOR), ..none() },
        ];
        for filter in only_plain {
            let page = store.cdr_page(&filter, CdrOrder::OldestFirst, None, 10).await.unwrap();
            assert_eq!((page.rows.as_slice(), page.next), ([plain.clone()].as_slice(), None), "{filter:?}");
        }
    }

    /// Pages follow each other without gap or repetition, in both directions, also while records are added.
    async fn pages_follow_each_other_while_records_come(store: Store) {
        commit(&store, (0..25).flat_map(|number| [cdr(number * MINUTE, 1), cdr(number * MINUTE, 2)]).collect()).await;
        let filters = [
            CdrFilter::default(),
            CdrFilter { account_id: Some(ACCOUNT), ..CdrFilter::default() },
            CdrFilter { state: Some(MessageState::Delivered), ..CdrFilter::default() },
        ];
        for filter in &filters {
            let oldest = all(&store, filter, CdrOrder::OldestFirst, 7).await;
            let mut newest = all(&store, filter, CdrOrder::NewestFirst, 7).await;
            newest.reverse();
            assert_eq!((oldest.len(), &oldest), (50, &newest), "{filter:?}");
            assert!(oldest.is_sorted_by(|one, next| one < next), "{oldest:?}");
        }
        let first = store.cdr_page(&filters[0], CdrOrder::NewestFirst, None, 10).await.unwrap();
        commit(&store, (25..30).map(|number| cdr(number * MINUTE, 1)).collect()).await;
        let second = store.cdr_page(&filters[0], CdrOrder::NewestFirst, first.next, 10).await.unwrap();
        assert_eq!((second.rows[0].id, second.rows.len()), (cdr(19 * MINUTE, 2).id, 10));
        assert_eq!(first.next, Some(cdr(20 * MINUTE, 1).id));
    }

    /// A page that is exactly full is the last one.
    async fn a_full_last_page_has_no_next(store: Store) {
        commit(&store, (0..4).map(|number| cdr(number * MINUTE, 1)).collect()).await;
        let filter = CdrFilter::default();
        let page = store.cdr_page(&filter, CdrOrder::OldestFirst, None, 4).await.unwrap();
        assert_eq!((page.rows.len(), page.next), (4, None));
        let empty = store.cdr_page(&filter, CdrOrder::OldestFirst, Some(page.rows[3].id), 4).await.unwrap();
        assert_eq!((empty.rows.len(), empty.next), (0, None));
    }

    /// Segments, messages and money are summed by day, network and state, for one account and its span only.
    async fn usage_is_summed_by_day_network_and_state(store: Store) {
        // The fixture's moment is 08:00 of its day.
        let abroad = Some("23415".parse().unwrap());
        let rows = vec![
            cdr(0, 1),
            cdr(0, 2),
            cdr(MINUTE, 1),
            CdrRow { state: MessageState::Expired, charge_state: ChargeState::Voided, ..cdr(2 * MINUTE, 1) },
            CdrRow { mcc_mnc: abroad, ..cdr(DAY, 1) },
            CdrRow { account_id: OTHER_ACCOUNT, ..cdr(3 * MINUTE, 1) },
            cdr(2 * DAY, 1),
        ];
        commit(&store, rows).await;
        let day = NOW.0 / DAY;
        let line = |day, network, state, messages, segments, charged_micros| UsageRow {
            day, network, state, currency: eur(), messages, segments, charged_micros,
        };
        let expected = vec![
            line(day, Some(MccMnc::TEST), MessageState::Delivered, 2, 3, 3 * PRICE_MICROS),
            line(day, Some(MccMnc::TEST), MessageState::Expired, 1, 1, 0),
            line(day + 1, abroad, MessageState::Delivered, 1, 1, PRICE_MICROS),
        ];
        assert_eq!(store.usage(ACCOUNT, NOW, Timestamp(NOW.0 + 2 * DAY)).await.unwrap(), expected);
    }
}
