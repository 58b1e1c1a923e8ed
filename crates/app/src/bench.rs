//! `sambac bench`: load on a real `sambac run`, and what it does under it.
//!
//! Three processes: the platform (`sambac run` on a data folder of its own), an operator (`sambac simulate`), and this one,
//! which offers the load over SMPP or REST and measures. What the platform costs is read from `/proc`, what it did from its
//! metrics, and what it lost or sent twice from counting at both ends.
//!
//! ```text
//! sambac bench --scenario smpp-closed --duration-s 60 --out bench/results
//! ```
//!
//! [`site`] starts the processes, [`esme`] and [`rest`] offer load, [`scenario`] says which load and what is measured,
//! [`report`] holds and shows the figures.

mod child;
pub(crate) mod command;
mod crowd;
mod esme;
mod esme_bind;
mod http;
mod latency;
mod machine;
mod messages;
mod meter;
mod pace;
mod process;
mod provision;
mod report;
mod rest;
mod scenario;
mod scrape;
mod site;
mod submits;
