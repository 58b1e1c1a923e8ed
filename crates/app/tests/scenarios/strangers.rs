//! Those who speak something else, and those who guess: the SMPP port bears both, and clients notice nothing.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sambac_testkit::scenario::smpp::interface_version;
use sambac_testkit::scenario::wait::PATIENCE;
use sambac_testkit::scenario::{Platform, Secrets, Site, Wire};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::world;

/// What other programs say first.
pub(crate) const PROBES: &[(&str, &[u8])] = &[
    ("HTTP", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    (
        "TLS",
        b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\x00\x00\x02\x13\x01\x01\x00",
    ),
    ("AMQP", b"AMQP\x00\x00\x09\x01"),
    ("SSH", b"SSH-2.0-OpenSSH_9.6\r\n"),
    ("Redis", b"*1\r\n$4\r\nPING\r\n"),
    ("SMTP", b"EHLO localhost\r\n"),
    ("PROXY", b"PROXY TCP4 192.0.2.1 192.0.2.2 40000 2775\r\n"),
    ("PROXY 2", b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x01\xc0\x00\x02\x02\x9c\x40\x0a\xd7"),
    ("zeros", &[0; 64]),
];

/// The other side ends the connection, having said little.
pub(crate) async fn ends(stream: &mut (impl AsyncRead + Unpin), name: &str) -> Result<()> {
    let mut said = Vec::new();
    // A reset is an end too.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut said)).await?;
    ensure!(said.len() <= 64, "{name} was told {} octets", said.len());
    Ok(())
}

#[tokio::test]
async fn strangers_at_the_smpp_port() -> Result<()> {
    let world = world("strangers")?;
    let secrets = world.apply(&Site::with_one_account("10")).await?;
    let mut platform = world.platform(&[]).await?;
    for (name, octets) in PROBES {
        let mut stream = TcpStream::connect(platform.smpp()).await?;
        stream.write_all(octets).await?;
        ends(&mut stream, name).await?;
    }
    platform.esme(&secrets).await?;
    assert!(platform.is_running()?);
    world.passed();
    Ok(())
}

/// How long a good bind takes from this address.
async fn good(platform: &Platform, secrets: &Secrets, system_id: &str, from: [u8; 4]) -> Result<Duration> {
    let began = Instant::now();
    let mut wire = connect(platform, from).await?;
    let answer = wire.bind(system_id, secrets.smpp_password(system_id)?, interface_version::V3_4).await?;
    ensure!(answer.header().command_status.is_ok(), "refused: {}", answer.header().command_status);
    Ok(began.elapsed())
}

async fn connect(platform: &Platform, from: [u8; 4]) -> Result<Wire> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    Ok(Wire::over(socket.connect(platform.smpp()).await?))
}

/// Guesses until it is stopped, from an address of its own or one that it shares.
async fn guess(platform: SocketAddr, from: [u8; 4]) {
    loop {
        let Ok(socket) = TcpSocket::new_v4() else { continue };
        if socket.bind(SocketAddr::from((from, 0))).is_err() {
            continue;
        }
        let Ok(stream) = socket.connect(platform).await else { continue };
        let mut wire = Wire::over(stream);
        // Whether it is refused, closed or never answered: it is wrong.
        let _ = timeout(Duration::from_secs(2), wire.bind("esme", "guess", interface_version::V3_4)).await;
    }
}

/// While many addresses guess passwords as fast as they can, clients bind as ever: one that was here before, one that the
/// account names the address of, and one that comes for the first time, from an address that nobody guesses from.
#[tokio::test]
async fn guessers_keep_no_client_out() -> Result<()> {
    let world = world("guessers")?;
    let site = Site::with_one_account("10")
        .smpp_account("bank", "named", "allowed_ips = [\"127.0.2.1\"]")
        .smpp_account("bank", "first", "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    good(&platform, &secrets, "esme", [127, 0, 0, 1]).await?;
    let mut guessers = JoinSet::new();
    for number in 0..200_u8 {
        guessers.spawn(guess(platform.smpp(), [127, 0, 1, 1 + number % 50]));
    }
    // The attack has begun when somebody was told so.
    sambac_testkit::scenario::wait::until_true("an attack", async || {
        Ok(std::fs::read_to_string(world.path("platform.log"))?.contains("smpp_attack"))
    })
    .await?;
    for (system_id, from) in
        [("esme", [127, 0, 0, 1]), ("named", [127, 0, 2, 1]), ("first", [127, 0, 3, 1]), ("esme", [127, 0, 0, 1])]
    {
        let took = good(&platform, &secrets, system_id, from).await?;
        // The bar is a second; this machine has other things to do as well.
        ensure!(took < Duration::from_secs(3), "{system_id} waited for {took:?}");
    }
    guessers.shutdown().await;
    world.passed();
    Ok(())
}

/// A hundred binds that are lost at once are all back soon, and who stayed goes on.
#[tokio::test]
async fn a_herd_comes_back() -> Result<()> {
    let world = world("herd")?;
    let site = Site::with_one_account("10").smpp_account("bank", "herd", "binds_max = 200");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    let stays = platform.esme(&secrets).await?;
    let password = secrets.smpp_password("herd")?.to_owned();
    for _ in 0..2 {
        let began = Instant::now();
        let mut herd = JoinSet::new();
        for _ in 0..100 {
            herd.spawn(member(platform.smpp(), password.clone()));
        }
        // Each is bound when it returns; all are dropped together, and come again at once.
        let bound = herd.join_all().await;
        assert_eq!(bound.len(), 100);
        ensure!(began.elapsed() < Duration::from_secs(20), "back after {:?}", began.elapsed());
    }
    assert!(!stays.look(|heard| heard.closed));
    world.passed();
    Ok(())
}

/// Binds, however often that takes.
async fn member(platform: SocketAddr, password: String) -> Wire {
    loop {
        if let Ok(mut wire) = Wire::connect(platform).await
            && let Ok(answer) = wire.bind("herd", &password, interface_version::V3_4).await
            && answer.header().command_status.is_ok()
        {
            return wire;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
