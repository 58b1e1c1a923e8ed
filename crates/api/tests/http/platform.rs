//! A platform for one test: two accounts with money, one route to a connector whose operator is never there, and keys.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use sambac_api::{Api, Limits};
use sambac_domain::{
    AccountId, AdminKeyId, ApiKeyId, ChargePolicy, ConnectorId, Currency, OperatorId, PaymentId, PostingId, RateId,
    RouteId, RouteMatch, SheetId, Strategy, TariffId, Timestamp,
};
use sambac_engine::admin::AdminScope;
use sambac_engine::api_key::{self, Environment};
use sambac_engine::clock::Clock;
use sambac_engine::payment::{PaymentSettings, ProviderSettings};
use sambac_engine::seal::Seal;
use sambac_engine::{Engine, Scope, Settings};
use sambac_store::rows::{
    AccessState, AccountRow, AdminKeyRow, ApiKeyRow, BalanceKind, BalanceRow, BindKind, ConnectorRow, OperatorRow,
    PaymentRow, PostingKind, PostingRow, RateRow, RouteRow, SheetRow, TariffRow,
};
use sambac_store::{Sealed, Store};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::schema;

pub(crate) const BANK: AccountId = AccountId::from_raw(1 << 8);
pub(crate) const SHOP: AccountId = AccountId::from_raw(2 << 8);
pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
pub(crate) const PRICE_MICROS: i64 = 12_500;
const CREDIT_MICROS: i64 = 10_000_000;
const REVENUE: i64 = 20 << 8;
const FUNDING: i64 = 21 << 8;

/// The running platform; its database goes with it.
pub(crate) struct Platform {
    pub(crate) api: Router,
    pub(crate) services: Router,
    pub(crate) engine: Engine,
    /// A key of the bank with every scope.
    pub(crate) bank: String,
    /// A key of the shop with every scope.
    pub(crate) shop: String,
    /// An admin key with every scope.
    pub(crate) admin: String,
    folder: PathBuf,
}

/// An answer, its body read.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// `Null` when the body is no JSON.
    pub(crate) json: Value,
}

impl Platform {
    pub(crate) async fn start() -> Self {
        Self::start_at("http://127.0.0.1:8080").await
    }

    /// One that people reach at this address.
    pub(crate) async fn start_at(public_url: &str) -> Self {
        let folder = new_folder();
        let store = Store::open(&format!("sqlite://{}", folder.join("sambac.db").display())).await.unwrap();
        store.migrate().await.unwrap();
        let seal = Seal::create_file(&folder.join("master.key")).unwrap();
        seed(&store, &seal).await;
        let bank = add_key(&store, BANK, 1, &Scope::ALL, |_| {}).await;
        let shop = add_key(&store, SHOP, 2, &Scope::ALL, |_| {}).await;
        let admin = add_admin_key(&store, 1, &AdminScope::ALL, |_| {}).await;
        let engine =
            Engine::start(Settings { public_url: public_url.into(), ..settings(seal) }, store, Clock::mock(NOW))
                .await
                .unwrap();
        let api = Api::new(engine.clone(), Limits::default());
        Self { api: api.public(), services: api.services(), engine, bank, shop, admin, folder }
    }

    /// Another key, already known to the engine.
    pub(crate) async fn key(
        &self,
        account: AccountId,
        number: i64,
        scopes: &[Scope],
        change: fn(&mut ApiKeyRow),
    ) -> String {
        let key = add_key(self.engine.store(), account, number, scopes, change).await;
        self.engine.reload().await;
        key
    }

    /// Another admin key, already known to the engine.
    pub(crate) async fn admin_key(&self, number: i64, scopes: &[AdminScope], change: fn(&mut AdminKeyRow)) -> String {
        let key = add_admin_key(self.engine.store(), number, scopes, change).await;
        self.engine.reload().await;
        key
    }

    /// Sends a request to the public API and holds the answer against the document.
    pub(crate) async fn call(&self, request: Request<Body>) -> Reply {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let reply = Reply::of(self.api.clone().oneshot(request).await.unwrap()).await;
        schema::hold(&method, &path, &reply);
        reply
    }

