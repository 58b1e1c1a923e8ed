//! Receipts that name no message (Q-B9, Q-B16): matched by number, sender and date, when only one segment fits. And receipts
//! that name an unknown one: compared with the ids of segments to the same number, to find out how ids are written.

use sambac_domain::id::SegmentId;
use sambac_domain::time::Timestamp;

use super::receipt::Verdict;
use super::{Committer, Found};
use crate::alert::AlertKind;
use crate::live::Candidates;

/// How far a submit date may be from ours, its zone aside: it may be written to the minute, and clocks differ.
const DATE_TOLERANCE_MICROS: i64 = 120_000_000;
/// More segments than these to one number are a crowd.
const CROWD: usize = 16;
/// Zones are whole quarters of an hour.
const QUARTER_MICROS: i64 = 15 * 60 * 1_000_000;

impl Committer {
    /// Segments to a receipt's number that wait for a receipt: of interest when it names no message, or an unknown one.
    pub(super) fn awaiting_candidates(&self, found: &Found) -> Candidates {
        let group = self.receipt_group(found.connector);
        let there = found.numbers().map(|number| self.awaiting.at(group, number));
        // Of a crowd none can be told for certain, and reading them costs.
        there.filter(|segments| segments.len() <= CROWD).flatten().copied().collect()
    }

    /// Matches a receipt that names no message; or one that names an unknown one, if it can be about a segment to which the
    /// operator gave no id.
    pub(super) fn without_id(&mut self, found: &Found, verdict: &Verdict) -> bool {
        if !self.profile(found.connector).receipt_id.match_without_id {
            return false;
        }
        let names_one = !found.keys.is_empty();
        let fits = |segment: &SegmentId| self.fits_without_id(found, *segment) && !(names_one && self.has_id(*segment));
        let candidates: Candidates = self.awaiting_candidates(found).into_iter().filter(fits).collect();
        let [segment] = candidates.as_slice() else { return false };
        let segment = *segment;
        if names_one && found.numbers().any(|number| self.is_on_its_way(number)) {
            return false; // The answer that is to come may bring this id.
        }
        let Some(live) = self.live(segment.message()) else { return false };
        self.event(segment, "receipt_matched_by_number", None);
        self.matched(&live, segment, verdict);
        true
    }

    fn has_id(&self, segment: SegmentId) -> bool {
        let live = self.live(segment.message());
        live.is_none_or(|live| live.progress().of(segment).is_none_or(|own| own.receipt_key.is_some()))
    }

    fn fits_without_id(&self, found: &Found, segment: SegmentId) -> bool {
        let Some(live) = self.live(segment.message()) else { return false };
        let submitted_at = live.progress().of(segment).and_then(|own| own.submitted_at);
        let message = &live.message;
        found.fits(message.destination)
            && found.fits_sender(message.destination, message.sender.as_str())
            && submitted_at.is_none_or(|at| is_about(found, at))
    }

    /// What the ids of waiting segments tell of a receipt that names none of them.
    pub(super) fn learn_form(&self, found: &Found) {
        let profile = self.profile(found.connector);
        if found.keys.is_empty() || !profile.receipt_id.propose_rule {
            return;
        }
        let id = |segment: &SegmentId| {
            let live = self.live(segment.message())?;
            let id = live.progress().of(*segment)?.smsc_message_id.as_deref().map(str::to_owned)?;
            (!id.is_empty()).then_some(id)
        };
        let answers: Vec<String> = self.awaiting_candidates(found).iter().filter_map(id).collect();
        if answers.is_empty() {
            return;
        }
        let receipt = &found.receipt;
        let ids: Vec<&str> =
            std::iter::once(&receipt.smsc_message_id).chain(&receipt.other_id).map(String::as_str).collect();
        let proposal = self.inner.receipt_watch.unmatched(found.connector, &profile.receipt_id, &ids, &answers);
        if let Some(proposal) = proposal {
            let name = self.snapshot.connectors.get(&found.connector).map_or("", |row| row.name.as_str());
            let text = format!(
                "receipts match nothing: ids read {} in answers and {} in receipts. A rule that explains {} of them is proposed",
                proposal.answer_id, proposal.receipt_id, proposal.explained
            );
            self.inner.alerts.raise(AlertKind::ReceiptIds, name, text);
        }
    }
}

/// Whether a receipt's submit date can be this moment, in whichever zone.
fn is_about(found: &Found, submitted_at: Timestamp) -> bool {
    let Some(date) = found.receipt.submit_date else { return true };
    let difference = (date.micros_as_utc() - submitted_at.0).rem_euclid(QUARTER_MICROS);
    difference <= DATE_TOLERANCE_MICROS || difference >= QUARTER_MICROS - DATE_TOLERANCE_MICROS
}
