//! What is wrong with the form of a document: wrong types, unknown and missing fields. All of it is told at once, though a reader
//! stops at the first: what is wrong is mended with a value that can be read, and the document is read again.

use sambac_domain::in_words::in_words;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::file::File;

/// Faults that are told of one document.
const FAULTS_MAX: usize = 50;

/// Something that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where: keys and positions, from the outside in.
    pub place: Vec<String>,
    /// Why, without the value, which may be a secret.
    pub why: String,
}

/// Reads a whole file.
///
/// # Errors
/// Everything that cannot be read, and one fault at least.
pub fn read_file(document: Value) -> Result<File, Vec<Fault>> {
    read(document)
}

fn read<T: DeserializeOwned>(mut document: Value) -> Result<T, Vec<Fault>> {
    let first = match attempt(document.clone()) {
        Ok(read) => return Ok(read),
        Err(fault) => fault,
    };
    let (mut faults, mut last) = (vec![first.clone()], first);
    for _ in 0..FAULTS_MAX {
        let Some(next) = mended::<T>(&mut document, &last) else { break };
        // What was left out because it was wrong may be missed later.
        if faults.iter().all(|fault| fault.place != next.place) {
            faults.push(next.clone());
        }
        last = next;
    }
    Err(faults)
}

fn attempt<T: DeserializeOwned>(document: Value) -> Result<T, Fault> {
    serde_path_to_error::deserialize(document).map_err(|error| {
        let why = without_value(&error.inner().to_string());
        let mut place = place(error.path());
        let is_named = why.starts_with("missing") || why.starts_with("unknown field");
        if let Some(name) = why.split('`').nth(1).filter(|_| is_named)
            && place.last().map(String::as_str) != Some(name)
        {
            place.push(name.to_owned());
        }
        Fault { place, why }
    })
}

/// Puts something readable in the place of a fault. Answers what is wrong then: `None` when nothing is, or when it cannot be
/// mended.
fn mended<T: DeserializeOwned>(document: &mut Value, fault: &Fault) -> Option<Fault> {
    let (name, parents) = fault.place.split_last()?;
    // Without it first: most fields need not be given. Then with each kind of value.
    let values = [None, Some(json!("x")), Some(json!(1)), Some(json!([])), Some(json!({})), Some(json!(true))];
    for value in values {
        let mut tried = document.clone();
        let table = parents.iter().try_fold(&mut tried, |within, part| part_of(within, part))?.as_object_mut()?;
        match value {
            Some(value) => drop(table.insert(name.clone(), value)),
            None => drop(table.remove(name)),
        }
        match attempt::<T>(tried.clone()) {
            Ok(_) => return None,
            Err(next) if next.place.starts_with(&fault.place) => {}
            Err(next) => {
                *document = tried;
                return Some(next);
            }
        }
    }
    None
}

fn part_of<'a>(within: &'a mut Value, part: &str) -> Option<&'a mut Value> {
    match within {
        Value::Array(items) => items.get_mut(part.parse::<usize>().ok()?),
        Value::Object(fields) => fields.get_mut(part),
        _ => None,
    }
}

fn place(path: &serde_path_to_error::Path) -> Vec<String> {
    use serde_path_to_error::Segment;
    let part = |segment: &Segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    };
    path.iter().filter_map(part).collect()
}

/// What was found may be a password, which has no business in an answer or a log.
fn without_value(text: &str) -> String {
    let found = ["invalid type", "invalid value", "invalid length"].iter().any(|start| text.starts_with(start));
    let told = match text.rsplit_once(", expected ").filter(|_| found) {
        Some((_, expected)) => format!("expected {expected}"),
        None => text.to_owned(),
    };
    in_words(&told)
}

impl Fault {
    /// As a person is told it: by the thing's name, where it has one in `document`.
    #[must_use]
    pub fn told(&self, document: &Value) -> String {
        let named = self.place.split_at_checked(2).and_then(|(thing, field)| {
            let entry: &Map<String, Value> =
                document.get(&thing[0])?.get(thing[1].parse::<usize>().ok()?)?.as_object()?;
            let name = ["name", "system_id", "prefix", "mcc_mnc"].iter().find_map(|key| entry.get(*key))?.as_str()?;
            Some((format!("{} \"{name}\"", thing[0]), field))
        });
        let (thing, field) = match &named {
            Some((thing, field)) => (format!("{thing}: "), *field),
            None => (String::new(), self.place.as_slice()),
        };
        format!("{thing}{}: {}", field.join("."), self.why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_connector_is_told_at_once() {
        let document = json!({ "operator": [{ "name": "alpha" }], "connector": [{
            "name": "alpha-1", "operator": "alpha", "port": "secret", "binds": -1, "window_max": 70_000, "colour": "red",
            "enabled": "yes", "system_id": "sambac",
        }] });
        let faults = read_file(document.clone()).expect_err("much is wrong with it");
        let mut told: Vec<_> = faults.iter().map(|fault| fault.told(&document)).collect();
        told.sort();
        assert_eq!(told.len(), 6, "{told:#?}");
        let starts = [
            "binds: expected a whole number from 0 to 255",
            "colour: unknown field `colour`",
            "enabled: expected true or false",
            "host: missing field `host`",
            "port: expected a whole number from 0 to 65535",
            "window_max: expected a whole number from 0 to 65535",
        ];
        for (told, start) in told.iter().zip(starts) {
            assert!(told.starts_with(&format!("connector \"alpha-1\": {start}")), "{told}");
            assert!(!told.contains("secret"), "{told}");
        }
    }

    #[test]
    fn what_cannot_be_mended_ends_the_search() {
        let faults = read_file(json!({ "connector": "none", "colour": 1 })).expect_err("two faults");
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert_eq!(read_file(json!("none")).expect_err("no table").len(), 1);
        assert!(read_file(json!({})).is_ok());
    }
}
