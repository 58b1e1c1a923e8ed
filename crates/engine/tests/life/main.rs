//! A message's life through the engine, with a real database and a real SMPP session to an operator played by the test.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod away;
mod handsets;
mod margin;
mod notices;
mod operate;
mod operator;
mod payments;
mod platform;
mod policies;
mod reconcile;
mod spending;

use sambac_domain::class::TrafficClass;
use sambac_domain::error::ErrorCode;
use sambac_domain::id::AccountEventId;
use sambac_domain::state::MessageState;
use sambac_smpp::CommandStatus;
use sambac_store::OrphanFilter;
use sambac_store::rows::ChargeState;

use operator::Operator;
use platform::Platform;

/// Price of one segment in the fixture.
const PRICE: i64 = 12_500;

#[tokio::test]
async fn a_delivered_message_is_charged_once() {
    let (operator, platform) = Platform::with_one_operator().await;
    delivered_and_charged(&operator, &platform).await;
}

#[tokio::test]
async fn a_delivered_message_is_charged_once_on_postgresql() {
    let (operator, platform) = Platform::on_postgres().await;
    delivered_and_charged(&operator, &platform).await;
}

async fn delivered_and_charged(operator: &Operator, platform: &Platform) {
    let before = platform.balance();
    let submitted = platform.submit(TrafficClass::Otp, "Your code is 123456").await.expect("taken");
    assert_eq!(submitted.segments, 1);
    assert_eq!(platform.balance().held_micros, PRICE);

    let sent = operator.next_submit().await;
    assert_eq!(sent.destination, platform::DESTINATION);
    assert_eq!(sent.text, b"Your code is 123456");
    operator.accept(&sent, "7F00A1").await;
    operator.receipt(&sent, "7F00A1", "DELIVRD").await;

    let view = platform.until_final(submitted.message_id).await;
    assert_eq!(view.row.state, MessageState::Delivered);
    assert_eq!(view.row.body, None, "the text is wiped at the end");
    assert_eq!(view.segments[0].smsc_message_id.as_deref(), Some("7F00A1"));
    assert_eq!(view.charges[0].state, ChargeState::Captured);
    assert_eq!(platform.balance().available_micros, before.available_micros - PRICE);
    assert_eq!(platform.balance().held_micros, 0);
    platform.assert_ledger().await;
}

#[tokio::test]
async fn a_rejected_message_costs_nothing() {
    let (operator, platform) = Platform::with_one_operator().await;
    let before = platform.balance();
    let submitted = platform.submit(TrafficClass::Transactional, "hello").await.expect("taken");
    let sent = operator.next_submit().await;
    operator.refuse(&sent, CommandStatus::RINVDSTADR).await;

    let view = platform.until_final(submitted.message_id).await;
    assert_eq!(view.row.state, MessageState::Rejected);
    assert_eq!(view.segments[0].command_status, Some(CommandStatus::RINVDSTADR.0));
    assert_eq!(view.charges[0].state, ChargeState::Voided);
    assert_eq!(platform.balance(), before);
    platform.assert_ledger().await;
}

#[tokio::test]
async fn a_receipt_before_the_response_is_matched_when_it_comes() {
    let (operator, platform) = Platform::with_one_operator().await;
    let submitted = platform.submit(TrafficClass::Otp, "early").await.expect("taken");
    let sent = operator.next_submit().await;
    operator.receipt(&sent, "000123", "DELIVRD").await;
    operator.accept(&sent, "123").await;

    let view = platform.until_final(submitted.message_id).await;
    assert_eq!(view.row.state, MessageState::Delivered);
    platform.assert_ledger().await;
}

