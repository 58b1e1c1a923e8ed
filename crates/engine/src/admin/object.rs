//! One thing of the configuration at a time: listed, shown, made, changed. Its document is what a provisioning file would say.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sambac_domain::error::ErrorCode;
use sambac_domain::{MccMnc, Timestamp};
use sambac_store::{ChangedRow, Configuration};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::apply::{ApplyError, Prepared, Provisioning, Wanted};
use super::difference::Difference;
use super::file::File;
use super::key::Administrator;
use super::reading::{Fault, read_file};
use super::secrets::{Issued, Secrets};
use super::{export, refusal, unset};
use crate::Engine;
use crate::refusal::Refusal;

/// Kinds of things that the admin API knows one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Customer accounts.
    Account,
    /// Connectors.
    Connector,
    /// Routes of messages from handsets.
    MoRoute,
    /// What people know of networks.
    Network,
    /// And of what numbers begin with.
    NumberPrefix,
    /// Operators.
    Operator,
    /// Networks that belong together.
    OperatorGroup,
    /// Routes.
    Route,
    /// SMPP accounts.
    SmppAccount,
}

/// A thing as it is stored.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its id, with its prefix.
    pub id: String,
    /// Changes with everything that is stored of it, secrets included.
    pub etag: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// What a provisioning file says of it; never a secret.
    pub document: Map<String, Value>,
}

/// A thing that was made or changed.
#[derive(Debug)]
pub struct Changed {
    /// As it is now.
    pub object: Object,
    /// The password that was made for it; shown only now.
    pub secret: Option<SecretString>,
    /// The version that keeps the change; `None` when nothing had to be changed, or nothing was.
    pub version: Option<i64>,
    /// What differs by the change.
    pub differences: Vec<Difference>,
}

/// How a change is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Condition<'a> {
    /// Only while the thing has this etag; `*` for any.
    pub if_match: Option<&'a str>,
    /// Not at all: only what would differ is told.
    pub dry_run: bool,
}

/// A change in the making.
struct Making<'a> {
    kind: Kind,
    /// The thing's name once it is made.
    name: &'a str,
    reason: &'a str,
    /// Whether a new password is made.
    renew: bool,
    dry_run: bool,
}

impl Kind {
    /// As it is called in a provisioning file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Connector => "connector",
            Self::MoRoute => "mo_route",
            Self::Network => "network",
            Self::NumberPrefix => "number_prefix",
            Self::Operator => "operator",
            Self::OperatorGroup => "operator_group",
            Self::Route => "route",
            Self::SmppAccount => "smpp_account",
        }
    }

    /// The field that names it.
    const fn name_field(self) -> &'static str {
        match self {
            Self::SmppAccount => "system_id",
            Self::Network => "mcc_mnc",
            Self::NumberPrefix => "prefix",
            _ => "name",
        }
    }

    /// A name as it is stored: codes and digits may be written in more than one way.
    fn stored_name(self, name: &str) -> String {
        match self {
            Self::Network => name.parse::<MccMnc>().map_or_else(|_| name.to_owned(), |codes| codes.to_string()),
            Self::NumberPrefix => name.trim_start_matches('+').to_owned(),
            _ => name.to_owned(),
        }
    }

    /// Every thing of this kind.
    pub(super) fn objects(self, stored: &Configuration) -> Vec<Object> {
        macro_rules! objects {
            ($table:ident, |$row:ident| $entry:expr) => {
                stored
                    .$table
                    .iter()
                    .map(|$row| object($row.id.to_string(), $row.created_at, &$row.columns(), &$entry))
                    .collect()
            };
        }
        match self {
            Self::Account => objects!(accounts, |row| export::account(stored, row)),
            Self::Connector => objects!(connectors, |row| export::connector(stored, row)),
            Self::MoRoute => objects!(mo_routes, |row| export::mo_route(stored, row)),
            Self::Network => objects!(networks, |row| export::network(row)),
            Self::NumberPrefix => objects!(number_prefixes, |row| export::number_prefix(row)),
            Self::Operator => objects!(operators, |row| export::operator(row)),
            Self::OperatorGroup => objects!(operator_groups, |row| export::operator_group(row)),
            Self::Route => objects!(routes, |row| export::route(stored, row)),
            Self::SmppAccount => objects!(smpp_accounts, |row| export::smpp_account(stored, row)),
        }
    }
}

