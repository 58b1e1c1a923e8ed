//! What must hold of the books by themselves, whatever anybody was answered.

use std::collections::{BTreeMap, HashMap};

use super::books::Balance;
use super::oracle::Bench;

impl Bench<'_> {
    /// Every posting is the sum of what names it.
    pub(super) fn postings(&mut self) {
        let mut named: HashMap<i64, i64> = HashMap::new();
        let mut name = |posting: Option<i64>, micros: i64| {
            if let Some(posting) = posting {
                *named.entry(posting).or_default() += micros;
            }
        };
        for row in &self.books.commands {
            name(row.posting_id, row.micros);
            name(row.release_posting_id, row.released);
        }
        for charge in &self.books.charges {
            name(Some(charge.hold_posting), charge.micros);
            name(charge.settle_posting, charge.micros);
        }
        for posting in
            self.books.postings.iter().filter(|posting| posting.kind != "credit" && posting.kind != "correct")
        {
            let sum = named.remove(&posting.id).unwrap_or_default();
            if sum != posting.micros {
                self.found("a posting is not the sum of its parts", format!("{posting:?}: {sum}"));
            }
        }
    }

    /// Every balance is the sum of its postings, and all of them are zero together.
    pub(super) fn sums(&mut self) {
        let mut sums: BTreeMap<i64, i64> = BTreeMap::new();
        for posting in &self.books.postings {
            *sums.entry(posting.debit_id).or_default() -= posting.micros;
            *sums.entry(posting.credit_id).or_default() += posting.micros;
        }
        for balance in &self.books.balances {
            let sum = sums.get(&balance.id).copied().unwrap_or_default();
            if sum != balance.micros {
                self.found("a balance is not the sum of its postings", format!("{balance:?}: {sum}"));
            }
        }
        let all: i64 = self.books.balances.iter().map(|balance| balance.micros).sum();
        if all != 0 {
            self.found("the balances do not add up to zero", all.to_string());
        }
    }

    /// After no block was a wallet below what it may go to. Payments were there first.
    pub(super) fn limits(&mut self) {
        let wallets: HashMap<i64, &Balance> =
            self.books.balances.iter().filter(|one| one.kind == "wallet").map(|one| (one.id, one)).collect();
        let mut now = self.credits();
        let mut low = Vec::new();
        for block in self.books.postings.chunk_by(|a, b| a.block_id == b.block_id) {
            let mut touched = Vec::new();
            for posting in block.iter().filter(|posting| posting.kind != "credit") {
                for (id, change) in [(posting.debit_id, -posting.micros), (posting.credit_id, posting.micros)] {
                    if wallets.contains_key(&id) {
                        *now.entry(id).or_default() += change;
                        touched.push(id);
                    }
                }
            }
            for id in touched {
                let (micros, wallet) = (now.get(&id).copied().unwrap_or_default(), wallets.get(&id));
                if let Some(wallet) = wallet.filter(|wallet| micros < -wallet.credit_limit_micros) {
                    low.push(format!("{}: {micros} after block {}", wallet.account, block[0].block_id));
                }
            }
        }
        low.into_iter().for_each(|text| self.found("a wallet went below its limit", text));
    }

    /// What was paid into each wallet.
    pub(super) fn credits(&self) -> HashMap<i64, i64> {
        let mut credits = HashMap::new();
        for posting in self.books.postings.iter().filter(|posting| posting.kind == "credit") {
            *credits.entry(posting.credit_id).or_default() += posting.micros;
        }
        credits
    }
}
