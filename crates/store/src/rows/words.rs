//! Enums that are stored as a word or a small code.

/// Declares an enum that is stored as text: variant and word.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// The stored word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The value of a stored word; `None` for any other text.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        $crate::field::text_fields! {
            $name: |value| std::borrow::Cow::Borrowed(value.as_str()), |word| $name::from_word(&word);
        }
    };
}

/// Declares an enum that is stored as SMALLINT: variant and code.
macro_rules! codes {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $code:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// The stored code.
            pub const fn code(self) -> i16 {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The value of a stored code; `None` for any other number.
            pub const fn from_code(code: i16) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }

        $crate::field::small_int_fields! { $name: |value| value.code(), $name::from_code; }
    };
}
pub(crate) use {codes, words};

words! {
    /// Whether an account, an SMPP account or an API key may be used.
    AccessState {
        /// It may.
        Active "active",
        /// It may not, until it is made active again.
        Suspended "suspended",
        /// It never may again (API keys).
        Revoked "revoked",
    }
}

words! {
    /// Whether a webhook is called.
    WebhookState {
        /// It is.
        Enabled "enabled",
        /// It is not: switched off by hand, or after too many failures.
        Disabled "disabled",
    }
}
