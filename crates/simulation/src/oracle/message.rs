//! Judges one message: that it is there once, and that each segment went out and ended as operators saw it.

use std::time::Duration;

use sambac_domain::class::TrafficClass;
use sambac_domain::id::{MessageId, SegmentId};

use super::{Bench, DELIVERED, Row, Segment, word};
use crate::operator::Copy;
use crate::order::{Known, Order, Way};
use crate::site::PRICE;
use crate::world::BEGINNING;

/// Between the look at the clock and the operator.
const LATE_MICROS: i64 = 1_500_000;
/// How long the first copy may take where nothing is wrong: one answer that is lost may keep a window of one place for half a minute.
const SLOW: Duration = Duration::from_secs(45);
/// How often it is asked whether nothing is wrong.
const LOOK: Duration = Duration::from_secs(10);
const THROTTLED: u32 = 0x58;
const BUSY: u32 = 0x14;
/// The least pause after an operator was too busy.
const LATER_MICROS: i64 = 1_000_000;
const EXPIRED: i64 = 8;
const REJECTED: i64 = 9;
const FAILED: i64 = 10;

impl Bench<'_> {
    /// Judges it, and gives its rows.
    pub(super) fn message(&self, no: usize, order: &Order) -> &[Row] {
        let rows = self.rows.get(&no).map_or(&[][..], Vec::as_slice);
        let found = |rule, text: String| self.world.found(rule, format!("#{no}: {text}"));
        match (&order.known, rows) {
            (_, [_, _, ..]) => found("a message is there twice", format!("{rows:?}")),
            (Known::Accepted { id, .. }, []) => found("an accepted message is lost", id.clone()),
            (Known::Accepted { id, expires_at, .. }, [row]) => {
                if number(order.way, id) != Some(row.id) {
                    found("a message has another number than its client was told", format!("{id}, {row:?}"));
                }
                if expires_at.is_some_and(|at| at.0 != row.expires_at) {
                    found("a message lives longer or shorter than its client was told", format!("{row:?}"));
                }
            }
            (_, [row]) if !order.in_doubt => found("a refused message is there", format!("{:?}, {row:?}", order.known)),
            _ => {}
        }
        for row in rows {
            let lives = Duration::from_micros(u64::try_from(row.expires_at - row.accepted_at).unwrap_or(0));
            if lives.as_secs().abs_diff(order.validity.as_secs()) > 1 {
                found(
                    "a message lives longer or shorter than its client wanted",
                    format!("{lives:?}, {:?}", order.validity),
                );
            }
            if row.final_at.is_none() {
                found("a message is stuck", word(row.state).to_owned());
            }
            for part in 1..=u8::try_from(order.segments()).unwrap_or(u8::MAX) {
                self.segment(no, order, row, part);
            }
        }
        rows
    }

    fn segment(&self, no: usize, order: &Order, row: &Row, part: u8) {
        let found = |rule, text: String| self.world.found(rule, format!("#{no} part {part}: {text}"));
        let id = SegmentId::new(MessageId::from_raw(row.id), part).raw();
        let Some(segment) = self.segments.get(&id) else { return found("a segment is not there", id.to_string()) };
        if segment.price != Some(PRICE) || segment.charge.is_none() {
            found("a segment has another price than it should", format!("{segment:?}"));
        }
        let copies = self.copies.get(&(no, part)).map_or(&[][..], Vec::as_slice);
        if let Some((_, late)) = copies.iter().find(|(_, copy)| copy.wall.0 > row.expires_at + LATE_MICROS) {
            found("sent past its validity", format!("{late:?}, {row:?}"));
        }
        self.twice(order, segment, copies, &found);
        self.ends(order, segment, row, copies, &found);
        self.slow(order, (row, segment), copies, &found);
    }

    /// Where nothing is wrong, what was taken goes out soon; what was taken before goes out soon after.
    fn slow(
        &self,
        order: &Order,
        (row, segment): (&Row, &Segment),
        copies: &[(usize, Copy)],
        found: &dyn Fn(&'static str, String),
    ) {
        let Known::Accepted { at, .. } = &order.known else { return };
        let since = |at: i64| Duration::from_micros(u64::try_from(at - BEGINNING.0).unwrap_or(0));
        let accepted = since(at.0);
        let first = copies.iter().map(|(_, copy)| since(copy.at.0)).min();
        if first.is_none() && segment.possible_duplicate {
            return; // What was sent was lost on its way.
        }
        let until = first.unwrap_or(Duration::MAX);
        let mut soon = accepted;
        // Who was in doubt may have been told long after, and what was lost on its way is for the engine in doubt.
        let lives = if order.in_doubt || segment.possible_duplicate {
            Duration::ZERO
        } else {
            order.validity.saturating_sub(SLOW * 2)
        };
        // Who sets the clock sets the end of its time.
        while soon <= accepted + lives && soon + SLOW < until && !self.world.weather.is_set(accepted, soon) {
            if self.world.is_fair(soon, soon + SLOW) {
                return found("slow although nothing is wrong", format!("{first:?}, {accepted:?}, {row:?}"));
            }
            soon += LOOK;
        }
    }

    /// A segment goes out again only after a refusal, or marked; an OTP never where its answer was lost.
    fn twice(&self, order: &Order, segment: &Segment, copies: &[(usize, Copy)], found: &dyn Fn(&'static str, String)) {
        let mut in_order: Vec<_> = copies.iter().collect();
        in_order.sort_by_key(|(_, copy)| copy.at);
        for (place, (operator, copy)) in in_order.iter().enumerate() {
            let refused = copy.answered.is_some_and(|status| status != 0);
            let again = in_order.get(place + 1..).unwrap_or_default();
            // What one process was told and did not store in time, the next one does not know.
            let too_soon = |(other, next): &&(usize, Copy)| {
                let is_soon = next.at.0 < copy.at.0 + LATER_MICROS;
                other == operator && is_soon && !self.world.are_anothers(copy.at, next.at)
            };
            if copy.answered == Some(BUSY) && again.iter().copied().any(|next| too_soon(&next)) {
                found("sent again at once to an operator that was too busy", format!("{in_order:?}"));
            }
            if refused || again.is_empty() {
                continue;
            }
            if !segment.possible_duplicate {
                found("sent twice and not marked", format!("{in_order:?}"));
            }
            let is_otp = order.class == TrafficClass::Otp;
            if is_otp && again.iter().any(|(other, _)| other == operator) {
                found("an OTP was sent again where its answer was lost", format!("{in_order:?}"));
            }
        }
    }

    /// The end of a segment is one that an operator told, or that nobody could tell.
    fn ends(
        &self,
        order: &Order,
        segment: &Segment,
        row: &Row,
        copies: &[(usize, Copy)],
        found: &dyn Fn(&'static str, String),
    ) {
        let fates = |state| copies.iter().any(|(_, copy)| copy.fate.contains(&state));
        let told: Vec<_> = copies.iter().flat_map(|(_, copy)| copy.told.iter().copied()).collect();
        let shown = || format!("{} of {copies:?}", word(segment.state));
        let refused =
            |(_, copy): &(usize, Copy)| copy.answered.is_some_and(|status| status != 0 && status != THROTTLED);
        let is_sure = !segment.possible_duplicate;
        if segment.state == DELIVERED && !fates("DELIVRD") {
            found("delivered, and no operator says so", shown());
        }
        if is_sure && [REJECTED, FAILED].contains(&segment.state) && !copies.iter().any(refused) && !fates("REJECTD") {
            found("given up, and no operator refused it", shown());
        }
        if segment.state == EXPIRED && !fates("EXPIRED") && segment.final_at.is_some_and(|at| at < row.expires_at) {
            found("expired before its time", format!("{segment:?}, {row:?}"));
        }
        // The operator and the engine agree on what it is called; of several receipts the first one counts.
        let taken: Vec<_> = copies.iter().filter(|(_, copy)| copy.taken).collect();
        // A doubt about a number that no other message has is cleared by its receipt.
        let is_known = |copy: &Copy| {
            is_sure && copy.answered == Some(0)
                || order.way == Way::Smpp && copies.len() == 1 && self.is_in_time(row, copy)
        };
        if let ([(_, copy)], Some(first)) = (&taken[..], told.first())
            && is_known(copy)
            && copy.sent.first() == Some(first)
            && !self.may_have_ended(order, copy)
            && (*first == "DELIVRD") != (segment.state == DELIVERED)
        {
            found("a receipt was acknowledged and changed nothing", shown());
        }
    }

    /// Whether it was told before the message was given up. Whose doubt has ended is not looked for any more.
    fn is_in_time(&self, row: &Row, copy: &Copy) -> bool {
        let grace = i64::try_from(self.world.times.grace.as_micros()).unwrap_or(i64::MAX);
        copy.told_at.is_some_and(|told| copy.wall.0 + (told.0 - copy.at.0) + LATE_MICROS < row.expires_at + grace)
    }

    /// Whether somebody set the clock, so that its time may have been over at once.
    fn may_have_ended(&self, order: &Order, copy: &Copy) -> bool {
        let sent = Duration::from_micros(u64::try_from(copy.at.0 - BEGINNING.0).unwrap_or(0));
        self.world.weather.is_set(sent, sent + order.validity + self.world.times.grace)
    }
}

/// The number that a client was told.
fn number(way: Way, id: &str) -> Option<i64> {
    match way {
        Way::Api => id.parse::<MessageId>().ok().map(MessageId::raw),
        Way::Smpp => id.parse().ok(),
    }
}
