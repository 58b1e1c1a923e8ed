//! Finds records, and brings requests and their answers together.

use std::collections::{HashMap, HashSet};

use sambac_domain::id::MessageId;
use sambac_domain::receipt::normalise_id;
use sambac_smpp::{CommandId, CommandStatus, Direction};

use super::fields::message_ids;
use super::record::{Found, PduRecord, Side, TappedSession};

/// What to look for; what is not given does not matter.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Sessions of the connector of this name.
    pub connector: Option<String>,
    /// Sessions of clients with this system_id.
    pub system_id: Option<String>,
    /// The session of this number.
    pub session: Option<u64>,
    /// All that is about this message of ours: what was submitted, the answers, the receipts, on both sides.
    pub message: Option<MessageId>,
    /// All that is about the message to which the operator gave this id; hexadecimal and decimal are the same.
    pub smsc_message_id: Option<String>,
    /// PDUs of this kind.
    pub command: Option<CommandId>,
    /// Answers with this status.
    pub status: Option<CommandStatus>,
    /// PDUs with this sequence number.
    pub sequence: Option<u32>,
    /// Records after the one of this number.
    pub after: Option<u64>,
    /// Records at most, the last of them; 0 for all.
    pub limit: usize,
}

/// The command of a name in the specification, or of a number.
pub fn command(text: &str) -> Option<CommandId> {
    let named = CommandId::NAMED.iter().find(|id| id.name().eq_ignore_ascii_case(text)).copied();
    named.or_else(|| number(text).map(CommandId))
}

/// The command_status of a name in the specification, with or without `ESME_`, or of a number.
pub fn status(text: &str) -> Option<CommandStatus> {
    let is =
        |name: &str| name.eq_ignore_ascii_case(text) || name.trim_start_matches("ESME_").eq_ignore_ascii_case(text);
    let named = CommandStatus::NAMED.iter().find(|status| is(&status.name())).copied();
    named.or_else(|| number(text).map(CommandStatus))
}

fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

impl Query {
    /// Whether a session can hold what is looked for, by what is known when it begins.
    pub(super) fn wants(&self, session: &TappedSession) -> bool {
        let is_side = match (&session.side, &self.connector, &self.system_id) {
            (Side::Connector { name }, connector, None) => connector.as_ref().is_none_or(|wanted| wanted == name),
            (Side::Client, None, _) => true,
            _ => false,
        };
        is_side && self.session.is_none_or(|number| number == session.number)
    }

    /// Whether a record fits, its message aside.
    pub(super) fn fits(&self, record: &PduRecord) -> bool {
        let header = record.header();
        let system_id = self.system_id.as_ref();
        self.wants(&record.session)
            && system_id.is_none_or(|wanted| wanted.as_str() == &*record.system_id)
            && self.command.is_none_or(|command| command == header.command_id)
            && self.status.is_none_or(|status| status == header.command_status && header.command_id.is_response())
            && self.sequence.is_none_or(|sequence| sequence == header.sequence_number)
            && self.after.is_none_or(|after| record.number > after)
    }

    /// The ids that the looked-for message goes by; none when no message is looked for.
    pub(super) fn ids(&self) -> Option<Ids> {
        let ours = self.message.map(Ids::ours);
        let theirs = self.smsc_message_id.as_ref().map(|id| Ids::theirs(id));
        match (ours, theirs) {
            (Some(mut ours), Some(theirs)) => {
                ours.texts.extend(theirs.texts);
                Some(ours)
            }
            (ours, theirs) => ours.or(theirs),
        }
    }
}

/// The ids that one message goes by.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    message: Option<MessageId>,
    texts: HashSet<String>,
}

impl Ids {
    /// Our own id, in the forms in which clients may be given it.
    fn ours(message: MessageId) -> Self {
        let mut ids = Self { message: Some(message), ..Self::default() };
        ids.learn(&message.raw().to_string());
        ids.learn(&message.to_string());
        ids
    }

