//! C. What receipts look like.
