//! Payments: through a provider that is asked over HTTP, through the one that is played, and bank transfers. Whatever comes twice,
//! late, lost or forged, and whoever dies in between: the money comes once.

mod played;
mod provider;
mod tampered;
mod transfers;

use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;
use sambac_engine::clock::Clock;
use sambac_testkit::scenario::wait::{PATIENCE, until, until_true};
use sambac_testkit::scenario::{Platform, Reply, Rest, Secrets, Site, World};
use serde_json::{Value, json};

use crate::world;
use provider::{Provider, WEBHOOK_SECRET, signature};

const PATH: &str = "/v1/payments";

/// A platform with one account that has 10 EUR, and its provider.
struct Served {
    world: World,
    secrets: Secrets,
    platform: Platform,
    provider: Provider,
    rest: Rest,
}

impl Served {
    async fn start(name: &str, more: &[(&str, &str)]) -> Result<Self> {
        let (world, provider) = (world(name)?, Provider::start().await?);
        let site = Site::with_one_account("10").account("other", "0").api_key("other", "stranger");
        let secrets = world.apply(&site).await?;
        let platform = run(&world, &provider, more).await?;
        let rest = platform.rest(&secrets)?;
        Ok(Self { world, secrets, platform, provider, rest })
    }

    /// Makes a payment of 5 EUR; its id, and that of the provider.
    async fn opened(&self) -> Result<(String, String)> {
        let reply = self.rest.post(PATH, &json!({ "amount": "5.00" }), &[]).await?;
        ensure!(reply.status == 201, "{}", reply.text);
        let text = |field: &str| Ok::<_, anyhow::Error>(reply.body[field].as_str().context("missing")?.to_owned());
        Ok((text("id")?, text("provider_payment_id")?))
    }

    /// Sends an event with this signature.
    async fn tell(&self, signature: &str, body: Vec<u8>) -> Result<u16> {
        let url = format!("http://{}{PATH}/webhooks/stripe", self.platform.http());
        let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?;
        let request = client.post(url).header("stripe-signature", signature).body(body);
        Ok(request.send().await?.status().as_u16())
    }

    /// Sends an event about a payment as the provider does.
    async fn tell_event(&self, event: &str, id: &str) -> Result<u16> {
        let body = self.provider.event(event, id);
        self.tell(&signature(WEBHOOK_SECRET, now_s(), &body)?, body).await
    }

    async fn proven(self) -> Result<()> {
        self.world.database().await?.audit().await?;
        self.world.prove_ledger().await?;
        self.world.passed();
        Ok(())
    }
}

async fn run(world: &World, provider: &Provider, more: &[(&str, &str)]) -> Result<Platform> {
    let variables = provider.variables();
    let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    world.platform(&[&variables, more].concat()).await
}

fn now_s() -> i64 {
    Clock::system().now().0 / 1_000_000
}

fn code(reply: &Reply) -> (u16, &str) {
    (reply.status, reply.body["code"].as_str().unwrap_or_default())
}

/// Waits until a payment is in this state.
async fn until_state(rest: &Rest, id: &str, state: &str) -> Result<Value> {
    until(&format!("{id} is {state}"), PATIENCE, async || {
        let reply = rest.get(&format!("{PATH}/{id}")).await?;
        Ok((reply.body["state"] == state).then_some(reply.body))
    })
    .await
}

async fn available(rest: &Rest) -> Result<String> {
    Ok(rest.balance().await?.0)
}

