//! Keys, tokens, passwords and shared secrets: made, shown once, used, wrong, changed.

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::Rest;
use serde_json::{Value, json};

use super::Stage;
use super::search::Place;
use crate::persons;

impl Stage {
    fn shown(&mut self, what: &str, reply: &Value, name: &str) -> Result<String> {
        let secret = reply[name].as_str().with_context(|| format!("no {name}: {reply}"))?.to_owned();
        self.canaries.secret(what, &secret);
        Ok(secret)
    }

    /// API keys, access tokens, request keys; and keys that are none.
    pub(super) async fn keys(&mut self) -> Result<()> {
        let made =
            self.expect(201, "/v1/keys", &json!({ "name": "third", "scopes": ["sms:read", "balance:read"] })).await?;
        let id = made["id"].as_str().context("no id")?.to_owned();
        let key = self.shown("a key that was made", &made, "key")?;
        let rotated = self.expect(200, &format!("/v1/keys/{id}/rotate"), &json!({})).await?;
        let key_now = self.shown("a key that was rotated", &rotated, "key")?;
        for key in [&key, &key_now] {
            ensure!(self.rest.with_key(key).get("/v1/balance").await?.status == 200);
        }
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={key_now}");
        let token_of = async |key: &str, form: String| {
            let type_of_forms = "application/x-www-form-urlencoded";
            self.rest.with_key(key).post_octets("/v1/token", type_of_forms, form.into_bytes()).await
        };
        ensure!(token_of(&key_now, form).await?.status == 400, "a key that is shown in two ways is refused");
        let token = token_of(&key_now, "grant_type=client_credentials".to_owned()).await?;
        let token = self.shown("an access token", &token.body, "access_token")?;
        ensure!(self.rest.with_key(&token).get("/v1/balance").await?.status == 200);
        let signing =
            self.expect(201, &format!("/v1/keys/{id}/request-keys"), &json!({ "algorithm": "hmac-sha256" })).await?;
        self.shown("a request key", &signing, "secret")?;
        ensure!(self.rest.delete(&format!("/v1/keys/{id}")).await?.status == 204);
        // Its checksum fits no more: who mistypes a key has all but told it.
        let mut mistyped = key_now.clone();
        mistyped.pop();
        mistyped.push('_');
        self.canaries.secret("a mistyped key", &mistyped);
        for wrong in [&*mistyped, "sambac_live_canary_that_is_no_key", "Basic Y2FuYXJ5OmNhbmFyeQ"] {
            ensure!(self.rest.with_key(wrong).get("/v1/balance").await?.status == 401);
        }
        self.canaries.secret("what was no key", "canary_that_is_no_key");
        self.rest.get(&format!("/v1/balance?api_key={}", self.secrets.api_key("main")?)).await?;
        Ok(())
    }

    /// Secrets of webhooks: of the provisioned one, of one that was made and rotated.
    pub(super) async fn webhooks(&mut self) -> Result<()> {
        let made = self.expect(201, "/v1/webhooks", &json!({ "url": format!("{}/second", self.sink.url()) })).await?;
        self.shown("a webhook's secret that was made", &made, "secret")?;
        let id = made["id"].as_str().context("no id")?;
        let rotated = self.expect(200, &format!("/v1/webhooks/{id}/rotate"), &json!({})).await?;
        self.shown("a webhook's secret that was rotated", &rotated, "secret")?;
        self.expect(200, &format!("/v1/webhooks/{id}/test"), &json!({})).await?;
        self.sink.until(3).await?;
        Ok(())
    }

