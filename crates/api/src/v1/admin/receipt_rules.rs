//! `GET /v1/admin/connectors/{id}/receipt-rules`: what the receipts of a connector tell of it, and the rules that they propose.

use sambac_domain::ConnectorId;
use sambac_domain::error::ErrorCode;
use sambac_engine::ReceiptProposal;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::resource::Reading;
use crate::access::{Admin, admin_scope};
use crate::input::Id;
use crate::problem::Problem;

/// What was learned of a connector from its receipts since the start.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReceiptRules {
    /// How far its dates are from UTC, once enough receipts told.
    #[serde(skip_serializing_if = "Option::is_none")]
    utc_offset_minutes: Option<i16>,
    /// Words and numbers of states that are in no table.
    unmapped_states: Vec<String>,
    /// Rules for ids under which receipts would match that match nothing now, the best first.
    proposals: Vec<ShownProposal>,
}

/// A rule for ids.
#[derive(Serialize, ToSchema)]
struct ShownProposal {
    /// Names the rule where it is applied.
    #[schema(example = "5b1f0c66a2d3")]
    name: String,
    /// Settings of the section `receipt_id` that differ from those of now.
    #[schema(value_type = Object, example = json!({ "receipt_radix": "hex" }))]
    receipt_id: Map<String, Value>,
    /// How many receipts it explains; none contradicted it.
    explained: u32,
    /// An id as an answer gave it …
    #[schema(example = "5C4E7A12")]
    answer_id: String,
    /// … and as the receipt did.
    #[schema(example = "1548646930")]
    receipt_message_id: String,
}

/// Show what the receipts of a connector tell, and the rules that they propose.
#[utoipa::path(
    get,
    path = "/v1/admin/connectors/{id}/receipt-rules",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    params(("id" = String, Path, description = "The connector", example = "con_01h2xcejqtf2n")),
    responses((status = 200, description = "Learned since the start", body = ReceiptRules), Reading)
)]
pub(crate) async fn show_receipt_rules(
    admin: Admin<admin_scope::Operations>,
    Id(id): Id<ConnectorId>,
) -> Result<axum::Json<ReceiptRules>, Problem> {
    let engine = admin.engine();
    if !engine.snapshot().connectors.contains_key(&id) {
        return Err(ErrorCode::NotFound.into());
    }
    let facts = engine.receipt_facts(id);
    let shown = |proposal: ReceiptProposal| {
        let receipt_id = engine.proposal_difference(id, &proposal)?;
        let name = proposal.name();
        let ReceiptProposal { explained, answer_id, receipt_id: receipt_message_id, .. } = proposal;
        Ok(ShownProposal { name, receipt_id, explained, answer_id, receipt_message_id })
    };
    let proposals = facts.proposals.into_iter().map(shown).collect::<Result<_, Problem>>()?;
    let (utc_offset_minutes, unmapped_states) = (facts.utc_offset_minutes, facts.unmapped_states);
    Ok(axum::Json(ReceiptRules { utc_offset_minutes, unmapped_states, proposals }))
}