/// The key makes one payment, here and at the provider; others do not see it; what the request says is checked.
#[tokio::test]
async fn a_payment_is_made_once_and_is_its_accounts_own() -> Result<()> {
    let served = Served::start("payment_made", &[]).await?;
    let (rest, key) = (&served.rest, [("Idempotency-Key", "order-1")]);
    let wanted = json!({ "amount": "12.50", "currency": "EUR" });
    let first = rest.post(PATH, &wanted, &key).await?;
    assert_eq!((first.status, &first.body["state"]), (201, &json!("pending")), "{}", first.text);
    assert_eq!((&first.body["amount"], &first.body["client_secret"]), (&json!("12.50"), &json!("pi_1_secret")));
    let again = rest.post(PATH, &wanted, &key).await?;
    assert_eq!((again.status, &again.body["id"]), (201, &first.body["id"]), "{}", again.text);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(served.provider.ids(), ["pi_1"]);
    assert_eq!(code(&rest.post(PATH, &json!({ "amount": "13" }), &key).await?), (422, "idempotency_mismatch"));

    let id = first.body["id"].as_str().context("no id")?;
    let shown = rest.get(&format!("{PATH}/{id}")).await?;
    assert!(shown.status == 200 && !shown.text.contains("secret"), "{}", shown.text);
    let listed = rest.get(PATH).await?;
    assert_eq!(listed.body["data"][0]["id"], first.body["id"], "{}", listed.text);
    let stranger = rest.with_key(served.secrets.api_key("stranger")?);
    assert_eq!(code(&stranger.get(&format!("{PATH}/{id}")).await?), (404, "not_found"));
    assert_eq!(stranger.get(PATH).await?.body["data"], json!([]));

    for (body, expected) in [
        (json!({ "amount": "0" }), (400, "invalid_request")),
        (json!({ "amount": "-1" }), (400, "invalid_request")),
        (json!({ "amount": "1.005" }), (400, "invalid_request")),
        (json!({ "amount": "5", "currency": "USD" }), (422, "currency_mismatch")),
        (json!({ "amount": "5", "play": "success" }), (400, "invalid_request")),
    ] {
        assert_eq!(code(&rest.post(PATH, &body, &[]).await?), expected, "{body}");
    }
    assert_eq!(available(rest).await?, "10.00", "nobody has paid");
    served.proven().await
}

/// The webhook makes the platform ask; its own words, forged ones, stale ones and repeated ones bring nothing.
#[tokio::test]
async fn a_webhook_is_only_a_reason_to_ask() -> Result<()> {
    let served = Served::start("payment_webhook", &[("SAMBAC_PAYMENTS_CHECK_S", "600")]).await?;
    let (id, at_provider) = served.opened().await?;
    let body = served.provider.event("evt_0", &at_provider);
    let asked = served.provider.asked();
    for bad in [
        String::new(),
        "t=1,v1=00".to_owned(),
        signature("whsec_other", now_s(), &body)?,
        signature(WEBHOOK_SECRET, now_s() - 301, &body)?,
        signature(WEBHOOK_SECRET, now_s(), b"another body")?,
    ] {
        assert_eq!(served.tell(&bad, body.clone()).await?, 401, "{bad}");
    }
    assert_eq!(served.provider.asked(), asked, "a forged webhook makes nobody ask");
    // A true one that lies about the state: it is asked, and nothing has come.
    assert_eq!(served.tell_event("evt_1", &at_provider).await?, 200);
    until_true("the provider is asked", async || Ok(served.provider.asked() > asked)).await?;
    until_state(&served.rest, &id, "pending").await?;
    assert_eq!(available(&served.rest).await?, "10.00");

    served.provider.becomes(&at_provider, "succeeded", Value::Null)?;
    // The same event again brings no news; another one does, and all that follow bring no more money.
    assert_eq!(served.tell_event("evt_1", &at_provider).await?, 200);
    assert_eq!(served.tell_event("evt_2", &at_provider).await?, 200);
    until_state(&served.rest, &id, "succeeded").await?;
    assert_eq!(available(&served.rest).await?, "15.00");
    for event in ["evt_2", "evt_3"] {
        assert_eq!(served.tell_event(event, &at_provider).await?, 200);
    }
    let unknown = served.tell(&signature(WEBHOOK_SECRET, now_s(), b"{}")?, b"{}".to_vec()).await?;
    assert_eq!(unknown, 400, "signed, and no event");
    assert_eq!(available(&served.rest).await?, "15.00");
    served.proven().await
}

/// Many webhooks and the janitor at once: one credit for each payment.
#[tokio::test]
async fn webhooks_and_polls_at_once_credit_once() -> Result<()> {
    let served = Served::start("payment_storm", &[]).await?;
    let mut payments = Vec::new();
    for _ in 0..3 {
        payments.push(served.opened().await?);
    }
    for (_, at_provider) in &payments {
        served.provider.becomes(at_provider, "succeeded", Value::Null)?;
    }
    let events = (0..60).map(|number| {
        let (served, at_provider) = (&served, &payments[number % 3].1);
        async move { served.tell_event(&format!("evt_{}", number / 2), at_provider).await }
    });
    assert!(try_join_all(events).await?.iter().all(|status| *status == 200));
    for (id, _) in &payments {
        until_state(&served.rest, id, "succeeded").await?;
    }
    assert_eq!(available(&served.rest).await?, "25.00");
    served.proven().await
}

