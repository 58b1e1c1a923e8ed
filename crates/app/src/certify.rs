//! `sambac connector certify`: tries an SMSC out, and proposes the settings of its connector.
//!
//! By a connector's name, the platform does it with that connector's own settings and password; by an address, this process
//! does, with the password of `SAMBAC_CERTIFY_PASSWORD`. Either way real messages go to the numbers given, and a report comes out,
//! whatever the SMSC does.
//!
//! ```text
//! sambac connector certify alpha-1 --to +999000000000 --report alpha.md
//! SAMBAC_CERTIFY_PASSWORD=… sambac connector certify smsc.example:2775 --system-id bank --to +999000000000
//! ```

mod report;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use sambac_domain::number;
use sambac_engine::admin::file::Connector;
use sambac_engine::certify::{self, Certification, DirectBind, Trial};
use sambac_engine::clock::Clock;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::client::admin::connector_path;
use crate::client::{Access, Client};
use crate::exit::{Exit, Failure};
use crate::output::Output;

const PASSWORD: &str = "SAMBAC_CERTIFY_PASSWORD";
/// How often the platform is asked whether the report is complete.
const ASK_INTERVAL: Duration = Duration::from_millis(300);

/// Try out the SMSC of a connector, or one at an address, and propose settings. Sends real messages to the test numbers given.
/// Exits with 1 when not everything could be tried, with 7 when a check failed; the report is written all the same.
#[derive(Args, Clone, Debug)]
pub(crate) struct Certify {
    /// A connector that is stopped or disabled; with `--system-id`, an SMSC as host:port.
    #[arg(value_name = "CONNECTOR|HOST:PORT")]
    target: String,
    /// Who binds to an address; its password is in the variable `SAMBAC_CERTIFY_PASSWORD`.
    #[arg(long)]
    system_id: Option<String>,
    /// A test number; the only ones that are sent to. May be given more than once.
    #[arg(long = "to", required = true)]
    numbers: Vec<String>,
    /// What the messages come from.
    #[arg(long, default_value = "Sambac")]
    from: String,
    /// Messages sent at most.
    #[arg(long, default_value_t = 60)]
    messages_max: u32,
    /// Seconds that all of it may take.
    #[arg(long, default_value_t = 120)]
    seconds_max: u64,
    /// Seconds that an answer may take.
    #[arg(long, default_value_t = 10)]
    answer_wait_s: u64,
    /// Seconds to wait for a receipt or an answer from a handset.
    #[arg(long, default_value_t = 10)]
    receipt_wait_s: u64,
    /// Write the report for people here (Markdown).
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// The name of the connector and its operator in the proposal; of an address only.
    #[arg(long, default_value = "certified")]
    name: String,
    #[command(flatten)]
    access: Access,
}

impl Certify {
    /// Tries the SMSC out and tells what was found.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let mut found = match &self.system_id {
            Some(system_id) => self.directly(system_id).await?,
            None => self.by_name(&self.access.admin_client()?).await?,
        };
        let toml = report::toml(&found)?;
        let text = report::markdown(&found, &toml);
        if let Some(path) = &self.report {
            std::fs::write(path, &text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        found["toml"] = Value::from(toml);
        output.print(&found, || text)?;
        if let Some(why) = report::first(&found, "untested") {
            return Err(Failure::because(Exit::Failed, format!("not everything was tried: {why}")));
        }
        match report::first(&found, "failed") {
            None => Ok(()),
            Some(why) => Err(Failure::because(Exit::CheckFailed, format!("a check failed: {why}"))),
        }
    }

    /// The platform tries it out, with what it knows of the connector.
    async fn by_name(&self, client: &Client) -> Result<Value, Failure> {
        let path = connector_path(client, &self.target).await?;
        let order = json!({ "to": self.numbers, "from": self.from, "messages_max": self.messages_max,
            "seconds_max": self.seconds_max, "answer_wait_s": self.answer_wait_s, "receipt_wait_s": self.receipt_wait_s });
        client.post(&format!("{path}/certify"), &order).await?;
        loop {
            let found = client.get(&format!("{path}/certification")).await?;
            if found["ended_at"].is_string() {
                return Ok(found);
            }
            tokio::time::sleep(ASK_INTERVAL).await;
        }
    }

    /// This process tries it out.
    async fn directly(&self, system_id: &str) -> Result<Value, Failure> {
        let wrong = |text: String| Failure::because(Exit::Configuration, text);
        let (host, port) = self.target.rsplit_once(':').ok_or_else(|| wrong("the SMSC is host:port".to_owned()))?;
        let port: u16 = port.parse().map_err(|_| wrong(format!("{port} is no port")))?;
        let password = std::env::var(PASSWORD).map_err(|_| wrong(format!("the variable {PASSWORD} is not set")))?;
        let connector: Connector = serde_json::from_value(json!({ "name": self.name, "operator": self.name,
            "host": host.trim_matches(['[', ']']), "port": port, "system_id": system_id, "password_env": PASSWORD }))?;
        let bind = DirectBind {
            address: self.target.clone(),
            system_id: system_id.to_owned(),
            password: SecretString::from(password),
        };
        let found = certify::certify(bind, self.trial()?, &Clock::system()).await;
        document(&found, &connector)
    }

    fn trial(&self) -> Result<Trial, Failure> {
        let numbers = self.numbers.iter().map(|number| number::parse(number, None)).collect::<Result<_, _>>();
        Ok(Trial {
            numbers: numbers.map_err(|error| Failure::new(Exit::Configuration, error))?,
            from: self.from.clone(),
            messages_max: self.messages_max,
            limit: Duration::from_secs(self.seconds_max),
            answer_wait: Duration::from_secs(self.answer_wait_s),
            receipt_wait: Duration::from_secs(self.receipt_wait_s),
        })
    }
}

/// As the platform answers it.
fn document(found: &Certification, connector: &Connector) -> Result<Value, Failure> {
    let checks: Vec<_> = (found.findings.iter())
        .map(|one| json!({ "check": one.check, "verdict": one.verdict.as_str(), "found": one.text }))
        .collect();
    Ok(json!({
        "host": found.host,
        "system_id": found.system_id,
        "began_at": found.began_at.rfc3339(),
        "ended_at": found.ended_at.map(sambac_domain::Timestamp::rfc3339),
        "whole": found.is_whole(),
        "checks": checks,
        "settings": found.settings,
        "connector": found.keys,
        "proposal": found.proposal(connector)?,
    }))
}
