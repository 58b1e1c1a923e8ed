//! `GET /v1/admin/orphan-receipts`: receipts that match no segment.

use sambac_domain::{ConnectorId, OrphanId};
use sambac_store::OrphanFilter;
use sambac_store::rows::OrphanRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::resource::Reading;
use crate::access::{Admin, admin_scope};
use crate::input::Parameters;
use crate::problem::Problem;
use crate::shown::{Moment, masked_address};
use crate::v1::paging;

/// Which receipts.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrphansQuery {
    /// Only from this connector.
    #[param(example = "con_01h2xcejqtf2n")]
    connector: Option<String>,
    /// Only with this id, in one of its two places, as it was received.
    #[param(example = "5C4E7A12")]
    smsc_message_id: Option<String>,
    /// Only with this address, as it was received, on either side.
    #[param(example = "447700900123")]
    address: Option<String>,
    /// Only those that came then or later.
    #[param(value_type = Option<Moment>)]
    since: Option<Moment>,
    /// Only those that came before.
    #[param(value_type = Option<Moment>)]
    until: Option<Moment>,
}

/// Which receipts, and how many of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListOrphans {
    /// Receipts on one page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only from this connector.
    #[param(example = "con_01h2xcejqtf2n")]
    connector: Option<String>,
    /// Only with this id, in one of its two places, as it was received.
    #[param(example = "5C4E7A12")]
    smsc_message_id: Option<String>,
    /// Only with this address, as it was received, on either side.
    #[param(example = "447700900123")]
    address: Option<String>,
    /// Only those that came then or later.
    #[param(value_type = Option<Moment>)]
    since: Option<Moment>,
    /// Only those that came before.
    #[param(value_type = Option<Moment>)]
    until: Option<Moment>,
}

/// One page.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrphanPage {
    /// Newest first.
    data: Vec<ShownOrphan>,
    /// Give it as `cursor` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A receipt that matches no segment.
#[derive(Serialize, ToSchema)]
struct ShownOrphan {
    #[schema(example = "orp_01h2xcejqtf2n")]
    id: String,
    /// By which connector it came, by name.
    #[schema(example = "alpha-1")]
    connector: String,
    /// The operator's id in it, as it was received; empty when it names none.
    #[schema(example = "5C4E7A12")]
    smsc_message_id: String,
    /// The other id in it, when text and parameter name two.
    #[serde(skip_serializing_if = "Option::is_none")]
    other_id: Option<String>,
    /// As it was received, the end of a number masked.
    #[schema(example = "+44770090****")]
    source: String,
    /// As it was received, the end of a number masked.
    #[schema(example = "Bank")]
    destination: String,
    /// The state that it tells, in the word of SMPP.
    #[schema(example = "DELIVRD")]
    state: &'static str,
    /// The operator's word for a state that is in no table.
    #[serde(skip_serializing_if = "Option::is_none")]
    word: Option<String>,
    /// The operator's error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    received_at: Moment,
}

/// List receipts that match no segment.
///
/// Each is tried again when the rules for ids change, and for `receipt.orphan_retry_h` hours; then it stays until it is tried on
/// request or dismissed.
#[utoipa::path(
    get,
    path = "/v1/admin/orphan-receipts",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    params(ListOrphans),
    responses((status = 200, description = "A page, newest first", body = OrphanPage), Reading)
)]
pub(crate) async fn list_orphans(
    admin: Admin<admin_scope::Operations>,
    Parameters(wanted): Parameters<ListOrphans>,
) -> Result<axum::Json<OrphanPage>, Problem> {
    let ListOrphans { limit, cursor, connector, smsc_message_id, address, since, until } = wanted;
    let limit = paging::limit(limit)?;
    let before = paging::before::<OrphanId>(cursor)?.map(OrphanId::raw);
    let filter = OrphansQuery { connector, smsc_message_id, address, since, until }.filter()?;
    // One more than asked for tells whether there is a next page.
    let filter = OrphanFilter { before, limit: limit + 1, ..filter };
    let mut rows = admin.engine().orphans(&filter).await?;
    let next_cursor = paging::cut(&mut rows, limit, |row| OrphanId::from_raw(row.id).to_string());
    let data = rows.into_iter().map(|row| shown(&admin, row)).collect();
    Ok(axum::Json(OrphanPage { data, next_cursor }))
}

impl OrphansQuery {
    /// All of them.
    pub(super) fn filter(self) -> Result<OrphanFilter, Problem> {
        let connector = self.connector.map(|text| text.parse::<ConnectorId>()).transpose();
        let connector_id = connector.map_err(|_| paging::bad("connector", "is no connector's id".to_owned()))?;
        Ok(OrphanFilter {
            before: None,
            limit: 0,
            connector_id,
            smsc_message_id: self.smsc_message_id,
            address: self.address,
            since: self.since.map(|moment| moment.0),
            until: self.until.map(|moment| moment.0),
        })
    }
}

fn shown(admin: &Admin<admin_scope::Operations>, row: OrphanRow) -> ShownOrphan {
    let snapshot = admin.engine().snapshot();
    let connector = snapshot.connectors.get(&row.connector_id).map(|connector| connector.name.clone());
    ShownOrphan {
        id: OrphanId::from_raw(row.id).to_string(),
        connector: connector.unwrap_or_else(|| row.connector_id.to_string()),
        smsc_message_id: row.smsc_message_id,
        other_id: row.other_id,
        source: masked_address(&row.source),
        destination: masked_address(&row.destination),
        state: row.state.as_stat(),
        word: row.word,
        error: row.error,
        received_at: Moment(row.received_at),
    }
}
