//! `sambac demo`: the embedded platform, two simulated operators, an account, prices and routes, in one process.
//!
//! It makes its secrets at the first start, prints them once and keeps them in `demo.env` in its data folder; a later start
//! uses what is there. It sends one OTP through the real REST listener and prints its life.

mod operators;
mod ports;
mod seed;
mod sink;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use sambac_engine::admin::Issued;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::client::env_file::EnvFile;
use crate::client::{Client, life};
use crate::config::{Config, Flags, Loaded};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::platform::{self, Platform};
use crate::{signals, telemetry};
use operators::Operators;
use ports::Ports;

/// A magic number: delivered at once.
const DESTINATION: &str = "+999000000000";
/// How long the first message waits for the operators to be bound.
const BIND_PATIENCE: Duration = Duration::from_secs(3);
const LIFE_PATIENCE: Duration = Duration::from_secs(20);

/// Run everything in one process with simulated operators, and watch a message's life.
#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// Folder of the demonstration's data and secrets.
    #[arg(long, value_name = "FOLDER", default_value = "demo-data")]
    data_dir: PathBuf,
    #[command(flatten)]
    ports: Ports,
    /// Exit once the first message's life is printed.
    #[arg(long)]
    once: bool,
    /// Log level or filter.
    #[arg(long, default_value = "warn")]
    log_level: String,
}

impl Demo {
    /// Runs until SIGINT or SIGTERM, or once.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let started = Instant::now();
        telemetry::start(&self.log_level, false);
        let stop = signals::stop()?;
        let sockets = self.ports.bind().await?;
        let config = self.config()?;
        let lock = platform::take_folder(&config)?;
        let operators = Operators::start(sockets.alpha, sockets.beta, seed::passwords(&config).await?)?;
        let sink = sink::Sink::start(sockets.sink, output)?;
        let seeded = seed::seed(&config, &operators, &sink).await?;
        let platform = Platform::start(&config, sockets.platform, lock, None).await?;
        let path = seed::write_env(&config, &seeded, platform.addresses())?;
        let ready_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        introduce(output, &platform, &operators, &path, &seeded.issued, ready_ms)?;
        let first = first_message(&platform, &seeded.env, output).await;
        if first.is_ok() && !self.once {
            invite(output)?;
            stop.await;
        }
        platform.stop().await;
        operators.stop().await;
        sink.stop().await;
        first
    }

    fn config(&self) -> Result<Config, Failure> {
        let flags = Flags { data_dir: Some(self.data_dir.clone()), ..Flags::default() };
        let loaded = Loaded::load(&flags, []).map_err(|error| Failure::new(Exit::Configuration, error))?;
        let mut config = loaded.config;
        // The sink is on this machine.
        config.webhooks.private_ranges = vec!["127.0.0.0/8".to_owned()];
        // So that a wallet can be filled as a client would.
        config.payments.provider = "test".to_owned();
        Ok(config)
    }
}

/// Where everything is, and the new secrets.
fn introduce(
    output: Output,
    platform: &Platform,
    operators: &Operators,
    env_file: &std::path::Path,
    issued: &[Issued],
    ready_ms: u64,
) -> Result<(), Failure> {
    let addresses = platform.addresses();
    let (http, services, smpp) = (addresses.http, addresses.services, addresses.smpp);
    let secrets: Value =
        issued.iter().map(|issued| json!({"kind": issued.kind, "of": issued.of, "secret": issued.expose()})).collect();
    let ready = json!({
        "ready": true, "http": http, "services": services, "smpp": smpp, "operators": operators.addresses(),
        "env_file": env_file.display().to_string(), "ready_ms": ready_ms, "secrets": secrets,
    });
    output.print(&ready, || {
        let mut text = format!(
            "Sambac is ready after {ready_ms} ms\n  API        http://{http}/docs\n  services   http://{services}/metrics\n  SMPP       {smpp}\n  operators  {} (simulated)\n  secrets    {}\n",
            operators.addresses().join(", "),
            env_file.display(),
        );
        if !issued.is_empty() {
            text.push_str("\nNew secrets, shown only now:\n");
            for issued in issued {
                text.push_str(&format!("  {:<14} {:<10} {}\n", issued.kind, issued.of, issued.expose()));
            }
        }
        text
    })
}

/// Sends an OTP as a client would and prints what became of it.
async fn first_message(platform: &Platform, env: &EnvFile, output: Output) -> Result<(), Failure> {
    wait_for_binds(platform).await;
    let url = format!("http://{}", platform.addresses().http);
    let client = Client::new(&url, SecretString::from(env.get("SAMBAC_API_KEY").unwrap_or_default()))?;
    let body = json!({"to": DESTINATION, "from": "Sambac", "text": "Your code is 482916", "class": "otp"});
    let asked = Instant::now();
    let accepted = client.post("/v1/sms/send", &body).await?;
    let answer_us = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
    let message_id = accepted["message_id"].as_str().unwrap_or_default().to_owned();
    let is_done = |life: &Value| life::is_final(life) && life::is_told(life);
    let life = life::wait(&client, &message_id, LIFE_PATIENCE, is_done).await?;
    let state = life["state"].as_str().unwrap_or("unknown").to_owned();
    output.print(&json!({"answer_us": answer_us, "life": life}), || {
        let answer = format!("{}.{:03} ms", answer_us / 1_000, answer_us % 1_000);
        format!("\nAn OTP to {DESTINATION}: {message_id}, answered in {answer}, {state}\n\n{}", life::table(&life))
    })?;
    if life::is_delivered(&life) {
        return Ok(());
    }
    Err(Failure::because(Exit::Refused, format!("the first message is {state}, not delivered")))
}

async fn wait_for_binds(platform: &Platform) {
    let deadline = Instant::now() + BIND_PATIENCE;
    let all_bound = || platform.engine().health().connectors.iter().all(|connector| connector.bound > 0);
    while !all_bound() && Instant::now() < deadline {
        sleep(Duration::from_millis(5)).await;
    }
}

fn invite(output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return Ok(());
    }
    crate::output::text(
        "\nIn another shell:\n  sambac send --to +999000000010 --text 'hello'   # undelivered; see sambac simulate --magic\n  \
         sambac status\nCtrl-C ends it; the data stay.\n",
    )
}
