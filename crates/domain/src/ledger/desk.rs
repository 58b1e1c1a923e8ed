//! Carries out commands from outside against the wallets of a [`Book`]: each once, linked ones all or none.
//!
//! A desk knows the holds and the earlier answers that its commands are about: its user brings them before, and stores
//! what is new afterwards.

use std::collections::HashMap;

use super::balance::PostingKind;
use super::book::{Book, Mark, Refused};
use super::command::{Answer, Command, Done, HoldWord, Order, Refusal, Verb};
use super::hold::{Hold, HoldRefused, Step};
use crate::id::{AccountId, HoldId, PostingId};
use crate::money::Currency;
use crate::time::Timestamp;

/// What is known of the commands at hand.
#[derive(Debug, Default)]
pub struct Desk {
    holds: HashMap<HoldId, KnownHold>,
    answers: HashMap<(AccountId, String), (String, Answer)>,
    new: Vec<Answered>,
}

/// A hold, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownHold {
    /// Who asked for it.
    pub account: AccountId,
    /// Whose wallet pays for it.
    pub payer: AccountId,
    /// Of its amounts.
    pub currency: Currency,
    /// The hold itself.
    pub hold: Hold,
}

/// An answer that is not stored yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Whose key.
    pub account: AccountId,
    /// The key.
    pub key: String,
    /// Of the request.
    pub fingerprint: String,
    /// What was asked for.
    pub verb: Verb,
    /// The hold that it made or was about.
    pub hold: Option<HoldId>,
    /// What is answered, now and whenever it is asked again.
    pub answer: Answer,
    /// What it moved.
    pub moved: Vec<Moved>,
}

/// A part of a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The posting that it is a part of.
    pub posting: PostingId,
    /// Which way and how much.
    pub step: Step,
}

/// Where new ids come from, and what time it is.
pub struct Now<'a> {
    /// Gives an id that nobody has.
    pub next_id: &'a mut dyn FnMut() -> i64,
    /// The time of the batch.
    pub at: Timestamp,
}

impl Desk {
    /// A hold that commands are about.
    pub fn know_hold(&mut self, id: HoldId, hold: KnownHold) {
        self.holds.insert(id, hold);
    }

    /// The answer that a key was given before.
    pub fn know_answer(&mut self, account: AccountId, key: String, fingerprint: String, answer: Answer) {
        self.answers.insert((account, key), (fingerprint, answer));
    }

    /// A hold as it is now.
    pub fn hold(&self, id: HoldId) -> Option<&KnownHold> {
        self.holds.get(&id)
    }

    /// The answers that are not stored yet.
    pub fn new_answers(&self) -> &[Answered] {
        &self.new
    }

    /// They are stored.
    pub fn stored(&mut self) {
        self.new.clear();
    }

    /// Carries out one command, or gives the answer that it was given before. True: it was given before.
    pub fn run(&mut self, book: &mut Book, command: &Command, now: &mut Now<'_>) -> (Answer, bool) {
        if let Some(answer) = self.earlier(command) {
            return (answer, true);
        }
        let (answer, hold, moved) = self.decide(book, command, now);
        self.keep(command, hold, answer, moved);
        (answer, false)
    }

    /// Carries out all of these, or none. When one is refused, so are the others, for good; a group of which only a part was
    /// carried out or refused before is another group, and refused without being kept.
    pub fn run_linked(&mut self, book: &mut Book, commands: &[Command], now: &mut Now<'_>) -> Vec<(Answer, bool)> {
        let earlier: Vec<_> = commands.iter().map(|command| self.earlier(command)).collect();
        if earlier.iter().any(Option::is_some) || twice_the_same_key(commands) {
            let whole = earlier.iter().all(Option::is_some);
            let given = |answer: Option<Answer>| (answer.filter(|_| whole).unwrap_or(Err(Refusal::KeyUsed)), whole);
            return earlier.into_iter().map(given).collect();
        }
        let (mark, kept) = (book.mark(), self.new.len());
        let before: Vec<_> = commands.iter().filter_map(|command| command.order.hold()).collect();
        let before: Vec<_> = before.into_iter().filter_map(|id| Some((id, *self.holds.get(&id)?))).collect();
        let mut answers = Vec::with_capacity(commands.len());
        for command in commands {
            let (answer, hold, moved) = self.decide(book, command, now);
            self.keep(command, hold, answer, moved);
            answers.push((answer, false));
            if answer.is_err() {
                self.undo(book, mark, kept, &before);
                return self.refuse_all(commands, answers.len() - 1, answer);
            }
        }
        answers
    }

    /// The time of a hold is over: what is left of it goes back. The key is one that no client can have.
    pub fn expire(&mut self, book: &mut Book, id: HoldId, now: &mut Now<'_>) -> Option<Done> {
        let known = self.holds.get_mut(&id)?;
        let mut hold = known.hold;
        let step = hold.expire(now.at).ok()?;
        let posting = post(book, known.payer, step, now).ok()?;
        known.hold = hold;
        let done = Done::new(Verb::Expire, id, &hold, step.micros, known.currency, now.at);
        let (account, key) = (known.account, format!(" expire {id}"));
        let moved = vec![Moved { posting, step }];
        let (verb, answer) = (Verb::Expire, Ok(done));
        self.new.push(Answered { account, key, fingerprint: String::new(), verb, hold: Some(id), answer, moved });
        Some(done)
    }

    fn earlier(&self, command: &Command) -> Option<Answer> {
        let (fingerprint, answer) = self.answers.get(&(command.account, command.key.clone()))?;
        Some(if *fingerprint == command.fingerprint { *answer } else { Err(Refusal::KeyUsed) })
    }

