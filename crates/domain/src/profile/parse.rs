//! A profile from JSON: a preset with overrides laid over it.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::preset::Preset;
use super::{ClientProfile, Profile};
use crate::ErrorCode;

/// Settings that cannot be used: which one, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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

    pub(super) fn bounds(section: &str, key: &str, least: u64, greatest: u64) -> Self {
        Self::new(format!("{section}.{key}"), format!("must be from {least} to {greatest}"))
    }
}

/// Lays `text` over the preset that it names and reads the result.
pub(super) fn layered<T: DeserializeOwned>(text: &str, presets: &[Preset]) -> Result<T, ProfileError> {
    let given = object(text).map_err(|why| ProfileError::new("settings", why))?;
    let name = match given.get("preset") {
        None => "",
        Some(Value::String(name)) => name.as_str(),
        Some(_) => return Err(ProfileError::new("preset", "must be a name")),
    };
    let mut whole = Value::Object(base(name, presets)?);
    lay_over(&mut whole, Value::Object(given));
    serde_path_to_error::deserialize(whole)
        .map_err(|error| ProfileError::new(error.path().to_string(), error.inner().to_string()))
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
    pub(super) fn check_together(&self) -> Result<(), ProfileError> {
        if self.bind.reconnect_min_ms > self.bind.reconnect_max_ms {
            return Err(ProfileError::new("bind.reconnect_min_ms", "is above bind.reconnect_max_ms"));
        }
        if self.flow.throttle_pause_min_ms > self.flow.throttle_pause_max_ms {
            return Err(ProfileError::new("flow.throttle_pause_min_ms", "is above flow.throttle_pause_max_ms"));
        }
        if self.flow.window_min > self.flow.window_start {
            return Err(ProfileError::new("flow.window_min", "is above flow.window_start"));
        }
        self.bind.check(&self.tls)?;
        self.tls.check()?;
        self.tlvs.check()
    }
}

impl ClientProfile {
    /// What no bound of a single setting can say.
    pub(super) fn check_together(&self) -> Result<(), ProfileError> {
        let statuses = |why: String| Err(ProfileError::new("errors.statuses", why));
        for (code, status) in &self.errors.statuses {
            if code.parse::<ErrorCode>().is_err() {
                return statuses(format!("\"{code}\" is no code of the error catalogue"));
            }
            if *status == 0 {
                return statuses(format!("\"{code}\" cannot be answered 0, which means success"));
            }
        }
        let is_digest = |text: &String| text.len() == 64 && text.bytes().all(|octet| octet.is_ascii_hexdigit());
        if let Some(wrong) = self.session.certificates_sha256.iter().find(|text| !is_digest(text)) {
            let why = format!("\"{wrong}\" is no SHA-256: write 64 hexadecimal digits");
            return Err(ProfileError::new("session.certificates_sha256", why));
        }
        Ok(())
    }
}
