//! Limits of what an account may spend, and what happens when its money runs out.

use std::time::Duration;

use sambac_domain::class::TrafficClass;
use sambac_domain::error::ErrorCode;
use sambac_domain::spending::{Cap, Caps, SpendingLimits};
use sambac_domain::state::MessageState;
use sambac_engine::alert::AlertKind;
use sambac_engine::clock::Clock;
use sambac_engine::payment::{NewPayment, Play};
use sambac_smpp::CommandStatus;
use sambac_store::rows::{AccessState, AccountRow, DebtRow};

use crate::PRICE;
use crate::platform::{ACCOUNT, Platform};

const DAY_MICROS: i64 = 86_400_000_000;
const HOUR_MICROS: i64 = 3_600_000_000;

/// The account gets these limits, and such a credit limit.
async fn limit(platform: &Platform, limits: SpendingLimits, credit_limit_micros: i64) {
    let store = platform.engine.store();
    for row in store.load_configuration().await.expect("a read").accounts {
        let limited = AccountRow { limits: limits.to_json(), credit_limit_micros, ..row };
        store.upsert_account(&limited).await.expect("a change");
    }
    platform.engine.reload().await;
}

fn daily(messages: Option<i64>, micros: Option<i64>) -> SpendingLimits {
    let all = Caps { daily: Cap { messages, micros }, ..Caps::default() };
    SpendingLimits { all, ..SpendingLimits::default() }
}

async fn refused(platform: &Platform) -> (ErrorCode, String) {
    let before = platform.balance();
    let refusal = platform.submit(TrafficClass::Otp, "one too many").await.expect_err("the limit is reached");
    assert_eq!(platform.balance(), before, "nothing is held");
    (refusal.code, refusal.to_string())
}

/// Midnight has passed.
fn until_tomorrow(clock: &Clock) {
    clock.advance_micros(DAY_MICROS - clock.now().0.rem_euclid(DAY_MICROS));
}

/// A day's messages are as many as the limit says, and the next day has as many again.
#[tokio::test]
async fn a_day_has_its_messages_and_no_more() {
    let (_operator, platform, clock) = Platform::with_clock().await;
    until_tomorrow(&clock);
    limit(&platform, daily(Some(2), None), 0).await;
    for text in ["1", "2"] {
        platform.submit(TrafficClass::Otp, text).await.expect("taken");
    }
    let (code, why) = refused(&platform).await;
    assert_eq!(code, ErrorCode::SpendingLimitReached);
    assert!(why.contains("messages of a day"), "{why}");
    until_tomorrow(&clock);
    platform.submit(TrafficClass::Otp, "3").await.expect("it is another day");
}

/// Sixty-four clients at once against a limit of twenty: twenty are taken, on either database.
async fn exactly_as_many(platform: Platform) {
    limit(&platform, daily(Some(20), None), 0).await;
    let submits = (0..64).map(|number| {
        let engine = platform.engine.clone();
        let request = crate::platform::request(TrafficClass::Otp, &number.to_string());
        tokio::spawn(async move { engine.submit(request).await })
    });
    let mut taken = 0;
    for submit in submits.collect::<Vec<_>>() {
        match submit.await.expect("no panic") {
            Ok(_) => taken += 1,
            Err(refusal) => assert_eq!(refusal.code, ErrorCode::SpendingLimitReached),
        }
    }
    assert_eq!(taken, 20);
    let spent = platform.engine.store().spending_since(0).await.expect("a read");
    let sums = spent.iter().fold((0, 0), |sum, row| (sum.0 + row.messages, sum.1 + row.micros));
    assert_eq!(sums, (20, 20 * PRICE));
    assert!(spent.len() <= 2, "a row for each day and country, not for each message: {spent:?}");
}

#[tokio::test]
async fn of_many_clients_at_once_as_many_are_served_as_the_limit_says() {
    exactly_as_many(Platform::with_one_operator().await.1).await;
}

#[tokio::test]
async fn of_many_clients_at_once_as_many_are_served_as_the_limit_says_on_postgresql() {
    exactly_as_many(Platform::on_postgres().await.1).await;
}

