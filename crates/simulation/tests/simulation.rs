//! The simulation in short: what `make simulate` does for hundreds of hours.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::Path;

use sambac_domain::planted::Bug;
use sambac_simulation::child::Children;
use sambac_simulation::{Report, Run};

fn children() -> Children {
    Children::new(Path::new(env!("CARGO_BIN_EXE_simulate"))).expect("a C compiler")
}

fn brisk(seed: u64, minutes: u64) -> Run {
    Run { minutes, brisk: true, ..Run::of(seed) }
}

fn clean(report: &Report) {
    assert!(report.findings.is_empty(), "{report:?}");
    assert!(report.sent > 60 && report.ends["delivered"] * 2 > report.sent, "{report:?}");
}

/// One seed gives one run: the same seed twice has the same events in the same order, and another seed has others. Nothing is found
/// in stormy seeds.
#[test]
fn the_same_seed_gives_the_same_run() {
    let children = children();
    let live = |seed| children.live(&brisk(seed, 4)).expect("a report");
    let (first, again, other) = (live(11), live(11), live(1));
    assert_eq!((&first.hash, first.events), (&again.hash, again.events));
    assert_ne!(first.hash, other.hash);
    [first, other].iter().for_each(clean);
}

/// What the page says of the bugs is what there is.
#[test]
fn the_page_names_every_planted_bug() {
    let page = include_str!("../../../docs/operations/simulation.md");
    let missing: Vec<_> = Bug::ALL.iter().filter(|bug| !page.contains(&format!("| `{}` |", bug.name()))).collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
    assert!(Bug::ALL.len() >= 25);
}

/// Nothing is found in seeds of each other kind: changeable, with clocks that are set, and calm.
#[test]
fn some_seeds_have_no_findings() {
    let children = children();
    for seed in [2, 4, 5] {
        clean(&children.live(&brisk(seed, 4)).expect("a report"));
    }
}

/// The oracle is believed as it finds what was put there: here what shows within minutes.
#[test]
fn planted_bugs_are_caught() {
    let children = children();
    for (bug, seed) in [
        (Bug::SettledTwice, 1),
        (Bug::OneSegmentEndsAll, 1),
        (Bug::LostAnswerIsRefusal, 1),
        (Bug::CapturedAnyway, 1),
        (Bug::NewsTwice, 1),
        (Bug::DoubtNotMarked, 1),
        (Bug::ValidityInWrongUnit, 1),
        (Bug::SilenceIsRefusal, 1),
    ] {
        let run = Run { bug: Some(bug), ..brisk(seed, 4) };
        let report = children.live(&run).expect("a report");
        assert!(!report.findings.is_empty(), "{} was not caught", bug.name());
    }
}
