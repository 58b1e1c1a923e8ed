//! Message text: which alphabet it needs, its octets on the wire, and how it is cut into segments.
//!
//! ```
//! use sambac_domain::text::{self, Body, Encoding, LongMethod};
//! let count = text::count("Your code is 123456", None).unwrap();
//! assert_eq!((count.encoding, count.segments, count.units_left), (Encoding::Gsm7, 1, 141));
//! let body = Body::Text { text: "Your code is 123456", encoding: count.encoding };
//! let segments = text::segment(&body, LongMethod::Udh8, 0).unwrap();
//! assert_eq!(segments.len(), usize::from(count.segments));
//! ```

mod count;
mod encoding;
pub mod gsm7;
mod segment;
mod shift;
pub mod udh;
mod units;
mod user_data;

pub use count::{SegmentCount, count, count_octets, count_with};
pub use encoding::{Encoding, TextError, choose, decode, encode};
pub use segment::{Body, LongMethod, SEGMENTS_MAX, Segment, Segments, segment, segment_text};
pub use shift::{Shift, ShiftTable};
pub use user_data::{Alphabet, DataCodingTable, Reading, UserData, decode_user_data};
