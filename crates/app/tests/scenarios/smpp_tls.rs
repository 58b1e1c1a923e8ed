//! Clients over TLS: our certificate, theirs by digest and by authority, new files while it runs, and what is no TLS at all.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rcgen::{CertificateParams, Issuer, KeyPair};
use sambac_testkit::scenario::smpp::interface_version;
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Platform, Secrets, Site, Wire, World};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};

use crate::world;

/// A certificate and its key.
pub(crate) struct Identity {
    certificate: CertificateDer<'static>,
    pub(crate) certificate_pem: String,
    pub(crate) key: KeyPair,
}

/// Who issues certificates.
pub(crate) struct Authority {
    params: CertificateParams,
    pub(crate) identity: Identity,
}

impl Authority {
    pub(crate) fn new() -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let identity = Identity::new(&params.self_signed(&key)?, key);
        Ok(Self { params, identity })
    }

    pub(crate) fn issue(&self) -> Result<Identity> {
        let key = KeyPair::generate()?;
        let issuer = Issuer::from_params(&self.params, &self.identity.key);
        let certificate = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &issuer)?;
        Ok(Identity::new(&certificate, key))
    }
}

impl Identity {
    fn new(certificate: &rcgen::Certificate, key: KeyPair) -> Self {
        Self { certificate: certificate.der().clone(), certificate_pem: certificate.pem(), key }
    }

    fn sha256(&self) -> String {
        Sha256::digest(&self.certificate).iter().map(|octet| format!("{octet:02x}")).collect()
    }
}

/// The files of a listener, in the folder of a world.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
}

impl Files {
    fn write(world: &World, identity: &Identity, client_ca: Option<&Authority>) -> Result<Self> {
        let file = |name: &str, text: &str| -> Result<PathBuf> {
            let path = world.path(name);
            std::fs::write(&path, text)?;
            Ok(path)
        };
        let client_ca =
            client_ca.map(|authority| file("clients.pem", &authority.identity.certificate_pem)).transpose()?;
        // The key first: a certificate that is there has its key.
        let key = file("key.pem", &identity.key.serialize_pem())?;
        Ok(Self { certificate: file("certificate.pem", &identity.certificate_pem)?, key, client_ca })
    }

    async fn platform(&self, world: &World) -> Result<Platform> {
        let text = |path: &Path| path.to_str().map(str::to_owned).context("a path of letters");
        let (certificate, key) = (text(&self.certificate)?, text(&self.key)?);
        let mut variables = vec![
            ("SAMBAC_SMPP_TLS_LISTEN", "127.0.0.1:0"),
            ("SAMBAC_SMPP_TLS_CERTIFICATE_FILE", certificate.as_str()),
            ("SAMBAC_SMPP_TLS_KEY_FILE", key.as_str()),
        ];
        let client_ca = self.client_ca.as_deref().map(text).transpose()?;
        variables.extend(client_ca.iter().map(|path| ("SAMBAC_SMPP_TLS_CLIENT_CA_FILE", path.as_str())));
        world.platform(&variables).await
    }
}

type Stream = TlsStream<TcpStream>;

/// A connection over TLS of these versions, with what the client shows of itself.
async fn connect(
    platform: &Platform,
    authority: &Authority,
    shown: Option<&Identity>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<Stream> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.identity.certificate.clone())?;
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)?
        .with_root_certificates(roots);
    let config = match shown {
        Some(identity) => {
            let key = PrivateKeyDer::try_from(identity.key.serialize_der()).map_err(|error| anyhow::anyhow!(error))?;
            config.with_client_auth_cert(vec![identity.certificate.clone()], key)?
        }
        None => config.with_no_client_auth(),
    };
    let stream = TcpStream::connect(platform.smpp_tls()?).await?;
    Ok(TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost")?, stream).await?)
}

async fn bind<IO>(io: IO, secrets: &Secrets, system_id: &str) -> Result<u32>
where
    IO: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut wire = Wire::over(io);
    let answer = wire.bind(system_id, secrets.smpp_password(system_id)?, interface_version::V3_4).await?;
    Ok(answer.header().command_status.0)
}

const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];

