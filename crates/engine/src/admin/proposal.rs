//! A rule for the ids of a connector's receipts, as its receipts propose it, taken into the connector's settings.

use sambac_domain::ConnectorId;
use sambac_domain::error::ErrorCode;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::key::Administrator;
use super::object::{Changed, Condition, Kind};
use crate::alert::AlertKind;
use crate::refusal::Refusal;
use crate::{Engine, ReceiptProposal};

impl ReceiptProposal {
    /// Names the rule: the same rule has the same name, whenever it is proposed.
    #[must_use]
    pub fn name(&self) -> String {
        let digest = Sha256::digest(self.document().to_string());
        digest.iter().take(6).map(|octet| format!("{octet:02x}")).collect()
    }

    /// The section `receipt_id` as it should be, whole.
    #[must_use]
    pub fn document(&self) -> Value {
        // Plain settings always serialise.
        serde_json::to_value(&self.settings).unwrap_or_default()
    }
}

impl Engine {
    /// What differs between a proposed rule and the connector's settings of now.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`].
    pub fn proposal_difference(
        &self,
        connector: ConnectorId,
        proposal: &ReceiptProposal,
    ) -> Result<Map<String, Value>, Refusal> {
        let snapshot = self.snapshot();
        let profile = snapshot.profile(connector).ok_or(ErrorCode::NotFound)?;
        let now = serde_json::to_value(&profile.receipt_id).unwrap_or_default();
        let Value::Object(wanted) = proposal.document() else { return Ok(Map::new()) };
        Ok(wanted.into_iter().filter(|(key, value)| now.get(key) != Some(value)).collect())
    }

    /// Takes a proposed rule, by its name, into the connector's settings: a change like any other. The keys of its segments are
    /// made anew then, and its orphan receipts tried again.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] also when the rule is not proposed (any more); as [`Engine::update_object`].
    pub async fn apply_receipt_proposal(
        &self,
        by: &Administrator,
        connector: ConnectorId,
        name: &str,
        condition: Condition<'_>,
    ) -> Result<Changed, Refusal> {
        let proposals = self.receipt_proposals(connector);
        let proposal = proposals.iter().find(|proposal| proposal.name() == name).ok_or(ErrorCode::NotFound)?;
        let section = self.proposal_difference(connector, proposal)?;
        let Value::Object(patch) = json!({ "settings": { "receipt_id": section } }) else {
            return Err(ErrorCode::Internal.into());
        };
        let changed = self.update_object(by, Kind::Connector, &connector.to_string(), &patch, condition).await?;
        if changed.version.is_some() {
            self.0.alerts.clear(AlertKind::ReceiptIds, changed.object.name(), "the proposed rule was taken");
        }
        Ok(changed)
    }
}
