//! What a stored message from a handset says.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sambac_domain::mo::{self, MoBody, Part};
use sambac_domain::text::Reading;
use sambac_store::Sealed;
use sambac_store::rows::MoRow;

use crate::{Engine, Inner};

/// A message from a handset, opened and read.
#[derive(Debug, Clone)]
pub struct MoContent {
    /// Its text; `None` when its data_coding says that it is none.
    pub text: Option<String>,
    /// Its first word, folded.
    pub keyword: Option<String>,
    /// Its parts as they came, in order.
    pub parts: Vec<Part>,
    /// Parameters by name or tag, each with all its values.
    pub tlvs: BTreeMap<String, Vec<String>>,
}

impl MoContent {
    /// The octets without their headers, one part after the other.
    pub fn octets_base64(&self) -> String {
        let octets: Vec<u8> = self.parts.iter().flat_map(|part| part.split().1).copied().collect();
        STANDARD.encode(octets)
    }

    /// The data_coding of the first part.
    pub fn data_coding(&self) -> u8 {
        self.parts.first().map_or(0, |part| part.data_coding)
    }

    /// The message class, where the data_coding carries one: 0 is flash.
    pub fn class(&self) -> Option<u8> {
        self.parts.first().and_then(|part| mo::class(part.data_coding))
    }
}

impl Engine {
    /// What a stored message says, read by its connector's profile; `None` once it is wiped.
    pub fn mo_content(&self, row: &MoRow) -> Option<MoContent> {
        self.0.mo_content(row)
    }
}

impl Inner {
    /// As [`Engine::mo_content`].
    pub(crate) fn mo_content(&self, row: &MoRow) -> Option<MoContent> {
        let MoBody { parts, tlvs } = self.open_mo(row.id.raw(), row.body.as_ref())?;
        let snapshot = self.snapshot.load();
        let reading = snapshot.profile(row.connector_id).map(|profile| Reading::from(&profile.text));
        let text = mo::text(&parts, &reading.unwrap_or_default());
        let keyword = text.as_deref().and_then(mo::keyword);
        Some(MoContent { text, keyword, parts, tlvs })
    }

    /// Opens what was sealed under an id; `None` when it is wiped or does not open.
    pub(crate) fn open_mo(&self, id: i64, sealed: Option<&Sealed<Vec<u8>>>) -> Option<MoBody> {
        let opened = self.settings.seal.open_once(id, &sealed?.0).ok()?;
        serde_json::from_slice(&opened).ok()
    }
}