/// Both versions are spoken; an account that names certificates takes these and no others, and none without TLS.
#[tokio::test]
async fn certificates_by_their_digest() -> Result<()> {
    let world = world("tls_digest")?;
    let (authority, own, other) = (Authority::new()?, Authority::new()?.issue()?, Authority::new()?.issue()?);
    let pinned =
        format!("settings = {{ session = {{ certificates_sha256 = [\"{}\"] }} }}", own.sha256().to_uppercase());
    let site = Site::with_one_account("10").smpp_account("bank", "pinned", &pinned).smpp_account(
        "bank",
        "tls",
        "settings = { session = { tls_required = true } }",
    );
    let secrets = world.apply(&site).await?;
    let platform = Files::write(&world, &authority.issue()?, None)?.platform(&world).await?;
    for versions in [[&version::TLS13].as_slice(), [&version::TLS12].as_slice()] {
        assert_eq!(bind(connect(&platform, &authority, None, versions).await?, &secrets, "esme").await?, 0);
        assert_eq!(bind(connect(&platform, &authority, Some(&own), versions).await?, &secrets, "pinned").await?, 0);
    }
    assert_eq!(bind(connect(&platform, &authority, None, BOTH).await?, &secrets, "tls").await?, 0);
    let (wrong, none) =
        (connect(&platform, &authority, Some(&other), BOTH), connect(&platform, &authority, None, BOTH));
    let (wrong, none) = (wrong.await?, none.await?);
    let (plain, unpinned) = (TcpStream::connect(platform.smpp()).await?, TcpStream::connect(platform.smpp()).await?);
    let refused = tokio::try_join!(
        bind(wrong, &secrets, "pinned"),
        bind(none, &secrets, "pinned"),
        bind(plain, &secrets, "pinned"),
        bind(unpinned, &secrets, "tls"),
    )?;
    assert_eq!(refused, (0x0D, 0x0D, 0x0D, 0x0D), "all alike");
    world.passed();
    Ok(())
}

/// With an authority of clients, who shows no certificate of it does not get as far as a bind.
#[tokio::test]
async fn certificates_by_their_authority() -> Result<()> {
    let world = world("tls_authority")?;
    let (authority, clients) = (Authority::new()?, Authority::new()?);
    let secrets = world.apply(&Site::with_one_account("10")).await?;
    let platform = Files::write(&world, &authority.issue()?, Some(&clients))?.platform(&world).await?;
    let (own, other) = (clients.issue()?, Authority::new()?.issue()?);
    assert_eq!(bind(connect(&platform, &authority, Some(&own), BOTH).await?, &secrets, "esme").await?, 0);
    for shown in [Some(&other), None] {
        // In TLS 1.3 the client learns of it with the first answer.
        let refused = match connect(&platform, &authority, shown, BOTH).await {
            Ok(stream) => bind(stream, &secrets, "esme").await,
            Err(error) => Err(error),
        };
        assert!(refused.is_err(), "{refused:?}");
    }
    world.passed();
    Ok(())
}

/// A certificate that is replaced is shown from then on; one that cannot be used changes nothing.
#[tokio::test]
async fn new_files_are_taken_up_while_it_runs() -> Result<()> {
    let world = world("tls_reload")?;
    let (first, second) = (Authority::new()?, Authority::new()?);
    let secrets = world.apply(&Site::with_one_account("10")).await?;
    let platform = Files::write(&world, &first.issue()?, None)?.platform(&world).await?;
    let stays = connect(&platform, &first, None, BOTH).await?;
    std::fs::write(world.path("certificate.pem"), "no certificate")?;
    assert_eq!(bind(connect(&platform, &first, None, BOTH).await?, &secrets, "esme").await?, 0);
    Files::write(&world, &second.issue()?, None)?;
    until_true("the new certificate", async || Ok(connect(&platform, &second, None, BOTH).await.is_ok())).await?;
    assert!(connect(&platform, &first, None, BOTH).await.is_err(), "the first is not shown any more");
    assert_eq!(bind(stays, &secrets, "esme").await?, 0, "who was there before goes on");
    world.passed();
    Ok(())
}

/// Half of the files is no TLS at all: the platform does not start, and says what is missing.
#[tokio::test]
async fn a_certificate_without_its_key_is_refused() -> Result<()> {
    let world = world("tls_half")?;
    world.apply(&Site::with_one_account("10")).await?;
    let started = world.platform(&[("SAMBAC_SMPP_TLS_CERTIFICATE_FILE", "certificate.pem")]).await;
    let Err(error) = started else { anyhow::bail!("it started") };
    assert!(error.to_string().contains("smpp.tls_key_file"), "{error}");
    world.passed();
    Ok(())
}

/// What is no TLS, and what is no SMPP inside of TLS, ends its connection and nothing else.
#[tokio::test]
async fn strangers_at_the_tls_port() -> Result<()> {
    let world = world("tls_strangers")?;
    let authority = Authority::new()?;
    let secrets = world.apply(&Site::with_one_account("10")).await?;
    let mut platform = Files::write(&world, &authority.issue()?, None)?.platform(&world).await?;
    for (name, octets) in crate::strangers::PROBES {
        let mut plain = TcpStream::connect(platform.smpp_tls()?).await?;
        plain.write_all(octets).await?;
        crate::strangers::ends(&mut plain, name).await?;
        let mut inside = connect(&platform, &authority, None, BOTH).await?;
        inside.write_all(octets).await?;
        inside.flush().await?;
        crate::strangers::ends(&mut inside, name).await?;
    }
    let mut silent = connect(&platform, &authority, None, BOTH).await?;
    assert_eq!(silent.read(&mut [0; 1]).await.unwrap_or(0), 0, "closed after its five seconds");
    assert_eq!(bind(connect(&platform, &authority, None, BOTH).await?, &secrets, "esme").await?, 0);
    assert!(platform.is_running()?);
    world.passed();
    Ok(())
}
