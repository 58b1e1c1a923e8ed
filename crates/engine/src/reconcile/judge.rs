//! What is wrong with one segment, from what each table says of it. Pure.

use std::collections::HashMap;

use sambac_domain::ledger::{AtEnd, PostingKind, due};
use sambac_domain::{AccountId, ChargePolicy, Currency, MessageOptions, PostingId, SegmentId};
use sambac_store::rows::{CdrRow, ChargeRow, ChargeState, ComparedMessage, ComparedSegment, PostingRow};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident $word:literal,)+) => {
        /// How things differ.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum BreakKind { $($(#[doc = $doc])+ $name,)+ }

        impl BreakKind {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// As it is written outside.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

kinds! {
    /// A segment, charge or CDR of which there is no message.
    NoMessage "no_message",
    /// A message has more or fewer segments than it says.
    SegmentCount "segment_count",
    /// A segment without a charge.
    NoCharge "no_charge",
    /// A segment of a message that has ended, without a CDR.
    NoCdr "no_cdr",
    /// A CDR of a message that has not ended.
    EarlyCdr "early_cdr",
    /// The message, the charge and the CDR are not of the same account.
    Account "account",
    /// The charge is of another amount or currency than the message's price.
    ChargePrice "charge_price",
    /// The CDR tells of another price or currency than the message's.
    CdrPrice "cdr_price",
    /// The message has ended, and its charge is still held.
    StillHeld "still_held",
    /// The charge ended otherwise than its policy makes of the segment's end.
    ChargeEnd "charge_end",
    /// The charge took another amount than its end says.
    Captured "captured",
    /// The CDR tells of another end of the charge.
    CdrCharge "cdr_charge",
    /// The segment and the CDR tell of different ends.
    State "state",
    /// The charge names a posting that is not there, or is of another kind, currency or wallet.
    Posting "posting",
    /// A posting is not the sum of what names it.
    PostingSum "posting_sum",
    /// The CDR tells of another cost than the one that was frozen.
    Cost "cost",
}

/// What the tables say of one segment.
pub(super) struct Told<'a> {
    pub(super) id: SegmentId,
    pub(super) message: Option<&'a ComparedMessage>,
    pub(super) segment: Option<&'a ComparedSegment>,
    pub(super) charge: Option<&'a ChargeRow>,
    pub(super) cdr: Option<&'a CdrRow>,
    /// Whether the CDRs of its day are in a file.
    pub(super) is_archived: bool,
}

/// The ledger, as far as the segments of a page name it.
#[derive(Default)]
pub(super) struct Books {
    pub(super) postings: HashMap<PostingId, PostingRow>,
    /// Whose each ledger account is.
    pub(super) owners: HashMap<i64, AccountId>,
}

/// Something that differs: what it should come to, and what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) kind: BreakKind,
    pub(super) expected: (i64, i64),
    pub(super) found: (i64, i64),
}

impl Difference {
    /// One that is missing, worth this much.
    const fn missing(kind: BreakKind, micros: i64) -> Self {
        Self { kind, expected: (1, micros), found: (0, 0) }
    }

    /// One too many.
    const fn extra(kind: BreakKind, micros: i64) -> Self {
        Self { kind, expected: (0, 0), found: (1, micros) }
    }

    /// One of another amount.
    const fn other(kind: BreakKind, expected: i64, found: i64) -> Self {
        Self { kind, expected: (1, expected), found: (1, found) }
    }
}

