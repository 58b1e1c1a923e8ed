//! TLS on the way to Redis.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

/// Believes the authorities in the file, or those of the system.
pub(super) fn connector(ca_file: Option<&Path>) -> io::Result<TlsConnector> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(verifier(ca_file, provider)?)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn verifier(ca_file: Option<&Path>, provider: Arc<CryptoProvider>) -> io::Result<Arc<dyn ServerCertVerifier>> {
    let Some(file) = ca_file else {
        let system = rustls_platform_verifier::Verifier::new(provider).map_err(io::Error::other)?;
        return Ok(Arc::new(system));
    };
    let unread = |error: &dyn std::fmt::Display| io::Error::other(format!("{}: {error}", file.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unread(&error))? {
        let certificate = certificate.map_err(|error| unread(&error))?;
        roots.add(certificate).map_err(|error| unread(&error))?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    Ok(verifier.map_err(|error| unread(&error))?)
}
