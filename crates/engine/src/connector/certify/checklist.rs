//! The checks in their order. Each ends by itself, whatever the SMSC does; after one that ended the session, the next binds anew.

use std::collections::BTreeMap;
use std::time::Duration;

use sambac_smpp::{Address, BindKind, CommandStatus, Pdu, Sm};
use tokio::time::{Instant, timeout_at};

use super::Trial;
use super::peer::{Answer, Peer, Trouble};
use super::report::{SharedReport, Verdict};
use super::way::{Bound, Way};
use crate::clock::Clock;

/// Requests open at a time in the test of the window.
pub(super) const WINDOW_MAX: u16 = 50;
/// How often a message is sent again that the SMSC is too busy for, and after how long: each time twice as long as before.
const BUSY_MAX: u32 = 4;
pub(super) const BUSY_PAUSE: Duration = Duration::from_millis(1_100);

/// What is tried once a bind is there.
#[derive(Clone, Copy)]
enum Check {
    EnquireLink,
    Messages,
    Charset,
    LongMessages,
    Validity,
    Window,
}

/// What is tried, and what came of it.
pub(super) struct Checklist {
    way: Way,
    pub(super) trial: Trial,
    pub(super) clock: Clock,
    pub(super) sent: u32,
    pub(super) took: Vec<Duration>,
    /// Answers that said that the SMSC is too busy, by their status.
    busy: BTreeMap<u32, u32>,
    pub(super) report: SharedReport,
}

impl Check {
    const ALL: [Self; 6] =
        [Self::EnquireLink, Self::Messages, Self::Charset, Self::LongMessages, Self::Validity, Self::Window];

    const fn name(self) -> &'static str {
        match self {
            Self::EnquireLink => "enquire_link",
            Self::Messages => "ids and receipts",
            Self::Charset => "charset",
            Self::LongMessages => "long messages",
            Self::Validity => "validity",
            Self::Window => "window",
        }
    }
}

impl Checklist {
    pub(super) fn new(way: Way, trial: Trial, clock: Clock, report: SharedReport) -> Self {
        Self { way, trial, clock, sent: 0, took: Vec::new(), busy: BTreeMap::new(), report }
    }

    /// Tries all, within its time.
    pub(super) async fn run(mut self) {
        let deadline = Instant::now() + self.trial.limit;
        let bound = timeout_at(deadline, self.binds()).await;
        let mut peer = bound.unwrap_or_else(|_| Err(self.time_over()));
        for check in Check::ALL {
            let bound = match peer {
                Ok(peer) => Ok(peer),
                // What ended the session is told; one bind more may tell the rest.
                Err(why) if self.may_bind_again(&why) => {
                    timeout_at(deadline, self.bind_again()).await.unwrap_or_else(|_| Err(self.time_over()))
                }
                Err(why) => Err(why),
            };
            peer = match bound {
                Ok(bound) => self.tried(check, bound, deadline).await,
                Err(why) => {
                    self.report.add(check.name(), Verdict::Untested, why.text());
                    Err(why)
                }
            };
        }
        self.throttling();
        self.times();
        if let Ok(peer) = peer {
            peer.unbind().await;
        }
        self.report.ended(self.clock.now());
    }

    /// One check, and the session if it has outlived it.
    async fn tried(&mut self, check: Check, mut peer: Peer, deadline: Instant) -> Result<Peer, Gone> {
        let mut is_silent = false;
        match timeout_at(deadline, self.check(check, &mut peer)).await {
            Ok(Ok(())) => {}
            Ok(Err(trouble @ (Trouble::Spent(_) | Trouble::Busy(..)))) => {
                self.report.add(check.name(), Verdict::Untested, trouble.to_string());
            }
            Ok(Err(trouble)) => {
                is_silent = matches!(trouble, Trouble::Silent(_));
                self.report.note(check.name(), false, trouble.to_string());
            }
            Err(_) => {
                let gone = self.time_over();
                self.report.add(check.name(), Verdict::Untested, gone.text());
                return Err(gone);
            }
        }
        match peer.closed {
            None if is_silent => Err(Gone::Closed("it did not answer".to_owned())),
            None => Ok(peer),
            Some(why) => Err(Gone::Closed(why)),
        }
    }

    async fn check(&mut self, check: Check, peer: &mut Peer) -> Result<(), Trouble> {
        match check {
            Check::EnquireLink => self.enquire_link(peer).await,
            Check::Messages => self.ids_and_receipts(peer).await,
            Check::Charset => self.charset(peer).await,
            Check::LongMessages => self.long_messages(peer).await,
            Check::Validity => self.validity(peer).await,
            Check::Window => self.window(peer).await,
        }
    }