    /// Passwords of connectors and ESMEs, given and made by the admin API, taken and refused.
    pub(super) async fn configuration(&mut self) -> Result<()> {
        let admin = self.rest.with_key(&self.admin_key);
        let connector = |password: Value| {
            json!({ "name": "beta", "operator": "alpha", "host": "127.0.0.1", "port": 9, "system_id": "sambac",
                "password": password, "enabled": false })
        };
        self.canaries.secret("a connector's password by the API", "bE4tPw6x");
        self.canaries.secret("a connector's password that is refused", "tooLongPw/forAnyOperator");
        let made = admin.post("/v1/admin/connectors", &connector(json!("bE4tPw6x")), &[]).await?;
        ensure!(made.status == 201, "{}", made.text);
        let beta = format!("/v1/admin/connectors/{}", made.body["id"].as_str().context("no id")?);
        for wrong in [json!("tooLongPw/forAnyOperator"), json!(["tooLongPw/forAnyOperator"])] {
            let reply = admin.patch(&beta, &json!({ "password": wrong })).await?;
            ensure!(reply.status == 400 || reply.status == 422, "{} {}", reply.status, reply.text);
        }
        self.canaries.secret("a connector's password that was changed", "bE4tPw7y");
        let changed = admin.patch(&beta, &json!({ "password": "bE4tPw7y" })).await?;
        ensure!(changed.status == 200, "{}", changed.text);
        let esme = first_id(&admin, "/v1/admin/smpp-accounts").await?;
        let renewed = admin.post(&format!("/v1/admin/smpp-accounts/{esme}/password"), &json!({}), &[]).await?;
        ensure!(renewed.status == 200, "{}", renewed.text);
        self.shown("an ESME's password that was made anew", &renewed.body, "password")?;
        let account = first_id(&admin, "/v1/admin/accounts").await?;
        let body = json!({ "name": "by an administrator", "scopes": ["sms:read"] });
        let made = admin.post(&format!("/v1/admin/accounts/{account}/keys"), &body, &[]).await?;
        ensure!(made.status == 201, "{}", made.text);
        self.shown("a key that an administrator made", &made.body, "key")?;
        admin.get("/v1/admin/configuration").await?;
        Ok(())
    }

    /// A person: invited, with a password, a second factor, recovery codes, a session; and with a wrong password.
    pub(super) async fn person(&mut self) -> Result<()> {
        let invitation = persons::printed(&self.world, 1).await?;
        self.canaries.kept(
            "the first administrator's invitation",
            &invitation,
            Place::Log,
            "there is no other way to tell it; it is good once",
        );
        let redeem = json!({ "token": invitation, "password": "canary bittern password", "login": "ada@sms.example", "name": "Ada" });
        self.canaries.secret("a person's password", "canary bittern password");
        let session = self.expect(201, "/v1/invitations/redeem", &redeem).await?;
        let token = self.shown("a session", &session, "token")?;
        let ada = self.rest.with_key(&token);
        let factor =
            ada.post("/v1/session/second-factor", &json!({ "password": "canary bittern password" }), &[]).await?.body;
        let secret = self.shown("a second factor", &factor, "secret")?;
        let code = persons::code_of(&secret)?;
        let recovery = ada.post("/v1/session/second-factor/confirm", &json!({ "code": code }), &[]).await?.body;
        for code in recovery["recovery_codes"].as_array().context("no codes")? {
            self.canaries.secret("a recovery code", code.as_str().context("no text")?);
        }
        self.canaries.secret("a wrong password", "canary avocet password");
        let wrong = json!({ "login": "ada@sms.example", "password": "canary avocet password", "code": "000000" });
        self.expect(401, "/v1/session", &wrong).await?;
        self.canaries.secret("a login that is nobody's, which may be a password", "canary godwit instead of a login");
        let nobody = json!({ "login": "canary godwit instead of a login", "password": "canary avocet password", "code": "000000" });
        let reply = self.rest.post("/v1/session", &nobody, &[]).await?;
        ensure!((400..500).contains(&reply.status), "{} {}", reply.status, reply.text);
        self.canaries.secret("a person's new password", "canary curlew password");
        let change = json!({ "password": "canary bittern password", "new_password": "canary curlew password" });
        let changed = ada.post("/v1/session/password", &change, &[]).await?;
        ensure!(changed.status == 204, "{} {}", changed.status, changed.text);
        let admin = self.rest.with_key(&self.admin_key);
        let account = first_id(&admin, "/v1/admin/accounts").await?;
        let user = json!({ "login": "ben@bank.example", "name": "Ben", "role": "client_admin", "account": account });
        let invited = admin.post("/v1/admin/users", &user, &[]).await?;
        ensure!(invited.status == 201, "{}", invited.text);
        self.shown("an invitation", &invited.body["invitation"], "token")?;
        Ok(())
    }
}

/// The first thing of a list.
async fn first_id(rest: &Rest, path: &str) -> Result<String> {
    let listed = rest.get(path).await?;
    listed.body["data"][0]["id"].as_str().map(str::to_owned).with_context(|| format!("{path}: {}", listed.text))
}
