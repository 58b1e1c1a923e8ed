//! The receipt text that we send to ESMEs, in the form of SMPP 3.4, appendix B.

use super::ReceiptState;
use crate::Timestamp;

/// Appends `id:… sub:001 dlvrd:001 submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DELIVRD err:000 text:`.
/// Times are microseconds since 1970, written in UTC; `error` as given. Allocates nothing but room in `out`.
pub fn write_text(out: &mut Vec<u8>, id: &str, state: ReceiptState, submit_micros: i64, done_micros: i64, error: &str) {
    let dlvrd: &[u8] = if state == ReceiptState::Delivered { b" sub:001 dlvrd:001" } else { b" sub:001 dlvrd:000" };
    out.reserve(id.len() + error.len() + 96);
    out.extend_from_slice(b"id:");
    out.extend_from_slice(id.as_bytes());
    out.extend_from_slice(dlvrd);
    out.extend_from_slice(b" submit date:");
    write_date(out, submit_micros);
    out.extend_from_slice(b" done date:");
    write_date(out, done_micros);
    out.extend_from_slice(b" stat:");
    out.extend_from_slice(state.as_stat().as_bytes());
    out.extend_from_slice(b" err:");
    out.extend_from_slice(error.as_bytes());
    out.extend_from_slice(b" text:");
}

fn write_date(out: &mut Vec<u8>, micros: i64) {
    let (year, month, day) = Timestamp(micros).civil_date();
    let minutes = micros.div_euclid(60_000_000).rem_euclid(1_440);
    let year = year.rem_euclid(100);
    for part in [year, i64::from(month), i64::from(day), minutes / 60, minutes % 60] {
        out.extend([b'0' + (part / 10) as u8, b'0' + (part % 10) as u8]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receipt::{ReceiptInput, parse};
    use proptest::prelude::*;

    #[test]
    fn the_text_of_the_standard() {
        let mut out = Vec::new();
        write_text(&mut out, "42", ReceiptState::Delivered, 1_700_000_000_000_000, 1_709_251_199_999_999, "000");
        let expected = "id:42 sub:001 dlvrd:001 submit date:2311142213 done date:2402292359 stat:DELIVRD err:000 text:";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    proptest! {
        #[test]
        fn what_we_write_we_read(
            id in "[0-9A-Za-z-]{1,20}", number in 0u8..10, minutes in 0i64..68_374_079, error in "[0-9A-Z]{1,4}",
        ) {
            let state = ReceiptState::from_message_state(number).unwrap();
            let submit_micros = (minutes + 15_778_080) * 60_000_000 / 2;
            let submit_micros = submit_micros.max(946_684_800_000_000);
            let mut text = Vec::new();
            write_text(&mut text, &id, state, submit_micros, submit_micros, &error);
            let receipt = parse(&ReceiptInput { esm_class: 4, short_message: &text, ..ReceiptInput::default() }).unwrap();
            prop_assert_eq!(&receipt.smsc_message_id, &id);
            prop_assert_eq!(receipt.state, state);
            prop_assert_eq!(receipt.error, Some(error));
            let read = receipt.done_date.unwrap().micros_as_utc();
            prop_assert_eq!(read, submit_micros - submit_micros % 60_000_000);
        }
    }
}
