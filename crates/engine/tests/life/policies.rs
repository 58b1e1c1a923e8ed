//! What each end of a segment costs under each policy: taken, given back, or still held; and what comes later.

use std::time::Duration;

use sambac_domain::class::TrafficClass;
use sambac_domain::id::MessageId;
use sambac_domain::rating::ChargePolicy;
use sambac_domain::state::MessageState;
use sambac_engine::clock::Clock;
use sambac_smpp::CommandStatus;
use sambac_store::rows::ChargeState;

use crate::PRICE;
use crate::operator::Operator;
use crate::platform::Platform;

/// How a segment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Delivered,
    Undelivered,
    ExpiredAtOperator,
    RejectedByReceipt,
    RefusedByOperator,
    /// The operator's answer never came, and neither did a receipt.
    Unknown,
    /// Taken by the operator, and no receipt ever came.
    NoReceipt,
    /// The validity was over before it could be sent.
    ExpiredUnsent,
    /// The connector it was for was removed from the route.
    ConnectorRemoved,
}

const ENDS: [End; 9] = [
    End::Delivered,
    End::Undelivered,
    End::ExpiredAtOperator,
    End::RejectedByReceipt,
    End::RefusedByOperator,
    End::Unknown,
    End::NoReceipt,
    End::ExpiredUnsent,
    End::ConnectorRemoved,
];

/// `C` is captured, `v` given back, `h` held until its time is over.
const TABLE: [(ChargePolicy, &str); 4] = [
    (ChargePolicy::Submit, "CCCCCCCCC"),
    (ChargePolicy::Accepted, "CCCCvvCvv"),
    (ChargePolicy::Delivered, "Cvvvvvvvv"),
    (ChargePolicy::Verified, "hvvvvvvvv"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_policy_at_every_end() {
    let mut cases = tokio::task::JoinSet::new();
    for (policy, row) in TABLE {
        for (end, expected) in ENDS.into_iter().zip(row.chars()) {
            cases.spawn(case(policy, end, expected));
        }
    }
    while let Some(ended) = cases.join_next().await {
        ended.expect("each case holds");
    }
}

async fn case(policy: ChargePolicy, end: End, expected: char) {
    let (operator, platform, clock) = Platform::with_policy(policy).await;
    let before = platform.balance();
    let (message, state) = bring_about(&operator, &platform, &clock, end).await;
    let view = platform.until_final(message).await;
    assert_eq!(view.row.state, state, "{policy:?} {end:?}");
    let charge = &view.charges[0];
    let (charged, captured, spent, held) = match expected {
        'C' => (ChargeState::Captured, PRICE, PRICE, 0),
        'h' => (ChargeState::Held, 0, PRICE, PRICE),
        _ => (ChargeState::Voided, 0, 0, 0),
    };
    let is = (charge.state, charge.captured_micros, charge.policy);
    assert_eq!(is, (charged, captured, policy), "{policy:?} {end:?}");
    let after = platform.balance();
    let moved = (before.available_micros - after.available_micros, after.held_micros);
    assert_eq!(moved, (spent, held), "{policy:?} {end:?}");
    platform.assert_ledger().await;
    platform.engine.stop(Duration::from_secs(5)).await;
}

async fn bring_about(operator: &Operator, platform: &Platform, clock: &Clock, end: End) -> (MessageId, MessageState) {
    // An OTP is not sent again where its answer was lost.
    if end == End::ExpiredUnsent || end == End::ConnectorRemoved {
        platform.connectors_away(true).await;
    }
    let message = platform.submit(TrafficClass::Otp, "1234").await.expect("taken").message_id;
    let receipt = match end {
        End::Delivered => Some(("DELIVRD", MessageState::Delivered)),
        End::Undelivered => Some(("UNDELIV", MessageState::Undelivered)),
        End::ExpiredAtOperator => Some(("EXPIRED", MessageState::Expired)),
        End::RejectedByReceipt => Some(("REJECTD", MessageState::Rejected)),
        _ => None,
    };
    if let Some((stat, state)) = receipt {
        let sent = operator.next_submit().await;
        operator.accept(&sent, "7").await;
        operator.receipt(&sent, "7", stat).await;
        return (message, state);
    }
    match end {
        End::RefusedByOperator => {
            let sent = operator.next_submit().await;
            operator.refuse(&sent, CommandStatus::RINVDSTADR).await;
            return (message, MessageState::Rejected);
        }
        End::Unknown => {
            let _unanswered = operator.next_submit().await;
            operator.drop_link().await;
            platform.until_event(message, "submit_unknown").await;
        }
        End::NoReceipt => {
            let sent = operator.next_submit().await;
            operator.accept(&sent, "7").await;
            platform.until_submitted(message).await;
        }
        _ => {}
    }
    if end == End::ConnectorRemoved {
        platform.connectors_away(false).await;
    }
    // Beyond validity and the wait for a receipt.
    clock.advance_micros(2 * 3_600 * 1_000_000);
    (message, MessageState::Expired)
}

#[tokio::test]
async fn a_verified_password_is_paid_for_and_one_that_is_not_is_given_back() {
    let (operator, platform, clock) = Platform::with_policy(ChargePolicy::Verified).await;
    let before = platform.balance();
    let mut messages = Vec::new();
    for id in ["1", "2"] {
        let message = platform.submit(TrafficClass::Otp, "1234").await.expect("taken").message_id;
        let sent = operator.next_submit().await;
        operator.accept(&sent, id).await;
        operator.receipt(&sent, id, "DELIVRD").await;
        platform.until_final(message).await;
        messages.push(message);
    }
    assert!(platform.engine.verified(messages[0]).await);
    assert!(platform.engine.verified(messages[0]).await, "again: nothing more is charged");
    assert!(!platform.engine.verified(MessageId::from_raw(77 << 8)).await, "there is no such message");
    assert_eq!(platform.balance().available_micros, before.available_micros - 2 * PRICE);
    clock.advance_micros(2 * 3_600 * 1_000_000);
    platform.until_charge(messages[1], ChargeState::Voided).await;
    let after = platform.balance();
    assert_eq!((before.available_micros - after.available_micros, after.held_micros), (PRICE, 0));
    // It was verified after all: that is a fact, late as it is.
    assert!(platform.engine.verified(messages[1]).await);
    platform.until_charge(messages[1], ChargeState::Corrected).await;
    assert_eq!(before.available_micros - platform.balance().available_micros, 2 * PRICE);
    platform.assert_ledger().await;
}

#[tokio::test]
async fn a_late_receipt_moves_the_money_once_and_may_go_below_the_limit() {
    let (operator, platform, clock) = Platform::with_policy(ChargePolicy::Delivered).await;
    let message = platform.submit(TrafficClass::Otp, "1234").await.expect("taken").message_id;
    let sent = operator.next_submit().await;
    operator.accept(&sent, "7").await;
    platform.until_submitted(message).await;
    clock.advance_micros(2 * 3_600 * 1_000_000);
    platform.until_final(message).await;
    platform.spend_all().await;
    operator.receipt(&sent, "7", "DELIVRD").await;
    let view = platform.until_event(message, "charge_corrected").await;
    assert_eq!((view.charges[0].state, view.charges[0].captured_micros), (ChargeState::Corrected, PRICE));
    assert!(view.events.iter().any(|event| event.kind == "charge_below_limit"), "{:?}", view.events);
    assert_eq!(platform.balance().below_limit_micros(), PRICE);
    platform.assert_ledger().await;
}
