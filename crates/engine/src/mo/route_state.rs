//! How a route of messages from handsets is: whether each of its targets can take one now, and how many wait for it.

use sambac_domain::error::ErrorCode;
use sambac_domain::id::MoRouteId;
use sambac_domain::mo::MoTarget;
use sambac_store::rows::{AccessState, MoRouteRow, WebhookState};
use sambac_store::{Configuration, StoreError};

use crate::Engine;
use crate::refusal::Refusal;

/// Waiting messages are counted up to here.
const WAITING_MAX: u32 = 10_000;

/// How a route is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoRouteStatus {
    /// Which.
    pub id: MoRouteId,
    /// Its name.
    pub name: String,
    /// Whether it is used.
    pub enabled: bool,
    /// Its targets, in order.
    pub targets: Vec<MoTargetStatus>,
}

/// How one of its targets is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoTargetStatus {
    /// Which.
    pub target: MoTarget,
    /// A webhook's URL, or a system_id; empty when it was removed.
    pub name: String,
    /// Whether it can take a message.
    pub state: MoTargetState,
    /// Messages, by whichever route, that wait for it; 10,000 is "at least".
    pub waiting: i64,
}

/// Whether a target can take a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoTargetState {
    /// A webhook that is called, or an SMPP account with a receiving bind.
    Ready,
    /// An SMPP account without a receiving bind.
    Away,
    /// A webhook that is disabled, or an SMPP account that is suspended.
    Disabled,
    /// It is not there any more: the route passes over it.
    Removed,
}

impl MoTargetState {
    /// As it is written outside.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Away => "away",
            Self::Disabled => "disabled",
            Self::Removed => "removed",
        }
    }
}

impl Engine {
    /// How a route is.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::ServiceUnavailable`].
    pub async fn mo_route_status(&self, id: MoRouteId) -> Result<MoRouteStatus, Refusal> {
        let unavailable = |error: StoreError| {
            tracing::error!(%error, "a route was not read");
            Refusal::from(ErrorCode::ServiceUnavailable)
        };
        let stored = self.0.store.load_configuration().await.map_err(unavailable)?;
        let row = stored.mo_routes.iter().find(|row| row.id == id).ok_or(ErrorCode::NotFound)?;
        let mut targets = Vec::new();
        for target in &row.targets {
            let (name, state) = self.target_state(&stored, row, *target);
            let waiting = self.0.store.mo_waiting_for(target.id(), WAITING_MAX).await.map_err(unavailable)?;
            targets.push(MoTargetStatus { target: *target, name, state, waiting });
        }
        Ok(MoRouteStatus { id, name: row.name.clone(), enabled: row.enabled, targets })
    }

    fn target_state(&self, stored: &Configuration, route: &MoRouteRow, target: MoTarget) -> (String, MoTargetState) {
        match target {
            MoTarget::Webhook(id) => {
                let mut own = stored.webhooks.iter().filter(|row| row.account_id == route.account_id);
                let Some(row) = own.find(|row| row.id == id) else { return (String::new(), MoTargetState::Removed) };
                let is_enabled = row.state == WebhookState::Enabled;
                (row.url.clone(), if is_enabled { MoTargetState::Ready } else { MoTargetState::Disabled })
            }
            MoTarget::Smpp(id) => {
                let mut own = stored.smpp_accounts.iter().filter(|row| row.account_id == route.account_id);
                let Some(row) = own.find(|row| row.id == id) else { return (String::new(), MoTargetState::Removed) };
                let state = match row.state {
                    AccessState::Active if self.0.smpp_sessions.has_receiver(id) => MoTargetState::Ready,
                    AccessState::Active => MoTargetState::Away,
                    _ => MoTargetState::Disabled,
                };
                (row.system_id.clone(), state)
            }
        }
    }
}
