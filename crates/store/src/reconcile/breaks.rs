//! Breaks, with what people say of them; and which day is compared by whom.

use sambac_domain::{Day, OperatorId, Timestamp};

use crate::query::{query, select};
use crate::rows::{BreakRow, BreakSource, BreakState};
use crate::unit_of_work::UnitOfWork;
use crate::{Store, StoreError};

/// What a run has looked through, and what it found there.
#[derive(Debug)]
pub struct Found<'a> {
    /// What was compared.
    pub source: BreakSource,
    /// From which day.
    pub from: Day,
    /// To which, that day included.
    pub to: Day,
    /// Whose network, when only one was looked at.
    pub operator: Option<OperatorId>,
    /// What differs: state, reasons and times are set here.
    pub breaks: &'a [BreakRow],
    /// Now.
    pub at: Timestamp,
}

impl Store {
    /// Keeps what a run has found. New breaks are open, as are those that come back or are explained and have changed since;
    /// those that it no longer finds are gone.
    pub async fn keep_breaks(&self, found: &Found<'_>) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        for row in found.breaks {
            let before = work.stored_break(&row.id).await?;
            work.upsert(&kept(row, before, found.at)).await?;
        }
        let gone = query(
            "UPDATE reconcile_breaks SET state = 'gone', last_at = $1
             WHERE source = $2 AND day >= $3 AND day <= $4 AND last_at < $1 AND state <> 'gone'
                AND ($5 = 0 OR operator_id = $5)",
        );
        let operator = found.operator.map_or(0, OperatorId::raw);
        let gone = gone.bind(&found.at).bind(&found.source).bind(&found.from).bind(&found.to).bind(&operator);
        gone.run(&mut work).await?;
        work.commit().await
    }

    /// A page of the breaks, by their ids: those after `after`, in one state or all of them.
    pub async fn breaks(
        &self,
        state: Option<BreakState>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<BreakRow>, StoreError> {
        let (after, state) = (after.to_owned(), state.map_or("", BreakState::as_str).to_owned());
        let rows = select::<BreakRow>("WHERE id > $1 AND ($2 = '' OR state = $2) ORDER BY id LIMIT $3");
        rows.bind(&after).bind(&state).bind(&limit).all(self.pool()).await
    }

    /// A break.
    pub async fn break_by_id(&self, id: &str) -> Result<Option<BreakRow>, StoreError> {
        select::<BreakRow>("WHERE id = $1").bind(&id.to_owned()).first(self.pool()).await
    }

    /// How many breaks are open.
    pub async fn count_open_breaks(&self) -> Result<i64, StoreError> {
        let open = query("SELECT COUNT(*) FROM reconcile_breaks WHERE state = 'open'").first::<(i64,)>(self.pool());
        Ok(open.await?.map_or(0, |(count,)| count))
    }

    /// Says why a break is there. `None` when there is no such break, or it is gone; what it was said before is replaced.
    pub async fn explain_break(
        &self,
        id: &str,
        (reason, by, at): (&str, &str, Timestamp),
    ) -> Result<Option<BreakRow>, StoreError> {
        let mut work = self.begin().await?;
        let Some(row) = work.stored_break(id).await?.filter(|row| row.state != BreakState::Gone) else {
            return Ok(None);
        };
        let row = BreakRow {
            state: BreakState::Explained,
            reason: Some(reason.to_owned()),
            explained_by: Some(by.to_owned()),
            explained_at: Some(at),
            ..row
        };
        work.upsert(&row).await?;
        work.commit().await.map(|()| Some(row))
    }

    /// Takes the comparison of a day upon `holder`. `false` when somebody has, unless they began before `stale` and did not end.
    pub async fn take_reconcile_run(
        &self,
        day: Day,
        (holder, at, stale): (&str, Timestamp, Timestamp),
    ) -> Result<bool, StoreError> {
        let (mut work, holder) = (self.begin().await?, holder.to_owned());
        let take = query(
            "INSERT INTO reconcile_runs (day, holder, started_at, ended_at) VALUES ($1, $2, $3, NULL)
             ON CONFLICT (day) DO UPDATE SET holder = $2, started_at = $3
             WHERE reconcile_runs.ended_at IS NULL AND reconcile_runs.started_at < $4",
        );
        let taken = take.bind(&day).bind(&holder).bind(&at).bind(&stale).run(&mut work).await? > 0;
        work.commit().await.map(|()| taken)
    }

    /// The comparison of a day has ended.
    pub async fn end_reconcile_run(&self, day: Day, at: Timestamp) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        query("UPDATE reconcile_runs SET ended_at = $2 WHERE day = $1").bind(&day).bind(&at).run(&mut work).await?;
        work.commit().await
    }

    /// The last day whose comparison has ended.
    pub async fn last_reconciled_day(&self) -> Result<Option<Day>, StoreError> {
        let last = query("SELECT day FROM reconcile_runs WHERE ended_at IS NOT NULL ORDER BY day DESC LIMIT 1");
        Ok(last.first::<(Day,)>(self.pool()).await?.map(|(day,)| day))
    }
}

impl UnitOfWork {
    async fn stored_break(&mut self, id: &str) -> Result<Option<BreakRow>, StoreError> {
        let id = id.to_owned();
        let rows = select::<BreakRow>("WHERE id = $1").bind(&id).all_in::<BreakRow>(self).await?;
        Ok(rows.into_iter().next())
    }
}

/// As it is kept: what people have said of it stays true as long as it is the same.
fn kept(row: &BreakRow, before: Option<BreakRow>, at: Timestamp) -> BreakRow {
    let figures = |row: &BreakRow| (row.expected_count, row.found_count, row.expected_micros, row.found_micros);
    let new = BreakRow { state: BreakState::Open, first_at: at, last_at: at, ..row.clone() };
    match before {
        Some(before) if before.state == BreakState::Explained && figures(&before) == figures(row) => {
            let BreakRow { state, reason, explained_by, explained_at, first_at, .. } = before;
            BreakRow { state, reason, explained_by, explained_at, first_at, ..new }
        }
        Some(before) => BreakRow { first_at: before.first_at, ..new },
        None => new,
    }
}
