//! Operator groups as the hot path reads them: which group a network is in.

use std::collections::HashMap;

use sambac_domain::MccMnc;
use sambac_domain::id::OperatorGroupId;
use sambac_store::rows::OperatorGroupRow;

/// Groups by their networks and by what price sheets call them.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    of_network: HashMap<MccMnc, OperatorGroupId>,
    of_name: HashMap<String, OperatorGroupId>,
    names: HashMap<OperatorGroupId, String>,
}

impl Groups {
    /// Of these rows.
    pub(crate) fn new<'a>(rows: impl IntoIterator<Item = &'a OperatorGroupRow>) -> Self {
        let mut groups = Self::default();
        for row in rows {
            let networks = row.networks.iter().filter_map(|text| text.parse().ok());
            groups.of_network.extend(networks.map(|network| (network, row.id)));
            let names = row.aliases.iter().chain([&row.name]);
            groups.of_name.extend(names.map(|name| (folded(name), row.id)));
            groups.names.insert(row.id, row.name.clone());
        }
        groups
    }

    /// The group of a network.
    pub(crate) fn of_network(&self, network: MccMnc) -> Option<OperatorGroupId> {
        self.of_network.get(&network).copied()
    }

    /// The group of this name, alias (both in any case) or id.
    pub(crate) fn named(&self, name: &str) -> Option<OperatorGroupId> {
        let by_name = self.of_name.get(&folded(name)).copied();
        by_name.or_else(|| name.parse().ok().filter(|id| self.names.contains_key(id)))
    }

    /// The name of a group.
    pub(crate) fn name(&self, group: OperatorGroupId) -> Option<&str> {
        self.names.get(&group).map(String::as_str)
    }
}

/// A name as it is compared.
pub(crate) fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use sambac_domain::time::Timestamp;

    use super::*;

    #[test]
    fn a_group_is_found_by_its_networks_names_and_id() {
        let id = OperatorGroupId::from_raw(7);
        let row = OperatorGroupRow {
            id,
            name: "North".into(),
            aliases: vec!["North Mobile AG".into()],
            networks: vec!["26202".into(), "262009".into()],
            source: "edited".into(),
            as_of: "2026-11-01".into(),
            created_at: Timestamp(0),
        };
        let groups = Groups::new([&row]);
        for name in ["North", "north", " NORTH MOBILE AG ", &id.to_string()] {
            assert_eq!(groups.named(name), Some(id), "{name}");
        }
        assert_eq!((groups.named("South"), groups.named(&OperatorGroupId::from_raw(8).to_string())), (None, None));
        let of = |text: &str| groups.of_network(text.parse().expect("a network"));
        assert_eq!((of("26202"), of("262009"), of("26209"), of("262")), (Some(id), Some(id), None, None));
        assert_eq!(groups.name(id), Some("North"));
    }
}
