//! Taking a thing out of the configuration: only when nothing else needs it and nothing waits for it.

use std::fmt::Write as _;

use sambac_domain::error::ErrorCode;
use sambac_domain::mo::MoTarget;
use sambac_domain::{RateScope, TargetId};
use sambac_store::rows::AccessState;
use sambac_store::{Configuration, StoreError, UnitOfWork};

use super::difference::{Difference, Names, differences};
use super::key::Administrator;
use super::object::{Condition, Kind, Object, check_etag, find};
use super::refusal;
use crate::Engine;
use crate::refusal::Refusal;

/// Waiting work is counted up to here: more is only "at least".
const COUNT_MAX: u32 = 100_000;
/// Names that a refusal lists.
const NAMES_MAX: usize = 5;

/// What a removal did, or would do.
#[derive(Debug)]
pub struct Removed {
    /// The version that keeps it; `None` when nothing was removed.
    pub version: Option<i64>,
    /// What it changed.
    pub differences: Vec<Difference>,
}

impl Engine {
    /// Removes a thing, or tells what removing it would change.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::StaleVersion`], or [`ErrorCode::InUse`] with what needs it and what to do first.
    pub async fn remove_object(
        &self,
        by: &Administrator,
        kind: Kind,
        id: &str,
        condition: Condition<'_>,
    ) -> Result<Removed, Refusal> {
        let _changing = self.0.admin_changes.lock().await;
        let stored = self.stored().await?;
        let object = find(&stored, kind, id)?;
        check_etag(&object, condition.if_match)?;
        if let Some(why) = self.blocker(&stored, kind, &object).await? {
            return Err(Refusal::new(ErrorCode::InUse, why));
        }
        let reason = format!("remove {} {}", kind.word(), object.name());
        let removed = async {
            let mut work = self.0.store.begin_configuration().await?;
            if self.0.store.configuration_version().await? != stored.version {
                return Err(StoreError::Retryable);
            }
            delete(&mut work, kind, id).await?;
            let differences = differences(work.changes(), &Names::of(&stored));
            if condition.dry_run {
                return Ok(Removed { version: None, differences });
            }
            let version = work.keep_version(&by.author(), &reason, self.0.clock.now()).await?;
            work.commit().await?;
            Ok(Removed { version, differences })
        };
        let removed = removed.await.map_err(|error| refusal::store(&error))?;
        if !condition.dry_run {
            self.reload().await;
        }
        Ok(removed)
    }

    /// What stands against it.
    async fn blocker(&self, stored: &Configuration, kind: Kind, object: &Object) -> Result<Option<String>, Refusal> {
        match kind {
            Kind::Account => Ok(Some("accounts are kept with their ledger; suspend it instead".to_owned())),
            Kind::Operator => Ok(operator_blocker(stored, object)),
            Kind::Route | Kind::MoRoute | Kind::Network | Kind::NumberPrefix => Ok(None),
            Kind::OperatorGroup => self.group_blocker(object).await,
            Kind::Connector => match connector_blocker(stored, object) {
                Some(why) => Ok(Some(why)),
                None => {
                    let what = format!(
                        "segments wait for it: give them away (sambac connector release {}, with --end for those that no \
                         other connector takes), or enable and start it until it has sent them, or wait until they expire",
                        object.name()
                    );
                    self.waiting(target::<sambac_domain::ConnectorId>(&object.id), &what).await
                }
            },
            Kind::SmppAccount => match smpp_account_blocker(stored, object) {
                Some(why) => Ok(Some(why)),
                None => {
                    self.waiting(
                        target::<sambac_domain::SmppAccountId>(&object.id),
                        "receipts and messages wait for it: make it active until its client has fetched them, or wait until they \
                         expire (receipt.kept_h)",
                    )
                    .await
                }
            },
        }
    }

    /// A sheet keeps what it names: messages were priced by it.
    async fn group_blocker(&self, object: &Object) -> Result<Option<String>, Refusal> {
        let Ok(group) = object.id.parse() else { return Ok(None) };
        let named =
            self.0.store.is_scope_named(RateScope::Group(group)).await.map_err(|error| refusal::store(&error))?;
        Ok(named.then(|| "price sheets name it; take its networks out instead".to_owned()))
    }

