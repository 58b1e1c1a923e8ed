//! Connectors that are away: others send what waits for them, and nobody sends anything twice.

use std::time::Duration;

use sambac_domain::class::TrafficClass;
use sambac_domain::id::ConnectorId;
use sambac_domain::state::MessageState;
use sambac_engine::ConnectorState;
use sambac_engine::alert::AlertKind;
use sambac_smpp::CommandStatus;
use sambac_store::rows::ConnectorRow;

use crate::operator::Operator;
use crate::platform::{ACCOUNT, Platform};

const AWAY_AFTER: Duration = Duration::from_millis(200);

async fn connectors(platform: &Platform) -> (ConnectorId, ConnectorId) {
    let rows = platform.engine.store().load_configuration().await.expect("a read").connectors;
    (rows[0].id, rows[1].id)
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let poll = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), poll).await.expect(what);
}

async fn until_bound(platform: &Platform, id: ConnectorId) {
    let is_bound = || platform.engine.connector_status(id).is_some_and(|status| status.state == ConnectorState::Bound);
    until("a bind", is_bound).await;
}

fn is_told(platform: &Platform) -> bool {
    platform.engine.alerts().iter().any(|alert| alert.kind == AlertKind::ConnectorDown && alert.is_open())
}

/// A password that waits for the first connector of its route goes by the second once the first is away; the next begins there.
#[tokio::test]
async fn what_waits_for_one_that_is_away_goes_by_another() {
    let (first, second, platform) = Platform::with_two_that_may_be_away(AWAY_AFTER).await;
    let (id, other) = connectors(&platform).await;
    until_bound(&platform, id).await;
    until_bound(&platform, other).await;
    platform.engine.connector_stop(id, "a test").await.expect("it stops");
    let message = platform.submit(TrafficClass::Otp, "1").await.expect("taken").message_id;
    let sent = second.next_submit().await;
    assert_eq!(sent.text, b"1");
    second.accept(&sent, "1").await;
    second.receipt(&sent, "1", "DELIVRD").await;
    assert_eq!(platform.until_final(message).await.row.state, MessageState::Delivered);
    let next = platform.submit(TrafficClass::Otp, "2").await.expect("taken").message_id;
    assert_eq!(second.next_submit().await.text, b"2");
    let view = platform.engine.store().message(ACCOUNT, next).await.expect("a read").expect("a message");
    assert!(view.events.iter().all(|event| event.kind != "failed_over"), "it begins with the one that is there");
    assert!(first.nothing_more().await);
    assert!(!is_told(&platform), "it was stopped by a person");
    platform.assert_ledger().await;
}

/// What one connector has tried is not given back to it because the other is away.
#[tokio::test]
async fn what_was_tried_does_not_go_back() {
    let (first, second, platform) = Platform::with_two_that_may_be_away(AWAY_AFTER).await;
    let (id, other) = connectors(&platform).await;
    until_bound(&platform, id).await;
    platform.engine.connector_stop(other, "a test").await.expect("it stops");
    let message = platform.submit(TrafficClass::Otp, "1").await.expect("taken").message_id;
    let sent = first.next_submit().await;
    first.refuse(&sent, CommandStatus::RSUBMITFAIL).await;
    let poll = async {
        loop {
            let view = platform.engine.store().message(ACCOUNT, message).await.expect("a read").expect("a message");
            if view.segments[0].connector_id == other {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), poll).await.expect("it fails over");
    platform.engine.connector_start(other, "a test").await.expect("it starts");
    assert_eq!(second.next_submit().await.text, b"1");
    assert!(first.nothing_more().await);
}

/// One that is to run and is not there is told of, until it is there.
#[tokio::test]
async fn one_that_is_down_for_long_is_told_of() {
    let (_operator, platform) = Platform::with_the_second_operator_away(1_000).await;
    until("an alert", || is_told(&platform)).await;
    let subject = |platform: &Platform| {
        let alerts = platform.engine.alerts();
        alerts.into_iter().find(|alert| alert.kind == AlertKind::ConnectorDown).map(|alert| alert.subject)
    };
    let (_, other) = connectors(&platform).await;
    let name = platform.engine.connector_status(other).expect("a connector").name;
    assert_eq!(subject(&platform), Some(name));
    // Somebody answers for it: it binds, and nothing is to be told any more.
    let second = Operator::start().await;
    let store = platform.engine.store();
    for row in store.load_configuration().await.expect("a read").connectors.into_iter().filter(|row| row.id == other) {
        store.upsert_connector(&ConnectorRow { port: second.port, ..row }).await.expect("a change");
    }
    platform.engine.reload().await;
    until("it is cleared", || !is_told(&platform)).await;
    let cleared = platform.engine.alerts().into_iter().find(|alert| alert.kind == AlertKind::ConnectorDown);
    assert!(cleared.expect("it is kept").cleared_at.is_some());
}
