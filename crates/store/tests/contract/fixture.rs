//! Rows to write: one account with a wallet, one operator with one connector, messages numbered from 1.

use std::sync::Arc;

use sambac_domain::text::Encoding;
use sambac_domain::{
    AccountId, AdminKeyId, ApiKeyId, ChargePolicy, ConnectorId, Cost, CostBookId, Currency, EventId, IntentId,
    IssuerId, Lane, MccMnc, Message, MessageBody, MessageId, MessageOptions, MessageState, Msisdn, NetworkId,
    NumberPrefixId, OperatorGroupId, OperatorId, Origin, PaymentId, PostingId, RateId, RateScope, ReceiptState,
    RequestKeyId, RouteId, RouteMatch, SegmentId, SheetId, SmppAccountId, Strategy, TargetId, TariffId, Timestamp,
    TrafficClass, WebhookId,
};
use sambac_store::rows::{
    AccessState, AccountRow, AdminKeyRow, ApiKeyRow, BalanceKind, BalanceRow, BindKind, CdrRow, ChargeRow, ChargeState,
    ConnectorRow, CostBookRow, EventRow, IdempotencyRow, IntentRow, IssuerRow, NetworkRow, NumberPrefixRow,
    OperatorGroupRow, OperatorRow, OrphanRow, OutboxKind, OutboxRow, PaymentRow, PostingKind, PostingRow, RateRow,
    RequestKeyRow, RouteRow, SegmentRow, SheetRow, SmppAccountRow, TariffRow, WebhookRow, WebhookState,
};
use sambac_store::{ChainKey, NewMessage, Sealed, Settlement, Store};

pub(crate) const ACCOUNT: AccountId = AccountId::from_raw(1 << 8);
pub(crate) const OTHER_ACCOUNT: AccountId = AccountId::from_raw(2 << 8);
pub(crate) const CONNECTOR: ConnectorId = ConnectorId::from_raw(3 << 8);
pub(crate) const OPERATOR: OperatorId = OperatorId::from_raw(4 << 8);
pub(crate) const TARIFF: TariffId = TariffId::from_raw(5 << 8);
pub(crate) const RATE: RateId = RateId::from_raw(6 << 8);
pub(crate) const COST_BOOK: CostBookId = CostBookId::from_raw(21 << 8);
pub(crate) const SHEET: SheetId = SheetId::from_raw(20 << 8);
pub(crate) const ROUTE: RouteId = RouteId::from_raw(7 << 8);
pub(crate) const API_KEY: ApiKeyId = ApiKeyId::from_raw(8 << 8);
pub(crate) const SMPP_ACCOUNT: SmppAccountId = SmppAccountId::from_raw(9 << 8);
pub(crate) const WEBHOOK: WebhookId = WebhookId::from_raw(10 << 8);
pub(crate) const WALLET: i64 = 11 << 8;
pub(crate) const HELD: i64 = 12 << 8;
pub(crate) const REVENUE: i64 = 13 << 8;
pub(crate) const FUNDING: i64 = 14 << 8;
pub(crate) const PRICE_MICROS: i64 = 12_500;
pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
pub(crate) const QUEUE: TargetId = TargetId(3 << 8);
pub(crate) const OTP_LANE: Lane = Lane(0);

pub(crate) fn eur() -> Currency {
    "EUR".parse().unwrap()
}

pub(crate) fn message_id(number: i64) -> MessageId {
    MessageId::from_raw(number << 20)
}

pub(crate) fn segment_id(number: i64) -> SegmentId {
    SegmentId::new(message_id(number), 1)
}

pub(crate) fn posting_id(number: i64) -> PostingId {
    PostingId::from_raw((1 << 40) + (number << 8))
}

