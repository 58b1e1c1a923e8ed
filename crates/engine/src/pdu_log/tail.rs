//! Follows the log live. Who does not keep up loses records and is told how many; nobody is waited for.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use sambac_domain::time::Timestamp;
use sambac_smpp::Direction;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::query::{Ids, Query};
use super::record::{Found, PduRecord};

/// Requests whose answers are waited for.
const OPEN_MAX: usize = 4_096;

/// A follower.
pub struct Follow {
    records: broadcast::Receiver<Arc<PduRecord>>,
    query: Query,
    ids: Option<Ids>,
    open: OpenRequests,
    ending: CancellationToken,
}

/// What a follower is told.
#[derive(Debug)]
pub enum Followed {
    /// A record that matches.
    Record(Box<Found>),
    /// So many records were lost, matching or not.
    Lost(u64),
}

impl Follow {
    pub(super) fn new(records: broadcast::Receiver<Arc<PduRecord>>, query: Query, ending: CancellationToken) -> Self {
        let ids = query.ids();
        Self { records, query, ids, open: OpenRequests::default(), ending }
    }

    /// The next one; none when the platform ends.
    pub async fn next(&mut self) -> Option<Followed> {
        loop {
            match self.ending.run_until_cancelled(self.records.recv()).await? {
                Ok(record) => {
                    if let Some(found) = self.look(&record) {
                        return Some(Followed::Record(Box::new(found)));
                    }
                }
                Err(broadcast::error::RecvError::Lagged(lost)) => return Some(Followed::Lost(lost)),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    fn look(&mut self, record: &PduRecord) -> Option<Found> {
        if !self.query.wants(&record.session) {
            return None;
        }
        let named = self.ids.as_ref().is_none_or(|ids| ids.name(record));
        let request = self.open.pair(record, named);
        let wanted = named || request.is_some_and(|request| request.is_wanted);
        (wanted && self.query.fits(record)).then(|| Found {
            record: record.clone(),
            pair: request.map(|request| request.number),
            latency_us: request.map(|request| record.at.0 - request.at.0),
        })
    }
}

#[derive(Clone, Copy)]
struct Request {
    number: u64,
    at: Timestamp,
    is_wanted: bool,
}

/// The latest requests that have no answer yet, by session, direction and sequence number.
#[derive(Default)]
struct OpenRequests {
    by_exchange: HashMap<(u64, Direction, u32), Request>,
    order: VecDeque<(u64, Direction, u32)>,
}

impl OpenRequests {
    /// The request that a record answers; notes the record when it is a request itself.
    fn pair(&mut self, record: &PduRecord, is_wanted: bool) -> Option<Request> {
        let (direction, sequence) = record.exchange();
        let exchange = (record.session.number, direction, sequence);
        if record.command().is_response() {
            return self.by_exchange.remove(&exchange);
        }
        self.by_exchange.insert(exchange, Request { number: record.number, at: record.at, is_wanted });
        self.order.push_back(exchange);
        if self.order.len() > OPEN_MAX {
            self.order.pop_front().and_then(|oldest| self.by_exchange.remove(&oldest));
        }
        None
    }
}
