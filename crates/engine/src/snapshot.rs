//! The configuration as the hot path reads it: immutable, versioned, swapped whole. A reader takes no lock.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use sambac_domain::account_event::{EventType, EventTypes};
use sambac_domain::class::TrafficClass;
use sambac_domain::content::ContentRules;
use sambac_domain::fraud::{GuardMode, GuardSettings};
use sambac_domain::id::{
    AccountId, AdminKeyId, ApiKeyId, ConnectorId, OperatorId, RouteId, SmppAccountId, TargetId, WebhookId,
};
use sambac_domain::message_rules::MessageRules;
use sambac_domain::mo::{MoRoute, MoRoutes, MoTarget};
use sambac_domain::number::{Msisdn, NetworkTable};
use sambac_domain::otp::OtpSettings;
use sambac_domain::profile::{ClientProfile, Profile};
use sambac_domain::rating::{Cost, MarginFloor, PriceBook, Priced, RateQuery};
use sambac_domain::receipt::{IdSide, names_a_message, normalise_id};
use sambac_domain::receipt_key::receipt_key;
use sambac_domain::routing::{Route, RoutingTable, Strategy};
use sambac_domain::spending::SpendingLimits;
use sambac_domain::throughput::Throughput;
use sambac_domain::time::Timestamp;
use sambac_store::Configuration;
use sambac_store::rows::{
    AccessState, AccountRow, AdminKeyRow, ConnectorRow, MoRouteRow, OtpProfileRow, RouteRow, SmppAccountRow,
    WebhookRow, WebhookState,
};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::api_key::Environment;
pub use crate::ip_range::IpRange;
use crate::issuer::Issuers;
use crate::keyring::{AllowedAddresses, ClientKey};
use crate::opt_out::OptOuts;
use crate::rate::{CallLimits, RateLimits};
use crate::request_signature::RequestKeys;
use crate::seal::Seal;
use crate::tariff::Books;
use crate::tariff::groups::Groups;
use crate::templates::Templates;
use crate::token_bucket::TokenBucket;

/// A client that says no burst may send a second's worth at once.
const BURST_MS: u64 = 1_000;

/// A webhook that takes events.
struct EventTarget {
    id: WebhookId,
    wanted: EventTypes,
    /// Whether it is told of numbers of the test network only.
    tests_only: bool,
}

/// Everything that is configured, as of one version.
pub struct Snapshot {
    /// Rises with every change.
    pub version: i64,
    /// Which connector takes a message.
    pub routing: RoutingTable,
    /// Number to network.
    pub networks: Arc<NetworkTable>,
    /// Configured connectors, enabled or not.
    pub connectors: HashMap<ConnectorId, Arc<ConnectorRow>>,
    profiles: HashMap<ConnectorId, Arc<Profile>>,
    receipt_groups: HashMap<ConnectorId, i64>,
    routes: HashMap<RouteId, Vec<ConnectorId>>,
    accounts: HashMap<AccountId, Account>,
    api_keys: HashMap<ApiKeyId, Arc<ClientKey>>,
    admin_keys: HashMap<AdminKeyId, AdminKeyRow>,
    smpp_accounts: HashMap<String, Arc<SmppAccount>>,
    smpp_by_id: HashMap<SmppAccountId, Arc<SmppAccount>>,
    /// Which client gets a message from a handset.
    pub mo_routes: MoRoutes,
    webhooks: HashMap<WebhookId, Arc<WebhookRow>>,
    webhooks_of: HashMap<AccountId, Vec<EventTarget>>,
    otp_profiles: HashMap<AccountId, HashMap<String, OtpSettings>>,
    /// Texts that accounts have approved.
    pub(crate) templates: Templates,
    /// Who wants no more messages: one list for all snapshots, which changes with the commits that store it.
    pub(crate) opt_outs: Arc<OptOuts>,
    /// Issuers of tokens outside.
    pub(crate) issuers: Issuers,
    /// By which requests are signed.
    pub(crate) request_keys: RequestKeys,
    /// Price books with the sheets that are ready.
    pub(crate) books: Books,
    /// What each operator is paid.
    costs: HashMap<OperatorId, Arc<PriceBook>>,
    /// Which networks belong together.
    pub(crate) groups: Groups,
    /// The least margin on routes that have one of their own.
    route_floors: HashMap<RouteId, MarginFloor>,
    /// And where neither account nor route says one.
    pub(crate) platform_floor: MarginFloor,
}

