//! A client that gives orders, comes again with the same key until it has an answer, and writes down everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::journal::{Answer, Done, Entry, Journal, Order, State};
use crate::scenario::{Reply, Rest, raw_id};

/// Where the platform listens now, while it does.
pub(super) type Service = watch::Receiver<Option<Where>>;

/// The two clients of a running platform.
#[derive(Clone, Debug)]
pub(super) struct Where {
    /// Charges.
    pub(super) charges: Rest,
    /// Messages.
    pub(super) messages: Rest,
}

/// What all clients share.
#[derive(Debug)]
pub(super) struct Aim {
    /// Ids of the accounts that are charged. The first is the hot one.
    pub(super) accounts: Vec<String>,
    /// Charges and messages there are to be.
    pub(super) target: u64,
    /// Charges and messages that were answered.
    pub(super) made: AtomicU64,
    /// Orders and messages that were answered, refusals too.
    pub(super) answered: AtomicU64,
    /// No fault is to come any more.
    pub(super) calm: AtomicBool,
}

/// A client of one kind or the other.
pub(super) struct Client {
    service: Service,
    aim: Arc<Aim>,
    chance: SmallRng,
    journal: Journal,
    /// Orders in one request at most.
    batch_max: usize,
}

/// Orders that are given at once, and how.
struct Request {
    first: usize,
    count: usize,
    linked: bool,
}

/// Before it comes again.
const PAUSE: Duration = Duration::from_millis(20);
/// In ten thousand, of what has its answer: asked again.
const AGAIN: u32 = 100;
/// One request in so many is made twice at once.
const TWICE: u32 = 50;

impl Aim {
    pub(super) fn new(accounts: Vec<String>, target: u64) -> Self {
        let (made, answered, calm) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
        Self { accounts, target, made, answered, calm }
    }

    /// Faults find load until the last of them.
    fn is_reached(&self) -> bool {
        self.calm.load(Ordering::Relaxed) && self.made.load(Ordering::Relaxed) >= self.target
    }
}

impl Client {
    pub(super) fn new(number: usize, seed: u64, service: Service, aim: Arc<Aim>, batch_max: usize) -> Self {
        let journal = Journal { client: number, ..Journal::default() };
        let chance = SmallRng::seed_from_u64(seed.wrapping_mul(1_000_003).wrapping_add(number as u64));
        Self { service, aim, chance, journal, batch_max }
    }

    /// Charges until there are enough of them; returns all that it has seen.
    pub(super) async fn charge(mut self) -> Result<Journal> {
        while !self.aim.is_reached() {
            let open = self.openings().await?;
            let open = self.endings(open, true).await?;
            let open = self.endings(open, false).await?;
            ensure!(open.is_empty(), "something is left open: {open:?}");
            self.refunds().await?;
            self.again().await?;
        }
        Ok(self.journal)
    }

    /// Sends messages until there are enough.
    pub(super) async fn send(mut self) -> Result<Journal> {
        while !self.aim.is_reached() {
            let place = self.journal.messages.len();
            self.journal.messages.push(None);
            let id = self.message(place).await?;
            self.journal.messages[place] = Some(id);
            self.aim.made.fetch_add(1, Ordering::Relaxed);
            self.aim.answered.fetch_add(1, Ordering::Relaxed);
            if self.chance.random_range(0..10_000) < AGAIN {
                let place = self.chance.random_range(0..=place);
                let again = self.message(place).await?;
                self.journal.asked_again += 1;
                if self.journal.messages[place] != Some(again) {
                    let key = self.journal.message_key(place);
                    self.journal
                        .contradictions
                        .push(format!("{key}: {:?}, then {again}", self.journal.messages[place]));
                }
            }
        }
        Ok(self.journal)
    }

    /// Holds and debits of one account, in one request; returns the holds that are open.
    async fn openings(&mut self) -> Result<Vec<(usize, Done)>> {
        let count = if self.chance.random_ratio(1, 4) { 1 } else { self.chance.random_range(2..=self.batch_max) };
        let linked = count < 20 && self.chance.random_ratio(1, 3);
        // One in three goes to the hot account.
        let hot = self.chance.random_ratio(1, 3);
        let account = if hot { 0 } else { self.chance.random_range(0..self.aim.accounts.len()) };
        let orders = (0..count).map(|_| {
            let micros = self.chance.random_range(1..500_000);
            if self.chance.random_ratio(1, 4) {
                Order::Debit { micros }
            } else {
                let expires_in_s = if self.chance.random_ratio(1, 200) { 1 } else { 3_600 };
                Order::Hold { micros, expires_in_s }
            }
        });
        let orders: Vec<_> = orders.collect();
        let done = self.order(account, orders, linked).await?;
        self.aim.made.fetch_add(done.len() as u64, Ordering::Relaxed);
        Ok(done.into_iter().filter(|(place, done)| done.state == State::Open && !self.is_left(*place)).collect())
    }

