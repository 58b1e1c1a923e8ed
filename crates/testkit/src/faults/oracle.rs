//! The oracle: lays what clients sent and were told beside what operators saw and what is stored, message by message.
//!
//! It asks nothing of the platform. What it can find:
//!
//! | Finding | Meaning |
//! |---|---|
//! | lost | acknowledged, and not stored; or its end says that it arrived, and it never did |
//! | failed | acknowledged, and ended otherwise than the fault explains |
//! | duplicated | sent to the operator more than once, and its row does not say so; or stored more than once; or a code sent twice |
//! | double-billed | more taken than its price, or taken for what did not arrive |
//! | unbilled | it arrived, and its price was not taken |
//! | late | sent to the operator after its validity |
//! | stuck | not ended |
//! | out of order | its client was told of two ends, or of another than is stored; or its times run backwards |
//! | invented | sent or stored, and no client asked for it |
//! | untold | ended, and its client, who wanted to know, was not told |
//!
//! Every message goes to a number of its own, by which all three are brought together.
//!
//! ```
//! use sambac_testkit::faults::oracle::{Evidence, Kind, Rules, Sent, judge};
//! let sent = Sent { number: 999_000_000_001, answer: Some(Ok("7".into())), told: vec![] };
//! let verdict = judge(&Evidence { sent: vec![sent], ..Evidence::default() }, &Rules::default());
//! assert_eq!(verdict.findings[0].kind, Kind::Lost);
//! ```

mod gather;
#[cfg(test)]
mod lies;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

pub use gather::{arrivals, stored};

/// What a client sent, and all that it was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// To which number.
    pub number: u64,
    /// The platform's id, or the status of a refusal; none: no answer came.
    pub answer: Option<Result<String, u32>>,
    /// The ends that it was told of, in order: `DELIVRD` …
    pub told: Vec<String>,
}

/// What an operator saw of one number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrived {
    /// When, each time, UTC microseconds.
    pub at_us: Vec<i64>,
    /// The ends that it told: `DELIVRD` …
    pub receipts: Vec<String>,
}

/// What is stored of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Its id.
    pub id: i64,
    /// To which number.
    pub number: u64,
    /// Its state by name.
    pub state: String,
    /// Whether a row of it says that it may have been sent twice.
    pub may_be_twice: bool,
    /// Its price.
    pub price_micros: i64,
    /// Taken.
    pub captured_micros: i64,
    /// Still set aside.
    pub held_micros: i64,
    /// UTC microseconds.
    pub accepted_us: i64,
    /// UTC microseconds.
    pub expires_us: i64,
    /// UTC microseconds.
    pub submitted_us: Option<i64>,
    /// UTC microseconds.
    pub final_us: Option<i64>,
}

/// All that is known.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Of clients.
    pub sent: Vec<Sent>,
    /// Of operators, by number.
    pub arrived: HashMap<u64, Arrived>,
    /// Of the database.
    pub stored: Vec<Stored>,
}

/// What the fault explains.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Nothing is under way any more: whatever has not ended is stuck, whoever was not told will not be.
    pub at_rest: bool,
    /// Messages to these numbers may end badly, and their clients not be told.
    pub may_fail: Vec<u64>,
    /// Every message may.
    pub all_may_fail: bool,
    /// They are codes: never sent twice, marked or not, and in doubt for as long as they are valid.
    pub codes: bool,
    /// Those to these numbers are.
    pub codes_to: Range<u64>,
    /// What clients are told is not looked at: they did not listen all the time.
    pub told_is_unknown: bool,
    /// The platform's clock was set: its times may run backwards.
    pub clock_is_set: bool,
    /// How long after its validity a message may come to the operator: what was on its way.
    pub late_us: i64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            at_rest: true,
            may_fail: Vec::new(),
            all_may_fail: false,
            codes: false,
            codes_to: 0..0,
            told_is_unknown: false,
            clock_is_set: false,
            late_us: 1_000_000,
        }
    }
}

impl Rules {
    fn is_code(&self, number: u64) -> bool {
        self.codes || self.codes_to.contains(&number)
    }
}

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the module says what each means")]
pub enum Kind {
    Lost,
    Failed,
    Duplicated,
    DoubleBilled,
    Unbilled,
    Late,
    Stuck,
    OutOfOrder,
    Invented,
    Untold,
}

/// Something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// With which message, and what was seen.
    pub text: String,
}

/// What became of it all.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// What is wrong; nothing is the aim.
    pub findings: Vec<Finding>,
    /// How many of what.
    pub counts: BTreeMap<&'static str, u64>,
}

impl Kind {
    /// As reports call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Failed => "failed",
            Self::Duplicated => "duplicated",
            Self::DoubleBilled => "double-billed",
            Self::Unbilled => "unbilled",
            Self::Late => "late",
            Self::Stuck => "stuck",
            Self::OutOfOrder => "out of order",
            Self::Invented => "invented",
            Self::Untold => "untold",
        }
    }
}

impl Verdict {
    /// How many findings there are of a kind.
    pub fn of(&self, kind: Kind) -> usize {
        self.findings.iter().filter(|finding| finding.kind == kind).count()
    }

    fn found(&mut self, kind: Kind, text: String) {
        self.findings.push(Finding { kind, text });
    }

    fn count(&mut self, what: &'static str, more: usize) {
        *self.counts.entry(what).or_default() += more as u64;
    }
}

