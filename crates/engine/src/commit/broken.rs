//! What the program broke on before is left alone, or ended.

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{ConnectorId, SegmentId};
use sambac_domain::state::MessageState;
use sambac_store::rows::OutboxKey;

use super::answer::Case;
use super::{Committer, target_of};
use crate::breakage::{Hand, Step};
use crate::kill_point;

impl Committer {
    /// Takes it in hand. Whether it is put aside: then nothing is done with it.
    pub(super) fn breaks_on(&mut self, hand: Hand) -> bool {
        self.in_hand = Some(hand);
        self.inner.breakages.put_aside(hand).is_some()
    }

    /// Takes a segment in hand that is to be sent. Whether it is put aside: it has ended then, unless the program breaks on that, too.
    pub(super) fn ends_broken(&mut self, segment: SegmentId, connector: ConnectorId) -> bool {
        let hand = Hand::of(Step::Intent, segment.message());
        let Some(live) = self.live(segment.message()) else { return false };
        if !self.breaks_on(hand) {
            kill_point::breaks("intent", live.message.destination);
            return false;
        }
        if self.breaks_on(Hand::of(Step::End, segment.message())) {
            return true;
        }
        let reason = self.inner.breakages.put_aside(hand).map(str::to_owned);
        let row = OutboxKey { target: target_of(connector), lane: live.message.class.lane(), id: segment.raw() };
        let case = Case { live, segment, row, connector };
        self.event(segment, "put_aside", reason);
        self.fail(&case, MessageState::Failed, ErrorCode::MessageBreaks);
        true
    }
}
