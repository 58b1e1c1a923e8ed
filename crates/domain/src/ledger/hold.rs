//! An amount that was set aside, and its one end: captured, in parts if need be, voided, or expired.

use super::balance::PostingKind;
use crate::time::Timestamp;

/// How far a hold is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoldState {
    /// What is left of it is set aside.
    Open,
    /// It was taken, all of it or a part; the rest went back.
    Captured,
    /// All of it went back.
    Voided,
    /// Its time was over; what was not taken before went back.
    Expired,
}

/// A hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// What was set aside, in micros.
    pub amount_micros: i64,
    /// What was taken of it.
    pub captured_micros: i64,
    /// What was given back of that.
    pub refunded_micros: i64,
    /// How far it is.
    pub state: HoldState,
    /// When it ends by itself; `None` for what was taken at once.
    pub expires_at: Option<Timestamp>,
}

/// What a change of a hold moves; amounts of nothing are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which way.
    pub kind: PostingKind,
    /// How much.
    pub micros: i64,
}

/// Why a hold does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldRefused {
    /// It has ended.
    Ended(HoldState),
    /// Its time is over.
    Expired,
    /// The amount is more than this, which is left of it.
    AboveLeft(i64),
    /// The amount is not above zero.
    Nothing,
}

impl HoldState {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Open, Self::Captured, Self::Voided, Self::Expired];

    /// The number kept in the database.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The state of a database number.
    pub fn from_code(code: i16) -> Option<Self> {
        usize::try_from(code).ok().and_then(|index| Self::ALL.get(index).copied())
    }

    /// The name used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Captured => "captured",
            Self::Voided => "voided",
            Self::Expired => "expired",
        }
    }
}

impl Hold {
    /// Set aside until `expires_at`.
    pub const fn open(amount_micros: i64, expires_at: Timestamp) -> Self {
        let expires_at = Some(expires_at);
        Self { amount_micros, captured_micros: 0, refunded_micros: 0, state: HoldState::Open, expires_at }
    }

    /// Taken at once.
    pub const fn taken(amount_micros: i64) -> Self {
        let (captured_micros, state) = (amount_micros, HoldState::Captured);
        Self { amount_micros, captured_micros, refunded_micros: 0, state, expires_at: None }
    }

    /// What is set aside still, in micros.
    pub const fn left_micros(&self) -> i64 {
        match self.state {
            HoldState::Open => self.amount_micros.saturating_sub(self.captured_micros),
            _ => 0,
        }
    }

    /// Whether its time is over and it has not ended.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.state == HoldState::Open && self.expires_at.is_some_and(|end| end <= now)
    }

    /// Takes `micros`, or all that is left. With `last`, what is left after that goes back.
    ///
    /// # Errors
    /// [`HoldRefused`]; nothing has changed then. One whose time is over can no longer be taken.
    pub fn capture(&mut self, micros: Option<i64>, last: bool, now: Timestamp) -> Result<[Step; 2], HoldRefused> {
        self.must_be_open()?;
        if self.is_overdue(now) {
            return Err(HoldRefused::Expired);
        }
        let left = self.left_micros();
        let micros = within(micros.unwrap_or(left), left)?;
        let rest = if last { left.saturating_sub(micros) } else { 0 };
        self.captured_micros = self.captured_micros.saturating_add(micros);
        if last || micros == left {
            self.state = HoldState::Captured;
        }
        Ok([Step { kind: PostingKind::Capture, micros }, Step { kind: PostingKind::Void, micros: rest }])
    }

    /// Gives back what is left.
    ///
    /// # Errors
    /// [`HoldRefused::Ended`].
    pub fn void(&mut self) -> Result<Step, HoldRefused> {
        self.must_be_open()?;
        let micros = self.left_micros();
        self.state = if self.captured_micros > 0 { HoldState::Captured } else { HoldState::Voided };
        Ok(Step { kind: PostingKind::Void, micros })
    }

    /// Gives back what is left, because the time is over.
    ///
    /// # Errors
    /// [`HoldRefused::Ended`], also while its time is not over.
    pub fn expire(&mut self, now: Timestamp) -> Result<Step, HoldRefused> {
        if !self.is_overdue(now) {
            return Err(HoldRefused::Ended(self.state));
        }
        let micros = self.left_micros();
        self.state = HoldState::Expired;
        Ok(Step { kind: PostingKind::Expire, micros })
    }

    /// Gives back `micros` of what was taken, or all of it.
    ///
    /// # Errors
    /// [`HoldRefused::AboveLeft`] or [`HoldRefused::Nothing`].
    pub fn refund(&mut self, micros: Option<i64>) -> Result<Step, HoldRefused> {
        let left = self.captured_micros.saturating_sub(self.refunded_micros);
        let micros = within(micros.unwrap_or(left), left)?;
        self.refunded_micros = self.refunded_micros.saturating_add(micros);
        Ok(Step { kind: PostingKind::Refund, micros })
    }

    const fn must_be_open(&self) -> Result<(), HoldRefused> {
        match self.state {
            HoldState::Open => Ok(()),
            ended => Err(HoldRefused::Ended(ended)),
        }
    }
}

