//! A receipt to a client's ESME, in the form that its account's profile asks for (SMPP 3.4 §4.6, appendix B): text and TLVs
//! say the same.

use sambac_bus::Outcome;
use sambac_domain::id::client_message_id;
use sambac_domain::number::Sender;
use sambac_domain::profile::{ClientReceipts, ReceiptPdu};
use sambac_domain::receipt::{ReceiptOut, ReceiptState, write_text};
use sambac_smpp::{Address, DataSm, Pdu, SendError, Session, Sm, Tag, TlvBuf};
use secrecy::ExposeSecret;

use crate::seal::Seal;

/// esm_class of a receipt, and of news on the way.
const RECEIPT: u8 = 0x04;
const INTERMEDIATE: u8 = 0x20;
/// network_type of GSM in network_error_code (3.4 §5.3.2.31).
const NETWORK_GSM: u8 = 3;
/// Least characters of `err:` (3.4, appendix B).
const ERROR_CHARS_MIN: usize = 3;

/// Sends it when the window allows.
pub(super) async fn send(
    session: &Session,
    outcome: &Outcome,
    form: &ClientReceipts,
    seal: &Seal,
    token: u64,
) -> Result<(), SendError> {
    let id = client_message_id(outcome.client_id(), form.message_id);
    let state = outcome.intermediate.unwrap_or(outcome.state.receipt_state());
    let code = error_code(outcome);
    let error = error_text(outcome, code, form);
    let sealed = outcome.text_sealed.as_deref().filter(|_| form.text_chars_max > 0);
    let text = sealed.and_then(|sealed| seal.open_text(outcome.message_id.raw(), sealed).ok());
    let mut octets = Vec::with_capacity(160);
    let receipt = ReceiptOut {
        id: &id,
        state,
        sub: u16::from(outcome.segments),
        dlvrd: u16::from(outcome.delivered),
        submitted_at: outcome.accepted_at,
        done_at: outcome.done_at.unwrap_or(outcome.final_at),
        error: &error,
        text: text.as_ref().map_or("", |text| text.expose_secret()),
    };
    write_text(&mut octets, &receipt, form);
    let tlvs = tlvs(&id, state, code.unwrap_or(&error), form, &octets);
    let sender = Sender::parse(&outcome.sender).ok();
    let source = Address { ton: 1, npi: 1, addr: outcome.destination.as_bytes() };
    let destination = Address {
        ton: sender.as_ref().map_or(0, Sender::ton),
        npi: sender.as_ref().map_or(0, Sender::npi),
        addr: outcome.sender.trim_start_matches('+').as_bytes(),
    };
    let esm_class = if outcome.intermediate.is_some() { INTERMEDIATE } else { RECEIPT };
    let tlvs = tlvs.as_tlvs();
    let pdu = match form.pdu {
        ReceiptPdu::DeliverSm => {
            Pdu::DeliverSm(Sm { source, destination, esm_class, short_message: &octets, tlvs, ..Sm::default() })
        }
        ReceiptPdu::DataSm => Pdu::DataSm(DataSm { source, destination, esm_class, tlvs, ..DataSm::default() }),
    };
    session.send(&pdu, token).await.map(drop)
}

fn tlvs(id: &str, state: ReceiptState, error: &str, form: &ClientReceipts, text: &[u8]) -> TlvBuf {
    let mut tlvs = TlvBuf::new();
    if form.tlvs {
        tlvs.push_cstr(Tag::RECEIPTED_MESSAGE_ID, id.as_bytes()).push_u8(Tag::MESSAGE_STATE, state.message_state());
        if let Some([high, low]) = error.parse::<u16>().ok().filter(|code| *code != 0).map(u16::to_be_bytes) {
            tlvs.push(Tag::NETWORK_ERROR_CODE, &[NETWORK_GSM, high, low]);
        }
    }
    if form.pdu == ReceiptPdu::DataSm {
        // A data_sm has no short_message.
        tlvs.push(Tag::MESSAGE_PAYLOAD, text);
    }
    tlvs
}

/// The operator's code for a failure, as it was told, in letters and digits.
fn error_code(outcome: &Outcome) -> Option<&str> {
    let is_failure = outcome.intermediate.is_none() && !outcome.state.is_paid();
    let code = outcome.operator_error.as_deref().filter(|_| is_failure)?.trim();
    (!code.is_empty() && code.chars().all(|c| c.is_ascii_alphanumeric())).then_some(code)
}

/// The code in as many characters as the client takes; 000 for what is no failure, 001 for one that the operator did not name, or by
/// a longer code.
fn error_text(outcome: &Outcome, code: Option<&str>, form: &ClientReceipts) -> String {
    let is_failure = outcome.intermediate.is_none() && !outcome.state.is_paid();
    match code.filter(|code| code.len() <= usize::from(form.error_chars_max)) {
        Some(code) => format!("{code:0>ERROR_CHARS_MIN$}"),
        None => if is_failure { "001" } else { "000" }.to_owned(),
    }
}
