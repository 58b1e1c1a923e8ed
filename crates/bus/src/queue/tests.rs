//! A lane never loses a row and never hands one out twice, however small its memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use sambac_domain::class::{Lane, TrafficClass};
use sambac_domain::id::{AccountId, ApiKeyId, MessageId, NoticeId, RateId, RouteId, SegmentId, TargetId};
use sambac_domain::message::{Message, MessageBody, Origin};
use sambac_domain::number::Msisdn;
use sambac_domain::state::MessageState;
use sambac_domain::time::Timestamp;

use super::*;
use crate::notice::{Notice, Outcome};
use crate::task::Task;

fn queued(id: i64, lane: u8) -> Queued {
    let notice = Notice::Outcome(Box::new(Outcome {
        answered_id: None,
        message_id: MessageId::from_raw(id),
        account_id: AccountId::from_raw(1),
        sender: "BANK".into(),
        destination: "999000000001".into(),
        state: MessageState::Delivered,
        error: None,
        segments: 1,
        client_ref: None,
        accepted_at: Timestamp(0),
        final_at: Timestamp(0),
        done_at: None,
        delivered: 1,
        operator_error: None,
        intermediate: None,
        text_sealed: None,
        event_id: None,
        replayed: false,
    }));
    let task = Task::Notify { id: NoticeId::from_raw(id), attempt: 0, notice: Arc::new(notice) };
    Queued { target: TargetId(7), lane: Lane(lane), id, task }
}

/// A segment of an account's message.
fn segment(account: i64, id: i64) -> Queued {
    let message = Message {
        options: None,
        id: MessageId::from_raw(id),
        account_id: AccountId::from_raw(account),
        origin: Origin::Rest { api_key: ApiKeyId::from_raw(1) },
        sender: "BANK".parse().expect("a sender"),
        destination: Msisdn::from_digits(b"999000000001").expect("a number"),
        class: TrafficClass::Otp,
        body: MessageBody::Octets { data: Vec::new(), data_coding: 0, udhi: false },
        segment_count: 1,
        mcc_mnc: None,
        route_id: RouteId::from_raw(1),
        rate_id: RateId::from_raw(1),
        price_micros: 1,
        currency: "EUR".parse().expect("a currency"),
        accepted_at: Timestamp(0),
        expires_at: Timestamp(1),
        client_ref: None,
        receipt_wanted: false,
        registered_delivery: 0,
        answered_id: None,
        charge_policy: sambac_domain::ChargePolicy::Delivered,
        cost: None,
    };
    let task = Task::Submit { segment: SegmentId::from_raw(id), attempt: 0, message: Arc::new(message) };
    Queued { target: TargetId(7), lane: Lane(0), id, task }
}

fn take_ids(queue: &TargetQueue, max: usize) -> Vec<i64> {
    let mut out = Vec::new();
    queue.take(max, &mut out);
    out.iter().map(|queued| queued.id).collect()
}

/// Reads the wanted page from `table`, as a relay does.
fn top_up(queue: &TargetQueue, table: &BTreeMap<(u8, i64), ()>) -> bool {
    let Some(want) = queue.wanted() else { return false };
    let range = (want.lane.0, want.after_id + 1)..=(want.lane.0, i64::MAX);
    let page: Vec<_> = table.range(range).take(want.limit).map(|((lane, id), ())| queued(*id, *lane)).collect();
    let last = page.last().map_or(want.after_id, |queued| queued.id);
    let end = page.len() < want.limit;
    queue.refilled(want, page, last, end);
    true
}

#[test]
fn the_otp_lane_goes_first() {
    let bus = Bus::new(10);
    let queue = bus.queue(TargetId(7));
    for _ in 0..Lane::COUNT {
        top_up(&queue, &BTreeMap::new());
    }
    bus.publish([queued(256, 2), queued(512, 1), queued(768, 0), queued(1024, 0)]);
    assert_eq!(take_ids(&queue, 3), [768, 1024, 512]);
    assert_eq!(take_ids(&queue, 3), [256]);
}

