//! `null` in a patch brings a default back. One for a name that does not exist would do nothing and look as if it had: it is
//! refused, with the names that were meant perhaps.

use sambac_domain::error::ErrorCode;
use sambac_domain::profile::{ClientProfile, Profile, Setting};
use serde_json::{Map, Value};

use super::object::{Kind, file_of};
use crate::refusal::Refusal;

/// Names that are proposed at most.
const NAMES_MAX: usize = 3;
/// Names less alike than this are not proposed, in hundredths.
const ALIKE_MIN: u32 = 60;

/// Refuses a `null` for what is neither a field of this kind of thing nor a setting of its profile.
pub(super) fn check(kind: Kind, patch: &Map<String, Value>) -> Result<(), Refusal> {
    let mut places = Vec::new();
    nulls(&mut Vec::new(), patch, &mut places);
    places.iter().try_for_each(|place| known(kind, place))
}

fn nulls<'p>(place: &mut Vec<&'p str>, fields: &'p Map<String, Value>, places: &mut Vec<Vec<&'p str>>) {
    for (key, value) in fields {
        place.push(key);
        match value {
            Value::Null => places.push(place.clone()),
            Value::Object(inner) => nulls(place, inner, places),
            _ => {}
        }
        place.pop();
    }
}

fn known(kind: Kind, place: &[&str]) -> Result<(), Refusal> {
    match (kind, place) {
        (Kind::Connector, ["settings", rest @ ..]) => setting(place, rest, &Profile::reference()),
        (Kind::SmppAccount, ["settings", rest @ ..]) => setting(place, rest, &ClientProfile::reference()),
        _ => field(kind, place),
    }
}

/// What is inside of a setting is its own.
fn setting(place: &[&str], rest: &[&str], sections: &[(&'static str, String, Vec<Setting>)]) -> Result<(), Refusal> {
    let section = |name: &str| sections.iter().find(|(key, ..)| *key == name);
    let is_known = match rest {
        [] | ["preset"] => true,
        [name] => section(name).is_some(),
        [name, key, ..] => section(name).is_some_and(|(.., settings)| settings.iter().any(|one| one.key == *key)),
    };
    if is_known {
        return Ok(());
    }
    let settings = sections.iter().flat_map(|(.., settings)| settings);
    let mut all: Vec<String> = settings.map(|one| format!("settings.{}.{}", one.section, one.key)).collect();
    all.extend(sections.iter().map(|(key, ..)| format!("settings.{key}")));
    all.push("settings.preset".to_owned());
    Err(refused(place, &all))
}

/// The reader of a document tells of a name that it does not know, and which ones it does, whatever is wrong else.
fn field(kind: Kind, place: &[&str]) -> Result<(), Refusal> {
    let alone =
        place.iter().rev().fold(Value::Null, |inner, key| Value::Object(Map::from_iter([((*key).to_owned(), inner)])));
    let Value::Object(document) = alone else { return Ok(()) };
    let Err(refusal) = file_of(kind, &document) else { return Ok(()) };
    let Some((_, names)) = refusal.detail.split_once("unknown field `").and_then(|(_, rest)| rest.split_once('`'))
    else {
        return Ok(());
    };
    let names = names.split('`').skip(1).step_by(2);
    let inside =
        place.split_last().map_or(String::new(), |(_, above)| above.iter().map(|key| format!("{key}.")).collect());
    Err(refused(place, &names.map(|name| format!("{inside}{name}")).collect::<Vec<_>>()))
}

fn refused(place: &[&str], all: &[String]) -> Refusal {
    let wanted = place.join(".");
    let near = nearest(&wanted, all);
    let advice = if near.is_empty() { String::new() } else { format!("; the nearest are {}", near.join(", ")) };
    let refusal = Refusal::new(ErrorCode::InvalidRequest, format!("there is no {wanted}{advice}"));
    refusal.at(format!("/{}", place.join("/")))
}

/// The names most like `wanted`, the best first: as a whole, or the last word of both.
fn nearest<'n>(wanted: &str, all: &'n [String]) -> Vec<&'n str> {
    let last = |name: &'n str| name.rsplit('.').next().unwrap_or(name);
    let wanted_last = wanted.rsplit('.').next().unwrap_or(wanted);
    let alike = |name: &'n str| hundredths(wanted, name).max(hundredths(wanted_last, last(name)));
    let mut near: Vec<_> =
        all.iter().map(|name| (alike(name), name.as_str())).filter(|(how, _)| *how >= ALIKE_MIN).collect();
    near.sort_by_key(|(how, name)| (std::cmp::Reverse(*how), *name));
    near.into_iter().take(NAMES_MAX).map(|(_, name)| name).collect()
}

/// How much of two texts is the same: 100 is all.
fn hundredths(one: &str, other: &str) -> u32 {
    let longest = one.chars().count().max(other.chars().count()).max(1);
    let same = longest.saturating_sub(strsim::osa_distance(one, other));
    u32::try_from(same.saturating_mul(100) / longest).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(kind: Kind, patch: &Value) -> Option<String> {
        check(kind, patch.as_object().expect("an object")).err().map(|refusal| refusal.detail)
    }

    #[test]
    fn what_exists_may_be_unset() {
        for (kind, patch) in [
            (Kind::Connector, json!({ "window_max": null, "port": null, "settings": null })),
            (Kind::Connector, json!({ "settings": { "preset": null, "session": null, "bind": { "hosts": null } } })),
            (Kind::Connector, json!({ "settings": { "errors": { "actions": { "0x14": null } } }, "host": "x" })),
            (Kind::SmppAccount, json!({ "settings": { "receipt": { "kept_h": null } }, "allowed_ips": null })),
            (Kind::Route, json!({ "match": { "prefix": null }, "strategy": null })),
            (Kind::MoRoute, json!({ "match": { "keywords": null }, "away_max_s": null })),
        ] {
            assert_eq!(refusal(kind, &patch), None, "{patch}");
        }
    }

    #[test]
    fn what_does_not_is_refused_with_the_nearest_names() {
        for (kind, patch, said) in [
            (Kind::Connector, json!({ "windw_max": null }), "there is no windw_max; the nearest are window_max"),
            (
                Kind::Connector,
                json!({ "settings": { "session": { "enquire_links": null } } }),
                "there is no settings.session.enquire_links; the nearest are settings.session.enquire_link_s",
            ),
            (
                Kind::Connector,
                json!({ "settings": { "bind": { "enquire_link_s": null } } }),
                "there is no settings.bind.enquire_link_s; the nearest are settings.session.enquire_link_s",
            ),
            (
                Kind::Connector,
                json!({ "settings": { "sesion": null } }),
                "there is no settings.sesion; the nearest are settings.session",
            ),
            (
                Kind::Route,
                json!({ "match": { "prefx": null } }),
                "there is no match.prefx; the nearest are match.prefix",
            ),
        ] {
            let refused = refusal(kind, &patch).expect("it is refused");
            assert!(refused.starts_with(said), "{refused}");
        }
        assert_eq!(refusal(Kind::Operator, &json!({ "zzzzzzzz": null })).as_deref(), Some("there is no zzzzzzzz"));
    }
}
