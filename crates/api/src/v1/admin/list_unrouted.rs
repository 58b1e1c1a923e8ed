//! `GET /v1/admin/unrouted-messages`: messages from handsets that no route took.

use sambac_domain::number::shown_address;
use sambac_domain::{ConnectorId, MoId};
use sambac_store::UnroutedFilter;
use sambac_store::rows::MoRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::resource::Reading;
use crate::access::{Admin, admin_scope};
use crate::input::Parameters;
use crate::problem::Problem;
use crate::shown::{Moment, masked_address};
use crate::v1::paging;

/// Which messages.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UnroutedQuery {
    /// Only those that came by this connector.
    #[param(example = "con_01h2xcejqtf2n")]
    connector: Option<String>,
    /// Only from this handset.
    #[param(example = "+447700900123")]
    from: Option<String>,
    /// Only to this number or short code.
    #[param(example = "12345")]
    to: Option<String>,
}

/// Which messages, and how many of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListUnrouted {
    /// Messages on one page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only those that came by this connector.
    #[param(example = "con_01h2xcejqtf2n")]
    connector: Option<String>,
    /// Only from this handset.
    #[param(example = "+447700900123")]
    from: Option<String>,
    /// Only to this number or short code.
    #[param(example = "12345")]
    to: Option<String>,
}

/// One page.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnroutedPage {
    /// Newest first.
    data: Vec<ShownUnrouted>,
    /// Give it as `cursor` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A message from a handset that no route took. Its text is nobody's to read until it is somebody's.
#[derive(Serialize, ToSchema)]
struct ShownUnrouted {
    #[schema(example = "mo_01h2xcejqtf2n")]
    id: String,
    /// By which connector it came, by name.
    #[schema(example = "alpha-1")]
    connector: String,
    /// The handset, the end of its number masked.
    #[schema(example = "+44770090****")]
    from: String,
    /// The number or short code that it wrote to.
    #[schema(example = "12345")]
    to: String,
    /// In how many it was sent.
    segments: u8,
    /// False when segments never came.
    complete: bool,
    received_at: Moment,
}

/// List messages from handsets that no route took.
///
/// Those whose text is still there: it is wiped 72 hours after the message came, and nothing can be done for it then.
#[utoipa::path(
    get,
    path = "/v1/admin/unrouted-messages",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    params(ListUnrouted),
    responses((status = 200, description = "A page, newest first", body = UnroutedPage), Reading)
)]
pub(crate) async fn list_unrouted(
    admin: Admin<admin_scope::Operations>,
    Parameters(wanted): Parameters<ListUnrouted>,
) -> Result<axum::Json<UnroutedPage>, Problem> {
    let ListUnrouted { limit, cursor, connector, from, to } = wanted;
    let (limit, before) = (paging::limit(limit)?, paging::before::<MoId>(cursor)?);
    // One more than asked for tells whether there is a next page.
    let filter = UnroutedFilter { before, limit: limit + 1, ..UnroutedQuery { connector, from, to }.filter()? };
    let mut rows = admin.engine().unrouted(&filter).await?;
    let next_cursor = paging::cut(&mut rows, limit, |row| row.id.to_string());
    let data = rows.into_iter().map(|row| shown(&admin, &row)).collect();
    Ok(axum::Json(UnroutedPage { data, next_cursor }))
}

impl UnroutedQuery {
    /// All of them.
    pub(super) fn filter(self) -> Result<UnroutedFilter, Problem> {
        let connector = self.connector.map(|text| text.parse::<ConnectorId>()).transpose();
        let connector_id = connector.map_err(|_| paging::bad("connector", "is no connector's id".to_owned()))?;
        let stored = |text: String| text.trim_start_matches('+').to_owned();
        let (source, destination) = (self.from.map(stored), self.to.map(stored));
        Ok(UnroutedFilter { before: None, limit: 0, connector_id, source, destination })
    }
}

fn shown(admin: &Admin<admin_scope::Operations>, row: &MoRow) -> ShownUnrouted {
    let snapshot = admin.engine().snapshot();
    let connector = snapshot.connectors.get(&row.connector_id).map(|connector| connector.name.clone());
    ShownUnrouted {
        id: row.id.to_string(),
        connector: connector.unwrap_or_else(|| row.connector_id.to_string()),
        from: masked_address(&row.source),
        to: shown_address(&row.destination),
        segments: row.parts_total,
        complete: row.parts >= row.parts_total,
        received_at: Moment(row.received_at),
    }
}
