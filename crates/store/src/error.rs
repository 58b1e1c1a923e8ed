//! What can go wrong with the database, told by what the caller can do about it.
//!
//! "Not found" is no error: lookups return `Option` or an empty list.

/// Why the store did not do what was asked. Nothing of a failed unit of work is kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A rule of the data refused the write: the name of the constraint, or of the guard (`settlement`,
    /// `message_final`, `segment`, `balance`). Do not repeat it unchanged.
    #[error("the data refuses the write: {0}")]
    Conflict(&'static str),
    /// Another writer was in the way (lock, serialisation, deadlock). Repeat the same work.
    #[error("another writer was in the way")]
    Retryable,
    /// The database cannot be reached or refuses to work. Repeat later; operators must look.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A file of the database is damaged, or what was written to it may not be there: nothing may be written any more, and whoever
    /// writes ends.
    #[error("the database's files: {0}")]
    Damaged(String),
    /// A stored value is not what this program writes. Repeating does not help; operators must look.
    #[error("unreadable value in {table}.{column}, row {row}")]
    Corrupt {
        /// The table that was read.
        table: &'static str,
        /// The column of the value.
        column: String,
        /// The first column of the row, or its position when that is no number.
        row: String,
    },
    /// The schema could not be brought to this program's version.
    #[error("migration failed: {0}")]
    Migration(String),
    /// A statement that the database does not understand: a mistake of this program.
    #[error("statement failed: {0}")]
    Statement(String),
}
