//! Clients may come to any node: one that waits hands their connections to the node that works.
//!
//! A connection is handed over whole, as it is, also its TLS. Before its first octet the node that works is told, sealed with the master key, which door
//! it came to and from where; so limits of addresses, and lists of those that are allowed, hold as if the client had come there itself.

mod forward;
mod greeting;
mod receive;

pub(crate) use forward::{Front, run_alone};
pub(crate) use receive::{Handed, Reception};

/// What names of the leases begin with by which the node that works says where connections are handed to it.
const PLACE: &str = "place ";
