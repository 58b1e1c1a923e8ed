//! The fields whose length is limited, and the status to answer with when one of them is bad.

use crate::CommandStatus;

/// A field of a PDU: its name and limits.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// The specification's name.
    pub name: &'static str,
    /// Octets that the specification allows, without the NUL of a C-octet string.
    pub octets_max: usize,
    /// Octets that [`encode`](crate::encode()) writes at most: more than the specification only for passwords.
    pub encoded_octets_max: usize,
    /// What to answer when the field is bad.
    pub status: CommandStatus,
}

const fn field(name: &'static str, octets_max: usize, status: CommandStatus) -> Field {
    Field { name, octets_max, encoded_octets_max: octets_max, status }
}

type S = CommandStatus;

pub(crate) static SERVICE_TYPE: Field = field("service_type", 5, S::RINVSERTYP);
pub(crate) static SOURCE_ADDR: Field = field("source_addr", 20, S::RINVSRCADR);
pub(crate) static DESTINATION_ADDR: Field = field("destination_addr", 20, S::RINVDSTADR);
/// `data_sm` and `alert_notification` allow longer addresses (SMPP 3.4 §4.7.1, §4.12.1).
pub(crate) static LONG_SOURCE_ADDR: Field = field("source_addr", 64, S::RINVSRCADR);
pub(crate) static LONG_DESTINATION_ADDR: Field = field("destination_addr", 64, S::RINVDSTADR);
pub(crate) static ESME_ADDR: Field = field("esme_addr", 64, S::RINVDSTADR);
pub(crate) static SCHEDULE_DELIVERY_TIME: Field = field("schedule_delivery_time", 16, S::RINVSCHED);
pub(crate) static VALIDITY_PERIOD: Field = field("validity_period", 16, S::RINVEXPIRY);
pub(crate) static SHORT_MESSAGE: Field = field("short_message", 255, S::RINVMSGLEN);
pub(crate) static MESSAGE_ID: Field = field("message_id", 64, S::RINVMSGID);
pub(crate) static FINAL_DATE: Field = field("final_date", 16, S::RSYSERR);
pub(crate) static SYSTEM_ID: Field = field("system_id", 15, S::RINVSYSID);
/// Operators ask for passwords longer than the eight octets of the specification (smsc-quirks.md A15).
pub(crate) static PASSWORD: Field =
    Field { name: "password", octets_max: 8, encoded_octets_max: 64, status: S::RINVPASWD };
pub(crate) static SYSTEM_TYPE: Field = field("system_type", 12, S::RINVSYSTYP);
pub(crate) static ADDRESS_RANGE: Field = field("address_range", 40, S::RBINDFAIL);
pub(crate) static DL_NAME: Field = field("dl_name", 20, S::RINVDLNAME);
pub(crate) static DEST_FLAG: Field = field("dest_flag", 1, S::RINVDESTFLAG);
/// Any field of fixed size: it can only be missing, because the PDU ended.
pub(crate) static FIXED: Field = field("fixed-size field", 4, S::RINVCMDLEN);
pub(crate) static TLVS: Field = field("optional parameters", usize::MAX, S::RINVTLVSTREAM);
pub(crate) static NUMBER_OF_DESTS: Field = field("number_of_dests", 255, S::RINVNUMDESTS);
