//! Messages that can be told apart everywhere: each goes to a number of its own, which client, database and journal share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use sambac_testkit::scenario::wait::until;
use sambac_testkit::scenario::{Charges, Database, Esme, Journal, message};

/// The first number; the simulator must not read them as magic ones (`magic = false`).
const FIRST: u64 = 999_100_000_000;

/// Sends messages, each to the next number, and remembers what was answered.
#[derive(Default)]
pub(crate) struct Load {
    sent: AtomicU64,
}

/// A message of which the platform said that it has it.
#[derive(Clone, Debug)]
pub(crate) struct Acknowledged {
    pub(crate) destination: u64,
    pub(crate) message_id: String,
}

impl Load {
    /// Sends as fast as the window allows until the session is over or `count` are sent; what was acknowledged is returned
    /// when every answer is there or the session has ended.
    pub(crate) async fn send(&self, esme: &Esme, count: usize) -> Result<Vec<Acknowledged>> {
        let mut by_token = HashMap::new();
        while by_token.len() < count {
            let destination = FIRST + self.sent.fetch_add(1, Ordering::Relaxed);
            let text = format!("message for {destination}");
            match esme.send(message(&destination.to_string(), text.as_bytes())).await {
                Ok(token) => by_token.insert(token, destination),
                Err(_) => break,
            };
        }
        let all = by_token.len();
        sambac_testkit::scenario::wait::until_true("every answer", async || {
            Ok(esme.look(|heard| heard.closed || heard.answers.len() >= all))
        })
        .await?;
        let answers = esme.heard().answers;
        let accepted = answers.into_iter().filter(|(_, answer)| answer.status == 0);
        let acknowledged = accepted.filter_map(|(token, answer)| {
            let destination = *by_token.get(&token)?;
            Some(Acknowledged { destination, message_id: answer.message_id })
        });
        Ok(acknowledged.collect())
    }
}

/// Waits until every message has ended: all were delivered, each was paid once, and the books are in order.
pub(crate) async fn all_delivered(database: &mut Database, count: usize, limit: Duration) -> Result<()> {
    until("every message ends", limit, async || Ok((database.open_messages().await? == 0).then_some(()))).await?;
    database.audit().await?;
    let total = i64::try_from(count)?;
    assert_eq!(database.messages().await?, [("delivered", total)].into());
    assert_eq!(database.charges().await?, Charges { captured: total, ..Charges::default() });
    Ok(())
}

/// How often each number arrived at the operator.
pub(crate) fn arrivals(journal: &Journal) -> HashMap<u64, usize> {
    let mut arrivals = HashMap::new();
    for line in journal.submits() {
        *arrivals.entry(line.destination.parse().unwrap_or_default()).or_insert(0) += 1;
    }
    arrivals
}

/// What the database holds of each number: the message's id, its state, and whether it may have been sent twice.
pub(crate) async fn stored(database: &mut Database) -> Result<HashMap<u64, (i64, i64, bool)>> {
    let sql = "SELECT m.destination, m.id, m.state, MAX(s.possible_duplicate) FROM messages m \
        JOIN segments s ON s.id >> 8 << 8 = m.id GROUP BY m.id";
    let rows: Vec<(i64, i64, i64, bool)> = database.rows(sql).await?;
    let row = |(destination, id, state, duplicate): (i64, i64, i64, bool)| {
        Ok((u64::try_from(destination)?, (id, state, duplicate)))
    };
    rows.into_iter().map(row).collect()
}
