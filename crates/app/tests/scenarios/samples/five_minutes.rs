//! A newcomer's way, timed: from an empty folder to a code that was checked, with the commands of the first guide and nothing else.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;
use tokio::time::timeout;

use super::blocks::{Block, blocks};
use crate::world;

/// After the build.
const BAR: Duration = Duration::from_secs(60);
/// Other platforms may run on this machine: the demonstration takes any free ports here, and its own everywhere else.
const ANY_PORTS: &str = "--http-port 0 --services-port 0 --smpp-port 0 --sim-port 0 --webhook-port 0";

#[tokio::test]
async fn from_an_empty_folder_to_a_checked_code_within_a_minute() -> Result<()> {
    let world = world("five_minutes")?;
    let (programs, empty) = (world.path("programs"), world.path("empty"));
    std::fs::create_dir_all(&programs)?;
    std::fs::create_dir_all(&empty)?;
    let program = programs.join("sambac");
    let binary = env!("CARGO_BIN_EXE_sambac");
    std::fs::write(&program, format!("#!/bin/sh\ncommand=$1; shift\nexec {binary} \"$command\" {ANY_PORTS} \"$@\"\n"))?;
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
    let steps: Vec<_> = blocks("first-message")?.into_iter().filter(|block| block.language == "sh").collect();
    ensure!(steps.len() == 4 && steps[0].word == "start", "{steps:?}");
    let script = Block::together(&steps).context("no steps")?.code;
    // What the reader ends with Ctrl-C.
    std::fs::write(world.path("steps.sh"), format!("trap 'kill $!' EXIT\n{script}"))?;

    let path = std::env::var("PATH")?;
    let mut command = Command::new("sh");
    command.arg("-eu").arg(world.path("steps.sh")).current_dir(&empty).stdin(Stdio::null()).kill_on_drop(true);
    command.env_clear().env("PATH", format!("{}:{path}", programs.display())).env("HOME", world.path(""));
    let began = Instant::now();
    let output = timeout(BAR, command.output()).await.context("it takes more than a minute")??;
    let took = began.elapsed();
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    ensure!(said.contains("\"verified\":true"), "{said}");
    println!("a checked code after {} ms", took.as_millis());
    world.passed();
    Ok(())
}
