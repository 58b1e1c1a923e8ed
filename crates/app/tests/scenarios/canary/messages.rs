//! Texts, numbers and codes, over REST, over SMPP and from handsets.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::message;
use sambac_testkit::scenario::smpp::{Sm, Tag, TlvBuf};
use serde_json::{Value, json};

use super::search::Place;
use super::{HANDSET, Stage};

/// Why a number that was sent to is in the database.
const NAMED: &str = "messages and records name their numbers until they are erased (docs/reference/retention.md)";

impl Stage {
    fn texts(&mut self, texts: &[&str]) {
        for text in texts {
            self.canaries.secret(&format!("the text \"{text}\""), text);
        }
    }

    fn number(&mut self, number: &str) {
        self.canaries.kept(&format!("the number {number}"), number, Place::Database, NAMED);
    }

    /// Sent over REST: alone, in many alphabets and segments, in a batch with variables, by a template, for later.
    pub(super) async fn sent(&mut self) -> Result<()> {
        self.texts(&["canary wren over REST", "канарейка поёт", "canary heron begins", "canary nuthatch for later"]);
        self.number("447700900901");
        let id = self.rest.send_text("+447700900901", "canary wren over REST").await?;
        ensure!(self.rest.final_state(&id).await? == "delivered");
        self.rest.send_text("+447700900901", "канарейка поёт").await?;
        self.rest.send_text("+447700900901", &format!("canary heron begins {}", "and goes on ".repeat(20))).await?;
        let send_at = jiff::Timestamp::now().checked_add(Duration::from_secs(3_600))?.to_string();
        let later =
            json!({ "to": "+447700900901", "from": "Bank", "text": "canary nuthatch for later", "send_at": send_at });
        let id = self.rest.accepted(&later).await?;
        self.expect(
            200,
            "/v1/sms/quote",
            &json!({ "to": ["+447700900901"], "from": "Bank", "text": "canary wren over REST" }),
        )
        .await?;
        self.search_files()?;
        self.expect(200, &format!("/v1/sms/{id}/cancel"), &json!({})).await?;
        self.many().await
    }

    /// In a batch with variables, and by a template.
    async fn many(&mut self) -> Result<()> {
        self.texts(&["canary goldcrest for", "variable siskin", "redpollvariable"]);
        self.number("447700900902");
        let recipient = json!({ "to": "+447700900902", "variables": { "name": "variable siskin" } });
        let batch = json!({ "from": "Bank", "text": "canary goldcrest for {name}", "recipients": [recipient] });
        self.expect(202, "/v1/sms/batch", &batch).await?;
        let template = json!({ "name": "parcel", "default_locale": "en", "variables": { "name": "word(20)" },
            "texts": { "en": "Dear {name}, your parcel comes today." } });
        let made = self.expect(201, "/v1/templates", &template).await?;
        let second = self.rest.with_key(self.secrets.api_key("second")?);
        let approve = format!("/v1/templates/{}/approve", made["id"].as_str().context("no id")?);
        ensure!(second.post(&approve, &json!({}), &[]).await?.status == 200);
        let by_it = json!({ "to": "+447700900902", "from": "Bank", "template": "parcel", "variables": { "name": "redpollvariable" } });
        self.expect(202, "/v1/sms/send", &by_it).await?;
        Ok(())
    }

    /// Refused: by its form, by its fields, by the rules, by its size, by who asks. None of it is kept.
    pub(super) async fn refused(&mut self) -> Result<()> {
        let texts = ["canary shrike is refused", "canary plover in no JSON", "canary dunlin in a wrong field"];
        self.texts(&texts);
        self.canaries.secret("the number of a refused message", "447700900921");
        self.canaries.secret("a number that was asked for", "447700900922");
        let sms = |changes: Value| {
            let mut sms = json!({ "to": "+447700900921", "from": "Bank", "text": "canary shrike is refused" });
            sms.as_object_mut()
                .into_iter()
                .for_each(|sms| sms.extend(changes.as_object().cloned().unwrap_or_default()));
            sms
        };
        for (status, changes) in [
            (400, json!({ "class": "canary dunlin in a wrong field" })),
            (400, json!({ "canary dunlin in a wrong field": 1 })),
            (400, json!({ "validity_s": "canary dunlin in a wrong field" })),
            (422, json!({ "max_price": "0.000001" })),
            (400, json!({ "text": { "canary dunlin in a wrong field": [] } })),
            (400, json!({ "tlvs": { "canary dunlin in a wrong field": "1" } })),
        ] {
            let reply = self.rest.send(&sms(changes.clone())).await?;
            ensure!((400..500).contains(&reply.status), "{status} {changes}: {} {}", reply.status, reply.text);
        }
        for (content_type, octets) in [
            ("application/json", b"{\"to\": \"+447700900921\", \"text\": \"canary plover in no JSON".to_vec()),
            ("text/plain", b"{\"to\": \"+447700900921\", \"text\": \"canary plover in no JSON\"}".to_vec()),
            ("application/json", [b"{\"text\": \"canary plover in no JSON".as_slice(), &[b'a'; 100_000]].concat()),
        ] {
            let reply = self.rest.post_octets("/v1/sms/send", content_type, octets).await?;
            ensure!((400..500).contains(&reply.status), "{}", reply.status);
        }
        let nobody = self.rest.with_key("sambac_live_nobody");
        ensure!(nobody.send(&sms(json!({}))).await?.status == 401);
        for path in
            ["/v1/sms?to=%2B447700900922", "/v1/sms?nothing=%2B447700900922", "/v1/sms/inbound?from=%2B447700900922"]
        {
            self.rest.get(path).await?;
        }
        Ok(())
    }

