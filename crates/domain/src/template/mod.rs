//! Texts with places that are filled in for each recipient: `Your parcel {parcel} comes on {day}.`
//!
//! A template is a list of plain pieces and places, and nothing else: what is put in is never looked through again, so that no
//! value can bring in a place, a command or anything else that somebody would carry out.
//!
//! ```
//! use std::collections::BTreeMap;
//! use sambac_domain::template::TemplateText;
//! let text: TemplateText = "Parcel {parcel}: {{today}}".parse().unwrap();
//! let values = BTreeMap::from([("parcel".to_owned(), "{7}".to_owned())]);
//! assert_eq!(text.fill(&values).unwrap(), "Parcel {7}: {today}");
//! ```

mod definition;
mod matching;
mod text;
mod variable;

pub use definition::{FillFault, TemplateDefinition};
pub use text::{NAME_CHARS_MAX, TemplateText, TextFault, is_name};
pub use variable::{VariableType, VariableTypeError};
