//! Days of CDRs that are kept in files.

use sambac_domain::Timestamp;

use super::row;
use super::words::codes;

codes! {
    /// Where a day's records are.
    CdrArchiveState {
        /// In the file, and some of them in the table still: they are being removed from it.
        Written 0,
        /// In the file only.
        Archived 1,
        /// In the file, and some of them in the table: they are being put back.
        Restoring 2,
        /// In the table again, on request, and in the file.
        Restored 3,
    }
}

row! {
    /// A day of CDRs that is in a file.
    CdrArchiveRow in "cdr_archives" {
        /// Days since 1970-01-01, UTC, in which its messages were accepted.
        id: i64,
        /// The file's name in the folder of archives.
        file: String,
        /// Records in it.
        records: i64,
        /// Its length.
        octets: i64,
        /// Its digest, in hexadecimal digits.
        sha256: String,
        /// Digest of all of the above with the key of the ledger's chain.
        proof: Vec<u8>,
        /// Where the records are.
        state: CdrArchiveState,
        /// When the file was written.
        written_at: Timestamp,
        /// When the state was reached.
        changed_at: Timestamp,
    }
}

impl CdrArchiveState {
    /// The word used outside.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Archived => "archived",
            Self::Restoring => "restoring",
            Self::Restored => "restored",
        }
    }
}
