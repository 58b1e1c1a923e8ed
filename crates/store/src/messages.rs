//! Reading messages.

use sambac_domain::{AccountId, IdSource, MessageId, MessageState, Msisdn, Sender, SmppAccountId, Timestamp};

use crate::query::{query, select, select_listed};
use crate::rows::{ChargeRow, ChargeState, EventRow, MessageRow, MessageTagRow, SegmentRow};
use crate::{Store, StoreError};

/// Which messages are looked for when their validity is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiring {
    /// All that have not ended.
    Open,
    /// Those of which a segment was not submitted: others wait for receipts.
    Unsent,
}

/// A message with everything that is known about its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageView {
    /// The message.
    pub row: MessageRow,
    /// Its segments by number.
    pub segments: Vec<SegmentRow>,
    /// Its history's extra lines, oldest first.
    pub events: Vec<EventRow>,
    /// The prices of its segments.
    pub charges: Vec<ChargeRow>,
}

/// Which of an account's messages to list; newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// Only older ones than this: the last one of the page before.
    pub before: Option<MessageId>,
    /// At most so many.
    pub limit: u32,
    /// Only in this stored state.
    pub state: Option<MessageState>,
    /// Only to this number.
    pub destination: Option<Msisdn>,
    /// Only from this sender.
    pub sender: Option<Sender>,
    /// Only with this word of their client for one message.
    pub reference: Option<String>,
    /// Only with this word of their client for many.
    pub tag: Option<String>,
    /// Only those that were taken at this moment or later.
    pub since: Option<Timestamp>,
    /// Only those that were taken before this moment.
    pub until: Option<Timestamp>,
    /// Only to numbers of the test network.
    pub tests_only: bool,
}

/// Which ended messages of an SMPP account to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedFilter {
    /// Whose they are.
    pub account_id: AccountId,
    /// By which account they came.
    pub smpp_account_id: SmppAccountId,
    /// Only newer ones than this: the last one of the page before.
    pub after: MessageId,
    /// Ended then or later.
    pub from: Timestamp,
    /// Ended before.
    pub until: Timestamp,
    /// At most so many.
    pub limit: u32,
}

impl Store {
    /// One of this account's messages, as it was at one moment: when it ended while it was read, it is read once more.
    pub async fn message(&self, account: AccountId, id: MessageId) -> Result<Option<MessageView>, StoreError> {
        let view = self.message_once(account, id).await?;
        let has_ended = view.as_ref().is_some_and(|view| {
            let is_older = view.segments.iter().any(|segment| segment.final_at.is_none())
                || view.charges.iter().any(|charge| charge.state == ChargeState::Held);
            view.row.final_at.is_some() && is_older
        });
        if has_ended { self.message_once(account, id).await } else { Ok(view) }
    }

    /// What tells of it is read before what it tells of: commits in between may make the state newer than its history, never
    /// older.
    async fn message_once(&self, account: AccountId, id: MessageId) -> Result<Option<MessageView>, StoreError> {
        let events = select::<EventRow>("WHERE message_id = $1 ORDER BY id").bind(&id).all(self.pool()).await?;
        let charges = self.charges_of(&[id]).await?;
        let segments = self.segments_of(&[id]).await?;
        let row = select::<MessageRow>("WHERE account_id = $1 AND id = $2").bind(&account).bind(&id);
        let row = row.first(self.pool()).await?;
        Ok(row.map(|row| MessageView { row, segments, events, charges }))
    }

    /// A page of this account's messages, newest first.
    pub async fn list_messages(
        &self,
        account: AccountId,
        filter: &MessageFilter,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let _place = self.place_to_search().await?;
        // A message's id is never the greatest number, so that "before it" means all.
        let before = filter.before.unwrap_or(MessageId::from_raw(i64::MAX));
        let until = filter.until.map_or(i64::MAX, |until| IdSource::first_at(until).saturating_add(1));
        let (before, after) = (
            MessageId::from_raw(before.raw().min(until)),
            MessageId::from_raw(filter.since.map_or(-1, IdSource::first_at)),
        );
        // With a tag its own index leads the way, else that of the account's messages.
        let (tag, lead) = match &filter.tag {
            Some(tag) => (
                tag.as_str(),
                "JOIN message_tags ON of_message = id WHERE owner_id = $1 AND tag = $6 AND of_message < $2 AND of_message > $3",
            ),
            None => ("", "WHERE account_id = $1 AND id < $2 AND id > $3 AND CAST($6 AS TEXT) = ''"),
        };
        let order = if filter.tag.is_some() { "of_message" } else { "id" };
        let reach = if filter.tests_only { "AND CAST(destination AS TEXT) LIKE '999%'" } else { "" };
        let rest = format!(
            "{lead}
                AND (CAST($4 AS SMALLINT) IS NULL OR state = $4)
                AND (CAST($5 AS BIGINT) IS NULL OR destination = $5)
                AND (CAST($7 AS TEXT) IS NULL OR sender = $7)
                AND (CAST($8 AS TEXT) IS NULL OR client_ref = $8)
                {reach}
             ORDER BY {order} DESC LIMIT $9"
        );
        let (tag, limit) = (tag.to_owned(), i64::from(filter.limit));
        let page = select::<MessageRow>(&rest).bind(&account).bind(&before).bind(&after).bind(&filter.state);
        let page = page.bind(&filter.destination).bind(&tag).bind(&filter.sender).bind(&filter.reference).bind(&limit);
        page.all(self.pool()).await
    }

