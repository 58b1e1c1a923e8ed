//! Who may use whom: `app → api → engine → {smpp, store, bus} → domain`, read from `cargo metadata`.
//!
//! `smpp` uses nothing of ours, so that it can be published alone; `testkit` is used by tests only, so that it is never
//! shipped; every crate takes the workspace's lints, so that `unsafe` stays forbidden in each.

use crate::tree;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use std::fs;

/// A crate of ours, and those of ours that its product code may use.
const MAY_USE: [(&str, &[&str]); 9] = [
    ("sambac-smpp", &[]),
    ("sambac-domain", &[]),
    ("sambac-store", &["sambac-domain"]),
    ("sambac-bus", &["sambac-domain"]),
    ("sambac-engine", &["sambac-domain", "sambac-smpp", "sambac-store", "sambac-bus"]),
    ("sambac-api", &["sambac-domain", "sambac-store", "sambac-engine"]),
    ("sambac-app", &["sambac-domain", "sambac-smpp", "sambac-store", "sambac-bus", "sambac-engine", "sambac-api"]),
    ("sambac-testkit", &["sambac-domain", "sambac-smpp"]),
    // Development only, as the testkit is: nothing uses it.
    ("sambac-simulation", &["sambac-domain", "sambac-smpp", "sambac-store", "sambac-engine", TESTKIT]),
];

const TESTKIT: &str = "sambac-testkit";

/// One dependency of a crate of ours on another.
#[derive(Debug)]
struct Use {
    user: String,
    used: String,
    for_tests: bool,
}

/// The workspace with its dependencies, as built on this machine (so it needs nothing that the build did not fetch).
pub(crate) fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(tree::root().join("Cargo.toml"));
    command.other_options(["--locked".to_owned(), "--filter-platform".to_owned(), "host-tuple".to_owned()]);
    command.exec().expect("cargo metadata runs")
}

fn uses(metadata: &Metadata) -> Vec<Use> {
    let members = metadata.workspace_packages();
    let is_ours = |name: &str| members.iter().any(|member| member.name.as_str() == name);
    let mut uses = Vec::new();
    for member in &members {
        for used in member.dependencies.iter().filter(|used| is_ours(&used.name)) {
            let for_tests = used.kind == DependencyKind::Development;
            uses.push(Use { user: member.name.to_string(), used: used.name.clone(), for_tests });
        }
    }
    uses
}

fn wrong_uses(uses: &[Use]) -> Vec<String> {
    uses.iter().filter(|found| !is_allowed(found)).map(|found| format!("{} → {}", found.user, found.used)).collect()
}

fn is_allowed(found: &Use) -> bool {
    let may_use = MAY_USE.iter().find(|(user, _)| *user == found.user).map_or(&[][..], |(_, may_use)| *may_use);
    let testkit_in_tests = found.for_tests && found.used == TESTKIT && found.user != "sambac-smpp";
    may_use.contains(&found.used.as_str()) || testkit_in_tests
}

fn unknown_crates(names: &[String]) -> Vec<String> {
    let known = |name: &String| MAY_USE.iter().any(|(known, _)| known == name);
    names.iter().filter(|name| !known(name)).map(|name| format!("{name}: say in MAY_USE what it may use")).collect()
}

fn takes_workspace_lints(manifest: &str) -> bool {
    let manifest: toml::Table = manifest.parse().expect("the manifest is TOML");
    manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool) == Some(true)
}

#[test]
fn dependencies_point_one_way() {
    let metadata = metadata();
    let names: Vec<String> = metadata.workspace_packages().iter().map(|member| member.name.to_string()).collect();
    assert_eq!(names.len(), MAY_USE.len(), "nine crates, no more: {names:?}");
    crate::expect_none("Crates nobody knows:", &unknown_crates(&names));
    crate::expect_none("Dependencies against the direction:", &wrong_uses(&uses(&metadata)));
}

#[test]
fn every_crate_takes_the_workspace_lints() {
    for member in metadata().workspace_packages() {
        let manifest = fs::read_to_string(&member.manifest_path).expect("the manifest is readable");
        assert!(takes_workspace_lints(&manifest), "{} does not say [lints] workspace = true", member.name);
    }
}

fn a_use(user: &str, used: &str, for_tests: bool) -> Use {
    Use { user: user.to_owned(), used: used.to_owned(), for_tests }
}

#[test]
fn uses_against_the_direction_are_found() {
    let wrong = [
        a_use("sambac-domain", "sambac-store", false),
        a_use("sambac-smpp", "sambac-domain", false),
        a_use("sambac-smpp", TESTKIT, true),
        a_use("sambac-api", "sambac-smpp", false),
        a_use("sambac-engine", TESTKIT, false),
        a_use("sambac-newcomer", "sambac-domain", false),
    ];
    assert_eq!(wrong_uses(&wrong).len(), wrong.len());
    assert!(wrong_uses(&[a_use("sambac-store", TESTKIT, true), a_use("sambac-app", "sambac-api", false)]).is_empty());
}

#[test]
fn a_tenth_crate_and_missing_lints_are_found() {
    assert_eq!(unknown_crates(&["sambac-newcomer".to_owned(), "sambac-bus".to_owned()]).len(), 1);
    assert!(!takes_workspace_lints("[package]\nname = \"a\"\n"));
    assert!(takes_workspace_lints("[lints]\nworkspace = true\n"));
}
