//! What a ledger account is for, and between which two of them each kind of posting moves money.

use crate::money::Currency;

/// Declares an enum that is stored and shown as a word.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stored word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The value of a stored word; `None` for any other text.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

words! {
    /// What a ledger account is for. The first two are a customer's, the others ours: one of each per currency and shard.
    BalanceKind {
        /// What a customer has left to spend.
        Wallet "wallet",
        /// What is set aside for messages that are on their way, and for holds.
        Held "held",
        /// What we earned.
        Revenue "revenue",
        /// Where payments come from, until they are cleared (negative: money that came in).
        Funding "funding",
        /// What was put right by hand.
        Adjustments "adjustments",
        /// What operators cost us.
        SupplierCost "supplier_cost",
        /// What is left over where amounts are rounded.
        Rounding "rounding",
    }
}

words! {
    /// Why money moved.
    PostingKind {
        /// wallet → held, at accept or by a hold.
        Hold "hold",
        /// held → revenue, when it is charged.
        Capture "capture",
        /// held → wallet, when it is not.
        Void "void",
        /// held → wallet, when the time of a hold is over.
        Expire "expire",
        /// wallet → revenue, at once.
        Debit "debit",
        /// wallet → revenue, for what turned out later: it may go below the limit.
        Correct "correct",
        /// revenue → wallet, of what was captured.
        Refund "refund",
        /// funding → wallet, when a payment arrives.
        Credit "credit",
    }
}

impl BalanceKind {
    /// Ours, which the shards do not share.
    pub const OURS: [Self; 5] = [Self::Revenue, Self::Funding, Self::Adjustments, Self::SupplierCost, Self::Rounding];
}

impl PostingKind {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The ledger account that gives, and the one that gets.
    pub const fn between(self) -> (BalanceKind, BalanceKind) {
        use BalanceKind::{Funding, Held, Revenue, Wallet};
        match self {
            Self::Hold => (Wallet, Held),
            Self::Capture => (Held, Revenue),
            Self::Void | Self::Expire => (Held, Wallet),
            Self::Debit | Self::Correct => (Wallet, Revenue),
            Self::Refund => (Revenue, Wallet),
            Self::Credit => (Funding, Wallet),
        }
    }

    /// Whether it is refused when it would take a wallet below its limit.
    pub const fn asks_the_limit(self) -> bool {
        matches!(self, Self::Hold | Self::Debit)
    }

    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

/// A wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Free to be spent, in micros, not counting credit.
    pub available_micros: i64,
    /// Set aside, in micros.
    pub held_micros: i64,
    /// How far below zero `available_micros` may go.
    pub credit_limit_micros: i64,
    /// Of all of them.
    pub currency: Currency,
}

impl Balance {
    /// Whether `micros` more can be spent.
    pub fn allows(&self, micros: i64) -> bool {
        let after = self.available_micros.checked_sub(micros);
        after.is_some_and(|after| after >= self.credit_limit_micros.saturating_neg())
    }

    /// How far it is below its limit: late facts can bring it there, and a limit that was lowered.
    pub fn below_limit_micros(&self) -> i64 {
        self.available_micros.saturating_add(self.credit_limit_micros).saturating_neg().max(0)
    }

    /// The balance after a posting of its own; `None` when a sum does not fit, or more than is held would leave it.
    pub(super) fn after(self, kind: PostingKind, micros: i64) -> Option<Self> {
        let (from, to) = kind.between();
        let side = |which: BalanceKind, before: i64| {
            let before = if from == which { before.checked_sub(micros)? } else { before };
            if to == which { before.checked_add(micros) } else { Some(before) }
        };
        let available_micros = side(BalanceKind::Wallet, self.available_micros)?;
        let held_micros = side(BalanceKind::Held, self.held_micros)?;
        (held_micros >= 0).then_some(Self { available_micros, held_micros, ..self })
    }

    /// The balance before that posting.
    pub(super) fn before(self, kind: PostingKind, micros: i64) -> Self {
        let (from, to) = kind.between();
        let side = |which: BalanceKind, after: i64| {
            let after = if from == which { after.saturating_add(micros) } else { after };
            if to == which { after.saturating_sub(micros) } else { after }
        };
        let available_micros = side(BalanceKind::Wallet, self.available_micros);
        Self { available_micros, held_micros: side(BalanceKind::Held, self.held_micros), ..self }
    }
}
