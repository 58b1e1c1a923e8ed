//! A thing of the configuration as the admin API answers it.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sambac_domain::profile::{ClientProfile, Profile};
use sambac_engine::admin::{Changed, Kind, Object};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::IntoParams;

use super::difference::{self, ShownDifference};
use crate::shown::Moment;

/// What the fields of a thing are besides those of its document, which differ from kind to kind.
#[derive(Serialize)]
pub(super) struct Thing {
    id: String,
    created_at: Moment,
    etag: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    differences: Option<Vec<ShownDifference>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective: Option<Value>,
    #[serde(flatten)]
    document: Map<String, Value>,
}

/// Every thing of a kind.
#[derive(Serialize)]
pub(super) struct Things {
    data: Vec<Thing>,
}

/// How much of a thing is shown.
#[derive(Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Showing {
    /// Whether the whole profile is shown, too: the preset's settings and the defaults with what was set over them.
    #[param(default = false)]
    effective: Option<bool>,
}

impl Things {
    pub(super) fn new(objects: Vec<Object>) -> Self {
        Self { data: objects.into_iter().map(Thing::new).collect() }
    }
}

impl Thing {
    pub(super) fn new(object: Object) -> Self {
        let Object { id, etag, created_at, document } = object;
        let (version, differences, password, effective) = (None, None, None, None);
        Self { id, created_at: Moment(created_at), etag, version, differences, password, effective, document }
    }

    /// With its whole profile, where it has one and it is asked for.
    pub(super) fn showing(mut self, kind: Kind, showing: &Showing) -> Self {
        if showing.effective == Some(true) {
            let settings = self.document.get("settings").map(Value::to_string).unwrap_or_default();
            self.effective = match kind {
                Kind::Connector => {
                    Profile::parse(&settings).ok().and_then(|profile| serde_json::to_value(profile).ok())
                }
                Kind::SmppAccount => {
                    ClientProfile::parse(&settings).ok().and_then(|profile| serde_json::to_value(profile).ok())
                }
                _ => None,
            };
        }
        self
    }

    /// The answer to a change that was only tried: the thing as it is, and what would change.
    pub(super) fn tried(changed: Changed) -> Self {
        let differences = Some(difference::shown(changed.differences));
        Self { differences, ..Self::new(changed.object) }
    }

    /// The answer to a change.
    pub(super) fn changed(changed: Changed) -> Self {
        let password = changed.secret.map(|secret| secret.expose_secret().to_owned());
        Self { version: changed.version, password, ..Self::new(changed.object) }
    }

    /// The answer to its creation; `path` is that of its list.
    pub(super) fn created(self, path: &str) -> Response {
        let location = [(header::LOCATION, format!("{path}/{}", self.id))];
        (StatusCode::CREATED, location, self).into_response()
    }
}

impl IntoResponse for Thing {
    fn into_response(self) -> Response {
        let etag = [(header::ETAG, self.etag.clone())];
        (etag, axum::Json(self)).into_response()
    }
}
