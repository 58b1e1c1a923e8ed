//! Every quirk of the catalogue has a test whose name carries its id: `q_a1_…` is Q-A1.
//!
//! Those without one are listed in `quirks_untested.txt`, each with its reason. The list may only shrink.

use std::collections::BTreeSet;

use sambac_domain::profile::QUIRKS;

use crate::source::blanked;
use crate::tree::{self, TextFile};

/// `Q-A1` of `fn q_a1_a_pdu_in_pieces`.
fn tested(files: &[TextFile]) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for file in files {
        let names = blanked(&file.text);
        let names = names.split("fn q_").skip(1).filter_map(|name| name.split_once('_'));
        ids.extend(names.map(|(id, _)| format!("Q-{}", id.to_uppercase())));
    }
    ids
}

/// `Q-A1: why` on each line.
fn excused(list: &str) -> BTreeSet<String> {
    let lines = list.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(": ")).map(|(id, _)| id.to_owned()).collect()
}

fn findings(files: &[TextFile], list: &str) -> Vec<String> {
    let (tested, excused) = (tested(files), excused(list));
    let untested = QUIRKS.iter().filter(|quirk| !tested.contains(quirk.id) && !excused.contains(quirk.id));
    let needless = excused.iter().filter(|id| tested.contains(*id));
    let unknown = tested.iter().filter(|id| QUIRKS.iter().all(|quirk| quirk.id != id.as_str()));
    untested
        .map(|quirk| format!("{} has no test: {}", quirk.id, quirk.what))
        .chain(needless.map(|id| format!("{id} has a test: take it off quirks_untested.txt")))
        .chain(unknown.map(|id| format!("{id} is tested and not in the catalogue")))
        .collect()
}

#[test]
fn every_quirk_has_a_test() {
    let list = include_str!("quirks_untested.txt");
    crate::expect_none("Play these quirks (crates/app/tests/quirks):", &findings(&tree::rust_files(), list));
}

#[test]
fn a_quirk_without_a_test_is_found() {
    let file = TextFile::new("crates/app/tests/quirks/a.rs", "async fn q_a1_pieces() {}\nfn q_z9_unheard_of() {}\n");
    let found = findings(&[file], "Q-A2: no reason\nQ-A1: too late\n");
    assert!(found.iter().any(|line| line.starts_with("Q-A3 has no test")), "{found:?}");
    assert!(!found.iter().any(|line| line.starts_with("Q-A2 ")), "{found:?}");
    assert!(found.contains(&"Q-A1 has a test: take it off quirks_untested.txt".to_owned()), "{found:?}");
    assert!(found.contains(&"Q-Z9 is tested and not in the catalogue".to_owned()), "{found:?}");
}