#[tokio::test]
async fn a_throttled_segment_is_sent_again_without_counting_an_attempt() {
    let (operator, platform) = Platform::with_one_operator().await;
    let submitted = platform.submit(TrafficClass::Otp, "again").await.expect("taken");
    for _ in 0..2 {
        let sent = operator.next_submit().await;
        operator.refuse(&sent, CommandStatus::RTHROTTLED).await;
    }
    let sent = operator.next_submit().await;
    operator.accept(&sent, "1").await;
    operator.receipt(&sent, "1", "DELIVRD").await;

    let view = platform.until_final(submitted.message_id).await;
    assert_eq!(view.row.state, MessageState::Delivered);
    assert_eq!(view.segments[0].attempts, 1);
    assert!(!view.segments[0].possible_duplicate);
}

#[tokio::test]
async fn a_lost_answer_is_sent_again_for_a_notification_and_marked() {
    let (operator, platform) = Platform::with_one_operator().await;
    let submitted = platform.submit(TrafficClass::Transactional, "twice").await.expect("taken");
    let _lost = operator.next_submit().await;
    operator.drop_link().await;
    let sent = operator.next_submit().await;
    operator.accept(&sent, "2").await;
    operator.receipt(&sent, "2", "DELIVRD").await;

    let view = platform.until_final(submitted.message_id).await;
    assert_eq!(view.row.state, MessageState::Delivered);
    assert!(view.segments[0].possible_duplicate);
    assert!(view.events.iter().any(|event| event.kind == "submit_unknown"));
    platform.assert_ledger().await;
}

#[tokio::test]
async fn an_otp_without_an_answer_goes_to_the_other_operator_only() {
    let (first, second, platform) = Platform::with_two_operators().await;
    let submitted = platform.submit(TrafficClass::Otp, "654321").await.expect("taken");
    let _lost = first.next_submit().await;
    first.drop_link().await;
    let sent = second.next_submit().await;
    second.accept(&sent, "3").await;
    second.receipt(&sent, "3", "DELIVRD").await;

    let view = platform.until_final(submitted.message_id).await;
    assert_eq!(view.row.state, MessageState::Delivered);
    assert!(view.segments[0].possible_duplicate);
    assert!(first.nothing_more().await, "not sent again where the answer was lost");
    platform.assert_ledger().await;
}

#[tokio::test]
async fn a_refusal_that_is_the_operators_fault_fails_over() {
    let (first, second, platform) = Platform::with_two_operators().await;
    let submitted = platform.submit(TrafficClass::Transactional, "hello").await.expect("taken");
    let sent = first.next_submit().await;
    first.refuse(&sent, CommandStatus::RSUBMITFAIL).await;
    let sent = second.next_submit().await;
    second.accept(&sent, "4").await;
    second.receipt(&sent, "4", "UNDELIV").await;

    let view = platform.until_final(submitted.message_id).await;
    assert_eq!(view.row.state, MessageState::Undelivered);
    assert!(view.events.iter().any(|event| event.kind == "failed_over"));
    assert_eq!(view.charges[0].state, ChargeState::Voided);
    platform.assert_ledger().await;
}

#[tokio::test]
async fn a_long_message_ends_when_its_last_segment_does() {
    let (operator, platform) = Platform::with_one_operator().await;
    let submitted = platform.submit(TrafficClass::Transactional, &"long text ".repeat(40)).await.expect("taken");
    assert_eq!(submitted.segments, 3);
    assert_eq!(platform.balance().held_micros, 3 * PRICE);
    let mut sent = Vec::new();
    for no in 0..3 {
        let segment = operator.next_submit().await;
        assert_eq!(segment.esm_class & 0x40, 0x40);
        operator.accept(&segment, &format!("L{no}")).await;
        sent.push(segment);
    }
    for (no, segment) in sent.iter().enumerate().rev() {
        operator.receipt(segment, &format!("L{no}"), "DELIVRD").await;
    }
    let view = platform.until_final(submitted.message_id).await;
    assert_eq!(view.row.state, MessageState::Delivered);
    assert!(view.charges.iter().all(|charge| charge.state == ChargeState::Captured));
    platform.assert_ledger().await;
}

