//! TLS on the way to an SMSC: whom we trust, what we show, and when the SMSC's certificate ends.

use std::io;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme, SupportedProtocolVersion};
use sambac_domain::profile::{TlsSettings, TlsVersion};
use sambac_domain::time::Timestamp;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

const ONLY_1_3: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// How TLS is spoken, by the settings of a connector.
pub(super) struct Client {
    connector: TlsConnector,
    server_name: String,
    /// When our own certificate ends.
    own_ends_at: Option<Timestamp>,
}

/// A connection that is encrypted, and what is worth knowing of it.
pub(super) struct Secured {
    pub(super) stream: TlsStream<TcpStream>,
    /// When the first certificate ends that the connection depends on.
    pub(super) ends_at: Option<Timestamp>,
    /// The version, for people.
    pub(super) version: String,
}

impl Client {
    /// `None` when the connection is not encrypted.
    ///
    /// # Errors
    /// What a person has to mend.
    pub(super) fn new(tls: &TlsSettings) -> Result<Option<Self>, String> {
        if !tls.enabled {
            return Ok(None);
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions(tls.version_min))
            .map_err(|error| format!("tls.version_min: {error}"))?
            .dangerous()
            .with_custom_certificate_verifier(verifier(tls, &provider)?);
        let mut own_ends_at = None;
        let config = if tls.client_certificate_file.is_empty() {
            builder.with_no_client_auth()
        } else {
            let chain = certificates(&tls.client_certificate_file)
                .map_err(|error| format!("tls.client_certificate_file: {}: {error}", tls.client_certificate_file))?;
            own_ends_at = chain.first().and_then(ends_at);
            let key = PrivateKeyDer::from_pem_file(&tls.client_key_file)
                .map_err(|error| format!("tls.client_key_file: {}: {error}", tls.client_key_file))?;
            let config = builder.with_client_auth_cert(chain, key);
            config.map_err(|error| format!("tls.client_certificate_file: {error}"))?
        };
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Some(Self { connector, server_name: tls.server_name.clone(), own_ends_at }))
    }

    /// Encrypts a connection to `host`.
    ///
    /// # Errors
    /// What went wrong; [`is_certificate`] tells whether the SMSC's certificate was it.
    pub(super) async fn secure(&self, stream: TcpStream, host: &str) -> io::Result<Secured> {
        let name = if self.server_name.is_empty() { host } else { &self.server_name };
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        let stream = self.connector.connect(name, stream).await?;
        let (_, connection) = stream.get_ref();
        let theirs = connection.peer_certificates().and_then(|chain| chain.first()).and_then(ends_at);
        let version = connection.protocol_version().map_or_else(String::new, |version| format!("{version:?}"));
        let ends_at = theirs.into_iter().chain(self.own_ends_at).min();
        Ok(Secured { stream, ends_at, version })
    }
}

/// Whether the peer's certificate was refused: a person has to look.
pub(super) fn is_certificate(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::InvalidCertificate(_)))
}

fn versions(least: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    match least {
        TlsVersion::V1_2 => rustls::ALL_VERSIONS,
        TlsVersion::V1_3 => ONLY_1_3,
    }
}

/// Fingerprints before authorities of our own before the system's.
fn verifier(tls: &TlsSettings, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, String> {
    if !tls.fingerprints_sha256.is_empty() {
        let digests = tls.fingerprints_sha256.iter().map(|text| text.replace(':', "").to_ascii_lowercase()).collect();
        return Ok(Arc::new(Pinned { digests, provider: Arc::clone(provider) }));
    }
    if tls.ca_pem.is_empty() {
        let system = rustls_platform_verifier::Verifier::new(Arc::clone(provider));
        return Ok(Arc::new(system.map_err(|error| format!("the system's authorities: {error}"))?));
    }
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(tls.ca_pem.as_bytes()) {
        let certificate = certificate.map_err(|error| format!("tls.ca_pem: {error}"))?;
        roots.add(certificate).map_err(|error| format!("tls.ca_pem: {error}"))?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
    Ok(verifier.map_err(|error| format!("tls.ca_pem: {error}"))?)
}

fn certificates(file: &str) -> Result<Vec<CertificateDer<'static>>, rustls::pki_types::pem::Error> {
    CertificateDer::pem_file_iter(file)?.collect()
}

/// When a certificate ends; `None` when it cannot be read.
fn ends_at(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let since_epoch = certificate.tbs_certificate().validity().not_after.to_unix_duration();
    i64::try_from(since_epoch.as_micros()).ok().map(Timestamp)
}

/// Takes certificates by their digest only: neither name nor authority nor end is looked at.
#[derive(Debug)]
struct Pinned {
    digests: Vec<String>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let digest = hex(&Sha256::digest(end_entity));
        if self.digests.contains(&digest) {
            return Ok(ServerCertVerified::assertion());
        }
        tracing::warn!(sha256 = digest, "the certificate is none of those that are pinned");
        Err(rustls::Error::InvalidCertificate(rustls::CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(2 * octets.len()), |mut text, octet| {
        for digit in [octet >> 4, octet & 0x0f] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
        text
    })
}
