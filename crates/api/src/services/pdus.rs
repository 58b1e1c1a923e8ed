//! The log of PDUs: `GET /pdus` searches it, `GET /pdus/tail` follows it, `GET /pdus/capture` is a file for Wireshark, and
//! `POST /pdus/reveal` has texts and numbers kept for a time, where the configuration allows it.
//!
//! Reference: `docs/reference/pdu-log.md`.

mod line;
mod tail;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use garde::Validate;
use sambac_domain::MessageId;
use sambac_domain::error::ErrorCode;
use sambac_engine::Engine;
use sambac_engine::audit::Event;
use sambac_engine::pdu_log::{self, Query, capture};
use serde::{Deserialize, Serialize};

use crate::input::{self, Parameters};
use crate::problem::Problem;
use crate::shown::Moment;

use line::Line;
pub(crate) use tail::tail;

/// Records of one answer, unless another limit is asked for.
const LIMIT_DEFAULT: usize = 200;
const LIMIT_MAX: usize = 10_000;
const CAPTURE: &str = "application/vnd.tcpdump.pcap";

/// What to look for.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wanted {
    connector: Option<String>,
    system_id: Option<String>,
    session: Option<u64>,
    /// Our id of a message, `msg_…`.
    message: Option<String>,
    smsc_message_id: Option<String>,
    /// A name of the specification, or a number.
    command: Option<String>,
    status: Option<String>,
    sequence: Option<u32>,
    after: Option<u64>,
    limit: Option<usize>,
}

#[derive(Serialize)]
pub(crate) struct Page {
    data: Vec<Line>,
    /// Until when texts and whole numbers are shown.
    revealed_until: Option<Moment>,
}

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reveal {
    /// 0 ends it.
    #[garde(skip)]
    seconds: u64,
}

#[derive(Serialize)]
pub(crate) struct Revealed {
    revealed_until: Moment,
}

impl Wanted {
    fn query(self) -> Result<Query, Problem> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(bad("limit", "must be 1 to 10000"));
        }
        let message = self.message.map(|id| id.parse::<MessageId>()).transpose();
        let command = self.command.map(|name| pdu_log::command(&name).ok_or(name)).transpose();
        let status = self.status.map(|name| pdu_log::status(&name).ok_or(name)).transpose();
        Ok(Query {
            connector: self.connector,
            system_id: self.system_id,
            session: self.session,
            message: message.map_err(|_| bad("message", "is not the id of a message (msg_…)"))?,
            smsc_message_id: self.smsc_message_id,
            command: command.map_err(|_| bad("command", "is neither the name nor the number of a command"))?,
            status: status.map_err(|_| bad("status", "is neither the name nor the number of a command_status"))?,
            sequence: self.sequence,
            after: self.after,
            limit,
        })
    }
}

fn bad(name: &str, detail: &str) -> Problem {
    Problem::new(ErrorCode::InvalidRequest).detail("a parameter is not valid").parameter(name, detail)
}

pub(crate) async fn search(
    State(engine): State<Engine>,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Json<Page>, Problem> {
    let log = engine.pdu_log();
    let found = log.search(&wanted.query()?);
    let revealed_until = log.revealed_until().map(Moment);
    Ok(Json(Page { data: found.iter().map(Line::of).collect(), revealed_until }))
}

pub(crate) async fn capture(
    State(engine): State<Engine>,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<impl IntoResponse, Problem> {
    let limit = wanted.limit.or(Some(LIMIT_MAX));
    let found = engine.pdu_log().search(&Wanted { limit, ..wanted }.query()?);
    let file = capture::write(found.iter().map(|found| &found.record));
    let name = "attachment; filename=\"sambac.pcap\"";
    Ok(([(header::CONTENT_TYPE, CAPTURE), (header::CONTENT_DISPOSITION, name)], file))
}

pub(crate) async fn reveal(
    State(engine): State<Engine>,
    input::Json(reveal): input::Json<Reveal>,
) -> Result<Json<Revealed>, Problem> {
    let until = engine.pdu_log().reveal(std::time::Duration::from_secs(reveal.seconds));
    let until = until.map_err(|error| Problem::new(ErrorCode::Forbidden).detail(error.to_string()))?;
    let event = Event::new("services listener", "numbers.view", "log of PDUs").with("seconds", reveal.seconds);
    engine.audit(event).await;
    Ok(Json(Revealed { revealed_until: Moment(until) }))
}
