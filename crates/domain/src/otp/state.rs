//! How far a one-time code is.

/// A code is `pending` until it ends, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OtpState {
    /// It can be checked.
    Pending,
    /// The right code came in time.
    Verified,
    /// Its time was over first.
    Expired,
    /// Its client called it off.
    Canceled,
    /// Wrong codes came as often as they may.
    Exhausted,
}

impl OtpState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Verified, Self::Expired, Self::Canceled, Self::Exhausted];

    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Verified => "verified",
            Self::Expired => "expired",
            Self::Canceled => "canceled",
            Self::Exhausted => "exhausted",
        }
    }

    /// The code in the database.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The state of a stored code; `None` for any other number.
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_comes_back_from_its_code() {
        for state in OtpState::ALL {
            assert_eq!(OtpState::from_code(state.code()), Some(state));
        }
        assert_eq!(OtpState::from_code(5), None);
    }
}