    async fn waiting(&self, target: Option<TargetId>, what: &str) -> Result<Option<String>, Refusal> {
        let Some(target) = target else { return Ok(None) };
        let waiting = self.0.store.waiting_for(target, COUNT_MAX).await.map_err(|error| refusal::store(&error))?;
        let at_least = if waiting >= i64::from(COUNT_MAX) { "at least " } else { "" };
        Ok((waiting > 0).then(|| format!("{at_least}{waiting} {what}")))
    }
}

async fn delete(work: &mut UnitOfWork, kind: Kind, id: &str) -> Result<(), StoreError> {
    let unreadable = || StoreError::Statement(format!("{id} is no id of a {}", kind.word()));
    match kind {
        Kind::Account => return Err(StoreError::Conflict("reference")),
        Kind::Connector => work.delete_connector(id.parse().map_err(|_| unreadable())?).await?,
        Kind::Operator => work.delete_operator(id.parse().map_err(|_| unreadable())?).await?,
        Kind::MoRoute => work.delete_mo_route(id.parse().map_err(|_| unreadable())?).await?,
        Kind::Network => work.delete_network(id.parse().map_err(|_| unreadable())?).await?,
        Kind::NumberPrefix => work.delete_number_prefix(id.parse().map_err(|_| unreadable())?).await?,
        Kind::OperatorGroup => work.delete_operator_group(id.parse().map_err(|_| unreadable())?).await?,
        Kind::Route => work.delete_route(id.parse().map_err(|_| unreadable())?).await?,
        Kind::SmppAccount => work.delete_smpp_account(id.parse().map_err(|_| unreadable())?).await?,
    };
    Ok(())
}

fn target<Id: std::str::FromStr + Into<TargetId>>(id: &str) -> Option<TargetId> {
    id.parse::<Id>().ok().map(Into::into)
}

fn operator_blocker(stored: &Configuration, object: &Object) -> Option<String> {
    let connectors = stored.connectors.iter().filter(|row| row.operator_id.to_string() == object.id);
    let names: Vec<&str> = connectors.map(|row| row.name.as_str()).collect();
    listed(&names, "connectors lead to it", "remove them, or give them to another operator, first")
}

fn connector_blocker(stored: &Configuration, object: &Object) -> Option<String> {
    let routes = stored.routes.iter().filter(|row| row.connectors.iter().any(|id| id.to_string() == object.id));
    let names: Vec<&str> = routes.map(|row| row.name.as_str()).collect();
    if let Some(why) = listed(&names, "routes use it", "take it out of them first") {
        return Some(why);
    }
    let mo_routes = stored.mo_routes.iter();
    let mo_routes = mo_routes.filter(|row| row.matches.connectors.iter().any(|id| id.to_string() == object.id));
    let names: Vec<&str> = mo_routes.map(|row| row.name.as_str()).collect();
    if let Some(why) = listed(&names, "routes of messages from handsets name it", "take it out of them first") {
        return Some(why);
    }
    let is_enabled = stored.connectors.iter().any(|row| row.enabled && row.id.to_string() == object.id);
    is_enabled.then(|| "it is enabled: set enabled to false first".to_owned())
}

fn smpp_account_blocker(stored: &Configuration, object: &Object) -> Option<String> {
    let is_it = |target: &MoTarget| matches!(target, MoTarget::Smpp(id) if id.to_string() == object.id);
    let names = stored.mo_routes.iter().filter(|row| row.targets.iter().any(is_it)).map(|row| row.name.as_str());
    if let Some(why) =
        listed(&names.collect::<Vec<_>>(), "routes of messages from handsets lead to it", "take it out of them first")
    {
        return Some(why);
    }
    let active = |state| state == AccessState::Active;
    let is_active = stored.smpp_accounts.iter().any(|row| active(row.state) && row.id.to_string() == object.id);
    is_active.then(|| "it may bind: suspend it first".to_owned())
}

fn listed(names: &[&str], what: &str, advice: &str) -> Option<String> {
    if names.is_empty() {
        return None;
    }
    let mut text =
        format!("{} {what}: {}", names.len(), names.iter().take(NAMES_MAX).copied().collect::<Vec<_>>().join(", "));
    if names.len() > NAMES_MAX {
        // Writing to a String cannot fail.
        let _ = write!(text, " and {} more", names.len() - NAMES_MAX);
    }
    Some(format!("{text}; {advice}"))
}
