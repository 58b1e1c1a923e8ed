//! What an SMSC insists on, and a message by a connector whose profile heeds it or does not.

use std::time::Duration;

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::{Journal, Line};
use serde_json::{Value, json};

use crate::variant::{Played, Variant, number, plain};

/// One operator's way, one connector's profile, one message.
pub(crate) struct Case {
    way: Variant,
    sms: Value,
    status: u32,
}

/// `accept` is the operator's section of that name, an inline table; `settings` the connector's. The message says "code".
pub(crate) fn case(accept: &'static str, settings: &'static str) -> Case {
    let way = Variant { settings, ..plain(accept) };
    Case { way, sms: json!({ "from": "Bank", "text": "code" }), status: 0 }
}

impl Case {
    /// With another field of the request, or none of that name when it is null.
    pub(crate) fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.sms[field] = value.into();
        if self.sms[field].is_null()
            && let Some(fields) = self.sms.as_object_mut()
        {
            fields.remove(field);
        }
        self
    }

    /// The operator does not take it, and says why.
    pub(crate) fn refused(self, status: u32) -> Self {
        Self { status, ..self }
    }
}

/// What came of a case.
pub(crate) struct Seen {
    /// What its operator got.
    pub(crate) submits: Vec<Line>,
    /// What the client is told.
    pub(crate) sms: Value,
}

impl Seen {
    /// The only submit.
    pub(crate) fn line(&self) -> &Line {
        assert_eq!(self.submits.len(), 1, "{:#?}", self.submits);
        &self.submits[0]
    }

    /// How many segments were charged.
    pub(crate) fn segments(&self) -> usize {
        self.sms["segments"].as_array().map_or(0, Vec::len)
    }
}

/// Sends each case's message, and sees that it is delivered, or refused with its status.
pub(crate) async fn play(name: &str, cases: Vec<Case>) -> Result<Vec<Seen>> {
    let ways: Vec<_> = cases.iter().map(|case| case.way).collect();
    let mut played = Played::start(name, &ways, "{}").await?;
    let rest = played.platform.rest(&played.secrets)?;
    let mut ids = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let mut sms = case.sms.clone();
        sms["to"] = format!("+{}", number(at)).into();
        ids.push(rest.accepted(&sms).await.with_context(|| format!("case {at}"))?);
    }
    let mut told = Vec::new();
    for (at, (id, case)) in ids.iter().zip(&cases).enumerate() {
        let sms = rest.ended(id).await.with_context(|| format!("case {at}: {}", case.way.settings))?;
        assert_eq!(sms["state"] == "delivered", case.status == 0, "case {at}: {sms:#}");
        told.push(sms);
    }
    played.database.audit().await?;
    played.platform.terminate(Duration::from_secs(20)).await?;
    let journal = played.operator.finish().await?;
    played.world.passed();
    let seen = told.into_iter().enumerate().map(|(at, sms)| Seen { submits: submits_to(&journal, &number(at)), sms });
    let seen: Vec<_> = seen.collect();
    for (at, (seen, case)) in seen.iter().zip(&cases).enumerate() {
        assert!(!seen.submits.is_empty(), "case {at}: nothing came");
        let statuses = seen.submits.iter().map(|submit| status_of(&journal, submit));
        assert!(
            statuses.clone().all(|status| status == Some(case.status)),
            "case {at}: {:?}",
            statuses.collect::<Vec<_>>()
        );
    }
    Ok(seen)
}

fn submits_to(journal: &Journal, number: &str) -> Vec<Line> {
    journal.submits().filter(|line| line.destination.ends_with(number)).cloned().collect()
}

fn status_of(journal: &Journal, submit: &Line) -> Option<u32> {
    let key = (submit.session, submit.sequence);
    journal.of("answer").find(|line| (line.session, line.sequence) == key).map(|line| line.status)
}
