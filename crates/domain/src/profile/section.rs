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

    /// Every setting outside its bounds, with what is allowed.
    fn out_of_bounds(&self) -> Vec<(&'static str, u64, u64)>;
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

            fn out_of_bounds(&self) -> Vec<(&'static str, u64, u64)> {
                let bounded: &[(bool, &'static str, u64, u64)] = &[$($(
                    (($least..=$greatest).contains(&self.$key), stringify!($key), $least as u64, $greatest as u64),
                )?)+];
                let outside = bounded.iter().filter(|(is_within, ..)| !is_within);
                outside.map(|(_, key, least, greatest)| (*key, *least, *greatest)).collect()
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
                Self::parse_all(text).map_err(|faults| faults.into_iter().next().unwrap_or_default())
            }

            /// The same, and tells everything that is wrong at once.
            ///
            /// # Errors
            /// One [`ProfileError`](crate::profile::ProfileError) for each setting, and one at least.
            pub fn parse_all(text: &str) -> Result<Self, Vec<$crate::profile::ProfileError>> {
                let (profile, mut faults) =
                    $crate::profile::parse::layered::<Self>(text, $presets).map_err(|fault| vec![fault])?;
                profile.check_bounds(&mut faults);
                // What depends on a setting that is wrong already says nothing new.
                let mut together = Vec::new();
                profile.check_together(&mut together);
                together.retain(|fault| !faults.iter().any(|other| other.section() == fault.section()));
                faults.append(&mut together);
                if faults.is_empty() { Ok(profile) } else { Err(faults) }
            }

            fn check_bounds(&self, faults: &mut Vec<$crate::profile::ProfileError>) {
                use $crate::profile::section::Section as _;
                $( for (key, least, greatest) in self.$key.out_of_bounds() {
                    faults.push($crate::profile::ProfileError::bounds(stringify!($key), key, least, greatest));
                } )+
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
