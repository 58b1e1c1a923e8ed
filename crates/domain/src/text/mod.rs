//! Message text: which alphabet it needs, its octets on the wire, and how it is cut into segments.
//!
//! ```
//! use sambac_domain::text::{self, Body, Encoding, Marks, Writing};
//! let count = text::count("Your code is 123456", None).unwrap();
//! assert_eq!((count.encoding, count.segments, count.units_left), (Encoding::Gsm7, 1, 141));
//! let body = Body::Text { text: "Your code is 123456", encoding: None };
//! let laid = text::lay_out(&body, &Marks::default(), &Writing::default()).unwrap();
//! assert_eq!(laid.count(), count);
//! ```

mod alphabet;
mod count;
mod encoding;
pub mod gsm7;
mod layout;
mod segment;
mod shift;
pub mod udh;
mod units;
mod user_data;

pub use count::{SegmentCount, count};
pub use encoding::{Encoding, TextError, choose, decode, encode};
pub use layout::{Body, Laid, Marks, Ports, Writing, lay_out};
pub use segment::{LongMethod, SEGMENTS_MAX, Segment};
pub use shift::{Shift, ShiftTable};
pub use user_data::{Alphabet, DataCodingTable, Reading, UserData, decode_user_data};
