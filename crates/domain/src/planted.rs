//! Bugs that a simulation plants, to see whether it catches them. A program that was built for users has none: there every question
//! whether one is planted is answered no when it is compiled.

macro_rules! bugs {
    ($($(#[$doc:meta])* $bug:ident = $name:literal),+ $(,)?) => {
        /// A mistake that somebody could make.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Bug { $($(#[$doc])* $bug),+ }

        impl Bug {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$bug),+];

            /// What it is called.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$bug => $name),+ }
            }

            /// The one of this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|bug| bug.name() == name)
            }
        }
    };
}

bugs! {
    /// Clients are answered before the commit.
    AckBeforeFlush = "ack_before_flush",
    /// Operators' receipts are acknowledged before the commit.
    ReceiptAckBeforeFlush = "receipt_ack_before_flush",
    /// The answer under a client's key is not stored.
    IdempotencyNotStored = "idempotency_not_stored",
    /// It is not stored which segments are about to be sent.
    IntentNotStored = "intent_not_stored",
    /// Segments are sent before it is stored that they are about to be.
    SentBeforeIntent = "sent_before_intent",
    /// After a crash nobody looks at what was about to be sent.
    CrashForgotten = "crash_forgotten",
    /// What may have been sent is sent again without its mark.
    DoubtNotMarked = "doubt_not_marked",
    /// An OTP in doubt is sent again by the same connector.
    OtpSentAgain = "otp_sent_again",
    /// A receipt that came before its response is not found by it.
    ReceiptRace = "receipt_race",
    /// A receipt that matches nothing yet is kept in memory only.
    OrphanNotStored = "orphan_not_stored",
    /// By which id a receipt will come is known in memory only.
    ReceiptIdNotStored = "receipt_id_not_stored",
    /// A receipt of after we gave up changes nothing.
    LateReceiptIgnored = "late_receipt_ignored",
    /// The last of two receipts counts.
    ContradictionBelieved = "contradiction_believed",
    /// A receipt that comes again is paid for again.
    SettledTwice = "settled_twice",
    /// What was not delivered is paid for.
    CapturedAnyway = "captured_anyway",
    /// What was not delivered stays set aside.
    HoldForgotten = "hold_forgotten",
    /// Twice the price is set aside.
    PriceDoubled = "price_doubled",
    /// Nobody looks at the validity when a segment is sent.
    SentTooLate = "sent_too_late",
    /// Nobody looks for messages whose time is over.
    ExpiryNotSwept = "expiry_not_swept",
    /// A message lives a sixtieth of the time that was asked for.
    ValidityInWrongUnit = "validity_in_wrong_unit",
    /// The pause between two binds is measured by a clock that people set.
    WallClockTimer = "wall_clock_timer",
    /// A link on which nothing passes is kept for ever.
    HalfOpenUnnoticed = "half_open_unnoticed",
    /// A refusal does not give its place in the window back.
    SlotLeaked = "slot_leaked",
    /// A throttled segment fails over like a refused one.
    ThrottledIsRefused = "throttled_is_refused",
    /// A segment without an answer has failed.
    SilenceIsRefusal = "silence_is_refusal",
    /// What is to come again later is sent again at once.
    RetriedAtOnce = "retried_at_once",
    /// That a segment waits for another connector is known in memory only.
    FailOverNotStored = "fail_over_not_stored",
    /// A segment that was taken keeps its row in the outbox.
    OutboxNotCleared = "outbox_not_cleared",
    /// The second and later segments have no row in the outbox.
    TaskNotStored = "task_not_stored",
    /// What a full lane forgot is not read back.
    LaneForgets = "lane_forgets",
    /// Rows whose time has come are not taken up.
    DueForgotten = "due_forgotten",
    /// News for clients are in memory only.
    NewsNotStored = "news_not_stored",
    /// A webhook is tried once.
    NewsGivenUp = "news_given_up",
    /// Each end is told as two events.
    NewsTwice = "news_twice",
    /// A client that refuses a receipt is not told again.
    DlrDoneWhenSent = "dlr_done_when_sent",
    /// A message ends with the first of its segments.
    OneSegmentEndsAll = "one_segment_ends_all",
    /// Each segment has the text of the first.
    TextOfFirstSegment = "text_of_first_segment",
    /// Clients of a batch that the database refused are told that it was taken.
    RefusedBatchAnswered = "refused_batch_answered",
    /// Nobody asks whether a commit with a lost answer was kept.
    LostAnswerIsRefusal = "lost_answer_is_refusal",
    /// Which segments are in doubt is known in memory only.
    DoubtForgotten = "doubt_forgotten",
    /// A process that has lost the ledger to another one goes on writing.
    FenceIgnored = "fence_ignored",
    /// What refused messages would cost stays set aside in memory.
    MoneyOfRefusedKept = "money_of_refused_kept",
}

#[cfg(debug_assertions)]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// From now on this thread has this bug, or none.
#[cfg(debug_assertions)]
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

/// Whether it is planted.
#[cfg(debug_assertions)]
pub fn planted(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

/// Whether it is planted.
#[cfg(not(debug_assertions))]
pub const fn planted(_: Bug) -> bool {
    false
}
