//! The janitor of payments by a clock that the test moves: asked in its time and not before, and expired when that is over.

use std::time::Duration;

use sambac_domain::payment::PaymentState;
use sambac_engine::clock::Clock;
use sambac_engine::payment::{NewPayment, Play};
use sambac_store::rows::PaymentIntentRow;

use crate::platform::{ACCOUNT, Platform};

async fn opened(platform: &Platform, play: Play) -> PaymentIntentRow {
    let new =
        NewPayment { account: ACCOUNT, amount_micros: 5_000_000, currency: None, play: Some(play), idempotency: None };
    platform.engine.open_payment(new).await.expect("a payment").row
}

/// The payment once it was asked about so often; the janitor itself may be quicker than the test.
async fn asked(platform: &Platform, row: &PaymentIntentRow, checks: u32) -> PaymentIntentRow {
    let poll = async {
        loop {
            platform.engine.look_at_payments().await.expect("a database");
            let now = platform.engine.payment(ACCOUNT, row.id).await.expect("a read").expect("a payment");
            if now.checks >= checks || now.state.is_final() {
                return now;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), poll).await.expect("it is asked in time")
}

fn pass(clock: &Clock, seconds: i64) {
    clock.advance_micros(seconds * 1_000_000);
}

/// Unknown, asked after 5 and 15 seconds more, then pending, and after a minute found to be paid: credited once.
#[tokio::test]
async fn an_unknown_payment_is_asked_about_by_the_schedule() {
    let (_operator, platform, clock) = Platform::with_payments().await;
    let before = platform.balance().available_micros;
    let row = opened(&platform, Play::TimeOut).await;
    assert_eq!((row.state, row.checks), (PaymentState::Unknown, 1));
    pass(&clock, 4);
    for _ in 0..3 {
        platform.engine.look_at_payments().await.expect("a database");
    }
    let early = platform.engine.payment(ACCOUNT, row.id).await.expect("a read").expect("a payment");
    assert_eq!(early.checks, 1, "it is not its time");
    pass(&clock, 1);
    let still = asked(&platform, &row, 2).await;
    assert_eq!((still.state, still.checks), (PaymentState::Unknown, 2));
    pass(&clock, 15);
    let made = asked(&platform, &row, 3).await;
    assert_eq!((made.state, made.checks), (PaymentState::Pending, 3));
    pass(&clock, 60);
    assert_eq!(asked(&platform, &row, 9).await.state, PaymentState::Succeeded);
    assert_eq!(platform.balance().available_micros, before + 5_000_000);
    pass(&clock, 86_400 * 30);
    platform.engine.look_at_payments().await.expect("a database");
    assert_eq!(platform.balance().available_micros, before + 5_000_000);
}

/// Nobody pays: asked about for a day, then it is called off and has expired.
#[tokio::test]
async fn a_payment_that_nobody_pays_expires() {
    let (_operator, platform, clock) = Platform::with_payments().await;
    let before = platform.balance().available_micros;
    let row = opened(&platform, Play::Never).await;
    assert_eq!(row.state, PaymentState::Pending);
    pass(&clock, 86_399);
    assert_eq!(asked(&platform, &row, 2).await.state, PaymentState::Pending);
    pass(&clock, 1);
    let over = asked(&platform, &row, 9).await;
    assert_eq!((over.state, over.next_check_at), (PaymentState::Expired, None));
    assert_eq!(platform.balance().available_micros, before);
}
