//! What is left of a code: nothing in database, write-ahead log or log lines; and what survives kill -9: every attempt.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::Site;
use serde_json::json;

use super::{check, start, told, wrong};
use crate::canary::files_in;
use crate::world;

#[tokio::test]
async fn a_code_is_nowhere_in_clear() -> Result<()> {
    let world = world("otp_traces")?;
    let operator = world.simulator("alpha", "").await?;
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[("SAMBAC_LOG_LEVEL", "trace")]).await?;
    let rest = platform.rest(&secrets)?;
    // Long enough to be nowhere by chance.
    let form = json!({ "code": { "alphabet": "alphanumeric", "length": 10 } });
    let profile = json!({ "name": "long", "settings": form });
    assert_eq!(rest.post("/v1/otp-profiles", &profile, &[]).await?.status, 201);
    let mut codes = Vec::new();
    for number in 1..=3 {
        let id = start(&rest, json!({ "profile": "long" })).await?;
        let code = told(&operator, number).await?;
        ensure!(code.len() == 10, "{code}");
        codes.push((id, code));
        // While it holds, in what is written ahead.
        nowhere(&world.data_folder(), &world.path("platform.log"), &codes)?;
    }
    assert_eq!(check(&rest, &codes[0].0, &codes[0].1).await?, 200);
    assert_eq!(check(&rest, &codes[1].0, &wrong(&codes[1].1)).await?, 422);
    assert_eq!(rest.post(&format!("/v1/otp/{}/cancel", codes[1].0), &json!({}), &[]).await?.status, 200);
    nowhere(&world.data_folder(), &world.path("platform.log"), &codes)?;
    let metrics = platform.service("")?.get("/metrics").await?.text;
    ensure!(codes.iter().all(|(_, code)| !metrics.contains(code)), "a metric has a code");
    ensure!(platform.terminate(std::time::Duration::from_secs(10)).await?.success());
    nowhere(&world.data_folder(), &world.path("platform.log"), &codes)?;
    let mut database = world.database().await?;
    let kept = "SELECT COUNT(*) FROM otps WHERE state <> 0 AND (salt IS NOT NULL OR code_hash IS NOT NULL OR content IS NOT NULL)";
    assert_eq!(database.number(kept).await?, 0, "what has ended keeps nothing");
    world.passed();
    Ok(())
}

fn nowhere(folder: &Path, log: &Path, codes: &[(String, String)]) -> Result<()> {
    let mut files = files_in(folder)?;
    files.push(log.to_owned());
    ensure!(files.iter().any(|file| file.ends_with("sambac.db-wal")) || files.len() > 1, "nothing was looked at");
    for file in files {
        let octets = std::fs::read(&file).with_context(|| file.display().to_string())?;
        for (_, code) in codes {
            let found = octets.windows(code.len()).any(|window| window.eq_ignore_ascii_case(code.as_bytes()));
            ensure!(!found, "a code is in {}", file.display());
        }
    }
    Ok(())
}

/// The process dies after an attempt was stored and before it was answered: it counts all the same, and a right code was used.
#[tokio::test]
async fn an_attempt_that_was_not_answered_counts() -> Result<()> {
    let world = world("otp_kill_9")?;
    let operator = world.simulator("alpha", "").await?;
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[("TEST_KILL_AT", "before_otp_answer:2")]).await?;
    let rest = platform.rest(&secrets)?;
    let (first, second) = (start(&rest, json!({})).await?, start(&rest, json!({})).await?);
    let journal = operator.until_submits(2).await?;
    let codes: Vec<String> = journal.texts().iter().map(|text| text.chars().take(6).collect()).collect();
    assert_eq!(check(&rest, &first, &wrong(&codes[0])).await?, 422);
    ensure!(check(&rest, &first, &wrong(&codes[0])).await.is_err(), "it was to die before it answers");
    drop(platform);

    let platform = world.platform(&[("TEST_KILL_AT", "before_otp_answer:1")]).await?;
    let rest = platform.rest(&secrets)?;
    let otp = rest.get(&format!("/v1/otp/{first}")).await?.body;
    assert_eq!(otp["attempts_left"], 3, "{otp:#}");
    ensure!(check(&rest, &second, &codes[1]).await.is_err(), "it was to die before it answers");
    drop(platform);

    let platform = world.platform(&[]).await?;
    let rest = platform.rest(&secrets)?;
    assert_eq!(rest.get(&format!("/v1/otp/{second}")).await?.body["state"], "verified");
    assert_eq!(check(&rest, &second, &codes[1]).await?, 422, "it was used");
    world.database().await?.audit().await?;
    world.passed();
    Ok(())
}