impl Object {
    /// Its name.
    pub fn name(&self) -> &str {
        // A prefix has a network, and is not named by it.
        let names = ["name", "system_id", "prefix", "mcc_mnc"];
        let name = names.iter().find_map(|field| self.document.get(*field));
        name.and_then(Value::as_str).unwrap_or_default()
    }
}

impl Engine {
    /// Every thing of a kind, in the order in which they were made.
    ///
    /// # Errors
    /// [`ErrorCode::ServiceUnavailable`] when the database does not answer.
    pub async fn objects(&self, kind: Kind) -> Result<Vec<Object>, Refusal> {
        Ok(kind.objects(&self.stored().await?))
    }

    /// One thing, by its id.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`].
    pub async fn object(&self, kind: Kind, id: &str) -> Result<Object, Refusal> {
        find(&self.stored().await?, kind, id)
    }

    /// Makes a thing out of its document.
    ///
    /// # Errors
    /// What is wrong with the document; [`ErrorCode::Conflict`] when its name is taken.
    pub async fn create_object(
        &self,
        by: &Administrator,
        kind: Kind,
        document: &Map<String, Value>,
    ) -> Result<Changed, Refusal> {
        let file = file_of(kind, document)?;
        let name = name_in(kind, document);
        let wanted = |stored: &Configuration| {
            if kind.objects(stored).iter().any(|object| object.name() == name) {
                let text = format!("the name is taken by another {}", kind.word());
                let pointer = format!("/{}", kind.name_field());
                return Err(Refusal::new(ErrorCode::Conflict, text).at(pointer).into());
            }
            Ok(Wanted { file: Cow::Borrowed(&file), renamed: None })
        };
        let reason = format!("create {} {name}", kind.word());
        let making = Making { kind, name: &name, reason: &reason, renew: false, dry_run: false };
        self.change(by, making, wanted).await
    }

    /// Lays `patch` over a thing's document (RFC 7396): what it names changes, `null` brings the default back.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::StaleVersion`] when its etag is another than asked for, or what is wrong with the
    /// patch or its result.
    pub async fn update_object(
        &self,
        by: &Administrator,
        kind: Kind,
        id: &str,
        patch: &Map<String, Value>,
        condition: Condition<'_>,
    ) -> Result<Changed, Refusal> {
        unset::check(kind, patch)?;
        let before = self.object(kind, id).await?;
        let mut renamed_to = before.name().to_owned();
        if let Some(name) = patch.get(kind.name_field()).and_then(Value::as_str) {
            renamed_to = kind.stored_name(name);
        }
        let wanted = |stored: &Configuration| {
            let object = find(stored, kind, id)?;
            check_etag(&object, condition.if_match)?;
            let mut document = object.document.clone();
            merge(&mut document, patch);
            let file = file_of(kind, &document)?;
            let renamed = (object.name() != renamed_to).then(|| rename(stored, kind, id, &renamed_to)).transpose()?;
            Ok(Wanted { file: Cow::Owned(file), renamed })
        };
        let reason = format!("update {} {}", kind.word(), before.name());
        let name = if condition.dry_run { before.name() } else { &renamed_to };
        let making = Making { kind, name, reason: &reason, renew: false, dry_run: condition.dry_run };
        self.change(by, making, wanted).await
    }

