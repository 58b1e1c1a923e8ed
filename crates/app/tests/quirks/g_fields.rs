//! G. Addresses, times and flags.