const fn within(micros: i64, left: i64) -> Result<i64, HoldRefused> {
    match micros {
        ..=0 => Err(if left == 0 { HoldRefused::AboveLeft(0) } else { HoldRefused::Nothing }),
        _ if micros > left => Err(HoldRefused::AboveLeft(left)),
        _ => Ok(micros),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);
    const END: Timestamp = Timestamp(2_000);

    fn moved(steps: [Step; 2]) -> [i64; 2] {
        steps.map(|step| step.micros)
    }

    #[test]
    fn a_part_is_taken_and_the_rest_goes_back() {
        let mut hold = Hold::open(100, END);
        assert_eq!(hold.capture(Some(30), false, NOW).map(moved), Ok([30, 0]));
        assert_eq!(hold.capture(Some(71), true, NOW), Err(HoldRefused::AboveLeft(70)));
        assert_eq!(hold.capture(Some(50), true, NOW).map(moved), Ok([50, 20]));
        assert_eq!((hold.state, hold.captured_micros, hold.left_micros()), (HoldState::Captured, 80, 0));
        assert_eq!(hold.void(), Err(HoldRefused::Ended(HoldState::Captured)));
    }

    #[test]
    fn what_was_taken_in_part_is_captured_when_the_rest_goes_back_and_else_voided() {
        let (mut part, mut whole) = (Hold::open(100, END), Hold::open(100, END));
        part.capture(Some(1), false, NOW).unwrap();
        assert_eq!((part.void().unwrap().micros, part.state), (99, HoldState::Captured));
        assert_eq!((whole.void().unwrap().micros, whole.state), (100, HoldState::Voided));
    }

    #[test]
    fn a_state_is_stored_as_a_number_and_told_as_a_word() {
        let words = ["open", "captured", "voided", "expired"];
        assert_eq!(HoldState::ALL.map(HoldState::as_str), words);
        assert_eq!(HoldState::ALL.map(HoldState::code), [0, 1, 2, 3]);
        assert_eq!(HoldState::ALL.map(|state| HoldState::from_code(state.code())), HoldState::ALL.map(Some));
        assert_eq!((HoldState::from_code(4), HoldState::from_code(-1)), (None, None));
    }

    #[test]
    fn the_last_part_ends_it_also_when_nobody_says_so() {
        let mut hold = Hold::open(100, END);
        hold.capture(Some(60), false, NOW).unwrap();
        assert_eq!(hold.capture(None, false, NOW).map(moved), Ok([40, 0]));
        assert_eq!(hold.state, HoldState::Captured);
    }

    #[test]
    fn what_is_over_is_not_taken_and_goes_back_once() {
        let mut hold = Hold::open(100, END);
        assert_eq!(hold.expire(NOW), Err(HoldRefused::Ended(HoldState::Open)));
        assert_eq!(hold.capture(None, true, END), Err(HoldRefused::Expired));
        assert_eq!(hold.expire(END).map(|step| step.micros), Ok(100));
        assert_eq!(hold.expire(END), Err(HoldRefused::Ended(HoldState::Expired)));
    }

    #[test]
    fn no_more_is_refunded_than_was_taken() {
        let mut hold = Hold::taken(50);
        assert_eq!(hold.refund(Some(20)).map(|step| step.micros), Ok(20));
        assert_eq!(hold.refund(Some(31)), Err(HoldRefused::AboveLeft(30)));
        assert_eq!(hold.refund(Some(0)), Err(HoldRefused::Nothing));
        assert_eq!(hold.refund(None).map(|step| step.micros), Ok(30));
        assert_eq!(hold.refund(None), Err(HoldRefused::AboveLeft(0)));
    }
}