    /// The words by which a message is found again.
    pub async fn message_tags(&self, id: MessageId) -> Result<Vec<MessageTagRow>, StoreError> {
        select::<MessageTagRow>("WHERE of_message = $1 ORDER BY tag").bind(&id).all(self.pool()).await
    }

    /// These messages, in id order; unknown ids are left out. For the platform's own work: no account is asked.
    pub async fn messages_by_ids(&self, ids: &[MessageId]) -> Result<Vec<MessageRow>, StoreError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.raw()).collect();
        select_listed(self.pool(), &ids, "messages.id = v.column1").await
    }

    /// The messages of this account that its client knows by this id, in id order: the one that has it, and those that were
    /// answered with it.
    pub async fn messages_known_as(&self, account: AccountId, id: MessageId) -> Result<Vec<MessageRow>, StoreError> {
        let own = self.messages_by_ids(&[id]).await?;
        let others = select::<MessageRow>("WHERE answered_id = $1 ORDER BY id").bind(&id).all(self.pool()).await?;
        Ok(own.into_iter().chain(others).filter(|row| row.account_id == account).collect())
    }

    /// Open messages of this account from a sender to a number, in id order.
    pub async fn open_messages_between(
        &self,
        account: AccountId,
        sender: &Sender,
        destination: Msisdn,
        limit: u32,
    ) -> Result<Vec<MessageId>, StoreError> {
        // The sum keeps the databases from going through all that the account ever sent: the open ones are few.
        let found = query(
            "SELECT id FROM messages
             WHERE final_at IS NULL AND expires_at > 0 AND account_id + 0 = $1 AND destination = $2 AND sender = $3
             ORDER BY id LIMIT $4",
        );
        let limit = i64::from(limit);
        let found = found.bind(&account).bind(&destination).bind(sender).bind(&limit);
        Ok(found.all::<(MessageId,)>(self.pool()).await?.into_iter().map(|(id,)| id).collect())
    }

    /// A page of one SMPP account's messages that asked for a receipt and ended within a span of time, in id order.
    pub async fn ended_messages(&self, filter: &EndedFilter) -> Result<Vec<MessageRow>, StoreError> {
        select::<MessageRow>(
            "WHERE account_id = $1 AND id > $2 AND origin = 1 AND origin_id = $3
                AND final_at >= $4 AND final_at < $5 AND receipt_wanted
             ORDER BY id LIMIT $6",
        )
        .bind(&filter.account_id)
        .bind(&filter.after)
        .bind(&filter.smpp_account_id)
        .bind(&filter.from)
        .bind(&filter.until)
        .bind(&i64::from(filter.limit))
        .all(self.pool())
        .await
    }

    /// Messages whose validity ends after `after` (a validity and an id, exclusive) and not after `until`, in that order: the next
    /// page begins after the last row of this one.
    pub async fn messages_expiring(
        &self,
        which: Expiring,
        after: (Timestamp, MessageId),
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<(Timestamp, MessageId)>, StoreError> {
        let found = match which {
            Expiring::Open => query(
                "SELECT expires_at, id FROM messages
                 WHERE final_at IS NULL AND expires_at <= $3 AND (expires_at, id) > ($1, $2)
                 ORDER BY expires_at, id LIMIT $4",
            ),
            // A segment's id is its message's, with the number of the segment in the low octet; 4 is submitted.
            Expiring::Unsent => query(
                "SELECT expires_at, id FROM messages
                 WHERE final_at IS NULL AND expires_at <= $3 AND (expires_at, id) > ($1, $2)
                    AND EXISTS (SELECT 1 FROM segments
                        WHERE segments.id > messages.id AND segments.id < messages.id + 256 AND segments.state < 4)
                 ORDER BY expires_at, id LIMIT $4",
            ),
        };
        found.bind(&after.0).bind(&after.1).bind(&until).bind(&i64::from(limit)).all(self.pool()).await
    }
}