impl Told<'_> {
    /// Whether the segment is one of those that are compared: its message has ended, or nobody knows the message.
    pub(super) fn is_ended(&self) -> bool {
        self.cdr.is_some() || self.message.is_none_or(|message| message.final_at.is_some())
    }

    /// The account that it is of, as the first that says so has it.
    pub(super) fn account(&self) -> Option<AccountId> {
        let message = self.message.map(|row| row.account_id);
        message.or(self.cdr.map(|row| row.account_id)).or(self.charge.map(|row| row.account_id))
    }

    /// The currency of its price, likewise.
    pub(super) fn currency(&self) -> Option<Currency> {
        let message = self.message.map(|row| row.currency);
        message.or(self.cdr.map(|row| row.currency)).or(self.charge.map(|row| row.currency))
    }

    /// What differs.
    pub(super) fn differences(&self, books: &Books) -> Vec<Difference> {
        let mut found = Vec::new();
        let Some(message) = self.message else {
            let worth = self.cdr.map(|row| row.price_micros).or(self.charge.map(|row| row.amount_micros));
            return vec![Difference::extra(BreakKind::NoMessage, worth.unwrap_or_default())];
        };
        if message.final_at.is_none() {
            return self.cdr.map(|cdr| Difference::extra(BreakKind::EarlyCdr, cdr.price_micros)).into_iter().collect();
        }
        let price = message.price_micros;
        match self.charge {
            None => found.push(Difference::missing(BreakKind::NoCharge, price)),
            Some(charge) => self.charge_against_message(message, charge, &mut found),
        }
        match self.cdr {
            None if self.is_archived => {}
            None => found.push(Difference::missing(BreakKind::NoCdr, price)),
            Some(cdr) => self.cdr_against_message(message, cdr, &mut found),
        }
        if let (Some(charge), Some(cdr)) = (self.charge, self.cdr) {
            found.extend(ends_differ(charge, cdr));
        }
        if let Some(charge) = self.charge
            && !books.have(charge)
        {
            found.push(Difference::missing(BreakKind::Posting, charge.amount_micros));
        }
        found
    }

    fn charge_against_message(&self, message: &ComparedMessage, charge: &ChargeRow, found: &mut Vec<Difference>) {
        let amount = charge.amount_micros;
        if charge.account_id != message.account_id {
            found.push(Difference::other(BreakKind::Account, amount, amount));
        }
        if (amount, charge.currency) != (message.price_micros, message.currency) {
            found.push(Difference::other(BreakKind::ChargePrice, message.price_micros, amount));
        }
        let expected = match charge.state {
            ChargeState::Captured => Some(amount),
            ChargeState::Held | ChargeState::Voided => Some(0),
            ChargeState::Corrected => None,
        };
        if expected.is_some_and(|expected| expected != charge.captured_micros) {
            found.push(Difference::other(BreakKind::Captured, expected.unwrap_or_default(), charge.captured_micros));
        }
        if charge.state == ChargeState::Held && !self.may_wait(charge) {
            found.push(Difference::other(BreakKind::StillHeld, 0, amount));
        }
    }

    /// A delivered password may still be verified.
    fn may_wait(&self, charge: &ChargeRow) -> bool {
        let state = self.segment.map(|row| row.state).or(self.cdr.map(|row| row.state));
        state.is_none_or(|state| due(charge.policy, state) == AtEnd::Wait)
    }

    fn cdr_against_message(&self, message: &ComparedMessage, cdr: &CdrRow, found: &mut Vec<Difference>) {
        if cdr.account_id != message.account_id {
            found.push(Difference::other(BreakKind::Account, message.price_micros, cdr.price_micros));
        }
        if (cdr.price_micros, cdr.currency) != (message.price_micros, message.currency) {
            found.push(Difference::other(BreakKind::CdrPrice, message.price_micros, cdr.price_micros));
        }
        if let Some(segment) = self.segment
            && segment.state != cdr.state
            // What contradicts a correction has a later time, and leaves the CDR as it was.
            && segment.final_at.is_none_or(|at| at <= cdr.final_at)
        {
            found.push(Difference::other(BreakKind::State, message.price_micros, cdr.price_micros));
        }
        if let Some(expected) = cost_of(message, cdr)
            && expected != cdr.cost_micros.unwrap_or_default()
        {
            found.push(Difference::other(BreakKind::Cost, expected, cdr.cost_micros.unwrap_or_default()));
        }
    }
}

