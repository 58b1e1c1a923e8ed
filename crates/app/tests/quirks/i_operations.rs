//! I. SMPP 5.0 and the less common operations.
