//! What follows what in each PDU, as far as masking goes.

use crate::CommandId;

/// A destination of `submit_multi` is a number, or the name of a list (SMPP 3.4 §5.2.25).
pub(super) const FLAG_ADDRESS: u8 = 1;
pub(super) const FLAG_LIST: u8 = 2;
/// The longest name of a distribution list, system_id and system_type.
pub(super) const LIST_NAME_OCTETS: usize = 20;
const SYSTEM_ID_OCTETS: usize = 15;
const SYSTEM_TYPE_OCTETS: usize = 12;
/// Tag and length.
pub(super) const TLV_HEAD_OCTETS: usize = 4;

/// One field, or several that are masked alike.
#[derive(Clone, Copy)]
pub(super) enum Part {
    /// Flags and numbers of fixed size.
    Octets(usize),
    /// A number or flags that are smaller than any letter.
    Small,
    /// esm_class.
    Class,
    /// service_type.
    Service,
    /// message_id.
    Id,
    /// The same in an answer: its NUL may be missing.
    AnsweredId,
    /// A name of at most so many octets.
    Name(usize),
    /// The same in an answer.
    AnsweredName(usize),
    /// A password.
    Secret,
    /// A time of SMPP.
    Time,
    /// TON, NPI and an address.
    Address,
    /// TON, NPI and the range of addresses of a bind.
    Range,
    /// sm_length and short_message.
    Text,
    /// number_of_dests and dest_address.
    Destinations,
    /// no_unsuccess and unsuccess_sme.
    Unsuccessful,
    /// Optional parameters; the last part where there are any.
    Parameters,
    /// The same right behind an address: what is no parameter may be the rest of that.
    WholeParameters,
}

use Part::{
    Address, AnsweredId, AnsweredName, Class, Destinations, Id, Name, Octets, Parameters, Range, Secret, Service,
    Small, Text, Time, Unsuccessful, WholeParameters,
};

const BIND: &[Part] = &[Name(SYSTEM_ID_OCTETS), Secret, Name(SYSTEM_TYPE_OCTETS), Octets(1), Range];
const SM: &[Part] =
    &[Service, Address, Address, Class, Octets(1), Small, Time, Time, Small, Small, Octets(2), Text, Parameters];
const MULTI: &[Part] =
    &[Service, Address, Destinations, Class, Octets(1), Small, Time, Time, Small, Small, Octets(2), Text, Parameters];

/// The body of a PDU of this kind; what is not named of it is masked.
pub(super) const fn parts(id: CommandId) -> &'static [Part] {
    match id {
        CommandId::BIND_TRANSMITTER | CommandId::BIND_RECEIVER | CommandId::BIND_TRANSCEIVER => BIND,
        CommandId::BIND_TRANSMITTER_RESP | CommandId::BIND_RECEIVER_RESP | CommandId::BIND_TRANSCEIVER_RESP => {
            &[AnsweredName(SYSTEM_ID_OCTETS), Parameters]
        }
        CommandId::OUTBIND => &[Name(SYSTEM_ID_OCTETS), Secret],
        CommandId::SUBMIT_SM | CommandId::DELIVER_SM => SM,
        CommandId::DATA_SM => &[Service, Address, Address, Class, Small, Octets(1), Parameters],
        CommandId::SUBMIT_MULTI => MULTI,
        CommandId::SUBMIT_SM_RESP
        | CommandId::DELIVER_SM_RESP
        | CommandId::DATA_SM_RESP
        | CommandId::BROADCAST_SM_RESP
        | CommandId::QUERY_BROADCAST_SM_RESP => &[AnsweredId, Parameters],
        CommandId::SUBMIT_MULTI_RESP => &[AnsweredId, Unsuccessful, Parameters],
        CommandId::QUERY_SM => &[Id, Address],
        CommandId::QUERY_SM_RESP => &[Id, Time, Octets(2)],
        CommandId::CANCEL_SM => &[Service, Id, Address, Address],
        CommandId::REPLACE_SM => &[Id, Address, Time, Time, Small, Octets(1), Text, Parameters],
        CommandId::ALERT_NOTIFICATION => &[Address, Address, WholeParameters],
        CommandId::BROADCAST_SM => &[Service, Address, Id, Small, Time, Time, Small, Octets(2), Parameters],
        CommandId::QUERY_BROADCAST_SM => &[Id, Address, WholeParameters],
        CommandId::CANCEL_BROADCAST_SM => &[Service, Id, Address, WholeParameters],
        _ => &[],
    }
}