#[test]
fn what_is_put_back_comes_out_first_even_when_the_lane_is_full() {
    let bus = Bus::new(1);
    let queue = bus.queue(TargetId(7));
    top_up(&queue, &BTreeMap::new());
    bus.publish([queued(512, 0), queued(768, 0)]);
    queue.put_back(queued(256, 0));
    assert_eq!(take_ids(&queue, 9), [256, 512]);
    assert_eq!(queue.wanted().map(|want| want.after_id), Some(512), "the row that did not fit is still on disk");
}

#[test]
fn what_is_withdrawn_waits_no_more_and_no_page_brings_it_back() {
    let bus = Bus::new(4);
    let queue = bus.queue(TargetId(7));
    let table: BTreeMap<(u8, i64), ()> = (1..=6).map(|n| ((0, 256 * n), ())).collect();
    top_up(&queue, &table);
    queue.put_back(queued(128, 0));
    let rows = |ids: &[i64]| ids.iter().map(|id| (TargetId(7), Lane(0), *id)).collect::<Vec<_>>();
    bus.withdraw(rows(&[128, 256, 768, 9_999]));
    bus.withdraw([(TargetId(8), Lane(0), 512)]);
    assert_eq!(queue.len(), 1, "of the first page");
    let page: Vec<_> = [768, 1_024].map(|id| queued(id, 0)).into();
    let next = queue.wanted().expect("more on disk");
    queue.refilled(next, page, 1_024, false);
    assert_eq!(take_ids(&queue, 9), [512, 1_024]);
}

#[test]
fn a_row_offered_while_a_page_was_read_is_not_forgotten() {
    let bus = Bus::new(8);
    let queue = bus.queue(TargetId(7));
    let want = queue.wanted().expect("a new lane presumes rows on disk");
    bus.publish([queued(256, 0)]); // committed after the page below was read
    queue.refilled(want, Vec::new(), want.after_id, true);
    assert!(queue.wanted().is_some(), "the lane must read once more");
    let table = BTreeMap::from([((0, 256), ())]);
    top_up(&queue, &table);
    assert_eq!(take_ids(&queue, 9), [256]);
}

#[test]
fn a_row_that_left_the_table_does_not_keep_the_lane_reading() {
    let bus = Bus::new(1);
    let queue = bus.queue(TargetId(7));
    while top_up(&queue, &BTreeMap::new()) {}
    bus.publish([queued(256, 0), queued(512, 0)]); // The second does not fit, and then expires on disk.
    assert_eq!(take_ids(&queue, 9), [256]);
    assert!(top_up(&queue, &BTreeMap::new()));
    assert_eq!(queue.wanted(), None);
    bus.publish([queued(768, 0)]);
    assert_eq!(take_ids(&queue, 9), [768]);
}

#[test]
fn a_row_put_back_ahead_of_its_page_comes_out_once() {
    let bus = Bus::new(8);
    let queue = bus.queue(TargetId(7));
    queue.put_back(queued(512, 0)); // Moved here from another connector before this lane was read at all.
    let table = BTreeMap::from([((0, 256), ()), ((0, 512), ())]);
    top_up(&queue, &table);
    assert_eq!(take_ids(&queue, 9), [512, 256]);
}

#[test]
fn two_readers_of_one_page_bring_it_once() {
    let bus = Bus::new(8);
    let queue = bus.queue(TargetId(7));
    let want = queue.wanted().expect("a new lane presumes rows on disk");
    for _ in 0..2 {
        queue.refilled(want, vec![queued(256, 0)], 256, true);
    }
    assert_eq!(take_ids(&queue, 9), [256]);
}

#[test]
fn a_row_offered_after_its_page_was_read_comes_out_once() {
    let bus = Bus::new(8);
    let queue = bus.queue(TargetId(7));
    top_up(&queue, &BTreeMap::from([((0, 256), ())]));
    bus.publish([queued(256, 0)]); // Committed before the page was read, offered after.
    assert_eq!(take_ids(&queue, 9), [256]);
}

#[test]
fn accounts_take_turns_and_keep_their_own_order() {
    let bus = Bus::new(100);
    let queue = bus.queue(TargetId(7));
    while top_up(&queue, &BTreeMap::new()) {}
    bus.publish((1..=6).map(|no| segment(1, no * 256)));
    bus.publish((7..=8).map(|no| segment(2, no * 256)));
    bus.publish([segment(3, 9 * 256)]);
    let turns: Vec<_> = take_ids(&queue, 9).iter().map(|id| id / 256).collect();
    assert_eq!(turns, [1, 7, 9, 2, 8, 3, 4, 5, 6]);
}