#[tokio::test]
async fn an_empty_wallet_refuses_and_leaves_no_trace() {
    let (_operator, platform) = Platform::with_one_operator().await;
    let affordable = platform.balance().available_micros / PRICE;
    let mut taken = 0;
    while let Ok(_submitted) = platform.submit(TrafficClass::Marketing, "x").await {
        taken += 1;
    }
    assert_eq!(taken, affordable);
    assert!(platform.balance().available_micros < PRICE);
    platform.assert_ledger().await;
}

#[tokio::test]
async fn a_receipt_of_an_unanswered_otp_is_recognised_by_its_number() {
    let (operator, platform) = Platform::with_one_operator().await;
    let submitted = platform.submit(TrafficClass::Otp, "998877").await.expect("taken");
    let lost = operator.next_submit().await;
    operator.drop_link().await;
    platform.until_event(submitted.message_id, "submit_unknown").await;
    operator.receipt(&lost, "ABC1", "DELIVRD").await;

    let view = platform.until_final(submitted.message_id).await;
    assert_eq!(view.row.state, MessageState::Delivered);
    assert_eq!(view.segments[0].smsc_message_id.as_deref(), Some("ABC1"));
    assert_eq!(view.charges[0].state, ChargeState::Captured);
    assert!(operator.nothing_more().await, "a password in doubt is not sent again");
    platform.assert_ledger().await;
}

/// Its first attempt arrived, and the last one never did: the receipt of the first tells its end, which is not before it was sent.
#[tokio::test]
async fn a_receipt_of_an_earlier_attempt_ends_it_when_no_attempt_is_left() {
    let (operator, platform, clock) = Platform::with_clock_and(|settings| settings.attempts_max = 3).await;
    let submitted = platform.submit(TrafficClass::Transactional, "hello").await.expect("taken");
    let any = OrphanFilter { limit: 1, ..OrphanFilter::default() };
    for attempt in 1..=3 {
        let lost = operator.next_submit().await;
        operator.drop_link().await;
        platform.until_events(submitted.message_id, "submit_unknown", attempt).await;
        if attempt == 1 {
            operator.receipt(&lost, "ABC3", "DELIVRD").await;
            while platform.engine.orphans(&any).await.expect("a read").is_empty() {
                tokio::task::yield_now().await;
            }
        }
        clock.advance_micros(1_000_000);
    }
    let left = platform.engine.rematch_orphans(&any).await.expect("it is tried again").left;
    let view = platform.until_final(submitted.message_id).await;
    let segment = &view.segments[0];
    assert_eq!((view.row.state, segment.smsc_message_id.as_deref(), left), (MessageState::Delivered, Some("ABC3"), 0));
    assert!(segment.final_at >= segment.submitted_at, "{segment:?}");
    platform.assert_ledger().await;
}

#[tokio::test]
async fn repeated_receipts_are_events_and_never_orphans() {
    let (operator, platform) = Platform::with_one_operator().await;
    let submitted = platform.submit(TrafficClass::Otp, "hello").await.expect("taken");
    let sent = operator.next_submit().await;
    for _ in 0..2 {
        operator.receipt(&sent, "77", "DELIVRD").await;
    }
    operator.accept(&sent, "77").await;
    for _ in 0..2 {
        operator.receipt(&sent, "77", "DELIVRD").await;
    }
    platform.until_events(submitted.message_id, "receipt_repeated", 3).await;
    let view = platform.until_final(submitted.message_id).await;
    assert_eq!(view.row.state, MessageState::Delivered);
    let orphans = platform.engine.store().orphans_since(Default::default(), 0, 10).await.expect("a read");
    assert_eq!(orphans, []);
    platform.assert_ledger().await;
}

