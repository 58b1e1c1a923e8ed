//! Where connections of clients come in: by a listener of this process, or handed over by another node that they came to.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};

/// A connection, and where its client is.
pub type Arrival = (TcpStream, SocketAddr);

/// See the module.
pub struct Doorway {
    listener: TcpListener,
    handed: Option<Mutex<mpsc::Receiver<Arrival>>>,
}

impl From<TcpListener> for Doorway {
    fn from(listener: TcpListener) -> Self {
        Self { listener, handed: None }
    }
}

impl Doorway {
    /// A listener, and connections that other nodes hand over, if any do.
    pub fn new(listener: TcpListener, handed: Option<mpsc::Receiver<Arrival>>) -> Self {
        Self { listener, handed: handed.map(Mutex::new) }
    }

    /// The next connection, whichever way it comes. May be dropped before its end.
    ///
    /// # Errors
    /// What the system said when the listener could not accept.
    pub async fn accept(&self) -> io::Result<Arrival> {
        let Some(handed) = &self.handed else { return self.listener.accept().await };
        let mut handed = handed.lock().await;
        tokio::select! {
            accepted = self.listener.accept() => accepted,
            Some(arrival) = handed.recv() => Ok(arrival),
        }
    }
}
