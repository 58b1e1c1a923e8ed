//! What a `query_sm` is told (SMPP 3.4 §4.8): the state, since when it is final, and the operator's error.

use sambac_domain::state::MessageState;
use sambac_domain::time::Timestamp;
use sambac_smpp::{QuerySmResp, interface_version, message_state as states};
use sambac_store::rows::{MessageRow, SegmentRow};

/// The state of the messages that an id stands for, taken together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    message_state: u8,
    final_date: String,
    error_code: u8,
}

impl Told {
    pub(super) fn of(rows: &[MessageRow], segments: &[SegmentRow]) -> Self {
        let of_segments = |row: &MessageRow| {
            let own = segments.iter().filter(|segment| segment.id.message() == row.id);
            MessageState::combine(&own.map(|segment| segment.state).collect::<Vec<_>>())
        };
        let state = |row: &MessageRow| if row.final_at.is_some() { row.state } else { of_segments(row) };
        let state = MessageState::combine(&rows.iter().map(state).collect::<Vec<_>>());
        let final_at = rows.iter().map(|row| row.final_at).collect::<Option<Vec<_>>>();
        let final_at = final_at.and_then(|times| times.into_iter().max());
        let error = segments.iter().find_map(|segment| segment.operator_error.as_deref());
        // One octet: an operator's code that does not fit is left out rather than cut.
        let error_code = error.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        Self {
            message_state: state.receipt_state().message_state(),
            final_date: final_at.map(absolute).unwrap_or_default(),
            error_code: if state.is_paid() { 0 } else { error_code },
        }
    }

    /// As a client of this SMPP version is told: SCHEDULED is of 5.0 (§4.7.15), before that it is on its way.
    pub(super) fn answer<'a>(&'a self, message_id: &'a [u8], version: Option<u8>) -> QuerySmResp<'a> {
        let Self { message_state, final_date, error_code } = self;
        let is_unknown_to_it = *message_state == states::SCHEDULED && version < Some(interface_version::V5_0);
        QuerySmResp {
            message_id,
            final_date: final_date.as_bytes(),
            message_state: if is_unknown_to_it { states::ENROUTE } else { *message_state },
            error_code: *error_code,
        }
    }
}

/// `YYMMDDhhmmsstnnp` in UTC (SMPP 3.4 §7.1.1).
fn absolute(at: Timestamp) -> String {
    let (year, month, day) = at.civil_date();
    let of_day = at.as_secs().rem_euclid(86_400);
    let tenth = at.as_millis().rem_euclid(1_000) / 100;
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}{tenth}00+", year.rem_euclid(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_final_date_is_a_time_of_smpp() {
        assert_eq!(absolute(Timestamp(1_795_413_600_700_000)), "261123060000700+");
    }
}
