//! The database server dies, and the one that followed it takes its place: no answer that was given is forgotten.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::postgres::KillablePostgres;
use sambac_testkit::scenario::wait::until;
use sambac_testkit::scenario::{Gate, Rest, Site};
use serde_json::json;

use crate::load::arrivals;
use crate::world;

const MESSAGES: u64 = 120;
/// After so many the server dies.
const BEFORE: u64 = 60;
/// The first number of messages; the simulator must not read them as magic ones.
const FIRST: u64 = 999_100_000_000;
const WINDOW: usize = 10;

/// Sends one message as a careful client does: under a key of its own, again until it is taken.
async fn sent(rest: &Rest, number: u64) -> Result<String> {
    let body = json!({ "to": format!("+{number}"), "from": "Bank", "text": "hello" });
    let key = format!("message-{number}");
    until("the message is taken", Duration::from_secs(60), async || {
        let Ok(reply) = rest.post("/v1/sms/send", &body, &[("idempotency-key", &key)]).await else { return Ok(None) };
        ensure!(matches!(reply.status, 202 | 409 | 503), "{}: {}", reply.status, reply.text);
        Ok((reply.status == 202).then(|| reply.body["message_id"].as_str().unwrap_or_default().to_owned()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_is_there_when_another_server_takes_over() -> Result<()> {
    let world = world("cluster_promoted")?;
    let mut first = KillablePostgres::start(&world.path("postgres")).await?;
    let second = first.follower(&world.path("postgres_second")).await?;
    let gate = Gate::to(first.socket().as_path()).await?;
    let world = world.on(&first.url_by(gate.port()));
    let operator = world.simulator("alpha", "magic = false\n[receipt]\ndelay_ms = [0, 200]\nresend_max = 100").await?;
    let connector =
        format!("window_max = {WINDOW}\nsettings = {{ bind = {{ reconnect_min_ms = 100, reconnect_max_ms = 200 }} }}");
    let site = Site::with_one_account("10000").connector("alpha", &operator, &connector);
    let secrets = world.apply(&site.route("all", &["alpha"], "")).await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    let rest = platform.rest(&secrets)?;

    let mut messages = Vec::new();
    for number in FIRST..FIRST + BEFORE {
        messages.push((number, sent(&rest, number).await?));
    }
    first.kill_postmaster().await?;
    let killed_at = Instant::now();
    second.promote().await?;
    gate.lead_to(second.socket().as_path());
    messages.push((FIRST + BEFORE, sent(&rest, FIRST + BEFORE).await?));
    let took = killed_at.elapsed();
    ensure!(took < Duration::from_secs(10), "taken again after {took:?}");
    for number in FIRST + BEFORE + 1..FIRST + MESSAGES {
        messages.push((number, sent(&rest, number).await?));
    }

    let (mut twice, mut ended) = (0, Vec::new());
    for (number, id) in &messages {
        ended.push((number, rest.ended(id).await?));
    }
    let arrived = arrivals(&operator.journal()?);
    for (number, sms) in ended {
        ensure!(sms["state"] == "delivered", "{sms}");
        let times = arrived.get(number).copied().context("it never arrived")?;
        ensure!(times == 1 || sms["segments"][0]["possible_duplicate"] == true, "{times} times: {sms}");
        twice += usize::from(times > 1);
    }
    ensure!(twice <= 2 * WINDOW && arrived.len() == messages.len(), "{twice} twice, {} numbers", arrived.len());
    ensure!(rest.balance().await?.1 == "0.00");
    ensure!(platform.terminate(Duration::from_secs(10)).await?.success());
    world.prove_ledger().await?;
    drop((gate, first, second));
    world.passed();
    Ok(())
}
