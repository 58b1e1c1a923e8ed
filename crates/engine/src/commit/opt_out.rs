//! Who wants no more messages: by a word from a handset, in the commit that takes the message with the word, or as the account says.

use std::sync::Arc;

use sambac_bus::EventRef;
use sambac_domain::account_event::EventType;
use sambac_domain::class::TrafficClass;
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, ConnectorId, OptOutId, SegmentId};
use sambac_domain::mo::{MoBody, text};
use sambac_domain::number::{Msisdn, Sender};
use sambac_domain::opt_out::{OptOutRules, OptOutScope, Wish};
use sambac_domain::sandbox::is_sandbox;
use sambac_domain::state::MessageState;
use sambac_domain::text::Reading;
use sambac_store::chain::OPT_OUT_OCTETS;
use sambac_store::rows::{MoRow, OptOutRow, OptOutSource, OptOutState, OutboxKey};
use tokio::sync::oneshot;

use super::{Committer, target_of};
use crate::feed;
use crate::live::Live;
use crate::opt_out::{KeywordReply, is_answer};

/// What an account says of numbers.
pub(crate) struct OptOutWrite {
    /// The rows, with their numbers where they are known.
    pub(crate) said: Vec<(OptOutRow, Option<Msisdn>)>,
    /// Whether the account's webhooks and streams are told.
    pub(crate) is_told: bool,
    /// Told once it is stored.
    pub(crate) done: oneshot::Sender<()>,
}

/// A person who wrote a word, and to which number.
struct Person {
    account: AccountId,
    number: Msisdn,
    /// `None` when nobody could send by it.
    sender: Option<Sender>,
}

impl Committer {
    /// Does what a person asks for who has written a word, and nothing else. The message goes its way all the same.
    pub(super) fn heed(&mut self, account: AccountId, row: &MoRow, body: &MoBody) {
        let snapshot = Arc::clone(&self.snapshot);
        let Some(rules) = snapshot.account(account).map(|account| &account.message_rules.opt_out) else { return };
        let reading = snapshot.profile(row.connector_id).map(|profile| Reading::from(&profile.text));
        let wish = text(&body.parts, &reading.unwrap_or_default()).as_deref().and_then(|text| rules.wish(text));
        let (Some(wish), Ok(number)) = (wish, Msisdn::from_digits(row.source.as_bytes())) else { return };
        let person = Person { account, number, sender: Sender::parse(&row.destination).ok() };
        let changed = self.do_wish(rules, wish, &person, row);
        if let (true, Some(text), Some(sender)) = (changed || wish == Wish::Help, rules.reply(wish), person.sender) {
            self.after.reply(KeywordReply {
                account_id: account,
                sender,
                to: number,
                text: text.to_owned(),
                answers: row.id,
                test_only: is_sandbox(number),
            });
        }
    }

    /// Whether anything is otherwise than before.
    fn do_wish(&mut self, rules: &OptOutRules, wish: Wish, person: &Person, row: &MoRow) -> bool {
        let digest = self.snapshot.opt_outs.digest(person.number);
        let kept_from = self.kept_from(person.account, &digest);
        let own = person.sender.filter(|_| rules.scope == OptOutScope::Sender);
        let (state, senders): (_, Vec<_>) = match wish {
            Wish::Stop if kept_from.contains(&own) => return false,
            Wish::Stop => (OptOutState::Out, vec![own]),
            // What keeps the sender from the person ends, whoever said it.
            Wish::Start => {
                let alike = |of: &Sender| own.as_ref().is_some_and(|own| own.is_alike(of));
                let ends = |of: &Option<Sender>| own.is_none() || of.as_ref().is_none_or(alike);
                (OptOutState::In, kept_from.into_iter().filter(ends).collect())
            }
            Wish::Help => return false,
        };
        let changed = !senders.is_empty();
        for sender in senders {
            let said = OptOutRow {
                id: OptOutId::from_raw(self.inner.ids.next(self.now)),
                account_id: person.account,
                number_digest: digest.to_vec(),
                sender: sender.map(|sender| sender.to_string()).unwrap_or_default(),
                number_sealed: self.inner.seal_opted_out(&digest, person.number),
                state,
                source: OptOutSource::Keyword,
                set_by: row.id.to_string(),
                note: String::new(),
                set_at: self.now,
            };
            self.tell_of_opt_out(&said, person.number, sender.as_ref(), Some(row));
            self.batch.opt_outs.push(said);
        }
        changed
    }

