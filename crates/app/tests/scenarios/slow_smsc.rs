//! A slow SMSC, and one that never answers: what goes by other connectors does not notice, and memory stays bounded.

use anyhow::Result;
use sambac_testkit::scenario::Site;
use sambac_testkit::scenario::wait::until_true;

use crate::load::Load;
use crate::world;

const BACKLOG: usize = 400;
const WINDOW: usize = 20;

/// With hundreds of messages waiting for operators that answer late or never, a hundred others are delivered by a healthy one,
/// and no more than a window is open at any operator.
async fn others_do_not_notice(name: &str, scenario: &str) -> Result<()> {
    let world = world(name)?;
    let mut slow = world.simulator("slow", &format!("magic = false\n{scenario}")).await?;
    let mut healthy = world.simulator("healthy", "").await?;
    let window = format!("window_max = {WINDOW}\nsettings = {{ flow = {{ window_start = {WINDOW} }} }}");
    let site = Site::with_one_account("1000")
        .connector("slow", &slow, &window)
        .connector("healthy", &healthy, "")
        .route("slow", &["slow"], "match = { prefix = \"9991\" }")
        .route("healthy", &["healthy"], "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    let esme = platform.esme(&secrets).await?;
    assert_eq!(Load::default().send(&esme, BACKLOG).await?.len(), BACKLOG);
    let in_flight = async || platform.metric("sambac_connector_in_flight{name=\"slow\"}").await;
    // One place of the window is kept for OTPs.
    until_true("the slow operator's window is used up", async || Ok(in_flight().await? >= WINDOW as i64 - 1)).await?;
    let rest = platform.rest(&secrets)?;
    for no in 0..100 {
        let id = rest.send_text(&format!("+4477009001{no:02}"), "quick").await?;
        assert_eq!(rest.final_state(&id).await?, "delivered");
    }
    assert!(in_flight().await? <= WINDOW as i64);
    let submits = slow.finish().await?.unanswered();
    assert!(submits.len() <= BACKLOG / 2 && submits.iter().all(|open| *open <= WINDOW), "{submits:?}");
    assert_eq!(healthy.finish().await?.texts().len(), 100);
    world.passed();
    Ok(())
}

#[tokio::test]
async fn answers_after_five_seconds() -> Result<()> {
    others_do_not_notice("slow_smsc_5", "[answer]\ndelay_ms = 5000").await
}

#[tokio::test]
async fn no_answer_ever() -> Result<()> {
    others_do_not_notice("slow_smsc_never", "[answer]\ndrop_answer = 1.0").await
}
