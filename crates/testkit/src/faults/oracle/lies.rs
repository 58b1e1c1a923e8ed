//! The oracle is not blind: from a run in which all is well one thing is made wrong, and it must say which.

use super::*;

const NUMBER: u64 = 999_100_000_007;

/// A message that was taken, sent once, delivered, paid and told.
fn healthy() -> Evidence {
    let row = Stored {
        id: 512,
        number: NUMBER,
        state: "delivered".into(),
        price_micros: 50_000,
        captured_micros: 50_000,
        accepted_us: 1_000_000,
        expires_us: 9_000_000,
        submitted_us: Some(1_100_000),
        final_us: Some(1_200_000),
        ..Stored::default()
    };
    let sent = Sent { number: NUMBER, answer: Some(Ok("512".into())), told: vec!["DELIVRD".into()] };
    let arrived = Arrived { at_us: vec![1_150_000], receipts: vec!["DELIVRD".into()] };
    Evidence { sent: vec![sent], arrived: [(NUMBER, arrived)].into(), stored: vec![row] }
}

fn found(evidence: &Evidence) -> Vec<Kind> {
    let mut kinds: Vec<_> =
        judge(evidence, &Rules::default()).findings.into_iter().map(|finding| finding.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    let mut evidence = healthy();
    assert_eq!(found(&evidence), []);
    // Sent again with its mark; told twice the same; refused, and unanswered: all of that may be.
    evidence.stored[0].may_be_twice = true;
    evidence.arrived.get_mut(&NUMBER).unwrap().at_us.push(1_160_000);
    evidence.sent[0].told.push("DELIVRD".into());
    evidence.sent.push(Sent { number: 5, answer: Some(Err(0x58)), told: vec![] });
    evidence.sent.push(Sent { number: 6, answer: None, told: vec![] });
    assert_eq!(found(&evidence), []);
    let counts = judge(&evidence, &Rules::default()).counts;
    let of = |what| counts.get(what).copied().unwrap_or_default();
    assert_eq!((of("sent"), of("acknowledged"), of("refused"), of("unanswered")), (3, 1, 1, 1));
    assert_eq!((of("arrived"), of("sent again"), of("told")), (2, 1, 2));
}

type Lie = (&'static str, fn(&mut Evidence), &'static [Kind]);

const LIES: &[Lie] = &[
    ("its row is gone", |run| run.stored.clear(), &[Kind::Lost, Kind::Invented]),
    ("another message has its place", |run| run.stored[0].id = 768, &[Kind::Lost]),
    ("it never arrived", |run| run.arrived.clear(), &[Kind::Lost]),
    ("the operator delivered it, and it failed", |run| fail(run, "failed"), &[Kind::Lost, Kind::Failed]),
    (
        "it expired without a reason",
        |run| {
            fail(run, "expired");
            run.arrived.clear();
        },
        &[Kind::Failed],
    ),
    ("it came twice", |run| run.arrived.get_mut(&NUMBER).unwrap().at_us.push(1_160_000), &[Kind::Duplicated]),
    ("it was taken twice", |run| run.stored.push(Stored { id: 768, ..run.stored[0].clone() }), &[Kind::Duplicated]),
    ("it was paid for twice", |run| run.stored[0].captured_micros *= 2, &[Kind::DoubleBilled]),
    (
        "it failed and was paid for",
        |run| {
            fail(run, "failed");
            run.arrived.clear();
            run.stored[0].captured_micros = 50_000;
        },
        &[Kind::Failed, Kind::DoubleBilled],
    ),
    ("it was not paid for", |run| run.stored[0].captured_micros = 0, &[Kind::Unbilled]),
    ("its price is still set aside", |run| run.stored[0].held_micros = 1, &[Kind::Unbilled]),
    ("it was sent too late", |run| run.stored[0].expires_us = 100_000, &[Kind::Late]),
    (
        "it never ends",
        |run| {
            let row = &mut run.stored[0];
            (row.state, row.final_us, row.captured_micros) = ("submitted".into(), None, 0);
            run.sent[0].told.clear();
        },
        &[Kind::Stuck],
    ),
    ("its client was told otherwise", |run| run.sent[0].told[0] = "UNDELIV".into(), &[Kind::OutOfOrder]),
    ("its client was told twice", |run| run.sent[0].told.push("EXPIRED".into()), &[Kind::OutOfOrder]),
    ("it ended before it was sent", |run| run.stored[0].final_us = Some(1_050_000), &[Kind::OutOfOrder]),
    ("nobody asked for it", |run| run.sent.clear(), &[Kind::Invented]),
    ("nobody stored it", |run| drop(run.arrived.insert(3, Arrived::default())), &[Kind::Invented]),
    ("its client was never told", |run| run.sent[0].told.clear(), &[Kind::Untold]),
];

fn fail(run: &mut Evidence, state: &str) {
    let row = &mut run.stored[0];
    (row.state, row.captured_micros) = (state.into(), 0);
    run.sent[0].told = vec![stat(state).unwrap_or_default().into()];
}

#[test]
fn every_lie_is_found() {
    for (lie, tell, expected) in LIES {
        let mut evidence = healthy();
        tell(&mut evidence);
        assert_eq!(found(&evidence), *expected, "{lie}");
    }
}

/// A code that came twice was sent twice, marked or not.
#[test]
fn a_code_is_never_sent_twice() {
    let mut evidence = healthy();
    evidence.stored[0].may_be_twice = true;
    evidence.arrived.get_mut(&NUMBER).unwrap().at_us.push(1_160_000);
    let verdict = judge(&evidence, &Rules { codes: true, ..Rules::default() });
    assert_eq!(verdict.of(Kind::Duplicated), 1);
}

/// The same when only some are codes.
#[test]
fn codes_among_others_are_told_by_their_numbers() {
    let mut evidence = healthy();
    evidence.stored[0].may_be_twice = true;
    evidence.arrived.get_mut(&NUMBER).unwrap().at_us.push(1_160_000);
    let duplicated = |codes_to| judge(&evidence, &Rules { codes_to, ..Rules::default() }).of(Kind::Duplicated);
    assert_eq!((duplicated(NUMBER..NUMBER + 1), duplicated(NUMBER + 1..NUMBER + 9)), (1, 0));
}
