//! `GET /v1/admin/settings`: every setting of a profile, and the presets.

use sambac_domain::profile::{CLIENT_PRESETS, ClientProfile, PRESETS, Preset, Profile, Setting};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::resource::Listing;
use crate::access::{Admin, admin_scope};

/// What can be set.
#[derive(Serialize, ToSchema)]
pub(crate) struct Settings {
    /// For `settings` of a connector.
    connector: ProfileReference,
    /// For `settings` of an SMPP account.
    smpp_account: ProfileReference,
}

/// The settings of one kind of profile.
#[derive(Serialize, ToSchema)]
struct ProfileReference {
    presets: Vec<ShownPreset>,
    sections: Vec<SettingsSection>,
}

/// A named starting point.
#[derive(Serialize, ToSchema)]
struct ShownPreset {
    #[schema(example = "generic")]
    name: &'static str,
    meaning: &'static str,
    /// What differs from the defaults.
    #[schema(value_type = Object)]
    settings: Value,
}

/// A section of a profile.
#[derive(Serialize, ToSchema)]
struct SettingsSection {
    #[schema(example = "session")]
    key: &'static str,
    meaning: String,
    settings: Vec<ShownSetting>,
}

/// A setting.
#[derive(Serialize, ToSchema)]
struct ShownSetting {
    #[schema(example = "enquire_link_s")]
    key: &'static str,
    meaning: String,
    /// What holds when it is not given.
    #[schema(value_type = Option<Value>)]
    default: Value,
    /// The least number.
    #[serde(skip_serializing_if = "Option::is_none")]
    least: Option<u64>,
    /// The greatest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    greatest: Option<u64>,
    /// Ids of the quirks of SMSCs that it answers.
    quirks: Vec<&'static str>,
}

/// List every setting of a profile, and the presets.
#[utoipa::path(
    get,
    path = "/v1/admin/settings",
    tag = "Admin",
    security(("admin_key" = ["config:read"])),
    responses((status = 200, description = "For connectors and for SMPP accounts", body = Settings), Listing)
)]
pub(crate) async fn show_settings(_admin: Admin<admin_scope::ConfigRead>) -> axum::Json<Settings> {
    axum::Json(Settings {
        connector: reference(PRESETS, Profile::reference()),
        smpp_account: reference(CLIENT_PRESETS, ClientProfile::reference()),
    })
}

fn reference(presets: &'static [Preset], sections: Vec<(&'static str, String, Vec<Setting>)>) -> ProfileReference {
    let preset = |preset: &Preset| ShownPreset {
        name: preset.name,
        meaning: preset.meaning,
        settings: serde_json::from_str(preset.settings).unwrap_or_default(),
    };
    let section = |(key, meaning, settings): (_, _, Vec<Setting>)| SettingsSection {
        key,
        meaning,
        settings: settings.into_iter().map(setting).collect(),
    };
    ProfileReference {
        presets: presets.iter().map(preset).collect(),
        sections: sections.into_iter().map(section).collect(),
    }
}

fn setting(setting: Setting) -> ShownSetting {
    ShownSetting {
        key: setting.key,
        meaning: setting.meaning,
        default: setting.default,
        least: setting.bounds.map(|(least, _)| least),
        greatest: setting.bounds.map(|(_, greatest)| greatest),
        quirks: setting.quirks.to_vec(),
    }
}
