//! The code of the guides is run as it is printed: shell, Python, Node and Rust, against the real binary with a sandbox. What a reader copies works.

mod blocks;
mod five_minutes;
mod receivers;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::{Platform, Secrets, Simulator, Sink, Site, World};
use tokio::process::Command;
use tokio::time::timeout;

use self::blocks::{Block, blocks, guides};
use crate::interop::installed;
use crate::sandbox::with_sandbox;
use crate::world;

const LIMIT: Duration = Duration::from_secs(60);

/// The Rust of each guide, which is compiled as an example.
const RUST: [(&str, &str, &str); 3] = [
    ("first-message", "first_message", include_str!("../../examples/samples/first_message.rs")),
    ("otp", "otp", include_str!("../../examples/samples/otp.rs")),
    ("webhooks", "webhook", include_str!("../../examples/samples/webhook.rs")),
];

/// A platform with a sandbox and an operator of the test network, and a reader's variables.
struct Stage {
    world: World,
    platform: Platform,
    secrets: Secrets,
    _operator: Simulator,
    sink: Sink,
}

impl Stage {
    async fn start(name: &str) -> Result<Self> {
        let world = world(name)?;
        let operator = world.simulator("alpha", "").await?;
        let key = "name = \"test\"\naccount = \"bank\"\nenvironment = \"test\"\nscopes = [\"sms:send\", \"sms:read\", \
            \"balance:read\", \"webhooks:write\", \"events:read\", \"keys:write\", \"otp:send\", \"otp:check\", \"otp:read\", \
            \"opt_outs:write\"]";
        let site = with_sandbox(Site::with_one_account("100"))
            .connector("alpha", &operator, "")
            .route("all", &["alpha"], "")
            .table("api_key", key);
        let secrets = world.apply(&site).await?;
        let platform = world.platform(&[]).await?;
        platform.until_bound().await?;
        Ok(Self { world, platform, secrets, _operator: operator, sink: Sink::start(0).await? })
    }

    /// Runs a program with what a reader has, and gives what it printed.
    async fn run(&self, command: Command) -> Result<String> {
        let output = timeout(LIMIT, self.with_variables(command)?.output()).await.context("it did not end")??;
        let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "{}\n{out}{error}", output.status);
        Ok(out.into_owned())
    }

    fn with_variables(&self, mut command: Command) -> Result<Command> {
        command.env("SAMBAC_URL", format!("http://{}", self.platform.http()));
        command.env("SAMBAC_API_KEY", self.secrets.api_key("test")?).env("RECEIVER_URL", self.sink.url());
        command.env("SAMBAC_SMPP_ADDR", self.platform.smpp().to_string()).env("SAMBAC_SMPP_SYSTEM_ID", "esme");
        command.env("SAMBAC_SMPP_PASSWORD", self.secrets.smpp_password("esme")?);
        command.current_dir(self.world.path("")).stdin(Stdio::null()).kill_on_drop(true);
        Ok(command)
    }

    /// A program that runs a block.
    fn program(&self, block: &Block) -> Result<Command> {
        let file = self.world.path(&format!("{}-{}.{}", block.guide, block.line, block.ending()));
        std::fs::write(&file, &block.code)?;
        let mut command = match &*block.language {
            "sh" => Command::new("sh"),
            "python" => Command::new(installed(".venv/bin/python")?),
            _ => Command::new("node"),
        };
        if block.language == "sh" {
            command.arg("-eu");
        }
        command.arg(file);
        Ok(command)
    }
}

/// The program of the Rust samples, which is built with the tests.
fn rust(name: &str) -> Result<Command> {
    let built = PathBuf::from(env!("CARGO_BIN_EXE_sambac"));
    let samples = built.parent().context("a folder")?.join("examples/samples");
    ensure!(samples.exists(), "{} is missing: build the examples, too", samples.display());
    let mut command = Command::new(samples);
    command.arg(name);
    Ok(command)
}

/// Every block in a language that runs is run, each guide's shell from top to bottom.
#[tokio::test]
async fn what_the_guides_print_runs() -> Result<()> {
    let stage = Stage::start("samples").await?;
    let mut said = String::new();
    for guide in guides()? {
        let all = blocks(&guide)?;
        let shell: Vec<_> = all.iter().filter(|block| block.runs() && block.language == "sh").cloned().collect();
        if let Some(script) = Block::together(&shell) {
            said += &stage.run(stage.program(&script)?).await.with_context(|| format!("the shell of {guide}"))?;
        }
        for block in all.iter().filter(|block| block.runs() && ["python", "js"].contains(&&*block.language)) {
            let context = || format!("{guide}, line {}: {}", block.line, block.language);
            said += &stage.run(stage.program(block)?).await.with_context(context)?;
        }
        for block in all.iter().filter(|block| block.word == "endless") {
            said += &endless(&stage, block).await?;
        }
    }
    for name in ["first_message", "otp"] {
        said += &stage.run(rust(name)?).await.with_context(|| format!("the Rust of {name}"))?;
    }
    for (words, times) in [
        ("\"verified\":true", 2),
        ("verified: True", 1),
        ("verified: true", 2),
        ("\"access_token\":", 3),
        ("stat:DELIVRD", 1),
        ("event: ready", 1),
    ] {
        assert_eq!(said.matches(words).count(), times, "{words} in {said}");
    }
    assert!(said.matches("delivered").count() >= 4, "{said}");
    stage.sink.until(1).await?;
    stage.world.passed();
    Ok(())
}

/// Runs what has no end until it has said that it is ready.
async fn endless(stage: &Stage, block: &Block) -> Result<String> {
    let mut command = stage.with_variables(stage.program(block)?)?;
    let mut child = command.stdout(Stdio::piped()).process_group(0).spawn()?;
    let mut out = child.stdout.take().context("a pipe")?;
    let mut said = Vec::new();
    let ready = async {
        let mut octets = [0; 4096];
        while !String::from_utf8_lossy(&said).contains("\n\n") {
            let count = tokio::io::AsyncReadExt::read(&mut out, &mut octets).await?;
            ensure!(count > 0, "it ended");
            said.extend_from_slice(&octets[..count]);
        }
        Ok(())
    };
    timeout(LIMIT, ready).await.with_context(|| format!("line {} of {} says nothing", block.line, block.guide))??;
    child.kill().await?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}

/// The Rust of the guides is that of the example that is compiled (`UPDATE_DOCS=1` writes it there), and what is not run is little.
#[test]
fn the_rust_of_the_guides_is_fresh() -> Result<()> {
    for (guide, _, code) in RUST {
        blocks::refresh(guide, "rust", code)?;
        let printed: Vec<_> = blocks(guide)?.into_iter().filter(|block| block.language == "rust").collect();
        assert!(
            printed.len() == 1 && printed[0].code == code,
            "docs/guides/{guide}.md: run this test with UPDATE_DOCS=1"
        );
    }
    let mut fragments = 0;
    for guide in guides()? {
        for block in blocks(&guide)? {
            let known = ["sh", "python", "js", "rust", "json", "toml", "text"];
            assert!(
                known.contains(&&*block.language),
                "{guide}, line {}: {} is run by nobody",
                block.line,
                block.language
            );
            fragments += u32::from(block.word == "fragment");
        }
    }
    assert_eq!(
        fragments, 3,
        "a receiver's lines for public keys (tests/interop runs such), a token that is printed once, and a page with passkeys (as is tests/interop/passkey.js)"
    );
    Ok(())
}
