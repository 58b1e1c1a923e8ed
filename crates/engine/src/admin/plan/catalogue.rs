//! The catalogue: what people know of networks and numbers, and which networks belong together.

use std::collections::HashMap;

use sambac_domain::id::OperatorGroupId;
use sambac_domain::{MccMnc, NetworkId, NumberPrefixId};
use sambac_store::rows::{NetworkRow, NumberPrefixRow, OperatorGroupRow};

use super::{Draft, Faults, mcc_mnc, prefix};
use crate::admin::file::{Network, NumberPrefix, OperatorGroup};
use crate::tariff::groups::folded;

/// Who says so, when nobody is named.
const EDITED: &str = "edited";
/// Characters of a name of an operator, a group or a source.
const NAME_CHARS_MAX: usize = 200;
/// Networks of a group, and other names of it.
const LIST_MAX: usize = 1_000;

impl Draft<'_> {
    pub(super) fn network(&mut self, network: &Network) -> Result<(), Faults> {
        let mut faults = Faults::default();
        let codes = faults.keep(mcc_mnc(Some(&network.mcc_mnc))).flatten();
        let country = network.country.parse().map_err(|error| format!("country: {error}"));
        let country = faults.keep(country);
        faults.keep(check_text("operator", &network.operator));
        let stored = self.context.stored.networks.iter().find(|row| Some(row.mcc_mnc) == codes);
        let same = stored.filter(|row| Some(row.country) == country && row.operator == network.operator);
        let said = same.map(|row| (&row.source, &row.as_of));
        let said = faults.keep(self.provenance(network.source.as_ref(), network.as_of.as_ref(), said));
        faults.none()?;
        let (Some(mcc_mnc), Some(country), Some((source, as_of))) = (codes, country, said) else { return Ok(()) };
        let row = NetworkRow {
            id: stored.map_or_else(|| NetworkId::from_raw(self.next_id()), |row| row.id),
            mcc_mnc,
            country,
            operator: network.operator.clone(),
            source,
            as_of,
            created_at: stored.map_or(self.context.now, |row| row.created_at),
        };
        if stored != Some(&row) {
            self.changes.networks.push(row);
        }
        Ok(())
    }

    pub(super) fn number_prefix(&mut self, number: &NumberPrefix) -> Result<(), Faults> {
        let mut faults = Faults::default();
        let digits = faults.keep(prefix(Some(&number.prefix))).flatten().unwrap_or_default();
        faults.check(!digits.starts_with('0'), "prefix begins with a country code, which no 0 does");
        let mcc_mnc: Result<MccMnc, String> = number.mcc_mnc.parse().map_err(|error| format!("mcc_mnc: {error}"));
        let mcc_mnc = faults.keep(mcc_mnc);
        let stored = self.context.stored.number_prefixes.iter().find(|row| row.prefix == digits);
        let same = stored.filter(|row| Some(row.mcc_mnc) == mcc_mnc);
        let said = same.map(|row| (&row.source, &row.as_of));
        let said = faults.keep(self.provenance(number.source.as_ref(), number.as_of.as_ref(), said));
        faults.none()?;
        let (Some(mcc_mnc), Some((source, as_of))) = (mcc_mnc, said) else { return Ok(()) };
        let row = NumberPrefixRow {
            id: stored.map_or_else(|| NumberPrefixId::from_raw(self.next_id()), |row| row.id),
            prefix: digits,
            mcc_mnc,
            source,
            as_of,
            created_at: stored.map_or(self.context.now, |row| row.created_at),
        };
        if stored != Some(&row) {
            self.changes.number_prefixes.push(row);
        }
        Ok(())
    }

    pub(super) fn operator_group(&mut self, group: &OperatorGroup) -> Result<(), Faults> {
        let mut faults = Faults::default();
        faults.check(group.networks.len() <= LIST_MAX, format!("networks: has {LIST_MAX} entries at most"));
        faults.check(group.aliases.len() <= LIST_MAX, format!("aliases: has {LIST_MAX} entries at most"));
        let mut networks = Vec::new();
        for text in &group.networks {
            let codes = mcc_mnc(Some(text)).map_err(|error| format!("networks: {error}"));
            networks.extend(faults.keep(codes).flatten().map(|codes| codes.to_string()));
        }
        for alias in [&group.name].into_iter().chain(&group.aliases) {
            faults.keep(check_text("aliases", alias));
            let is_id = alias.parse::<OperatorGroupId>().is_ok();
            faults.check(!is_id, format!("aliases: \"{alias}\" is an id, and no name"));
        }
        self.check_alone(group, &networks, &mut faults);
        let stored = self.context.stored.operator_groups.iter().find(|row| row.name == group.name);
        let id = stored.map_or_else(|| OperatorGroupId::from_raw(self.next_id()), |row| row.id);
        // Also when something is wrong with it: that rates name it is not.
        self.known.groups.extend([&group.name].into_iter().chain(&group.aliases).map(|name| (folded(name), id)));
        let same = stored.filter(|row| row.networks == networks && row.aliases == group.aliases);
        let said = same.map(|row| (&row.source, &row.as_of));
        let said = faults.keep(self.provenance(group.source.as_ref(), group.as_of.as_ref(), said));
        faults.none()?;
        let Some((source, as_of)) = said else { return Ok(()) };
        let created_at = stored.map_or(self.context.now, |row| row.created_at);
        let (name, aliases) = (group.name.clone(), group.aliases.clone());
        let row = OperatorGroupRow { id, name, aliases, networks, source, as_of, created_at };
        if stored != Some(&row) {
            self.changes.operator_groups.push(row);
        }
        Ok(())
    }

    /// A network is in one group at most, and a name names one: of the groups as they will be.
    fn check_alone(&self, group: &OperatorGroup, networks: &[String], faults: &mut Faults) {
        let mut seen = HashMap::new();
        let changed = &self.changes.operator_groups;
        let kept = self.context.stored.operator_groups.iter();
        let kept = kept.filter(|row| !changed.iter().any(|new| new.id == row.id));
        for other in changed.iter().chain(kept).filter(|row| row.name != group.name) {
            seen.extend(other.networks.iter().map(|codes| (codes.clone(), other.name.as_str())));
            seen.extend(other.aliases.iter().chain([&other.name]).map(|name| (folded(name), other.name.as_str())));
        }
        for network in networks {
            if let Some(other) = seen.insert(network.clone(), &group.name) {
                faults.check(false, format!("networks: {network} is in group \"{other}\" already"));
            }
        }
        for name in [&group.name].into_iter().chain(&group.aliases) {
            if let Some(other) = seen.insert(folded(name), &group.name) {
                faults.check(false, format!("aliases: \"{name}\" names group \"{other}\" already"));
            }
        }
    }

    /// Who says so and of which day. `same` is who said just that before; what is new is of today when nobody says of which day.
    fn provenance(
        &self,
        source: Option<&String>,
        as_of: Option<&String>,
        same: Option<(&String, &String)>,
    ) -> Result<(String, String), String> {
        let source = source.or(same.map(|(source, _)| source)).cloned().unwrap_or_else(|| EDITED.to_owned());
        check_text("source", &source)?;
        let today = || self.context.now.rfc3339().get(..10).unwrap_or_default().to_owned();
        let as_of = as_of.or(same.map(|(_, as_of)| as_of)).cloned().unwrap_or_else(today);
        let is_day = sambac_domain::Timestamp::parse_rfc3339(&format!("{as_of}T00:00:00Z")).is_some();
        if is_day { Ok((source, as_of)) } else { Err(format!("as_of is a day such as 2026-11-01, not \"{as_of}\"")) }
    }
}

fn check_text(key: &str, text: &str) -> Result<(), String> {
    let fine = !text.trim().is_empty() && text.chars().count() <= NAME_CHARS_MAX && !text.chars().any(char::is_control);
    if fine { Ok(()) } else { Err(format!("{key}: is 1 to {NAME_CHARS_MAX} characters without control characters")) }
}
