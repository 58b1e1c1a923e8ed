//! `alert_notification`: a subscriber can be reached again (SMPP 3.4 §4.12, 5.0 §4.1.3). It has no answer.

use super::Address;
use crate::cursor::{Cursor, Fault};
use crate::encode::Sink;
use crate::{EncodeError, Tlvs, field};

/// The body of `alert_notification`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlertNotification<'a> {
    /// The subscriber; up to 64 octets.
    pub source: Address<'a>,
    /// The ESME that asked for the alert; up to 64 octets.
    pub esme: Address<'a>,
    /// Optional parameters, of which `ms_availability_status` is standard.
    pub tlvs: Tlvs<'a>,
}

impl<'a> AlertNotification<'a> {
    pub(super) fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        Ok(Self {
            source: Address::decode(cursor, &field::LONG_SOURCE_ADDR)?,
            esme: Address::decode(cursor, &field::ESME_ADDR)?,
            tlvs: cursor.tlvs()?,
        })
    }

    pub(super) fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        self.source.encode(out, &field::LONG_SOURCE_ADDR)?;
        self.esme.encode(out, &field::ESME_ADDR)?;
        out.tlvs(self.tlvs)
    }
}
