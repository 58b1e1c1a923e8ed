//! Maps of which each key is named once. Of a key that is there twice one reader takes the first value, another the last one: what
//! was checked by the one would be sent by the other.
//!
//! ```
//! #[derive(serde::Deserialize)]
//! struct Request {
//!     #[serde(deserialize_with = "sambac_domain::unique_map::deserialize")]
//!     variables: std::collections::BTreeMap<String, String>,
//! }
//! assert!(serde_json::from_str::<Request>(r#"{"variables": {"code": "1"}}"#).is_ok());
//! assert!(serde_json::from_str::<Request>(r#"{"variables": {"code": "1", "code": "2"}}"#).is_err());
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

struct Once<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for Once<V> {
    type Value = BTreeMap<String, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut read = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<String, V>()? {
            if read.contains_key(&key) {
                return Err(A::Error::custom(format_args!("duplicate field `{key}`")));
            }
            read.insert(key, value);
        }
        Ok(read)
    }
}

/// Reads a map, for serde's `deserialize_with`.
///
/// # Errors
/// When a key is named twice, or a value cannot be read.
pub fn deserialize<'de, D: Deserializer<'de>, V: Deserialize<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, V>, D::Error> {
    deserializer.deserialize_map(Once(PhantomData))
}
