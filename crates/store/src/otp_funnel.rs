//! What becomes of an account's codes, counted from their rows: how many were started, sent, delivered, checked, and right.

use std::collections::BTreeMap;

use sambac_domain::{AccountId, IdSource, MccMnc, Timestamp};

use crate::query::query;
use crate::rows::Row;
use crate::value::Columns;
use crate::{Store, StoreError};

/// Codes of one day, country, network and profile.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FunnelKey {
    /// Days since 1970-01-01, UTC, on which they were started.
    pub day: i64,
    /// The country of their numbers, empty when not known.
    pub country: String,
    /// The network, when known.
    pub network: Option<MccMnc>,
    /// The profile; empty for codes that the client made itself.
    pub profile: String,
}

/// How far they have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FunnelCounts {
    /// Started.
    pub started: i64,
    /// A message of it was handed to an operator.
    pub sent: i64,
    /// A message of it was delivered.
    pub delivered: i64,
    /// It was tried.
    pub checked: i64,
    /// The right code came.
    pub verified: i64,
    /// The client says that it was used.
    pub used: i64,
    /// Its time was over first.
    pub expired: i64,
    /// Its client called it off.
    pub canceled: i64,
    /// It was tried too often.
    pub exhausted: i64,
    /// It was asked for, and the guard let it not be sent. It was not started.
    pub blocked: i64,
}

impl FunnelCounts {
    /// Stopped codes have lines of their own, which are added to those of the same key.
    fn add(&mut self, blocked: i64) {
        self.blocked = self.blocked.saturating_add(blocked);
    }
}

/// One line of a query: a key, and counts in the order of [`FunnelCounts`].
struct Line {
    key: FunnelKey,
    counts: FunnelCounts,
}

impl Row for Line {
    const SOURCE: &'static str = "otp funnel";

    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        let key = FunnelKey {
            day: columns.take()?,
            country: columns.take()?,
            network: columns.take()?,
            profile: columns.take()?,
        };
        let counts = FunnelCounts {
            started: columns.take()?,
            sent: columns.take()?,
            delivered: columns.take()?,
            checked: columns.take()?,
            verified: columns.take()?,
            used: columns.take()?,
            expired: columns.take()?,
            canceled: columns.take()?,
            exhausted: columns.take()?,
            blocked: 0,
        };
        Ok(Self { key, counts })
    }
}

/// Codes of ours. A state is that of `OtpState`, a message's that of `MessageState`; its first segment has the next id.
const CODES: &str = "SELECT o.day, o.country, o.mcc_mnc, o.profile, COUNT(*),
        CAST(SUM(o.sent) AS BIGINT), CAST(SUM(o.delivered) AS BIGINT), CAST(SUM(CASE WHEN o.attempts > 0 THEN 1 ELSE 0 END) AS BIGINT),
        CAST(SUM(CASE WHEN o.state = 1 THEN 1 ELSE 0 END) AS BIGINT), CAST(SUM(o.used) AS BIGINT),
        CAST(SUM(CASE WHEN o.state = 2 THEN 1 ELSE 0 END) AS BIGINT), CAST(SUM(CASE WHEN o.state = 3 THEN 1 ELSE 0 END) AS BIGINT),
        CAST(SUM(CASE WHEN o.state = 4 THEN 1 ELSE 0 END) AS BIGINT)
    FROM (SELECT c.created_at / 86400000000 AS day, c.country, c.mcc_mnc, c.profile, c.attempts, c.state,
            CASE WHEN EXISTS (SELECT 1 FROM otp_sends s JOIN segments g ON g.id = s.id + 1
                WHERE s.otp_id = c.id AND g.submitted_at IS NOT NULL) THEN 1 ELSE 0 END AS sent,
            CASE WHEN EXISTS (SELECT 1 FROM otp_sends s JOIN messages m ON m.id = s.id
                WHERE s.otp_id = c.id AND m.state IN (6, 12)) THEN 1 ELSE 0 END AS delivered,
            CASE WHEN EXISTS (SELECT 1 FROM otp_sends s JOIN otp_uses u ON u.id = s.id
                WHERE s.otp_id = c.id AND u.is_used) THEN 1 ELSE 0 END AS used
        FROM otps c
        WHERE c.account_id = $1 AND c.id > $2 AND c.id < $3 AND c.created_at >= $4 AND c.created_at < $5) AS o
    GROUP BY o.day, o.country, o.mcc_mnc, o.profile";

/// Codes of clients, of which they tell.
const OWN: &str = "SELECT u.sent_at / 86400000000 AS day, u.country, u.mcc_mnc, '', COUNT(*),
        CAST(SUM(CASE WHEN g.submitted_at IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT),
        CAST(SUM(CASE WHEN m.state IN (6, 12) THEN 1 ELSE 0 END) AS BIGINT), CAST(0 AS BIGINT), CAST(0 AS BIGINT),
        CAST(SUM(CASE WHEN u.is_used THEN 1 ELSE 0 END) AS BIGINT), CAST(0 AS BIGINT), CAST(0 AS BIGINT), CAST(0 AS BIGINT)
    FROM otp_uses u JOIN messages m ON m.id = u.id JOIN segments g ON g.id = u.id + 1
    WHERE u.account_id = $1 AND u.id > $2 AND u.id < $3 AND u.sent_at >= $4 AND u.sent_at < $5
        AND NOT EXISTS (SELECT 1 FROM otp_sends s WHERE s.id = u.id)
    GROUP BY u.sent_at / 86400000000, u.country, u.mcc_mnc";

/// Codes that the guard has stopped.
const STOPS: &str = "SELECT day, country, mcc_mnc, profile, CAST(SUM(stopped) AS BIGINT) FROM otp_stops
    WHERE account_id = $1 AND day >= $2 AND day < $3 GROUP BY day, country, mcc_mnc, profile HAVING SUM(stopped) > 0";

impl Store {
    /// What became of the codes that this account started from `from` on and before `until`.
    pub async fn otp_funnel(
        &self,
        account: AccountId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<BTreeMap<FunnelKey, FunnelCounts>, StoreError> {
        let (above, below) = (IdSource::first_at(from), IdSource::first_at(until).saturating_add(AHEAD));
        let mut funnel = BTreeMap::new();
        for sql in [CODES, OWN] {
            let lines = query(sql).bind(&account).bind(&above).bind(&below).bind(&from).bind(&until);
            funnel.extend(lines.all::<Line>(self.pool()).await?.into_iter().map(|line| (line.key, line.counts)));
        }
        // A day that `until` is in the midst of counts whole.
        let (first, after) = (from.day(), Timestamp(until.0.saturating_sub(1)).day() + 1);
        let stops = query(STOPS)
            .bind(&account)
            .bind(&first)
            .bind(&after)
            .all::<(i64, String, String, String, i64)>(self.pool());
        for (day, country, network, profile, blocked) in stops.await? {
            let network = network.parse().ok();
            funnel.entry(FunnelKey { day, country, network, profile }).or_default().add(blocked);
        }
        Ok(funnel)
    }
}

/// Ids may be ahead of their moment when many are made in a millisecond: by a minute at most.
const AHEAD: i64 = 60_000 << 22;
