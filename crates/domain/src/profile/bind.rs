//! Who binds, where to, what a refusal means, and TLS on the way (smsc-quirks, section A).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::ProfileError;
use super::section::section;
use super::status_map::StatusMap;

/// A further host of an SMSC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// How binds are spread over several hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostPolicy {
    /// All binds go to the first host that takes them; to the next when it does not.
    #[default]
    PrimaryStandby,
    /// Binds are dealt out over all hosts in turn.
    Spread,
}

/// What a refused bind tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BindRefusal {
    /// system_id, password or address are wrong: trying again locks us out. Stop, and tell a person.
    Credentials,
    /// As many binds as allowed are up: wait long.
    Limit,
    /// Our last bind still counts as up at the SMSC: wait until it has noticed.
    Stale,
    /// Something that passes: try again with growing pauses.
    Temporary,
}

section! {
    /// Who binds, where to, and what happens when it fails.
    BindSettings {
        /// How long TCP connect, TLS and bind may take, each.
        timeout_ms: u64 = 10_000, ["Q-A13"], 100..=600_000;
        /// Sent in the bind; some SMSCs want a fixed word.
        system_type: String = String::new(), ["Q-A16"];
        /// Type of number of address_range.
        addr_ton: u8 = 0, ["Q-A16"];
        /// Numbering plan of address_range.
        addr_npi: u8 = 0, ["Q-A16"];
        /// The addresses that a receiving bind serves.
        address_range: String = String::new(), ["Q-A16"];
        /// The longest password that is sent; SMPP allows 8 octets, some SMSCs more.
        password_octets_max: u8 = 8, ["Q-A15"], 1..=64;
        /// Further hosts, after the connector's own.
        hosts: Vec<Host> = Vec::new(), ["Q-A17"];
        /// Whether binds go to the first host that takes them, or are spread over all: "primary_standby" or "spread".
        host_policy: HostPolicy = HostPolicy::PrimaryStandby, ["Q-A17"];
        /// For a pair of transmitter and receiver: the receiver's host, when it is another.
        receive_host: Option<String> = None, ["Q-A17"];
        /// For a pair of transmitter and receiver: the receiver's port, when it is another.
        receive_port: Option<u16> = None, ["Q-A17"];
        /// Connectors with the same group share their receipts: a receipt may come in by any of them. Empty: all connectors
        /// of the same operator.
        correlation_group: String = String::new(), ["Q-A18", "Q-B7", "Q-B8"];
        /// The least pause between attempts to bind.
        reconnect_min_ms: u64 = 1_000, ["Q-A12"], 10..=3_600_000;
        /// The longest pause between attempts to bind.
        reconnect_max_ms: u64 = 60_000, ["Q-A12"], 10..=3_600_000;
        /// Pause after the SMSC said that our last bind is still up (0x05). Not in the first half minute after another node had the connector.
        stale_bind_wait_ms: u64 = 35_000, ["Q-A12"], 10..=3_600_000;
        /// Pause after the SMSC said that no more binds are allowed. Not in the first half minute after another node had the connector.
        limit_wait_ms: u64 = 60_000, ["Q-A13"], 10..=3_600_000;
        /// What refused binds mean, by command_status ("0x0D" or "0x400-0x4FF"): "credentials", "limit", "stale" or
        /// "temporary". What is not named has its usual meaning.
        refusals: StatusMap<BindRefusal> = StatusMap::default(), ["Q-A13"];
        /// After refused credentials: pause before trying again. 0 = stop until a person starts the connector again, or
        /// gives it other credentials.
        credentials_retry_s: u64 = 0, ["Q-A13"], 0..=86_400;
        /// How long open requests may take when we unbind.
        unbind_timeout_ms: u64 = 5_000, ["Q-A12", "Q-A19"], 0..=60_000;
        /// Where to wait for an outbind of the SMSC ("address:port"); empty: nowhere.
        outbind_listen: String = String::new(), ["Q-A22"];
    }
}

