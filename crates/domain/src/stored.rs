//! Settings of an object that are stored as JSON in one column, the default as an empty text, so that most rows have nothing there.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads what [`written`] wrote.
///
/// # Errors
/// What is wrong with the text. Who cannot read a limit must not go without it.
pub fn read<T: Default + DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    if text.is_empty() { Ok(T::default()) } else { serde_json::from_str(text) }
}

/// As they are stored.
#[must_use]
pub fn written<T: Default + PartialEq + Serialize>(settings: &T) -> String {
    // Settings are words and numbers, which always serialise.
    if *settings == T::default() { String::new() } else { serde_json::to_string(settings).unwrap_or_default() }
}
