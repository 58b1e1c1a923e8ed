//! Messages, charges, postings and CDRs of a real run agree; each way in which they can be made to differ is named, on both
//! databases, and stays until it is explained or mended.

use std::collections::BTreeMap;

use sambac_domain::class::TrafficClass;
use sambac_domain::{Day, MessageId, SegmentId};
use sambac_engine::alert::{Alert, AlertKind};
use sambac_engine::clock::Clock;
use sambac_engine::reconcile::{self, BreakKind, Days, Report};
use sambac_store::Store;
use sambac_store::rows::BreakState;
use sambac_testkit::sql;

use crate::PRICE;
use crate::operator::Operator;
use crate::platform::Platform;

/// Statements that spoil the message `{m}`, whose only segment is `{s}`; and the kinds that they make, of one segment each.
const PLANTS: [(&str, &[BreakKind]); 15] = [
    ("DELETE FROM messages WHERE id = {m}", &[BreakKind::NoMessage]),
    ("UPDATE messages SET segment_count = 2 WHERE id = {m}", &[BreakKind::SegmentCount]),
    ("DELETE FROM charges WHERE id = {s}", &[BreakKind::NoCharge]),
    ("DELETE FROM cdr_sms WHERE id = {s}", &[BreakKind::NoCdr]),
    ("UPDATE messages SET final_at = NULL WHERE id = {m}", &[BreakKind::EarlyCdr]),
    ("UPDATE cdr_sms SET account_id = 25600 WHERE id = {s}", &[BreakKind::Account]),
    ("UPDATE charges SET amount_micros = 5, captured_micros = 5 WHERE id = {s}", &[BreakKind::ChargePrice]),
    ("UPDATE cdr_sms SET price_micros = 5 WHERE id = {s}", &[BreakKind::CdrPrice]),
    (
        "UPDATE charges SET state = 0, captured_micros = 0, settle_posting_id = NULL WHERE id = {s}",
        &[BreakKind::StillHeld, BreakKind::CdrCharge],
    ),
    (
        "UPDATE charges SET state = 2, captured_micros = 0 WHERE id = {s}; UPDATE cdr_sms SET charge_state = 2 WHERE id = {s}",
        &[BreakKind::ChargeEnd, BreakKind::Posting],
    ),
    ("UPDATE charges SET captured_micros = 5 WHERE id = {s}", &[BreakKind::Captured]),
    ("UPDATE cdr_sms SET charge_state = 2 WHERE id = {s}", &[BreakKind::CdrCharge]),
    ("UPDATE segments SET state = 7 WHERE id = {s}", &[BreakKind::State]),
    ("UPDATE charges SET hold_posting_id = 7 WHERE id = {s}", &[BreakKind::Posting]),
    (
        "UPDATE messages SET cost_operator_id = (SELECT operator_id FROM cdr_sms WHERE id = {s}), cost_rate_id = 1, \
         cost_micros = 9000, cost_currency = 'EUR', cost_policy = 2 WHERE id = {m}",
        &[BreakKind::Cost],
    ),
];

#[tokio::test]
async fn each_difference_is_named_and_a_clean_run_has_none() {
    let (operator, platform) = Platform::with_one_operator().await;
    let url = format!("sqlite://{}", platform.database_file().display());
    each_is_named(&operator, &platform, &url).await;
}

#[tokio::test]
async fn each_difference_is_named_and_a_clean_run_has_none_on_postgresql() {
    let (operator, platform) = Platform::on_postgres().await;
    let url = platform.database_url();
    each_is_named(&operator, &platform, &url).await;
}

async fn each_is_named(operator: &Operator, platform: &Platform, url: &str) {
    let mut messages = Vec::new();
    for number in 0..PLANTS.len() {
        messages.push(delivered(operator, platform, &format!("7F00{number:02}")).await);
    }
    let store = platform.engine.store();
    let today = Day::of(Clock::system().now());
    let days = Days::new(today.plus(-1), today).expect("days");
    let clean = reconcile::run(store, days, Clock::system().now()).await.expect("a run");
    assert_eq!(clean.breaks, [], "what a run leaves agrees");
    let count = i64::try_from(PLANTS.len()).expect("few");
    assert_eq!(sums(&clean), [count, count, count, count, count, count * PRICE, count * PRICE, count * PRICE]);

    for ((statements, _), message) in PLANTS.iter().zip(&messages) {
        let segment = SegmentId::new(*message, 1).raw().to_string();
        let statements = statements.replace("{m}", &message.raw().to_string()).replace("{s}", &segment);
        sql::run(url, &statements).await.expect("a change");
    }
    let found = reconcile::run(store, days, Clock::system().now()).await.expect("a run");
    let mut expected: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for ((_, kinds), message) in PLANTS.iter().zip(&messages) {
        for kind in *kinds {
            let is_of_message = *kind == BreakKind::SegmentCount;
            let example = if is_of_message { message.to_string() } else { SegmentId::new(*message, 1).to_string() };
            expected.entry(kind.as_str()).or_default().push(example);
        }
    }
    let mut told: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for row in &found.breaks {
        told.entry(row.kind.as_str()).or_default().extend(row.examples.clone());
    }
    let uneven = told.remove(BreakKind::PostingSum.as_str()).expect("the postings of four charges");
    assert!(uneven.iter().all(|example| example.starts_with("pst_")), "{uneven:?}");
    assert_eq!(told, expected);
    let all: Vec<_> = BreakKind::ALL.iter().filter(|kind| !expected.contains_key(kind.as_str())).collect();
    assert_eq!(all, [&BreakKind::PostingSum], "every kind is planted");
    let price = found.breaks.iter().find(|row| row.kind == "charge_price").expect("found");
    assert_eq!((price.expected_micros, price.found_micros, price.expected_count), (PRICE, 5, 1));
    stays_until_explained_or_mended(store, url, days, &found).await;
}

