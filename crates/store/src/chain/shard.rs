//! Who writes a shard, and where its chain ends.

use std::fmt;
use std::str::FromStr;

use sambac_domain::Timestamp;

use super::key::HASH_OCTETS;
use crate::query::query;
use crate::rows::ShardRow;
use crate::unit_of_work::UnitOfWork;
use crate::{Store, StoreError};

/// The shard that the group commit writes.
pub const SHARD_OF_ENGINE: i64 = 0;
/// The shard of payments that are booked from the command line, each in a transaction of its own.
pub const SHARD_OF_PAYMENTS: i64 = 64;
/// The shard of CDRs that are sealed anew because their number was erased.
pub const SHARD_OF_ERASURES: i64 = 65;

/// The shard that tells how many payments are from before they were sealed.
pub const SHARD_OF_UNSEALED: i64 = 66;

/// A block's number in its shard has this many bits; the shard's number is above them.
const BLOCK_BITS: u32 = 48;

/// The end of a shard's chain. Text form: shard, block and hash in hexadecimal, as in `0:1024:9f3c…`; kept outside of the
/// database it shows later whether the end was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Which shard.
    pub shard: i64,
    /// Who holds it: every process that takes it over raises this.
    pub epoch: i64,
    /// Shard and number of the last block in one; see [`Head::block_no`].
    pub block_id: i64,
    /// Its hash; zeros before the first block.
    pub hash: [u8; HASH_OCTETS],
}

/// The text is no head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a head is shard, block and hash, as `sambac ledger head` prints it")]
pub struct HeadError;

/// The id of a shard's block.
pub(super) const fn block_id(shard: i64, block_no: i64) -> i64 {
    (shard << BLOCK_BITS) | block_no
}

impl Head {
    /// The number of the last block, from 1; 0 while there is none.
    pub const fn block_no(&self) -> i64 {
        self.block_id & ((1 << BLOCK_BITS) - 1)
    }

    /// How many blocks there are after this one of the same shard; 0 stands before the first.
    pub const fn blocks_after(&self, block_id: i64) -> i64 {
        let before_the_first = self.block_id - self.block_no();
        if block_id < before_the_first { self.block_no() } else { self.block_id - block_id }
    }

    pub(super) fn of(row: &ShardRow) -> Result<Self, StoreError> {
        let hash = row.hash.as_slice().try_into().map_err(|_| StoreError::Corrupt {
            table: "ledger_shards",
            column: "hash".to_owned(),
            row: row.id.to_string(),
        })?;
        Ok(Self { shard: row.id, epoch: row.epoch, block_id: row.block_id, hash })
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.shard, self.block_no())?;
        self.hash.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl FromStr for Head {
    type Err = HeadError;

    fn from_str(text: &str) -> Result<Self, HeadError> {
        let mut parts = text.trim().split(':');
        let mut number = || parts.next()?.parse::<i64>().ok().filter(|number| (0..1 << BLOCK_BITS).contains(number));
        let (shard, block_no) = (number().ok_or(HeadError)?, number().ok_or(HeadError)?);
        let digits = parts.next().filter(|digits| digits.len() == 2 * HASH_OCTETS && digits.is_ascii());
        let digits = digits.ok_or(HeadError)?;
        let mut hash = [0; HASH_OCTETS];
        for (octet, at) in hash.iter_mut().zip((0..).step_by(2)) {
            let pair = digits.get(at..at + 2).ok_or(HeadError)?;
            *octet = u8::from_str_radix(pair, 16).map_err(|_| HeadError)?;
        }
        let ended = parts.next().is_none() && shard < 1 << (62 - BLOCK_BITS);
        ended.then_some(Self { shard, epoch: 0, block_id: block_id(shard, block_no), hash }).ok_or(HeadError)
    }
}

impl UnitOfWork {
    /// Takes a shard over: whoever held it before can write no more. `holder` says who has it now, for a person to read.
    pub(crate) async fn take_shard(&mut self, shard: i64, holder: &str, at: Timestamp) -> Result<Head, StoreError> {
        let holder = holder.to_owned();
        let first = "INSERT INTO ledger_shards (id, epoch, block_id, hash, holder, taken_at)
            VALUES ($1, 0, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING";
        let (first_block, no_hash) = (block_id(shard, 0), vec![0_u8; HASH_OCTETS]);
        let first = query(first).bind(&shard).bind(&first_block).bind(&no_hash).bind(&holder).bind(&at);
        first.run(self).await?;
        let raise = "UPDATE ledger_shards SET epoch = epoch + 1, holder = $2, taken_at = $3 WHERE id = $1";
        query(raise).bind(&shard).bind(&holder).bind(&at).run(self).await?;
        let rows = crate::query::select::<ShardRow>("WHERE id = $1").bind(&shard).all_in::<ShardRow>(self).await?;
        rows.first().map_or(Err(StoreError::Conflict("ledger_shards")), Head::of)
    }
}

impl Store {
    /// Takes a shard over for this process. What another one still writes to it is refused from now on:
    /// `Conflict("ledger_shards")`.
    pub async fn take_shard(&self, shard: i64, holder: &str, at: Timestamp) -> Result<Head, StoreError> {
        let mut work = self.begin().await?;
        let head = work.take_shard(shard, holder, at).await?;
        work.commit().await?;
        Ok(head)
    }

    /// All shards: who holds each, and since when.
    pub async fn shards(&self) -> Result<Vec<ShardRow>, StoreError> {
        crate::query::select::<ShardRow>("ORDER BY id").all(self.pool()).await
    }

    /// Where each shard's chain ends.
    pub async fn ledger_heads(&self) -> Result<Vec<Head>, StoreError> {
        self.shards().await?.iter().map(Head::of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_goes_round_as_text() {
        let head = Head { shard: 64, epoch: 0, block_id: block_id(64, 1_024), hash: [0x9f; HASH_OCTETS] };
        let text = head.to_string();
        assert!(text.starts_with("64:1024:9f9f") && text.len() == 8 + 64, "{text}");
        assert_eq!(text.parse(), Ok(head));
        for wrong in ["", "0:1", "0:1:9f", "x:1:00", &format!("{text}:1"), &text.replace('f', "g"), "-1:1:00"] {
            assert_eq!(wrong.parse::<Head>(), Err(HeadError), "{wrong}");
        }
    }
}
