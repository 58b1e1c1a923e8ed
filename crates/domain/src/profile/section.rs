//! Declares settings: the struct, its defaults, its bounds and its documentation come from one text.

use serde_json::Value;

/// One setting, as the reference page lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The section's key in the profile.
    pub section: &'static str,
    /// Its key in the section. Ends in its unit, if it has one.
    pub key: &'static str,
    /// What it does.
    pub meaning: String,
    /// Ids of the quirks that it answers.
    pub quirks: &'static [&'static str],
    /// What holds when it is not given.
    pub default: Value,
    /// Least and greatest, for numbers that have bounds.
    pub bounds: Option<(u64, u64)>,
}

/// What the reference page and the checks need of a section.
pub(super) trait Section: Default {
    fn settings(section: &'static str) -> Vec<Setting>;

    /// The first setting outside its bounds, with what is allowed.
    fn out_of_bounds(&self) -> Option<(&'static str, u64, u64)>;
}

/// A section: `key: Type = default, [quirks], least..=greatest;` with its documentation above it.
macro_rules! section {
    ($(#[$struct_doc:meta])* $name:ident {
        $( $(#[doc = $doc:literal])+ $key:ident: $type:ty = $default:expr, [$($quirk:literal),*] $(, $least:literal..=$greatest:literal)?; )+
    }) => {
        $(#[$struct_doc])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $( $(#[doc = $doc])+ pub $key: $type, )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)+ }
            }
        }

        impl $crate::profile::section::Section for $name {
            fn settings(section: &'static str) -> Vec<$crate::profile::Setting> {
                // Plain settings always serialise.
                let defaults = serde_json::to_value(Self::default()).unwrap_or_default();
                vec![$( $crate::profile::Setting {
                    section,
                    key: stringify!($key),
                    meaning: concat!($($doc),+).trim().to_owned(),
                    quirks: &[$($quirk),*],
                    default: defaults.get(stringify!($key)).cloned().unwrap_or_default(),
                    bounds: [$(($least as u64, $greatest as u64))?].first().copied(),
                }, )+]
            }

            fn out_of_bounds(&self) -> Option<(&'static str, u64, u64)> {
                $($( if !($least..=$greatest).contains(&self.$key) {
                    return Some((stringify!($key), $least as u64, $greatest as u64));
                } )?)+
                None
            }
        }
    };
}
pub(super) use section;

/// A profile: sections under their keys, over a list of presets.
macro_rules! profile {
    ($(#[$struct_doc:meta])* $name:ident from $presets:ident {
        $( $(#[doc = $doc:literal])+ $key:ident: $type:ident, )+
    }) => {
        $(#[$struct_doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// The preset that it started from; empty is `generic`.
            pub preset: String,
            $( $(#[doc = $doc])+ pub $key: $type, )+
        }

        impl $name {
            /// Reads JSON: the settings of the preset that it names, and over them those that it gives. An empty text is
            /// the preset `generic`.
            ///
            /// # Errors
            /// [`ProfileError`](crate::profile::ProfileError), which names the setting.
            pub fn parse(text: &str) -> Result<Self, $crate::profile::ProfileError> {
                let profile: Self = $crate::profile::parse::layered(text, $presets)?;
                profile.check()?;
                Ok(profile)
            }

            fn check(&self) -> Result<(), $crate::profile::ProfileError> {
                use $crate::profile::section::Section as _;
                $( if let Some((key, least, greatest)) = self.$key.out_of_bounds() {
                    return Err($crate::profile::ProfileError::bounds(stringify!($key), key, least, greatest));
                } )+
                self.check_together()
            }

            /// Every setting there is, section by section, with what each section is about.
            pub fn reference() -> Vec<(&'static str, String, Vec<$crate::profile::Setting>)> {
                use $crate::profile::section::Section as _;
                vec![$( (stringify!($key), concat!($($doc),+).trim().to_owned(), $type::settings(stringify!($key))), )+]
            }
        }
    };
}
pub(super) use profile;
