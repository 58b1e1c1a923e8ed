//! Which holders of a connector's lease have gone in good order.
//!
//! A node that is handed what the broker had handed to another one before cannot know whether that one has sent it. The node with the ledger can: a holder
//! that has told everything before it went has not sent what it has said nothing about. Brokers hand out to a consumer that has just
//! cancelled, too, so that this happens at any change of hands under load.

/// The last holders that have gone, each after it had told everything: an unbroken row of epochs.
#[derive(Default)]
pub(super) struct HandedOver(Option<(i64, i64)>);

impl HandedOver {
    /// The holder with this epoch has told everything, and gone.
    pub(super) fn left(&mut self, epoch: i64) {
        let first = match self.0 {
            Some((first, last)) if last == epoch || last + 1 == epoch => first,
            _ => epoch,
        };
        self.0 = Some((first, epoch));
    }

    /// Whether all holders have gone that way from the one who had the connector when a segment was announced, up to, and without, the one
    /// who tells of it now. Of an epoch of 0 nobody knows.
    pub(super) fn is_well(&self, announced: i64, now: i64) -> bool {
        self.0.is_some_and(|(first, last)| announced > 0 && first <= announced && announced < now && now <= last + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(epochs: &[i64]) -> HandedOver {
        let mut handed_over = HandedOver::default();
        epochs.iter().for_each(|epoch| handed_over.left(*epoch));
        handed_over
    }

    #[test]
    fn what_went_through_good_hands_only_was_not_sent() {
        for (left, announced, now) in
            [(&[2][..], 2, 3), (&[2, 2], 2, 3), (&[2, 3, 4], 2, 5), (&[2, 3, 4], 3, 4), (&[7], 7, 8)]
        {
            assert!(after(left).is_well(announced, now), "{left:?} {announced} {now}");
        }
    }

    #[test]
    fn what_one_of_them_may_have_sent_is_in_doubt() {
        let cases = [
            (&[][..], 2, 3),
            // The holder itself, or one before it, has a doubt of its own.
            (&[2], 3, 3),
            (&[2], 2, 2),
            // Somebody in between, before or after died.
            (&[2, 4], 2, 5),
            (&[2], 2, 4),
            (&[3], 2, 4),
            (&[2, 3], 1, 4),
            // Nobody knows who had it.
            (&[1, 2], 0, 3),
            // Who takes back what lies in the queues is no holder.
            (&[2], 2, 0),
        ];
        for (left, announced, now) in cases {
            assert!(!after(left).is_well(announced, now), "{left:?} {announced} {now}");
        }
    }
}
