//! Back to how the configuration was after a version: itself a change, with a version of its own.
//!
//! Prices come back as new sheets, see [`super::rollback_prices`].
//!
//! Three things are never taken back. Secrets: what is there keeps its password, so that a rollback neither breaks a bind nor
//! revives a password that was replaced. Keys and webhooks: one that was revoked stays revoked. And what was made since is
//! switched off, not removed: messages may wait for it.

use std::collections::{BTreeMap, HashSet};

use sambac_domain::ConnectorId;
use sambac_domain::error::ErrorCode;
use sambac_domain::mo::{MoMatch, MoTarget};
use sambac_domain::profile::{ClientProfile, Profile};
use sambac_store::rows::{
    ConnectorRow, MoRouteRow, NetworkRow, NumberPrefixRow, OperatorGroupRow, RouteRow, SmppAccountRow,
};
use sambac_store::{Change, ChangedRow, Configuration, StoreError, UnitOfWork};
use serde_json::Value;

use super::difference::{Difference, Names, differences};
use super::key::Administrator;
use super::refusal;
use super::rights;
use super::rollback_prices::Prices;
use crate::Engine;
use crate::refusal::Refusal;

/// What is taken back, in the order in which things depend on each other.
const TABLES: [&str; 10] = [
    "networks",
    "number_prefixes",
    "operator_groups",
    "tariffs",
    "accounts",
    "operators",
    "connectors",
    "routes",
    "smpp_accounts",
    "mo_routes",
];

/// Versions read at once.
const PAGE: u32 = 100;

/// What a rollback did, or would do.
#[derive(Debug)]
pub struct RolledBack {
    /// The version that keeps it; `None` when nothing had to be changed, or nothing was.
    pub version: Option<i64>,
    /// What it changed.
    pub differences: Vec<Difference>,
}

/// Rows by their place in [`TABLES`] and their id: what each was after the version; `None`: it was not there.
type Targets = BTreeMap<(usize, i64), Option<ChangedRow>>;

impl Engine {
    /// Takes the configuration back to how it was after version `number`; with `dry_run` only tells what that would change.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`]; [`ErrorCode::InvalidConfiguration`], [`ErrorCode::InUse`] or [`ErrorCode::Conflict`] when
    /// what was is not possible any more; [`ErrorCode::Forbidden`] for what `by` could not change to. Nothing is changed then.
    pub async fn rollback(&self, by: &Administrator, number: i64, dry_run: bool) -> Result<RolledBack, Refusal> {
        let _changing = self.0.admin_changes.lock().await;
        let store = &self.0.store;
        let unavailable = |error: StoreError| refusal::store(&error);
        store.configuration_version_of(number).await.map_err(unavailable)?.ok_or(ErrorCode::NotFound)?;
        let mut work = store.begin_configuration().await.map_err(unavailable)?;
        let stored = self.stored().await?;
        let (targets, sheets) = self.targets(number).await.map_err(unavailable)?;
        let targets = possible(targets, &stored)?;
        // What goes, goes first: what comes back may have its name.
        let (back, gone): (Vec<_>, Vec<_>) = targets.iter().partition(|(_, row)| row.is_some());
        for ((table, id), row) in gone.into_iter().rev().chain(back) {
            let table = TABLES[*table];
            work.restore(table, *id, row.as_ref()).await.map_err(unavailable)?;
        }
        let prices = Prices { stored: &stored, made_since: &sheets, ids: &self.0.ids, now: self.0.clock.now() };
        prices.take_back(&mut work, number, &by.author()).await.map_err(unavailable)?;
        let differences = differences(work.changes(), &Names::of(&stored));
        rights::check_differences(&differences, by)?;
        let version = if dry_run { None } else { self.keep(work, by, number).await.map_err(unavailable)? };
        Ok(RolledBack { version, differences })
    }

    async fn keep(&self, mut work: UnitOfWork, by: &Administrator, number: i64) -> Result<Option<i64>, StoreError> {
        let version = work.keep_version(&by.author(), &format!("rollback to {number}"), self.0.clock.now()).await?;
        if version.is_some() {
            work.commit().await?;
            self.reload().await;
        }
        Ok(version)
    }

    /// From the newest version to the one after `number`: what was before the earliest of them counts. And the price sheets that
    /// were made since.
    async fn targets(&self, number: i64) -> Result<(Targets, HashSet<i64>), StoreError> {
        let (mut targets, mut sheets, mut before) = (Targets::new(), HashSet::new(), None);
        loop {
            let page = self.0.store.configuration_versions(before, PAGE).await?;
            for row in page.iter().filter(|row| row.id > number) {
                for Change { table, id, before, .. } in row.list()?.into_iter().rev() {
                    if table == "price_sheets" && before.is_none() {
                        sheets.insert(id);
                    }
                    if let Some(place) = TABLES.iter().position(|known| *known == table) {
                        targets.insert((place, id), before);
                    }
                }
            }
            match page.last() {
                Some(last) if last.id > number => before = Some(last.id),
                _ => return Ok((targets, sheets)),
            }
        }
    }
}