    /// Over SMPP: in both alphabets, cut, as payload; refused; and a password that is wrong.
    pub(super) async fn by_smpp(&mut self) -> Result<()> {
        let texts = [
            "canary kestrel over SMPP",
            "канарейка сокол",
            "canary osprey in parts",
            "canary merlin as payload",
            "canary hobby is refused",
        ];
        self.texts(&texts);
        self.number("447700900903");
        let esme = self.platform.esme(&self.secrets).await?;
        let number = "447700900903";
        esme.accepted(message(number, b"canary kestrel over SMPP")).await?;
        let wide: Vec<u8> = "канарейка сокол".encode_utf16().flat_map(u16::to_be_bytes).collect();
        esme.accepted(Sm { data_coding: 8, ..message(number, &wide) }).await?;
        for part in [&b"\x05\0\x03\x07\x02\x01canary osprey in parts"[..], b"\x05\0\x03\x07\x02\x02 and more"] {
            esme.accepted(Sm { esm_class: 0x40, ..message(number, part) }).await?;
        }
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tag::MESSAGE_PAYLOAD, b"canary merlin as payload");
        esme.accepted(Sm { tlvs: tlvs.as_tlvs(), ..message(number, b"") }).await?;
        let refused = esme.submit(Sm { service_type: b"?????", ..message("12", b"canary hobby is refused") }).await?;
        ensure!(refused.status != 0, "it was to be refused");
        esme.receipts(4).await?;
        self.canaries.secret("a wrong password of an ESME", "wR0ngPw9");
        let kind = sambac_testkit::scenario::smpp::BindKind::Transceiver;
        let stranger = sambac_testkit::scenario::Esme::bind(self.platform.smpp(), kind, "esme", "wR0ngPw9").await;
        ensure!(stranger.is_err(), "it was to be refused");
        Ok(())
    }

    /// Written by a handset, told by a webhook, read by the API.
    pub(super) async fn heard_from_a_handset(&mut self) -> Result<()> {
        self.texts(&[HANDSET.0]);
        self.number(HANDSET.1);
        let told =
            sambac_testkit::scenario::wait::until("the message of the handset", Duration::from_secs(30), async || {
                let listed = self.rest.get("/v1/sms/inbound").await?.body;
                Ok(listed["data"][0]["text"].as_str().map(str::to_owned))
            });
        ensure!(told.await? == HANDSET.0);
        Ok(())
    }

    /// One that is right, one that is wrong, one that is called off, one that is bound to a payment.
    pub(super) async fn codes(&mut self) -> Result<()> {
        self.number("447700900904");
        let form = json!({ "code": { "alphabet": "alphanumeric", "length": 10 } });
        self.expect(201, "/v1/otp-profiles", &json!({ "name": "long", "settings": form })).await?;
        self.canaries.secret("a wrong code", "ZQ7KX4WM2P");
        self.canaries.secret("a code that is no text", "7310558824");
        for end in ["right", "wrong", "canceled"] {
            let before = self.operator.journal()?.submits().count();
            let otp = json!({ "to": "+447700900904", "from": "Bank", "profile": "long" });
            let id = self.expect(201, "/v1/otp", &otp).await?["id"].as_str().context("no id")?.to_owned();
            let text = self.operator.until_submits(before + 1).await?.texts().last().context("no text")?.clone();
            let code: String = text.chars().take_while(char::is_ascii_alphanumeric).collect();
            ensure!(code.len() == 10, "{text}");
            self.canaries.secret(&format!("a code ({end})"), &code);
            let check = format!("/v1/otp/{id}/check");
            match end {
                "right" => drop(self.expect(200, &check, &json!({ "code": code })).await?),
                "wrong" => {
                    self.expect(422, &check, &json!({ "code": "ZQ7KX4WM2P" })).await?;
                    self.expect(400, &check, &json!({ "code": 7_310_558_824_i64 })).await?;
                    self.expect(400, &check, &json!({ "code": "ZQ7KX4WM2P", "kode": "ZQ7KX4WM2P" })).await?;
                }
                _ => drop(self.expect(200, &format!("/v1/otp/{id}/cancel"), &json!({})).await?),
            }
        }
        Ok(())
    }

    pub(super) async fn expect(&self, status: u16, path: &str, body: &Value) -> Result<Value> {
        let reply = self.rest.post(path, body, &[]).await?;
        ensure!(reply.status == status, "{path}: {} {}", reply.status, reply.text);
        Ok(reply.body)
    }
}
