//! Tokens of a bank's own identity provider: good ones open what they say, all others read alike.

mod forged;
mod provider;

use anyhow::Result;
use sambac_testkit::scenario::{Platform, Rest, Site, World};
use serde_json::{Value, json};

use crate::world;
use provider::{Provider, claims, header};

/// What the tokens are for.
const AUDIENCE: &str = "https://sms.example.com";

/// A bank and a shop, the bank's identity provider, and the platform that believes it.
struct Stage {
    world: World,
    platform: Platform,
    /// Without a token.
    rest: Rest,
    provider: Provider,
    /// Of the shop.
    other: Provider,
}

impl Stage {
    async fn start(name: &str) -> Result<Self> {
        let world = world(name)?;
        let (provider, other) = (Provider::start().await?, Provider::start().await?);
        let site = Site::with_one_account("10").account("shop", "10");
        let set = provider.jwks_url();
        let site = site.table("issuer", &issuer("idp", provider.url(), &set, "[\"bank\"]", "active"));
        let site = site.table("issuer", &issuer("shop-idp", other.url(), &other.jwks_url(), "[\"shop\"]", "active"));
        let site = site.table("issuer", &issuer("closed", "https://closed.example", &set, "[\"bank\"]", "suspended"));
        let secrets = world.apply(&site).await?;
        let platform = world.platform(&[]).await?;
        let rest = platform.rest(&secrets)?;
        Ok(Self { world, platform, rest, provider, other })
    }

    async fn status(&self, token: &str) -> Result<u16> {
        Ok(self.rest.with_key(token).get("/v1/sms").await?.status)
    }
}

fn issuer(name: &str, url: &str, jwks_url: &str, accounts: &str, state: &str) -> String {
    let tokens = r#"{ scopes = ["sms:read", "sms:send"], account_claim = "tenant" }"#;
    format!(
        "name = \"{name}\"\nurl = \"{url}\"\naudience = \"{AUDIENCE}\"\njwks_url = \"{jwks_url}\"\naccounts = {accounts}\n\
         state = \"{state}\"\ntokens = {tokens}"
    )
}

/// Tokens of each algorithm open their account's things, as far as they say and the issuer may give, and nobody else's.
#[tokio::test]
async fn a_good_token_opens_what_it_says_and_no_more() -> Result<()> {
    let stage = Stage::start("issuer_good").await?;
    let provider = &stage.provider;
    for algorithm in ["EdDSA", "ES256", "RS256", "PS256"] {
        let token = provider.token(&header(algorithm), &claims(provider));
        assert_eq!(stage.status(&token).await?, 200, "{algorithm}");
    }
    let shops = stage.other.token(&header("ES256"), &json!({ "tenant": "shop" }).over(claims(&stage.other)));
    let sent =
        stage.rest.with_key(&shops).send(&json!({ "to": "+447700900123", "from": "Shop", "text": "hello" })).await?;
    let id = sent.body["message_id"].as_str().unwrap_or("msg_0000000000100").to_owned();
    let banks = provider.token(&header("EdDSA"), &claims(provider));
    assert_eq!(stage.rest.with_key(&banks).get(&format!("/v1/sms/{id}")).await?.status, 404);
    let narrow = provider.token(&header("EdDSA"), &json!({ "scope": "openid sms:send" }).over(claims(provider)));
    assert_eq!(stage.status(&narrow).await?, 403, "it does not say sms:read");
    let wide = provider.token(&header("EdDSA"), &json!({ "scope": "balance:read" }).over(claims(provider)));
    assert_eq!(stage.rest.with_key(&wide).get("/v1/balance").await?.status, 403, "the issuer may not give it");
    let by_id =
        json!({ "aud": ["https://else.example", AUDIENCE], "exp": provider::now() - 20, "nbf": provider::now() + 20 });
    let token = provider.token(&header("PS256"), &by_id.over(claims(provider)));
    assert_eq!(stage.status(&token).await?, 200, "clocks may differ by half a minute");
    stage.world.passed();
    Ok(())
}

/// Everything that is not a token of a configured issuer for us is refused, and every refusal reads the same.
#[tokio::test]
async fn forged_tokens_are_refused_alike() -> Result<()> {
    let stage = Stage::start("issuer_forged").await?;
    assert_eq!(stage.status(&stage.provider.token(&header("EdDSA"), &claims(&stage.provider))).await?, 200);
    let expected = told(&stage.rest.with_key("nothing").get("/v1/sms").await?.body);
    let thief = Provider::start().await?;
    let forged = forged::all(&stage.provider, &stage.other, &thief, stage.platform.http());
    assert!(forged.len() >= 60, "{}", forged.len());
    for (what, token) in &forged {
        let reply = stage.rest.with_key(token).get("/v1/sms").await?;
        assert_eq!((reply.status, told(&reply.body)), (401, expected.clone()), "{what}");
    }
    assert_eq!(thief.asked(), 0, "nobody's word is taken on where keys are");
    // All of these named keys that are not known, or none; the issuers were asked a few times for all that.
    assert!(stage.provider.asked() < 10, "{}", stage.provider.asked());
    stage.world.passed();
    Ok(())
}

/// A key that the issuer publishes later is found, and one that it takes away is not believed for ever.
#[tokio::test]
async fn keys_are_found_when_the_issuer_changes_them() -> Result<()> {
    let mut stage = Stage::start("issuer_rotates").await?;
    let old = stage.provider.token(&header("EdDSA"), &claims(&stage.provider));
    assert_eq!(stage.status(&old).await?, 200);
    stage.provider.rotate();
    let new = stage.provider.token(&header("EdDSA"), &claims(&stage.provider));
    sambac_testkit::scenario::wait::until_true("the new key is known", async || Ok(stage.status(&new).await? == 200))
        .await?;
    stage.world.passed();
    Ok(())
}

fn told(problem: &Value) -> Value {
    let mut problem = problem.clone();
    if let Some(fields) = problem.as_object_mut() {
        fields.remove("request_id");
    }
    problem
}

/// Fields laid over others; one that is null is taken away.
trait Over {
    fn over(self, base: Value) -> Value;
}

impl Over for Value {
    fn over(self, mut base: Value) -> Value {
        let (Value::Object(changes), Some(fields)) = (self, base.as_object_mut()) else { return base };
        for (name, value) in changes {
            match value {
                Value::Null => drop(fields.remove(&name)),
                value => drop(fields.insert(name, value)),
            }
        }
        base
    }
}