/// The rows to write, with today's secrets; refused when a program of today could not run them.
fn possible(targets: Targets, stored: &Configuration) -> Result<Targets, Refusal> {
    let mut possible = Targets::new();
    let known = Known::of(&targets, stored);
    for ((place, id), row) in targets {
        let now = today(TABLES[place], id, stored);
        match row {
            Some(mut row) => {
                keep_secrets(&mut row, now.as_ref());
                check(TABLES[place], &row, &known)?;
                possible.insert((place, id), Some(row));
            }
            None => {
                if let Some(off) = now.and_then(|row| switched_off(TABLES[place], row)) {
                    possible.insert((place, id), off);
                }
            }
        }
    }
    Ok(possible)
}

fn today(table: &str, id: i64, stored: &Configuration) -> Option<ChangedRow> {
    match table {
        "connectors" => stored.connectors.iter().find(|row| row.id.raw() == id).map(ConnectorRow::columns),
        "smpp_accounts" => stored.smpp_accounts.iter().find(|row| row.id.raw() == id).map(SmppAccountRow::columns),
        "mo_routes" => stored.mo_routes.iter().find(|row| row.id.raw() == id).map(MoRouteRow::columns),
        "networks" => stored.networks.iter().find(|row| row.id.raw() == id).map(NetworkRow::columns),
        "number_prefixes" => stored.number_prefixes.iter().find(|row| row.id.raw() == id).map(NumberPrefixRow::columns),
        "operator_groups" => {
            stored.operator_groups.iter().find(|row| row.id.raw() == id).map(OperatorGroupRow::columns)
        }
        "routes" => stored.routes.iter().find(|row| row.id.raw() == id).map(RouteRow::columns),
        _ => None,
    }
}

/// What was made since: routes and what was said of networks go, operator groups are emptied, connectors and SMPP accounts are
/// switched off, all else stays.
fn switched_off(table: &str, mut row: ChangedRow) -> Option<Option<ChangedRow>> {
    match table {
        "routes" | "mo_routes" | "networks" | "number_prefixes" => Some(None),
        "operator_groups" => {
            row.insert("networks".to_owned(), Value::from("[]"));
            Some(Some(row))
        }
        "connectors" => {
            row.insert("enabled".to_owned(), Value::Bool(false));
            Some(Some(row))
        }
        "smpp_accounts" => {
            row.insert("state".to_owned(), Value::from("suspended"));
            Some(Some(row))
        }
        _ => None,
    }
}

fn keep_secrets(row: &mut ChangedRow, now: Option<&ChangedRow>) {
    for column in ["password_sealed", "password_hash"] {
        if let Some(secret) = now.and_then(|now| now.get(column)) {
            row.insert(column.to_owned(), secret.clone());
        }
    }
}

/// What there will be.
struct Known {
    connectors: HashSet<i64>,
    /// SMPP accounts and webhooks.
    targets: HashSet<i64>,
}

impl Known {
    fn of(targets: &Targets, stored: &Configuration) -> Self {
        let of_table = |table: &'static str| {
            let rows = targets.iter().filter(move |((place, _), row)| TABLES[*place] == table && row.is_some());
            rows.map(|((_, id), _)| *id)
        };
        let connectors = stored.connectors.iter().map(|row| row.id.raw()).chain(of_table("connectors"));
        let smpp_accounts = stored.smpp_accounts.iter().map(|row| row.id.raw()).chain(of_table("smpp_accounts"));
        let targets = stored.webhooks.iter().map(|row| row.id.raw()).chain(smpp_accounts).collect();
        Self { connectors: connectors.collect(), targets }
    }
}

fn check(table: &str, row: &ChangedRow, known: &Known) -> Result<(), Refusal> {
    let text = |column: &str| row.get(column).and_then(Value::as_str).unwrap_or_default();
    let wrong = |why: String| Refusal::new(ErrorCode::InvalidConfiguration, format!("{}: {why}", text("name")));
    match table {
        "connectors" => Profile::parse(text("settings")).map(drop).map_err(|error| wrong(error.to_string())),
        "smpp_accounts" => ClientProfile::parse(text("settings")).map(drop).map_err(|error| wrong(error.to_string())),
        "routes" => {
            let connectors: Vec<ConnectorId> = serde_json::from_str(text("connectors")).unwrap_or_default();
            let gone = connectors.iter().find(|id| !known.connectors.contains(&id.raw()));
            gone.map_or(Ok(()), |id| Err(wrong(format!("its connector {id} was removed since"))))
        }
        "mo_routes" => {
            let matches: MoMatch = serde_json::from_str(text("matches")).unwrap_or_default();
            let targets: Vec<MoTarget> = serde_json::from_str(text("targets")).unwrap_or_default();
            let gone = matches.connectors.iter().find(|id| !known.connectors.contains(&id.raw()));
            if let Some(id) = gone {
                return Err(wrong(format!("its connector {id} was removed since")));
            }
            let gone = targets.iter().find(|target| !known.targets.contains(&target.id().raw()));
            gone.map_or(Ok(()), |target| Err(wrong(format!("its target {target} was removed since"))))
        }
        _ => Ok(()),
    }
}
