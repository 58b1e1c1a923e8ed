//! Which end of a segment is paid for, by the policy that its charge has from the moment the message was taken.

use crate::rating::ChargePolicy;
use crate::state::MessageState;

/// What becomes of a charge that is still held when its segment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtEnd {
    /// It is taken.
    Capture,
    /// It is given back.
    Void,
    /// It stays held: what it waits for can still come.
    Wait,
}

/// What is due when a segment ends in `state`, a final one, and its charge is still held.
///
/// An operator's answer that was lost does not make a segment free: under [`ChargePolicy::Accepted`] a receipt that says
/// delivered or undelivered shows that the operator had taken it. Under [`ChargePolicy::Verified`] a delivered password is
/// waited for; whoever ends the waiting voids it.
pub const fn due(policy: ChargePolicy, state: MessageState) -> AtEnd {
    match (policy, state) {
        (ChargePolicy::Submit, _) | (ChargePolicy::Accepted, MessageState::Undelivered) => AtEnd::Capture,
        (ChargePolicy::Accepted | ChargePolicy::Delivered, state) if state.is_paid() => AtEnd::Capture,
        (ChargePolicy::Verified, state) if state.is_paid() => AtEnd::Wait,
        _ => AtEnd::Void,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_at_every_end() {
        use AtEnd::{Capture as C, Void as V, Wait as W};
        use MessageState::{Canceled, Delivered, DeliveredToOperator, Expired, Failed, Rejected, Undelivered};
        let ends = [Delivered, DeliveredToOperator, Undelivered, Expired, Rejected, Failed, Canceled];
        for (policy, expected) in [
            (ChargePolicy::Submit, [C, C, C, C, C, C, C]),
            (ChargePolicy::Accepted, [C, C, C, V, V, V, V]),
            (ChargePolicy::Delivered, [C, C, V, V, V, V, V]),
            (ChargePolicy::Verified, [W, W, V, V, V, V, V]),
        ] {
            assert_eq!(ends.map(|end| due(policy, end)), expected, "{policy:?}");
        }
    }
}
