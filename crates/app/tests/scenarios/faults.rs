//! The catalogue of faults, each in short: `make faults` plays the same at length ([operations](../../../../docs/operations/faults.md)).
//!
//! What is random comes from a seed, `SAMBAC_TEST_SEED` or 1, which a failure names.

use anyhow::{Result, ensure};
use sambac_testkit::faults::{Setting, play};

async fn holds(fault: &str) -> Result<()> {
    let seed = std::env::var("SAMBAC_TEST_SEED").map_or(Ok(1), |text| text.parse())?;
    let binary = std::path::PathBuf::from(env!("CARGO_BIN_EXE_sambac"));
    let setting = Setting { release: binary.clone(), binary, seed, long: false };
    let report = play(fault, &setting).await?;
    ensure!(report.findings.is_empty(), "SAMBAC_TEST_SEED={seed}: {report:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f02_it_is_killed_at_named_points() -> Result<()> {
    holds("F02").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f06_disks_are_full() -> Result<()> {
    holds("F06").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f07_an_fsync_fails() -> Result<()> {
    holds("F07").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f08_files_are_damaged() -> Result<()> {
    holds("F08").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f13_the_operator_vanishes() -> Result<()> {
    holds("F13").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f18_the_clock_is_set() -> Result<()> {
    holds("F18").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f23_a_message_breaks_it() -> Result<()> {
    holds("F23").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f14_the_network_is_cut_in_two() -> Result<()> {
    holds("F14").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f15_a_thousand_come_back() -> Result<()> {
    holds("F15").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f16_too_much_comes_in() -> Result<()> {
    holds("F16").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f21_a_backlog_in_little_memory() -> Result<()> {
    holds("F21").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f04_another_server_takes_over() -> Result<()> {
    holds("F04").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f05_redis_is_gone() -> Result<()> {
    holds("F05").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f19_it_is_asked_to_end() -> Result<()> {
    holds("F19").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f20_every_node_is_updated() -> Result<()> {
    holds("F20").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f24_no_file_is_left() -> Result<()> {
    holds("F24").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f09_an_operator_is_slow() -> Result<()> {
    holds("F09").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f10_an_operator_takes_and_closes() -> Result<()> {
    holds("F10").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f11_answers_come_twice_unasked_or_late() -> Result<()> {
    holds("F11").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f12_a_storm_of_throttles() -> Result<()> {
    holds("F12").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f17_one_account_floods() -> Result<()> {
    holds("F17").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f22_receivers_of_webhooks_misbehave() -> Result<()> {
    holds("F22").await
}