impl BindSettings {
    /// Whether a bind that was made with these settings is one of `other`, too: what differs only says when to bind.
    #[must_use]
    pub fn binds_like(&self, other: &Self) -> bool {
        let depends = |bind: &Self| {
            let who = (bind.system_type.clone(), bind.addr_ton, bind.addr_npi, bind.address_range.clone());
            let whereto = (bind.hosts.clone(), bind.host_policy, bind.receive_host.clone(), bind.receive_port);
            (who, whereto, bind.outbind_listen.clone())
        };
        depends(self) == depends(other)
    }

    /// What a bind refused with this command_status means.
    #[must_use]
    pub fn refusal(&self, command_status: u32) -> BindRefusal {
        self.refusals.get(command_status).copied().unwrap_or(match command_status {
            // Already bound.
            0x05 => BindRefusal::Stale,
            // Invalid password, invalid system_id, prohibited (SMPP 5.0).
            0x0e | 0x0f | 0x101 => BindRefusal::Credentials,
            // Bind failed: of all reasons the commonest is that no more binds are allowed.
            0x0d => BindRefusal::Limit,
            _ => BindRefusal::Temporary,
        })
    }
}

/// The oldest TLS that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum TlsVersion {
    /// TLS 1.2.
    #[default]
    #[serde(rename = "1.2")]
    V1_2,
    /// TLS 1.3.
    #[serde(rename = "1.3")]
    V1_3,
}

section! {
    /// TLS on the way to the SMSC.
    TlsSettings {
        /// Whether the connection is TLS from its first octet.
        enabled: bool = false, ["Q-A20"];
        /// The oldest version taken: "1.2" or "1.3".
        version_min: TlsVersion = TlsVersion::V1_2, ["Q-A20"];
        /// The name in the SMSC's certificate and in SNI; the host if empty.
        server_name: String = String::new(), ["Q-A20"];
        /// Certificates (PEM) of the authorities that are trusted, instead of the system's.
        ca_pem: String = String::new(), ["Q-A20"];
        /// SHA-256 of the SMSC's certificate (DER), in hexadecimal. When any is given, only these certificates are taken,
        /// and neither name nor authority is looked at: for self-signed ones.
        fingerprints_sha256: Vec<String> = Vec::new(), ["Q-A20"];
        /// File with our client certificate (PEM), when the SMSC asks for one.
        client_certificate_file: String = String::new(), ["Q-A20"];
        /// File with its private key (PEM).
        client_key_file: String = String::new(), ["Q-A20"];
    }
}

impl BindSettings {
    pub(super) fn check(&self, tls: &TlsSettings, faults: &mut Vec<ProfileError>) {
        if self.outbind_listen.is_empty() {
            return;
        }
        if self.outbind_listen.parse::<SocketAddr>().is_err() {
            faults.push(ProfileError::new("bind.outbind_listen", "is an address and a port: 192.0.2.1:2775"));
        }
        if tls.enabled {
            faults.push(ProfileError::new("bind.outbind_listen", "goes without tls.enabled only"));
        }
    }
}

impl TlsSettings {
    pub(super) fn check(&self, faults: &mut Vec<ProfileError>) {
        let is_digest = |text: &String| {
            let digits = text.replace(':', "");
            digits.len() == 64 && digits.chars().all(|digit| digit.is_ascii_hexdigit())
        };
        if let Some(text) = self.fingerprints_sha256.iter().find(|text| !is_digest(text)) {
            let why = format!("\"{text}\" is no SHA-256 of 64 hexadecimal digits");
            faults.push(ProfileError::new("tls.fingerprints_sha256", why));
        }
        if !self.ca_pem.is_empty() && !self.ca_pem.contains("-----BEGIN CERTIFICATE-----") {
            faults.push(ProfileError::new("tls.ca_pem", "holds no certificate in PEM"));
        }
        if self.client_certificate_file.is_empty() != self.client_key_file.is_empty() {
            faults.push(ProfileError::new("tls.client_key_file", "goes with tls.client_certificate_file"));
        }
    }
}

/// Kept beside the settings that use it: `BTreeMap` in the order of its keys is how tables are shown.
pub(super) type Table<T> = BTreeMap<String, T>;
