//! Clients that send messages, each to a number of its own, and write down everything that they are told.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use tokio::sync::watch;

use super::oracle::Sent;
use crate::scenario::smpp::Sm;
use crate::scenario::wait::until_true;
use crate::scenario::{Esme, message};

/// The first number; operators must not read them as magic ones (`magic = false`).
pub(super) const FIRST: u64 = 999_100_000_000;

/// All that was sent, over all sessions.
#[derive(Debug, Default)]
pub(super) struct Clients {
    next: AtomicU64,
    journal: Mutex<HashMap<u64, Sent>>,
}

impl Clients {
    /// Sends as fast as the window lets it until so many are sent or the session is over; returns when all are answered, or it is
    /// over.
    pub(super) async fn send(&self, esme: &Esme, count: usize) -> Result<()> {
        let mut by_token = HashMap::new();
        while by_token.len() < count {
            let number = FIRST + self.next.fetch_add(1, Ordering::Relaxed);
            if !self.send_to(esme, number, b"", &mut by_token).await {
                break;
            }
        }
        self.answered(esme, &by_token).await
    }

    /// The same until it is told to stop.
    pub(super) async fn send_until(&self, esme: &Esme, stop: watch::Receiver<bool>) -> Result<()> {
        let mut by_token = HashMap::new();
        while !*stop.borrow() {
            let number = FIRST + self.next.fetch_add(1, Ordering::Relaxed);
            if !self.send_to(esme, number, b"", &mut by_token).await {
                break;
            }
        }
        self.answered(esme, &by_token).await
    }

    /// The same to these numbers, valid for so many seconds.
    pub(super) async fn send_all(
        &self,
        esme: &Esme,
        numbers: impl IntoIterator<Item = u64>,
        validity_s: u32,
    ) -> Result<()> {
        let validity = format!("000000{:02}{:02}{:02}000R", validity_s / 3_600, validity_s / 60 % 60, validity_s % 60);
        let mut by_token = HashMap::new();
        for number in numbers {
            self.send_to(esme, number, validity.as_bytes(), &mut by_token).await;
        }
        self.answered(esme, &by_token).await
    }

    /// To one number; false when the session is over.
    pub(super) async fn send_to(
        &self,
        esme: &Esme,
        number: u64,
        validity: &[u8],
        by_token: &mut HashMap<u64, u64>,
    ) -> bool {
        self.journal().entry(number).or_insert_with(|| Sent { number, ..Sent::default() });
        let (to, text) = (number.to_string(), format!("message for {number}"));
        let sent = esme.send(Sm { validity_period: validity, ..message(&to, text.as_bytes()) }).await;
        sent.is_ok_and(|token| by_token.insert(token, number).is_none())
    }

    /// Waits for the answers to these, unless the session is over, and writes them down.
    pub(super) async fn answered(&self, esme: &Esme, by_token: &HashMap<u64, u64>) -> Result<()> {
        let all = || esme.look(|heard| heard.closed || by_token.keys().all(|token| heard.answers.contains_key(token)));
        until_true("every answer", async || Ok(all())).await?;
        let mut journal = self.journal();
        esme.look(|heard| {
            for (token, number) in by_token {
                if let (Some(answer), Some(sent)) = (heard.answers.get(token), journal.get_mut(number)) {
                    let is_ok = answer.status == 0;
                    sent.answer = Some(if is_ok { Ok(answer.message_id.clone()) } else { Err(answer.status) });
                }
            }
        });
        Ok(())
    }

    /// Writes down the receipts that a session was given; once for each session, when it is over: what comes later is in no journal.
    pub(super) fn heard(&self, esme: &Esme) {
        let mut journal = self.journal();
        for receipt in esme.heard().receipts {
            let number = receipt.source.trim_start_matches('+').parse().unwrap_or_default();
            if let Some(sent) = journal.get_mut(&number) {
                sent.told.push(receipt.stat);
            }
        }
    }

    /// Writes down a message that was taken otherwise than over SMPP, under this id.
    pub(super) fn took(&self, number: u64, id: &str) {
        self.journal().insert(number, Sent { number, answer: Some(Ok(id.to_owned())), told: Vec::new() });
    }

    /// Writes down what was sent and told otherwise than over SMPP.
    pub(super) fn note(&self, sent: Sent) {
        self.journal().insert(sent.number, sent);
    }

    /// How many were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        self.journal().values().filter(|sent| matches!(sent.answer, Some(Ok(_)))).count()
    }

    /// What was answered for a number.
    pub(super) fn answer(&self, number: u64) -> Option<Result<String, u32>> {
        self.journal().get(&number).and_then(|sent| sent.answer.clone())
    }

    /// All that was sent.
    pub(super) fn sent(&self) -> Vec<Sent> {
        self.journal().values().cloned().collect()
    }

    fn journal(&self) -> MutexGuard<'_, HashMap<u64, Sent>> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
