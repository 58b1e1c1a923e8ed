//! A platform between one operator and one client whose profile the test chooses: for quirks of ESMEs.

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::smpp::{Address, Frame, Pdu, Sm};
use sambac_testkit::scenario::{Platform, Secrets, Simulator, Site, Wire, World};

/// The client's system_id.
pub(crate) const CLIENT: &str = "client";

pub(crate) struct Served {
    pub(crate) world: World,
    pub(crate) operator: Simulator,
    pub(crate) secrets: Secrets,
    pub(crate) platform: Platform,
}

impl Served {
    /// `operator` is a simulator's scenario, `settings` the client's profile in TOML: `{ preset = "jasmin" }`.
    pub(crate) async fn start(name: &str, operator: &str, settings: &str) -> Result<Self> {
        Self::with(name, operator, settings, "").await
    }

    /// `connector` are further keys of the connector.
    pub(crate) async fn with(name: &str, operator: &str, settings: &str, connector: &str) -> Result<Self> {
        let world = World::new(env!("CARGO_BIN_EXE_sambac"), name)?;
        let operator = world.simulator("alpha", operator).await?;
        let site = Site::with_one_account("10")
            .smpp_account("bank", CLIENT, &format!("settings = {settings}"))
            .connector("alpha", &operator, connector)
            .route("all", &["alpha"], "");
        let secrets = world.apply(&site).await?;
        let platform = world.platform(&[]).await?;
        Ok(Self { world, operator, secrets, platform })
    }

    /// The client, bound with this SMPP version.
    pub(crate) async fn client(&self, version: u8) -> Result<Wire> {
        Ok(Wire::bound(self.platform.smpp(), &self.secrets, CLIENT, version).await?.0)
    }
}

/// A message from `Bank`, without a receipt.
pub(crate) fn message<'a>(destination: &'a str, text: &'a [u8]) -> Sm<'a> {
    Sm {
        source: Address::new(5, 0, b"Bank"),
        destination: Address::new(1, 1, destination.as_bytes()),
        short_message: text,
        ..Sm::default()
    }
}

/// The command_status of an answer.
pub(crate) fn status(answer: &Frame) -> u32 {
    answer.header().command_status.0
}

/// The message id of an answer to a submit.
pub(crate) fn message_id(answer: &Frame) -> Result<String> {
    let id = match answer.pdu()? {
        Pdu::SubmitSmResp(resp) | Pdu::DataSmResp(resp) => resp.message_id,
        Pdu::SubmitMultiResp(resp) => resp.message_id,
        other => anyhow::bail!("no answer to a submit: {other:?}"),
    };
    anyhow::ensure!(answer.header().command_status.is_ok(), "refused: {}", answer.header().command_status);
    String::from_utf8(id.to_vec()).context("an id of letters and digits")
}
