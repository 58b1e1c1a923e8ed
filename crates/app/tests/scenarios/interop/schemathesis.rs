//! schemathesis holds the real binary to its OpenAPI documents: each operation, with requests that obey the schema and requests that do not, alone
//! and one after the other along the links. No failure of ours, no status, header or body that the document does not tell.
//!
//! What is made up is the same every time. `SAMBAC_SCHEMATHESIS_EXAMPLES=100` makes up so many requests for each operation, by a seed that is
//! new every time and printed.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::{Platform, Secrets, Site, World};
use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;

use super::{folder, installed};
use crate::sandbox::with_sandbox;
use crate::{persons, world};

/// Requests made up for each operation, beside those at the edges of its schema.
const EXAMPLES: &str = "3";
const LIMIT: Duration = Duration::from_secs(280);
/// With more examples than usual.
const LIMIT_LONG: Duration = Duration::from_secs(3_500);

const SCOPES: &str = "config:read,config:write,operations,charges:write,transfers:write,balances:read,cdr:read,numbers:read,\
                      numbers:erase,audits:read,users:write";

/// Streams that end when the client does.
const ENDLESS: &str = "^/v1/events/(stream|ws)$";
/// Ends the session by which all others are called.
const LOG_OUT: &str = "log_out";

/// A platform with a sandbox, and all credentials that the documents name.
struct Subject {
    world: World,
    platform: Platform,
    secrets: Secrets,
    variables: Vec<(&'static str, String)>,
}

impl Subject {
    async fn start(name: &str) -> Result<Self> {
        let world = world(name)?;
        let key = "name = \"test\"\naccount = \"bank\"\nenvironment = \"test\"\nscopes = [\"sms:send\", \"sms:read\", \
            \"balance:read\", \"payments:write\", \"webhooks:write\", \"events:read\", \"keys:write\", \"otp:send\", \"otp:check\", \
            \"otp:read\", \"otp:profiles\", \"templates:write\", \"templates:approve\", \"team:write\", \"audit:read\"]";
        let site = with_sandbox(Site::with_one_account("1000000")).route("all", &["sandbox"], "").table("api_key", key);
        let secrets = world.apply(&site).await?;
        let admin_key = world.admin_key("all", SCOPES).await?;
        let platform = world.platform(&[]).await?;
        let invitation = persons::printed(&world, 1).await?;
        let session = persons::settle(&platform, &invitation, &["--login", "ada@sms.example", "--name", "Ada"]).await?;
        let rest = platform.rest(&secrets)?;
        let mut own = vec!["bank".to_owned(), "sandbox".to_owned(), "standard".to_owned(), "all".to_owned()];
        for (path, key) in [
            ("/v1/keys", secrets.api_key("main")?),
            ("/v1/admin/users", &admin_key),
            ("/v1/sessions", &session),
            ("/v1/admin/accounts", &admin_key),
            ("/v1/admin/connectors", &admin_key),
        ] {
            let listed = rest.with_key(key).get(path).await?;
            let rows = listed.body["data"].as_array().with_context(|| format!("{path}: {}", listed.text))?;
            own.extend(rows.iter().filter_map(|row| row["id"].as_str().map(str::to_owned)));
        }
        let key = secrets.api_key("test")?.to_owned();
        let variables = vec![
            ("SAMBAC_API_KEY", key),
            ("SAMBAC_ADMIN_KEY", admin_key),
            ("SAMBAC_SESSION", session),
            ("OWN", own.join(" ")),
        ];
        Ok(Self { world, platform, secrets, variables })
    }

    /// Runs schemathesis over a part of a document; gives its report, in which nothing is wrong.
    async fn holds(&self, document: &str, at: SocketAddr, part: &[&str]) -> Result<Report> {
        let folder = folder().canonicalize()?;
        let report = self.world.path("report.json");
        let mut command = Command::new(installed(".venv-schemathesis/bin/st")?);
        command.arg("--config-file").arg(folder.join("schemathesis/schemathesis.toml")).arg("run");
        command.arg(folder.join("../../docs/reference").join(document)).args(["--url", &format!("http://{at}")]);
        command.args(["--report", "json", "--report-json-path"]).arg(&report).args(part);
        let more = std::env::var("SAMBAC_SCHEMATHESIS_EXAMPLES").ok();
        command.args(["--max-examples", more.as_deref().unwrap_or(EXAMPLES)]);
        if more.is_none() {
            command.args(["--seed", "1"]);
        }
        command.envs(self.variables.iter().map(|(name, value)| (*name, value)));
        command.env("HOOKS", folder.join("schemathesis/hooks.py")).current_dir(self.world.path("")).kill_on_drop(true);
        command.stdin(Stdio::null());
        let limit = if more.is_some() { LIMIT_LONG } else { LIMIT };
        let output = timeout(limit, command.output()).await.context("it did not end")??;
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let report = serde_json::from_slice(&std::fs::read(&report).with_context(|| said.clone())?)?;
        ensure!(output.status.success(), "{said}");
        Ok(Report { report, said })
    }
}

/// What a run has come to.
struct Report {
    report: Value,
    said: String,
}

impl Report {
    fn count(&self, what: &str) -> u64 {
        self.report["operations"][what].as_u64().unwrap_or_default()
    }

