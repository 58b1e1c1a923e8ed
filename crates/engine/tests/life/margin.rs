//! What a message costs us: frozen when it is taken, told at its end; and operators that leave too little of the price.

use sambac_domain::class::TrafficClass;
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{CostBookId, OperatorId, RateId, SheetId};
use sambac_domain::rating::{ChargePolicy, RateScope};
use sambac_domain::state::MessageState;
use sambac_domain::time::Timestamp;
use sambac_smpp::CommandStatus;
use sambac_store::rows::{AccountRow, CostBookRow, RateRow, RouteRow, SheetRow};
use sambac_testkit::scenario::Database;

use crate::PRICE;
use crate::platform::Platform;

/// A line of an operator's cost book.
struct Line {
    operator: i64,
    version: i64,
    from: Timestamp,
    micros: i64,
    currency: &'static str,
    policy: ChargePolicy,
}

impl Line {
    /// Of an operator's first sheet, in euro, when delivered.
    fn of(operator: i64, micros: i64) -> Self {
        let (from, policy) = (Timestamp::EPOCH, ChargePolicy::Delivered);
        Self { operator, version: 1, from, micros, currency: "EUR", policy }
    }

    fn rate_id(&self) -> RateId {
        RateId::from_raw(1_000 + self.operator * 10 + self.version)
    }

    /// From now on this is what the operator is paid.
    async fn counts(&self, platform: &Platform) {
        let book = CostBookRow {
            id: CostBookId::from_raw(1_000 + self.operator),
            operator_id: OperatorId::from_raw(self.operator),
            currency: self.currency.parse().expect("a currency"),
            created_at: self.from,
        };
        let sheet = SheetRow {
            id: SheetId::from_raw(self.rate_id().raw()),
            book_id: book.id.into(),
            version: 0,
            effective_from: self.from,
            effective_to: None,
            rate_count: 1,
            source: "test".into(),
            note: String::new(),
            created_by: "test".into(),
            created_at: self.from,
            withdrawn_at: None,
        };
        let rate = RateRow {
            id: self.rate_id(),
            sheet_id: sheet.id,
            scope: RateScope::Default,
            sender_form: None,
            class: None,
            price_micros: self.micros,
            charge_policy: self.policy,
        };
        let mut work = platform.engine.store().begin().await.expect("a unit of work");
        work.upsert_cost_book(&book).await.expect("a cost book");
        work.add_sheet(&sheet, &[rate]).await.expect("a sheet");
        work.commit().await.expect("a commit");
        platform.engine.reload().await;
    }
}

async fn bound_route(platform: &Platform, floor: &str) {
    let store = platform.engine.store();
    for row in store.load_configuration().await.expect("a read").routes {
        store.upsert_route(&RouteRow { margin_floor: floor.into(), ..row }).await.expect("a change");
    }
    platform.engine.reload().await;
}

async fn change_account(platform: &Platform, change: impl Fn(AccountRow) -> AccountRow) {
    let store = platform.engine.store();
    for row in store.load_configuration().await.expect("a read").accounts {
        store.upsert_account(&change(row)).await.expect("a change");
    }
    platform.engine.reload().await;
}

/// Rate and cost in the message's only CDR.
async fn told(platform: &Platform, message: i64) -> (i64, i64) {
    let mut database = Database::open(&platform.database_file()).await.expect("a database");
    let sql = format!("SELECT cost_rate_id, cost_micros FROM cdr_sms WHERE id = {}", message + 1);
    database.rows::<(i64, i64)>(&sql).await.expect("a read")[0]
}

/// A cost sheet that comes later changes nothing of what was taken before; an operator that is paid for what is delivered is paid
/// nothing for the rest.
#[tokio::test]
async fn what_a_message_costs_is_frozen_when_it_is_taken_and_told_at_its_end() {
    let (operator, platform, clock) = Platform::with_clock().await;
    let before = Line::of(1, 4_000);
    before.counts(&platform).await;
    let first = platform.submit(TrafficClass::Otp, "1234").await.expect("taken").message_id;
    let sent = operator.next_submit().await;
    operator.accept(&sent, "1").await;
    let view = platform.until_submitted(first).await;
    let cost = view.row.cost().expect("it is known");
    assert_eq!((cost.rate_id, cost.micros, cost.operator_id), (before.rate_id(), 4_000, OperatorId::from_raw(1)));

    clock.advance_micros(1_000);
    let after = Line { version: 2, from: clock.now(), ..Line::of(1, 9_000) };
    after.counts(&platform).await;
    operator.receipt(&sent, "1", "DELIVRD").await;
    platform.until_final(first).await;
    assert_eq!(told(&platform, first.raw()).await, (before.rate_id().raw(), 4_000));

    let second = platform.submit(TrafficClass::Otp, "1234").await.expect("taken").message_id;
    let sent = operator.next_submit().await;
    operator.accept(&sent, "2").await;
    operator.receipt(&sent, "2", "UNDELIV").await;
    let view = platform.until_final(second).await;
    assert_eq!(view.row.cost().expect("it is known").micros, 9_000);
    assert_eq!(told(&platform, second.raw()).await, (after.rate_id().raw(), 0));
}

