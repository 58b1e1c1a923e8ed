//! The process has as many files open as it may: nobody new is let in, who is in goes on, and nothing spins; with files to spare it
//! goes on by itself.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Platform, Site, message};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::world;

/// Files that the process may open beside those that it has.
const SPARE: usize = 4;
/// Connections of strangers: far more than that.
const STRANGERS: usize = 60;
/// Ticks of the clock by which the kernel counts a process's time, in a second.
const TICKS_PER_S: u64 = 100;

/// The highest number of an open file.
fn highest_file(platform: &Platform) -> Result<usize> {
    let files = std::fs::read_dir(format!("/proc/{}/fd", platform.pid()))?;
    let numbers = files.filter_map(|file| file.ok()?.file_name().to_str()?.parse().ok());
    numbers.max().context("no file is open")
}

/// Time on the processors, in ticks.
fn worked(platform: &Platform) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", platform.pid()))?;
    let after_name = text.rsplit_once(')').context("no name")?.1;
    let fields: Vec<_> = after_name.split_whitespace().collect();
    Ok(fields[11].parse::<u64>()? + fields[12].parse::<u64>()?)
}

async fn may_open(platform: &Platform, files: usize) -> Result<()> {
    let limit = format!("--nofile={files}:");
    let set = Command::new("prlimit").args(["--pid", &platform.pid().to_string(), &limit]).status().await?;
    ensure!(set.success(), "prlimit: {set}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_in_goes_on_and_nothing_spins() -> Result<()> {
    let world = world("files_run_out")?;
    let operator = world.simulator("alpha", "").await?;
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    let (rest, esme) = (platform.rest(&secrets)?, platform.esme(&secrets).await?);
    // Everything that a message needs was opened once.
    let first = rest.send_text("+447700900123", "first").await?;
    ensure!(rest.final_state(&first).await? == "delivered");

    may_open(&platform, highest_file(&platform)? + 1 + SPARE).await?;
    let mut strangers = Vec::new();
    for address in [platform.http(), platform.smpp()].iter().cycle().take(STRANGERS) {
        // The kernel takes the connection; the process cannot.
        strangers.push(TcpStream::connect(address).await?);
    }
    let before = worked(&platform)?;
    let watched = Duration::from_secs(2);
    let quiet = tokio::time::sleep(watched);
    for number in 0..20 {
        let text = format!("while there are no files {number}");
        let answer = esme.submit(message("447700900123", text.as_bytes())).await?;
        ensure!(answer.status == 0, "{answer:?}");
    }
    quiet.await;
    let busy = worked(&platform)? - before;
    ensure!(busy < watched.as_secs() * TICKS_PER_S / 2, "{busy} ticks of work: it spins");
    until_true("all were delivered", async || {
        Ok(operator.journal()?.texts().iter().filter(|text| text.contains("no files")).count() == 20)
    })
    .await?;

    drop(strangers);
    until_true("new connections are taken again", async || {
        let fresh = platform.rest(&secrets)?;
        Ok(fresh.get("/v1/balance").await.is_ok_and(|reply| reply.status == 200))
    })
    .await?;
    world.database().await?.audit().await?;
    world.passed();
    Ok(())
}