#[tokio::test]
async fn a_client_that_leaves_and_asks_again_has_one_message_and_harms_nobody() {
    let (_operator, platform) = Platform::with_one_operator().await;
    for _ in 0..20 {
        let leaving = platform.submit_with_key("first");
        let left = tokio::time::timeout(std::time::Duration::ZERO, leaving).await.is_err();
        let neighbour = platform.submit(TrafficClass::Marketing, "of somebody else");
        let (again, neighbour) = tokio::join!(platform.submit_with_key("first"), neighbour);
        neighbour.expect("another client's message is taken whatever this one does");
        assert!(left || again.is_ok());
    }
    let again = loop {
        match platform.submit_with_key("first").await {
            Err(refusal) if refusal.code == ErrorCode::IdempotencyInProgress => tokio::task::yield_now().await,
            other => break other.expect("the first answer"),
        }
    };
    assert!(again.replayed);
    assert_eq!(platform.balance().held_micros, 21 * PRICE);
    platform.assert_ledger().await;
}

#[tokio::test]
async fn a_test_key_reaches_test_numbers_only() {
    let (_operator, platform) = Platform::with_one_operator().await;
    let refusal = platform.submit_test_to("447700900123").await.expect_err("not a test number");
    assert_eq!(refusal.code, ErrorCode::InvalidDestination);
    platform.submit_test_to(platform::DESTINATION).await.expect("a test number");
}

#[tokio::test]
async fn a_suspended_account_is_unbound() {
    let (_operator, platform) = Platform::with_one_operator().await;
    let (_session, mut events) = platform.bind("esme").await;
    platform.suspend_smpp_account().await;
    let closed = tokio::time::timeout(std::time::Duration::from_secs(10), events.recv()).await;
    let closed = closed.expect("the end of the session in time");
    assert!(matches!(closed, Some(sambac_smpp::Event::Closed { .. })), "{closed:?}");
}

#[tokio::test]
async fn a_small_working_set_loses_no_receipt() {
    let (operator, platform) = Platform::with_working_set(2).await;
    let mut ids = Vec::new();
    let mut sent = Vec::new();
    for no in 0..30 {
        ids.push(
            platform.submit(TrafficClass::Transactional, &format!("number {no}")).await.expect("taken").message_id,
        );
        let submit = operator.next_submit().await;
        operator.accept(&submit, &format!("E{no}")).await;
        sent.push(submit);
    }
    for (no, submit) in sent.iter().enumerate() {
        operator.receipt(submit, &format!("E{no}"), "DELIVRD").await;
    }
    for id in ids {
        assert_eq!(platform.until_final(id).await.row.state, MessageState::Delivered);
    }
    assert_eq!(platform.engine.store().orphans_since(Default::default(), 0, 10).await.expect("a read"), []);
    platform.assert_ledger().await;
}

#[tokio::test]
async fn many_messages_that_expire_before_a_start_are_given_back_once() {
    let (operator, platform) = Platform::with_one_operator().await;
    operator.drop_link().await;
    let before = platform.balance();
    let platform = platform.restart_after_backlog(60).await;
    platform.until_balance(before).await;
    assert!(operator.nothing_more().await, "nothing is sent past its validity");
    assert!(platform.engine.metrics_text().contains("sambac_invariants_broken_total 0"));
    platform.assert_ledger().await;
}

#[tokio::test]
async fn what_fails_over_to_a_connector_that_is_away_waits_in_the_table() {
    let (operator, platform) = Platform::with_the_second_operator_away(2).await;
    let mut ids = Vec::new();
    for no in 0..20 {
        ids.push(
            platform.submit(TrafficClass::Transactional, &format!("number {no}")).await.expect("taken").message_id,
        );
        let sent = operator.next_submit().await;
        operator.refuse(&sent, CommandStatus::RSUBMITFAIL).await;
        platform.until_event(ids[no], "failed_over").await;
    }
    let queued: usize = platform.engine.health().queued.iter().sum();
    assert!(queued <= 3, "{queued} tasks in memory");
    let waiting = platform.engine.store().outbox_targets().await.expect("a read");
    assert_eq!(waiting.len(), 1, "all of them are the second connector's now: {waiting:?}");
    platform.assert_ledger().await;
}

