//! Operators, connectors and routes.

use sambac_domain::profile::Profile;
use sambac_domain::{ConnectorId, OperatorId, RouteId, RouteMatch, Sender};
use sambac_store::Sealed;
use sambac_store::rows::{BindKind, ConnectorRow, OperatorRow, RouteRow};
use secrecy::ExposeSecret as _;

use super::{Draft, mcc, mcc_mnc, prefix, settings_text};
use crate::admin::file::{Connector, Match, Operator, Route};

impl Draft<'_> {
    pub(super) fn operator(&mut self, operator: &Operator) -> Result<(), String> {
        if self.known.operators.contains_key(&operator.name) {
            return Ok(());
        }
        let id = OperatorId::from_raw(self.next_id());
        self.known.operators.insert(operator.name.clone(), id);
        self.changes.operators.push(OperatorRow { id, name: operator.name.clone(), created_at: self.context.now });
        Ok(())
    }

    pub(super) fn connector(&mut self, connector: &Connector) -> Result<(), String> {
        let operator_id = self.known.operators.get(&connector.operator).copied();
        let operator_id = operator_id.ok_or_else(|| format!("there is no operator \"{}\"", connector.operator))?;
        check_link(connector)?;
        let stored = self.context.stored.connectors.iter().find(|row| row.name == connector.name);
        let id = stored.map_or_else(|| ConnectorId::from_raw(self.next_id()), |row| row.id);
        let row = ConnectorRow {
            id,
            operator_id,
            name: connector.name.clone(),
            host: connector.host.clone(),
            port: connector.port,
            system_id: connector.system_id.clone(),
            password_sealed: Sealed(self.connector_password(connector, id, stored)?),
            bind_kind: BindKind::from_word(&connector.bind_kind).ok_or_else(|| {
                format!("bind_kind is transmitter, receiver, transceiver or pair, not \"{}\"", connector.bind_kind)
            })?,
            binds: connector.binds,
            window_max: connector.window_max,
            throughput_per_s_max: connector.throughput_per_s_max,
            settings: settings(connector, stored)?.0,
            enabled: connector.enabled,
            created_at: stored.map_or(self.context.now, |row| row.created_at),
        };
        self.known.connectors.insert(row.name.clone(), id);
        if stored != Some(&row) {
            self.changes.connectors.push(row);
        }
        Ok(())
    }

    /// The sealed password; the stored one stays when it holds the same, or when the file gives none.
    fn connector_password(
        &self,
        wanted: &Connector,
        id: ConnectorId,
        stored: Option<&ConnectorRow>,
    ) -> Result<String, String> {
        let Some(password) = self.given_password(wanted.password.as_ref(), wanted.password_env.as_deref())? else {
            let kept = stored.map(|row| row.password_sealed.0.clone());
            return kept.ok_or_else(|| "password_env (or password) is missing".to_owned());
        };
        check_password(&password, wanted)?;
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

    pub(super) fn route(&mut self, route: &Route) -> Result<(), String> {
        let connector = |name: &String| {
            let known = self.known.connectors.get(name).copied();
            known.ok_or_else(|| format!("there is no connector \"{name}\""))
        };
        let connectors = route.connectors.iter().map(connector).collect::<Result<Vec<_>, _>>()?;
        if connectors.is_empty() {
            return Err("connectors is empty".to_owned());
        }
        let stored = self.context.stored.routes.iter().find(|row| row.name == route.name);
        let row = RouteRow {
            id: stored.map_or_else(|| RouteId::from_raw(self.next_id()), |row| row.id),
            name: route.name.clone(),
            position: route.position,
            matches: self.matches(&route.matches)?,
            strategy: route.strategy,
            connectors,
            enabled: route.enabled,
            created_at: stored.map_or(self.context.now, |row| row.created_at),
        };
        if stored != Some(&row) {
            self.changes.routes.push(row);
        }
        Ok(())
    }

    fn matches(&self, wanted: &Match) -> Result<RouteMatch, String> {
        if let Some(sender) = &wanted.sender {
            sender.parse::<Sender>().map_err(|error| format!("match.sender: {error}"))?;
        }
        Ok(RouteMatch {
            account: wanted.account.as_ref().map(|name| self.account_named(name)).transpose()?,
            prefix: prefix(wanted.prefix.as_ref())?,
            mcc: mcc(wanted.mcc.as_ref())?,
            mcc_mnc: mcc_mnc(wanted.mcc_mnc.as_ref())?,
            sender: wanted.sender.clone(),
            class: wanted.class,
        })
    }
}

fn check_link(connector: &Connector) -> Result<(), String> {
    if connector.host.trim().is_empty() || connector.host.contains(char::is_whitespace) {
        return Err("host is a name or an address".to_owned());
    }
    if connector.port == 0 || connector.binds == 0 {
        return Err("port and binds are above 0".to_owned());
    }
    if !(1..=1_000).contains(&connector.window_max) {
        return Err("window_max is from 1 to 1000".to_owned());
    }
    if connector.system_id.len() > 15 {
        return Err("system_id has at most 15 characters".to_owned());
    }
    Ok(())
}

/// Operators ask for eight octets at most, some for more: what the profile says.
fn check_password(password: &str, connector: &Connector) -> Result<(), String> {
    let (octets, octets_max) = (password.len(), usize::from(settings(connector, None)?.1.bind.password_octets_max));
    if octets > octets_max {
        return Err(format!(
            "password has {octets} octets, and settings.bind.password_octets_max is {octets_max}: raise it up to 64 if \
             the operator says so"
        ));
    }
    Ok(())
}

/// The settings as the engine reads them, checked by it, and what they come to.
fn settings(connector: &Connector, stored: Option<&ConnectorRow>) -> Result<(String, Profile), String> {
    let text = settings_text(&connector.settings, stored.map(|row| &row.settings));
    let profile = Profile::parse(&text).map_err(|error| format!("settings: {error}"))?;
    Ok((text, profile))
}