    /// Every operation of its part was tested: gives how many.
    fn all_tested(&self) -> u64 {
        assert_eq!((self.count("tested"), self.count("errored")), (self.count("selected"), 0), "{}", self.said);
        assert_eq!(self.report["failures"], serde_json::json!([]), "{}", self.said);
        self.count("tested")
    }

    /// How often requests for an operation that obey its schema were taken.
    fn taken(&self, operation: &str) -> u64 {
        let phases = self.report["valid_rates"][operation].as_object().into_iter().flatten();
        phases.filter_map(|(_, phase)| phase["accepted"].as_u64()).sum()
    }

    /// Links that were followed.
    fn links(&self) -> u64 {
        let line = self.said.lines().find_map(|line| line.trim().strip_prefix("API Links:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
    }
}

/// What clients call. It is no empty proof: messages and codes were taken, links were followed, and the key is good to the end.
#[tokio::test]
async fn what_clients_call_is_as_the_document_says() -> Result<()> {
    let subject = Subject::start("schemathesis_clients").await?;
    let http = subject.platform.http();
    let part = ["--exclude-path-regex", &format!("^/v1/admin/|{ENDLESS}"), "--exclude-operation-id", LOG_OUT];
    let report = subject.holds("openapi.json", http, &part).await?;
    let log_out = subject
        .holds("openapi.json", http, &["--include-operation-id", LOG_OUT, "--phases", "examples,coverage,fuzzing"])
        .await?;
    assert_eq!(log_out.all_tested(), 1);
    assert!(report.all_tested() >= 65, "{}", report.said);
    for operation in [
        "POST /v1/sms/send",
        "POST /v1/sms/batch",
        "GET /v1/batches/{id}",
        "POST /v1/otp",
        "GET /v1/otp/{id}",
        "POST /v1/webhooks",
        "GET /v1/session",
    ] {
        assert!(report.taken(operation) > 0, "{operation} was never taken\n{}", report.said);
    }
    assert!(report.links() >= 1, "{}", report.said);
    let rest = subject.platform.rest(&subject.secrets)?.with_key(subject.secrets.api_key("test")?);
    assert_eq!(rest.get("/v1/balance").await?.status, 200);
    subject.world.passed();
    Ok(())
}

/// What who runs the platform calls.
#[tokio::test]
async fn what_administrators_call_is_as_the_document_says() -> Result<()> {
    let subject = Subject::start("schemathesis_admin").await?;
    let http = subject.platform.http();
    let report = subject.holds("openapi.json", http, &["--include-path-regex", "^/v1/admin/"]).await?;
    assert!(report.all_tested() >= 100, "{}", report.said);
    for operation in
        ["POST /v1/admin/operators", "GET /v1/admin/operators/{id}", "POST /v1/admin/tariffs", "GET /v1/admin/audit"]
    {
        assert!(report.taken(operation) > 0, "{operation} was never taken\n{}", report.said);
    }
    assert!(report.links() >= 1, "{}", report.said);
    subject.world.passed();
    Ok(())
}

/// What services of one's own call, on the listener for the inside.
#[tokio::test]
async fn what_services_call_is_as_the_document_says() -> Result<()> {
    let subject = Subject::start("schemathesis_services").await?;
    let report = subject.holds("services-openapi.json", subject.platform.services(), &[]).await?;
    assert!(report.all_tested() >= 10, "{}", report.said);
    for operation in ["GET /cdr", "GET /ledger/trial-balance", "GET /reconcile/breaks"] {
        assert!(report.taken(operation) > 0, "{operation} was never taken\n{}", report.said);
    }
    subject.world.passed();
    Ok(())
}