    /// Makes a new password for an SMPP account. The old one is worth nothing from now on; what is bound stays bound.
    ///
    /// # Errors
    /// As [`Engine::update_object`].
    pub async fn renew_smpp_password(
        &self,
        by: &Administrator,
        id: &str,
        if_match: Option<&str>,
    ) -> Result<Changed, Refusal> {
        let kind = Kind::SmppAccount;
        let name = self.object(kind, id).await?.name().to_owned();
        let wanted = |stored: &Configuration| {
            let object = find(stored, kind, id)?;
            check_etag(&object, if_match)?;
            Ok(Wanted { file: Cow::Owned(file_of(kind, &object.document)?), renamed: None })
        };
        let reason = format!("new password of smpp_account {name}");
        self.change(by, Making { kind, name: &name, reason: &reason, renew: true, dry_run: false }, wanted).await
    }

    async fn change<'f>(
        &self,
        by: &Administrator,
        making: Making<'_>,
        wanted: impl Fn(&Configuration) -> Result<Wanted<'f>, ApplyError>,
    ) -> Result<Changed, Refusal> {
        let Making { kind, name, reason, renew, dry_run } = making;
        let _changing = self.0.admin_changes.lock().await;
        // Variables are for files that are applied on this machine: a caller from outside must not read ours.
        let secrets = Secrets { variable: &|_| None, renew };
        let prepared = self.provisioning().prepare_with(&secrets, wanted).await?;
        prepared.check_rights(by)?;
        let differences = prepared.differences().to_vec();
        let (version, issued) = match dry_run {
            true => drop_all(prepared),
            false => prepared.commit(&by.author(), reason).await?,
        };
        if version.is_some() {
            self.reload().await;
        }
        let object = kind.objects(&self.stored().await?).into_iter().find(|object| object.name() == name);
        let secret = issued.into_iter().next().map(|issued| issued.secret);
        Ok(Changed { object: object.ok_or(ErrorCode::NotFound)?, secret, version, differences })
    }

    pub(super) fn provisioning(&self) -> Provisioning<'_> {
        let inner = &self.0;
        Provisioning { store: &inner.store, seal: &inner.settings.seal, ids: &inner.ids, now: inner.clock.now() }
    }

    pub(crate) async fn stored(&self) -> Result<Configuration, Refusal> {
        self.0.store.load_configuration().await.map_err(|error| refusal::store(&error))
    }
}

/// Leaves everything as it was, and with it any password that was made.
fn drop_all(prepared: Prepared<'_>) -> (Option<i64>, Vec<Issued>) {
    drop(prepared);
    (None, Vec::new())
}

pub(super) fn find(stored: &Configuration, kind: Kind, id: &str) -> Result<Object, Refusal> {
    let found = kind.objects(stored).into_iter().find(|object| object.id == id);
    found.ok_or_else(|| ErrorCode::NotFound.into())
}

/// `*` stands for whatever is there.
pub(super) fn check_etag(object: &Object, if_match: Option<&str>) -> Result<(), Refusal> {
    match if_match.map(str::trim) {
        None | Some("*") => Ok(()),
        Some(given) if given == object.etag => Ok(()),
        Some(_) => Err(ErrorCode::StaleVersion.into()),
    }
}

fn object(id: String, created_at: Timestamp, columns: &ChangedRow, entry: &impl Serialize) -> Object {
    let document = serde_json::to_value(entry).ok().and_then(|value| value.as_object().cloned());
    // Maps are in the order of their keys, so the same row always gives the same text.
    let digest = Sha256::digest(serde_json::to_vec(columns).unwrap_or_default());
    let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..12]));
    Object { id, etag, created_at, document: document.unwrap_or_default() }
}

fn name_in(kind: Kind, document: &Map<String, Value>) -> String {
    kind.stored_name(document.get(kind.name_field()).and_then(Value::as_str).unwrap_or_default())
}

pub(super) fn file_of(kind: Kind, document: &Map<String, Value>) -> Result<File, Refusal> {
    if document.contains_key("payment") || document.contains_key("password_env") {
        let text = "payment and password_env are for provisioning files";
        return Err(Refusal::new(ErrorCode::InvalidRequest, text));
    }
    file_from(&serde_json::json!({ kind.word(): [document] }), 2)
}