    /// The account says something of numbers itself.
    pub(super) fn opt_out(&mut self, write: OptOutWrite) {
        for (row, number) in write.said {
            let sender = Sender::parse(&row.sender).ok();
            let digest = row.number_digest.first_chunk().copied().unwrap_or_default();
            let was_out = self.kept_from(row.account_id, &digest).contains(&sender);
            if let (true, Some(number)) = (write.is_told && was_out != (row.state == OptOutState::Out), number) {
                self.tell_of_opt_out(&row, number, sender.as_ref(), None);
            }
            self.batch.opt_outs.push(row);
        }
        self.after.tell(write.done);
    }

    /// The senders of which a number gets nothing, with what this batch says of it; `None` among them means all.
    fn kept_from(&self, account: AccountId, digest: &[u8; OPT_OUT_OCTETS]) -> Vec<Option<Sender>> {
        let mut senders = self.snapshot.opt_outs.of(account, digest).to_vec();
        let of_it = |row: &&OptOutRow| row.account_id == account && row.number_digest == digest;
        for row in self.batch.opt_outs.iter().filter(of_it) {
            let sender = Sender::parse(&row.sender).ok();
            senders.retain(|of| *of != sender);
            if row.state == OptOutState::Out {
                senders.push(sender);
            }
        }
        senders
    }

    fn tell_of_opt_out(&mut self, row: &OptOutRow, number: Msisdn, sender: Option<&Sender>, message: Option<&MoRow>) {
        let (kind, counted) = match row.state {
            OptOutState::Out => (EventType::RecipientOptedOut, "opted_out"),
            OptOutState::In => (EventType::RecipientOptedIn, "opted_in"),
        };
        if message.is_some() {
            self.inner.metrics.handset(counted);
        }
        let said_by = (row.source, message.map(|message| message.id));
        let body = feed::recipient_body(kind, number, sender, said_by, self.now);
        let event_id = self.news(row.account_id, kind, None, Some(body));
        let snapshot = Arc::clone(&self.snapshot);
        for webhook in snapshot.webhooks_for(row.account_id, kind, Some(number)) {
            self.refer(webhook, EventRef { account_id: row.account_id, event_id });
        }
    }

    /// Ends a segment that waited for its time, when its recipient wants no more messages meanwhile. False when it is to go.
    pub(super) fn ends_unwanted(&mut self, segment: SegmentId, row: &OutboxKey) -> bool {
        let Some(live) = self.live(segment.message()) else { return false };
        let waited = live.progress().of(segment).is_some_and(|progress| progress.state == MessageState::Scheduled);
        waited && self.ends_if_unwanted(&live, segment, row.clone())
    }

    /// Ends a segment that is about to be sent for the first time, when its recipient has said meanwhile that no more messages are
    /// wanted. False when it is to go; also when others of its message went, as a part of a text is of no use to anybody.
    pub(super) fn ends_unwanted_in_queue(&mut self, segment: SegmentId, connector: ConnectorId) -> bool {
        let Some(live) = self.live(segment.message()) else { return false };
        let message = &live.message;
        if !self.snapshot.opt_outs.has_grown_since(message.account_id, message.accepted_at) {
            return false;
        }
        let is_whole = live.progress().segments.iter().all(|own| own.attempts == 0);
        let row = OutboxKey { target: target_of(connector), lane: message.class.lane(), id: segment.raw() };
        is_whole && self.ends_if_unwanted(&live, segment, row)
    }

    fn ends_if_unwanted(&mut self, live: &Arc<Live>, segment: SegmentId, row: OutboxKey) -> bool {
        let message = &live.message;
        let is_exempt = message.class == TrafficClass::Otp || is_answer(message.options.as_deref());
        if is_exempt || !self.snapshot.opt_outs.has(message.account_id, message.destination, &message.sender) {
            return false;
        }
        self.batch.outbox_done.push(row);
        self.end_segment(live, segment, MessageState::Failed, Some(ErrorCode::RecipientOptedOut), self.now);
        true
    }
}
