//! E. Alphabets.