    /// Which kinds of bind are taken; the last one stays.
    async fn binds(&mut self) -> Result<Peer, Gone> {
        let mut kept = Err(Gone::NoBind("the SMSC takes no bind as a transceiver, which this check needs".to_owned()));
        for (kind, name) in [
            (BindKind::Receiver, "receiver"),
            (BindKind::Transmitter, "transmitter"),
            (BindKind::Transceiver, "transceiver"),
        ] {
            match self.way.bind(kind, WINDOW_MAX, self.trial.answer_wait).await {
                Ok(Bound { peer, host, version, took }) => {
                    let version = version.map_or("no version".to_owned(), |version| format!("version {version:#04x}"));
                    self.report.bound_to(host);
                    self.report.note("bind", true, format!("{name} in {} ms, {version}", took.as_millis()));
                    match kind {
                        BindKind::Transceiver => kept = Ok(peer),
                        _ => peer.unbind().await,
                    }
                }
                Err(error) => {
                    self.report.note("bind", false, format!("{name}: {}", error.why));
                    if error.is_refused {
                        let why = format!("the SMSC takes no bind as a transceiver: {}", error.why);
                        return Err(Gone::NoBind(why));
                    }
                }
            }
        }
        kept
    }

    fn may_bind_again(&self, gone: &Gone) -> bool {
        matches!(gone, Gone::Closed(_))
    }

    async fn bind_again(&self) -> Result<Peer, Gone> {
        match self.way.bind(BindKind::Transceiver, WINDOW_MAX, self.trial.answer_wait).await {
            Ok(bound) => Ok(bound.peer),
            Err(error) => Err(Gone::NoBind(format!("the session ended, and there was no other: {}", error.why))),
        }
    }

    fn time_over(&self) -> Gone {
        Gone::TimeOver(self.trial.limit)
    }

    async fn enquire_link(&mut self, peer: &mut Peer) -> Result<(), Trouble> {
        let answer = peer.ask(&Pdu::EnquireLink, self.trial.answer_wait).await?;
        let text = format!("answered in {} ms", answer.took.as_millis());
        self.report.note("enquire_link", answer.status.is_ok(), text);
        Ok(())
    }

    /// Sends one message to the next test number; when the SMSC is too busy for it, again after a while, and after a longer one.
    pub(super) async fn submit(&mut self, peer: &mut Peer, sm: Sm<'_>) -> Result<Answer, Trouble> {
        let mut pause = BUSY_PAUSE;
        for _ in 0..BUSY_MAX {
            let answer = self.submit_once(peer, sm).await?;
            if !is_busy(answer.status) {
                return Ok(answer);
            }
            self.was_busy(answer.status);
            peer.until(pause, |_| false).await;
            pause *= 2;
        }
        let answer = self.submit_once(peer, sm).await?;
        if is_busy(answer.status) {
            self.was_busy(answer.status);
            return Err(Trouble::Busy(answer.status, BUSY_MAX + 1));
        }
        Ok(answer)
    }

    /// The SMSC answered that it cannot take a message now.
    pub(super) fn was_busy(&mut self, status: CommandStatus) {
        *self.busy.entry(status.0).or_default() += 1;
    }

    /// Says how often a message had to wait for the SMSC.
    fn throttling(&self) {
        if self.busy.is_empty() {
            return;
        }
        let counted = self.busy.iter().map(|(status, count)| format!("{} ({count} times)", CommandStatus(*status)));
        let counted = counted.collect::<Vec<_>>().join(", ");
        let text = format!("answered {counted}: no refusal, such a message was sent again after a while");
        self.report.note("throttling", true, text);
    }

    async fn submit_once(&mut self, peer: &mut Peer, sm: Sm<'_>) -> Result<Answer, Trouble> {
        if self.sent >= self.trial.messages_max {
            return Err(Trouble::Spent(self.sent));
        }
        let address = self.address();
        self.sent += 1;
        let answer =
            peer.ask(&Pdu::SubmitSm(addressed(&self.trial.from, &address, sm)), self.trial.answer_wait).await?;
        if answer.status.is_ok() {
            self.took.push(answer.took);
        }
        Ok(answer)
    }

    pub(super) fn address(&self) -> String {
        let at = self.sent as usize % self.trial.numbers.len().max(1);
        self.trial
            .numbers
            .get(at)
            .map_or_else(String::new, |number| number.digits().as_bytes().escape_ascii().to_string())
    }
}

pub(super) fn addressed<'a>(from: &'a str, to: &'a str, sm: Sm<'a>) -> Sm<'a> {
    let is_number = from.bytes().all(|octet| octet.is_ascii_digit());
    let source = if is_number { Address::new(1, 1, from.as_bytes()) } else { Address::new(5, 0, from.as_bytes()) };
    Sm { source, destination: Address::new(1, 1, to.as_bytes()), registered_delivery: 1, ..sm }
}

/// Whether the SMSC may take the same message a little later: it says nothing about the message.
pub(super) fn is_busy(status: CommandStatus) -> bool {
    matches!(status, CommandStatus::RTHROTTLED | CommandStatus::RMSGQFUL | CommandStatus::RSYSERR)
}

/// Why there is no session.
enum Gone {
    /// It ended.
    Closed(String),
    /// There is none, and another attempt would not help.
    NoBind(String),
    /// All of it took too long.
    TimeOver(Duration),
}

impl Gone {
    fn text(&self) -> String {
        match self {
            Self::Closed(why) => format!("the session ended: {why}"),
            Self::NoBind(why) => why.clone(),
            Self::TimeOver(limit) => format!("not within the {limit:?} that all of it may take"),
        }
    }
}
