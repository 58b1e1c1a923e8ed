//! Several nodes on one PostgreSQL database: one works, the others wait; and what becomes of messages when the one is killed,
//! drained, or stands still for a while and goes on. With a broker the others send.

mod asked;
mod away;
mod carried;
mod doors;
mod lost;
mod promoted;
mod queued;
mod standby;
mod versions;
