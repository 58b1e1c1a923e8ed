//! The OpenAPI document itself: committed, fresh, and complete.

use std::path::Path;

use crate::concealment::{OPEN, is_of_session};
use crate::schema::DOCUMENT;

fn operations() -> impl Iterator<Item = (String, &'static serde_json::Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
    })
}

#[test]
fn the_committed_document_is_fresh() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/openapi.json");
    let fresh = sambac_api::openapi().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == fresh, "docs/reference/openapi.json is not fresh: run this test with UPDATE_DOCS=1");
}

#[test]
fn the_committed_document_of_the_services_is_fresh() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/services-openapi.json");
    let fresh = sambac_api::services_openapi().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == fresh, "docs/reference/services-openapi.json is not fresh: run this test with UPDATE_DOCS=1");
}

#[test]
fn every_operation_names_its_scope_and_its_refusals() {
    let mut count = 0;
    for (name, operation) in operations() {
        // It is called without a key in the header.
        let (method, path) = name.split_once(' ').unwrap();
        if OPEN.iter().any(|open| *open == path || *open == format!("{} {path}", method.to_uppercase())) {
            assert_eq!(operation["security"], serde_json::json!([{}]), "{name}");
            continue;
        }
        if is_of_session(operation) {
            continue;
        }
        let is_admin = name.contains(" /v1/admin/");
        for way in 0..if is_admin { 1 } else { 2 } {
            let scopes = operation["security"][way].as_object().unwrap().values().next().unwrap();
            assert_eq!(scopes.as_array().unwrap().len(), 1, "{name}");
        }
        for status in ["401", "403", "500", "503"] {
            assert!(operation["responses"][status]["x-error-codes"].is_array(), "{name}: {status}");
        }
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{name}");
        count += i32::from(!is_admin);
    }
    assert_eq!(count, 66);
}

#[test]
fn everything_that_is_referred_to_exists() {
    let text = DOCUMENT.to_string();
    let references: Vec<_> = text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(references.len() > 10);
    for reference in references {
        assert!(DOCUMENT.pointer(reference).is_some(), "{reference}");
    }
}

#[test]
fn no_amount_is_a_number() {
    let text = DOCUMENT.to_string();
    for float in ["\"type\":\"number\"", "\"type\":[\"number\""] {
        assert!(!text.contains(float), "floating-point numbers have no place here");
    }
}
