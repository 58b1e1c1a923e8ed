//! One line of a price sheet, and what is asked of it.

use crate::class::TrafficClass;
use crate::id::{OperatorGroupId, RateId};
use crate::money::MoneyError;
use crate::number::{Country, MccMnc, Msisdn, SenderForm};

use super::{ChargePolicy, RateScope};

/// What a segment to some destinations costs, for some senders and traffic classes or for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Ours; what a message keeps as the reason of its price.
    pub id: RateId,
    /// For which destinations.
    pub scope: RateScope,
    /// Only for senders of this form; `None`: for all.
    pub sender: Option<SenderForm>,
    /// Only for this traffic class; `None`: for all.
    pub class: Option<TrafficClass>,
    /// Of one segment, in micros of the sheet's currency.
    pub price_micros: i64,
    /// When a segment is paid for.
    pub policy: ChargePolicy,
}

/// A message as a price list sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateQuery {
    /// Where it goes.
    pub destination: Msisdn,
    /// The network of that number, or the country's MCC alone, or nothing known.
    pub mcc_mnc: Option<MccMnc>,
    /// The operator group of the network.
    pub group: Option<OperatorGroupId>,
    /// The country of the number.
    pub country: Option<Country>,
    /// What its sender looks like.
    pub sender: SenderForm,
    /// What it is for.
    pub class: TrafficClass,
}

impl Rate {
    /// Whether two rates are for the same messages: a sheet has no two such.
    #[must_use]
    pub fn is_for_the_same(&self, other: &Self) -> bool {
        (self.scope, self.sender, self.class) == (other.scope, other.sender, other.class)
    }
}

/// The price of `segments` segments, in micros.
///
/// # Errors
/// [`MoneyError::Overflow`] when it does not fit 64 bits.
pub fn price_of_segments(price_micros: i64, segments: u8) -> Result<i64, MoneyError> {
    price_micros.checked_mul(i64::from(segments)).ok_or(MoneyError::Overflow)
}
