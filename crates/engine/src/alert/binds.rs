//! Alerts about a connector whose binds another node has: it tells, and the node with the ledger keeps them.

use sambac_bus::work::AlertSeen;

use super::{Alert, AlertKind, Alerts};

impl AlertKind {
    /// Whether it tells of a condition that the node with the binds knows of.
    const fn is_of_binds(self) -> bool {
        matches!(
            self,
            Self::ConnectorCredentials | Self::ConnectorSetup | Self::ConnectorStopped | Self::ConnectorCertificate
        )
    }
}

impl Alerts {
    /// A person has started a connector: what stopped it is over.
    pub(crate) fn started_by_hand(&self, name: &str) {
        for kind in [AlertKind::ConnectorCredentials, AlertKind::ConnectorStopped] {
            self.clear(kind, name, "started by hand");
        }
    }

    /// What is wrong with a connector's binds here.
    pub(crate) fn of_binds(&self, name: &str) -> Vec<AlertSeen> {
        let book = self.book();
        let mut open: Vec<_> = book
            .list
            .values()
            .filter(|alert| alert.is_open() && alert.kind.is_of_binds() && alert.subject == name)
            .map(seen)
            .collect();
        open.sort_by(|one, other| one.kind.cmp(&other.kind));
        open
    }

    /// What has happened here since the last call: others keep it.
    pub(crate) fn take_events(&self) -> Vec<AlertSeen> {
        let mut book = self.book();
        let taken: Vec<_> = book.list.extract_if(|key, _| key.0.is_event()).map(|(_, alert)| seen(&alert)).collect();
        drop(book);
        taken
    }

    /// Something has happened at another node.
    pub(crate) fn happened(&self, alert: AlertSeen) {
        let AlertSeen { kind, subject, text, times } = alert;
        if let Some(kind) = AlertKind::named(&kind).filter(|kind| kind.is_event()) {
            self.tell(kind, &subject, super::cut(text), times);
        }
    }

    /// How a connector's binds are at the node that has them.
    pub(crate) fn binds_are(&self, name: &str, seen: &[AlertSeen]) {
        let holds = |kind: AlertKind| seen.iter().find(|alert| alert.kind == kind.as_str() && alert.subject == name);
        for kind in AlertKind::ALL.iter().copied().filter(|kind| kind.is_of_binds()) {
            match holds(kind) {
                Some(alert) => self.holds(kind, name, alert.text.as_str()),
                None => self.clear(kind, name, "as the node that has it tells"),
            }
        }
    }
}

fn seen(alert: &Alert) -> AlertSeen {
    let Alert { kind, subject, text, count, .. } = alert;
    AlertSeen { kind: kind.as_str().to_owned(), subject: subject.clone(), text: text.clone(), times: *count }
}

#[cfg(test)]
mod tests {
    use sambac_domain::time::Timestamp;

    use super::*;
    use crate::clock::Clock;

    fn alerts() -> Alerts {
        Alerts::restored(Clock::mock(Timestamp(1_000)), Vec::new())
    }

    fn open(alerts: &Alerts) -> Vec<(AlertKind, u64)> {
        let open = alerts.list_all().into_iter().filter(Alert::is_open);
        open.map(|alert| (alert.kind, alert.count)).collect()
    }

    #[test]
    fn what_holds_at_the_node_with_the_binds_holds_where_the_ledger_is() {
        let (there, here) = (alerts(), alerts());
        there.raise(AlertKind::ConnectorCredentials, "alpha", "0x0E");
        there.raise(AlertKind::ConnectorCredentials, "beta", "0x0E");
        here.holds(AlertKind::ConnectorDown, "alpha", "down");
        here.binds_are("alpha", &there.of_binds("alpha"));
        here.binds_are("alpha", &there.of_binds("alpha"));
        let mut both = vec![(AlertKind::ConnectorCredentials, 1), (AlertKind::ConnectorDown, 1)];
        both.sort_unstable();
        let mut shown = open(&here);
        shown.sort_unstable();
        assert_eq!(shown, both);
        there.clear(AlertKind::ConnectorCredentials, "alpha", "bound");
        here.binds_are("alpha", &there.of_binds("alpha"));
        assert_eq!(open(&here), [(AlertKind::ConnectorDown, 1)], "what the ledger's node knows itself stays");
    }

    #[test]
    fn what_has_happened_is_told_once_and_counted() {
        let (there, here) = (alerts(), alerts());
        for _ in 0..3 {
            there.raise(AlertKind::ConnectorRefusal, "alpha", "0x45");
        }
        for _ in 0..2 {
            there.take_events().into_iter().for_each(|alert| here.happened(alert));
        }
        there.raise(AlertKind::ConnectorRefusal, "alpha", "0x45");
        there.take_events().into_iter().for_each(|alert| here.happened(alert));
        assert_eq!(open(&here), [(AlertKind::ConnectorRefusal, 4)]);
    }

    #[test]
    fn a_kind_that_is_not_known_is_passed_over() {
        let here = alerts();
        let alert = AlertSeen { kind: "x".to_owned(), subject: "alpha".to_owned(), text: String::new(), times: 1 };
        here.happened(alert.clone());
        here.happened(AlertSeen { kind: AlertKind::LedgerBreach.as_str().to_owned(), ..alert });
        assert!(open(&here).is_empty());
    }
}
