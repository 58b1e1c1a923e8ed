//! A profile from JSON: a preset with overrides laid over it.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::preset::Preset;
use super::{ClientProfile, Profile};
use crate::ErrorCode;
use crate::in_words::in_words;

/// Settings that cannot be used: which one, and why.
#[derive(Debug, Default, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {why}")]
pub struct ProfileError {
    /// Dotted: `section.key`.
    pub setting: String,
    /// What is wrong with it.
    pub why: String,
}

impl ProfileError {
    pub(super) fn new(setting: impl Into<String>, why: impl Into<String>) -> Self {
        Self { setting: setting.into(), why: why.into() }
    }

    /// The section that it is of.
    pub(super) fn section(&self) -> &str {
        self.setting.split('.').next().unwrap_or_default()
    }

    pub(super) fn bounds(section: &str, key: &str, least: u64, greatest: u64) -> Self {
        Self::new(format!("{section}.{key}"), format!("must be from {least} to {greatest}"))
    }
}

/// Lays `text` over the preset that it names and reads the result. Settings that cannot be read are left out, and told.
pub(super) fn layered<T: DeserializeOwned>(
    text: &str,
    presets: &[Preset],
) -> Result<(T, Vec<ProfileError>), ProfileError> {
    let given = object(text).map_err(|why| ProfileError::new("settings", why))?;
    let name = match given.get("preset") {
        None => "",
        Some(Value::String(name)) => name.as_str(),
        Some(_) => return Err(ProfileError::new("preset", "must be a name")),
    };
    let mut whole = Value::Object(base(name, presets)?);
    let (readable, faults) = readable::<T>(given);
    lay_over(&mut whole, Value::Object(readable));
    Ok((read(whole)?, faults))
}

/// Reads each setting by itself: what can be read, and what is wrong with the others.
fn readable<T: DeserializeOwned>(given: Map<String, Value>) -> (Map<String, Value>, Vec<ProfileError>) {
    let (mut readable, mut faults) = (Map::new(), Vec::new());
    let mut keep = |alone: Value| match read::<T>(alone.clone()) {
        Ok(_) => lay_over_map(&mut readable, alone),
        Err(fault) => faults.push(fault),
    };
    for (section, settings) in given {
        match settings {
            Value::Object(settings) if !settings.is_empty() => {
                settings.into_iter().for_each(|(key, value)| keep(json!({ &section: { key: value } })));
            }
            other => keep(json!({ section: other })),
        }
    }
    // A section that is unknown is so for each of its settings.
    faults.dedup();
    (readable, faults)
}

fn lay_over_map(below: &mut Map<String, Value>, above: Value) {
    let Value::Object(above) = above else { return };
    for (key, value) in above {
        lay_over(below.entry(key).or_insert(Value::Null), value);
    }
}

fn read<T: DeserializeOwned>(whole: Value) -> Result<T, ProfileError> {
    serde_path_to_error::deserialize(whole)
        .map_err(|error| ProfileError::new(error.path().to_string(), in_words(&error.inner().to_string())))
}

fn base(name: &str, presets: &[Preset]) -> Result<Map<String, Value>, ProfileError> {
    if name.is_empty() {
        return Ok(Map::new());
    }
    let Some(preset) = presets.iter().find(|preset| preset.name == name) else {
        let known: Vec<_> = presets.iter().map(|preset| preset.name).collect();
        return Err(ProfileError::new("preset", format!("there is no \"{name}\"; there are {}", known.join(", "))));
    };
    object(preset.settings).map_err(|why| ProfileError::new("preset", why))
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("must be a table".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Tables are laid over each other key by key; everything else is replaced.
fn lay_over(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                lay_over(below.entry(key).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above,
    }
}

impl Profile {
    /// What no bound of a single setting can say.
    pub(super) fn check_together(&self, faults: &mut Vec<ProfileError>) {
        if self.bind.reconnect_min_ms > self.bind.reconnect_max_ms {
            faults.push(ProfileError::new("bind.reconnect_min_ms", "is above bind.reconnect_max_ms"));
        }
        if self.flow.throttle_pause_min_ms > self.flow.throttle_pause_max_ms {
            faults.push(ProfileError::new("flow.throttle_pause_min_ms", "is above flow.throttle_pause_max_ms"));
        }
        if self.flow.window_min > self.flow.window_start {
            faults.push(ProfileError::new("flow.window_min", "is above flow.window_start"));
        }
        self.bind.check(&self.tls, faults);
        self.tls.check(faults);
        self.tlvs.check(faults);
    }
}

impl ClientProfile {
    /// What no bound of a single setting can say.
    pub(super) fn check_together(&self, faults: &mut Vec<ProfileError>) {
        let mut statuses = |why: String| faults.push(ProfileError::new("errors.statuses", why));
        for (code, status) in &self.errors.statuses {
            if code.parse::<ErrorCode>().is_err() {
                statuses(format!("\"{code}\" is no code of the error catalogue"));
            }
            if *status == 0 {
                statuses(format!("\"{code}\" cannot be answered 0, which means success"));
            }
        }
        let is_digest = |text: &String| text.len() == 64 && text.bytes().all(|octet| octet.is_ascii_hexdigit());
        if let Some(wrong) = self.session.certificates_sha256.iter().find(|text| !is_digest(text)) {
            let why = format!("\"{wrong}\" is no SHA-256: write 64 hexadecimal digits");
            faults.push(ProfileError::new("session.certificates_sha256", why));
        }
    }
}
