//! Encrypted links.

use std::path::Path;

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Site, World};
use sha2::{Digest as _, Sha256};

use super::{Case, QUICK, settings};

/// An authority of our own.
fn authority() -> Result<CertifiedIssuer<'static, KeyPair>> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

/// Writes a certificate for `name` and its key; `issuer` has signed it, or nobody but itself.
fn issue(folder: &Path, name: &str, issuer: Option<&CertifiedIssuer<'static, KeyPair>>, days: i64) -> Result<Vec<u8>> {
    let mut params = CertificateParams::new(vec![name.to_owned()])?;
    let today = jiff::Timestamp::now().as_second();
    let (year, month, day) = date(today + days * 86_400)?;
    params.not_after = rcgen::date_time_ymd(year, month, day);
    let key = KeyPair::generate()?;
    let certificate = match issuer {
        Some(issuer) => params.signed_by(&key, issuer)?,
        None => params.self_signed(&key)?,
    };
    std::fs::write(folder.join(format!("{name}.pem")), certificate.pem())?;
    std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem())?;
    Ok(certificate.der().to_vec())
}

fn date(second: i64) -> Result<(i32, u8, u8)> {
    let date = jiff::Timestamp::from_second(second)?.to_zoned(jiff::tz::TimeZone::UTC).date();
    Ok((date.year().into(), u8::try_from(date.month())?, u8::try_from(date.day())?))
}

/// Pinned by authority with a client certificate and TLS 1.3; by another authority: refused; by fingerprint, whoever
/// signed it; and a person is told when a certificate ends soon.
#[tokio::test]
async fn q_a20_certificates_are_pinned_and_their_end_is_told() -> Result<()> {
    let world = World::new(env!("CARGO_BIN_EXE_sambac"), "a20")?;
    let folder = world.path("certificates");
    std::fs::create_dir_all(&folder)?;
    let ours = authority()?;
    std::fs::write(folder.join("ca.pem"), ours.pem())?;
    issue(&folder, "smsc.example", Some(&ours), 400)?;
    issue(&folder, "client.example", Some(&ours), 400)?;
    let own = issue(&folder, "self.example", None, 10)?;
    let server = |name: &str, more: &str| {
        let folder = folder.display();
        format!("[tls]\ncertificate_file = \"{folder}/{name}.pem\"\nkey_file = \"{folder}/{name}.key\"\n{more}")
    };
    let client_ca = format!("client_ca_file = \"{}/ca.pem\"", folder.display());
    let alpha = world.simulator("alpha", &server("smsc.example", &client_ca)).await?;
    let beta = world.simulator("beta", &server("smsc.example", "")).await?;
    let gamma = world.simulator("gamma", &server("self.example", "only_1_2 = true")).await?;
    let tls = |keys: &str| settings(&format!("bind = {{ {QUICK} }}, tls = {{ enabled = true, {keys} }}"));
    let pem = |pem: String| format!("ca_pem = \"{}\"", pem.replace('\n', "\\n"));
    let shown = format!(
        "client_certificate_file = \"{0}/client.example.pem\", client_key_file = \"{0}/client.example.key\"",
        folder.display()
    );
    let name = "server_name = \"smsc.example\"";
    let fingerprint: String = Sha256::digest(&own).iter().map(|octet| format!("{octet:02X}:")).collect();
    let site = Site::with_one_account("10")
        .connector("alpha", &alpha, &tls(&format!("{}, {name}, version_min = \"1.3\", {shown}", pem(ours.pem()))))
        .connector("beta", &beta, &tls(&format!("{}, {name}", pem(authority()?.pem()))))
        .connector("gamma", &gamma, &tls(&format!("fingerprints_sha256 = [\"{}\"]", fingerprint.trim_end_matches(':'))))
        .route("all", &["alpha"], "");
    let case = Case::with(world, alpha, &site).await?;
    case.until_up(2).await?;
    case.deliver(1).await?;
    until_true("a person is told of the wrong authority", async || {
        Ok(case.metric("sambac_alerts_open{name=\"connector_setup\"}").await? == 1)
    })
    .await?;
    assert_eq!(case.metric("sambac_alerts_open{name=\"connector_certificate\"}").await?, 1, "it ends in ten days");
    assert_eq!(beta.journal()?.of("bind").count(), 0, "our password does not go to whom we do not trust");
    case.finish().await.map(drop)
}

/// Without an authority or a fingerprint of its own a connector trusts the system's authorities, and nobody else. The system is
/// told of ours as it is of any other (`SSL_CERT_FILE`, `SSL_CERT_DIR`).
#[tokio::test]
async fn q_a20_without_pins_the_systems_authorities_are_trusted() -> Result<()> {
    let world = World::new(env!("CARGO_BIN_EXE_sambac"), "a20_system")?;
    let (folder, empty) = (world.path("certificates"), world.path("no-authorities"));
    std::fs::create_dir_all(&folder)?;
    std::fs::create_dir_all(&empty)?;
    let (ours, others) = (authority()?, authority()?);
    std::fs::write(folder.join("ca.pem"), ours.pem())?;
    issue(&folder, "smsc.example", Some(&ours), 400)?;
    issue(&folder, "other.example", Some(&others), 400)?;
    let server = |name: &str| {
        let folder = folder.display();
        format!("[tls]\ncertificate_file = \"{folder}/{name}.pem\"\nkey_file = \"{folder}/{name}.key\"\n")
    };
    let alpha = world.simulator("alpha", &server("smsc.example")).await?;
    let beta = world.simulator("beta", &server("other.example")).await?;
    let tls =
        |name: &str| settings(&format!("bind = {{ {QUICK} }}, tls = {{ enabled = true, server_name = \"{name}\" }}"));
    let site = Site::with_one_account("10")
        .connector("alpha", &alpha, &tls("smsc.example"))
        .connector("beta", &beta, &tls("other.example"))
        .route("all", &["alpha"], "");
    let (roots, none) = (folder.join("ca.pem").display().to_string(), empty.display().to_string());
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[("SSL_CERT_FILE", &roots), ("SSL_CERT_DIR", &none)]).await?;
    let rest = platform.rest(&secrets)?;
    let case = Case { world, operator: alpha, platform, rest };
    case.until_up(1).await?;
    case.deliver(1).await?;
    until_true("a person is told of the authority that nobody knows", async || {
        Ok(case.metric("sambac_alerts_open{name=\"connector_setup\"}").await? == 1)
    })
    .await?;
    assert_eq!(beta.journal()?.of("bind").count(), 0, "our password does not go to whom we do not trust");
    case.finish().await.map(drop)
}
