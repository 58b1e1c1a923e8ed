//! Long messages that clients cut themselves, for accounts with rules about their texts: each part is looked at with those that came before it.
//!
//! Nothing waits for anything: a part that completes what is forbidden is refused, and the handset never has the whole. What came is kept in memory,
//! within bounds, until all parts are there or for some minutes; a restart forgets it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sambac_domain::content::{ContentRules, Verdict};
use sambac_domain::error::ErrorCode;
use sambac_domain::id::AccountId;
use sambac_domain::message::MessageBody;
use sambac_domain::mo::{Part, place};
use sambac_domain::number::{Msisdn, Sender};
use tokio::time::Instant;

use crate::content::{forbidden, found};
use crate::refusal::Refusal;
use crate::snapshot::Account;
use crate::submit::Draft;

/// How long after its last part others are waited for.
const KEPT: Duration = Duration::from_secs(300);
/// Octets of parts that are kept for one account.
const OCTETS_MAX: usize = 4 << 20;

/// What the memory for a part takes beside its octets, about, and that for a message.
const PART_OCTETS: usize = 64;
const MESSAGE_OCTETS: usize = 128;

/// What came of messages whose parts are not all there.
#[derive(Default)]
pub(crate) struct JoinedParts(Mutex<HashMap<AccountId, Unfinished>>);

/// Those of one account.
#[derive(Default)]
struct Unfinished {
    messages: HashMap<Key, Pieces>,
    octets: usize,
}

/// What the parts of one message share.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    sender: Sender,
    destination: Msisdn,
    reference: u16,
    total: u8,
}

struct Pieces {
    parts: BTreeMap<u8, Part>,
    last_at: Instant,
}

impl JoinedParts {
    /// Looks at a part with those of its message that came before.
    ///
    /// # Errors
    /// [`ErrorCode::ContentForbidden`] for what is forbidden in the text that they make, or would have to be hidden;
    /// [`ErrorCode::RateLimited`] when there are so many unfinished messages that no more can be kept in view.
    pub(crate) fn look(&self, account: &Account, draft: &Draft, now: Instant) -> Result<(), Refusal> {
        if account.content_rules.is_off() {
            return Ok(());
        }
        let MessageBody::Octets { data, data_coding, udhi: true } = &draft.body else { return Ok(()) };
        let (part, Some(reference)) = place(data, *data_coding, true, None) else { return Ok(()) };
        let request = &draft.request;
        let key = Key {
            sender: request.sender,
            destination: request.destination,
            reference: reference.reference,
            total: reference.total,
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(request.account_id).or_default().look(&account.content_rules, key, part, now)
    }
}

impl Unfinished {
    fn look(&mut self, rules: &ContentRules, key: Key, part: Part, now: Instant) -> Result<(), Refusal> {
        self.make_room(part.octets.len() + PART_OCTETS + MESSAGE_OCTETS, now)?;
        let no = part.no;
        let mut pieces = self.take(&key, now).unwrap_or_else(|| Pieces { parts: BTreeMap::new(), last_at: now });
        pieces.last_at = now;
        let before = pieces.parts.insert(no, part);
        let verdict = match rules.inspect_joined(&pieces.parts, no) {
            Verdict::Clean => Ok(()),
            Verdict::Blocked { what, at } => Err(found(what, at)),
            Verdict::Masked(_) => {
                Err(forbidden("a number that is to be hidden, in parts of which some are sent: send the text whole"))
            }
        };
        if verdict.is_err() {
            // It is not sent, so the handset has what was there before.
            pieces.parts.remove(&no);
            pieces.parts.extend(before.map(|part| (no, part)));
        }
        let is_whole = pieces.parts.len() >= usize::from(key.total);
        if !is_whole && !pieces.parts.is_empty() {
            self.put(key, pieces);
        }
        verdict
    }

    /// What came of a message, unless its time is over: the client's reference comes round.
    fn take(&mut self, key: &Key, now: Instant) -> Option<Pieces> {
        let pieces = self.messages.remove(key)?;
        self.octets = self.octets.saturating_sub(pieces.octets());
        Some(pieces).filter(|pieces| now.duration_since(pieces.last_at) < KEPT)
    }

