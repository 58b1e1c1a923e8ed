//! The engine on a database of its own, with an account, a tariff, a route and operators.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use sambac_domain::class::TrafficClass;
use sambac_domain::id::{
    AccountId, ApiKeyId, ConnectorId, MessageId, MoRouteId, OperatorId, PaymentId, PostingId, RateId, RouteId, SheetId,
    SmppAccountId, TariffId,
};
use sambac_domain::ledger::{Command, Order};
use sambac_domain::message::Origin;
use sambac_domain::mo::{MoMatch, MoStrategy, MoTarget};
use sambac_domain::money::Currency;
use sambac_domain::number::Msisdn;
use sambac_domain::rating::{ChargePolicy, RateScope};
use sambac_domain::routing::{RouteMatch, Strategy};
use sambac_domain::state::MessageState;
use sambac_domain::time::Timestamp;
use sambac_engine::clock::Clock;
use sambac_engine::payment::{PaymentSettings, ProviderSettings};
use sambac_engine::refusal::Refusal;
use sambac_engine::seal::Seal;
use sambac_engine::smsc::password;
use sambac_engine::submit::{Content, Idempotency, Quote, SubmitRequest, Submitted};
use sambac_engine::{Balance, Engine, Settings};
use sambac_smpp::{BindKind as EsmeBindKind, BindRequest, Events, Session, SessionConfig};
use sambac_store::rows::{
    AccessState, AccountRow, BalanceKind, BalanceRow, BindKind, ChargeState, ConnectorRow, MoRouteRow, MoRow,
    OperatorRow, PaymentRow, PostingKind, PostingRow, RateRow, RouteRow, SheetRow, SmppAccountRow, TariffRow,
};
use sambac_store::{MessageView, MoFilter, Sealed, Store};
use sambac_testkit::postgres::TestDatabase;
use secrecy::SecretString;
use tokio::net::{TcpListener, TcpStream};

use crate::PRICE;
use crate::operator::Operator;

pub(crate) const DESTINATION: &str = "999000000001";
pub(crate) const ACCOUNT: AccountId = AccountId::from_raw(1 << 8);
const OPENING_CREDIT: i64 = 1_000_000;

pub(crate) struct Platform {
    pub(crate) engine: Engine,
    folder: PathBuf,
    /// Held, so that it lives as long as the engine.
    database: Option<TestDatabase>,
}

impl Drop for Platform {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Platform {
    pub(crate) async fn with_one_operator() -> (Operator, Self) {
        let operator = Operator::start().await;
        let platform = Self::start(&[operator.port]).await;
        (operator, platform)
    }

    pub(crate) async fn with_two_operators() -> (Operator, Operator, Self) {
        let (first, second) = (Operator::start().await, Operator::start().await);
        let platform = Self::start(&[first.port, second.port]).await;
        (first, second, platform)
    }

    /// On PostgreSQL, with one operator.
    pub(crate) async fn on_postgres() -> (Operator, Self) {
        let operator = Operator::start().await;
        let migrate =
            async |url: String| Store::open(&url).await.expect("a database").migrate().await.expect("a schema");
        let database = sambac_testkit::postgres::database(migrate).await.expect("a PostgreSQL server");
        let mut platform = Self::start_on(&[operator.port], Some(database.url())).await;
        platform.database = Some(database);
        (operator, platform)
    }

    /// With one operator, a clock that the test moves, and a route that leads handsets' messages to the SMPP account.
    pub(crate) async fn with_handsets() -> (Operator, Self, Clock) {
        let operator = Operator::start().await;
        let (store, seal, folder) = prepared(&[operator.port], None).await;
        let clock = Clock::mock(Clock::system().now());
        let engine = Engine::start(Settings::new(seal), store, clock.clone()).await.expect("an engine");
        let platform = Self { engine, folder, database: None };
        platform.route_handsets().await;
        (operator, platform, clock)
    }

