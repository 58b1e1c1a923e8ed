//! A client's `submit_sm` (SMPP 3.4 §4.4) as a request to submit.

use sambac_domain::error::ErrorCode;
use sambac_domain::message::Origin;
use sambac_domain::number::{Sender, normalise_smpp};
use sambac_domain::time::Timestamp;
use sambac_smpp::{Sm, Tag};

use super::time::{self, Validity};
use crate::refusal::Refusal;
use crate::snapshot::SmppAccount;
use crate::submit::{Content, SubmitRequest};

/// UDH indicator of esm_class.
const UDHI: u8 = 0x40;
/// The bits of registered_delivery that ask for a receipt of the final outcome.
const FINAL_RECEIPT_BITS: u8 = 0x03;
/// Octets of a concatenation header with an 8-bit reference.
const CONCAT_OCTETS: usize = 6;

pub(super) fn request(account: &SmppAccount, sm: &Sm<'_>, now: Timestamp) -> Result<SubmitRequest, Refusal> {
    if !sm.schedule_delivery_time.is_empty() {
        return Err(Refusal::new(ErrorCode::InvalidSchedule, "scheduled delivery is not offered over SMPP"));
    }
    let sender = Sender::from_smpp(sm.source.ton, sm.source.addr)
        .map_err(|error| Refusal::new(ErrorCode::InvalidSender, error.to_string()))?;
    let destination = normalise_smpp(sm.destination.ton, sm.destination.addr)
        .map_err(|error| Refusal::new(ErrorCode::InvalidDestination, error.to_string()))?;
    let validity = match time::validity(sm.validity_period, now) {
        Validity::Default => None,
        Validity::For(wanted) => Some(wanted),
        Validity::Passed => return Err(Refusal::new(ErrorCode::Expired, "validity_period has passed")),
        Validity::Malformed => return Err(Refusal::new(ErrorCode::Expired, "validity_period is not a time of SMPP")),
    };
    Ok(SubmitRequest {
        account_id: account.row.account_id,
        origin: Origin::Smpp { smpp_account: account.row.id },
        sender,
        destination,
        content: content(sm)?,
        class: account.class,
        validity,
        client_ref: None,
        receipt_wanted: sm.registered_delivery & FINAL_RECEIPT_BITS != 0,
        registered_delivery: sm.registered_delivery,
        price_micros_max: None,
        test_only: false,
        idempotency: None,
    })
}

fn content(sm: &Sm<'_>) -> Result<Content, Refusal> {
    let data = sm.message();
    if data.is_empty() {
        return Err(ErrorCode::MessageEmpty.into());
    }
    let udhi = sm.esm_class & UDHI != 0;
    // SAR parameters become a header: the operator's connector may not speak SAR, and never both.
    let sar =
        (sm.tlvs.u16(Tag::SAR_MSG_REF_NUM), sm.tlvs.u8(Tag::SAR_TOTAL_SEGMENTS), sm.tlvs.u8(Tag::SAR_SEGMENT_SEQNUM));
    let (data, udhi) = match sar {
        (Some(reference), Some(total), Some(no)) if !udhi && total > 1 && (1..=total).contains(&no) => {
            let [_, low] = reference.to_be_bytes();
            let mut with_header = Vec::with_capacity(CONCAT_OCTETS + data.len());
            with_header.extend_from_slice(&[5, 0, 3, low, total, no]);
            with_header.extend_from_slice(data);
            (with_header, true)
        }
        _ => (data.to_vec(), udhi),
    };
    Ok(Content::Octets { data, data_coding: sm.data_coding, udhi })
}
