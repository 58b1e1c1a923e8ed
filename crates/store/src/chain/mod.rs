//! The chain of blocks: what was written of money, sealed batch by batch, so that whoever edits the database is found out.
//!
//! Each batch that moves money, or writes a CDR, a hold or the answer to a ledger command, adds one block to its shard's chain in
//! the same transaction. A block lists its rows as *leaves*, each with a keyed digest of the row; its hash is a keyed digest of
//! the block before, its own number and epoch, and its leaves. The key follows from the master key, which is not in the database: who can
//! change a row cannot make the digest that belongs to it.
//!
//! The same transaction checks that this process still holds the shard: whoever takes it over raises its epoch, and every later
//! batch of the one before is refused (decision 8: `docs/adr/0008-chain-of-blocks.md`).

mod added;
mod archived;
mod key;
mod leaf;
mod log;
mod proof;
mod raw;
mod seal;
mod shard;
mod verify;
mod vouched;

pub use archived::{CdrFiles, NoCdrFiles};
pub use key::{ChainKey, OPT_OUT_OCTETS};
pub use log::{LoggedBlock, SegmentTraffic, Told};
pub use proof::Proven;
pub(crate) use raw::Raw;
pub use seal::Chain;
pub(crate) use seal::Sealed;
pub use shard::{Head, HeadError, SHARD_OF_ENGINE, SHARD_OF_ERASURES, SHARD_OF_PAYMENTS, SHARD_OF_UNSEALED};
pub use verify::{Finding, Report, Verified, What};
