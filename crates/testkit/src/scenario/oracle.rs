//! What must hold at every moment, also right after a crash: money adds up, and no message is half ended.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use super::Database;

/// How many charges are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charges {
    /// For messages on their way.
    pub held: i64,
    /// Paid.
    pub captured: i64,
    /// Given back.
    pub voided: i64,
}

/// Queries that must give no row, and what a row of theirs would mean. Each gives `(id, found, expected)`.
const RULES: [(&str, &str); 11] = [
    (
        "the balances of a currency do not add up to zero",
        "SELECT 0, SUM(balance_micros), 0 FROM balances GROUP BY currency HAVING SUM(balance_micros) <> 0",
    ),
    (
        "a balance is not the sum of its postings",
        "SELECT b.id, b.balance_micros, COALESCE(SUM(CASE WHEN p.credit_id = b.id THEN p.amount_micros \
            WHEN p.debit_id = b.id THEN -p.amount_micros END), 0) AS posted FROM balances b \
            LEFT JOIN ledger_postings p ON b.id IN (p.credit_id, p.debit_id) \
            GROUP BY b.id HAVING b.balance_micros <> posted",
    ),
    (
        "a hold is not the sum of its charges and commands",
        // Summed once: a look at each posting's own charges took longer than the rest of all rules together.
        "WITH parts AS (SELECT hold_posting_id AS posting, amount_micros AS micros FROM charges \
                UNION ALL SELECT posting_id, amount_micros FROM ledger_commands), \
            sums AS (SELECT posting, SUM(micros) AS charged FROM parts GROUP BY posting) \
            SELECT p.id, p.amount_micros, COALESCE(s.charged, 0) AS charged \
            FROM ledger_postings p LEFT JOIN sums s ON s.posting = p.id \
            WHERE p.kind = 'hold' AND p.amount_micros <> COALESCE(s.charged, 0)",
    ),
    (
        "a capture or void is not the sum of its charges and commands",
        "WITH parts AS (SELECT settle_posting_id AS posting, amount_micros AS micros FROM charges \
                UNION ALL SELECT posting_id, amount_micros FROM ledger_commands \
                UNION ALL SELECT release_posting_id, released_micros FROM ledger_commands), \
            sums AS (SELECT posting, SUM(micros) AS charged FROM parts GROUP BY posting) \
            SELECT p.id, p.amount_micros, COALESCE(s.charged, 0) AS charged \
            FROM ledger_postings p LEFT JOIN sums s ON s.posting = p.id \
            WHERE p.kind IN ('capture', 'void', 'expire') AND p.amount_micros <> COALESCE(s.charged, 0)",
    ),
    (
        "a charge names a posting that is not there",
        // Nothing is moved for a price of zero.
        "SELECT c.id, c.state, 0 FROM charges c LEFT JOIN ledger_postings h ON h.id = c.hold_posting_id \
            LEFT JOIN ledger_postings s ON s.id = c.settle_posting_id \
            LEFT JOIN ledger_postings k ON k.id = c.correct_posting_id \
            WHERE c.amount_micros > 0 AND (h.id IS NULL OR (c.state = 0) <> (c.settle_posting_id IS NULL) OR (c.state <> 0 AND s.id IS NULL) \
            OR (c.state = 3) <> (c.correct_posting_id IS NOT NULL) OR (c.state = 3 AND k.id IS NULL))",
    ),
    (
        "what is held is not the sum of what is open",
        "SELECT b.id, b.balance_micros, \
            (SELECT COALESCE(SUM(c.amount_micros), 0) FROM charges c \
                WHERE COALESCE(c.wallet_of, c.account_id) = b.account_id AND c.currency = b.currency AND c.state = 0) \
            + (SELECT COALESCE(SUM(h.amount_micros - h.captured_micros), 0) FROM holds h \
                WHERE h.payer_id = b.account_id AND h.currency = b.currency AND h.state = 0) AS unsettled \
            FROM balances b WHERE b.kind = 'held' AND b.balance_micros <> unsettled",
    ),
    (
        "a hold has more captured than was held, or more refunded than captured",
        "SELECT id, captured_micros, amount_micros FROM holds WHERE captured_micros > amount_micros \
            OR refunded_micros > captured_micros OR refunded_micros < 0 OR captured_micros < 0",
    ),
    (
        "a segment was captured without being delivered, or delivered without being captured",
        // Money follows the first end, which the CDR keeps, until a correction says otherwise.
        "SELECT d.id, d.state, c.state FROM cdr_sms d JOIN charges c ON c.id = d.id \
            WHERE c.policy = 2 AND c.state <> 3 AND c.state <> CASE WHEN d.state IN (6, 12) THEN 1 ELSE 2 END",
    ),
    (
        "a segment has another end than its CDR, and no correction tells why",
        "SELECT s.id, s.state, d.state FROM segments s JOIN cdr_sms d ON d.id = s.id WHERE s.state <> d.state \
            AND NOT EXISTS (SELECT 1 FROM message_events e WHERE e.message_id = s.id >> 8 << 8 \
                AND e.segment_no = (s.id & 255) AND e.kind = 'receipt_corrected' AND e.detail IS NOT NULL)",
    ),
    (
        "a charge was settled before its message ended",
        "SELECT m.id, c.id, c.state FROM messages m JOIN charges c ON c.id >> 8 << 8 = m.id \
            WHERE c.policy = 2 AND (m.final_at IS NULL) <> (c.state = 0)",
    ),
    (
        "an ended segment has not exactly one CDR, or an open one has one",
        "SELECT s.id, (SELECT COUNT(*) FROM cdr_sms d WHERE d.id = s.id) AS cdrs, m.final_at IS NOT NULL AS ended \
            FROM segments s JOIN messages m ON m.id = s.id >> 8 << 8 WHERE cdrs <> ended",
    ),
];

impl Database {
    /// Checks every rule over the whole database.
    ///
    /// # Errors
    /// Says which rules are broken, with the first cases of each.
    pub async fn audit(&mut self) -> Result<()> {
        let mut findings = Vec::new();
        for (meaning, sql) in RULES {
            let rows: Vec<(i64, i64, i64)> = self.rows(sql).await?;
            if !rows.is_empty() {
                let cases =
                    rows.iter().take(3).map(|(id, found, expected)| format!("{id}: {found}, expected {expected}"));
                findings.push(format!("{meaning} ({} times): {}", rows.len(), cases.collect::<Vec<_>>().join("; ")));
            }
        }
        ensure!(findings.is_empty(), "the database does not add up:\n  {}", findings.join("\n  "));
        Ok(())
    }

    /// How many charges are in each state.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn charges(&mut self) -> Result<Charges> {
        let rows: Vec<(i64, i64)> = self.rows("SELECT state, COUNT(*) FROM charges GROUP BY state").await?;
        let by_state: BTreeMap<_, _> = rows.into_iter().collect();
        let count = |state| by_state.get(&state).copied().unwrap_or_default();
        Ok(Charges { held: count(0), captured: count(1), voided: count(2) })
    }

    /// A balance of the only account, in micros: `wallet`, `held`, or of the platform: `revenue`, `funding`.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn balance(&mut self, kind: &str) -> Result<i64> {
        self.number(&format!("SELECT SUM(balance_micros) FROM balances WHERE kind = '{kind}'")).await
    }
}