/// The charge's end against the CDR's, and against what its policy makes of the segment's end.
fn ends_differ(charge: &ChargeRow, cdr: &CdrRow) -> Option<Difference> {
    let amount = charge.amount_micros;
    let taken = |state| if state == ChargeState::Captured { amount } else { 0 };
    // The CDR tells what a correction has come to.
    let ended = match charge.state {
        ChargeState::Corrected if charge.captured_micros > 0 => ChargeState::Captured,
        ChargeState::Corrected => ChargeState::Voided,
        other => other,
    };
    if ended != cdr.charge_state && amount > 0 {
        return Some(Difference::other(BreakKind::CdrCharge, taken(ended), taken(cdr.charge_state)));
    }
    match (due(charge.policy, cdr.state), charge.state) {
        (AtEnd::Capture, ChargeState::Voided) => Some(Difference::other(BreakKind::ChargeEnd, amount, 0)),
        // Only delivery is paid for by nothing that came before it.
        (AtEnd::Void, ChargeState::Captured) if charge.policy == ChargePolicy::Delivered => {
            Some(Difference::other(BreakKind::ChargeEnd, 0, amount))
        }
        _ => None,
    }
}

/// What the segment should have cost, where it went by the operator whose cost was frozen with the message.
fn cost_of(message: &ComparedMessage, cdr: &CdrRow) -> Option<i64> {
    let operator = message.cost_operator_id.filter(|operator| *operator == cdr.operator_id);
    let (_, micros, policy) = (operator?, message.cost_micros?, message.cost_policy?);
    let delivered = cdr.state.is_paid();
    let is_due = match policy {
        ChargePolicy::Submit => cdr.submitted_at.is_some() || delivered,
        ChargePolicy::Accepted => cdr.smsc_message_id.is_some() || delivered,
        ChargePolicy::Delivered | ChargePolicy::Verified => delivered,
    };
    let parts = message.options.as_deref().and_then(|json| MessageOptions::from_json(json).ok()?.parts);
    let charged = i64::from(parts.unwrap_or(message.segment_count) / message.segment_count.max(1));
    if is_due { micros.checked_mul(charged) } else { Some(0) }
}

impl Books {
    /// Whether the postings that a charge names are there, and move what they are named for. Nothing moves no money.
    fn have(&self, charge: &ChargeRow) -> bool {
        if charge.amount_micros == 0 {
            return true;
        }
        let held = self.is(charge, Some(charge.hold_posting_id), &[PostingKind::Hold]);
        let settled = match charge.state {
            ChargeState::Held => charge.settle_posting_id.is_none(),
            ChargeState::Captured => self.is(charge, charge.settle_posting_id, &[PostingKind::Capture]),
            ChargeState::Voided => self.is(charge, charge.settle_posting_id, &[PostingKind::Void]),
            ChargeState::Corrected => {
                self.is(charge, charge.settle_posting_id, &[PostingKind::Capture, PostingKind::Void])
                    && self.is(charge, charge.correct_posting_id, &[PostingKind::Correct, PostingKind::Refund])
            }
        };
        held && settled
    }

    fn is(&self, charge: &ChargeRow, posting: Option<PostingId>, kinds: &[PostingKind]) -> bool {
        let payer = charge.wallet_of.unwrap_or(charge.account_id);
        let Some(posting) = posting.and_then(|id| self.postings.get(&id)) else { return false };
        let of_payer = |id: i64| self.owners.get(&id) == Some(&payer);
        // What is held and given back stays the payer's; what is taken leaves him; what is refunded comes to him.
        let (gives, gets) = match posting.kind {
            PostingKind::Hold | PostingKind::Void => (true, true),
            PostingKind::Refund => (false, true),
            _ => (true, false),
        };
        kinds.contains(&posting.kind)
            && posting.currency == charge.currency
            && (!gives || of_payer(posting.debit_id))
            && (!gets || of_payer(posting.credit_id))
    }

    /// What a posting of the charge moved, by its kind.
    pub(super) fn moved(&self, posting: Option<PostingId>) -> Option<PostingKind> {
        self.postings.get(&posting?).map(|row| row.kind)
    }
}
