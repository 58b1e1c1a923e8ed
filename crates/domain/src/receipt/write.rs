//! The receipt text that we send to ESMEs, in the form of SMPP 3.4, appendix B, as the client wants it.

use super::ReceiptState;
use crate::Timestamp;
use crate::profile::ClientReceipts;

/// What a receipt to a client says.
#[derive(Debug, Clone, Copy)]
pub struct ReceiptOut<'a> {
    /// Our id in the client's form.
    pub id: &'a str,
    /// The state told.
    pub state: ReceiptState,
    /// Segments submitted.
    pub sub: u16,
    /// Segments delivered.
    pub dlvrd: u16,
    /// When the message was accepted.
    pub submitted_at: Timestamp,
    /// When the state was reached, by the operator's word.
    pub done_at: Timestamp,
    /// The operator's error code.
    pub error: &'a str,
    /// The beginning of the message, in ASCII.
    pub text: &'a str,
}

/// Appends `id:… sub:001 dlvrd:001 submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DELIVRD err:000 text:`, with dates of ten or
/// twelve digits in the client's zone, and without `sub`, `dlvrd` and `text` if it does not want them. Allocates nothing
/// but room in `out`.
pub fn write_text(out: &mut Vec<u8>, receipt: &ReceiptOut<'_>, form: &ClientReceipts) {
    out.reserve(receipt.id.len() + receipt.error.len() + receipt.text.len() + 96);
    out.extend_from_slice(b"id:");
    out.extend_from_slice(receipt.id.as_bytes());
    if form.full_text {
        write_count(out, b" sub:", receipt.sub);
        write_count(out, b" dlvrd:", receipt.dlvrd);
    }
    out.extend_from_slice(b" submit date:");
    write_date(out, receipt.submitted_at, form);
    out.extend_from_slice(b" done date:");
    write_date(out, receipt.done_at, form);
    out.extend_from_slice(b" stat:");
    out.extend_from_slice(receipt.state.as_stat().as_bytes());
    out.extend_from_slice(b" err:");
    out.extend_from_slice(receipt.error.as_bytes());
    if form.full_text {
        out.extend_from_slice(b" text:");
        let count = usize::from(form.text_chars_max);
        out.extend(receipt.text.bytes().filter(|octet| (b' '..=b'~').contains(octet)).take(count));
    }
}

fn write_count(out: &mut Vec<u8>, name: &[u8], count: u16) {
    out.extend_from_slice(name);
    let count = count.min(999);
    out.extend([count / 100, count / 10 % 10, count % 10].map(|digit| b'0' + digit.to_le_bytes()[0]));
}

fn write_date(out: &mut Vec<u8>, at: Timestamp, form: &ClientReceipts) {
    let micros = at.0.saturating_add(i64::from(form.utc_offset_minutes) * 60_000_000);
    let (year, month, day) = Timestamp(micros).civil_date();
    let seconds = micros.div_euclid(1_000_000).rem_euclid(86_400);
    let parts =
        [year.rem_euclid(100), i64::from(month), i64::from(day), seconds / 3_600, seconds / 60 % 60, seconds % 60];
    for part in parts.into_iter().take(usize::from(form.date_digits) / 2) {
        out.extend([b'0' + (part / 10) as u8, b'0' + (part % 10) as u8]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receipt::{ReceiptInput, parse};
    use proptest::prelude::*;

    const RECEIPT: ReceiptOut<'_> = ReceiptOut {
        id: "42",
        state: ReceiptState::Delivered,
        sub: 1,
        dlvrd: 1,
        submitted_at: Timestamp(1_700_000_000_000_000),
        done_at: Timestamp(1_709_251_199_999_999),
        error: "000",
        text: "Your code\n is 1234",
    };

    fn written(receipt: &ReceiptOut<'_>, form: &str) -> String {
        let mut out = Vec::new();
        write_text(&mut out, receipt, &serde_json::from_str(form).unwrap());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_text_of_the_standard() {
        let expected = "id:42 sub:001 dlvrd:001 submit date:2311142213 done date:2402292359 stat:DELIVRD err:000 text:";
        assert_eq!(written(&RECEIPT, "{}"), expected);
    }

    #[test]
    fn each_client_gets_its_own_form() {
        let of_ten = ReceiptOut { sub: 10, dlvrd: 7, state: ReceiptState::Undeliverable, error: "1F", ..RECEIPT };
        assert_eq!(
            written(&of_ten, r#"{"date_digits":12,"utc_offset_minutes":330,"text_chars_max":12}"#),
            "id:42 sub:010 dlvrd:007 submit date:231115034320 done date:240301052959 stat:UNDELIV err:1F text:Your code is"
        );
        assert_eq!(
            written(&RECEIPT, r#"{"full_text":false,"utc_offset_minutes":-60}"#),
            "id:42 submit date:2311142113 done date:2402292259 stat:DELIVRD err:000"
        );
    }

    proptest! {
        #[test]
        fn what_we_write_we_read(
            id in "[0-9A-Za-z-]{1,20}", number in 0u8..10, minutes in 0i64..68_374_079, error in "[0-9A-Z]{1,4}",
        ) {
            let state = ReceiptState::from_message_state(number).unwrap();
            let micros = ((minutes + 15_778_080) * 60_000_000 / 2).max(946_684_800_000_000);
            let at = Timestamp(micros);
            let receipt = ReceiptOut { id: &id, state, submitted_at: at, done_at: at, error: &error, ..RECEIPT };
            let text = written(&receipt, "{}");
            let read =
                parse(&ReceiptInput { esm_class: 4, short_message: text.as_bytes(), ..ReceiptInput::default() }).unwrap();
            prop_assert_eq!(&read.smsc_message_id, &id);
            prop_assert_eq!(read.state, state);
            prop_assert_eq!(read.error, Some(error));
            prop_assert_eq!(read.done_date.unwrap().micros_as_utc(), micros - micros % 60_000_000);
        }
    }
}
