//! A private PostgreSQL for tests, from the installed binaries: nothing is prepared by hand.
//!
//! One server serves one test run (all processes of one nextest run, or one process of `cargo test`). Whoever comes
//! first starts it; a watchdog stops it and removes its files when the run's process is gone, however it ended. The
//! server listens on a Unix socket only and does not flush to disk: what a crash of the machine leaves behind is not
//! what tests look at.
//!
//! ```no_run
//! # async fn example() {
//! let database = sambac_testkit::postgres::database(async |url| {
//!     // Migrate the database at `url` and close all connections: it becomes the template.
//!     drop(url);
//! })
//! .await
//! .unwrap();
//! println!("{}", database.url());
//! # }
//! ```

mod killable;
mod server;

use anyhow::{Context as _, Result};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

pub use killable::KillablePostgres;
use server::Server;

use crate::unique;

const TEMPLATE: &str = "sambac_template";
const UNFINISHED: &str = "sambac_template_unfinished";

/// An own, migrated database. It goes away with the server at the end of the run.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    name: String,
}

impl TestDatabase {
    /// Where to connect: `postgres://…`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Breaks every connection to it and takes none any more: as a server that has gone.
    ///
    /// # Errors
    /// When the server does not do it.
    pub async fn shut(&self) -> Result<()> {
        let name = &self.name;
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        self.administer(&[format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"), end]).await
    }

    /// Takes connections again.
    ///
    /// # Errors
    /// When the server does not do it.
    pub async fn open(&self) -> Result<()> {
        self.administer(&[format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.name)]).await
    }

    /// The one number that a query gives.
    ///
    /// # Errors
    /// When it gives none.
    pub async fn number(&self, query: &str) -> Result<i64> {
        let mut connection = PgConnection::connect(&self.url).await.with_context(|| self.url.clone())?;
        let number = sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut connection).await;
        connection.close().await?;
        number.with_context(|| query.to_owned())
    }

    /// Locks the rows that a query finds, `FOR UPDATE`: whoever wants them waits until they are free.
    ///
    /// # Errors
    /// When the server does not do it.
    pub async fn lock(&self, query: &str) -> Result<Locked> {
        let mut connection = PgConnection::connect(&self.url).await.with_context(|| self.url.clone())?;
        run(&mut connection, "BEGIN".to_owned()).await?;
        run(&mut connection, query.to_owned()).await?;
        Ok(Locked(connection))
    }

    async fn administer(&self, statements: &[String]) -> Result<()> {
        let mut admin = connect(&Server::of_this_run().await?).await?;
        for statement in statements {
            run(&mut admin, statement.clone()).await?;
        }
        admin.close().await.context("closing the connection")
    }
}

/// Rows that are locked.
#[derive(Debug)]
pub struct Locked(PgConnection);

impl Locked {
    /// Lets go of them; nothing has changed.
    ///
    /// # Errors
    /// When the server is gone.
    pub async fn free(self) -> Result<()> {
        self.0.close().await.context("closing the connection")
    }
}

/// A new database that was migrated by `migrate`, which runs once per server: its result is the template of all.
///
/// # Errors
/// No PostgreSQL installed (the text says which package to install), or it does not start.
pub async fn database(migrate: impl AsyncFnOnce(String)) -> Result<TestDatabase> {
    let server = Server::of_this_run().await?;
    server.exclusively(async || make_template(&server, migrate).await).await?;
    create(&server, TEMPLATE).await
}

/// A new database with nothing in it.
///
/// # Errors
/// As [`database`].
pub async fn empty_database() -> Result<TestDatabase> {
    create(&Server::of_this_run().await?, "template1").await
}

async fn create(server: &Server, template: &str) -> Result<TestDatabase> {
    let name = format!("test_{}", unique());
    let mut admin = connect(server).await?;
    run(&mut admin, format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
    admin.close().await?;
    Ok(TestDatabase { url: server.url(&name), name })
}

/// Makes the template unless it is there. It gets its name when it is finished, so that a failed attempt is repeated.
async fn make_template(server: &Server, migrate: impl AsyncFnOnce(String)) -> Result<()> {
    let mut admin = connect(server).await?;
    let exists = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM pg_database WHERE datname = $1").bind(TEMPLATE);
    if exists.fetch_one(&mut admin).await? > 0 {
        return Ok(());
    }
    run(&mut admin, format!("DROP DATABASE IF EXISTS {UNFINISHED} WITH (FORCE)")).await?;
    run(&mut admin, format!("CREATE DATABASE {UNFINISHED}")).await?;
    migrate(server.url(UNFINISHED)).await;
    run(&mut admin, format!("ALTER DATABASE {UNFINISHED} RENAME TO {TEMPLATE}")).await?;
    admin.close().await.context("closing the connection")
}

async fn connect(server: &Server) -> Result<PgConnection> {
    PgConnection::connect(&server.url("postgres")).await.context("connecting to the private PostgreSQL")
}

async fn run(connection: &mut PgConnection, sql: String) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(connection).await.with_context(|| sql)?;
    Ok(())
}