    fn put(&mut self, key: Key, pieces: Pieces) {
        self.octets += pieces.octets();
        self.messages.insert(key, pieces);
    }

    /// Forgets what has had its time when there is too much.
    fn make_room(&mut self, octets: usize, now: Instant) -> Result<(), Refusal> {
        if self.octets.saturating_add(octets) <= OCTETS_MAX {
            return Ok(());
        }
        self.messages.retain(|_, pieces| now.duration_since(pieces.last_at) < KEPT);
        self.octets = self.messages.values().map(Pieces::octets).sum();
        if self.octets.saturating_add(octets) <= OCTETS_MAX {
            return Ok(());
        }
        let detail = "too many long messages of which parts are missing; send their other parts, or the texts whole";
        Err(Refusal { retry_after: Some(KEPT), ..Refusal::new(ErrorCode::RateLimited, detail) })
    }
}

impl Pieces {
    fn octets(&self) -> usize {
        self.parts.values().map(|part| part.octets.len() + PART_OCTETS).sum::<usize>() + MESSAGE_OCTETS
    }
}

#[cfg(test)]
mod tests {
    use sambac_domain::content::Handling;

    use super::*;

    fn key(reference: u16) -> Key {
        Key {
            sender: "MyBank".parse().expect("a name"),
            destination: Msisdn::from_u64(447_700_900_123).expect("a number"),
            reference,
            total: 2,
        }
    }

    fn part(no: u8, text: &str) -> Part {
        Part { no, data_coding: 0, udh: false, octets: text.as_bytes().to_vec() }
    }

    fn rules() -> ContentRules {
        ContentRules { card_numbers: Handling::Block, ..ContentRules::default() }
    }

    /// A refused part may come again with another text; whole messages and those whose time is over are not remembered.
    #[tokio::test(start_paused = true)]
    async fn a_part_is_looked_at_with_those_that_were_taken() {
        let (mut unfinished, now) = (Unfinished::default(), Instant::now());
        let mut look = |reference, no, text: &str| {
            let looked = unfinished.look(&rules(), key(reference), part(no, text), now);
            (looked.map_err(|refusal| refusal.code), unfinished.messages.len())
        };
        let forbidden = Err(ErrorCode::ContentForbidden);
        assert_eq!(look(1, 1, "Card 4111 1111 "), (Ok(()), 1));
        assert_eq!(look(2, 2, "1111 1111"), (Ok(()), 2), "another message");
        assert_eq!(look(1, 2, "1111 1111"), (forbidden, 2));
        assert_eq!(look(1, 1, "Card 4111 1111 "), (Ok(()), 2), "it comes again");
        assert_eq!(look(1, 2, "is yours"), (Ok(()), 1), "it is whole");
        assert_eq!(look(1, 2, "1111 1111"), (Ok(()), 2), "a new message under an old reference");
        let late = unfinished.look(&rules(), key(1), part(1, "Card 4111 1111 "), now + KEPT);
        assert_eq!((late, unfinished.messages.len()), (Ok(()), 2), "and another one, later");
    }

    /// What is kept is bounded: then no more is taken, until what came has had its time.
    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded_and_no_part_passes_unseen() {
        let (mut unfinished, now) = (Unfinished::default(), Instant::now());
        let mut refused = None;
        for reference in 0..u16::MAX {
            let looked = unfinished.look(&rules(), key(reference), part(1, &"x".repeat(134)), now);
            if let Err(refusal) = looked {
                refused = Some(refusal.code);
                break;
            }
            assert!(unfinished.octets <= OCTETS_MAX);
        }
        assert_eq!(refused, Some(ErrorCode::RateLimited));
        assert!(unfinished.messages.len() > 10_000, "{}", unfinished.messages.len());
        assert!(unfinished.look(&rules(), key(7), part(1, &"x".repeat(134)), now + KEPT).is_ok());
        assert_eq!(unfinished.messages.len(), 1);
    }
}
