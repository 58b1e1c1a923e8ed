//! F. Messages of more than one segment.
