//! What a person does to a connector, and what they are told of it.

use std::time::Duration;

use sambac_domain::class::TrafficClass;
use sambac_domain::id::ConnectorId;
use sambac_domain::state::MessageState;
use sambac_engine::{BindState, ConnectorState, ConnectorStatus, StopReason};

use crate::platform::Platform;

const LIMIT: Duration = Duration::from_secs(10);
const BY: &str = "a test";

/// The status once it is so.
async fn until(platform: &Platform, id: ConnectorId, is_so: impl Fn(&ConnectorStatus) -> bool) -> ConnectorStatus {
    let poll = async {
        loop {
            let status = platform.engine.connector_status(id).expect("the connector");
            if is_so(&status) {
                return status;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), poll).await.expect("it happens in time")
}

fn only_connector(platform: &Platform) -> ConnectorId {
    let snapshot = platform.engine.snapshot();
    *snapshot.connectors.keys().next().expect("a connector")
}

#[tokio::test]
async fn a_connector_is_stopped_tested_and_started() {
    let (operator, platform) = Platform::with_one_operator().await;
    let id = only_connector(&platform);
    let bound = until(&platform, id, |status| status.state == ConnectorState::Bound).await;
    let bind = &bound.binds[0];
    assert_eq!(
        (bind.state.clone(), bind.peer_system_id.as_str(), bind.peer_version),
        (BindState::Bound, "operator", Some(0x34))
    );
    assert!(bind.host.as_deref().is_some_and(|host| host.starts_with("127.0.0.1:")) && bind.window > 0, "{bind:?}");

    assert!(platform.engine.connector_stop(id, BY).await.expect("stored"));
    let stopped = |status: &ConnectorStatus| matches!(status.binds[0].state, BindState::Stopped(_));
    let status = until(&platform, id, stopped).await;
    assert_eq!((status.state, status.bound), (ConnectorState::Stopped(StopReason::Person), 0));
    assert!(!platform.engine.connector_drain(id, BY, LIMIT).await.expect("read"), "it does not run");
    let submitted = platform.submit(TrafficClass::Transactional, "later").await.expect("taken all the same");

    let reports = platform.engine.connector_test_bind_stored(id).await.expect("the connector");
    let report = &reports[0];
    let steps: Vec<_> = report.steps.iter().map(|step| (step.name, step.result.is_ok())).collect();
    assert_eq!(steps, [("resolve", true), ("connect", true), ("bind", true), ("unbind", true)]);
    assert_eq!((report.is_bound, report.failure, report.peer_version), (true, None, Some(0x34)));
    assert!(stopped(&platform.engine.connector_status(id).expect("the connector")), "a test starts nothing");

    assert!(platform.engine.connector_start(id, BY).await.expect("stored"));
    until(&platform, id, |status| status.state == ConnectorState::Bound).await;
    let sent = operator.next_submit().await;
    operator.accept(&sent, "1").await;
    operator.receipt(&sent, "1", "DELIVRD").await;
    assert_eq!(platform.until_final(submitted.message_id).await.row.state, MessageState::Delivered);
}

#[tokio::test]
async fn draining_finishes_what_is_on_its_way_and_takes_nothing_more() {
    let (operator, platform) = Platform::with_one_operator().await;
    let id = only_connector(&platform);
    let first = platform.submit(TrafficClass::Transactional, "first").await.expect("taken");
    let sent = operator.next_submit().await;
    assert!(platform.engine.connector_drain(id, BY, LIMIT).await.expect("stored"));
    platform.submit(TrafficClass::Transactional, "second").await.expect("taken");
    let draining = until(&platform, id, |status| status.state == ConnectorState::Draining).await;
    assert_eq!((draining.bound, draining.binds[0].in_flight), (1, 1), "its bind stays for the answer");
    // The receipt first: once the answer is stored, the bind goes.
    operator.receipt(&sent, "1", "DELIVRD").await;
    operator.accept(&sent, "1").await;
    assert_eq!(platform.until_final(first.message_id).await.row.state, MessageState::Delivered);
    until(&platform, id, |status| status.state == ConnectorState::Stopped(StopReason::Drained)).await;
    assert!(operator.nothing_more().await);
    assert!(platform.engine.connector_start(id, BY).await.expect("stored"));
    assert_eq!(operator.next_submit().await.text, b"second");
}

#[tokio::test]
async fn a_test_of_wrong_settings_says_which_step_failed() {
    let (_operator, platform) = Platform::with_one_operator().await;
    let id = only_connector(&platform);
    let row = platform.engine.snapshot().connectors[&id].as_ref().clone();
    // Port 1 of this machine: nobody listens there.
    let away = sambac_store::rows::ConnectorRow { port: 1, ..row.clone() };
    let report = platform.engine.connector_test_bind(&away).await.remove(0);
    let last = report.steps.last().expect("a step");
    assert_eq!(
        (last.name, last.result.is_err(), report.is_bound, report.failure),
        ("connect", true, false, Some("link"))
    );
    let settings = r#"{ "bind": { "password_octets_max": 1 } }"#.to_owned();
    let short = sambac_store::rows::ConnectorRow { settings, ..row };
    let report = platform.engine.connector_test_bind(&short).await.remove(0);
    assert_eq!(report.failure, Some("setup"));
    assert!(format!("{:?}", report.steps).contains("bind.password_octets_max is 1"), "{report:?}");
    assert_eq!(platform.engine.connector_status(ConnectorId::from_raw(42)), None);
}
