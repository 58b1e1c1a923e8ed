//! Our SMSC side: client ESMEs bind to us, submit messages and are sent their receipts.

mod bind;
mod client;
mod deliver;
mod listener;
pub mod password;
mod reply;
mod request;
mod session;
mod sessions;
mod submit;
mod time;

pub(crate) use bind::VerifiedBinds;
pub(crate) use reply::SubmitReply;
pub(crate) use sessions::Sessions;