    /// Whether a hold was made to be left until its time is over.
    fn is_left(&self, place: usize) -> bool {
        matches!(self.journal.entries[place].order, Order::Hold { expires_in_s: 1, .. })
    }

    /// Takes and gives back what is open; returns what is open still. With `parts`, some of it is taken in parts.
    async fn endings(&mut self, open: Vec<(usize, Done)>, parts: bool) -> Result<Vec<(usize, Done)>> {
        let Some(first) = open.first() else { return Ok(open) };
        let account = self.journal.entries[first.0].account;
        let orders = open.iter().map(|(_, done)| {
            let (hold, left) = (done.hold, done.amount - done.captured);
            let part = || Some(left / 3).filter(|part| *part > 0);
            match self.chance.random_range(0..10) {
                0..=1 => Order::Void { hold },
                2 if parts && left >= 3 => Order::Capture { hold, micros: part(), keep_open: true },
                3..=4 => Order::Capture { hold, micros: part(), keep_open: false },
                // More than there is: refused, and then ended.
                5 if parts && self.chance.random_ratio(1, 20) => {
                    Order::Capture { hold, micros: Some(left + 1), keep_open: false }
                }
                _ => Order::Capture { hold, micros: None, keep_open: false },
            }
        });
        let orders: Vec<_> = orders.collect();
        let done = self.order(account, orders, false).await?;
        let ended = |hold: i64| done.iter().any(|(_, done)| done.hold == hold && done.state != State::Open);
        let latest = |hold: i64| done.iter().find(|(_, done)| done.hold == hold).map(|(_, done)| *done);
        let open = open.into_iter().filter(|(_, before)| !ended(before.hold));
        Ok(open.map(|(place, before)| (place, latest(before.hold).unwrap_or(before))).collect())
    }

    /// Gives back some of what was taken last.
    async fn refunds(&mut self) -> Result<()> {
        let from = self.journal.entries.len().saturating_sub(self.batch_max);
        let mut wanted: Vec<(usize, i64)> = Vec::new();
        for entry in &self.journal.entries[from..] {
            let Some(Answer::Done(done)) = &entry.answer else { continue };
            let is_new = !wanted.iter().any(|(_, hold)| *hold == done.hold);
            if done.state == State::Captured && is_new && self.chance.random_ratio(1, 10) {
                wanted.push((entry.account, done.hold));
            }
        }
        let Some((account, _)) = wanted.first().copied() else { return Ok(()) };
        wanted.retain(|(other, _)| *other == account);
        let part = |chance: &mut SmallRng| chance.random_ratio(1, 2).then(|| chance.random_range(1..1_000));
        let orders = wanted.iter().map(|(_, hold)| Order::Refund { hold: *hold, micros: part(&mut self.chance) });
        let orders: Vec<_> = orders.collect();
        self.order(account, orders, false).await.map(drop)
    }

    /// Asks once more for something that has its answer: it must be the same.
    async fn again(&mut self) -> Result<()> {
        if self.chance.random_ratio(1, 20) && !self.journal.entries.is_empty() {
            let first = self.chance.random_range(0..self.journal.entries.len());
            self.journal.asked_again += 1;
            self.ask(&Request { first, count: 1, linked: false }).await?;
        }
        Ok(())
    }

    /// Gives orders, and returns those that were carried out.
    async fn order(&mut self, account: usize, orders: Vec<Order>, linked: bool) -> Result<Vec<(usize, Done)>> {
        let (first, count) = (self.journal.entries.len(), orders.len());
        self.journal.entries.extend(orders.into_iter().map(|order| Entry { account, order, answer: None }));
        self.ask(&Request { first, count, linked }).await?;
        self.aim.answered.fetch_add(count as u64, Ordering::Relaxed);
        let answered = self.journal.entries[first..].iter().zip(first..);
        Ok(answered
            .filter_map(|(entry, place)| match &entry.answer {
                Some(Answer::Done(done)) => Some((place, *done)),
                _ => None,
            })
            .collect())
    }

