//! When a message is to be sent, as its client says it: as a moment, or as what the clocks of a place show.

use sambac_domain::error::ErrorCode;
use sambac_domain::local_time::{self, LocalTime, LocalTimeError};
use sambac_domain::number::Msisdn;
use sambac_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Engine;
use crate::refusal::Refusal;
use crate::snapshot::Snapshot;
use crate::submit::SCHEDULE_MAX;

/// The zone that stands for wherever the recipient's number is at home.
const RECIPIENT: &str = "recipient";

/// When to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendAt {
    /// A moment with its offset from UTC, or a local time without one.
    pub at: String,
    /// Whose clocks show a local time: those of an IANA zone, `recipient`, or the platform's, which go by UTC.
    pub zone: Option<String>,
}

/// The same, read.
#[derive(Clone, Debug)]
pub(crate) enum When {
    Moment(Timestamp),
    /// In the zone, or in the recipient's.
    Local(LocalTime, Option<String>),
}

impl SendAt {
    /// What does not depend on the recipient.
    ///
    /// # Errors
    /// A [`Refusal`] that names the field to blame.
    pub(crate) fn read(&self) -> Result<When, Refusal> {
        let refused = |detail: String, field| Refusal::new(ErrorCode::InvalidSchedule, detail).at(field);
        if let Some(moment) = local_time::moment(&self.at) {
            return match self.zone {
                Some(_) => Err(refused("a moment with an offset has no other zone".to_owned(), "/zone")),
                None => Ok(When::Moment(moment)),
            };
        }
        let local: LocalTime = self.at.parse().map_err(|_| {
            refused("it is neither 2026-12-01T09:00:00Z, with any offset, nor 2026-12-01T09:00".to_owned(), "/send_at")
        })?;
        let zone = self.zone.as_deref().unwrap_or("UTC");
        if zone == RECIPIENT {
            return Ok(When::Local(local, None));
        }
        local.in_zone(zone).map_err(|error| refused(error.to_string(), "/zone"))?;
        Ok(When::Local(local, Some(zone.to_owned())))
    }
}

impl When {
    /// The moment for this recipient.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidSchedule`] when the recipient's time is not known, or the moment is not within the 7 days after
    /// `since`, when the client asked.
    pub(crate) fn moment(
        &self,
        snapshot: &Snapshot,
        destination: Msisdn,
        since: Timestamp,
    ) -> Result<Timestamp, Refusal> {
        let refused = |detail: String, field| Refusal::new(ErrorCode::InvalidSchedule, detail).at(field);
        let country = || snapshot.networks.lookup(destination).and_then(|network| network.country.parse().ok());
        let moment = match self {
            Self::Moment(moment) => *moment,
            Self::Local(local, Some(zone)) => {
                local.in_zone(zone).map_err(|error| refused(error.to_string(), "/zone"))?
            }
            Self::Local(local, None) => country()
                .ok_or(LocalTimeError::NoCountry)
                .and_then(|country| local.in_country(country))
                .map_err(|error| refused(error.to_string(), "/zone"))?,
        };
        if moment <= since {
            return Err(refused(format!("{moment} has passed"), "/send_at"));
        }
        if moment > since.saturating_add(SCHEDULE_MAX) {
            return Err(refused(format!("{moment} is more than 7 days ahead"), "/send_at"));
        }
        Ok(moment)
    }
}

impl Engine {
    /// The moment at which a message to this number is to be sent.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidSchedule`] with the field to blame.
    pub fn send_at(&self, given: &SendAt, destination: Msisdn) -> Result<Timestamp, Refusal> {
        given.read()?.moment(&self.snapshot(), destination, self.0.clock.now())
    }
}
