//! The real binary with simulators around it: what a scenario test starts, asks, breaks and counts.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use sambac_testkit::scenario::{Site, World};
//!
//! let world = World::new("target/debug/sambac", "one_message")?;
//! let operator = world.simulator("alpha", "").await?;
//! let site = Site::with_one_account("100").connector("alpha", &operator, "").route("all", &["alpha"], "");
//! let secrets = world.apply(&site).await?;
//! let platform = world.platform(&[]).await?;
//! let rest = platform.rest(&secrets)?;
//! let sms = rest.send_text("+447700900123", "hello").await?;
//! assert_eq!(rest.final_state(&sms).await?, "delivered");
//! world.passed();
//! # Ok(())
//! # }
//! ```
//!
//! A world is a temporary folder. Whatever was started in it ends with the test, and its logs, journals and database stay
//! when the test failed: the folder's path is printed then. Waiting is always for a condition, with a deadline.

mod database;
mod esme;
mod event_stream;
mod gate;
mod journal;
mod mirror;
mod oracle;
mod platform;
mod process;
mod rest;
mod simulator;
mod sink;
mod site;
pub mod wait;
mod wire;
mod world;

pub use database::{Database, raw_id};
pub use esme::{Answer, Esme, Handset, Heard, Receipt, message};
pub use event_stream::{EventSocket, EventStream, Said, Sent};
pub use gate::Gate;
pub use journal::{Journal, Line};
pub use mirror::Mirror;
pub use oracle::Charges;
pub use platform::{ConnectorNode, Platform, StandbyNode};
pub use process::EndedEarly;
pub use rest::{Reply, Rest, events};
pub use sambac_smpp as smpp;
pub use simulator::Simulator;
pub use sink::{Delivery, Sink};
pub use site::{PRICE_MICROS, Secrets, Site};
pub use wire::{Wire, append};
pub use world::World;