    /// Asks until there is an answer to each.
    async fn ask(&mut self, request: &Request) -> Result<()> {
        let Request { first, count, linked } = *request;
        let alone = count == 1 && !linked && self.chance.random_ratio(1, 2);
        let (path, body, key) = if alone { self.single(first) } else { self.batch(request) };
        let call = Call { is_message: false, path, body: &body, key: &key };
        if !self.chance.random_ratio(1, TWICE) {
            let reply = answer(&self.service, &mut self.journal, &call).await?;
            return self.write_down(request, alone, &reply);
        }
        // A client that is impatient asks twice at once, and must be answered the same.
        let mut beside = Journal::default();
        let (one, other) =
            tokio::join!(answer(&self.service, &mut self.journal, &call), answer(&self.service, &mut beside, &call));
        self.journal.unanswered += beside.unanswered;
        self.journal.turned_away += beside.turned_away;
        self.journal.asked_again += 1;
        self.write_down(request, alone, &one?)?;
        self.write_down(request, alone, &other?)
    }

    fn write_down(&mut self, request: &Request, alone: bool, reply: &Reply) -> Result<()> {
        let Request { first, count, .. } = *request;
        if alone {
            self.journal.answered(first, Answer::read(reply.status, &reply.body, &reply.body)?);
            return Ok(());
        }
        ensure!(reply.status == 200, "{}: {}", reply.status, reply.text);
        let results = reply.body["charges"].as_array().context("no results")?;
        ensure!(results.len() == count, "{} answers to {count} orders", results.len());
        for (place, result) in (first..).zip(results) {
            let status = u16::try_from(result["status"].as_u64().context("no status")?)?;
            self.journal.answered(place, Answer::read(status, &result["charge"], &result["problem"])?);
        }
        Ok(())
    }

    fn single(&self, place: usize) -> (&'static str, Value, String) {
        let entry = &self.journal.entries[place];
        ("/charges", entry.order.to_json(&self.aim.accounts[entry.account]), self.journal.key(place))
    }

    fn batch(&self, request: &Request) -> (&'static str, Value, String) {
        let orders = (request.first..request.first + request.count).map(|place| {
            let (_, mut order, key) = self.single(place);
            order["key"] = json!(key);
            order
        });
        let orders: Vec<_> = orders.collect();
        ("/charges/batch", json!({ "linked": request.linked, "charges": orders }), String::new())
    }

    async fn message(&mut self, place: usize) -> Result<i64> {
        let key = self.journal.message_key(place);
        let body = json!({ "to": "+447700900123", "from": "Bank", "text": key, "class": "transactional" });
        let call = Call { is_message: true, path: "/v1/sms/send", body: &body, key: &key };
        let reply = answer(&self.service, &mut self.journal, &call).await?;
        ensure!(reply.status == 202, "{}: {}", reply.status, reply.text);
        raw_id(reply.body["message_id"].as_str().context("no message_id")?)
    }
}

/// A request that may be sent many times.
struct Call<'a> {
    is_message: bool,
    path: &'a str,
    body: &'a Value,
    /// Empty: the orders have keys of their own.
    key: &'a str,
}

/// Asks the platform, wherever it is, until it says something else than to come again.
async fn answer(service: &Service, journal: &mut Journal, call: &Call<'_>) -> Result<Reply> {
    let Call { is_message, path, body, key } = *call;
    let mut service = service.clone();
    let header = [("idempotency-key", key)];
    let headers = if key.is_empty() { &[][..] } else { &header[..] };
    loop {
        let here = service.wait_for(Option::is_some).await?.clone().context("it was just there")?;
        let rest = if is_message { &here.messages } else { &here.charges };
        match rest.post(path, body, headers).await {
            Ok(reply) if reply.status >= 500 || reply.status == 429 => journal.turned_away += 1,
            // The first of two with one key is still on its way.
            Ok(reply) if reply.body["code"] == "idempotency_in_progress" => journal.turned_away += 1,
            Ok(reply) => return Ok(reply),
            Err(_) => journal.unanswered += 1,
        }
        tokio::time::sleep(PAUSE).await;
    }
}