    fn theirs(id: &str) -> Self {
        let mut ids = Self::default();
        ids.learn(id);
        ids
    }

    /// Adds an id, and what it is when it was written in decimal for hexadecimal or the other way round.
    fn learn(&mut self, id: &str) {
        let id = normalise_id(id);
        if let Ok(number) = id.parse::<u128>() {
            self.texts.insert(format!("{number:X}"));
        }
        if let Ok(number) = u128::from_str_radix(&id, 16) {
            self.texts.insert(number.to_string());
        }
        self.texts.insert(id);
    }

    /// Whether a record names the message.
    pub(super) fn name(&self, record: &PduRecord) -> bool {
        let carries = self.message.is_some() && record.message_id() == self.message;
        carries || message_ids(&record.octets).iter().any(|id| self.texts.contains(&normalise_id(id)))
    }
}

/// Where the other half of each record is.
fn pairs(records: &[PduRecord]) -> Vec<Option<usize>> {
    let mut pairs = vec![None; records.len()];
    let mut open: HashMap<(Direction, u32), usize> = HashMap::new();
    for (at, record) in records.iter().enumerate() {
        let exchange = record.exchange();
        if !record.command().is_response() {
            open.insert(exchange, at);
        } else if let Some(request) = open.remove(&exchange) {
            (pairs[request], pairs[at]) = (Some(at), Some(request));
        }
    }
    pairs
}

/// The records of one session, each with whether it is about the looked-for message.
struct Session {
    records: Vec<PduRecord>,
    pairs: Vec<Option<usize>>,
    about: Vec<bool>,
}

impl Session {
    fn new(records: Vec<PduRecord>) -> Self {
        let (pairs, about) = (pairs(&records), vec![false; records.len()]);
        Self { records, pairs, about }
    }

    /// Marks what names the message, and its other half; learns the ids that answers give it.
    fn mark(&mut self, ids: &Ids, learned: &mut Vec<String>) {
        for (at, record) in self.records.iter().enumerate() {
            if self.about[at] || !ids.name(record) {
                continue;
            }
            self.about[at] = true;
            let Some(pair) = self.pairs[at] else { continue };
            self.about[pair] = true;
            if ids.message.is_some() && ids.message == record.message_id() {
                learned.extend(message_ids(&self.records[pair].octets));
            }
        }
    }

    fn found(self, query: &Query) -> impl Iterator<Item = Found> {
        let Self { records, pairs, about } = self;
        let wants_all = query.ids().is_none();
        let times: Vec<_> = records.iter().map(|record| (record.number, record.at)).collect();
        let found = records.into_iter().enumerate().filter(move |(at, _)| wants_all || about[*at]);
        found.map(move |(at, record)| {
            let other = pairs[at].map(|other| times[other]);
            let is_answer = record.command().is_response();
            let latency_us = other.filter(|_| is_answer).map(|(_, asked)| record.at.0 - asked.0);
            Found { record, pair: other.map(|(number, _)| number), latency_us }
        })
    }
}

/// Looks through the records of every session.
pub(super) fn run(query: &Query, sessions: Vec<Vec<PduRecord>>) -> Vec<Found> {
    let mut sessions: Vec<_> = sessions.into_iter().map(Session::new).collect();
    if let Some(mut ids) = query.ids() {
        let mut learned = Vec::new();
        sessions.iter_mut().for_each(|session| session.mark(&ids, &mut learned));
        // The operator's ids are known now: its receipts name the message by them.
        learned.iter().for_each(|id| ids.learn(id));
        sessions.iter_mut().for_each(|session| session.mark(&ids, &mut Vec::new()));
    }
    let found = sessions.into_iter().flat_map(|session| session.found(query));
    let mut found: Vec<_> = found.filter(|found| query.fits(&found.record)).collect();
    found.sort_unstable_by_key(|found| found.record.number);
    if query.limit > 0 && found.len() > query.limit {
        found.drain(..found.len() - query.limit);
    }
    found
}