/// Reads a whole file; of the place of a fault the first `outer` parts are not told.
pub(super) fn file_from(value: &Value, outer: usize) -> Result<File, Refusal> {
    read_file(value.clone()).map_err(|faults| {
        let pointer = |fault: &Fault| {
            let parts = fault.place.iter().skip(outer).map(|part| part.replace('~', "~0").replace('/', "~1"));
            format!("/{}", parts.collect::<Vec<_>>().join("/"))
        };
        match faults.as_slice() {
            [one] => Refusal::new(ErrorCode::InvalidRequest, one.why.clone()).at(pointer(one)),
            several => {
                let told = several.iter().map(|fault| fault.told(value)).collect::<Vec<_>>().join("; ");
                let faults = several.iter().map(|fault| (pointer(fault), fault.why.clone())).collect();
                Refusal { faults, ..Refusal::new(ErrorCode::InvalidRequest, told) }
            }
        }
    })
}

fn merge(document: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        match value {
            Value::Null => drop(document.remove(key)),
            Value::Object(inner) => {
                let place = document.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
                if !place.is_object() {
                    *place = Value::Object(Map::new());
                }
                if let Value::Object(place) = place {
                    merge(place, inner);
                }
            }
            plain => drop(document.insert(key.clone(), plain.clone())),
        }
    }
}

/// What is stored, with a thing called otherwise.
fn rename(stored: &Configuration, kind: Kind, id: &str, name: &str) -> Result<Configuration, Refusal> {
    if kind.objects(stored).iter().any(|object| object.name() == name) {
        let pointer = format!("/{}", kind.name_field());
        return Err(Refusal::from(ErrorCode::Conflict).at(pointer));
    }
    if matches!(kind, Kind::Network | Kind::NumberPrefix) {
        let pointer = format!("/{}", kind.name_field());
        return Err(Refusal::new(ErrorCode::InvalidRequest, "it cannot be another: make another, and remove this one")
            .at(pointer));
    }
    macro_rules! renamed {
        ($($kind:ident: $table:ident . $field:ident),+) => {{
            let mut renamed = stored.clone();
            match kind {
                Kind::Network | Kind::NumberPrefix => {}
                $(Kind::$kind => renamed.$table.iter_mut().filter(|row| row.id.to_string() == id)
                    .for_each(|row| name.clone_into(&mut row.$field)),)+
            }
            renamed
        }};
    }
    Ok(renamed!(Account: accounts.name, Connector: connectors.name, MoRoute: mo_routes.name, Operator: operators.name,
        OperatorGroup: operator_groups.name, Route: routes.name, SmppAccount: smpp_accounts.system_id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn a_patch_changes_what_it_names_and_null_takes_away() {
        let mut document = map(&json!({ "a": 1, "b": { "c": 2, "d": 3 }, "e": [1, 2] }));
        merge(
            &mut document,
            &map(&json!({ "a": null, "b": { "c": 4, "d": null }, "e": [3], "f": { "g": null, "h": 1 } })),
        );
        assert_eq!(Value::Object(document), json!({ "b": { "c": 4 }, "e": [3], "f": { "h": 1 } }));
    }

    #[test]
    fn what_does_not_fit_is_blamed_by_its_field_and_not_repeated() {
        for (document, pointer) in [
            (json!({ "name": "a", "operator": "b", "host": "c", "port": "secret", "system_id": "d" }), "/port"),
            (
                json!({ "name": "a", "operator": "b", "host": "c", "port": 1, "system_id": "d", "password": 77 }),
                "/password",
            ),
            (json!({ "name": "a", "operator": "b", "host": "c", "port": 1 }), "/system_id"),
            (json!({ "name": "a", "colour": "secret" }), "/colour"),
        ] {
            let refusal = file_of(Kind::Connector, &map(&document)).unwrap_err();
            let blamed: Vec<_> = refusal.faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
            assert!(refusal.field.as_deref() == Some(pointer) || blamed.contains(&pointer), "{refusal}");
            assert!(!refusal.detail.contains("secret") && !refusal.detail.contains("77"), "{refusal}");
        }
    }
}
