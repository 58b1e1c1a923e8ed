//! The sandbox: an SMSC within the process, that plays what the numbers of [`sambac_domain::sandbox`] stand for. A connector whose
//! host is `sandbox` binds to it as to any other, over a pipe in memory: so its messages live as all others do.

mod receipt;
mod smsc;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{ConnectorId, RateId, RouteId, SheetId};
use sambac_domain::number::Msisdn;
use sambac_domain::rating::{ChargePolicy, Priced};
use sambac_domain::sandbox::{Play, is_sandbox, play};
use sambac_domain::time::Timestamp;
use tokio::io::DuplexStream;

use crate::clock::Clock;
use crate::refusal::Refusal;
use crate::snapshot::Snapshot;

/// The host of a connector that leads here.
pub(crate) const HOST: &str = "sandbox";
/// Octets on their way in one direction.
const PIPE_OCTETS: usize = 1 << 16;
/// The route of its messages: there is none.
pub(crate) const ROUTE: RouteId = RouteId::from_raw(0);

/// Opens a connection to the SMSC.
pub(crate) fn connect(clock: Clock) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(PIPE_OCTETS);
    tokio::spawn(smsc::serve(theirs, clock));
    ours
}

/// The connector of a message to this number: `None` when the number is not the sandbox's.
///
/// # Errors
/// What is played for the number, if that is a refusal; what is wrong with who sends to it.
pub(crate) fn way(snapshot: &Snapshot, number: Msisdn, test_only: bool) -> Result<Option<ConnectorId>, Refusal> {
    let wrong = |code, detail: &str| Err(Refusal::new(code, detail.to_owned()).at("/to"));
    if !is_sandbox(number) {
        return if test_only && !number.is_test() {
            wrong(ErrorCode::InvalidDestination, "a test key reaches test numbers only, which begin with +999")
        } else {
            Ok(None)
        };
    }
    if !test_only {
        return wrong(ErrorCode::InvalidDestination, "numbers of the sandbox (+99955) are for test keys");
    }
    match play(number) {
        None => wrong(ErrorCode::InvalidDestination, "nothing is played for this number of the sandbox"),
        Some(Play::Problem(code)) => wrong(code, "the sandbox plays this refusal"),
        Some(_) => match connector(snapshot) {
            Some(connector) => Ok(Some(connector)),
            None => wrong(ErrorCode::NoRoute, "this platform has no sandbox: a connector whose host is \"sandbox\""),
        },
    }
}

fn connector(snapshot: &Snapshot) -> Option<ConnectorId> {
    let rows = snapshot.connectors.values().filter(|row| row.enabled && row.host == HOST);
    rows.map(|row| row.id).min()
}

/// What a message costs there.
pub(crate) const FREE: Priced = Priced {
    rate_id: RateId::from_raw(0),
    sheet_id: SheetId::from_raw(0),
    price_micros: 0,
    policy: ChargePolicy::Delivered,
    from: Timestamp(i64::MIN),
    to: Timestamp(i64::MAX),
};