/// The provider makes the payment and its answer is lost: unknown, then the same payment is found, and not made twice.
#[tokio::test]
async fn a_lost_answer_is_unknown_until_the_janitor_finds_out() -> Result<()> {
    let served = Served::start("payment_unknown", &[]).await?;
    served.provider.lose(2);
    let reply = served.rest.post(PATH, &json!({ "amount": "5" }), &[]).await?;
    assert_eq!((reply.status, &reply.body["state"]), (201, &json!("unknown")), "{}", reply.text);
    let id = reply.body["id"].as_str().context("no id")?;
    let found = until_state(&served.rest, id, "pending").await?;
    assert_eq!((&found["provider_payment_id"], served.provider.ids().len()), (&json!("pi_1"), 1), "{found}");
    served.provider.becomes("pi_1", "succeeded", Value::Null)?;
    assert_eq!(served.tell_event("evt_1", "pi_1").await?, 200);
    until_state(&served.rest, id, "succeeded").await?;
    assert_eq!(available(&served.rest).await?, "15.00");
    served.proven().await
}

/// The bank refuses: declined, with the reason; and when the payer tries again and pays, the money is taken all the same.
#[tokio::test]
async fn a_declined_payment_brings_nothing_until_it_is_paid_after_all() -> Result<()> {
    let served = Served::start("payment_declined", &[]).await?;
    let (id, at_provider) = served.opened().await?;
    let error = json!({ "code": "card_declined", "message": "No." });
    served.provider.becomes(&at_provider, "requires_payment_method", error)?;
    let declined = until_state(&served.rest, &id, "declined").await?;
    assert_eq!(declined["detail"], "card_declined: No.");
    assert_eq!(available(&served.rest).await?, "10.00");
    served.provider.becomes(&at_provider, "succeeded", Value::Null)?;
    assert_eq!(served.tell_event("evt_late", &at_provider).await?, 200);
    until_state(&served.rest, &id, "succeeded").await?;
    assert_eq!(available(&served.rest).await?, "15.00");
    served.proven().await
}

/// Nobody pays in time: it is called off at the provider, so that nobody can pay later, and has expired.
#[tokio::test]
async fn what_nobody_pays_expires_at_the_provider_too() -> Result<()> {
    let served = Served::start("payment_expires", &[("SAMBAC_PAYMENTS_EXPIRES_S", "2")]).await?;
    let (id, at_provider) = served.opened().await?;
    until_state(&served.rest, &id, "expired").await?;
    assert_eq!(served.provider.status(&at_provider), Some("canceled"));
    assert_eq!(available(&served.rest).await?, "10.00");
    served.proven().await
}

/// kill -9 between the provider's success and the credit, before the credit's commit, and after it: one credit.
#[tokio::test]
async fn dying_between_the_payment_and_its_credit_loses_and_doubles_nothing() -> Result<()> {
    let (world, provider) = (world("payment_dies")?, Provider::start().await?);
    let secrets = world.apply(&Site::with_one_account("10")).await?;
    let mut expected = 10;
    for point in ["before_credit:1", "before_commit:1", "after_commit:1"] {
        let (id, at_provider) = {
            let platform = run(&world, &provider, &[]).await?;
            let reply = platform.rest(&secrets)?.post(PATH, &json!({ "amount": "5" }), &[]).await?;
            ensure!(reply.status == 201, "{}", reply.text);
            platform.kill_9().await?;
            let text = |field: &str| reply.body[field].as_str().context("missing").map(str::to_owned);
            (text("id")?, text("provider_payment_id")?)
        };
        provider.becomes(&at_provider, "succeeded", Value::Null)?;
        // It may die before it says that it is ready.
        if let Ok(mut dying) = run(&world, &provider, &[("TEST_KILL_AT", point)]).await {
            until_true(&format!("it dies at {point}"), async || Ok(!dying.is_running()?)).await?;
        }
        let platform = run(&world, &provider, &[]).await?;
        let rest = platform.rest(&secrets)?;
        until_state(&rest, &id, "succeeded").await?;
        expected += 5;
        assert_eq!(available(&rest).await?, format!("{expected}.00"), "{point}");
        platform.kill_9().await?;
    }
    world.database().await?.audit().await?;
    world.prove_ledger().await?;
    world.passed();
    Ok(())
}
