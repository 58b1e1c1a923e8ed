//! Numbers that were erased: who asked for it, and what it came to.

use sambac_domain::{ErasureId, Timestamp};

use super::row;

row! {
    /// The erasing of a number.
    ErasureRow in "erasures" {
        /// Its id.
        id: ErasureId,
        /// The number, sealed; gone when it is erased everywhere.
        number_sealed: Option<String>,
        /// Digest of the number with the key of the ledger's chain: who is asked again whether it was erased can tell.
        number_digest: Vec<u8>,
        /// Who asked for it: an admin key's name, or the command line.
        asked_by: String,
        /// Why.
        reason: String,
        /// Messages, and one-time codes, that had it.
        messages: i64,
        /// CDRs that had it.
        records: i64,
        /// Messages from handsets, their parts, and receipts that had it.
        handsets: i64,
        /// Days of CDRs whose files were written anew.
        days: i64,
        /// Messages that need it still, when it was looked last.
        waiting: i64,
        /// When it was asked for.
        asked_at: Timestamp,
        /// When it was erased everywhere.
        ended_at: Option<Timestamp>,
    }
}
