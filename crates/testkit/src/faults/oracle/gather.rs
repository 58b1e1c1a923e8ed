//! Evidence as it is found: an operator's journal, and a database of either kind.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use futures_util::TryStreamExt as _;
use sambac_domain::MessageState;
use sqlx::AssertSqlSafe;

use super::{Arrived, Stored};
use crate::faults::ledger::Reader;
use crate::faults::ledger::books::{Connection, each};
use crate::scenario::Journal;

/// What an operator saw, by number.
pub fn arrivals(journal: &Journal) -> HashMap<u64, Arrived> {
    let mut arrived: HashMap<u64, Arrived> = HashMap::new();
    let (mut by_request, mut by_id) = (HashMap::new(), HashMap::new());
    for line in &journal.0 {
        match line.event.as_str() {
            "submit" => {
                let number: u64 = line.destination.parse().unwrap_or_default();
                arrived.entry(number).or_default().at_us.push(line.at_us);
                by_request.insert((line.session, line.sequence), number);
            }
            "answer" if line.status != 0 => {
                // It was refused: the operator has not got it.
                let number = by_request.get(&(line.session, line.sequence));
                if let Some(arrived) = number.and_then(|number| arrived.get_mut(number)) {
                    arrived.at_us.pop();
                }
            }
            "answer" if line.status == 0 => {
                let number = by_request.get(&(line.session, line.sequence)).copied().unwrap_or_default();
                by_id.insert(line.message_id.as_str(), number);
            }
            "receipt" => {
                let number = by_id.get(line.message_id.as_str()).copied();
                if let Some(arrived) = number.and_then(|number| arrived.get_mut(&number)) {
                    arrived.receipts.push(line.stat.clone());
                }
            }
            _ => {}
        }
    }
    arrived
}

/// What is stored.
///
/// # Errors
/// When a query fails or its rows are of another shape.
pub async fn stored(reader: &mut Reader) -> Result<Vec<Stored>> {
    let mut rows: HashMap<i64, Stored> = HashMap::new();
    each!(reader, MESSAGES, |row: (i64, i64, i64, i64, i64, Option<i64>)| {
        let (id, number, state, accepted_us, expires_us, final_us) = row;
        let state = i16::try_from(state).ok().and_then(MessageState::from_code).map_or("?", MessageState::as_str);
        let (number, state) = (number.unsigned_abs(), state.to_owned());
        rows.insert(id, Stored { id, number, state, accepted_us, expires_us, final_us, ..Stored::default() });
    });
    each!(reader, SEGMENTS, |row: (i64, i64, Option<i64>, i64, i64, i64)| {
        let (id, twice, submitted_us, price_micros, captured_micros, held_micros) = row;
        let own = rows.get_mut(&id).with_context(|| format!("segments without a message: {id}"))?;
        (own.may_be_twice, own.submitted_us) = (twice > 0, submitted_us);
        (own.price_micros, own.captured_micros, own.held_micros) = (price_micros, captured_micros, held_micros);
    });
    Ok(rows.into_values().collect())
}

const MESSAGES: &str = "SELECT id, destination, CAST(state AS BIGINT), accepted_at, expires_at, final_at FROM messages";
const SEGMENTS: &str = "SELECT s.id / 256 * 256, CAST(SUM(CASE WHEN s.possible_duplicate THEN 1 ELSE 0 END) AS BIGINT),
    MAX(s.submitted_at), CAST(COALESCE(SUM(c.amount_micros), 0) AS BIGINT),
    CAST(COALESCE(SUM(c.captured_micros), 0) AS BIGINT),
    CAST(COALESCE(SUM(CASE WHEN c.state = 0 THEN c.amount_micros ELSE 0 END), 0) AS BIGINT)
    FROM segments s LEFT JOIN charges c ON c.id = s.id GROUP BY s.id / 256 * 256";
