//! H. Optional parameters.
