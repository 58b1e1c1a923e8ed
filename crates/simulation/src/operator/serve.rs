//! One link of an operator: binds, takes messages, answers as its mood is, and tells receipts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sambac_smpp::{CommandStatus, Event, Events, Frame, Header, Pdu, Session, SessionConfig, Sm, SmResp, esm_class};
use tokio::io::DuplexStream;

use super::receipt::{Parties, Receipt};
use super::{Copy, Memory};
use crate::weather::Mood;
use crate::world::{World, locked};

/// Receipts that may be unanswered at a time.
const WINDOW: u16 = 20;
/// How long to wait when there is no receipt to tell.
const LONG: Duration = Duration::from_secs(86_400);
/// How long a receipt rests that was not acknowledged.
const AGAIN: Duration = Duration::from_secs(20);
/// How long a link pauses whose window is full.
const FULL: Duration = Duration::from_millis(200);

/// One link.
struct Link {
    world: Arc<World>,
    no: usize,
    /// Which of its binds this is.
    bind: usize,
    session: Session,
    /// Receipts that are sent and not answered.
    open: BTreeMap<u64, Receipt>,
    sent: u64,
    full_until: Duration,
}

/// How a message is answered.
enum Reply {
    Taken,
    Refused(CommandStatus),
    /// It is taken or not, and nobody is told.
    None {
        taken: bool,
    },
    /// It is taken, and the link ends.
    Hangup,
}

/// Serves a link until it ends.
pub(super) async fn serve(world: Arc<World>, no: usize, io: DuplexStream) {
    let Ok(pending) = sambac_smpp::accept(io, SessionConfig::default()).await else { return };
    if world.mood(no) == Mood::Refusing {
        world.note(format_args!("operator {no} refuses a bind"));
        return pending.refuse(CommandStatus::RSYSERR).await;
    }
    let Ok((session, events)) = pending.accept("smsc", Some(0x34), WINDOW).await else { return };
    world.note(format_args!("operator {no} is bound"));
    let bind = {
        let mut memory = locked(&world.operators[no].memory);
        memory.binds.push((world.passed(), Duration::MAX));
        memory.binds.len() - 1
    };
    let full_until = Duration::ZERO;
    let mut link = Link { world, no, bind, session, open: BTreeMap::new(), sent: 0, full_until };
    link.run(events).await;
}

impl Link {
    async fn run(&mut self, mut events: Events) {
        loop {
            let due = self.memory().next_due().unwrap_or(LONG * 365).max(self.full_until);
            tokio::select! {
                biased;
                event = events.recv() => match event {
                    Some(Event::Request { header, frame }) => {
                        if !self.request(header, &frame) {
                            return;
                        }
                    }
                    Some(Event::Response { token, header, .. }) => self.answered(token, header),
                    Some(Event::Timeout { token }) => self.again(token),
                    Some(Event::Closed { .. }) | None => return,
                },
                () = self.world.until(due) => self.tell(),
            }
        }
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        locked(&self.world.operators[self.no].memory)
    }

    /// Takes a message. False: the link ends.
    fn request(&mut self, header: Header, frame: &Frame) -> bool {
        let Ok(Pdu::SubmitSm(sm)) = frame.pdu() else {
            self.session.respond_error(header, CommandStatus::RINVCMDID);
            return true;
        };
        let mood = self.world.mood(self.no);
        let is_calm = self.world.weather.is_calm() || self.world.is_healed();
        let (reply, pause) = {
            let mut memory = self.memory();
            (reply(&mut memory, mood, is_calm), pause(&mut memory, mood))
        };
        let taken = match reply {
            Reply::Taken | Reply::Hangup => true,
            Reply::None { taken } => taken,
            Reply::Refused(_) => false,
        };
        let is_answered = matches!(reply, Reply::Taken | Reply::Refused(_));
        let copy = self.keep(&sm, (taken, is_answered), is_calm);
        match reply {
            Reply::Taken => self.answer(header, copy, CommandStatus::ROK, pause),
            Reply::Refused(status) => self.answer(header, copy, status, pause),
            Reply::None { .. } => {}
            Reply::Hangup => return false,
        }
        true
    }

    /// Remembers what came in.
    fn keep(&self, sm: &Sm<'_>, (taken, is_answered): (bool, bool), is_calm: bool) -> usize {
        let (order, part, text) = named(sm);
        let known = order.and_then(|order| locked(&self.world.orders).all.get(order).map(|one| one.segment(part)));
        if known.as_deref().map(str::as_bytes) != Some(text) {
            self.world.found("another text than was sent", format!("{order:?} part {part}"));
        }
        let order = order.unwrap_or(usize::MAX);
        let (at, wall, passed) = (self.world.now(), self.world.wall(), self.world.passed());
        let parties = Parties { from: sm.source.addr.to_vec(), to: sm.destination.addr.to_vec() };
        let place = {
            let mut memory = self.memory();
            let place = memory.copies.len();
            let id = format!("{:X}", 0x00A0_0000 * (self.no + 1) + place);
            let (told, sent, fate) = (Vec::new(), Vec::new(), Vec::new());
            let (answered, told_at) = (None, None);
            memory.copies.push(Copy { order, part, at, wall, answered, taken, id, told_at, told, sent, fate });
            if taken {
                memory.decide(place, &parties, (passed, is_answered), is_calm);
            }
            place
        };
        let (no, word) = (self.no, if taken { "takes" } else { "does not take" });
        self.world.note(format_args!("operator {no} {word} #{order} part {part} as {place}"));
        place
    }

