//! Binds on connections that the SMSC opens: it connects to us and says who it is (SMPP 3.4 §2.2.2), and we bind on that
//! connection as on any other.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use sambac_smpp::{PendingOutbind, SessionConfig};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use tokio::net::{TcpListener, TcpStream};

use super::Connector;
use super::dial::{DialError, Dialled, Failure, Plan, tune};
use super::seat::{BindState, Seat};

impl Connector {
    /// Waits for connections of the SMSC and binds on them until the round is over.
    pub(super) async fn await_outbinds(self: &Arc<Self>, seat: &Arc<Seat>, round: u64) {
        loop {
            self.is_now(seat, BindState::Listening);
            let attempt = tokio::select! {
                biased;
                () = self.over(seat, round) => return,
                attempt = self.outbound(seat) => attempt,
            };
            match attempt {
                Ok(dialled) => {
                    if self.serve(seat, dialled, self.over(seat, round)).await {
                        return;
                    }
                }
                Err((error, failure)) => {
                    let pause = self.failed(seat, &error, failure);
                    let least = Duration::from_millis(self.profile().bind.reconnect_min_ms);
                    tokio::select! {
                        () = tokio::time::sleep(pause.unwrap_or(least)) => {}
                        () = self.over(seat, round) => return,
                    }
                }
            }
        }
    }

    /// One connection of the SMSC.
    async fn outbound(&self, seat: &Seat) -> Result<Dialled, (DialError, Failure)> {
        let (row, profile) = (self.row(), self.profile());
        let plan = Plan::new(&row, &profile, &self.inner).map_err(|error| (error, Failure::Setup))?.going_on(seat);
        let connection = self.next_connection(&profile.bind.outbind_listen).await;
        let stream = connection.map_err(|error| (DialError::Setup(error), Failure::Setup))?;
        if let Ok(peer) = stream.peer_addr() {
            seat.goes_to(peer.to_string());
        }
        let bound = async {
            tune(&stream, &profile.session).map_err(|error| DialError::Bind(error.into()))?;
            let config = SessionConfig { tap: plan.tap(&stream), ..plan.session_config() };
            let pending = sambac_smpp::outbind(stream, config).await?;
            if !plan.is_ours(&pending) {
                return Err(DialError::Outbind);
            }
            plan.bind_on(pending, seat.kind).await
        };
        let dialled = bound.await.map_err(|error| {
            let failure = plan.failure(&error);
            (error, failure)
        })?;
        self.taken(seat, &dialled);
        Ok(dialled)
    }

    /// All binds of a connector share one listening socket; whoever is free takes the next connection.
    async fn next_connection(&self, address: &str) -> Result<TcpStream, String> {
        let told = |error: io::Error| format!("bind.outbind_listen: {address}: {error}");
        let listener = self.outbind.get_or_try_init(|| TcpListener::bind(address)).await.map_err(told)?;
        listener.accept().await.map(|(stream, _)| stream).map_err(told)
    }
}

impl Plan {
    /// Whether the SMSC has shown our own system_id and password.
    fn is_ours<IO>(&self, pending: &PendingOutbind<IO>) -> bool {
        let given = [pending.system_id(), pending.password()].map(Sha256::digest);
        let ours = [self.row.system_id.as_bytes(), self.password.expose_secret().as_bytes()].map(Sha256::digest);
        // Digests are compared, so that the time it takes tells nothing of the secret.
        given == ours
    }
}
