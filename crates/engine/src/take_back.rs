//! Withdraws messages that operators have already: each of their segments has to be taken back by the one that has it.
//!
//! A message is only asked for when all of it that is open is with operators which offer that. When one of them does not take
//! a segment back, the others are left there, and what was taken back before stays taken back.

use std::time::Duration;

use sambac_domain::id::{ConnectorId, MessageId, SegmentId};
use sambac_domain::state::MessageState;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::Inner;
use crate::commit::{Recalled, Write};
use crate::live::Live;
use crate::relay;

/// A segment where it is.
struct Away {
    segment: SegmentId,
    connector: ConnectorId,
    smsc_message_id: Box<str>,
}

/// How many of the messages were taken back whole.
pub(crate) async fn recall(inner: &Inner, messages: &[MessageId]) -> usize {
    let (mut count, mut deadline) = (0, None);
    for id in messages {
        let Some(live) = relay::load_message(inner, *id).await else { continue };
        let Some((away, limit)) = away(inner, &live) else { continue };
        // One response timer for all of them: the client has one, too.
        let deadline = *deadline.get_or_insert_with(|| Instant::now() + limit);
        let recalled = recall_segments(inner, &live, &away, deadline).await;
        count += usize::from(recalled == away.len());
    }
    count
}

/// Its open segments, when operators have all of them and take them back; and how long their answers are waited for.
fn away(inner: &Inner, live: &Live) -> Option<(Vec<Away>, Duration)> {
    let (mut away, mut limit) = (Vec::new(), Duration::ZERO);
    let segments = live.progress().segments.clone();
    for (own, segment) in segments.iter().zip(live.message.segment_ids()) {
        if own.state.is_final() {
            continue;
        }
        let smsc_message_id = own.smsc_message_id.clone().filter(|id| !id.is_empty())?;
        if own.state != MessageState::Submitted {
            return None;
        }
        limit = limit.max(inner.recalls_within(own.connector)?);
        away.push(Away { segment, connector: own.connector, smsc_message_id });
    }
    (!away.is_empty()).then_some((away, limit))
}

/// How many segments ended by being taken back.
async fn recall_segments(inner: &Inner, live: &Live, away: &[Away], deadline: Instant) -> usize {
    let mut segments = Vec::new();
    for Away { segment, connector, smsc_message_id } in away {
        let asked = inner.recall(*connector, &live.message, smsc_message_id);
        if !timeout_at(deadline, asked).await.unwrap_or(false) {
            break;
        }
        segments.push(*segment);
    }
    if segments.is_empty() {
        return 0;
    }
    let (done, count) = oneshot::channel();
    inner.write(Write::Recalled(Recalled { segments, done })).await;
    count.await.unwrap_or(0)
}
