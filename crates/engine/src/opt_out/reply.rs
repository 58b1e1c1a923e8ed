//! What is answered to a word, when the account wants that: a message like any other, from the number that was written to.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use sambac_domain::class::TrafficClass;
use sambac_domain::id::{AccountId, ApiKeyId, MoId};
use sambac_domain::message::Origin;
use sambac_domain::number::{Msisdn, Sender};
use sambac_domain::options::MessageOptions;
use tokio::time::Instant;

use super::list::OptOuts;
use crate::submit::{Content, SubmitRequest};
use crate::{Engine, Inner};

/// Replies that wait at once.
const WAITING_MAX: usize = 1_000;
/// How long a number is not answered again: a machine at the other end may answer, too.
const REST: Duration = Duration::from_secs(10);
/// Numbers that are remembered for that.
const REMEMBERED_MAX: usize = 10_000;

/// An answer to a word.
#[derive(Debug)]
pub(crate) struct KeywordReply {
    pub(crate) account_id: AccountId,
    /// The number that was written to.
    pub(crate) sender: Sender,
    pub(crate) to: Msisdn,
    pub(crate) text: String,
    /// The message that it answers.
    pub(crate) answers: MoId,
    pub(crate) test_only: bool,
}

impl OptOuts {
    /// Hands it to who sends it; when there are too many, nobody is answered, and what was asked for is done all the same.
    pub(crate) fn reply(&self, reply: KeywordReply) {
        let mut replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        if replies.len() < WAITING_MAX {
            replies.push_back(reply);
            self.due.notify_one();
        }
    }

    fn next(&self) -> Option<KeywordReply> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let engine = Engine(Arc::clone(&inner));
    let opt_outs = Arc::clone(&inner.snapshot.load().opt_outs);
    let mut lately: HashMap<(AccountId, Msisdn), Instant> = HashMap::new();
    loop {
        let Some(reply) = opt_outs.next() else {
            tokio::select! {
                () = opt_outs.due.notified() => continue,
                () = inner.stopping.cancelled() => return,
            }
        };
        let now = Instant::now();
        if lately.len() >= REMEMBERED_MAX {
            lately.retain(|_, at| now.duration_since(*at) < REST);
        }
        let key = (reply.account_id, reply.to);
        let is_soon = lately.get(&key).is_some_and(|at| now.duration_since(*at) < REST);
        if is_soon || lately.len() >= REMEMBERED_MAX {
            continue;
        }
        lately.insert(key, now);
        let answers = reply.answers;
        if let Err(refusal) = engine.submit(request(reply)).await {
            tracing::warn!(message = %answers, code = refusal.code.code(), "a word from a handset was not answered");
        }
    }
}

fn request(reply: KeywordReply) -> SubmitRequest {
    let KeywordReply { account_id, sender, to, text, answers, test_only } = reply;
    SubmitRequest {
        account_id,
        // Nobody's key: the platform itself sends it.
        origin: Origin::Rest { api_key: ApiKeyId::from_raw(0) },
        sender,
        destination: to,
        content: Content::Text(text, None),
        class: TrafficClass::Transactional,
        validity: None,
        client_ref: None,
        receipt_wanted: true,
        registered_delivery: 1,
        price_micros_max: None,
        test_only,
        idempotency: None,
        options: Some(Box::new(MessageOptions { answers: Some(answers), ..MessageOptions::NONE })),
        part: None,
    }
}
