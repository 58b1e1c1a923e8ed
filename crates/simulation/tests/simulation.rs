//! The simulation in short: what `make simulate` does for hundreds of hours.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::Path;

use sambac_domain::planted::Bug;
use sambac_simulation::Run;
use sambac_simulation::child::Children;

fn children() -> Children {
    Children::new(Path::new(env!("CARGO_BIN_EXE_simulate"))).expect("a C compiler")
}

/// One seed gives one run: the same seed twice has the same events in the same order, and another seed has others.
#[test]
fn the_same_seed_gives_the_same_run() {
    let children = children();
    let live = |seed| children.live(&Run { seed, minutes: 6, ..Run::default() }).expect("a report");
    let (first, again, other) = (live(11), live(11), live(12));
    assert_eq!((&first.hash, first.events), (&again.hash, again.events));
    assert_ne!(first.hash, other.hash);
}

/// What the page says of the bugs is what there is.
#[test]
fn the_page_names_every_planted_bug() {
    let page = include_str!("../../../docs/operations/simulation.md");
    let missing: Vec<_> = Bug::ALL.iter().filter(|bug| !page.contains(&format!("| `{}` |", bug.name()))).collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
    assert!(Bug::ALL.len() >= 25);
}

/// Nothing is found in seeds of each kind: stormy, changeable and calm.
#[test]
fn some_seeds_have_no_findings() {
    let children = children();
    for (seed, faults) in [(1, true), (2, true), (5, false)] {
        let report = children.live(&Run { seed, minutes: 6, faults, ..Run::default() }).expect("a report");
        assert!(report.findings.is_empty(), "{report:?}");
        assert!(report.sent > 60 && report.ends["delivered"] * 2 > report.sent, "{report:?}");
    }
}

/// The oracle is believed as it finds what was put there.
#[test]
fn planted_bugs_are_caught() {
    let children = children();
    for (bug, seed) in [(Bug::CapturedAnyway, 1), (Bug::NewsTwice, 1), (Bug::DoubtNotMarked, 1)] {
        let run = Run { seed, minutes: 6, bug: Some(bug), ..Run::default() };
        let report = children.live(&run).expect("a report");
        assert!(!report.findings.is_empty(), "{} was not caught", bug.name());
    }
}
