//! The approved templates as the hot path reads them, and the rule that every text is one of them.

use std::collections::{BTreeMap, HashMap};

use sambac_domain::error::ErrorCode;
use sambac_domain::id::AccountId;
use sambac_domain::message_rules::TemplateRule;
use sambac_domain::template::TemplateDefinition;
use sambac_domain::text::{Reading, decode_user_data, udh};
use sambac_store::rows::TemplateRow;

use crate::refusal::Refusal;
use crate::snapshot::{Account, Snapshot};
use crate::submit::{Content, SubmitRequest};

/// Approved templates by account, name and version.
#[derive(Default)]
pub(crate) struct Templates(HashMap<AccountId, HashMap<String, BTreeMap<u32, TemplateDefinition>>>);

impl Templates {
    /// Those that do not parse are left out: nothing is made by them.
    pub(crate) fn new(rows: Vec<TemplateRow>) -> Self {
        let mut templates: HashMap<_, HashMap<_, BTreeMap<_, _>>> = HashMap::new();
        for row in rows {
            match serde_json::from_str(&row.definition) {
                Ok(definition) => {
                    let own = templates.entry(row.account_id).or_default();
                    own.entry(row.name).or_default().insert(row.version, definition);
                }
                Err(error) => tracing::error!(template = row.name, %error, "a template does not parse"),
            }
        }
        Self(templates)
    }

    /// A version of this account's template, the latest if none is named.
    pub(crate) fn find(
        &self,
        account: AccountId,
        name: &str,
        version: Option<u32>,
    ) -> Option<(u32, &TemplateDefinition)> {
        let versions = self.0.get(&account)?.get(name)?;
        let found = match version {
            Some(version) => versions.get_key_value(&version),
            None => versions.last_key_value(),
        };
        found.map(|(version, definition)| (*version, definition))
    }

    /// Whether one of this account's could have made the text.
    fn any_matches(&self, account: AccountId, text: &str) -> bool {
        let own = self.0.get(&account).into_iter().flat_map(HashMap::values).flat_map(BTreeMap::values);
        own.into_iter().any(|definition| definition.matches(text))
    }
}

/// Where the account sends approved texts only: refuses what none of its templates could have made, also what nobody can read. A part of a long message that the
/// client cut itself is no whole text, and is refused.
///
/// # Errors
/// [`ErrorCode::TemplateRequired`].
pub(crate) fn obey(snapshot: &Snapshot, account: &Account, request: &SubmitRequest) -> Result<(), Refusal> {
    if account.message_rules.templates == TemplateRule::Optional {
        return Ok(());
    }
    let templates = &snapshot.templates;
    let is_code = request.options.as_ref().is_some_and(|options| options.otp.is_some());
    let is_held = match &request.content {
        _ if is_code => true,
        _ if request.part.is_some() => false,
        Content::Text(text, _) => templates.any_matches(request.account_id, text),
        Content::Octets { data, data_coding, udhi } => {
            let (header, body) = match udh::parse(data).filter(|_| *udhi) {
                Some((header, body)) => (Some(header), body),
                None => (None, data.as_slice()),
            };
            let read = decode_user_data(*data_coding, header.as_ref(), body, &Reading::default());
            read.text.is_some_and(|text| templates.any_matches(request.account_id, &text))
        }
    };
    if is_held { Ok(()) } else { Err(Refusal::from(ErrorCode::TemplateRequired).at("/text")) }
}