#[test]
fn a_flood_on_disk_does_not_hold_up_the_others() {
    let bus = Bus::new(32);
    let queue = bus.queue(TargetId(7));
    let mut flood = BTreeMap::new();
    while top_up(&queue, &BTreeMap::new()) {}
    for no in 1..=1_000_i64 {
        bus.publish([segment(1, no * 256)]);
        flood.insert(no * 256, segment(1, no * 256));
    }
    bus.publish([segment(2, 1_001 * 256)]);
    flood.insert(1_001 * 256, segment(2, 1_001 * 256));
    assert_eq!(take_ids(&queue, 3), [256, 1_001 * 256, 512], "though 968 rows of the flood are on disk before it");
    assert!(queue.len() <= 48, "memory is bounded: {}", queue.len());
    // What went ahead is not handed out again by its page.
    let mut rest = Vec::new();
    loop {
        let taken = take_ids(&queue, 7);
        let done = taken.is_empty();
        rest.extend(taken);
        let Some(want) = queue.wanted() else {
            if done {
                break;
            }
            continue;
        };
        let page: Vec<_> =
            flood.range(want.after_id + 1..).take(want.limit).map(|(_, queued)| queued.clone()).collect();
        let (last, end) = (page.last().map_or(want.after_id, |queued| queued.id), page.len() < want.limit);
        queue.refilled(want, page, last, end);
    }
    let expected: Vec<_> = (3..=1_000).map(|no| no * 256).collect();
    assert_eq!(rest, expected);
}

#[test]
fn an_account_that_floods_beyond_its_share_waits_in_its_order() {
    let bus = Bus::new(32);
    let queue = bus.queue(TargetId(7));
    while top_up(&queue, &BTreeMap::new()) {}
    bus.publish((1..=100).map(|no| segment(1, no * 256)));
    bus.publish((101..=110).map(|no| segment(2, no * 256)));
    let taken = take_ids(&queue, 99);
    let second: Vec<_> = taken.iter().filter(|id| **id > 100 * 256).map(|id| id / 256).collect();
    assert_eq!(second, [101, 102], "two of 32 places are its own");
    bus.publish([segment(2, 111 * 256)]);
    assert_eq!(take_ids(&queue, 9), [0_i64; 0], "not before those that wait on disk");
}

proptest! {
    #[test]
    fn every_row_comes_out_once_and_in_order(steps in prop::collection::vec((0u8..4, 0u8..3), 1..300), capacity in 1usize..9) {
        let bus = Bus::new(capacity);
        let queue = bus.queue(TargetId(7));
        let mut table = BTreeMap::new();
        let mut seen: [Vec<i64>; 3] = Default::default();
        let mut next = 0;
        let record = |ids: Vec<Queued>, seen: &mut [Vec<i64>; 3], table: &mut BTreeMap<(u8, i64), ()>| {
            for queued in ids {
                seen[usize::from(queued.lane.0)].push(queued.id);
                table.remove(&(queued.lane.0, queued.id));
            }
        };
        for (step, lane) in steps {
            match step {
                0 | 1 => {
                    next += 256;
                    table.insert((lane, next), ());
                    bus.publish([queued(next, lane)]);
                }
                2 => {
                    let mut out = Vec::new();
                    queue.take(usize::from(lane) + 1, &mut out);
                    record(out, &mut seen, &mut table);
                }
                _ => { top_up(&queue, &table); }
            }
            prop_assert!(queue.len() <= 3 * (capacity + capacity / 2 + 1), "memory is bounded");
        }
        for _ in 0..2_000 {
            top_up(&queue, &table);
            let mut out = Vec::new();
            queue.take(usize::MAX, &mut out);
            record(out, &mut seen, &mut table);
        }
        prop_assert!(table.is_empty(), "left on disk: {table:?}");
        for lane in seen {
            prop_assert!(lane.is_sorted_by(|a, b| a < b), "order or repeat: {lane:?}");
        }
    }
}