pub(crate) fn message(number: i64) -> Arc<Message> {
    Arc::new(Message {
        id: message_id(number),
        account_id: ACCOUNT,
        origin: Origin::Rest { api_key: API_KEY },
        sender: "Example".parse().unwrap(),
        destination: destination(number),
        class: TrafficClass::Otp,
        body: body(),
        segment_count: 1,
        mcc_mnc: Some(MccMnc::TEST),
        route_id: ROUTE,
        rate_id: RATE,
        price_micros: PRICE_MICROS,
        currency: eur(),
        accepted_at: NOW,
        expires_at: Timestamp(NOW.0 + number * 1_000_000),
        client_ref: Some(format!("ref-{number}")),
        answered_id: None,
        receipt_wanted: true,
        registered_delivery: 0x11,
        options: (number % 2 == 0).then(|| {
            Box::new(MessageOptions { reference: Some(7), message_class: Some(0), ..MessageOptions::default() })
        }),
        charge_policy: ChargePolicy::Delivered,
        cost: (number % 2 == 1).then(|| Cost {
            operator_id: OPERATOR,
            rate_id: RATE,
            micros: 9_000,
            currency: eur(),
            policy: ChargePolicy::Accepted,
        }),
    })
}

pub(crate) fn body() -> MessageBody {
    MessageBody::Text { text: "Your code is 000000".to_owned(), encoding: Encoding::Gsm7 }
}

/// +44 7700 900xxx is set aside for fiction.
pub(crate) fn destination(number: i64) -> Msisdn {
    Msisdn::from_u64(447_700_900_000 + u64::try_from(number % 1_000).unwrap()).unwrap()
}

pub(crate) fn new_message(number: i64) -> NewMessage {
    NewMessage::accepted(message(number), body().to_bytes())
}

pub(crate) fn segment(number: i64) -> SegmentRow {
    SegmentRow {
        id: segment_id(number),
        connector_id: CONNECTOR,
        state: MessageState::Routed,
        smsc_message_id: None,
        receipt_key: None,
        attempts: 0,
        possible_duplicate: false,
        command_status: None,
        error: None,
        operator_error: None,
        submitted_at: None,
        answered_at: None,
        final_at: None,
        done_at: None,
    }
}

/// The segment with an answer.
pub(crate) fn submitted(number: i64) -> SegmentRow {
    SegmentRow {
        state: MessageState::Submitted,
        smsc_message_id: Some(format!("00{number:x}")),
        receipt_key: Some(number * 31),
        attempts: 1,
        command_status: Some(0),
        submitted_at: Some(Timestamp(NOW.0 + 1)),
        answered_at: Some(Timestamp(NOW.0 + 2)),
        ..segment(number)
    }
}

pub(crate) fn charge(number: i64, hold: PostingId) -> ChargeRow {
    ChargeRow {
        id: segment_id(number),
        account_id: ACCOUNT,
        rate_id: RATE,
        amount_micros: PRICE_MICROS,
        currency: eur(),
        state: ChargeState::Held,
        policy: ChargePolicy::Delivered,
        hold_posting_id: hold,
        wallet_of: None,
        block_id: 0,
        captured_micros: 0,
        settle_posting_id: None,
        correct_posting_id: None,
        settle_block_id: None,
    }
}

/// How a charge ends.
pub(crate) fn settle(number: i64, state: ChargeState, posting: i64) -> Settlement {
    let captured_micros = if state == ChargeState::Captured { PRICE_MICROS } else { 0 };
    Settlement { id: segment_id(number), state, captured_micros, posting: posting_id(posting), block_id: 0 }
}

pub(crate) fn chain_key() -> ChainKey {
    ChainKey::new(b"a key of the tests")
}

pub(crate) fn submit(number: i64) -> OutboxRow {
    OutboxRow {
        target: QUEUE,
        lane: OTP_LANE,
        id: segment_id(number).raw(),
        kind: OutboxKind::Submit,
        attempt: 0,
        due_at: Timestamp(0),
        payload: None,
    }
}

