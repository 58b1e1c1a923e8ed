//! TLS for client ESMEs: our certificate, theirs, and new files taken up while we run.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::Inner;
use crate::alert::AlertKind;

/// How often the files are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);
/// Subject of the alert about them.
const SUBJECT: &str = "smpp";

/// Files of the TLS listener, all PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// Our certificate, and those that lead from it to an authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Authorities of client certificates. When given, every client must show a certificate of theirs; when not, a client
    /// may show any, which counts for accounts that name it.
    pub client_ca: Option<PathBuf>,
}

/// The files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One of them is not there, or not what it should be.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// It holds nothing.
    #[error("{} holds no certificate", .0.display())]
    Empty(PathBuf),
    /// They do not go together.
    #[error("{0}")]
    Config(#[from] rustls::Error),
    /// The authorities cannot be used.
    #[error("the authorities of client certificates: {0}")]
    Authorities(#[from] rustls::server::VerifierBuilderError),
}

/// Greets TLS clients with what the files say now.
pub(super) struct Tls {
    files: TlsFiles,
    acceptor: ArcSwap<ServerConfig>,
}

impl Tls {
    pub(super) fn new(files: TlsFiles) -> Result<Self, TlsError> {
        let acceptor = ArcSwap::from(files.config()?);
        Ok(Self { files, acceptor })
    }

    /// The handshake; gives the stream and the digest of the client's certificate, if it has shown one.
    pub(super) async fn greet(&self, stream: TcpStream) -> io::Result<(TlsStream<TcpStream>, Option<[u8; 32]>)> {
        let stream = TlsAcceptor::from(self.acceptor.load_full()).accept(stream).await?;
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let digest = shown.map(|certificate| Sha256::digest(certificate).into());
        Ok((stream, digest))
    }

    /// Takes up files that were changed, until the engine stops. Files that cannot be used change nothing, and a person is told.
    pub(super) async fn watch(self: Arc<Self>, inner: Arc<Inner>) {
        let mut seen = self.files.modified();
        let mut interval = tokio::time::interval(LOOK_INTERVAL);
        loop {
            tokio::select! {
                _ = interval.tick() => {}
                () = inner.stopping.cancelled() => return,
            }
            let now = self.files.modified();
            if now == seen {
                continue;
            }
            match self.files.config() {
                Ok(config) => {
                    self.acceptor.store(config);
                    seen = now;
                    tracing::info!("the TLS listener has new files");
                    inner.alerts.clear(AlertKind::SmppCertificate, SUBJECT, "the files can be used");
                }
                // Tried again each time: they may be in the middle of being written.
                Err(error) => inner.alerts.holds(AlertKind::SmppCertificate, SUBJECT, error.to_string()),
            }
        }
    }
}

impl TlsFiles {
    fn config(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = self.verifier(&provider)?;
        let key = PrivateKeyDer::from_pem_file(&self.key);
        let key = key.map_err(|source| TlsError::File { path: self.key.clone(), source })?;
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_client_cert_verifier(verifier)
            .with_single_cert(certificates(&self.certificate)?, key)?;
        Ok(Arc::new(config))
    }

    fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
        let Some(path) = &self.client_ca else {
            return Ok(Arc::new(AnyCertificate(Arc::clone(provider))));
        };
        let mut authorities = RootCertStore::empty();
        for certificate in certificates(path)? {
            authorities.add(certificate)?;
        }
        Ok(WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), Arc::clone(provider)).build()?)
    }

    /// When each was changed; what is not there was never.
    fn modified(&self) -> Vec<Option<SystemTime>> {
        let files = [Some(&self.certificate), Some(&self.key), self.client_ca.as_ref()];
        let modified = |path: &PathBuf| std::fs::metadata(path).and_then(|file| file.modified()).ok();
        files.into_iter().flatten().map(modified).collect()
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let file = |source| TlsError::File { path: path.to_owned(), source };
    let certificates = CertificateDer::pem_file_iter(path).map_err(file)?;
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(file)?;
    if certificates.is_empty() { Err(TlsError::Empty(path.to_owned())) } else { Ok(certificates) }
}

/// Asks for a certificate and takes any, or none. That the client has its key is proved all the same; whether it may bind
/// with it is for its account to say, which names certificates by their digests.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyCertificate {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