/// A paying client.
pub struct Account {
    /// Its name.
    pub(crate) name: String,
    /// False while it is suspended.
    pub active: bool,
    /// Whose wallet it pays from, when that is another's.
    pub(crate) wallet_of: Option<AccountId>,
    /// What it pays.
    pub tariff: Arc<PriceBook>,
    /// How far below zero its wallet may go, in micros.
    pub credit_limit_micros: i64,
    /// Lets pass what it may submit over all its ways in.
    pub(crate) limit: Arc<TokenBucket>,
    /// The least margin of its segments, where it has one of its own.
    pub(crate) margin_floor: Option<MarginFloor>,
    /// The most that one of its messages may cost, in micros.
    pub(crate) message_price_micros_max: Option<i64>,
    /// How much it may spend.
    pub(crate) spending: SpendingLimits,
    /// How often it may call the API.
    pub(crate) calls: CallLimits,
    /// How its codes are guarded.
    pub(crate) otp_guard: GuardSettings,
    /// From where it may call the API.
    pub(crate) allowed: AllowedAddresses,
    /// What its texts may not carry.
    pub(crate) content_rules: ContentRules,
    /// What its messages have to keep to.
    pub(crate) message_rules: MessageRules,
}

/// Credentials of a client ESME.
pub struct SmppAccount {
    /// The row as stored.
    pub row: SmppAccountRow,
    /// Addresses it may bind from; empty = any.
    pub allowed: Vec<IpRange>,
    /// Class of what it submits.
    pub class: TrafficClass,
    /// How it is treated.
    pub profile: ClientProfile,
}

impl Snapshot {
    /// Builds the snapshot. Rows that do not parse (an IP range, a profile) make their owner unusable, with a
    /// warning, rather than open.
    pub(crate) fn build(configuration: Configuration, networks: Arc<NetworkTable>, books: Books, seal: &Seal) -> Self {
        let profiles = profiles(&configuration.connectors);
        let usable = configuration.connectors.iter().filter(|row| row.enabled && profiles.contains_key(&row.id));
        let enabled: HashSet<_> = usable.map(|row| row.id).collect();
        let route_floors =
            configuration.routes.iter().filter_map(|row| Some((row.id, floor(&row.margin_floor)?))).collect();
        let routes: Vec<Route> = configuration.routes.into_iter().map(route).collect();
        let smpp_accounts: Vec<_> = configuration.smpp_accounts.into_iter().map(smpp_account).map(Arc::new).collect();
        let mut webhooks_of: HashMap<AccountId, Vec<_>> = HashMap::new();
        for row in configuration.webhooks.iter().filter(|row| row.state == WebhookState::Enabled) {
            webhooks_of.entry(row.account_id).or_default().push(EventTarget {
                id: row.id,
                wanted: EventTypes::named(&row.events),
                tests_only: row.environment == Environment::Test.as_str(),
            });
        }
        let mo_routes = mo_routes(configuration.mo_routes, &configuration.webhooks, &smpp_accounts);
        let accounts = configuration.accounts.into_iter().map(|row| {
            let tariff = books.book(row.tariff_id, row.currency);
            (row.id, account(&row, tariff))
        });
        let accounts = accounts.collect();
        Self {
            version: configuration.version,
            accounts,
            costs: configuration
                .cost_books
                .iter()
                .map(|row| (row.operator_id, books.book(row.id, row.currency)))
                .collect(),
            groups: Groups::new(&configuration.operator_groups),
            route_floors,
            platform_floor: MarginFloor::Off,
            books,
            routes: routes.iter().map(|route| (route.id, connectors_in(route))).collect(),
            routing: RoutingTable::new(routes, enabled),
            networks,
            receipt_groups: receipt_groups(&configuration.connectors, &profiles),
            profiles,
            connectors: configuration.connectors.into_iter().map(|row| (row.id, Arc::new(row))).collect(),
            api_keys: configuration.api_keys.into_iter().map(|row| (row.id, Arc::new(ClientKey::new(row)))).collect(),
            admin_keys: configuration.admin_keys.into_iter().map(|row| (row.id, row)).collect(),
            smpp_by_id: smpp_accounts.iter().map(|account| (account.row.id, Arc::clone(account))).collect(),
            smpp_accounts: smpp_accounts.into_iter().map(|account| (account.row.system_id.clone(), account)).collect(),
            mo_routes,
            webhooks: configuration.webhooks.into_iter().map(|row| (row.id, Arc::new(row))).collect(),
            webhooks_of,
            otp_profiles: otp_profiles(configuration.otp_profiles),
            templates: Templates::new(configuration.templates),
            opt_outs: Arc::new(OptOuts::new(seal)),
            issuers: Issuers::new(configuration.issuers),
            request_keys: RequestKeys::new(configuration.request_keys, seal),
        }
    }