pub(crate) fn posting(number: i64, kind: PostingKind, amount_micros: i64) -> PostingRow {
    let (debit_id, credit_id) = match kind {
        PostingKind::Hold => (WALLET, HELD),
        PostingKind::Capture => (HELD, REVENUE),
        PostingKind::Void | PostingKind::Expire => (HELD, WALLET),
        PostingKind::Debit | PostingKind::Correct => (WALLET, REVENUE),
        PostingKind::Refund => (REVENUE, WALLET),
        PostingKind::Credit => (FUNDING, WALLET),
    };
    let id = posting_id(number);
    PostingRow { id, debit_id, credit_id, amount_micros, currency: eur(), kind, created_at: NOW, block_id: 0 }
}

pub(crate) fn cdr(number: i64) -> CdrRow {
    CdrRow {
        id: segment_id(number),
        account_id: ACCOUNT,
        operator_id: OPERATOR,
        connector_id: CONNECTOR,
        mcc_mnc: Some(MccMnc::TEST),
        sender: "Example".parse().unwrap(),
        destination: destination(number),
        class: TrafficClass::Otp,
        state: MessageState::Delivered,
        error: None,
        operator_error: None,
        smsc_message_id: Some(format!("00{number:x}")),
        attempts: 1,
        possible_duplicate: false,
        price_micros: PRICE_MICROS,
        currency: eur(),
        charge_state: ChargeState::Captured,
        accepted_at: NOW,
        submitted_at: Some(Timestamp(NOW.0 + 1)),
        final_at: Timestamp(NOW.0 + 3),
        done_at: Some(Timestamp(NOW.0 + 2)),
        group_id: (number % 2 == 0).then(|| message_id(number)),
        block_id: 0,
        cost_rate_id: Some(RATE),
        cost_micros: Some(9_000),
        cost_currency: Some(eur()),
    }
}

