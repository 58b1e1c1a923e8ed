//! A stream of an account's events: pulled by whoever writes it out, so that a slow reader holds up nothing but itself.

use std::collections::VecDeque;
use std::time::Duration;

use sambac_domain::account_event::EventTypes;
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountEventId, IdSource};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::places::Place;
use super::read::{ToldEvent, check_cursor, is_behind, page, unavailable};
use crate::refusal::Refusal;
use crate::{Caller, Engine, Scope};

/// Events that are read at once.
const PAGE: u32 = 100;
/// How often it is looked whether the key may still be used.
const KEY_INTERVAL: Duration = Duration::from_millis(400);
/// How often the database is read although nothing was told here: another process may have written.
const READ_INTERVAL: Duration = Duration::from_secs(5);

/// A stream of events.
pub struct EventFeed {
    engine: Engine,
    caller: Caller,
    types: EventTypes,
    /// Behind what was given out.
    cursor: AccountEventId,
    /// Behind what was read.
    read_to: AccountEventId,
    page: VecDeque<ToldEvent>,
    news: watch::Receiver<()>,
    may_have_more: bool,
    read_at: Instant,
    key_seen_at: Instant,
    quiet_since: Instant,
    _place: Place,
    _running: TaskTrackerToken,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedStep {
    /// An event.
    Event(ToldEvent),
    /// Nothing for a while.
    Quiet,
    /// No more.
    End(FeedEnd),
}

/// Why a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedEnd {
    /// The key may not be used any more.
    Revoked,
    /// The process stops: connect again.
    Stopping,
    /// The reader is so slow that events which it has not read are not kept any more.
    Behind,
    /// The database does not answer: connect again.
    Unavailable,
}

impl FeedEnd {
    /// As it is told.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "key_revoked",
            Self::Stopping => "stopping",
            Self::Behind => "cursor_expired",
            Self::Unavailable => "unavailable",
        }
    }
}

impl Engine {
    /// A stream of the caller's account's events behind a cursor, or of those to come.
    ///
    /// # Errors
    /// As [`Engine::account_events`]; [`ErrorCode::RateLimited`] when the key, or all keys together, have as many streams as they may.
    pub async fn event_feed(
        &self,
        caller: &Caller,
        after: Option<AccountEventId>,
        types: EventTypes,
    ) -> Result<EventFeed, Refusal> {
        let limits = self.0.settings.feed;
        let place = self.0.feeds.places.take(caller.api_key_id, limits.per_key_max, limits.all_max);
        let place = place.ok_or_else(|| {
            let text = format!(
                "a key may have {} streams at once, and there is room for {}",
                limits.per_key_max, limits.all_max
            );
            Refusal::new(ErrorCode::RateLimited, text)
        })?;
        // First: what is stored from now on is told.
        let news = self.0.feeds.watchers.watch(caller.account_id);
        let cursor = match after {
            Some(after) => {
                check_cursor(&self.0, caller.account_id, after).await?;
                after
            }
            None => self.newest(caller).await?,
        };
        let now = Instant::now();
        Ok(EventFeed {
            engine: self.clone(),
            caller: caller.clone(),
            types,
            cursor,
            read_to: cursor,
            page: VecDeque::new(),
            news,
            may_have_more: true,
            read_at: now,
            key_seen_at: now,
            quiet_since: now,
            _place: place,
            _running: self.0.tasks.token(),
        })
    }

    /// Ends all streams: the process is about to stop.
    pub fn end_event_feeds(&self) {
        self.0.feeds.ending.cancel();
    }

    /// The cursor behind all that there is.
    async fn newest(&self, caller: &Caller) -> Result<AccountEventId, Refusal> {
        let last = self.0.store.last_account_event(caller.account_id).await.map_err(|error| unavailable(&error))?;
        // Without any, a moment ago will do: what is committed meanwhile is told.
        let now = IdSource::first_at(self.0.clock.now().saturating_sub(Duration::from_secs(1)));
        Ok(last.unwrap_or(AccountEventId::from_raw(now)))
    }
}

impl EventFeed {
    /// The cursor behind what was given out.
    pub fn cursor(&self) -> AccountEventId {
        self.cursor
    }

    /// What comes next. Nothing is lost when this is dropped while it waits.
    pub async fn next(&mut self) -> FeedStep {
        loop {
            if let Some(end) = self.end() {
                return FeedStep::End(end);
            }
            if let Some(event) = self.page.pop_front() {
                self.cursor = event.id;
                self.quiet_since = Instant::now();
                return FeedStep::Event(event);
            }
            if self.may_have_more || self.read_at.elapsed() >= READ_INTERVAL {
                if let Err(end) = self.read().await {
                    return FeedStep::End(end);
                }
                continue;
            }
            if self.quiet_since.elapsed() >= self.engine.0.settings.feed.heartbeat {
                self.quiet_since = Instant::now();
                return FeedStep::Quiet;
            }
            self.wait().await;
        }
    }

    async fn wait(&mut self) {
        let beat_at = self.quiet_since + self.engine.0.settings.feed.heartbeat;
        let until = (self.key_seen_at + KEY_INTERVAL).min(self.read_at + READ_INTERVAL).min(beat_at);
        tokio::select! {
            // The sender lives as long as this receiver does.
            _ = self.news.changed() => self.may_have_more = true,
            () = self.engine.0.feeds.ending.cancelled() => {}
            () = tokio::time::sleep_until(until) => {}
        }
    }

    async fn read(&mut self) -> Result<(), FeedEnd> {
        // Before the read: what is told after it is read next time.
        self.news.mark_unchanged();
        let inner = &self.engine.0;
        let account = self.caller.account_id;
        let refused = |error| {
            unavailable(&error);
            FeedEnd::Unavailable
        };
        if is_behind(inner, account, self.read_to).await.map_err(refused)? {
            return Err(FeedEnd::Behind);
        }
        let page = page(inner, &self.caller, self.read_to, self.types, PAGE).await.map_err(refused)?;
        (self.read_to, self.may_have_more, self.read_at) = (page.cursor, page.more, Instant::now());
        self.page.extend(page.events);
        Ok(())
    }

    fn end(&mut self) -> Option<FeedEnd> {
        let inner = &self.engine.0;
        if inner.feeds.ending.is_cancelled() {
            return Some(FeedEnd::Stopping);
        }
        if self.key_seen_at.elapsed() >= KEY_INTERVAL {
            self.key_seen_at = Instant::now();
            let (snapshot, now) = (inner.snapshot.load(), inner.clock.now());
            return (!self.caller.may_still(Scope::EventsRead, &snapshot, now)).then_some(FeedEnd::Revoked);
        }
        None
    }
}