    /// Goes on with what is left of the limits in `before`, where they are the same: a change of the configuration gives
    /// nobody a burst.
    pub(crate) fn keep_limits(&mut self, before: &Self) {
        for (id, key) in &mut self.api_keys {
            if let Some(earlier) = before.api_keys.get(id) {
                *key = Arc::new(ClientKey::after(earlier, key));
            }
        }
        self.issuers.keep_limits(&before.issuers);
        for (id, account) in &mut self.accounts {
            let Some(earlier) = before.accounts.get(id) else { continue };
            account.calls.keep(&earlier.calls);
            if let Some(limit) = Some(&earlier.limit).filter(|limit| limit.throughput() == account.limit.throughput()) {
                account.limit = Arc::clone(limit);
            }
        }
    }

    /// An account by id.
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    /// All accounts, in no order.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = (AccountId, &Account)> {
        self.accounts.iter().map(|(id, account)| (*id, account))
    }

    /// An API key that may be used now: active and not past its end.
    pub(crate) fn api_key(&self, id: ApiKeyId, now: Timestamp) -> Option<&Arc<ClientKey>> {
        self.api_keys.get(&id).filter(|key| key.is_usable(now))
    }

    /// An API key, whether it may be used or not.
    pub(crate) fn client_key(&self, id: ApiKeyId) -> Option<&Arc<ClientKey>> {
        self.api_keys.get(&id)
    }

    /// All API keys, in no order.
    pub(crate) fn api_keys(&self) -> impl Iterator<Item = &Arc<ClientKey>> {
        self.api_keys.values()
    }

    /// A key of the admin API that may be used now.
    pub fn admin_key(&self, id: AdminKeyId, now: Timestamp) -> Option<&AdminKeyRow> {
        self.admin_keys
            .get(&id)
            .filter(|row| row.state == AccessState::Active && row.expires_at.is_none_or(|end| now < end))
    }

    /// How a connector behaves; `None` when its settings do not parse.
    pub fn profile(&self, id: ConnectorId) -> Option<&Arc<Profile>> {
        self.profiles.get(&id)
    }

    /// Among which connectors receipts are matched: those of the same group, or of the same operator when none is set.
    pub fn receipt_group(&self, id: ConnectorId) -> i64 {
        self.receipt_groups.get(&id).copied().unwrap_or(id.raw())
    }

    /// The key of an id that a connector's operator wrote; `None` when the id names no message.
    pub fn receipt_key(&self, connector: ConnectorId, id: &str, side: IdSide) -> Option<i64> {
        if !names_a_message(id) {
            return None;
        }
        let comparable = match self.profiles.get(&connector) {
            Some(profile) => profile.receipt_id.comparable(id, side),
            None => normalise_id(id),
        };
        Some(receipt_key(self.receipt_group(connector), &comparable))
    }

    /// SMPP credentials by system_id.
    pub fn smpp_account(&self, system_id: &str) -> Option<&Arc<SmppAccount>> {
        self.smpp_accounts.get(system_id)
    }

    /// SMPP credentials by id.
    pub fn smpp_account_by_id(&self, id: SmppAccountId) -> Option<&Arc<SmppAccount>> {
        self.smpp_by_id.get(&id)
    }

    /// A webhook by id, enabled or not.
    pub fn webhook(&self, id: WebhookId) -> Option<&Arc<WebhookRow>> {
        self.webhooks.get(&id)
    }

    /// All webhooks, enabled or not.
    pub(crate) fn webhooks(&self) -> impl Iterator<Item = WebhookId> {
        self.webhooks.keys().copied()
    }

    /// Where an account wants its events of this type, `about` a number or none.
    pub fn webhooks_for(
        &self,
        account: AccountId,
        kind: EventType,
        about: Option<Msisdn>,
    ) -> impl Iterator<Item = WebhookId> {
        let all = self.webhooks_of.get(&account).map_or(&[][..], Vec::as_slice);
        let is_test = about.is_some_and(Msisdn::is_test);
        all.iter()
            .filter(move |target| target.wanted.has(kind) && (is_test || !target.tests_only))
            .map(|target| target.id)
    }

    /// How an account has its one-time codes made under this name.
    pub fn otp_profile(&self, account: AccountId, name: &str) -> Option<&OtpSettings> {
        self.otp_profiles.get(&account)?.get(name)
    }

    /// All webhooks that take events.
    pub fn webhook_targets(&self) -> impl Iterator<Item = (WebhookId, TargetId)> + '_ {
        self.webhooks
            .values()
            .filter(|row| row.state == WebhookState::Enabled)
            .map(|row| (row.id, TargetId::from(row.id)))
    }

    /// What a segment would cost by a connector's operator; `None` when nobody knows.
    pub(crate) fn cost(&self, connector: ConnectorId, at: Timestamp, query: &RateQuery) -> Option<Cost> {
        let operator_id = self.connectors.get(&connector)?.operator_id;
        let book = self.costs.get(&operator_id)?;
        let Priced { rate_id, price_micros, policy, .. } = book.price(at, query)?;
        Some(Cost { operator_id, rate_id, micros: price_micros, currency: book.currency(), policy })
    }

    /// Whether an operator has a cost book.
    pub(crate) fn has_costs_of(&self, operator: OperatorId) -> bool {
        self.costs.contains_key(&operator)
    }

    /// The least margin of an account's segments on a route: the account's own, or the route's, or the platform's.
    pub(crate) fn margin_floor(&self, account: Option<&Account>, route: RouteId) -> MarginFloor {
        let own = account.and_then(|account| account.margin_floor);
        own.or_else(|| self.route_floors.get(&route).copied()).unwrap_or(self.platform_floor)
    }

    /// The connectors of each route that leads to this one.
    pub(crate) fn routes_with(&self, id: ConnectorId) -> impl Iterator<Item = &Vec<ConnectorId>> {
        self.routes.values().filter(move |route| route.contains(&id))
    }

    /// The connectors of a route in order, for fail-over.
    pub fn connectors_of(&self, route: RouteId) -> &[ConnectorId] {
        self.routes.get(&route).map_or(&[], Vec::as_slice)
    }
}

