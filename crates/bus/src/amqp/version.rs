//! Who a broker says that it is, before anybody has logged in (AMQP 0-9-1, 4.2.2: the protocol header is answered by `connection.start`).

use std::fmt;

use lapin::types::parsing::parse_field_table;
use lapin::types::{AMQPValue, FieldTable};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{ANSWER_TIMEOUT, BrokerError, BrokerUrl};

const HEADER: &[u8; 8] = b"AMQP\0\0\x09\x01";
/// A frame's type and channel, then how long it is.
const FRAME: usize = 7;
/// `connection.start`: class 10, method 10; two octets for the version of the protocol come behind.
const START: [u8; 4] = [0, 10, 0, 10];
const BEFORE_TABLE: usize = 6;
/// Longer than any broker's own words.
const LENGTH_MAX: usize = 65_536;

/// What a broker calls itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerVersion {
    /// `RabbitMQ`, say.
    pub product: String,
    /// `3.10.8`, say.
    pub version: String,
}

impl BrokerVersion {
    /// Asks for it.
    ///
    /// # Errors
    /// [`BrokerError`], also when it speaks otherwise.
    pub async fn ask(url: &BrokerUrl) -> Result<Self, BrokerError> {
        let heard = timeout(ANSWER_TIMEOUT, hear(url)).await.map_err(|_| BrokerError::Timeout)?;
        let heard = heard.map_err(|error| BrokerError::Broker(error.to_string()))?;
        Self::of(&heard).ok_or_else(|| BrokerError::Broker("it does not speak AMQP 0-9-1".to_owned()))
    }

    /// Whether its version is this one or a later one; `None` when it is no number.
    pub fn is_since(&self, major: u32, minor: u32) -> Option<bool> {
        let mut numbers = self.version.split('.').map(str::parse::<u32>);
        let found = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        Some(found >= (major, minor))
    }

    fn of(payload: &[u8]) -> Option<Self> {
        let table = payload.strip_prefix(&START)?.get(BEFORE_TABLE - START.len()..)?;
        let (_, table) = parse_field_table(table).ok()?;
        Some(Self { product: text(&table, "product")?, version: text(&table, "version")? })
    }
}

impl fmt::Display for BrokerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.product, self.version)
    }
}

/// What is in the first frame.
async fn hear(url: &BrokerUrl) -> std::io::Result<Vec<u8>> {
    let authority = &url.uri().authority;
    let mut stream = TcpStream::connect((authority.host.as_str(), authority.port)).await?;
    stream.write_all(HEADER).await?;
    let mut frame = [0; FRAME];
    stream.read_exact(&mut frame).await?;
    let [_, _, _, length @ ..] = frame;
    let length = u32::from_be_bytes(length) as usize;
    if length > LENGTH_MAX {
        return Err(std::io::Error::other("it does not speak AMQP 0-9-1"));
    }
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await?;
    Ok(payload)
}

fn text(table: &FieldTable, name: &str) -> Option<String> {
    match table.inner().get(name)? {
        AMQPValue::LongString(text) => String::from_utf8(text.as_bytes().to_vec()).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_says_who_it_is() {
        let fields = b"\x07productS\0\0\0\x08RabbitMQ\x07versionS\0\0\0\x063.10.8";
        let length = u32::try_from(fields.len()).unwrap().to_be_bytes();
        let payload = [&START[..], &[0, 9], &length, fields].concat();
        let found = BrokerVersion::of(&payload).unwrap();
        assert_eq!(found.to_string(), "RabbitMQ 3.10.8");
        for (major, minor, is_since) in [(3, 9, true), (3, 10, true), (3, 11, false), (4, 0, false)] {
            assert_eq!(found.is_since(major, minor), Some(is_since), "{major}.{minor}");
        }
        for cut in 0..payload.len() {
            assert_eq!(BrokerVersion::of(&payload[..cut]), None);
        }
        assert_eq!(BrokerVersion { version: "unknown".to_owned(), ..found }.is_since(3, 10), None);
    }
}
