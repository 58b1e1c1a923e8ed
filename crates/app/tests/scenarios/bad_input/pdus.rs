//! Mutated PDUs: before a bind, and on sessions that are bound as they should be.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::BytesMut;
use sambac_testkit::scenario::message;
use sambac_testkit::scenario::smpp::{BindKind, BindRequest, CommandStatus, HEADER_OCTETS, Pdu, encode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::mutation::Mutation;

/// How many are sent.
pub(super) const COUNT: usize = 10_000;
/// Written on one connection, until it is closed.
const PER_CONNECTION: usize = 20;
/// Connections from one address at a time: fewer than one source may have that are not bound.
const PARALLEL: usize = 30;
const LIMIT: Duration = Duration::from_secs(20);

/// Sends all of them, and returns how many that were.
///
/// Who does not bind as he should is told so after seconds, and from one address later each time. So each connection that may be
/// told has an address of its own, and all of them wait at once, beside those that are bound.
pub(super) async fn send(at: SocketAddr, password: &str) -> Result<usize> {
    let corpus = corpus()?;
    let places = Arc::new(Semaphore::new(PARALLEL));
    let mut talks = JoinSet::new();
    let mut sent = 0;
    for number in 0..COUNT / PER_CONNECTION {
        let octets = connection(number, &corpus, password)?;
        sent += octets.len() - 1;
        let (octets, places) = (octets.concat(), Arc::clone(&places));
        talks.spawn(async move {
            if is_bound(number) {
                let _place = places.acquire().await?;
                return talk(at, &octets).await;
            }
            let own = Ipv4Addr::new(127, 0, 1, u8::try_from(number / 4)?);
            talk_from(own, at, &octets).await
        });
    }
    while let Some(talk) = talks.join_next().await {
        talk??;
    }
    Ok(sent)
}

/// Connects, writes everything, says that nothing more comes, and reads until the other side has closed as well.
pub(super) async fn talk(at: SocketAddr, octets: &[u8]) -> Result<Vec<u8>> {
    talk_from(Ipv4Addr::LOCALHOST, at, octets).await
}

/// The same from another address of this machine.
async fn talk_from(source: Ipv4Addr, at: SocketAddr, octets: &[u8]) -> Result<Vec<u8>> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((source, 0)))?;
    let mut stream = socket.connect(at).await?;
    let mut answer = Vec::new();
    let conversation = async {
        // A peer that closes in the middle is within its rights.
        if stream.write_all(octets).await.is_ok() && stream.shutdown().await.is_ok() {
            let _ = stream.read_to_end(&mut answer).await;
        }
    };
    ensure!(timeout(LIMIT, conversation).await.is_ok(), "a connection is held open for more than {LIMIT:?}");
    Ok(answer)
}

/// Whether a connection binds as it should before it sends what is spoiled.
fn is_bound(number: usize) -> bool {
    !number.is_multiple_of(4)
}

/// What one connection sends: a bind or nothing, then mutated PDUs.
fn connection(number: usize, corpus: &[Vec<u8>], password: &str) -> Result<Vec<Vec<u8>>> {
    let mut mutation = Mutation::new(number as u64);
    let is_bound = is_bound(number);
    let kind = [BindKind::Transceiver, BindKind::Transmitter, BindKind::Receiver][number % 3];
    let bind = octets(&BindRequest::new(kind, "hostile", password).pdu(), 1)?;
    let submit = octets(&Pdu::SubmitSm(message("447700900123", b"mutate me: 0123456789")), 2)?;
    let mutated = (0..PER_CONNECTION).map(|_| {
        // A wrong password costs the platform a second of waiting, so that binds are rare among them.
        let seed = match (is_bound, mutation.chance(70)) {
            (true, true) => &submit,
            (false, true) if number.is_multiple_of(32) => &bind,
            _ => mutation.choose(corpus),
        };
        let mut octets = seed.clone();
        let other = mutation.choose(corpus);
        mutation.spoil(&mut octets, other);
        // With its length put right a PDU gets past the framing, to where it is more interesting; a wrong one ends the talk.
        if mutation.chance(98) {
            octets.resize(octets.len().max(HEADER_OCTETS), 0);
            let length = octets.len() as u32;
            octets[..4].copy_from_slice(&length.to_be_bytes());
        }
        octets
    });
    let first = if is_bound { bind.clone() } else { Vec::new() };
    Ok(std::iter::once(first).chain(mutated).collect())
}

fn octets(pdu: &Pdu<'_>, sequence: u32) -> Result<Vec<u8>> {
    let mut buffer = BytesMut::new();
    encode(pdu, sequence, CommandStatus::ROK, &mut buffer)?;
    Ok(buffer.to_vec())
}

/// The corpus of the decoder's fuzz target, in the order of its names.
fn corpus() -> Result<Vec<Vec<u8>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../smpp/fuzz/corpus/decode");
    let mut paths: Vec<_> =
        folder.read_dir()?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    ensure!(paths.len() > 40, "the corpus is not there");
    Ok(paths.iter().map(std::fs::read).collect::<Result<_, _>>()?)
}
