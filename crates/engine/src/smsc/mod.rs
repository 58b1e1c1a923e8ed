//! Our SMSC side: client ESMEs bind to us, submit messages and are sent their receipts.

mod bind;
mod client;
mod content;
mod deliver;
mod door;
mod elsewhere;
mod handset;
mod hashing;
mod listener;
mod manage;
mod multi;
mod pace;
pub mod password;
mod query;
mod receipt;
mod replace;
mod replay;
mod reply;
mod request;
mod session;
mod sessions;
mod strikes;
mod submit;
mod time;
mod tls;
mod watch;

pub(crate) use bind::VerifiedBinds;
pub(crate) use door::Door;
pub(crate) use elsewhere::{BoundThere, Elsewhere};
#[cfg(debug_assertions)]
pub(crate) use listener::serve_pipe;
pub(crate) use multi::MultiReply;
pub(crate) use reply::SubmitReply;
pub(crate) use sessions::Sessions;
pub(crate) use strikes::Strikes;
pub(crate) use time::passed_at;
pub use tls::{TlsError, TlsFiles};