/// An operator that is paid for what it takes is paid for what it does not deliver.
#[tokio::test]
async fn what_is_paid_when_taken_is_paid_however_it_ends() {
    let (operator, platform) = Platform::with_one_operator().await;
    let line = Line { policy: ChargePolicy::Accepted, ..Line::of(1, 4_000) };
    line.counts(&platform).await;
    for (stat, id) in [("UNDELIV", "1"), ("EXPIRED", "2")] {
        let message = platform.submit(TrafficClass::Otp, "1234").await.expect("taken").message_id;
        let sent = operator.next_submit().await;
        operator.accept(&sent, id).await;
        operator.receipt(&sent, id, stat).await;
        platform.until_final(message).await;
        assert_eq!(told(&platform, message.raw()).await, (line.rate_id().raw(), 4_000), "{stat}");
    }
    let refused = platform.submit(TrafficClass::Otp, "1234").await.expect("taken").message_id;
    let sent = operator.next_submit().await;
    operator.refuse(&sent, CommandStatus::RINVDSTADR).await;
    platform.until_final(refused).await;
    assert_eq!(told(&platform, refused.raw()).await, (line.rate_id().raw(), 0), "it was not taken");
}

/// The dearer operator comes first in the route, and is used for as long as nobody bounds the margin.
#[tokio::test]
async fn an_operator_that_leaves_too_little_is_passed_over() {
    let (first, second, platform) = Platform::with_two_operators().await;
    Line::of(1, PRICE - 1_999).counts(&platform).await;
    Line::of(2, PRICE - 2_000).counts(&platform).await;
    platform.submit(TrafficClass::Otp, "1").await.expect("taken");
    assert_eq!(first.next_submit().await.text, b"1");
    bound_route(&platform, "0.002").await;
    let message = platform.submit(TrafficClass::Otp, "2").await.expect("taken").message_id;
    let sent = second.next_submit().await;
    assert_eq!(sent.text, b"2");
    second.accept(&sent, "2").await;
    let cost = platform.until_submitted(message).await.row.cost().expect("it is known");
    assert_eq!((cost.operator_id, cost.micros), (OperatorId::from_raw(2), PRICE - 2_000));

    bound_route(&platform, "0.002001").await;
    let before = platform.balance();
    let refused = platform.submit(TrafficClass::Otp, "3").await.expect_err("nobody is left");
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::MarginTooLow, Some("/to")));
    assert_eq!(platform.balance(), before, "nothing is held");
    // What the account says goes before what the route says.
    change_account(&platform, |row| AccountRow { margin_floor: "off".into(), ..row }).await;
    platform.submit(TrafficClass::Otp, "4").await.expect("taken");
    assert_eq!(first.next_submit().await.text, b"4");
}

/// Fail-over is bound as well: better no message than one at a loss.
#[tokio::test]
async fn no_message_fails_over_to_an_operator_that_leaves_too_little() {
    let (first, second, platform) = Platform::with_two_operators().await;
    bound_route(&platform, "0").await;
    Line::of(1, PRICE).counts(&platform).await;
    Line::of(2, PRICE + 1).counts(&platform).await;
    let message = platform.submit(TrafficClass::Transactional, "hello").await.expect("taken").message_id;
    let sent = first.next_submit().await;
    // It counts what an operator costs as of when the message was taken, and what the bound is now.
    first.refuse(&sent, CommandStatus::RSUBMITFAIL).await;
    let view = platform.until_final(message).await;
    assert_eq!(view.row.state, MessageState::Failed);
    assert!(second.nothing_more().await);
    platform.assert_ledger().await;
}

/// Where the margin is bound, a cost that nobody knows, or only in another currency, passes no bound.
#[tokio::test]
async fn a_margin_that_nobody_knows_is_below_every_bound() {
    let (first, second, platform) = Platform::with_two_operators().await;
    bound_route(&platform, "-1").await;
    let refused = platform.submit(TrafficClass::Otp, "1").await.expect_err("no cost is known");
    assert_eq!(refused.code, ErrorCode::MarginTooLow);
    Line { currency: "USD", ..Line::of(1, 1) }.counts(&platform).await;
    Line::of(2, PRICE + 1_000_000).counts(&platform).await;
    platform.submit(TrafficClass::Otp, "2").await.expect("taken");
    assert_eq!(second.next_submit().await.text, b"2");
    assert!(first.nothing_more().await);
}

/// All segments together may cost so much, and not a micro more.
#[tokio::test]
async fn a_message_may_cost_no_more_than_its_account_says() {
    let (operator, platform) = Platform::with_one_operator().await;
    change_account(&platform, |row| AccountRow { message_price_micros_max: Some(2 * PRICE), ..row }).await;
    let long = "x".repeat(160 + 1);
    platform.submit(TrafficClass::Otp, &long).await.expect("two segments are taken");
    operator.next_submit().await;
    let refused = platform.submit(TrafficClass::Otp, &"x".repeat(2 * 153 + 1)).await.expect_err("three are not");
    assert_eq!(refused.code, ErrorCode::PriceAboveMaximum);
}

/// Who runs the platform is told what each connector of the route would cost, also those that are passed over.
#[tokio::test]
async fn a_quote_tells_costs_and_margins_of_the_whole_route() {
    let (_first, _second, platform) = Platform::with_two_operators().await;
    Line::of(1, PRICE + 500).counts(&platform).await;
    Line { currency: "USD", ..Line::of(2, 7) }.counts(&platform).await;
    let quote = platform.quote(&"x".repeat(161)).expect("it has a price");
    let costs: Vec<_> = quote.costs.iter().map(|cost| (cost.cost.micros, cost.margin_micros)).collect();
    assert_eq!(costs, [(2 * (PRICE + 500), Some(-1_000)), (14, None)]);
    bound_route(&platform, "-1").await;
    assert_eq!(platform.quote("x").expect("one leaves enough").costs.len(), 2);
    bound_route(&platform, "0").await;
    assert_eq!(platform.quote("x").expect_err("none does").code, ErrorCode::MarginTooLow);
}