/// An account whose limit does not parse must not go without one: it is not used.
fn account(row: &AccountRow, tariff: Arc<PriceBook>) -> Account {
    let throughput = row.throughput.parse::<Throughput>().inspect_err(|error| {
        tracing::error!(account = row.name, %error, "the limit does not parse; the account cannot send");
    });
    let spending = SpendingLimits::from_json(&row.limits).inspect_err(|error| {
        tracing::error!(account = row.name, %error, "the spending limits do not parse; the account cannot send");
    });
    let content_rules = ContentRules::from_json(&row.content_rules).inspect_err(|error| {
        tracing::error!(account = row.name, %error, "the content rules do not parse; the account cannot send");
    });
    let message_rules = MessageRules::from_json(&row.message_rules).inspect_err(|error| {
        tracing::error!(account = row.name, %error, "the rules of messages do not parse; the account cannot send");
    });
    let rates = RateLimits::from_json(&row.rate_limits).inspect_err(|error| {
        tracing::error!(account = row.name, %error, "the rate limits do not parse; the account cannot send");
    });
    let is_readable =
        throughput.is_ok() && spending.is_ok() && content_rules.is_ok() && message_rules.is_ok() && rates.is_ok();
    Account {
        name: row.name.clone(),
        active: row.state == AccessState::Active && is_readable,
        wallet_of: row.wallet_of,
        tariff,
        credit_limit_micros: row.credit_limit_micros,
        limit: Arc::new(TokenBucket::new(throughput.unwrap_or_default(), BURST_MS, Instant::now())),
        margin_floor: floor(&row.margin_floor),
        message_price_micros_max: row.message_price_micros_max,
        spending: spending.unwrap_or_default(),
        calls: CallLimits::new(&rates.unwrap_or_default()),
        otp_guard: GuardSettings::from_json(&row.otp_guard).unwrap_or_else(|error| {
            tracing::error!(account = row.name, %error, "the guard's settings do not parse; the strictest hold");
            GuardSettings { mode: GuardMode::Stop, unverified_max: 0, ..GuardSettings::default() }
        }),
        allowed: AllowedAddresses::parse(&row.allowed_ips),
        content_rules: content_rules.unwrap_or_default(),
        message_rules: message_rules.unwrap_or_default(),
    }
}

