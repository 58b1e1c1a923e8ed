//! Operators, connectors and routes.

use sambac_domain::profile::Profile;
use sambac_domain::{ConnectorId, OperatorId, RouteId, RouteMatch, Sender};
use sambac_store::Sealed;
use sambac_store::rows::{BindKind, ConnectorRow, OperatorRow, RouteRow};
use secrecy::ExposeSecret as _;

use super::money::margin_floor;
use super::{Draft, Faults, mcc, mcc_mnc, prefix, settings_text};
use crate::admin::file::{Connector, Match, Operator, Route};

/// More than any operator takes, and than is ever sent: what is meant is no limit, which is 0.
const THROUGHPUT_PER_S_MAX: u32 = 1_000_000;

impl Draft<'_> {
    pub(super) fn operator(&mut self, operator: &Operator) -> Result<(), Faults> {
        if self.known.operators.contains_key(&operator.name) {
            return Ok(());
        }
        let id = OperatorId::from_raw(self.next_id());
        self.known.operators.insert(operator.name.clone(), id);
        self.changes.operators.push(OperatorRow { id, name: operator.name.clone(), created_at: self.context.now });
        Ok(())
    }

    pub(super) fn connector(&mut self, connector: &Connector) -> Result<(), Faults> {
        let stored = self.context.stored.connectors.iter().find(|row| row.name == connector.name);
        let id = stored.map_or_else(|| ConnectorId::from_raw(self.next_id()), |row| row.id);
        // Also when something is wrong with it: that routes name it is not.
        self.known.connectors.insert(connector.name.clone(), id);
        let mut faults = Faults::default();
        let operator_id = self.known.operators.get(&connector.operator).copied();
        let operator_id =
            faults.keep(operator_id.ok_or_else(|| format!("there is no operator \"{}\"", connector.operator)));
        check_link(connector, &mut faults);
        let settings = faults.keep_all(settings(connector, stored));
        let password_octets_max = settings.as_ref().map(|(_, profile)| profile.bind.password_octets_max);
        let given = self.given_password(connector.password.as_ref(), connector.password_env.as_deref());
        let is_given = !matches!(given, Ok(None));
        let password = given.and_then(|given| self.connector_password(given, id, stored, password_octets_max));
        let password = faults.keep(password);
        let bind_kind = BindKind::from_word(&connector.bind_kind);
        let bind_kind = faults.keep(bind_kind.ok_or_else(|| {
            format!("bind_kind: is transmitter, receiver, transceiver or pair, not \"{}\"", connector.bind_kind)
        }));
        faults.none()?;
        let (Some(operator_id), Some((settings, profile)), Some(password), Some(bind_kind)) =
            (operator_id, settings, password, bind_kind)
        else {
            return Ok(()); // There was a fault then.
        };
        let row = ConnectorRow {
            id,
            operator_id,
            name: connector.name.clone(),
            host: connector.host.clone(),
            port: connector.port,
            system_id: connector.system_id.clone(),
            password_sealed: Sealed(password),
            bind_kind,
            binds: connector.binds,
            window_max: connector.window_max,
            throughput_per_s_max: connector.throughput_per_s_max,
            settings,
            enabled: connector.enabled,
            created_at: stored.map_or(self.context.now, |row| row.created_at),
        };
        if !is_given && stored.is_some_and(|stored| is_led_elsewhere(stored, &row, &profile)) {
            self.changes.led_elsewhere.push(row.name.clone());
        }
        if stored != Some(&row) {
            self.changes.connectors.push(row);
        }
        Ok(())
    }

    /// The sealed password; the stored one stays when it holds the same, or when none is given.
    fn connector_password(
        &self,
        given: Option<String>,
        id: ConnectorId,
        stored: Option<&ConnectorRow>,
        octets_max: Option<u8>,
    ) -> Result<String, String> {
        let Some(password) = given else {
            let kept = stored.map(|row| row.password_sealed.0.clone());
            return kept.ok_or_else(|| "password_env (or password) is missing".to_owned());
        };
        check_password(&password, octets_max)?;
        if let Some(row) = stored
            && self
                .context
                .seal
                .open_text(id.raw(), &row.password_sealed.0)
                .is_ok_and(|open| open.expose_secret() == password)
        {
            return Ok(row.password_sealed.0.clone());
        }
        self.context.seal.seal_text(id.raw(), &password).map_err(|error| error.to_string())
    }

    pub(super) fn route(&mut self, route: &Route) -> Result<(), Faults> {
        let mut faults = Faults::default();
        let mut connectors = Vec::new();
        for name in &route.connectors {
            let known = self.known.connectors.get(name).copied();
            connectors.extend(faults.keep(known.ok_or_else(|| format!("there is no connector \"{name}\""))));
        }
        faults.check(!route.connectors.is_empty(), "connectors: is empty");
        let matches = self.matches(&route.matches, &mut faults);
        let margin_floor = faults.keep(margin_floor(route.margin_floor.as_ref())).unwrap_or_default();
        faults.none()?;
        let stored = self.context.stored.routes.iter().find(|row| row.name == route.name);
        let row = RouteRow {
            id: stored.map_or_else(|| RouteId::from_raw(self.next_id()), |row| row.id),
            name: route.name.clone(),
            position: route.position,
            matches,
            strategy: route.strategy,
            connectors,
            enabled: route.enabled,
            created_at: stored.map_or(self.context.now, |row| row.created_at),
            margin_floor,
        };
        if stored != Some(&row) {
            self.changes.routes.push(row);
        }
        Ok(())
    }

    fn matches(&self, wanted: &Match, faults: &mut Faults) -> RouteMatch {
        if let Some(sender) = &wanted.sender {
            faults.keep(sender.parse::<Sender>().map(drop).map_err(|error| format!("match.sender: {error}")));
        }
        RouteMatch {
            account: wanted.account.as_ref().and_then(|name| faults.keep(self.account_named(name))),
            prefix: faults.keep(prefix(wanted.prefix.as_ref())).flatten(),
            mcc: faults.keep(mcc(wanted.mcc.as_ref())).flatten(),
            mcc_mnc: faults.keep(mcc_mnc(wanted.mcc_mnc.as_ref())).flatten(),
            sender: wanted.sender.clone(),
            class: wanted.class,
        }
    }
}

