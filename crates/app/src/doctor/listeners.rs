//! Where clients come in: addresses, certificates, and what of the configuration is for trying out only.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sambac_engine::clock::Clock;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use super::finding::Findings;
use crate::config::Config;

/// Days before its end in which a certificate should be replaced.
const RENEWED_DAYS: i64 = 21;
const DAY_S: i64 = 24 * 3_600;

pub(super) async fn look(config: &Config, findings: &mut Findings) {
    for (check, address) in [
        ("public API", config.http.listen),
        ("services listener", config.services.listen),
        ("SMPP listener", config.smpp.listen),
    ] {
        if let Some(address) = address {
            free(check, address, findings);
        }
    }
    if let Some(file) = &config.smpp.tls_certificate_file {
        certificate(file, findings);
    }
    exposed(config, findings);
}

/// Whether an address can be listened on. That it is taken is no fault where the platform runs already.
fn free(check: &'static str, address: SocketAddr, findings: &mut Findings) {
    match TcpListener::bind(address) {
        Ok(_) => findings.good(check, format!("{address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            findings.warning(
                check,
                format!("{address} is in use"),
                "nothing, if it is this platform that runs; else choose another one",
            );
        }
        Err(error) => findings.bad(
            check,
            format!("{address}: {error}"),
            "choose an address of this machine, and a port that the user may have",
        ),
    }
}

fn certificate(file: &Path, findings: &mut Findings) {
    let read = CertificateDer::from_pem_file(file).map_err(|error| error.to_string());
    let parsed = read.and_then(|der| Certificate::from_der(&der).map_err(|error| error.to_string()));
    match parsed {
        Ok(certificate) => {
            let ends_s = certificate.tbs_certificate().validity().not_after.to_unix_duration().as_secs();
            let left_days = (i64::try_from(ends_s).unwrap_or(i64::MAX) - Clock::system().now().as_secs()) / DAY_S;
            let found = format!("{}: {left_days} days are left", file.display());
            let to_do =
                "replace the file: it is taken up while the platform runs, and clients are refused once it has ended";
            match left_days {
                ..=0 => findings.bad("certificate", found, to_do),
                1..RENEWED_DAYS => findings.warning("certificate", found, to_do),
                _ => findings.good("certificate", found),
            }
        }
        Err(error) => findings.bad("certificate", format!("{}: {error}", file.display()), "name a certificate in PEM"),
    }
}

/// What strangers can reach, and what must not be on where there are real clients.
fn exposed(config: &Config, findings: &mut Findings) {
    let services = config.services.listen;
    let is_inside = services.is_none_or(|address| !address.ip().is_unspecified());
    let to_do =
        "let `services.listen` have an address of the inside only: health, metrics and charges are not for the public";
    findings.advise("services are inside", is_inside, services.map_or_else(String::new, |at| at.to_string()), to_do);
    let public = &config.http.public_url;
    let is_safe = public.starts_with("https://") || config.http.listen.is_none_or(|address| address.ip().is_loopback());
    let found = if public.is_empty() { "not given" } else { public };
    let to_do = "let a proxy speak TLS before the public API, and set `http.public_url` to its https address: keys and codes travel readably \
                 otherwise";
    findings.advise("public address", is_safe, found, to_do);
    if config.payments.provider == "test" {
        findings.warning(
            "payments",
            "the test provider: play money",
            "set `payments.provider` where there are real clients",
        );
    }
    let only_logged = config.audit.heads_to.iter().all(|to| to == "log");
    let to_do = "name a file elsewhere or a URL in `audit.heads_to`: the end of a log that was cut off shows by heads that were kept elsewhere";
    findings.advise("audit heads", !only_logged, config.audit.heads_to.join(", "), to_do);
}
