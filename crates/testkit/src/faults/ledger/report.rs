//! What a run did and what became of it, in numbers.

use std::collections::BTreeMap;

use serde::Serialize;

use super::books::Books;
use super::journal::{Answer, Journal, Order};
use super::oracle::Finding;

/// The figures of one run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Repeats the plan.
    pub seed: u64,
    /// `SQLite` or `PostgreSQL`.
    pub store: &'static str,
    /// What the binary says of itself.
    pub version: String,
    /// Clients that charge, and that send messages.
    pub clients: (usize, usize),
    /// Each fault, and how often it struck.
    pub strikes: BTreeMap<String, u32>,
    /// How often the platform was started.
    pub starts: u32,
    /// Holds and debits that were made, and messages that were accepted.
    pub charges: u64,
    /// Orders by kind: carried out and refused.
    pub orders: BTreeMap<&'static str, (u64, u64)>,
    /// Messages that were accepted.
    pub messages: u64,
    /// Requests that were never answered, each asked again.
    pub unanswered: u64,
    /// Requests that were told to come again.
    pub turned_away: u64,
    /// Requests that had their answer and were asked once more.
    pub asked_again: u64,
    /// Rows at the end, by table.
    pub stored: BTreeMap<&'static str, usize>,
    /// Findings by rule; none is the aim.
    pub findings: BTreeMap<&'static str, usize>,
    /// The first of them.
    pub first_findings: Vec<String>,
    /// What `sambac ledger check` and `verify` said.
    pub proofs: Vec<String>,
    /// From the first start to the last proof.
    pub elapsed_s: u64,
}

/// Findings that are written out.
const WRITTEN_MAX: usize = 20;

impl Report {
    /// Adds what clients saw.
    pub(super) fn count(&mut self, journals: &[Journal]) {
        for journal in journals {
            self.unanswered += journal.unanswered;
            self.turned_away += journal.turned_away;
            self.asked_again += journal.asked_again;
            self.messages += journal.messages.iter().flatten().count() as u64;
            for entry in &journal.entries {
                let counts = self.orders.entry(name(entry.order)).or_default();
                match entry.answer {
                    Some(Answer::Done(_)) => counts.0 += 1,
                    Some(Answer::Refused(_)) => counts.1 += 1,
                    None => {}
                }
            }
        }
        let made = ["debit", "hold"].map(|kind| self.orders.get(kind).map_or(0, |counts| counts.0));
        self.charges = made[0] + made[1] + self.messages;
    }

    /// Adds what is stored.
    pub(super) fn weigh(&mut self, books: &Books) {
        self.stored.insert("holds", books.holds.len());
        self.stored.insert("ledger_commands", books.commands.len());
        self.stored.insert("ledger_postings", books.postings.len());
        self.stored.insert("charges", books.charges.len());
        let mut blocks: Vec<_> = books.postings.iter().map(|posting| posting.block_id).collect();
        blocks.dedup();
        self.stored.insert("blocks with postings", blocks.len());
    }

    /// Adds what is wrong.
    pub(super) fn blame(&mut self, findings: Vec<Finding>) {
        for Finding { rule, text } in findings {
            *self.findings.entry(rule).or_default() += 1;
            if self.first_findings.len() < WRITTEN_MAX {
                self.first_findings.push(format!("{rule}: {text}"));
            }
        }
    }
}

fn name(order: Order) -> &'static str {
    match order {
        Order::Debit { .. } => "debit",
        Order::Hold { .. } => "hold",
        Order::Capture { keep_open: true, .. } => "capture and keep open",
        Order::Capture { micros: Some(_), .. } => "capture of a part",
        Order::Capture { .. } => "capture",
        Order::Void { .. } => "void",
        Order::Refund { .. } => "refund",
    }
}