/// One that does not parse must not let losses pass: the least margin is then the greatest.
fn floor(text: &str) -> Option<MarginFloor> {
    let parsed = || {
        text.parse().inspect_err(|error| tracing::error!(%error, "a margin floor does not parse; nothing passes it"))
    };
    (!text.is_empty()).then(|| parsed().unwrap_or(MarginFloor::AtLeast(i64::MAX)))
}

/// Those that its strategy lets it use.
fn connectors_in(route: &Route) -> Vec<ConnectorId> {
    let count = match route.strategy {
        Strategy::Static => 1,
        Strategy::Failover => route.connectors.len(),
    };
    route.connectors.iter().take(count).copied().collect()
}

fn route(row: RouteRow) -> Route {
    let RouteRow { id, name, position, matches, strategy, connectors, enabled, .. } = row;
    Route { id, name, position, matches, strategy, connectors, enabled }
}

/// The routes for messages from handsets that are used. A target that is gone or another account's is left out.
fn mo_routes(rows: Vec<MoRouteRow>, webhooks: &[WebhookRow], smpp_accounts: &[Arc<SmppAccount>]) -> MoRoutes {
    let owner = |target: &MoTarget| match target {
        MoTarget::Webhook(id) => webhooks.iter().find(|row| row.id == *id).map(|row| row.account_id),
        MoTarget::Smpp(id) => smpp_accounts.iter().find(|account| account.row.id == *id).map(|it| it.row.account_id),
    };
    let used = rows.into_iter().filter(|row| row.enabled).map(|row| {
        let MoRouteRow { id, account_id, position, matches, strategy, targets, away_max_s, .. } = row;
        let own = targets.into_iter().filter(|target| owner(target) == Some(account_id)).collect();
        MoRoute { id, account_id, position, matches, strategy, targets: own, away_max_s }
    });
    MoRoutes::new(used.collect())
}

/// Settings that do not parse are left out: a code must not be weaker than its account wants it.
fn otp_profiles(rows: Vec<OtpProfileRow>) -> HashMap<AccountId, HashMap<String, OtpSettings>> {
    let mut profiles: HashMap<_, HashMap<_, _>> = HashMap::new();
    for row in rows {
        match serde_json::from_str(&row.settings) {
            Ok(settings) => drop(profiles.entry(row.account_id).or_default().insert(row.name, settings)),
            Err(error) => tracing::error!(profile = row.name, %error, "a profile of one-time codes does not parse"),
        }
    }
    profiles
}