    pub(crate) async fn get(&self, key: &str, path: &str) -> Reply {
        self.call(request(Method::GET, path, key).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn patch(&self, key: &str, path: &str, body: &Value) -> Reply {
        let request = request(Method::PATCH, path, key).header("content-type", "application/json");
        self.call(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub(crate) async fn delete(&self, key: &str, path: &str) -> Reply {
        self.call(request(Method::DELETE, path, key).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, key: &str, path: &str, body: &Value) -> Reply {
        let request = request(Method::POST, path, key).header("content-type", "application/json");
        self.call(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// A call of the admin API with every scope; `headers` beside the key.
    pub(crate) async fn admin(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let mut request = request(method, path, &self.admin);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.call(request.body(body).unwrap()).await
    }

    /// Sends a message with these fields changed.
    pub(crate) async fn send(&self, key: &str, changes: Value) -> Reply {
        self.post(key, "/v1/sms/send", &sms(changes)).await
    }

    /// What is stored and could have changed: messages, money, ids, queues.
    pub(crate) async fn traces(&self) -> String {
        let store = self.engine.store();
        let filter = sambac_store::MessageFilter { limit: 100, ..Default::default() };
        format!(
            "{:?} {:?} {:?} {:?} {:?} {}",
            store.list_messages(BANK, &filter).await.unwrap(),
            store.load_configuration().await.unwrap(),
            store.outbox_targets().await.unwrap(),
            self.engine.balance(BANK),
            store.trial(NOW).await.unwrap(),
            store.greatest_id().await.unwrap(),
        )
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        // A folder that stays behind harms nobody.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Reply {
    pub(crate) async fn of(response: axum::response::Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 24).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status: parts.status, headers: parts.headers, text, json }
    }

    /// The answer but for what differs in every request.
    pub(crate) fn told(&self) -> (u16, Value) {
        let mut body = self.json.clone();
        if let Some(fields) = body.as_object_mut() {
            fields.remove("request_id");
        }
        (self.status.as_u16(), body)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or("")
    }

    pub(crate) fn id(&self) -> String {
        self.json["message_id"].as_str().or(self.json["id"].as_str()).unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

/// A request with a key.
pub(crate) fn request(method: Method, path: &str, key: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"))
}

/// A good message, with `changes` laid over it; a field changed to `null` is taken out.
pub(crate) fn sms(changes: Value) -> Value {
    let mut body = json!({ "to": "+447700900123", "from": "MyBank", "text": "Your code is 000000" });
    let Value::Object(changes) = changes else { panic!("{changes} is no object") };
    for (name, value) in changes {
        match value {
            Value::Null => drop(body.as_object_mut().unwrap().remove(&name)),
            value => body[name] = value,
        }
    }
    body
}

/// The defaults, with the payment provider that is played; but what changes by itself is looked at often.
fn settings(seal: Seal) -> Settings {
    let payments = PaymentSettings { provider: ProviderSettings::Test, ..PaymentSettings::default() };
    Settings { uncertain_interval: std::time::Duration::from_millis(20), payments, ..Settings::new(seal) }
}

fn new_folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("sambac-api-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

async fn add_key(
    store: &Store,
    account: AccountId,
    number: i64,
    scopes: &[Scope],
    change: fn(&mut ApiKeyRow),
) -> String {
    let id = ApiKeyId::from_raw((100 + number) << 8);
    let new = api_key::generate(id, Environment::Live).unwrap();
    let mut row = ApiKeyRow {
        id,
        account_id: account,
        name: format!("key {number}"),
        environment: "live".to_owned(),
        secret_hash: Sealed(new.secret_hash),
        scopes: scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        state: AccessState::Active,
        created_at: NOW,
        expires_at: None,
        former_secret_hash: None,
        former_until: None,
        allowed_ips: Vec::new(),
        rate_limit: String::new(),
    };
    change(&mut row);
    store.upsert_api_key(&row).await.unwrap();
    new.text.expose_secret().to_owned()
}

async fn add_admin_key(store: &Store, number: i64, scopes: &[AdminScope], change: fn(&mut AdminKeyRow)) -> String {
    let id = AdminKeyId::from_raw((200 + number) << 8);
    let new = api_key::generate_admin(id).unwrap();
    let mut row = AdminKeyRow {
        id,
        name: format!("admin {number}"),
        secret_hash: Sealed(new.secret_hash),
        scopes: scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        state: AccessState::Active,
        created_at: NOW,
        expires_at: None,
    };
    change(&mut row);
    store.upsert_admin_key(&row).await.unwrap();
    new.text.expose_secret().to_owned()
}

fn eur() -> Currency {
    "EUR".parse().unwrap()
}

async fn seed(store: &Store, seal: &Seal) {
    let tariff =
        TariffRow { id: TariffId::from_raw(3 << 8), name: "Standard".into(), currency: eur(), created_at: NOW };
    // Priced: the United Kingdom's numbers only.
    let sheet = SheetRow {
        id: SheetId::from_raw(3 << 8),
        book_id: tariff.id.into(),
        version: 1,
        effective_from: Timestamp::EPOCH,
        effective_to: None,
        rate_count: 1,
        source: "test".into(),
        note: String::new(),
        created_by: "test".into(),
        created_at: NOW,
        withdrawn_at: None,
    };
    let rate = RateRow {
        id: RateId::from_raw(4 << 8),
        sheet_id: sheet.id,
        scope: "prefix:44".parse().unwrap(),
        sender_form: None,
        class: None,
        price_micros: PRICE_MICROS,
        charge_policy: ChargePolicy::Delivered,
    };
    let mut work = store.begin().await.unwrap();
    work.upsert_tariff(&tariff).await.unwrap();
    work.add_sheet(&sheet, &[rate]).await.unwrap();
    work.commit().await.unwrap();
    for (account, name) in [(BANK, "Bank"), (SHOP, "Shop")] {
        seed_account(store, seal, account, name, tariff.id).await;
    }
    let operator = OperatorRow { id: OperatorId::from_raw(5 << 8), name: "Example Mobile".into(), created_at: NOW };
    store.upsert_operator(&operator).await.unwrap();
    store.upsert_connector(&connector(operator.id, seal)).await.unwrap();
    for (number, name, prefix) in [(7, "United Kingdom", "44"), (8, "Test numbers", "999")] {
        let matches = RouteMatch { prefix: Some(prefix.into()), ..RouteMatch::default() };
        store.upsert_route(&route(number, name, matches)).await.unwrap();
    }
    let shops = RouteMatch { account: Some(SHOP), ..RouteMatch::default() };
    store.upsert_route(&route(9, "The shop's secret route", shops)).await.unwrap();
}

async fn seed_account(store: &Store, seal: &Seal, id: AccountId, name: &str, tariff_id: TariffId) {
    let account = AccountRow {
        id,
        name: name.into(),
        currency: eur(),
        state: AccessState::Active,
        credit_limit_micros: 0,
        tariff_id,
        created_at: NOW,
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
    store.upsert_account(&account).await.unwrap();
    let (wallet, held) = (id.raw() + (30 << 8), id.raw() + (40 << 8));
    let stripe =
        |id, account_id, kind, shard| BalanceRow { id, account_id, kind, currency: eur(), balance_micros: 0, shard };
    let row = |id, account_id, kind| stripe(id, account_id, kind, 0);
    let balances = [
        row(wallet, Some(id), BalanceKind::Wallet),
        row(held, Some(id), BalanceKind::Held),
        row(REVENUE, None, BalanceKind::Revenue),
        row(FUNDING, None, BalanceKind::Funding),
        row(22 << 8, None, BalanceKind::Adjustments),
        row(23 << 8, None, BalanceKind::SupplierCost),
        row(24 << 8, None, BalanceKind::Rounding),
        stripe(25 << 8, None, BalanceKind::Funding, sambac_store::chain::SHARD_OF_PAYMENTS),
    ];
    store.ensure_balances(&balances).await.unwrap();
    let posting = PostingRow {
        id: PostingId::from_raw(id.raw() + (50 << 8)),
        debit_id: FUNDING,
        credit_id: wallet,
        amount_micros: CREDIT_MICROS,
        currency: eur(),
        kind: PostingKind::Credit,
        created_at: NOW,
        block_id: 0,
    };
    let payment = PaymentRow {
        id: PaymentId::from_raw(id.raw() + (60 << 8)),
        account_id: id,
        amount_micros: CREDIT_MICROS,
        currency: eur(),
        method: "manual".into(),
        reference: "first".into(),
        posting_id: posting.id,
        created_at: NOW,
        block_id: 0,
    };
    assert!(store.credit(&payment, &posting, &seal.chain_key()).await.unwrap());
}

/// Enabled, so that it is routed to; nothing listens on its port, so that messages stay in its queue.
fn connector(operator_id: OperatorId, seal: &Seal) -> ConnectorRow {
    let id = ConnectorId::from_raw(6 << 8);
    ConnectorRow {
        id,
        operator_id,
        name: "example-1".into(),
        host: "127.0.0.1".into(),
        port: 1,
        system_id: "sambac".into(),
        password_sealed: Sealed(seal.seal_text(id.raw(), "secret").unwrap()),
        bind_kind: BindKind::Transceiver,
        binds: 1,
        window_max: 10,
        throughput_per_s_max: 0,
        settings: "{}".into(),
        enabled: true,
        created_at: NOW,
    }
}

fn route(number: i64, name: &str, matches: RouteMatch) -> RouteRow {
    RouteRow {
        id: RouteId::from_raw(number << 8),
        name: name.into(),
        position: i32::try_from(number).unwrap(),
        matches,
        strategy: Strategy::Static,
        connectors: vec![ConnectorId::from_raw(6 << 8)],
        enabled: true,
        created_at: NOW,
        margin_floor: String::new(),
    }
}
