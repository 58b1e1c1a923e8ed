//! The sambac binary.
fn main() {}
