//! Codes that are paid for by their verification: the hold is captured when the code is right, and given back when it has ended.

use anyhow::Result;
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Charges, Simulator, Site};
use serde_json::json;

use super::{check, start, told};
use crate::world;

fn paid_when_verified(operator: &Simulator) -> Site {
    let rate = "name = \"standard\"\ncurrency = \"EUR\"\nrate = [{ price = \"0.05\", charge = \"verified\" }]";
    Site::new()
        .table("tariff", rate)
        .account("bank", "10")
        .api_key("bank", "main")
        .connector("alpha", operator, "")
        .route("all", &["alpha"], "")
}

#[tokio::test]
async fn a_verification_is_paid_for_and_a_code_called_off_is_not() -> Result<()> {
    let world = world("otp_charging")?;
    let operator = world.simulator("alpha", "").await?;
    let secrets = world.apply(&paid_when_verified(&operator)).await?;
    let platform = world.platform(&[]).await?;
    let rest = platform.rest(&secrets)?;

    let first = start(&rest, json!({})).await?;
    let code = told(&operator, 1).await?;
    let second = start(&rest, json!({})).await?;
    told(&operator, 2).await?;
    for id in [&first, &second] {
        let otp = rest.get(&format!("/v1/otp/{id}")).await?.body;
        let message = otp["sends"][0]["message_id"].as_str().unwrap_or_default().to_owned();
        assert_eq!(rest.final_state(&message).await?, "delivered");
    }
    assert_eq!(rest.balance().await?, ("9.90".to_owned(), "0.10".to_owned()), "delivered, and not verified");

    assert_eq!(check(&rest, &first, &code).await?, 200);
    assert_eq!(rest.post(&format!("/v1/otp/{second}/cancel"), &json!({}), &[]).await?.status, 200);
    until_true("both are settled", async || Ok(rest.balance().await? == ("9.95".to_owned(), "0.00".to_owned())))
        .await?;

    let mut database = world.database().await?;
    database.audit().await?;
    assert_eq!(database.charges().await?, Charges { held: 0, captured: 1, voided: 1 });
    world.prove_ledger().await?;
    world.passed();
    Ok(())
}

#[tokio::test]
async fn a_code_of_the_clients_own_is_paid_for_when_it_says_that_it_was_used() -> Result<()> {
    let world = world("otp_used")?;
    let operator = world.simulator("alpha", "").await?;
    let secrets = world.apply(&paid_when_verified(&operator)).await?;
    let platform = world.platform(&[]).await?;
    let rest = platform.rest(&secrets)?;
    let body = json!({ "to": super::TO, "from": "Bank", "text": "Your code is 424242", "class": "otp" });
    let message = rest.accepted(&body).await?;
    assert_eq!(rest.final_state(&message).await?, "delivered");
    for used in [false, true, true] {
        let reply = rest.post(&format!("/v1/otp/{message}/used"), &json!({ "used": used }), &[]).await?;
        assert_eq!(reply.status, 204, "{}", reply.text);
    }
    assert_eq!(rest.balance().await?, ("9.95".to_owned(), "0.00".to_owned()), "paid for once");
    let plain = rest.send_text(super::TO, "No code").await?;
    assert_eq!(rest.post(&format!("/v1/otp/{plain}/used"), &json!({}), &[]).await?.status, 409);
    world.database().await?.audit().await?;
    world.passed();
    Ok(())
}