    fn keep(&mut self, command: &Command, hold: Option<HoldId>, answer: Answer, moved: Vec<Moved>) {
        let Command { account, key, fingerprint, order } = command.clone();
        self.answers.insert((account, key.clone()), (fingerprint.clone(), answer));
        self.new.push(Answered { account, key, fingerprint, verb: order.verb(), hold, answer, moved });
    }

    fn undo(&mut self, book: &mut Book, mark: Mark, kept: usize, before: &[(HoldId, KnownHold)]) {
        book.roll_back(mark);
        for answered in self.new.drain(kept..) {
            self.answers.remove(&(answered.account, answered.key));
            if let Some(made) = answered.hold {
                self.holds.remove(&made);
            }
        }
        self.holds.extend(before.iter().copied());
    }

    fn refuse_all(&mut self, commands: &[Command], refused: usize, own: Answer) -> Vec<(Answer, bool)> {
        let refuse = |(place, command): (usize, &Command)| {
            let answer = if place == refused { own } else { Err(Refusal::Linked(refused)) };
            let known = command.order.hold().filter(|id| self.holds.contains_key(id));
            self.keep(command, known, answer, Vec::new());
            (answer, false)
        };
        commands.iter().enumerate().map(refuse).collect()
    }

    fn decide(
        &mut self,
        book: &mut Book,
        command: &Command,
        now: &mut Now<'_>,
    ) -> (Answer, Option<HoldId>, Vec<Moved>) {
        let mark = book.mark();
        let decided = match command.order {
            Order::Debit { micros } => self.set_aside(book, command, Hold::taken(micros), PostingKind::Debit, now),
            Order::Hold { micros, expires_at } => {
                self.set_aside(book, command, Hold::open(micros, expires_at), PostingKind::Hold, now)
            }
            Order::Capture { hold, micros, last } => {
                self.change(book, command, hold, now, |hold, at| hold.capture(micros, last, at).map(Vec::from))
            }
            Order::Void { hold } => self.change(book, command, hold, now, |hold, _| hold.void().map(|step| vec![step])),
            Order::Refund { hold, micros } => {
                self.change(book, command, hold, now, |hold, _| hold.refund(micros).map(|step| vec![step]))
            }
        };
        match decided {
            Ok((done, moved)) => (Ok(done), Some(done.hold), moved),
            Err(refusal) => {
                book.roll_back(mark);
                let known = command.order.hold().filter(|id| self.holds.contains_key(id));
                (Err(refusal), known, Vec::new())
            }
        }
    }

    fn set_aside(
        &mut self,
        book: &mut Book,
        command: &Command,
        hold: Hold,
        kind: PostingKind,
        now: &mut Now<'_>,
    ) -> Result<(Done, Vec<Moved>), Refusal> {
        let (account, micros) = (command.account, hold.amount_micros);
        let payer = book.payer(account);
        let currency = book.balance(account).ok_or(Refusal::NoWallet)?.currency;
        if micros <= 0 {
            return Err(Refusal::Nothing);
        }
        let step = Step { kind, micros };
        let posting = post(book, payer, step, now)?;
        let id = HoldId::from_raw((now.next_id)());
        self.holds.insert(id, KnownHold { account, payer, currency, hold });
        let done = Done::new(command.order.verb(), id, &hold, micros, currency, now.at);
        Ok((done, vec![Moved { posting, step }]))
    }

    fn change(
        &mut self,
        book: &mut Book,
        command: &Command,
        id: HoldId,
        now: &mut Now<'_>,
        change: impl FnOnce(&mut Hold, Timestamp) -> Result<Vec<Step>, HoldRefused>,
    ) -> Result<(Done, Vec<Moved>), Refusal> {
        let known = self.holds.get_mut(&id).filter(|known| known.account == command.account);
        let known = known.ok_or(Refusal::UnknownHold)?;
        let mut hold = known.hold;
        let steps = change(&mut hold, now.at)?;
        let mut moved = Vec::with_capacity(steps.len());
        for step in steps.into_iter().filter(|step| step.micros > 0) {
            moved.push(Moved { posting: post(book, known.payer, step, now)?, step });
        }
        known.hold = hold;
        let micros = moved.first().map_or(0, |moved| moved.step.micros);
        Ok((Done::new(command.order.verb(), id, &hold, micros, known.currency, now.at), moved))
    }
}

fn post(book: &mut Book, payer: AccountId, step: Step, now: &mut Now<'_>) -> Result<PostingId, Refusal> {
    Ok(book.post(payer, step.kind, step.micros, || PostingId::from_raw((now.next_id)()))?)
}

fn twice_the_same_key(commands: &[Command]) -> bool {
    let mut keys: Vec<_> = commands.iter().map(|command| (command.account, command.key.as_str())).collect();
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair[0] == pair[1])
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NoWallet => Self::NoWallet,
            Refused::Insufficient => Self::Insufficient,
            Refused::Impossible => Self::TooLarge,
        }
    }
}

impl From<HoldRefused> for Refusal {
    fn from(refused: HoldRefused) -> Self {
        match refused {
            HoldRefused::Ended(state) => Self::Ended(HoldWord(state)),
            HoldRefused::Expired => Self::Overdue,
            HoldRefused::AboveLeft(left) => Self::AboveLeft(left),
            HoldRefused::Nothing => Self::Nothing,
        }
    }
}

#[cfg(test)]
mod tests;