/// An explained break stays so while its figures do; one that is mended is gone, and one that comes back is open.
async fn stays_until_explained_or_mended(store: &Store, url: &str, days: Days, found: &Report) {
    let id = |kind: &str| found.breaks.iter().find(|row| row.kind == kind).expect("found").id.clone();
    let (explained, mended) = (id("no_cdr"), id("cdr_price"));
    let again = async || {
        reconcile::run(store, days, Clock::system().now()).await.expect("a run");
    };
    let state = async |id: &str| store.break_by_id(id).await.expect("a read").expect("a break").state;
    store.explain_break(&explained, ("a test", "a person", Clock::system().now())).await.expect("a change");
    sql::run(url, &format!("UPDATE cdr_sms SET price_micros = {PRICE}")).await.expect("a change");
    again().await;
    assert_eq!((state(&explained).await, state(&mended).await), (BreakState::Explained, BreakState::Gone));
    sql::run(url, "UPDATE cdr_sms SET price_micros = 6; DELETE FROM cdr_sms WHERE charge_state = 2")
        .await
        .expect("a change");
    again().await;
    assert_eq!((state(&explained).await, state(&mended).await), (BreakState::Open, BreakState::Open));
}

async fn delivered(operator: &Operator, platform: &Platform, smsc_message_id: &str) -> MessageId {
    let submitted = platform.submit(TrafficClass::Otp, "text").await.expect("taken");
    let sent = operator.next_submit().await;
    operator.accept(&sent, smsc_message_id).await;
    operator.receipt(&sent, smsc_message_id, "DELIVRD").await;
    platform.until_final(submitted.message_id).await.row.id
}

/// Messages, segments, charges, holds in the ledger, CDRs; then what was captured by charges, by postings, and what CDRs say.
fn sums(report: &Report) -> [i64; 8] {
    let sum = |of: fn(&reconcile::Counted) -> i64| report.lines.iter().map(|line| of(&line.counted)).sum();
    [
        sum(|counted| counted.messages),
        sum(|counted| counted.segments),
        sum(|counted| counted.charges),
        sum(|counted| counted.postings),
        sum(|counted| counted.cdrs),
        sum(|counted| counted.captured_micros),
        sum(|counted| counted.ledger_captured_micros),
        sum(|counted| counted.cdr_micros),
    ]
}

/// The night after, the platform compares by itself, once; an alert is open until somebody has explained what differs.
#[tokio::test]
async fn yesterday_is_compared_at_night_once_and_an_alert_tells_of_it() {
    let (operator, platform, clock) = Platform::with_clock().await;
    let message = delivered(&operator, &platform, "7F00").await;
    let url = format!("sqlite://{}", platform.database_file().display());
    sql::run(&url, &format!("DELETE FROM cdr_sms WHERE id = {}", SegmentId::new(message, 1).raw()))
        .await
        .expect("a change");
    let is_open = |alert: &Alert| alert.kind == AlertKind::ReconcileBreak && alert.is_open();
    let open_alerts = || platform.engine.alerts().iter().filter(|alert| is_open(alert)).count();
    clock.advance_micros(27 * 3_600 * 1_000_000);
    platform.engine.look_at_reconciliation().await.expect("a run");
    let open = platform.engine.breaks(Some(BreakState::Open), "", 10).await.expect("a read");
    assert_eq!(open.iter().map(|row| row.kind.as_str()).collect::<Vec<_>>(), ["no_cdr"]);
    assert_eq!(open_alerts(), 1);

    clock.advance_micros(60 * 1_000_000);
    platform.engine.look_at_reconciliation().await.expect("a look");
    let again = platform.engine.breaks(None, "", 10).await.expect("a read");
    assert_eq!(again[0].last_at, open[0].last_at, "the day was not compared twice");
    platform.engine.explain_break(&open[0].id, "a test has removed it", "a person").await.expect("a change");
    assert_eq!(open_alerts(), 0);
}