fn smpp_account(row: SmppAccountRow) -> SmppAccount {
    let allowed: Vec<_> = row.allowed_ips.iter().filter_map(|text| IpRange::parse(text)).collect();
    if allowed.len() < row.allowed_ips.len() {
        tracing::warn!(system_id = row.system_id, "an allowed address does not parse and is ignored");
    }
    // A list of which nothing parses must not mean "anybody": keep an address that nobody has.
    let allowed = if allowed.is_empty() && !row.allowed_ips.is_empty() { vec![IpRange::nobody()] } else { allowed };
    // Settings that do not parse must not mean the defaults, which may allow more: keep an address that nobody has.
    let (profile, allowed) = match ClientProfile::parse(&row.settings) {
        Ok(profile) => (profile, allowed),
        Err(error) => {
            tracing::error!(system_id = row.system_id, %error, "settings do not parse; nobody can bind");
            (ClientProfile::default(), vec![IpRange::nobody()])
        }
    };
    SmppAccount { class: row.traffic_class, allowed, profile, row }
}

/// The profiles of all connectors; without those whose settings do not parse, which are not used.
fn profiles(rows: &[ConnectorRow]) -> HashMap<ConnectorId, Arc<Profile>> {
    let profile = |row: &ConnectorRow| match Profile::parse(&row.settings) {
        Ok(profile) => Some((row.id, Arc::new(profile))),
        Err(error) => {
            tracing::error!(connector = row.name, %error, "settings do not parse; the connector does not run");
            None
        }
    };
    rows.iter().filter_map(profile).collect()
}

fn receipt_groups(rows: &[ConnectorRow], profiles: &HashMap<ConnectorId, Arc<Profile>>) -> HashMap<ConnectorId, i64> {
    let group = |row: &ConnectorRow| {
        let name = profiles.get(&row.id).map_or("", |profile| profile.bind.correlation_group.trim());
        (row.id, if name.is_empty() { row.operator_id.raw() } else { named_group(name) })
    };
    rows.iter().map(group).collect()
}

/// The same number for the same name, today and after an update: receipt keys that are stored depend on it. It is negative,
/// so that it is no operator's id.
fn named_group(name: &str) -> i64 {
    let digest = Sha256::digest(name.as_bytes());
    let octets = digest.first_chunk().copied().unwrap_or_default();
    i64::from_be_bytes(octets) | i64::MIN
}

impl SmppAccount {
    /// Whether a bind may come from `address`.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.allowed.is_empty() || self.allowed.iter().any(|range| range.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use sambac_domain::id::TariffId;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_limit_goes_on_over_a_change_of_the_configuration_unless_it_changes_itself() {
        let with = |throughput: &str| {
            let currency = "EUR".parse().expect("a currency");
            let row = AccountRow {
                id: AccountId::from_raw(1),
                name: "bank".into(),
                currency,
                state: AccessState::Active,
                credit_limit_micros: 0,
                tariff_id: TariffId::from_raw(1),
                created_at: Timestamp(0),
                throughput: throughput.into(),
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
            let configuration = Configuration { accounts: vec![row], ..Configuration::default() };
            Snapshot::build(
                configuration,
                Arc::new(NetworkTable::built_in()),
                Books::default(),
                &Seal::throwaway().unwrap(),
            )
        };
        let room = |snapshot: &Snapshot| {
            let account = snapshot.account(AccountId::from_raw(1)).expect("the account");
            account.active.then(|| account.limit.take(1, Instant::now()).is_ok())
        };
        let before = with("1/h burst 1");
        assert_eq!((room(&before), room(&before)), (Some(true), Some(false)));
        let (mut same, mut other) = (with("1/h burst 1"), with("1/h burst 2"));
        same.keep_limits(&before);
        other.keep_limits(&before);
        assert_eq!((room(&same), room(&other)), (Some(false), Some(true)));
        assert_eq!(room(&with("as fast as it goes")), None, "fails closed");
    }

    #[test]
    fn the_number_of_a_group_never_changes() {
        assert_eq!(named_group("north"), -2_578_769_859_280_307_487);
        assert_ne!(named_group("north"), named_group("south"));
    }
}
