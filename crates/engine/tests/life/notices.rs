//! News for a client that never returns, by a clock that the test moves.

use sambac_domain::Lane;
use sambac_domain::id::{MessageId, TargetId};
use sambac_store::Store;
use sambac_testkit::postgres::TestDatabase;

use crate::operator::Operator;
use crate::platform::Platform;

const HOUR_MICROS: i64 = 3_600_000_000;
const COUNTED: &str = "sambac_notices_given_up_total{name=\"deliver_sm\"} 2";

/// What waits for the client ESME, over all lanes.
async fn waiting(platform: &Platform) -> i64 {
    let mut count = 0;
    for lane in Lane::ALL {
        count += platform.engine.store().outbox_count(TargetId(1), lane).await.expect("a read");
    }
    count
}

/// Has a message of the client delivered, whose receipt nobody fetches.
async fn delivered(operator: &Operator, platform: &Platform, smsc_message_id: &str) -> MessageId {
    let submitted = platform.submit_of_esme("code").await.expect("taken");
    let sent = operator.next_submit().await;
    operator.accept(&sent, smsc_message_id).await;
    operator.receipt(&sent, smsc_message_id, "DELIVRD").await;
    platform.until_final(submitted.message_id).await.row.id
}

/// A receipt is kept for as long as the account's profile says, and ten minutes; then it goes, with an event, once. A younger
/// one stays.
async fn a_receipt_that_nobody_fetches_goes_and_leaves_a_trace(database: Option<TestDatabase>) {
    let (operator, platform, clock) = Platform::with_busy_keeper(database).await;
    let old = delivered(&operator, &platform, "1").await;
    clock.advance_micros(2 * HOUR_MICROS);
    let young = delivered(&operator, &platform, "2").await;
    assert_eq!(waiting(&platform).await, 2);
    clock.advance_micros(71 * HOUR_MICROS);
    let told = platform.until_event(old, "receipt_given_up").await;
    assert_eq!((waiting(&platform).await, told.events.len()), (1, 1));
    clock.advance_micros(2 * HOUR_MICROS);
    platform.until_event(young, "receipt_given_up").await;
    assert_eq!(waiting(&platform).await, 0);
    assert!(platform.engine.metrics_text().contains(COUNTED), "{}", platform.engine.metrics_text());
}

#[tokio::test]
async fn a_receipt_that_nobody_fetches_goes_on_sqlite() {
    a_receipt_that_nobody_fetches_goes_and_leaves_a_trace(None).await;
}

#[tokio::test]
async fn a_receipt_that_nobody_fetches_goes_on_postgresql() {
    let migrate = async |url: String| Store::open(&url).await.expect("a database").migrate().await.expect("a schema");
    let database = sambac_testkit::postgres::database(migrate).await.expect("a PostgreSQL server");
    a_receipt_that_nobody_fetches_goes_and_leaves_a_trace(Some(database)).await;
}