/// What was spent before a restart counts after it.
#[tokio::test]
async fn a_restart_gives_nobody_a_new_day() {
    let (_operator, platform, clock) = Platform::with_clock().await;
    until_tomorrow(&clock);
    limit(&platform, daily(Some(2), None), 0).await;
    platform.submit(TrafficClass::Otp, "1").await.expect("taken");
    let platform = platform.restarted(clock).await;
    platform.submit(TrafficClass::Otp, "2").await.expect("taken");
    assert_eq!(refused(&platform).await.0, ErrorCode::SpendingLimitReached);
}

/// What a refused message cost is given back, and may be spent again.
#[tokio::test]
async fn what_is_given_back_may_be_spent_again() {
    let (operator, platform) = Platform::with_one_operator().await;
    limit(&platform, daily(None, Some(PRICE)), 0).await;
    let first = platform.submit(TrafficClass::Otp, "1").await.expect("taken").message_id;
    assert_eq!(refused(&platform).await.0, ErrorCode::SpendingLimitReached);
    let sent = operator.next_submit().await;
    operator.refuse(&sent, CommandStatus::RINVDSTADR).await;
    assert_eq!(platform.until_final(first).await.row.state, MessageState::Rejected);
    platform.submit(TrafficClass::Otp, "2").await.expect("there is money again");
}

/// One country may have less than all together.
#[tokio::test]
async fn a_country_has_a_limit_of_its_own() {
    let (_operator, platform) = Platform::with_one_operator().await;
    let one = Caps { daily: Cap { messages: Some(1), micros: None }, ..Caps::default() };
    let of = |code: &str| {
        let countries = [(code.parse().expect("a country"), one)].into();
        SpendingLimits { countries, ..SpendingLimits::default() }
    };
    limit(&platform, of("GB"), 0).await;
    platform.submit(TrafficClass::Otp, "1").await.expect("another country");
    platform.submit(TrafficClass::Otp, "2").await.expect("another country");
    limit(&platform, of("ZZ"), 0).await;
    let (code, why) = refused(&platform).await;
    assert_eq!(code, ErrorCode::SpendingLimitReached, "what was spent before there was a limit counts");
    assert!(why.contains("for ZZ"), "{why}");
}

fn is_open(platform: &Platform, kind: AlertKind) -> bool {
    platform.engine.alerts().iter().any(|alert| alert.kind == kind && alert.is_open())
}

/// Pays so much, and waits until it is there.
async fn pay(platform: &Platform, clock: &Clock, micros: i64) {
    let wanted = platform.balance().available_micros + micros;
    let play = Some(Play::Success);
    let new = NewPayment { account: ACCOUNT, amount_micros: micros, currency: None, play, idempotency: None };
    platform.engine.open_payment(new).await.expect("a payment");
    let poll = async {
        while platform.balance().available_micros != wanted {
            clock.advance_micros(60_000_000);
            platform.engine.look_at_payments().await.expect("a database");
        }
    };
    tokio::time::timeout(Duration::from_secs(20), poll).await.expect("the money in time");
}

#[tokio::test]
async fn a_wallet_that_runs_low_is_told_until_it_does_not() {
    let (_operator, platform, clock) = Platform::with_payments().await;
    limit(&platform, SpendingLimits { low_balance_micros: Some(PRICE), ..SpendingLimits::default() }, 0).await;
    platform.engine.look_at_wallets().await.expect("a database");
    assert!(!is_open(&platform, AlertKind::LowBalance));
    platform.spend_all().await;
    platform.engine.look_at_wallets().await.expect("a database");
    assert!(is_open(&platform, AlertKind::LowBalance));
    pay(&platform, &clock, 4 * PRICE).await;
    platform.engine.look_at_wallets().await.expect("a database");
    assert!(!is_open(&platform, AlertKind::LowBalance));
}

fn state(platform: &Platform) -> bool {
    platform.engine.snapshot().account(ACCOUNT).expect("an account").active
}

