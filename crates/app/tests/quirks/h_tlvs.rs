//! H. Optional parameters.

mod server;
