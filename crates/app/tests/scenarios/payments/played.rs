//! The provider that is played: every way a payment can go, without anybody outside.

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::Site;
use serde_json::json;

use super::{PATH, available, code, until_state};
use crate::world;

const VARIABLES: [(&str, &str); 2] = [("SAMBAC_PAYMENTS_PROVIDER", "test"), ("SAMBAC_PAYMENTS_CHECK_S", "1")];

/// Each play ends as it must, and only those that are paid bring money, once.
#[tokio::test]
async fn every_play_ends_as_it_must() -> Result<()> {
    let world = world("payment_played")?;
    let secrets = world.apply(&Site::with_one_account("10")).await?;
    let platform = world.platform(&VARIABLES).await?;
    let rest = platform.rest(&secrets)?;
    let mut opened = Vec::new();
    for (play, at_first, at_last) in [
        ("success", "pending", "succeeded"),
        ("decline", "pending", "declined"),
        ("time_out", "unknown", "succeeded"),
        ("lost_answer", "unknown", "succeeded"),
        ("duplicate_webhook", "pending", "succeeded"),
        ("late_webhook", "pending", "succeeded"),
    ] {
        let reply = rest.post(PATH, &json!({ "amount": "1", "play": play }), &[]).await?;
        ensure!(reply.status == 201, "{play}: {}", reply.text);
        // The first webhook may have been quicker than the answer.
        let state = reply.body["state"].as_str().context("no state")?;
        ensure!(state == at_first || state == at_last, "{play}: {state}");
        opened.push((reply.body["id"].as_str().context("no id")?.to_owned(), at_last));
    }
    for (id, state) in &opened {
        until_state(&rest, id, state).await?;
    }
    assert_eq!(available(&rest).await?, "15.00", "five of six have paid");
    assert_eq!(
        code(&rest.post(PATH, &json!({ "amount": "1", "play": "jackpot" }), &[]).await?),
        (400, "invalid_request")
    );
    drop(platform);
    world.database().await?.audit().await?;
    world.prove_ledger().await?;
    world.passed();
    Ok(())
}

/// Play money is refused where others than this machine can reach the API; without a provider nobody can pay.
#[tokio::test]
async fn play_money_is_for_this_machine_only() -> Result<()> {
    let world = world("payment_test_refused")?;
    let secrets = world.apply(&Site::with_one_account("10")).await?;
    let output = world
        .run_with(
            &["run", "--http-listen", "0.0.0.0:0", "--services-listen", "127.0.0.1:0", "--smpp-listen", "127.0.0.1:0"],
            &VARIABLES,
        )
        .await?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(!output.status.success() && stderr.contains("payments.provider"), "{stderr}");
    let platform = world.platform(&[]).await?;
    let reply = platform.rest(&secrets)?.post(PATH, &json!({ "amount": "1" }), &[]).await?;
    assert_eq!(code(&reply), (409, "payments_off"));
    world.passed();
    Ok(())
}
