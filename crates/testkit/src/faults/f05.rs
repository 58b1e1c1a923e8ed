//! F5: Redis is killed, emptied, or stands still.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rand::Rng as _;
use serde_json::json;
use tokio::sync::watch;

use super::f01::few_twice;
use super::oracle::Rules;
use super::rig::Rig;
use super::{Fault, Report, Setting};
use crate::redis::RedisServer;
use crate::scenario::wait::until_true;
use crate::scenario::{Esme, Platform, Rest, Site};

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F05",
    title: "Redis is killed and comes back empty, is emptied, or stands still",
    holds: "every message is taken, and sent once; limits are counted here meanwhile, and there again afterwards; what was revoked stays so",
};

/// Limits that are asked for and that nobody comes to.
const LIMITS: &str = "throughput = \"100000/s\"\nrate_limits = { send = \"10000/s\", destination = \"100/s\" }";
/// How long it may stand still at most.
const AWAY_MS: u64 = 2_000;
/// Some message's path; the account has none of this id.
const SOMETHING: &str = "/v1/sms/msg_01h2xcejqtf2n";

/// Plays it on the binary that users have.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let setting = Setting { binary: setting.release.clone(), ..setting.clone() };
    let (mut redis, mut rig) = (RedisServer::start().await?, Rig::new(&FAULT, &setting).await?);
    let account = format!("name = \"bank\"\ncurrency = \"EUR\"\ntariff = \"standard\"\n{LIMITS}");
    rig.world.apply(&Site::new().table("account", &account)).await?;
    let url = redis.url();
    let platform = rig.world.platform(&[("SAMBAC_REDIS_URL", &url), ("SAMBAC_REDIS_TIMEOUT_MS", "200")]).await?;
    platform.until_bound().await?;
    counted(&platform, "redis").await?;
    let leaked = revoked(&platform.rest(&rig.secrets)?).await?;
    let esme = rig.client(&platform).await?;
    for strike in 0..setting.of(3, 60) {
        let away = Duration::from_millis(rig.chance.random_range(200..AWAY_MS));
        let (stop, stopped) = watch::channel(false);
        let (load, played) = tokio::join!(rig.clients.send_until(&esme, stopped), async {
            let played = breaks(&mut redis, &platform, strike % 3, away).await;
            stop.send_replace(true);
            played
        });
        load?;
        rig.report.strike(played?);
        let status = leaked.get(SOMETHING).await?.status;
        rig.report.expect("what was revoked works", status == 401, format!("{status}"));
    }
    let refused = refusals(&esme);
    rig.report.expect("messages are refused", refused == 0, format!("{refused}"));
    rig.at_rest().await?;
    esme.unbind().await;
    rig.clients.heard(&esme);
    rig.rests_of(platform).await?;
    let report = rig.judged(&Rules::default()).await?;
    Ok(few_twice(report, 0))
}

/// One way of three; returns its name once limits are counted there again.
async fn breaks(redis: &mut RedisServer, platform: &Platform, way: u64, away: Duration) -> Result<&'static str> {
    match way {
        0 => {
            redis.kill_9().await?;
            counted(platform, "alone").await?;
            tokio::time::sleep(away).await;
            redis.start_again().await?;
        }
        1 => {
            redis.ask(&["FLUSHALL"]).await?;
            tokio::time::sleep(away).await;
        }
        _ => {
            redis.freeze().await?;
            counted(platform, "alone").await?;
            tokio::time::sleep(away).await;
            redis.thaw().await?;
        }
    }
    counted(platform, "redis").await?;
    Ok(["killed", "emptied", "stood still"][usize::try_from(way)?])
}

/// Waits until limits are counted there: in `redis`, or by this node `alone`.
async fn counted(platform: &Platform, wanted: &str) -> Result<()> {
    let is_so = async || Ok(platform.health().await?["shared_limits"]["counted"] == wanted);
    until_true(&format!("limits are counted: {wanted}"), is_so).await
}

fn refusals(esme: &Esme) -> usize {
    esme.look(|heard| heard.answers.values().filter(|answer| answer.status != 0).count())
}

/// A key of its own that was revoked.
async fn revoked(rest: &Rest) -> Result<Rest> {
    let made = rest.post("/v1/keys", &json!({ "name": "leaked", "scopes": ["sms:read"] }), &[]).await?;
    let text = |field: &str| made.body[field].as_str().with_context(|| made.text.clone());
    let leaked = rest.with_key(text("key")?);
    ensure!(leaked.get(SOMETHING).await?.status == 404, "it works");
    ensure!(rest.delete(&format!("/v1/keys/{}", text("id")?)).await?.status < 300);
    Ok(leaked)
}
