//! Sending by template, and how long its texts can become.

use std::collections::BTreeMap;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::AccountId;
use sambac_domain::profile::Profile;
use sambac_domain::template::{FillFault, TemplateDefinition};
use sambac_domain::text::{self, Body, Encoding, Marks};
use serde::{Deserialize, Serialize};

use crate::Engine;
use crate::refusal::Refusal;
use crate::snapshot::Snapshot;

/// Which template a message is made by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedTemplate {
    /// Its name.
    pub name: String,
    /// Which version; the latest approved one if not given.
    pub version: Option<u32>,
    /// In which language.
    pub locale: Option<String>,
}

/// A text of a template at its longest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewText {
    /// Its language.
    pub locale: String,
    /// The encoding that it takes with values in the default alphabet.
    pub encoding: Encoding,
    /// Segments that it takes at most with such values.
    pub segments_max: u8,
}

impl NamedTemplate {
    /// The text with these values in it.
    ///
    /// # Errors
    /// [`ErrorCode::TemplateUnknown`], [`ErrorCode::TemplateMismatch`].
    pub(crate) fn fill(
        &self,
        snapshot: &Snapshot,
        account: AccountId,
        values: &BTreeMap<String, String>,
    ) -> Result<String, Refusal> {
        let (_, definition) = self.find(snapshot, account)?;
        definition.fill(self.locale.as_deref(), values).map_err(|fault| {
            let field = match &fault {
                FillFault::NoText => "/template".to_owned(),
                FillFault::Missing(name) | FillFault::Type { name, .. } | FillFault::Unknown(name) => {
                    format!("/variables/{}", name.replace('~', "~0").replace('/', "~1"))
                }
            };
            Refusal::new(ErrorCode::TemplateMismatch, fault.to_string()).at(field)
        })
    }

    /// The version that is meant.
    ///
    /// # Errors
    /// [`ErrorCode::TemplateUnknown`].
    pub(crate) fn find<'a>(
        &self,
        snapshot: &'a Snapshot,
        account: AccountId,
    ) -> Result<(u32, &'a TemplateDefinition), Refusal> {
        let found = snapshot.templates.find(account, &self.name, self.version);
        found.ok_or_else(|| Refusal::from(ErrorCode::TemplateUnknown).at("/template"))
    }
}

impl Engine {
    /// The text that one of this account's templates makes of these values.
    ///
    /// # Errors
    /// [`ErrorCode::TemplateUnknown`], [`ErrorCode::TemplateMismatch`].
    pub fn fill_template(
        &self,
        account: AccountId,
        template: &NamedTemplate,
        values: &BTreeMap<String, String>,
    ) -> Result<String, Refusal> {
        template.fill(&self.snapshot(), account, values)
    }

    /// How long the texts of a template can become, with the settings of a usual connector.
    pub fn preview_template(&self, definition: &TemplateDefinition) -> Vec<PreviewText> {
        let profile = Profile::default();
        let preview = |(locale, text): (&str, String)| {
            let body = Body::Text { text: &text, encoding: None };
            let laid = text::lay_out(&body, &Marks::default(), &profile.writing()).ok()?;
            let count = laid.count();
            Some(PreviewText { locale: locale.to_owned(), encoding: count.encoding, segments_max: count.segments })
        };
        definition.longest().into_iter().filter_map(preview).collect()
    }
}