/// Who owes for longer than agreed is suspended, once, and is active again when the debt is paid; a person who lifts it is obeyed.
#[tokio::test]
async fn who_owes_for_too_long_is_suspended_until_it_is_paid() {
    let (_operator, platform, clock) = Platform::with_payments().await;
    limit(&platform, SpendingLimits { suspend_after_h: Some(2), ..SpendingLimits::default() }, 10 * PRICE).await;
    platform.spend_all().await;
    platform.submit(TrafficClass::Otp, "on credit").await.expect("taken");
    platform.engine.look_at_wallets().await.expect("a database");
    clock.advance_micros(2 * HOUR_MICROS - 1);
    platform.engine.look_at_wallets().await.expect("a database");
    assert!(state(&platform), "its time is not over");
    clock.advance_micros(1);
    platform.engine.look_at_wallets().await.expect("a database");
    assert!(!state(&platform));
    let refusal = platform.submit(TrafficClass::Otp, "no").await.expect_err("it is suspended");
    assert_eq!(refusal.code, ErrorCode::AccountSuspended);
    assert!(is_open(&platform, AlertKind::AccountSuspended));
    let store = platform.engine.store();
    for row in store.load_configuration().await.expect("a read").accounts {
        store.upsert_account(&AccountRow { state: AccessState::Active, ..row }).await.expect("a change");
    }
    platform.engine.reload().await;
    platform.engine.look_at_wallets().await.expect("a database");
    assert!(state(&platform), "a person has the last word");
    pay(&platform, &clock, 4 * PRICE).await;
    platform.engine.look_at_wallets().await.expect("a database");
    assert!(!is_open(&platform, AlertKind::AccountSuspended));
    assert_eq!(store.debts().await.expect("a read"), []);
}

#[tokio::test]
async fn a_payment_lifts_the_suspension() {
    let (_operator, platform, clock) = Platform::with_payments().await;
    limit(&platform, SpendingLimits { suspend_after_h: Some(1), ..SpendingLimits::default() }, 10 * PRICE).await;
    platform.spend_all().await;
    platform.submit(TrafficClass::Otp, "on credit").await.expect("taken");
    platform.engine.look_at_wallets().await.expect("a database");
    clock.advance_micros(HOUR_MICROS);
    platform.engine.look_at_wallets().await.expect("a database");
    assert!(!state(&platform));
    pay(&platform, &clock, 4 * PRICE).await;
    platform.engine.look_at_wallets().await.expect("a database");
    assert!(state(&platform));
    platform.submit(TrafficClass::Otp, "again").await.expect("taken");
}

/// The process ended after it had decided to suspend: before the account was suspended, or before that was noted. Either way it is
/// suspended after the next start, and a payment lifts it.
#[tokio::test]
async fn a_suspension_that_was_cut_off_is_carried_out_and_lifted_by_a_payment() {
    for was_suspended in [false, true] {
        let (_operator, platform, clock) = Platform::with_payments().await;
        let store = platform.engine.store();
        limit(&platform, SpendingLimits::default(), 10 * PRICE).await;
        platform.engine.look_at_wallets().await.expect("a database");
        platform.spend_all().await;
        platform.submit(TrafficClass::Otp, "on credit").await.expect("taken");
        if was_suspended {
            for row in store.load_configuration().await.expect("a read").accounts {
                store.upsert_account(&AccountRow { state: AccessState::Suspended, ..row }).await.expect("a change");
            }
        }
        let now = clock.now();
        let cut_off = DebtRow { id: ACCOUNT, since: now, suspended_at: Some(now), is_applied: false };
        store.keep_debt(&cut_off).await.expect("a change");
        limit(&platform, SpendingLimits { suspend_after_h: Some(1), ..SpendingLimits::default() }, 10 * PRICE).await;
        platform.engine.look_at_wallets().await.expect("a database");
        assert!(!state(&platform), "it is suspended, {was_suspended}");
        assert!(store.debts().await.expect("a read")[0].is_applied);
        pay(&platform, &clock, 4 * PRICE).await;
        platform.engine.look_at_wallets().await.expect("a database");
        assert!(state(&platform), "a payment lifts it, {was_suspended}");
        assert_eq!(store.debts().await.expect("a read"), []);
    }
}

/// An account whose limit is taken away is not told of any more.
#[tokio::test]
async fn without_a_limit_nothing_is_low() {
    let (_operator, platform, _clock) = Platform::with_payments().await;
    limit(&platform, SpendingLimits { low_balance_micros: Some(i64::MAX), ..SpendingLimits::default() }, 0).await;
    platform.engine.look_at_wallets().await.expect("a database");
    assert!(is_open(&platform, AlertKind::LowBalance));
    limit(&platform, SpendingLimits::default(), 0).await;
    platform.engine.look_at_wallets().await.expect("a database");
    assert!(!is_open(&platform, AlertKind::LowBalance));
}
