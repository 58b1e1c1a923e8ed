//! What a database server says of itself: for who asks whether it keeps what it is given.

use std::collections::BTreeMap;

use sambac_domain::Timestamp;

use crate::query::query;
use crate::{Store, StoreError};

/// Of a PostgreSQL server, and of our session there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresFacts {
    /// As `server_version_num` has it: 150004 is 15.4.
    pub version: i64,
    /// Settings by their names, in the words of `pg_settings`.
    pub settings: BTreeMap<String, String>,
    /// Whether it follows another server, and cannot be written to.
    pub is_replica: bool,
    /// Whether our connection is encrypted.
    pub is_encrypted: bool,
    /// Whether it does not leave the machine.
    pub is_local: bool,
    /// Whether the role that we are may do everything there.
    pub is_superuser: bool,
    /// Its clock, at some moment of the question.
    pub now: Timestamp,
}

/// What is asked for.
const SETTINGS: &str = "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'data_checksums',
    'max_connections', 'superuser_reserved_connections', 'server_encoding', 'autovacuum', 'default_transaction_read_only')";

impl Store {
    /// What the server says; `None` for a database of another kind, which is a file of ours. Reads only.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn postgres_facts(&self) -> Result<Option<PostgresFacts>, StoreError> {
        if self.pool().dialect() != crate::dialect::Dialect::Postgres {
            return Ok(None);
        }
        let settings = query(SETTINGS).all::<(String, String)>(self.pool()).await?;
        let numbers = query(
            "SELECT current_setting('server_version_num')::bigint, (extract(epoch from clock_timestamp()) * 1000000)::bigint",
        );
        let flags = query(
            "SELECT pg_is_in_recovery(), COALESCE((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
                COALESCE(inet_client_addr() <<= '127.0.0.0/8' OR inet_client_addr() = inet_server_addr(), true),
                (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)",
        );
        let (is_replica, is_encrypted, is_local, is_superuser) =
            flags.first::<(bool, bool, bool, bool)>(self.pool()).await?.unwrap_or_default();
        // The clock comes last, so that the question for it takes as little as can be.
        let (version, now) = numbers.first::<(i64, i64)>(self.pool()).await?.unwrap_or_default();
        let settings = settings.into_iter().collect();
        Ok(Some(PostgresFacts {
            version,
            settings,
            is_replica,
            is_encrypted,
            is_local,
            is_superuser,
            now: Timestamp(now),
        }))
    }

    /// The version of SQLite that is built in; `None` for a database of another kind.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn sqlite_version(&self) -> Result<Option<String>, StoreError> {
        if self.pool().dialect() != crate::dialect::Dialect::Sqlite {
            return Ok(None);
        }
        Ok(query("SELECT sqlite_version()").first::<(String,)>(self.pool()).await?.map(|(version,)| version))
    }
}
