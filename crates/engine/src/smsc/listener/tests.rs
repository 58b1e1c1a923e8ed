//! Who gets a place, and when who gets none is told, over real sockets.

use std::path::PathBuf;

use sambac_domain::class::TrafficClass;
use sambac_domain::id::{AccountId, SmppAccountId, TariffId};
use sambac_domain::time::Timestamp;
use sambac_smpp::{BindError, BindKind, BindRequest, Events, Session};
use sambac_store::rows::{AccessState, AccountRow, SmppAccountRow, TariffRow};
use sambac_store::{Sealed, Store};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket};

use super::*;
use crate::clock::Clock;
use crate::seal::Seal;
use crate::settings::Settings;
use crate::smsc::password;

const HOME: &str = "127.0.0.1";
const ELSEWHERE: &str = "127.0.0.2";

struct Server {
    address: SocketAddr,
    engine: Engine,
    folder: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        // A folder that stays behind harms nobody.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// With "esme", who may bind from [`HOME`] only, and "guest", who may from everywhere.
async fn server(change: impl FnOnce(&mut Settings)) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let folder = std::env::temp_dir().join(format!("sambac-door-{}-{}", std::process::id(), address.port()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let store = Store::open(&format!("sqlite://{}/sambac.db", folder.display())).await.expect("a database");
    store.migrate().await.expect("a schema");
    provision(&store).await;
    let seal = Seal::from_base64(&"A".repeat(43)).expect("a key");
    let mut settings = Settings { smpp_refusal_after: Duration::from_secs(2), ..Settings::new(seal) };
    change(&mut settings);
    let engine = Engine::start(settings, store, Clock::system()).await.expect("an engine");
    engine.listen_smpp(listener);
    Server { address, engine, folder }
}

async fn provision(store: &Store) {
    let (currency, created_at) = ("EUR".parse().expect("a currency"), Timestamp(0));
    let tariff = TariffRow { id: TariffId::from_raw(1), name: "list".into(), currency, created_at };
    store.upsert_tariff(&tariff).await.expect("a tariff");
    let account = AccountRow {
        id: AccountId::from_raw(1),
        name: "bank".into(),
        currency,
        state: AccessState::Active,
        credit_limit_micros: 0,
        tariff_id: tariff.id,
        created_at,
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
    let password_hash = Sealed(password::hash(&SecretString::from("secret")).expect("a hash"));
    for (number, system_id, allowed_ips) in [(1, "esme", vec![HOME.into()]), (2, "guest", Vec::new())] {
        let row = SmppAccountRow {
            id: SmppAccountId::from_raw(number),
            account_id: account.id,
            system_id: system_id.into(),
            password_hash: password_hash.clone(),
            allowed_ips,
            binds_max: 10,
            window_max: 10,
            traffic_class: TrafficClass::Otp,
            state: AccessState::Active,
            created_at,
            settings: String::new(),
        };
        store.upsert_smpp_account(&row).await.expect("an SMPP account");
    }
}

impl Server {
    async fn connect(&self, from: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(format!("{from}:0").parse().expect("an address")).expect("our address");
        socket.connect(self.address).await.expect("a connection")
    }

    async fn bind(&self, from: &str, system_id: &str, password: &str) -> Result<(Session, Events), BindError> {
        let request = BindRequest::new(BindKind::Transceiver, system_id, password);
        let stream = self.connect(from).await;
        let (session, events, _) = sambac_smpp::bind(stream, &request, SessionConfig::default()).await?;
        Ok((session, events))
    }

    /// How long a refusal takes.
    async fn refusal(&self, from: &str, system_id: &str, password: &str) -> Duration {
        let started = Instant::now();
        let refused = self.bind(from, system_id, password).await.map(drop);
        assert!(matches!(refused, Err(BindError::Refused(CommandStatus::RBINDFAIL))), "{refused:?}");
        started.elapsed()
    }
}

/// Whether the listener closes it, well before the time for a bind is over.
async fn is_closed(stream: &mut TcpStream) -> bool {
    let read = tokio::time::timeout(BIND_TIMEOUT / 5, stream.read(&mut [0; 1])).await;
    // A reset is an end too.
    read.is_ok_and(|read| read.map_or(true, |count| count == 0))
}

#[tokio::test]
async fn one_source_cannot_take_all_places_of_the_unbound() {
    let server = server(|settings| settings.smpp_unbound_per_source_max = 2).await;
    let [mut oldest, _next] = [server.connect(HOME).await, server.connect(HOME).await];
    let _newest = server.connect(HOME).await;
    assert!(is_closed(&mut oldest).await, "who stands there for longest gives way to the next of the same source");
    server.bind(ELSEWHERE, "guest", "secret").await.expect("another source has places");
}

#[tokio::test]
async fn the_unbound_have_few_places() {
    let server = server(|settings| settings.smpp_unbound_max = 1).await;
    let _silent = server.connect(HOME).await;
    assert!(is_closed(&mut server.connect(ELSEWHERE).await).await);
}

#[tokio::test]
async fn who_is_bound_takes_no_place_of_the_unbound() {
    let server = server(|settings| settings.smpp_unbound_max = 1).await;
    let _first = server.bind(HOME, "esme", "secret").await.expect("a bind");
    let _second = server.bind(HOME, "esme", "secret").await.expect("a bind");
}

#[tokio::test]
async fn who_waits_for_a_refusal_takes_no_place_of_the_bound() {
    let server = server(|settings| settings.smpp_connections_max = 1).await;
    let (_, bound) = tokio::join!(server.refusal(HOME, "esme", "wrong"), server.bind(HOME, "esme", "secret"));
    let _bound = bound.expect("a bind");
    server.refusal(HOME, "esme", "secret").await;
}

#[tokio::test]
async fn every_refusal_comes_at_its_time() {
    let server = server(|_| {}).await;
    // From now on the password is remembered and is verified at once.
    server.bind(HOME, "esme", "secret").await.expect("a bind");
    let limit = server.engine.0.settings.smpp_refusal_after;
    let (forbidden, wrong, nobody) = tokio::join!(
        server.refusal(ELSEWHERE, "esme", "secret"),
        server.refusal(HOME, "esme", "wrong"),
        server.refusal(HOME, "nobody", "secret")
    );
    for took in [forbidden, wrong, nobody] {
        assert!(took >= limit, "{forbidden:?} {wrong:?} {nobody:?}");
    }
}

#[tokio::test]
async fn a_password_that_takes_too_long_to_verify_is_refused() {
    let server = server(|settings| settings.smpp_refusal_after = Duration::ZERO).await;
    server.refusal(HOME, "esme", "secret").await;
}

#[tokio::test]
async fn a_pdu_is_as_long_as_the_longest_message() {
    let server = server(|_| {}).await;
    for (octets, expected) in [(40 * 1024, CommandStatus::RINVCMDID), (40 * 1024 + 1, CommandStatus::RINVCMDLEN)] {
        let mut stream = server.connect(HOME).await;
        let mut pdu = vec![0; octets as usize];
        // A command that nobody knows, so that the answer is of the length or of the command.
        for (place, value) in [octets, 0x0bad, 0, 1].into_iter().enumerate() {
            pdu[place * 4..place * 4 + 4].copy_from_slice(&u32::to_be_bytes(value));
        }
        // It may close before it has read all.
        let _ = stream.write_all(&pdu).await;
        let mut answer = [0; 16];
        stream.read_exact(&mut answer).await.expect("a generic_nack");
        assert_eq!(answer[8..12], expected.0.to_be_bytes(), "{octets} octets");
    }
}

/// Nobody is locked out: the right password is right after any number of wrong ones, from the same address.
#[tokio::test]
async fn who_failed_often_still_binds_with_the_right_password() {
    let server = server(|settings| {
        settings.smpp_refusal_after = Duration::from_secs(1);
        settings.smpp_refused_max = 1_000;
        settings.smpp_unbound_per_source_max = 1_000;
    })
    .await;
    let mut guesses = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let stream = server.connect(HOME).await;
        guesses.spawn(async move {
            let request = BindRequest::new(BindKind::Transceiver, "guest", "wrong");
            sambac_smpp::bind(stream, &request, SessionConfig::default()).await.is_err()
        });
    }
    assert!(guesses.join_all().await.into_iter().all(|refused| refused));
    let record = server.engine.0.strikes.of(HOME.parse().expect("an address"), b"guest");
    assert!(record.is_suspect());
    server.bind(HOME, "guest", "secret").await.expect("the right password");
    let record = server.engine.0.strikes.of(HOME.parse().expect("an address"), b"guest");
    assert!(!record.is_suspect(), "its name is cleared");
}

/// The text of the alert about an attack, once it is open, and how often it was raised.
async fn attack(server: &Server) -> (String, u64) {
    let looking = async {
        loop {
            let alerts = server.engine.alerts();
            if let Some(alert) = alerts.iter().find(|alert| alert.kind == AlertKind::SmppAttack && alert.is_open()) {
                return (alert.text.clone(), alert.count);
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), looking).await.expect("an alert")
}

/// Far fewer failures than would be many in a second, and they are told of with their address: once, however often they go on.
#[tokio::test]
async fn a_guesser_of_one_password_is_told_of() {
    let server = server(|_| {}).await;
    let peer = Peer { address: ELSEWHERE.parse().expect("an address"), tls: false, certificate: None };
    for times in 1..=15 {
        note_failure(&server.engine.0, peer, b"guest");
        assert_eq!(server.engine.alerts().iter().any(|alert| alert.kind == AlertKind::SmppAttack), times >= 10);
    }
    look_at_attack(&server.engine.0);
    let (text, count) = attack(&server).await;
    assert_eq!(text, "15 binds failed within an hour from 127.0.0.2, of system_id guest");
    assert_eq!(count, 1);
}

#[tokio::test]
async fn connections_turned_away_are_told_of() {
    let server = server(|settings| settings.smpp_unbound_per_source_max = 1).await;
    let mut silent = server.connect(HOME).await;
    for _ in 0..crate::smsc::watch::FLOOD {
        let next = server.connect(HOME).await;
        assert!(is_closed(&mut std::mem::replace(&mut silent, next)).await);
    }
    let (text, _) = attack(&server).await;
    assert!(
        text.contains("100 connections were turned away within 10 seconds, most of it from 127.0.0.1 (100)"),
        "{text}"
    );
}

/// A place that is left before a refusal is due goes to whoever waits for it.
#[tokio::test]
async fn who_finds_no_place_waits_for_one_until_its_refusal_is_due() {
    let server = server(|settings| settings.smpp_connections_max = 1).await;
    let (session, _events) = server.bind(HOME, "esme", "secret").await.expect("a bind");
    let waiting = server.bind(HOME, "esme", "secret");
    let leaving = async {
        tokio::task::yield_now().await;
        session.unbind(Duration::from_secs(1)).await;
    };
    let (bound, ()) = tokio::join!(waiting, leaving);
    let _bound = bound.expect("the place that was left");
    server.refusal(HOME, "esme", "secret").await;
}
