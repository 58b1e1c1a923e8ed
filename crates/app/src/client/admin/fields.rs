//! The fields of a thing from the command line: `--set key=value`, a file, a password from where nobody sees it.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value};

use crate::exit::{Exit, Failure};

/// What is given. A password never is an argument: a command line can be read by everybody on the machine.
#[derive(Args, Debug)]
pub(crate) struct Fields {
    /// A field and its value; a setting with its place: settings.session.enquire_link_s=60. Lists and objects are JSON.
    #[arg(long, value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// A field that goes back to its default.
    #[arg(long, value_name = "FIELD")]
    unset: Vec<String>,
    /// Fields from a file (TOML, or JSON when its name ends so); `--set` counts before it.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The variable that holds the password.
    #[arg(long, value_name = "VARIABLE")]
    password_env: Option<String>,
    /// The file whose first line is the password.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Fields {
    /// All of it as one object.
    pub(crate) fn document(&self) -> Result<Value, Failure> {
        let mut document = self.read_file()?;
        for text in &self.set {
            let (field, value) =
                text.split_once('=').ok_or_else(|| wrong(format!("--set {text}: write FIELD=VALUE")))?;
            if field == "password" {
                return Err(wrong("--set password: give it by --password-env or --password-file".to_owned()));
            }
            place(&mut document, field, parsed(value))?;
        }
        for field in &self.unset {
            place(&mut document, field, Value::Null)?;
        }
        if let Some(password) = self.password()? {
            document.insert("password".to_owned(), Value::from(password));
        }
        if document.is_empty() {
            return Err(wrong("nothing is given: use --set, --unset or --file".to_owned()));
        }
        Ok(Value::Object(document))
    }

    fn read_file(&self) -> Result<Map<String, Value>, Failure> {
        let Some(path) = &self.file else { return Ok(Map::new()) };
        let name = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| wrong(format!("{name}: {error}")))?;
        let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let read = if is_json {
            serde_json::from_str(&text).map_err(|error| error.to_string())
        } else {
            toml::from_str(&text).map_err(|error| error.to_string())
        };
        read.map_err(|error| wrong(format!("{name}: {error}")))
    }

    fn password(&self) -> Result<Option<String>, Failure> {
        match (&self.password_env, &self.password_file) {
            (Some(_), Some(_)) => Err(wrong("give --password-env or --password-file, not both".to_owned())),
            (None, None) => Ok(None),
            (Some(name), None) => {
                let missing = |_| wrong(format!("--password-env: the variable {name} is not set"));
                std::env::var(name).map(Some).map_err(missing)
            }
            (None, Some(path)) => {
                let text =
                    std::fs::read_to_string(path).map_err(|error| wrong(format!("{}: {error}", path.display())))?;
                Ok(Some(text.lines().next().unwrap_or_default().to_owned()))
            }
        }
    }
}

fn wrong(text: String) -> Failure {
    Failure::because(Exit::Configuration, text)
}

/// JSON where it is such; else the text itself.
fn parsed(value: &str) -> Value {
    serde_json::from_str(value).unwrap_or_else(|_| Value::from(value))
}

/// Puts a value at `settings.session.enquire_link_s`.
fn place(document: &mut Map<String, Value>, field: &str, value: Value) -> Result<(), Failure> {
    let (first, rest) = field.split_once('.').map_or((field, None), |(first, rest)| (first, Some(rest)));
    if first.is_empty() {
        return Err(wrong(format!("\"{field}\" is no field")));
    }
    match rest {
        None => drop(document.insert(first.to_owned(), value)),
        Some(rest) => {
            let inner = document.entry(first.to_owned()).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(inner) = inner else { return Err(wrong(format!("{first} has no fields inside"))) };
            place(inner, rest, value)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(set: &[&str], unset: &[&str]) -> Fields {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        Fields { set: owned(set), unset: owned(unset), file: None, password_env: None, password_file: None }
    }

    #[test]
    fn fields_are_placed_and_typed() {
        let given = fields(
            &["port=2776", "host=smsc.example", "enabled=false", "settings.session.enquire_link_s=60"],
            &["settings.preset"],
        );
        let expected = json!({"port": 2776, "host": "smsc.example", "enabled": false,
            "settings": {"session": {"enquire_link_s": 60}, "preset": null}});
        assert_eq!(given.document().expect("it is well formed"), expected);
        let lists = fields(&["connectors=[\"a\", \"b\"]"], &[]);
        assert_eq!(lists.document().expect("it is well formed"), json!({"connectors": ["a", "b"]}));
    }

    #[test]
    fn a_password_is_no_argument_and_nonsense_is_refused() {
        for (set, said) in [("password=secret", "--password-env"), ("port", "FIELD=VALUE"), ("=1", "is no field")] {
            let refused = fields(&[set], &[]).document().expect_err("it is wrong").to_string();
            assert!(refused.contains(said) && !refused.contains("secret"), "{refused}");
        }
        assert!(fields(&[], &[]).document().is_err());
        assert!(fields(&["port=1", "port.x=2"], &[]).document().is_err());
    }
}
