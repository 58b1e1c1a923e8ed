//! Messages from handsets by a clock that the test moves: how long parts and targets are waited for, and when texts are wiped.

use std::time::Duration;

use sambac_domain::id::TargetId;
use sambac_domain::mo::{Reference, assembly_key};
use sambac_store::Store;
use sambac_store::rows::{MoDeliveryState, MoSegmentRow, MoState};

use crate::platform::Platform;

const HOUR_MICROS: i64 = 3_600_000_000;
/// esm_class of a message with a user data header.
const UDHI: u8 = 0x40;

/// The parts that are there of the message with reference 42 in three parts.
async fn parts(store: &Store, count: usize) -> Vec<MoSegmentRow> {
    let connectors = store.load_configuration().await.expect("a read").connectors;
    let group = connectors[0].operator_id.raw();
    let key = assembly_key(group, "447700900123", "12345", Reference { reference: 42, total: 3, no: 1 });
    let poll = async {
        loop {
            let rows = store.mo_segments_of(&[key]).await.expect("a read");
            if rows.len() == count {
                return rows;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), poll).await.expect("the parts in time")
}

#[tokio::test]
async fn parts_are_waited_for_half_an_hour_and_then_handed_on_as_they_are() {
    let (operator, platform, clock) = Platform::with_handsets().await;
    operator.handset(UDHI, b"\x05\x00\x03\x2a\x03\x03 end").await;
    operator.handset(UDHI, b"\x05\x00\x03\x2a\x03\x01begin").await;
    let waiting = parts(platform.engine.store(), 2).await;
    let half_an_hour = |row: &MoSegmentRow| row.due_at.0 - row.received_at.0 == HOUR_MICROS / 2;
    assert!(waiting.iter().all(half_an_hour), "the profile's default");
    clock.advance_micros(HOUR_MICROS / 2 + 1);
    let message = platform.until_handset(|_| true).await;
    assert_eq!((message.parts, message.parts_total, message.state), (2, 3, MoState::Waiting));
    let content = platform.engine.mo_content(&message).expect("its text");
    assert_eq!(content.text.as_deref(), Some("begin end"));
    assert_eq!(parts(platform.engine.store(), 0).await, []);
}

#[tokio::test]
async fn a_message_is_kept_72_hours_for_a_client_that_is_away() {
    let (operator, platform, clock) = Platform::with_handsets().await;
    operator.handset(0, b"hello").await;
    let message = platform.until_handset(|_| true).await;
    let store = platform.engine.store();
    let delivery = store.mo_deliveries_of(message.id).await.expect("a read").remove(0);
    assert_eq!(delivery.give_up_at.0 - message.received_at.0, 72 * HOUR_MICROS);
    clock.advance_micros(72 * HOUR_MICROS - 1);
    assert_eq!(store.mo_deliveries_due(clock.now(), 9).await.expect("a read"), [], "not yet");
    clock.advance_micros(1);
    let ended = platform.until_handset(|row| row.state == MoState::Undeliverable).await;
    assert_eq!(ended.ended_at, Some(clock.now()));
    let delivery = store.mo_deliveries_of(message.id).await.expect("a read").remove(0);
    assert_eq!(delivery.state, MoDeliveryState::Away);
    assert_eq!(store.outbox_count(TargetId(1), delivery.lane).await.expect("a read"), 0);
}

#[tokio::test]
async fn a_message_from_a_handset_is_stored_and_routed_on_postgresql() {
    let (operator, platform) = Platform::on_postgres().await;
    platform.route_handsets().await;
    operator.handset(UDHI, b"\x05\x00\x03\x2a\x03\x03 end").await;
    operator.handset(UDHI, b"\x05\x00\x03\x2a\x03\x01begin").await;
    operator.handset(UDHI, b"\x05\x00\x03\x2a\x03\x01begin").await;
    operator.handset(UDHI, b"\x05\x00\x03\x2a\x03\x02 middle").await;
    let message = platform.until_handset(|_| true).await;
    let content = platform.engine.mo_content(&message).expect("its text");
    assert_eq!(content.text.as_deref(), Some("begin middle end"));
    assert_eq!((message.parts, message.state), (3, MoState::Waiting));
}