/// A message that we gave up for lack of a receipt is delivered after all when its receipt comes days later; its money stays.
#[tokio::test]
async fn regression_a2_11_a_receipt_of_72_hours_later_is_believed() {
    const HOUR: i64 = 3_600_000_000;
    let (operator, platform, clock) = Platform::with_clock().await;
    let submitted = platform.submit(TrafficClass::Transactional, "hello").await.expect("taken");
    let sent = operator.next_submit().await;
    operator.accept(&sent, "77").await;
    // Until the answer is stored, its receipt would find nothing.
    while platform.engine.store().segments_awaiting_receipts(9).await.expect("a read").is_empty() {
        tokio::task::yield_now().await;
    }
    let validity = submitted.expires_at.0 - submitted.accepted_at.0;
    clock.advance_micros(validity + 2 * HOUR);
    assert_eq!(platform.until_final(submitted.message_id).await.row.state, MessageState::Expired);
    clock.advance_micros(69 * HOUR);
    operator.receipt(&sent, "77", "DELIVRD").await;
    platform.until_events(submitted.message_id, "receipt_corrected", 1).await;
    assert_eq!(platform.until_final(submitted.message_id).await.row.state, MessageState::Delivered);
    platform.assert_ledger().await;
}

/// A message of two segments that we gave up stays expired when the receipt of one of them comes late, and its client is told once.
#[tokio::test]
async fn an_end_that_stays_the_same_is_told_once() {
    const HOUR: i64 = 3_600_000_000;
    let (operator, platform, clock) = Platform::with_clock().await;
    let submitted = platform.submit(TrafficClass::Transactional, &"long ".repeat(40)).await.expect("taken");
    assert_eq!(submitted.segments, 2);
    let (first, second) = (operator.next_submit().await, operator.next_submit().await);
    operator.accept(&first, "81").await;
    operator.accept(&second, "82").await;
    while platform.engine.store().segments_awaiting_receipts(9).await.expect("a read").len() < 2 {
        tokio::task::yield_now().await;
    }
    let validity = submitted.expires_at.0 - submitted.accepted_at.0;
    clock.advance_micros(validity + 2 * HOUR);
    assert_eq!(platform.until_final(submitted.message_id).await.row.state, MessageState::Expired);
    operator.receipt(&first, "81", "DELIVRD").await;
    let view = platform.until_events(submitted.message_id, "receipt_corrected", 1).await;
    assert_eq!((view.row.state, view.segments[0].state), (MessageState::Expired, MessageState::Delivered));
    let events = platform.engine.store().account_events_after(platform::ACCOUNT, AccountEventId::from_raw(0), 9);
    let kinds: Vec<_> = events.await.expect("a read").into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, ["message.expired"]);
    platform.assert_ledger().await;
}

/// A password in doubt is recognised by the number of its receipt also by the next process.
#[tokio::test]
async fn a_doubt_outlives_the_process() {
    let (operator, platform) = Platform::with_one_operator().await;
    let submitted = platform.submit(TrafficClass::Otp, "445566").await.expect("taken");
    let lost = operator.next_submit().await;
    operator.drop_link().await;
    platform.until_event(submitted.message_id, "submit_unknown").await;
    let platform = platform.restarted(sambac_engine::clock::Clock::system()).await;
    operator.receipt(&lost, "ABC2", "DELIVRD").await;
    let view = platform.until_final(submitted.message_id).await;
    assert_eq!(view.row.state, MessageState::Delivered);
    assert_eq!(view.charges[0].state, ChargeState::Captured);
    assert!(operator.nothing_more().await, "a password in doubt is not sent again");
    platform.assert_ledger().await;
}
