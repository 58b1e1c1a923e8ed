//! Open sets of numbers: a value without a name is kept as it is, never an error.
//!
//! `named_set!` defines a newtype, its named constants and `name()`. Vendors use values of their own for
//! commands, statuses and tags (0x400–0x4FF, 0x1400–0x3FFF), so none of these may be an enum.

macro_rules! named_set {
    (
        $(#[$type_doc:meta])*
        $type:ident($number:ty), prefix $prefix:literal, unknown $unknown:literal;
        $( $(#[$doc:meta])* $name:ident = $value:literal; )+
    ) => {
        $(#[$type_doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(pub $number);

        impl $type {
            $( $(#[$doc])* pub const $name: Self = Self($value); )+

            /// Every value that the specifications name.
            pub const NAMED: &'static [Self] = &[$(Self::$name),+];

            /// The specification's name, or `None` for a value that has none.
            #[must_use]
            pub const fn known_name(self) -> Option<&'static str> {
                match self.0 {
                    $( $value => Some(concat!($prefix, stringify!($name))), )+
                    _ => None,
                }
            }

            /// The specification's name, or the number in hexadecimal.
            #[must_use]
            pub fn name(self) -> std::borrow::Cow<'static, str> {
                self.known_name().map_or_else(
                    || std::borrow::Cow::Owned(format!($unknown, self.0)),
                    std::borrow::Cow::Borrowed,
                )
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.known_name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, $unknown, self.0),
                }
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
    };
}

pub(crate) use named_set;