pub(crate) fn event(number: i64, at: i64) -> EventRow {
    EventRow {
        id: EventId::from_raw((1 << 41) + (at << 8)),
        message_id: message_id(number),
        segment_no: 1,
        kind: "retry".to_owned(),
        at: Timestamp(NOW.0 + at),
        detail: Some(r#"{"command_status":88}"#.to_owned()),
    }
}

pub(crate) fn intent(number: i64, segments: Vec<SegmentId>) -> IntentRow {
    IntentRow {
        id: IntentId::from_raw((1 << 42) + (number << 8)),
        connector_id: CONNECTOR,
        segments,
        created_at: NOW,
        epoch: number,
    }
}

pub(crate) fn orphan(number: i64) -> OrphanRow {
    OrphanRow {
        id: (1 << 43) + (number << 8),
        connector_id: CONNECTOR,
        receipt_key: number * 31,
        smsc_message_id: format!("00{number:x}"),
        other_id: Some(format!("{number}")),
        source: destination(number).as_u64().to_string(),
        destination: "Example".to_owned(),
        state: ReceiptState::Delivered,
        word: None,
        error: Some("000".to_owned()),
        submit_date: None,
        done_date: Some(Timestamp(NOW.0 - 60_000_000)),
        received_at: Timestamp(NOW.0 + number),
    }
}

pub(crate) fn answer(key: &str, number: i64) -> IdempotencyRow {
    IdempotencyRow {
        account_id: ACCOUNT,
        key: key.to_owned(),
        fingerprint: "f00d".to_owned(),
        message_id: message_id(number),
        response: "{}".to_owned(),
        created_at: Timestamp(NOW.0 + number),
    }
}

pub(crate) fn payment(number: i64, reference: &str, amount_micros: i64) -> PaymentRow {
    PaymentRow {
        id: PaymentId::from_raw((1 << 44) + (number << 8)),
        account_id: ACCOUNT,
        amount_micros,
        currency: eur(),
        method: "manual".to_owned(),
        reference: reference.to_owned(),
        posting_id: posting_id(number),
        created_at: NOW,
        block_id: 0,
    }
}

pub(crate) fn tariff() -> TariffRow {
    TariffRow { id: TARIFF, name: "Standard".to_owned(), currency: eur(), created_at: NOW }
}

pub(crate) fn cost_book() -> CostBookRow {
    CostBookRow { id: COST_BOOK, operator_id: OPERATOR, currency: eur(), created_at: NOW }
}

pub(crate) fn network() -> NetworkRow {
    NetworkRow {
        id: NetworkId::from_raw(22 << 8),
        mcc_mnc: MccMnc::TEST,
        country: "ZZ".parse().unwrap(),
        operator: "Example".to_owned(),
        source: "edited".to_owned(),
        as_of: "2026-11-01".to_owned(),
        created_at: NOW,
    }
}

pub(crate) fn number_prefix() -> NumberPrefixRow {
    NumberPrefixRow {
        id: NumberPrefixId::from_raw(23 << 8),
        prefix: "999123".to_owned(),
        mcc_mnc: MccMnc::TEST,
        source: "edited".to_owned(),
        as_of: "2026-11-01".to_owned(),
        created_at: NOW,
    }
}

pub(crate) fn operator_group() -> OperatorGroupRow {
    OperatorGroupRow {
        id: OperatorGroupId::from_raw(24 << 8),
        name: "Example".to_owned(),
        aliases: vec!["EX".to_owned()],
        networks: vec!["00101".to_owned(), "001001".to_owned()],
        source: "edited".to_owned(),
        as_of: "2026-11-01".to_owned(),
        created_at: NOW,
    }
}

pub(crate) fn rate() -> RateRow {
    RateRow {
        id: RATE,
        sheet_id: SHEET,
        scope: RateScope::Default,
        sender_form: None,
        class: None,
        price_micros: PRICE_MICROS,
        charge_policy: ChargePolicy::Delivered,
    }
}

/// The tariff's first sheet: from the beginning, without an end.
pub(crate) fn sheet() -> SheetRow {
    SheetRow {
        id: SHEET,
        book_id: TARIFF.into(),
        version: 1,
        effective_from: Timestamp::EPOCH,
        effective_to: None,
        rate_count: 1,
        source: "test".to_owned(),
        note: String::new(),
        created_by: "a person".to_owned(),
        created_at: NOW,
        withdrawn_at: None,
    }
}

pub(crate) fn account(id: AccountId, name: &str) -> AccountRow {
    AccountRow {
        id,
        name: name.to_owned(),
        currency: eur(),
        state: AccessState::Active,
        credit_limit_micros: 0,
        tariff_id: TARIFF,
        created_at: NOW,
        throughput: "200/s burst 50".to_owned(),
        wallet_of: None,
        margin_floor: String::new(),
        message_price_micros_max: None,
        limits: String::new(),
        otp_guard: String::new(),
        allowed_ips: Vec::new(),
        rate_limits: String::new(),
        content_rules: String::new(),
        message_rules: String::new(),
    }
}

pub(crate) fn operator() -> OperatorRow {
    OperatorRow { id: OPERATOR, name: "Example Mobile".to_owned(), created_at: NOW }
}

pub(crate) fn connector() -> ConnectorRow {
    ConnectorRow {
        id: CONNECTOR,
        operator_id: OPERATOR,
        name: "example-1".to_owned(),
        host: "127.0.0.1".to_owned(),
        port: 2775,
        system_id: "sambac".to_owned(),
        password_sealed: Sealed("sealed".to_owned()),
        bind_kind: BindKind::Transceiver,
        binds: 1,
        window_max: 100,
        throughput_per_s_max: 0,
        settings: "{}".to_owned(),
        enabled: true,
        created_at: NOW,
    }
}

pub(crate) fn route() -> RouteRow {
    RouteRow {
        id: ROUTE,
        name: "all".to_owned(),
        position: -1,
        matches: RouteMatch { mcc_mnc: Some(MccMnc::TEST), class: Some(TrafficClass::Otp), ..RouteMatch::default() },
        strategy: Strategy::Failover,
        connectors: vec![CONNECTOR],
        enabled: true,
        created_at: NOW,
        margin_floor: String::new(),
    }
}

pub(crate) fn smpp_account() -> SmppAccountRow {
    SmppAccountRow {
        id: SMPP_ACCOUNT,
        account_id: ACCOUNT,
        system_id: "bank".to_owned(),
        password_hash: Sealed("hash".to_owned()),
        allowed_ips: vec!["192.0.2.0/24".to_owned()],
        binds_max: 4,
        window_max: 50,
        traffic_class: TrafficClass::Transactional,
        state: AccessState::Active,
        created_at: NOW,
        settings: r#"{"preset":"jasmin"}"#.to_owned(),
    }
}

pub(crate) fn api_key() -> ApiKeyRow {
    ApiKeyRow {
        id: API_KEY,
        account_id: ACCOUNT,
        name: "back office".to_owned(),
        environment: "live".to_owned(),
        secret_hash: Sealed("hash".to_owned()),
        scopes: vec!["sms:send".to_owned(), "sms:read".to_owned()],
        state: AccessState::Active,
        created_at: NOW,
        expires_at: None,
        former_secret_hash: Some(Sealed("former hash".to_owned())),
        former_until: Some(NOW),
        allowed_ips: vec!["192.0.2.0/24".to_owned()],
        rate_limit: "10/s".to_owned(),
    }
}

pub(crate) fn webhook() -> WebhookRow {
    WebhookRow {
        id: WEBHOOK,
        account_id: ACCOUNT,
        url: "https://client.example/dlr".to_owned(),
        secret_sealed: Sealed("sealed".to_owned()),
        state: WebhookState::Enabled,
        created_at: NOW,
        description: "core banking".to_owned(),
        events: vec!["message.delivered".to_owned()],
        public_key: String::new(),
        former_secret_sealed: Some(Sealed("sealed before".to_owned())),
        former_public_key: String::new(),
        former_until: Some(NOW),
        disabled_reason: String::new(),
        disabled_at: None,
        environment: "live".to_owned(),
    }
}

pub(crate) fn balances() -> Vec<BalanceRow> {
    let row = |id, account_id, kind| BalanceRow { id, account_id, kind, currency: eur(), balance_micros: 0, shard: 0 };
    vec![
        row(WALLET, Some(ACCOUNT), BalanceKind::Wallet),
        row(HELD, Some(ACCOUNT), BalanceKind::Held),
        row(REVENUE, None, BalanceKind::Revenue),
        row(FUNDING, None, BalanceKind::Funding),
    ]
}

/// One account with an empty wallet.
pub(crate) async fn seed(store: &Store) {
    let mut work = store.begin().await.unwrap();
    work.upsert_tariff(&tariff()).await.unwrap();
    work.add_sheet(&sheet(), &[rate()]).await.unwrap();
    work.commit().await.unwrap();
    store.upsert_account(&account(ACCOUNT, "Bank")).await.unwrap();
    store.ensure_balances(&balances()).await.unwrap();
}

pub(crate) fn request_key() -> RequestKeyRow {
    RequestKeyRow {
        id: RequestKeyId::from_raw(17 << 8),
        api_key_id: api_key().id,
        algorithm: "hmac-sha256".into(),
        public_key: String::new(),
        secret_sealed: Some(Sealed("sealed".into())),
        required: true,
        created_at: NOW,
    }
}

pub(crate) fn issuer() -> IssuerRow {
    IssuerRow {
        id: IssuerId::from_raw(16 << 8),
        name: "idp".into(),
        url: "https://login.bank.example".into(),
        audience: "https://sms.example.com".into(),
        jwks_url: "https://login.bank.example/jwks".into(),
        accounts: vec![ACCOUNT],
        settings: r#"{"scopes":["sms:send"]}"#.into(),
        state: AccessState::Active,
        created_at: NOW,
    }
}

pub(crate) fn admin_key() -> AdminKeyRow {
    AdminKeyRow {
        id: AdminKeyId::from_raw(15 << 8),
        name: "operations".into(),
        secret_hash: Sealed("hash".into()),
        scopes: vec!["config:read".into(), "operations".into()],
        state: AccessState::Active,
        created_at: NOW,
        expires_at: None,
    }
}