/// Compares everything.
pub fn judge(evidence: &Evidence, rules: &Rules) -> Verdict {
    let mut verdict = Verdict::default();
    let mut by_number: HashMap<u64, Vec<&Stored>> = HashMap::new();
    evidence.stored.iter().for_each(|row| by_number.entry(row.number).or_default().push(row));
    let sent: HashMap<u64, &Sent> = evidence.sent.iter().map(|sent| (sent.number, sent)).collect();
    let nothing = Arrived::default();
    for (number, rows) in &by_number {
        if rows.len() > 1 {
            verdict.found(Kind::Duplicated, format!("{number} is stored {} times", rows.len()));
        }
        if !sent.contains_key(number) {
            verdict.found(Kind::Invented, format!("{number} is stored, and nobody sent it"));
        }
    }
    for number in evidence.arrived.keys().filter(|number| !by_number.contains_key(number)) {
        verdict.found(Kind::Invented, format!("{number} came to the operator and is not stored"));
    }
    for row in &evidence.stored {
        let arrived = evidence.arrived.get(&row.number).unwrap_or(&nothing);
        of_row(&mut verdict, row, arrived, rules);
    }
    for sent in &evidence.sent {
        let rows = by_number.get(&sent.number).map_or(&[][..], Vec::as_slice);
        of_client(&mut verdict, sent, rows, rules);
    }
    verdict
}

/// What a message's row must be beside what the operator saw.
fn of_row(verdict: &mut Verdict, row: &Stored, arrived: &Arrived, rules: &Rules) {
    let times = arrived.at_us.len();
    verdict.count("stored", 1);
    verdict.count("arrived", times);
    let (is_delivered, has_ended) = (row.state == "delivered", row.final_us.is_some());
    if is_delivered {
        verdict.count("delivered", 1);
        if times == 0 {
            verdict.found(Kind::Lost, format!("it is delivered, and never came to the operator: {row:?}"));
        }
    }
    if times > 1 {
        verdict.count("sent again", times - 1);
        if !row.may_be_twice || rules.is_code(row.number) {
            verdict.found(Kind::Duplicated, format!("it came {times} times to the operator: {row:?}"));
        }
    }
    if arrived.at_us.iter().any(|at| *at > row.expires_us + rules.late_us) {
        verdict.found(Kind::Late, format!("it came at {:?}: {row:?}", arrived.at_us));
    }
    if rules.at_rest && !has_ended && !rules.is_code(row.number) {
        verdict.found(Kind::Stuck, format!("it has not ended: {row:?}"));
    }
    if row.captured_micros > if is_delivered { row.price_micros } else { 0 } {
        verdict.found(Kind::DoubleBilled, format!("{row:?}"));
    }
    if has_ended && (is_delivered && row.captured_micros < row.price_micros || row.held_micros != 0) {
        verdict.found(Kind::Unbilled, format!("{row:?}"));
    }
    let times = [Some(row.accepted_us), row.submitted_us, row.final_us];
    if !rules.clock_is_set && !times.iter().flatten().is_sorted() {
        verdict.found(Kind::OutOfOrder, format!("its times run backwards: {row:?}"));
    }
    let told_by_operator = arrived.receipts.iter().any(|stat| stat == "DELIVRD");
    let may_fail = rules.all_may_fail || rules.may_fail.contains(&row.number);
    if has_ended && told_by_operator && !is_delivered && !may_fail {
        verdict.found(Kind::Lost, format!("the operator delivered it, and it ended otherwise: {row:?}"));
    }
}

/// What a client was told must be so.
fn of_client(verdict: &mut Verdict, sent: &Sent, rows: &[&Stored], rules: &Rules) {
    verdict.count("sent", 1);
    let id = match &sent.answer {
        None => return verdict.count("unanswered", 1),
        Some(Err(_)) => {
            verdict.count("refused", 1);
            if !rows.is_empty() {
                verdict.count("refused and taken all the same", 1);
            }
            return;
        }
        Some(Ok(id)) => id,
    };
    verdict.count("acknowledged", 1);
    let Some(row) = rows.iter().find(|row| row.id.to_string() == *id) else {
        return verdict.found(Kind::Lost, format!("it was acknowledged and is not there: {sent:?}"));
    };
    let may_fail = rules.all_may_fail || rules.is_code(row.number) || rules.may_fail.contains(&row.number);
    if row.final_us.is_some() && row.state != "delivered" && !may_fail {
        verdict.found(Kind::Failed, format!("{row:?}"));
    }
    if rules.told_is_unknown {
        return;
    }
    verdict.count("told", sent.told.len());
    let end = stat(&row.state);
    if sent.told.iter().any(|told| Some(told.as_str()) != end) {
        verdict.found(Kind::OutOfOrder, format!("its client was told {:?}: {row:?}", sent.told));
    }
    if rules.at_rest && row.final_us.is_some() && sent.told.is_empty() && !may_fail {
        verdict.found(Kind::Untold, format!("{row:?}"));
    }
}

/// As a receipt tells a state.
fn stat(state: &str) -> Option<&'static str> {
    Some(match state {
        "delivered" => "DELIVRD",
        "undelivered" | "failed" => "UNDELIV",
        "expired" => "EXPIRED",
        "rejected" => "REJECTD",
        "canceled" => "DELETED",
        _ => return None,
    })
}
