//! `POST /v1/admin/connectors/{id}/certify` and `GET …/certification`: an SMSC is tried out with its connector's settings.

use std::time::Duration;

use axum::http::StatusCode;
use garde::Validate;
use sambac_domain::ConnectorId;
use sambac_domain::error::ErrorCode;
use sambac_domain::number;
use sambac_engine::admin::Kind;
use sambac_engine::certify::{Certification, Trial};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::resource::{Reading, refusals};
use crate::access::{Admin, admin_scope};
use crate::input::{Id, Json};
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown::Moment;

/// What may be done to the SMSC.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CertifyConnector {
    /// Test numbers: the only ones that are sent to. Real messages are sent.
    #[garde(length(min = 1, max = 20))]
    #[schema(min_items = 1, max_items = 20, example = json!(["+447700900123"]))]
    to: Vec<String>,
    /// What the messages come from.
    #[serde(default = "sender")]
    #[garde(length(chars, min = 1, max = 20))]
    #[schema(default = "Sambac", min_length = 1, max_length = 20)]
    from: String,
    /// Messages sent at most.
    #[serde(default = "sixty")]
    #[garde(range(min = 1, max = 1000))]
    #[schema(default = 60, minimum = 1, maximum = 1000)]
    messages_max: u32,
    /// How long all of it may take.
    #[serde(default = "two_minutes")]
    #[garde(range(min = 1, max = 3600))]
    #[schema(default = 120, minimum = 1, maximum = 3600)]
    seconds_max: u64,
    /// How long an answer may take.
    #[serde(default = "ten")]
    #[garde(range(min = 1, max = 600))]
    #[schema(default = 10, minimum = 1, maximum = 600)]
    answer_wait_s: u64,
    /// How long to wait for a receipt or an answer from a handset.
    #[serde(default = "ten")]
    #[garde(range(min = 1, max = 600))]
    #[schema(default = 10, minimum = 1, maximum = 600)]
    receipt_wait_s: u64,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConnectorCertification {
    /// Where it was bound to.
    #[schema(example = "smsc.alpha.example:2775")]
    host: String,
    /// As whom.
    system_id: String,
    began_at: Moment,
    /// Missing while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Moment>,
    /// Whether it has ended and everything was tried.
    whole: bool,
    /// In the order in which they were made; each check ends with at least one.
    checks: Vec<ShownFinding>,
    /// Settings of the profile that follow, by section.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    /// Keys of the connector that follow.
    #[schema(value_type = Object)]
    connector: Map<String, Value>,
    /// The connector with all that follows, and its operator: as `PUT /v1/admin/configuration` takes it.
    #[schema(value_type = Object)]
    proposal: Value,
}

/// What a check found.
#[derive(Serialize, ToSchema)]
struct ShownFinding {
    #[schema(example = "ids")]
    check: &'static str,
    /// `passed`, `failed` or `untested`.
    #[schema(example = "passed")]
    verdict: &'static str,
    /// What was found, or why it failed or could not be tried.
    found: String,
}

refusals! {
    /// Of a trial.
    Trying: &[ANY_CALL, ANY_BODY, &[ErrorCode::NotFound, ErrorCode::WrongState, ErrorCode::InvalidConfiguration]];
}

/// Try out the SMSC of a connector.
///
/// With the connector's own settings and password, while it is stopped or disabled: its receipts would come by its own binds
/// else. It sends real messages to the numbers given. It runs in the background; the report is kept until the next one, or the
/// end of the process.
#[utoipa::path(
    post,
    path = "/v1/admin/connectors/{id}/certify",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    params(("id" = String, Path, description = "The connector", example = "con_01h2xcejqtf2n")),
    request_body = CertifyConnector,
    responses((status = 202, description = "It has begun", body = ConnectorCertification), Trying)
)]
pub(crate) async fn certify_connector(
    admin: Admin<admin_scope::Operations>,
    Id(id): Id<ConnectorId>,
    Json(order): Json<CertifyConnector>,
) -> Result<(StatusCode, axum::Json<ConnectorCertification>), Problem> {
    admin.engine().certify_connector(id, order.trial()?)?;
    tracing::info!(by = admin.administrator().name, connector = %id, "an SMSC is tried out");
    Ok((StatusCode::ACCEPTED, shown(&admin, id).await?))
}

/// Show the last report of a connector's SMSC.
#[utoipa::path(
    get,
    path = "/v1/admin/connectors/{id}/certification",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    params(("id" = String, Path, description = "The connector", example = "con_01h2xcejqtf2n")),
    responses((status = 200, description = "What was found so far", body = ConnectorCertification), Reading)
)]
pub(crate) async fn show_certification(
    admin: Admin<admin_scope::Operations>,
    Id(id): Id<ConnectorId>,
) -> Result<axum::Json<ConnectorCertification>, Problem> {
    shown(&admin, id).await
}

async fn shown(
    admin: &Admin<admin_scope::Operations>,
    id: ConnectorId,
) -> Result<axum::Json<ConnectorCertification>, Problem> {
    let report = admin.engine().certification(id).ok_or(ErrorCode::NotFound)?;
    let object = admin.engine().object(Kind::Connector, &id.to_string()).await?;
    let unreadable = |error: serde_json::Error| Problem::internal(error.to_string());
    let connector = serde_json::from_value(Value::Object(object.document)).map_err(unreadable)?;
    let proposal = serde_json::to_value(report.proposal(&connector).map_err(unreadable)?).map_err(unreadable)?;
    Ok(axum::Json(ConnectorCertification::new(report, proposal)))
}

impl CertifyConnector {
    fn trial(self) -> Result<Trial, Problem> {
        let one = |(at, text): (usize, &String)| {
            let problem = |error: number::NumberError| {
                let problem = Problem::new(ErrorCode::InvalidRequest).detail("a field of the body is not valid");
                problem.at(format!("/to/{at}"), error.to_string())
            };
            number::parse(text, None).map_err(problem)
        };
        Ok(Trial {
            numbers: self.to.iter().enumerate().map(one).collect::<Result<_, _>>()?,
            from: self.from,
            messages_max: self.messages_max,
            limit: Duration::from_secs(self.seconds_max),
            answer_wait: Duration::from_secs(self.answer_wait_s),
            receipt_wait: Duration::from_secs(self.receipt_wait_s),
        })
    }
}

impl ConnectorCertification {
    fn new(report: Certification, proposal: Value) -> Self {
        let whole = report.is_whole();
        let section = |settings: std::collections::BTreeMap<&'static str, Value>| -> Map<String, Value> {
            settings.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
        };
        let checks = report.findings.into_iter();
        Self {
            host: report.host,
            system_id: report.system_id,
            began_at: Moment(report.began_at),
            ended_at: report.ended_at.map(Moment),
            whole,
            checks: checks
                .map(|one| ShownFinding { check: one.check, verdict: one.verdict.as_str(), found: one.text })
                .collect(),
            settings: report
                .settings
                .into_iter()
                .map(|(name, settings)| (name.to_owned(), Value::Object(section(settings))))
                .collect(),
            connector: section(report.keys),
            proposal,
        }
    }
}

fn sender() -> String {
    "Sambac".to_owned()
}

const fn sixty() -> u32 {
    60
}

const fn two_minutes() -> u64 {
    120
}

const fn ten() -> u64 {
    10
}
