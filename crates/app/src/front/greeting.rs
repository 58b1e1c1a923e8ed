//! What a node says before it hands a connection over: one line, sealed with the master key, for a few seconds.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use sambac_domain::Timestamp;
use sambac_engine::seal::Seal;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// An id that no row has: what is sealed for it opens for nothing else.
const ID: i64 = -5;
/// A line is no longer.
const OCTETS_MAX: usize = 512;
/// How long a greeting counts, and how much nodes' clocks may differ.
const KEPT: Duration = Duration::from_secs(10);

/// The door that a client came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Door {
    /// The public API.
    Http,
    /// Clients' SMPP.
    Smpp,
    /// The same over TLS.
    SmppTls,
}

/// Which door a client came to, from where, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Greeting {
    pub(super) door: Door,
    pub(super) peer: SocketAddr,
    pub(super) at: Timestamp,
}

impl Greeting {
    pub(super) async fn write(&self, seal: &Seal, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let sealed = seal.seal_octets(ID, &serde_json::to_vec(self)?).map_err(io::Error::other)?;
        stream.write_all(format!("{sealed}\n").as_bytes()).await
    }

    /// Reads not one octet more than the line. `None` for whatever is no greeting of now.
    pub(super) async fn read(
        seal: &Seal,
        stream: &mut (impl AsyncRead + Unpin),
        now: Timestamp,
    ) -> io::Result<Option<Self>> {
        let mut line = Vec::new();
        loop {
            match stream.read_u8().await? {
                b'\n' => break,
                _ if line.len() >= OCTETS_MAX => return Ok(None),
                octet => line.push(octet),
            }
        }
        let opened = seal.open_octets(ID, &line).ok();
        let greeting: Option<Self> = opened.and_then(|plain| serde_json::from_slice(&plain).ok());
        let is_of_now = |greeting: &Self| now.since(greeting.at) <= KEPT && greeting.at.since(now) <= KEPT;
        Ok(greeting.filter(is_of_now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal() -> Seal {
        Seal::throwaway().unwrap()
    }

    async fn said(seal: &Seal, greeting: Greeting) -> Vec<u8> {
        let mut octets = Vec::new();
        greeting.write(seal, &mut octets).await.unwrap();
        octets
    }

    fn greeting(at_s: i64) -> Greeting {
        Greeting { door: Door::Smpp, peer: "192.0.2.7:4000".parse().unwrap(), at: Timestamp::from_secs(at_s) }
    }

    /// What follows the line is the client's, and stays in the connection.
    #[tokio::test]
    async fn a_greeting_is_read_and_nothing_behind_it() {
        let seal = seal();
        let octets = [said(&seal, greeting(100)).await, b"GET /".to_vec()].concat();
        let mut stream = octets.as_slice();
        let read = Greeting::read(&seal, &mut stream, Timestamp::from_secs(101)).await.unwrap();
        assert_eq!((read, stream), (Some(greeting(100)), &b"GET /"[..]));
    }

    #[tokio::test]
    async fn a_stranger_an_old_one_and_garbage_are_no_greeting() {
        let seal = seal();
        let now = Timestamp::from_secs(100);
        let long = [vec![b'a'; 5_000], b"\n".to_vec()].concat();
        let strange = said(&Seal::throwaway().unwrap(), greeting(100)).await;
        for octets in [strange, said(&seal, greeting(80)).await, said(&seal, greeting(120)).await, long, b"\n".to_vec()]
        {
            assert_eq!(Greeting::read(&seal, &mut octets.as_slice(), now).await.unwrap(), None);
        }
        assert!(Greeting::read(&seal, &mut &b"cut"[..], now).await.is_err());
    }
}
