//! The work queue between the outbox table and the workers.
//!
//! The table is the truth; this crate only hands work out, fast, in lane order and in bounded memory. Each *target* (a
//! connector, an SMPP account, a webhook) has a queue with one lane per priority. A lane that is full forgets what it is
//! offered and remembers that it did: its consumer's relay reads the rest back from the table, page by page, in id order.
//! At start every lane is in that state, so a restart rebuilds the queues by itself.
//!
//! What is told outside of billing is an [`event`], which goes by [`amqp`]. Counters that several nodes share are in [`redis`], where one is configured. Where other nodes
//! send what this one has accepted, [`work`] carries it to them by RabbitMQ.

pub mod amqp;
mod attempt;
pub mod event;
mod fair;
mod lane;
mod notice;
mod queue;
pub mod redis;
mod task;
pub mod work;

pub use attempt::Attempt;
pub use lane::Refill;
pub use notice::{AccountEvent, AccountNews, EventRef, Notice, Outcome, Received};
pub use queue::{Bus, TargetQueue};
pub use task::{Queued, Task};