    fn answer(&self, header: Header, copy: usize, status: CommandStatus, pause: Duration) {
        let (world, no, session) = (Arc::clone(&self.world), self.no, self.session.clone());
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            let id = {
                let memory = locked(&world.operators[no].memory);
                memory.copies.get(copy).map(|own| own.id.clone()).unwrap_or_default()
            };
            let written = if status == CommandStatus::ROK {
                let pdu = Pdu::SubmitSmResp(SmResp::new(id.as_bytes()));
                session.respond(header.sequence_number, status, &pdu).is_ok()
            } else {
                session.respond_error(header, status);
                !session.is_closed()
            };
            if written {
                world.note(format_args!("operator {no} answers {copy} with {:#x}", status.0));
                if let Some(own) = locked(&world.operators[no].memory).copies.get_mut(copy) {
                    own.answered = Some(status.0);
                }
            }
        });
    }

    /// Tells the receipts that are due, as far as the window goes.
    fn tell(&mut self) {
        loop {
            let passed = self.world.passed();
            let Some(receipt) = self.memory().take_due(passed) else { return };
            if receipt.send(&self.session, self.sent).is_err() {
                self.memory().put(passed, receipt);
                self.full_until = passed + FULL;
                return;
            }
            self.world.note(format_args!("operator {} tells {} of {}", self.no, receipt.state, receipt.copy));
            if let Some(own) = self.memory().copies.get_mut(receipt.copy) {
                own.sent.push(receipt.state);
            }
            self.open.insert(self.sent, receipt);
            self.sent += 1;
        }
    }

    fn answered(&mut self, token: u64, header: Header) {
        if header.command_status != CommandStatus::ROK {
            return self.again(token);
        }
        let Some(receipt) = self.open.remove(&token) else { return };
        let now = self.world.now();
        self.world.note(format_args!("operator {} is acknowledged {} of {}", self.no, receipt.state, receipt.copy));
        if let Some(own) = self.memory().copies.get_mut(receipt.copy) {
            own.told_at = own.told_at.or(Some(now));
            own.told.push(receipt.state);
        }
    }

    fn again(&mut self, token: u64) {
        let at = self.world.passed() + AGAIN;
        if let Some(receipt) = self.open.remove(&token) {
            self.memory().put(at, receipt);
        }
    }
}

/// What was sent and not acknowledged is told on the next link. A process that is killed takes this one with it.
impl Drop for Link {
    fn drop(&mut self) {
        let passed = self.world.passed();
        if let Some((_, until)) = self.memory().binds.get_mut(self.bind) {
            *until = passed;
        }
        for token in self.open.keys().copied().collect::<Vec<_>>() {
            self.again(token);
        }
    }
}

fn reply(memory: &mut Memory, mood: Mood, is_calm: bool) -> Reply {
    let roll = if is_calm { 999 } else { memory.dice.between(0, 999) };
    match mood {
        Mood::Throttling if roll % 10 < 7 => return Reply::Refused(CommandStatus::RTHROTTLED),
        Mood::Silent => return Reply::None { taken: roll % 2 == 0 },
        Mood::Busy => return Reply::Refused(CommandStatus::RMSGQFUL),
        _ => {}
    }
    match roll {
        0..=4 => Reply::Refused(CommandStatus::RINVDSTADR),
        5..=9 => Reply::Refused(CommandStatus::RMSGQFUL),
        10..=14 => Reply::Refused(CommandStatus::RSUBMITFAIL),
        15..=24 => Reply::Refused(CommandStatus::RTHROTTLED),
        25..=29 => Reply::None { taken: true },
        30..=32 => Reply::None { taken: false },
        33..=35 => Reply::Hangup,
        _ => Reply::Taken,
    }
}

fn pause(memory: &mut Memory, mood: Mood) -> Duration {
    match mood {
        Mood::Slow => memory.dice.millis(2_000, 45_000),
        _ if memory.dice.per_mille(10) => memory.dice.millis(500, 5_000),
        _ => memory.dice.millis(3, 120),
    }
}

/// The message that a segment's text names, which part of it this is, and what it says.
fn named<'a>(sm: &Sm<'a>) -> (Option<usize>, u8, &'a [u8]) {
    let octets = sm.message();
    let (header, text) = match octets.first() {
        Some(length) if sm.esm_class & esm_class::UDHI != 0 => octets.split_at(usize::from(*length) + 1),
        _ => (&[][..], octets),
    };
    let digits = text.strip_prefix(b"#").and_then(|rest| std::str::from_utf8(rest.get(..7)?).ok());
    (digits.and_then(|digits| digits.parse().ok()), header.last().copied().unwrap_or(1), text)
}
