//! Routes of messages from handsets.

use sambac_domain::MoRouteId;
use sambac_domain::mo::{MoMatch, MoTarget, fold};
use sambac_store::rows::MoRouteRow;

use super::{Draft, Faults, prefix};
use crate::admin::file::{MoRoute, MoRouteMatch, MoRouteTarget};

/// Entries of one list of a match: what one person can still read.
const LIST_MAX: usize = 1_000;
/// Characters of an entry of it.
const ENTRY_CHARS_MAX: usize = 64;
/// Targets of a route: each is a copy of every message.
const TARGETS_MAX: usize = 10;

impl Draft<'_> {
    pub(super) fn mo_route(&mut self, route: &MoRoute) -> Result<(), Faults> {
        let mut faults = Faults::default();
        let account_id = faults.keep(self.account_named(&route.account));
        let is_within = (1..=TARGETS_MAX).contains(&route.targets.len());
        faults.check(is_within, format!("targets: has 1 to {TARGETS_MAX} entries"));
        faults.check((1..=86_400).contains(&route.away_max_s), "away_max_s: is from 1 to 86400");
        let matches = self.mo_match(&route.matches, &mut faults);
        let mut targets = Vec::new();
        if let Some(account_id) = account_id {
            route.targets.iter().for_each(|target| targets.extend(faults.keep(self.mo_target(account_id, target))));
        }
        let stored = self.context.stored.mo_routes.iter().find(|row| row.name == route.name);
        let is_others = stored.is_some_and(|row| account_id.is_some_and(|id| row.account_id != id));
        faults.check(!is_others, "the route belongs to another account");
        faults.none()?;
        let Some(account_id) = account_id else { return Ok(()) };
        let row = MoRouteRow {
            id: stored.map_or_else(|| MoRouteId::from_raw(self.next_id()), |row| row.id),
            account_id,
            name: route.name.clone(),
            position: route.position,
            matches,
            strategy: route.strategy,
            targets,
            away_max_s: route.away_max_s,
            enabled: route.enabled,
            created_at: stored.map_or(self.context.now, |row| row.created_at),
        };
        if stored != Some(&row) {
            self.changes.mo_routes.push(row);
        }
        Ok(())
    }

    fn mo_match(&self, wanted: &MoRouteMatch, faults: &mut Faults) -> MoMatch {
        faults.keep(check_list("destinations", &wanted.destinations));
        faults.keep(check_list("keywords", &wanted.keywords));
        for word in wanted.keywords.iter().filter(|word| sambac_domain::mo::keyword(word) != Some(fold(word))) {
            faults.check(false, format!("match.keywords: \"{word}\" is not one word"));
        }
        let mut source_prefixes = Vec::new();
        for text in &wanted.source_prefixes {
            let prefix = prefix(Some(text)).map_err(|error| format!("match.source_prefixes: {error}"));
            source_prefixes.extend(faults.keep(prefix).flatten());
        }
        let mut connectors = Vec::new();
        for name in &wanted.connectors {
            let known = self.known.connectors.get(name).copied();
            let missing = || format!("match.connectors: there is no connector \"{name}\"");
            connectors.extend(faults.keep(known.ok_or_else(missing)));
        }
        MoMatch {
            destinations: wanted.destinations.clone(),
            source_prefixes,
            connectors,
            keywords: wanted.keywords.clone(),
        }
    }

    /// A target of the route's own account: another account's is answered like one that does not exist.
    fn mo_target(&self, account: sambac_domain::AccountId, target: &MoRouteTarget) -> Result<MoTarget, String> {
        match (&target.webhook, &target.smpp) {
            (Some(url), None) => {
                let mut all = self.changes.webhooks.iter().chain(&self.context.stored.webhooks);
                let found = all.find(|row| row.account_id == account && row.url == *url);
                let found = found.ok_or_else(|| format!("targets: the account has no webhook \"{url}\""))?;
                Ok(MoTarget::Webhook(found.id))
            }
            (None, Some(system_id)) => {
                let mut all = self.changes.smpp_accounts.iter().chain(&self.context.stored.smpp_accounts);
                let found = all.find(|row| row.account_id == account && row.system_id == *system_id);
                let found = found.ok_or_else(|| format!("targets: the account has no SMPP account \"{system_id}\""))?;
                Ok(MoTarget::Smpp(found.id))
            }
            _ => Err("targets: each is { webhook = \"https://…\" } or { smpp = \"system_id\" }".to_owned()),
        }
    }
}

fn check_list(name: &str, list: &[String]) -> Result<(), String> {
    let fine = |entry: &String| !entry.trim().is_empty() && entry.chars().count() <= ENTRY_CHARS_MAX;
    if list.len() <= LIST_MAX && list.iter().all(fine) {
        return Ok(());
    }
    Err(format!("match.{name} has at most {LIST_MAX} entries of 1 to {ENTRY_CHARS_MAX} characters"))
}
