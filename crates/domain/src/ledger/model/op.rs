//! The steps of a sequence, and the one that two random numbers stand for.

/// One step of a sequence. Numbers name whatever is there, counted round.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    Order {
        account: usize,
        verb: u8,
        micros: i64,
        which: usize,
    },
    Linked {
        account: usize,
        orders: usize,
        micros: i64,
        which: usize,
    },
    Again {
        which: usize,
        other_body: bool,
    },
    /// A message: so many segments at one price.
    Message {
        account: usize,
        micros: i64,
        segments: usize,
    },
    /// A segment ends.
    Settle {
        which: usize,
        capture: bool,
    },
    /// Another end is believed of a segment.
    Correct {
        which: usize,
    },
    Payment {
        account: usize,
        micros: i64,
    },
    Limit {
        account: usize,
        micros: i64,
    },
    Time {
        micros: i64,
    },
    Commit,
    /// The database refuses what is new.
    Refused,
}

impl Op {
    /// The step that two random numbers stand for.
    pub(super) fn of(kind: u64, detail: u64) -> Self {
        let part = |shift: u32, most: u64| usize::try_from((detail >> shift) % most).unwrap();
        let (account, which) = (part(0, 4), part(8, 64));
        let micros = i64::try_from(part(16, 60)).unwrap();
        match kind % 16 {
            0..=4 => Self::Order { account, verb: u8::try_from(part(32, 5)).unwrap(), micros, which },
            5 => Self::Linked { account, orders: 2 + part(32, 3), micros, which },
            6 => Self::Again { which, other_body: detail.is_multiple_of(4) },
            7 | 8 => Self::Message { account, micros, segments: 1 + part(32, 3) },
            9 | 10 => Self::Settle { which, capture: detail.is_multiple_of(2) },
            11 => Self::Correct { which },
            12 => Self::Payment { account, micros: micros * 3 },
            13 if detail.is_multiple_of(3) => Self::Limit { account, micros: micros / 2 },
            13 => Self::Time { micros },
            14 => Self::Commit,
            _ => Self::Refused,
        }
    }
}