    /// From now on handsets' messages are for the SMPP account.
    pub(crate) async fn route_handsets(&self) {
        let store = self.engine.store();
        let account = smpp_account(AccessState::Active);
        store.upsert_smpp_account(&account).await.expect("an SMPP account");
        let route = MoRouteRow {
            id: MoRouteId::from_raw(1 << 8),
            account_id: ACCOUNT,
            name: "all".to_owned(),
            position: 1,
            matches: MoMatch::default(),
            strategy: MoStrategy::Failover,
            targets: vec![MoTarget::Smpp(account.id)],
            away_max_s: 60,
            enabled: true,
            created_at: Timestamp(0),
        };
        store.upsert_mo_route(&route).await.expect("a route");
        self.engine.reload().await;
    }

    /// The only message from a handset, once it is as wanted.
    pub(crate) async fn until_handset(&self, is_so: impl Fn(&MoRow) -> bool) -> MoRow {
        let filter = MoFilter { limit: 2, ..MoFilter::default() };
        let poll = async {
            loop {
                let rows = self.engine.store().list_mo_messages(ACCOUNT, &filter).await.expect("a read");
                assert!(rows.len() < 2, "one message only");
                if let Some(row) = rows.into_iter().find(|row| is_so(row)) {
                    return row;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), poll).await.expect("it happens in time")
    }

    /// With one operator, and room for few unfinished messages in memory.
    pub(crate) async fn with_working_set(live_capacity: usize) -> (Operator, Self) {
        let operator = Operator::start().await;
        let (store, seal, folder) = prepared(&[operator.port], None).await;
        let settings = Settings { live_capacity, lane_capacity: 4, ..Settings::new(seal) };
        let engine = Engine::start(settings, store, Clock::system()).await.expect("an engine");
        (operator, Self { engine, folder, database: None })
    }

    /// With a second operator that nobody answers for, and room for few tasks in memory.
    pub(crate) async fn with_the_second_operator_away(lane_capacity: usize) -> (Operator, Self) {
        let operator = Operator::start().await;
        // Port 1 of this machine: nobody listens there.
        let port = 1;
        let (store, seal, folder) = prepared(&[operator.port, port], None).await;
        let down_alert_after = Duration::from_millis(50);
        let settings = Settings { lane_capacity, down_alert_after, ..Settings::new(seal) };
        let engine = Engine::start(settings, store, Clock::system()).await.expect("an engine");
        (operator, Self { engine, folder, database: None })
    }

    /// With two operators, of which one without a bind is away after this time.
    pub(crate) async fn with_two_that_may_be_away(away_after: Duration) -> (Operator, Operator, Self) {
        let (first, second) = (Operator::start().await, Operator::start().await);
        let (store, seal, folder) = prepared(&[first.port, second.port], None).await;
        let settings = Settings { away_after, down_alert_after: away_after, ..Settings::new(seal) };
        let engine = Engine::start(settings, store, Clock::system()).await.expect("an engine");
        (first, second, Self { engine, folder, database: None })
    }

    /// With one operator, and time that stands still until it is moved.
    pub(crate) async fn with_clock() -> (Operator, Self, Clock) {
        Self::with_clock_and(|_| {}).await
    }

    /// The same by other settings.
    pub(crate) async fn with_clock_and(change: impl FnOnce(&mut Settings)) -> (Operator, Self, Clock) {
        let operator = Operator::start().await;
        let (store, seal, folder) = prepared(&[operator.port], None).await;
        let (clock, mut settings) = (Clock::mock(Clock::system().now()), Settings::new(seal));
        change(&mut settings);
        let engine = Engine::start(settings, store, clock.clone()).await.expect("an engine");
        (operator, Self { engine, folder, database: None }, clock)
    }

    /// The same, where segments are paid for as `policy` says.
    pub(crate) async fn with_policy(policy: ChargePolicy) -> (Operator, Self, Clock) {
        let operator = Operator::start().await;
        let (store, seal, folder) = prepared_with(&[operator.port], None, policy).await;
        let clock = Clock::mock(Clock::system().now());
        let engine = Engine::start(Settings::new(seal), store, clock.clone()).await.expect("an engine");
        (operator, Self { engine, folder, database: None }, clock)
    }

    /// From now on nobody is where the connectors go; with `enabled` false they are gone.
    pub(crate) async fn connectors_away(&self, enabled: bool) {
        let store = self.engine.store();
        for row in store.load_configuration().await.expect("a read").connectors {
            let away = ConnectorRow { host: "127.0.0.2".into(), enabled, ..row };
            store.upsert_connector(&away).await.expect("a change");
        }
        self.engine.reload().await;
    }

    /// Where its SQLite database is.
    pub(crate) fn database_file(&self) -> PathBuf {
        self.folder.join("sambac.db")
    }

    /// Where its PostgreSQL database is.
    pub(crate) fn database_url(&self) -> String {
        self.database.as_ref().expect("on PostgreSQL").url().to_owned()
    }

    /// Takes everything that is in the wallet.
    pub(crate) async fn spend_all(&self) {
        let order = Order::Debit { micros: self.balance().available_micros };
        let command = Command { account: ACCOUNT, key: "all of it".to_owned(), fingerprint: String::new(), order };
        let outcomes = self.engine.charge(vec![command], false).await.expect("an answer");
        assert!(outcomes[0].answer.is_ok(), "{outcomes:?}");
    }

    /// The message once its operator has taken it.
    pub(crate) async fn until_submitted(&self, id: MessageId) -> MessageView {
        self.until(id, |view| view.segments[0].state == MessageState::Submitted).await
    }

    /// The message once its charge is so.
    pub(crate) async fn until_charge(&self, id: MessageId, state: ChargeState) -> MessageView {
        self.until(id, |view| view.charges[0].state == state).await
    }

    /// The same, with the payment provider that is played.
    pub(crate) async fn with_payments() -> (Operator, Self, Clock) {
        let operator = Operator::start().await;
        let (store, seal, folder) = prepared(&[operator.port], None).await;
        let clock = Clock::mock(Clock::system().now());
        let payments = PaymentSettings { provider: ProviderSettings::Test, ..PaymentSettings::default() };
        let settings = Settings { payments, ..Settings::new(seal) };
        let engine = Engine::start(settings, store, clock.clone()).await.expect("an engine");
        (operator, Self { engine, folder, database: None }, clock)
    }

    /// The same, looking for news that nobody fetches as often as it can.
    pub(crate) async fn with_busy_keeper(database: Option<TestDatabase>) -> (Operator, Self, Clock) {
        let operator = Operator::start().await;
        let (store, seal, folder) = prepared(&[operator.port], database.as_ref().map(TestDatabase::url)).await;
        store.upsert_smpp_account(&smpp_account(AccessState::Active)).await.expect("an SMPP account");
        let clock = Clock::mock(Clock::system().now());
        let settings = Settings { notice_interval: Duration::from_millis(10), ..Settings::new(seal) };
        let engine = Engine::start(settings, store, clock.clone()).await.expect("an engine");
        (operator, Self { engine, folder, database }, clock)
    }

    /// Takes a message of the client ESME, which need not be bound.
    pub(crate) async fn submit_of_esme(&self, text: &str) -> Result<Submitted, Refusal> {
        let origin = Origin::Smpp { smpp_account: SmppAccountId::from_raw(1) };
        self.engine.submit(SubmitRequest { origin, ..request(TrafficClass::Otp, text) }).await
    }

    async fn start(ports: &[u16]) -> Self {
        Self::start_on(ports, None).await
    }

    async fn start_on(ports: &[u16], url: Option<&str>) -> Self {
        let (store, seal, folder) = prepared(ports, url).await;
        let engine = Engine::start(Settings::new(seal), store, Clock::system()).await.expect("an engine");
        Self { engine, folder, database: None }
    }

    /// Takes messages that live for a second, disables the connectors first so that none is sent, and starts again on the
    /// same database an hour later, with everything enabled.
    pub(crate) async fn restart_after_backlog(mut self, count: usize) -> Self {
        let connectors = self.engine.store().load_configuration().await.expect("a read").connectors;
        for row in &connectors {
            let settings = r#"{"flow":{"throttle_pause_min_ms":10}}"#.to_owned();
            self.engine
                .store()
                .upsert_connector(&ConnectorRow { host: "127.0.0.2".into(), settings, ..row.clone() })
                .await
                .expect("a change");
        }
        self.engine.reload().await;
        for _ in 0..count {
            let validity = Some(Duration::from_secs(1));
            self.engine.submit(SubmitRequest { validity, ..request(TrafficClass::Otp, "late") }).await.expect("taken");
        }
        self.engine.stop(Duration::from_secs(5)).await;
        let store = Store::open(&sqlite(&self.folder)).await.expect("a database");
        for row in &connectors {
            store.upsert_connector(row).await.expect("a change");
        }
        let seal = Seal::from_file(&self.folder.join("master.key")).expect("a key");
        let clock = Clock::mock(Clock::system().now().saturating_add(Duration::from_secs(3_600)));
        let settings = Settings { live_capacity: 8, lane_capacity: 8, ..Settings::new(seal) };
        let engine = Engine::start(settings, store, clock).await.expect("an engine");
        // The new one removes the folder.
        let folder = std::mem::take(&mut self.folder);
        Self { engine, folder, database: None }
    }

    /// Ends, and begins again on the same database.
    pub(crate) async fn restarted(mut self, clock: Clock) -> Self {
        self.engine.stop(Duration::from_secs(5)).await;
        let store = Store::open(&sqlite(&self.folder)).await.expect("a database");
        let seal = Seal::from_file(&self.folder.join("master.key")).expect("a key");
        let engine = Engine::start(Settings::new(seal), store, clock).await.expect("an engine");
        // The new one removes the folder.
        let folder = std::mem::take(&mut self.folder);
        Self { engine, folder, database: None }
    }

    /// Waits until the wallet is as given.
    pub(crate) async fn until_balance(&self, wanted: Balance) {
        let poll = async {
            while self.balance() != wanted {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), poll).await.expect("the balance in time");
    }

    pub(crate) async fn submit(&self, class: TrafficClass, text: &str) -> Result<Submitted, Refusal> {
        self.engine.submit(request(class, text)).await
    }

    /// The same request each time, under an idempotency key.
    /// What such a message would cost.
    pub(crate) fn quote(&self, text: &str) -> Result<Quote, Refusal> {
        self.engine.quote(request(TrafficClass::Otp, text))
    }

    pub(crate) async fn submit_with_key(&self, key: &str) -> Result<Submitted, Refusal> {
        let idempotency = Some(Idempotency { key: key.to_owned(), fingerprint: "same".to_owned() });
        self.engine.submit(SubmitRequest { idempotency, ..request(TrafficClass::Otp, "once") }).await
    }

    /// With a test key.
    pub(crate) async fn submit_test_to(&self, digits: &str) -> Result<Submitted, Refusal> {
        let destination = Msisdn::from_digits(digits.as_bytes()).expect("a number");
        let request = SubmitRequest { destination, test_only: true, ..request(TrafficClass::Otp, "test") };
        self.engine.submit(request).await
    }

    /// A client ESME that is bound to the engine.
    pub(crate) async fn bind(&self, system_id: &str) -> (Session, Events) {
        let store = self.engine.store();
        store.upsert_smpp_account(&smpp_account(AccessState::Active)).await.expect("an SMPP account");
        self.engine.reload().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        self.engine.listen_smpp(listener);
        let stream = TcpStream::connect(address).await.expect("a connection");
        let request = BindRequest::new(EsmeBindKind::Transceiver, system_id, "secret");
        let (session, events, _) = sambac_smpp::bind(stream, &request, SessionConfig::default()).await.expect("a bind");
        (session, events)
    }

    pub(crate) async fn suspend_smpp_account(&self) {
        let row = smpp_account(AccessState::Suspended);
        self.engine.store().upsert_smpp_account(&row).await.expect("a change");
        self.engine.reload().await;
    }

    pub(crate) fn balance(&self) -> Balance {
        self.engine.balance(ACCOUNT).expect("a wallet")
    }

    /// The message once it is final.
    pub(crate) async fn until_final(&self, id: MessageId) -> MessageView {
        self.until(id, |view| view.row.final_at.is_some()).await
    }

    /// The message once its history has an event of this kind.
    pub(crate) async fn until_event(&self, id: MessageId, kind: &str) -> MessageView {
        self.until_events(id, kind, 1).await
    }

    /// The message once its history has `count` events of this kind.
    pub(crate) async fn until_events(&self, id: MessageId, kind: &str, count: usize) -> MessageView {
        self.until(id, |view| view.events.iter().filter(|event| event.kind == kind).count() == count).await
    }

    /// Polls, since things happen in other tasks.
    async fn until(&self, id: MessageId, is_so: impl Fn(&MessageView) -> bool) -> MessageView {
        let poll = async {
            loop {
                let view = self.engine.store().message(ACCOUNT, id).await.expect("a read").expect("the message");
                if is_so(&view) {
                    return view;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), poll).await.expect("it happens in time")
    }

    pub(crate) async fn assert_ledger(&self) {
        let trial = self.engine.store().trial(Timestamp(0)).await.expect("a read");
        assert_eq!(sambac_domain::ledger::check(&trial), []);
    }
}

fn sqlite(folder: &Path) -> String {
    format!("sqlite://{}/sambac.db", folder.display())
}

/// A provisioned database in a folder of its own, and its key.
async fn prepared(ports: &[u16], url: Option<&str>) -> (Store, Seal, PathBuf) {
    prepared_with(ports, url, ChargePolicy::Delivered).await
}

async fn prepared_with(ports: &[u16], url: Option<&str>, policy: ChargePolicy) -> (Store, Seal, PathBuf) {
    let folder = std::env::temp_dir().join(format!("sambac-life-{}", sambac_testkit::unique()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let store = Store::open(url.unwrap_or(&sqlite(&folder))).await.expect("a database");
    store.migrate().await.expect("a schema");
    let seal = Seal::create_file(&folder.join("master.key")).expect("a key");
    provision(&store, &seal, ports, policy).await;
    (store, seal, folder)
}

pub(crate) fn request(class: TrafficClass, text: &str) -> SubmitRequest {
    SubmitRequest {
        account_id: ACCOUNT,
        origin: Origin::Rest { api_key: ApiKeyId::from_raw(1) },
        sender: "BANK".parse().expect("a sender"),
        destination: Msisdn::from_digits(DESTINATION.as_bytes()).expect("a number"),
        content: Content::Text(text.to_owned(), None),
        class,
        validity: None,
        client_ref: None,
        receipt_wanted: true,
        registered_delivery: 1,
        price_micros_max: None,
        test_only: false,
        idempotency: None,
        options: None,
        part: None,
    }
}

fn smpp_account(state: AccessState) -> SmppAccountRow {
    static HASH: OnceLock<String> = OnceLock::new();
    let hash = HASH.get_or_init(|| password::hash(&SecretString::from("secret")).expect("a hash"));
    SmppAccountRow {
        id: SmppAccountId::from_raw(1),
        account_id: ACCOUNT,
        system_id: "esme".into(),
        password_hash: Sealed(hash.clone()),
        allowed_ips: Vec::new(),
        binds_max: 2,
        window_max: 10,
        traffic_class: TrafficClass::Otp,
        state,
        created_at: Timestamp(0),
        settings: String::new(),
    }
}

/// A tariff of one sheet with one rate.
async fn price(store: &Store, currency: Currency, now: Timestamp, policy: ChargePolicy) -> TariffId {
    let tariff = TariffRow { id: TariffId::from_raw(1), name: "list".into(), currency, created_at: now };
    let sheet = SheetRow {
        id: SheetId::from_raw(1),
        book_id: tariff.id.into(),
        version: 1,
        effective_from: Timestamp::EPOCH,
        effective_to: None,
        rate_count: 1,
        source: "test".into(),
        note: String::new(),
        created_by: "test".into(),
        created_at: now,
        withdrawn_at: None,
    };
    let rate = RateRow {
        id: RateId::from_raw(1),
        sheet_id: sheet.id,
        scope: RateScope::Default,
        sender_form: None,
        class: None,
        price_micros: PRICE,
        charge_policy: policy,
    };
    let mut work = store.begin().await.expect("a unit of work");
    work.upsert_tariff(&tariff).await.expect("a tariff");
    work.add_sheet(&sheet, &[rate]).await.expect("a sheet");
    work.commit().await.expect("a commit");
    tariff.id
}

async fn provision(store: &Store, seal: &Seal, ports: &[u16], policy: ChargePolicy) {
    let now = Timestamp(1_767_225_600_000_000);
    let currency: Currency = "EUR".parse().expect("a currency");
    let tariff = price(store, currency, now, policy).await;
    let account = AccountRow {
        id: ACCOUNT,
        name: "Example Bank".into(),
        currency,
        state: AccessState::Active,
        credit_limit_micros: 0,
        tariff_id: tariff,
        created_at: now,
        throughput: String::new(),
        wallet_of: None,
        margin_floor: String::new(),
        message_price_micros_max: None,
        limits: String::new(),
        otp_guard: String::new(),
        allowed_ips: Vec::new(),
        rate_limits: String::new(),
        content_rules: String::new(),
        message_rules: String::new(),
    };
    store.upsert_account(&account).await.expect("an account");
    let mut connectors = Vec::new();
    for (no, port) in (1_i64..).zip(ports) {
        let id = ConnectorId::from_raw(no);
        let operator = OperatorRow { id: OperatorId::from_raw(no), name: format!("operator {no}"), created_at: now };
        store.upsert_operator(&operator).await.expect("an operator");
        let connector = ConnectorRow {
            id,
            operator_id: operator.id,
            name: format!("connector {no}"),
            host: "127.0.0.1".into(),
            port: *port,
            system_id: "sambac".into(),
            password_sealed: Sealed(seal.seal_text(id.raw(), "secret").expect("sealed")),
            bind_kind: BindKind::Transceiver,
            binds: 1,
            window_max: 10,
            throughput_per_s_max: 0,
            settings: r#"{"flow":{"throttle_pause_min_ms":10}}"#.into(),
            enabled: true,
            created_at: now,
        };
        store.upsert_connector(&connector).await.expect("a connector");
        connectors.push(id);
    }
    let route = RouteRow {
        id: RouteId::from_raw(1),
        name: "all".into(),
        position: 1,
        matches: RouteMatch::default(),
        strategy: Strategy::Failover,
        connectors,
        enabled: true,
        created_at: now,
        margin_floor: String::new(),
    };
    store.upsert_route(&route).await.expect("a route");
    fund(store, seal, currency, now).await;
}

async fn fund(store: &Store, seal: &Seal, currency: Currency, now: Timestamp) {
    let kinds = [
        (1, Some(ACCOUNT), BalanceKind::Wallet),
        (2, Some(ACCOUNT), BalanceKind::Held),
        (3, None, BalanceKind::Revenue),
        (4, None, BalanceKind::Funding),
    ];
    let row = |(id, account_id, kind)| BalanceRow { id, account_id, kind, currency, balance_micros: 0, shard: 0 };
    let balances = kinds.map(row);
    store.ensure_balances(&balances).await.expect("balances");
    let posting = PostingRow {
        id: PostingId::from_raw(1),
        debit_id: 4,
        credit_id: 1,
        amount_micros: OPENING_CREDIT,
        currency,
        kind: PostingKind::Credit,
        created_at: now,
        block_id: 0,
    };
    let payment = PaymentRow {
        id: PaymentId::from_raw(1),
        account_id: ACCOUNT,
        amount_micros: OPENING_CREDIT,
        currency,
        method: "transfer".into(),
        reference: "opening".into(),
        posting_id: posting.id,
        created_at: now,
        block_id: 0,
    };
    assert!(store.credit(&payment, &posting, &seal.chain_key()).await.expect("a credit"));
}
