//! How a connection comes about: plain or TLS, opened by the ESME, or by us with an `outbind`.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use sambac_smpp::{CommandStatus, Outbind, Pdu, encode};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// How long a TLS handshake may take.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// Either kind of connection.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection of an ESME.
pub(crate) type Connection = Box<dyn Stream>;

/// `[tls]`: the connection is TLS from its first octet.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsSettings {
    /// Our certificate (PEM).
    certificate_file: String,
    /// Its private key (PEM).
    key_file: String,
    /// Only clients with a certificate of these authorities (PEM).
    client_ca_file: Option<String>,
    /// The newest version spoken is TLS 1.2.
    #[serde(default)]
    only_1_2: bool,
}

/// `[outbind]`: connects and sends an outbind.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutbindSettings {
    /// Where to: `host:port`.
    pub(crate) to: String,
    /// Who we say we are.
    system_id: String,
    /// Our secret.
    password: String,
}

impl TlsSettings {
    /// What takes connections with these settings.
    pub(crate) fn acceptor(&self) -> io::Result<TlsAcceptor> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let versions: &[&rustls::SupportedProtocolVersion] =
            if self.only_1_2 { &[&rustls::version::TLS12] } else { rustls::ALL_VERSIONS };
        let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .map_err(io::Error::other)?;
        let builder = match &self.client_ca_file {
            None => builder.with_no_client_auth(),
            Some(file) => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(certificates(file)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.map_err(io::Error::other)?)
            }
        };
        let key = PrivateKeyDer::from_pem_file(&self.key_file).map_err(io::Error::other)?;
        let config = builder.with_single_cert(certificates(&self.certificate_file)?, key).map_err(io::Error::other)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn certificates(file: &str) -> io::Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(file).map_err(io::Error::other)?;
    read.collect::<Result<_, _>>().map_err(io::Error::other)
}

/// What the session runs on.
pub(crate) async fn open(stream: TcpStream, acceptor: Option<&TlsAcceptor>) -> io::Result<Connection> {
    // Without it answers may wait for the peer's acknowledgement; the session works in any case.
    let _ = stream.set_nodelay(true);
    match acceptor {
        None => Ok(Box::new(stream)),
        Some(acceptor) => {
            let accepted = tokio::time::timeout(HANDSHAKE_LIMIT, acceptor.accept(stream)).await;
            Ok(Box::new(accepted.map_err(|_| io::ErrorKind::TimedOut)??))
        }
    }
}

impl OutbindSettings {
    /// Connects and says who we are.
    pub(crate) async fn connect(&self) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(&self.to).await?;
        let outbind = Outbind { system_id: self.system_id.as_bytes(), password: self.password.as_bytes() };
        let mut octets = BytesMut::new();
        encode(&Pdu::Outbind(outbind), 1, CommandStatus::ROK, &mut octets).map_err(io::Error::other)?;
        stream.write_all(&octets).await?;
        Ok(stream)
    }
}