/// Whether a connector would show its password to a host that has not had it. Another port of a host is the same operator's.
fn is_led_elsewhere(stored: &ConnectorRow, row: &ConnectorRow, profile: &Profile) -> bool {
    let Ok(before) = Profile::parse_all(&stored.settings) else { return true };
    let (known, wanted) = (hosts(&stored.host, &before), hosts(&row.host, profile));
    // Who connects to us as the SMSC is shown it, too.
    let waits_elsewhere =
        !profile.bind.outbind_listen.is_empty() && profile.bind.outbind_listen != before.bind.outbind_listen;
    waits_elsewhere || wanted.iter().any(|host| !known.contains(host))
}

fn hosts<'a>(first: &'a str, profile: &'a Profile) -> Vec<&'a str> {
    let further = profile.bind.hosts.iter().map(|host| host.host.as_str());
    further.chain([first]).chain(profile.bind.receive_host.as_deref()).collect()
}

fn check_link(connector: &Connector, faults: &mut Faults) {
    let host = &connector.host;
    faults.check(!host.trim().is_empty() && !host.contains(char::is_whitespace), "host: is a name or an address");
    faults.check(connector.port > 0, "port: is above 0");
    faults.check(connector.binds > 0, "binds: is above 0");
    faults.check((1..=1_000).contains(&connector.window_max), "window_max: is from 1 to 1000");
    let throughput = connector.throughput_per_s_max <= THROUGHPUT_PER_S_MAX;
    faults.check(throughput, "throughput_per_s_max: is from 0 to 1000000");
    faults.check(connector.system_id.len() <= 15, "system_id: has at most 15 characters");
}

/// Operators ask for eight octets at most, some for more: what the profile says, if it can be read.
fn check_password(password: &str, octets_max: Option<u8>) -> Result<(), String> {
    let (octets, octets_max) = (password.len(), octets_max.map_or(usize::MAX, usize::from));
    if octets > octets_max {
        return Err(format!(
            "password has {octets} octets, and settings.bind.password_octets_max is {octets_max}: raise it up to 64 if \
             the operator says so"
        ));
    }
    Ok(())
}

/// The settings as the engine reads them, checked by it, and what they come to.
fn settings(connector: &Connector, stored: Option<&ConnectorRow>) -> Result<(String, Profile), Vec<String>> {
    let text = settings_text(&connector.settings, stored.map(|row| &row.settings));
    match Profile::parse_all(&text) {
        Ok(profile) => Ok((text, profile)),
        Err(faults) => Err(faults.iter().map(|fault| format!("settings: {fault}")).collect()),
    }
}
