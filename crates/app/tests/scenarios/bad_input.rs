//! Ten thousand mutated PDUs and a thousand malformed HTTP requests: the process lives, tells nothing of its inside, and a
//! client that behaves notices nothing.
//!
//! What is sent follows from fixed seeds: the same on every run.

mod http;
mod mutation;
mod pdus;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use sambac_testkit::scenario::wait::until;
use sambac_testkit::scenario::{Esme, Platform, Site, message};

use crate::world;

const RSS_KIB_MAX: u64 = 300 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_breaks_and_nothing_leaks() -> Result<()> {
    let world = world("bad_input")?;
    let mut operator = world.simulator("alpha", "magic = false").await?;
    let site = Site::with_one_account("10000")
        .account("hostile", "1000")
        .smpp_account("hostile", "hostile", "binds_max = 1000\nwindow_max = 1000")
        .connector("alpha", &operator, "window_max = 100")
        .route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let mut platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    let esme = platform.esme(&secrets).await?;
    esme.accepted(message("447700900123", b"before")).await?;
    let rss_before = platform.rss_kib()?;

    let over = AtomicBool::new(false);
    let attack = async {
        let password = secrets.smpp_password("hostile")?;
        let pdus = pdus::send(platform.smpp(), password);
        let http = http::send(platform.http(), secrets.api_key("main")?);
        let (pdus, http) = tokio::join!(pdus, http);
        let crossed = cross(&platform).await;
        over.store(true, Ordering::Relaxed);
        anyhow::Ok((pdus?, http?, crossed?))
    };
    let (good, attack) = tokio::join!(behave(&esme, &over), attack);
    let (pdus, http, ()) = attack?;
    assert_eq!((pdus, http), (pdus::COUNT, http::COUNT));

    let good = good? + 1;
    esme.receipts(good).await?;
    assert!(esme.look(|heard| !heard.closed && heard.receipts.len() == good), "one receipt for each");
    ensure!(platform.is_running()?, "the platform has ended");
    let rss = platform.rss_kib()?;
    ensure!(rss < RSS_KIB_MAX, "{rss} KiB resident, {rss_before} before");
    no_panic(&world)?;
    let mut database = world.database().await?;
    database.audit().await?;
    let taken = database.number("SELECT COUNT(*) FROM messages").await? - i64::try_from(good)?;
    ensure!(taken > 200, "only {taken} of the mutated submits were good enough to be taken");
    // Whatever was taken from the hostile client has an end, too.
    until("every message ends", Duration::from_secs(60), async || {
        Ok((database.open_messages().await? == 0).then_some(()))
    })
    .await?;
    database.audit().await?;
    operator.finish().await?;
    world.passed();
    Ok(())
}

/// Sends one message after the other until the attack is over; every one must be taken. Returns how many.
async fn behave(esme: &Esme, over: &AtomicBool) -> Result<usize> {
    let mut count = 0;
    while !over.load(Ordering::Relaxed) {
        esme.accepted(message("447700900123", b"a client that behaves")).await?;
        count += 1;
    }
    Ok(count)
}

/// Each protocol at the other's door.
async fn cross(platform: &Platform) -> Result<()> {
    let get = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let tls = [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3][..], &[0x5A; 501]].concat();
    let bind = [&[0, 0, 0, 0x1F, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1][..], b"hostile\0\0\0\x34\0\0\0"].concat();
    for octets in [&get[..], &tls, b"\n\n\n\n", b"QUIT\r\n", b"AMQP\0\0\x09\x01"] {
        pdus::talk(platform.smpp(), octets).await?;
    }
    for octets in [&bind[..], &tls, b"\0", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        http::no_leak(&http::talk(platform.http(), octets).await?)?;
    }
    Ok(())
}

fn no_panic(world: &sambac_testkit::scenario::World) -> Result<()> {
    let log = std::fs::read_to_string(world.path("platform.log"))?;
    let panics: Vec<_> = log.lines().filter(|line| line.contains("panicked")).collect();
    ensure!(panics.is_empty(), "{} panics: {}", panics.len(), panics[0]);
    Ok(())
}
