//! The least of an HTTP/1.1 client: one connection, one request at a time, answers with a `content-length`. A load generator
//! must cost less than what it measures, and this does nothing per request but write and read.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A head longer than this is none.
const HEAD_OCTETS_MAX: usize = 16 * 1024;

/// A connection that is kept.
pub(crate) struct Connection {
    stream: TcpStream,
    /// What was read and not used yet.
    buffer: Vec<u8>,
}

/// An answer. Its body is in the connection's buffer until the next request.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    head_octets: usize,
    body_octets: usize,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    /// Sends `request` as it is and reads the answer: its status and its body.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<(u16, &[u8])> {
        self.buffer.clear();
        self.stream.write_all(request).await?;
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            if let Some(head) = Head::parse(&self.buffer)?
                && self.buffer.len() >= head.head_octets + head.body_octets
            {
                let body = &self.buffer[head.head_octets..head.head_octets + head.body_octets];
                return Ok((head.status, body));
            }
        }
    }
}

/// Gets a text from `address`.
pub(crate) async fn get(address: SocketAddr, path: &str) -> anyhow::Result<String> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let mut connection = Connection::open(address).await?;
    let (status, body) = connection.exchange(request.as_bytes()).await?;
    anyhow::ensure!(status == 200, "{path} answered {status}");
    Ok(String::from_utf8_lossy(body).into_owned())
}

impl Head {
    /// The head at the front of `octets`, when it is whole.
    fn parse(octets: &[u8]) -> io::Result<Option<Self>> {
        let Some(end) = octets.windows(4).position(|four| four == b"\r\n\r\n") else {
            return if octets.len() > HEAD_OCTETS_MAX { Err(ErrorKind::InvalidData.into()) } else { Ok(None) };
        };
        let mut lines = octets[..end].split(|octet| *octet == b'\n');
        let status = lines.next().and_then(|line| number(line.get(9..12)?)).ok_or(ErrorKind::InvalidData)?;
        let length = lines.find_map(content_length).ok_or(ErrorKind::InvalidData)?;
        let status = u16::try_from(status).map_err(|_| ErrorKind::InvalidData)?;
        Ok(Some(Self { status, head_octets: end + 4, body_octets: length }))
    }
}

fn content_length(line: &[u8]) -> Option<usize> {
    let (name, value) = line.split_at_checked(line.iter().position(|octet| *octet == b':')?)?;
    name.eq_ignore_ascii_case(b"content-length").then(|| number(value[1..].trim_ascii())).flatten()
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let text = b"HTTP/1.1 202 Accepted\r\nserver: x\r\nContent-Length: 5\r\n\r\nhello";
        let head = Head { status: 202, head_octets: 55, body_octets: 5 };
        assert_eq!(Head::parse(text).unwrap(), Some(head));
        assert_eq!(Head::parse(&text[..50]).unwrap(), None);
        for bad in [&b"HTTP/1.1 200 OK\r\n\r\n"[..], b"\r\n\r\n", b"HTTP/1.1 xyz\r\ncontent-length: 1\r\n\r\n"] {
            assert!(Head::parse(bad).is_err(), "{}", bad.escape_ascii());
        }
    }
}
