//! One connection to Redis, over which all requests of this process go, one behind the other without waiting for each other's answers.

use std::io;
use std::time::Duration;

use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{RedisError, RedisUrl};

/// Requests that may wait to be written.
const QUEUE: usize = 1_024;
/// Requests that may wait for their answers.
const OPEN_MAX: usize = 8_192;

/// A connection; it ends with this, whatever waits for an answer.
pub(super) struct Link {
    connection: MultiplexedConnection,
    driver: AbortHandle,
}

impl Link {
    pub(super) fn connection(&self) -> MultiplexedConnection {
        self.connection.clone()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Connects and logs in, within `limit`.
pub(super) async fn dial(url: &RedisUrl, tls: Option<&TlsConnector>, limit: Duration) -> Result<Link, RedisError> {
    let dialling = async {
        let stream = TcpStream::connect((url.host(), url.port())).await?;
        stream.set_nodelay(true)?;
        match tls {
            None => log_in(url, stream).await,
            Some(tls) => {
                let name = ServerName::try_from(url.host().to_owned()).map_err(io::Error::other)?;
                log_in(url, tls.connect(name, stream).await?).await
            }
        }
    };
    timeout(limit, dialling).await.map_err(|_| RedisError::Timeout(limit))?
}

async fn log_in<IO>(url: &RedisUrl, stream: IO) -> Result<Link, RedisError>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    // Who asks keeps the time.
    let config = AsyncConnectionConfig::new()
        .set_response_timeout(None)
        .set_pipeline_buffer_size(QUEUE)
        .set_concurrency_limit(OPEN_MAX);
    let (connection, driver) = MultiplexedConnection::new_with_config(url.login(), stream, config).await?;
    let driver = tokio::spawn(driver).abort_handle();
    Ok(Link { connection, driver })
}
