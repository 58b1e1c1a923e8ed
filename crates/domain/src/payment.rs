//! Payments: how far one is, which way it may go, and what amounts a provider can take.
//!
//! ```
//! use sambac_domain::payment::PaymentState::{Pending, Succeeded, Unknown};
//! assert!(Pending.may_become(Succeeded) && Unknown.may_become(Pending));
//! assert!(!Succeeded.may_become(Pending), "money that has come stays");
//! ```

use crate::money::{Currency, MICROS_PER_UNIT};

/// Declares an enum with a word for each variant.
macro_rules! words {
    ($($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $word:literal,)+ })+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stored word, which is also the one outside.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The value of a word; `None` for any other text.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    )+};
}

words! {
    /// How far a payment through a provider is.
    PaymentState {
        /// Stored; the provider has not been asked yet.
        Created "created",
        /// The provider has it, and waits for the payer.
        Pending "pending",
        /// The money is there, and in the wallet.
        Succeeded "succeeded",
        /// The provider or the payer's bank has refused it.
        Declined "declined",
        /// The provider was asked and did not answer: it may have the payment or not. It is asked again.
        Unknown "unknown",
        /// It was called off at the provider.
        Canceled "canceled",
        /// Nobody paid in time.
        Expired "expired",
    }
    /// How far a bank transfer is that an administrator books.
    TransferState {
        /// Asked for; it needs a second administrator.
        Open "open",
        /// To be booked, whatever happens.
        Approved "approved",
        /// The money is in the wallet.
        Booked "booked",
        /// An administrator has refused it.
        Refused "refused",
        /// Nobody has approved it in time.
        Expired "expired",
    }
}

impl PaymentState {
    /// Whether nothing more is expected. Money may come all the same: then it is taken.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Declined | Self::Canceled | Self::Expired)
    }

    /// Whether it may go on to `next`. Money that has come stays; everything else can still turn out to be paid, since the
    /// provider has the last word.
    pub const fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Succeeded, _)
            | (_, Self::Created)
            | (Self::Pending, Self::Pending)
            | (Self::Unknown, Self::Unknown) => false,
            (_, Self::Succeeded) => true,
            (before, _) => !before.is_final(),
        }
    }
}

/// An amount in the currency's smallest coin, as providers reckon; `None` when it has a fraction of one, or is not above zero.
pub fn minor_units(micros: i64, currency: Currency) -> Option<i64> {
    let coin = coin_micros(currency);
    (micros > 0 && micros % coin == 0).then_some(micros / coin)
}

/// The amount of so many of the currency's smallest coins; `None` when it does not fit.
pub fn from_minor_units(coins: i64, currency: Currency) -> Option<i64> {
    coins.checked_mul(coin_micros(currency))
}

/// A currency's smallest coin, in micros.
fn coin_micros(currency: Currency) -> i64 {
    let known = iso_currency::Currency::from_code(currency.as_str());
    let exponent = known.and_then(iso_currency::Currency::exponent).unwrap_or(2).min(6);
    MICROS_PER_UNIT / 10_i64.pow(exponent.into())
}

#[cfg(test)]
mod tests {
    use super::PaymentState::{Canceled, Created, Declined, Expired, Pending, Succeeded, Unknown};
    use super::*;

    #[test]
    fn a_payment_goes_forward_only_and_money_has_the_last_word() {
        for state in PaymentState::ALL.iter().copied() {
            assert!(!state.may_become(Created), "{state:?} goes back");
            assert!(!Succeeded.may_become(state), "money that has come stays");
            assert_eq!(state.may_become(Succeeded), state != Succeeded, "{state:?} may turn out to be paid");
        }
        for ended in [Declined, Canceled, Expired] {
            let others = PaymentState::ALL.iter().filter(|next| **next != Succeeded);
            assert!(ended.is_final() && others.copied().all(|next| !ended.may_become(next)), "{ended:?}");
        }
        assert!(Created.may_become(Unknown) && Unknown.may_become(Pending) && Pending.may_become(Unknown));
    }

    #[test]
    fn amounts_are_whole_coins_of_their_currency() {
        let of = |code: &str| code.parse::<Currency>().expect("a currency");
        assert_eq!(minor_units(12_340_000, of("EUR")), Some(1_234));
        assert_eq!(minor_units(12_345_000, of("EUR")), None, "half a cent");
        assert_eq!(minor_units(12_345_000, of("KWD")), Some(12_345), "three decimals");
        assert_eq!(minor_units(5_000_000, of("JPY")), Some(5), "none");
        assert_eq!(minor_units(0, of("EUR")), None);
        assert_eq!(minor_units(-1_000_000, of("EUR")), None);
        assert_eq!(from_minor_units(1_234, of("EUR")), Some(12_340_000));
        assert_eq!(from_minor_units(i64::MAX, of("EUR")), None);
    }
}
