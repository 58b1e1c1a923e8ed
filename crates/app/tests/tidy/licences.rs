//! What we build on may be shipped by us: licences, banned crates and sources as `deny.toml` lists them.
//!
//! `cargo deny` reads the same file where it is installed; this test holds its rules where it is not.

use crate::{dependencies, tree};

/// What `deny.toml` allows and refuses.
struct Policy {
    licences: Vec<String>,
    /// Crates with licences that are allowed for them only.
    exceptions: Vec<(String, Vec<String>)>,
    banned: Vec<String>,
    registries: Vec<String>,
}

/// One crate that we build on.
struct Used {
    name: String,
    licence: Option<String>,
    /// `None` for a crate of ours.
    source: Option<String>,
}

impl Policy {
    fn parse(text: &str) -> Self {
        let table: toml::Table = text.parse().expect("deny.toml is TOML");
        let list = |section: &str, key: &str| -> Vec<toml::Value> {
            table[section].get(key).and_then(toml::Value::as_array).cloned().unwrap_or_default()
        };
        let text_of = |value: &toml::Value| value.as_str().expect("it is text").to_owned();
        let exception = |entry: &toml::Value| {
            let licences = entry["allow"].as_array().expect("a list").iter().map(text_of).collect();
            (text_of(&entry["crate"]), licences)
        };
        Self {
            licences: list("licenses", "allow").iter().map(text_of).collect(),
            exceptions: list("licenses", "exceptions").iter().map(exception).collect(),
            banned: list("bans", "deny").iter().map(|entry| text_of(&entry["crate"])).collect(),
            registries: list("sources", "allow-registry").iter().map(text_of).collect(),
        }
    }

    fn findings(&self, used: &Used) -> Vec<String> {
        let Used { name, licence, source } = used;
        let mut findings = Vec::new();
        let is_exception =
            |licence: &String| self.exceptions.iter().any(|(of, licences)| of == name && licences.contains(licence));
        if !licence.as_ref().is_some_and(|licence| self.allows(licence) || is_exception(licence)) {
            findings.push(format!("{name}: licence {licence:?} is not allowed"));
        }
        if self.banned.contains(name) {
            findings.push(format!("{name} is banned"));
        }
        if source.as_ref().is_some_and(|source| !self.registries.iter().any(|known| source.ends_with(known))) {
            findings.push(format!("{name} comes from {source:?}"));
        }
        findings
    }

    /// An SPDX expression: `OR` binds looser than `AND`, `/` is the old way to write `OR`. What cannot be read is refused.
    fn allows(&self, expression: &str) -> bool {
        let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut at = 0;
        self.any_of(&words, &mut at) == Some(true) && at == words.len()
    }

    fn any_of(&self, words: &[&str], at: &mut usize) -> Option<bool> {
        let mut allowed = self.all_of(words, at)?;
        while words.get(*at) == Some(&"OR") {
            *at += 1;
            allowed |= self.all_of(words, at)?;
        }
        Some(allowed)
    }

    fn all_of(&self, words: &[&str], at: &mut usize) -> Option<bool> {
        let mut allowed = self.one(words, at)?;
        while words.get(*at) == Some(&"AND") {
            *at += 1;
            allowed &= self.one(words, at)?;
        }
        Some(allowed)
    }

    fn one(&self, words: &[&str], at: &mut usize) -> Option<bool> {
        let word = *words.get(*at)?;
        *at += 1;
        if word == "(" {
            let allowed = self.any_of(words, at)?;
            let is_closed = words.get(*at) == Some(&")");
            *at += 1;
            return is_closed.then_some(allowed);
        }
        let mut name = word.to_owned();
        if words.get(*at) == Some(&"WITH") {
            name = format!("{name} WITH {}", words.get(*at + 1)?);
            *at += 2;
        }
        Some(self.licences.contains(&name))
    }
}

#[test]
fn what_we_build_on_may_be_shipped() {
    let policy = Policy::parse(&tree::page("deny.toml"));
    let metadata = dependencies::metadata();
    let resolved = metadata.resolve.as_ref().expect("metadata was asked for with dependencies");
    let used = metadata.packages.iter().filter(|package| resolved.nodes.iter().any(|node| node.id == package.id));
    let mut findings = Vec::new();
    for package in used {
        let source = package.source.as_ref().map(|source| source.repr.clone());
        findings.extend(policy.findings(&Used {
            name: package.name.to_string(),
            licence: package.license.clone(),
            source,
        }));
    }
    crate::expect_none("Dependencies that deny.toml refuses:", &findings);
}

fn policy() -> Policy {
    Policy::parse(
        "[licenses]\nallow = [\"MIT\", \"ISC\"]\nexceptions = [{ crate = \"b\", allow = [\"CC0-1.0\"] }]\n[bans]\ndeny = [{ crate = \"openssl\" }]\n\
         [sources]\nallow-registry = [\"https://example.org/index\"]\n",
    )
}

#[test]
fn licence_expressions_are_understood() {
    let policy = policy();
    for allowed in ["MIT", "GPL-3.0 OR MIT", "GPL-3.0/MIT", "(GPL-3.0 OR MIT) AND ISC", "MIT AND ISC"] {
        assert!(policy.allows(allowed), "{allowed}");
    }
    for refused in ["GPL-3.0", "MIT AND GPL-3.0", "MIT WITH some-exception", "", "MIT OR", "(MIT", "MIT GPL-3.0"] {
        assert!(!policy.allows(refused), "{refused}");
    }
}

#[test]
fn a_bad_licence_a_banned_crate_and_a_foreign_source_are_found() {
    let used = |name: &str, licence: Option<&str>, source: &str| Used {
        name: name.to_owned(),
        licence: licence.map(str::to_owned),
        source: Some(format!("registry+https://{source}")),
    };
    assert!(policy().findings(&used("a", Some("MIT"), "example.org/index")).is_empty());
    assert_eq!(policy().findings(&used("a", Some("GPL-3.0"), "example.org/index")).len(), 1);
    assert!(policy().findings(&used("b", Some("CC0-1.0"), "example.org/index")).is_empty(), "for this one only");
    assert_eq!(policy().findings(&used("a", Some("CC0-1.0"), "example.org/index")).len(), 1);
    assert_eq!(policy().findings(&used("a", None, "example.org/index")).len(), 1);
    assert_eq!(policy().findings(&used("openssl", Some("MIT"), "example.org/index")).len(), 1);
    assert_eq!(policy().findings(&used("a", Some("MIT"), "elsewhere.example/index")).len(), 1);
}
