//! One bound client: its requests in, the answers to our receipts back.

use std::net::IpAddr;
use std::sync::Arc;

use sambac_smpp::{Event, Events, Session};

use super::bind::Reserved;
use super::client::Client;
use super::deliver;
use super::request::Requests;
use crate::Inner;
use crate::snapshot::SmppAccount;

/// Events taken from the session at once.
const EVENTS_MAX: usize = 256;

/// Serves the session until it ends.
pub(super) async fn run(
    inner: Arc<Inner>,
    account: Arc<SmppAccount>,
    session: Session,
    mut events: Events,
    address: IpAddr,
    reserved: Reserved,
) {
    let id = account.row.id;
    tracing::info!(system_id = account.row.system_id, kind = ?session.kind(), "client bound");
    let joined = reserved.join(&account, &session, address);
    if let Some((cancel, changed)) = joined.deliverer {
        deliver::start(&inner, id, cancel, changed);
    }
    // The account may have been suspended while the bind was on its way here.
    inner.smpp_sessions.heed(id, joined.number, &inner.snapshot.load());
    let client = Client::new(&inner, &account, &session, (joined.number, address), joined.revoked);
    let mut requests = Requests::new(client, joined.pace);
    let mut buffer = Vec::with_capacity(EVENTS_MAX);
    while events.recv_many(&mut buffer, EVENTS_MAX).await > 0 {
        for event in buffer.drain(..) {
            match event {
                Event::Request { header, frame } => requests.take(header, &frame).await,
                Event::Response { token, header, .. } => {
                    deliver::answered(&inner, id, joined.number, token, header.command_status).await;
                }
                Event::Timeout { token } => deliver::unanswered(&inner, id, joined.number, token).await,
                Event::Closed { reason, .. } => {
                    tracing::info!(system_id = account.row.system_id, ?reason, "client gone");
                }
            }
        }
        // A client that does not read its answers is not read either.
        session.ready().await;
    }
    deliver::abandoned(&inner, id, inner.smpp_sessions.leave(id, joined.number));
}
