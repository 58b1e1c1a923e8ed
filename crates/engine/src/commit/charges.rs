//! Commands of other services: what they are about is read before the group is decided, and what they come to is written with
//! it.

mod corrected;
mod sealed_holds;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sambac_domain::id::{AccountId, HoldId, SegmentId};
use sambac_domain::ledger::{Answered, Command, Desk, HoldState, KnownHold, Now, PostingKind};
use sambac_store::rows::{CdrRow, HoldRow, LedgerCommandRow};
use sambac_store::{Batch, StoreError};
use tokio::sync::oneshot;

use super::{Committer, Write};
use crate::ledger::{ChargeOutcome, ChargeRequest, Told};
use sealed_holds::SealedHolds;

/// What the commands of the present group are about.
#[derive(Default)]
pub(super) struct Charges {
    desk: Desk,
    /// Holds as they are stored, or will be.
    rows: HashMap<HoldId, HoldRow>,
    /// Where they are in the batch: among those that are made or those that change.
    places: HashMap<HoldId, (bool, usize)>,
    /// Holds and keys of whose rows nothing is believed.
    doubted: HashSet<HoldId>,
    doubted_keys: HashSet<(AccountId, String)>,
    /// Segments of whose charges nothing is believed.
    doubted_segments: HashSet<SegmentId>,
    /// Records that may be written anew, as they are.
    records: HashMap<SegmentId, CdrRow>,
    sealed: SealedHolds,
}

impl Charges {
    /// Whether it is about a row that is not believed.
    fn doubts(&self, Command { account, key, order, .. }: &Command) -> bool {
        order.hold().is_some_and(|hold| self.doubted.contains(&hold))
            || (!self.doubted_keys.is_empty() && self.doubted_keys.contains(&(*account, key.clone())))
    }
}

impl Committer {
    /// Reads the earlier answers and the holds that the group's commands are about.
    pub(super) async fn load_charges(&mut self, inbox: &[Write]) -> Result<(), StoreError> {
        self.charges = Charges { sealed: std::mem::take(&mut self.charges.sealed), ..Charges::default() };
        let (mut keys, mut holds) = (Vec::new(), Vec::new());
        for write in inbox {
            match write {
                Write::Charge(request) => {
                    keys.extend(request.commands.iter().map(|command| (command.account, command.key.clone())));
                    holds.extend(request.commands.iter().filter_map(|command| command.order.hold()));
                }
                Write::ExpireHolds { holds: due, .. } => holds.extend_from_slice(due),
                _ => {}
            }
        }
        holds.sort_unstable();
        holds.dedup();
        for row in self.believed_holds(&holds).await? {
            let HoldRow { account_id: account, payer_id: payer, currency, .. } = row;
            self.charges.desk.know_hold(row.id, KnownHold { account, payer, currency, hold: row.hold() });
            self.charges.rows.insert(row.id, row);
        }
        for row in self.believed_commands(&keys).await? {
            match serde_json::from_str(&row.answer) {
                Ok(answer) => self.charges.desk.know_answer(row.account_id, row.key, row.fingerprint, answer),
                // Unread, its key would move money again.
                Err(error) => {
                    tracing::error!(%error, command = row.id, "a stored answer cannot be read");
                    let refusal = Err(sambac_domain::ledger::Refusal::KeyUsed);
                    self.charges.desk.know_answer(row.account_id, row.key, String::new(), refusal);
                }
            }
        }
        self.load_corrected(inbox).await
    }

    /// These holds, of which something is known that speaks for them.
    async fn believed_holds(&mut self, ids: &[HoldId]) -> Result<Vec<HoldRow>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let inner = Arc::clone(&self.inner);
        let mut rows = inner.own_store.holds_by_ids(ids).await?;
        let unknown: Vec<_> = rows.iter().filter(|row| !self.charges.sealed.has(row)).cloned().collect();
        if unknown.is_empty() {
            return Ok(rows);
        }
        let of_chain = inner.own_store.vouched_holds(&inner.settings.seal.chain_key(), &unknown).await?;
        let told = inner.own_store.holds_told(&unknown.iter().map(|row| row.id).collect::<Vec<_>>()).await?;
        for row in unknown {
            let name = Told { table: "holds", number: row.id.raw(), id: row.id };
            if of_chain.contains(&row.id) && told.contains(&row.id) {
                inner.alerts.untampered(&name);
                self.charges.sealed.keep(row);
            } else {
                inner.alerts.tampered(&name);
                self.charges.doubted.insert(row.id);
            }
        }
        rows.retain(|row| !self.charges.doubted.contains(&row.id));
        Ok(rows)
    }

    /// The answers that these keys were given, of which the chain knows.
    async fn believed_commands(&mut self, keys: &[(AccountId, String)]) -> Result<Vec<LedgerCommandRow>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let inner = Arc::clone(&self.inner);
        let mut rows = inner.own_store.ledger_commands(keys).await?;
        if rows.is_empty() {
            return Ok(rows);
        }
        let of_chain = inner.own_store.vouched_commands(&inner.settings.seal.chain_key(), &rows).await?;
        for row in &rows {
            let name = Told { table: "ledger_commands", number: row.id, id: &row.account_id };
            if of_chain.contains(&row.id) {
                inner.alerts.untampered(&name);
            } else {
                inner.alerts.tampered(&name);
                self.charges.doubted_keys.insert((row.account_id, row.key.clone()));
            }
        }
        rows.retain(|row| of_chain.contains(&row.id));
        Ok(rows)
    }

    /// The batch is stored: from now on its holds are known.
    pub(super) fn keep_sealed_holds(&mut self) {
        let Batch { holds, hold_updates, .. } = &self.batch;
        let sealed = &mut self.charges.sealed;
        holds.iter().chain(hold_updates).for_each(|row| sealed.keep(row.clone()));
    }

    pub(super) fn charge(&mut self, request: ChargeRequest) {
        let ChargeRequest { commands, linked, reply, place: _place } = request;
        if reply.is_closed() {
            return; // Whoever has stopped waiting is going to ask again.
        }
        if commands.iter().any(|command| self.charges.doubts(command)) {
            return self.after.refuse_doubted(reply);
        }
        let answers = {
            let (inner, at) = (&self.inner, self.now);
            let mut ledger = inner.ledger();
            let mut now = Now { next_id: &mut || inner.ids.next(at), at };
            let (desk, book) = (&mut self.charges.desk, ledger.book());
            if linked {
                desk.run_linked(book, &commands, &mut now)
            } else {
                commands.iter().map(|command| desk.run(book, command, &mut now)).collect()
            }
        };
        self.write_answers();
        let outcomes = answers.into_iter().map(|(answer, replayed)| ChargeOutcome { answer, replayed }).collect();
        self.after.charged(reply, outcomes);
    }

    pub(super) fn expire_holds(&mut self, holds: &[HoldId], done: oneshot::Sender<()>) {
        for hold in holds {
            let (inner, at) = (&self.inner, self.now);
            let mut ledger = inner.ledger();
            let mut now = Now { next_id: &mut || inner.ids.next(at), at };
            self.charges.desk.expire(ledger.book(), *hold, &mut now);
        }
        self.write_answers();
        self.after.tell(done);
    }

    /// The rows of what was decided since the last time.
    fn write_answers(&mut self) {
        let answers: Vec<_> = self.charges.desk.new_answers().to_vec();
        self.charges.desk.stored();
        for answered in answers {
            if answered.answer.is_ok() {
                answered.hold.into_iter().for_each(|hold| self.write_hold(hold));
            }
            let row = self.command_row(answered);
            self.batch.commands.push(row);
        }
    }

    fn command_row(&self, answered: Answered) -> LedgerCommandRow {
        let is_release =
            |kind| matches!(kind, PostingKind::Void) && answered.verb == sambac_domain::ledger::Verb::Capture;
        let part = |release: bool| answered.moved.iter().find(|moved| is_release(moved.step.kind) == release);
        let (main, release) = (part(false), part(true));
        LedgerCommandRow {
            id: self.inner.ids.next(self.now),
            account_id: answered.account,
            fingerprint: answered.fingerprint.clone(),
            verb: answered.verb,
            hold_id: answered.hold,
            // Plain numbers and words always serialise.
            answer: serde_json::to_string(&answered.answer).unwrap_or_default(),
            amount_micros: main.map_or(0, |moved| moved.step.micros),
            posting_id: main.map(|moved| moved.posting),
            released_micros: release.map_or(0, |moved| moved.step.micros),
            release_posting_id: release.map(|moved| moved.posting),
            created_at: self.now,
            block_id: 0,
            key: answered.key,
        }
    }

    /// A hold as it is now: one row in the batch, however often it changes in it.
    fn write_hold(&mut self, id: HoldId) {
        let Some(known) = self.charges.desk.hold(id).copied() else { return };
        let before = self.charges.rows.get(&id);
        let KnownHold { account, payer, currency, hold } = known;
        let row = HoldRow {
            id,
            account_id: account,
            payer_id: payer,
            amount_micros: hold.amount_micros,
            captured_micros: hold.captured_micros,
            refunded_micros: hold.refunded_micros,
            currency,
            state: hold.state,
            expires_at: hold.expires_at,
            created_at: before.map_or(self.now, |row| row.created_at),
            ended_at: (hold.state != HoldState::Open).then(|| before.and_then(|row| row.ended_at).unwrap_or(self.now)),
            block_id: 0,
        };
        let is_new = before.is_none();
        self.charges.rows.insert(id, row.clone());
        let lists = [&self.batch.hold_updates, &self.batch.holds];
        let end = lists[usize::from(is_new)].len();
        let (made, index) = *self.charges.places.entry(id).or_insert((is_new, end));
        let list = if made { &mut self.batch.holds } else { &mut self.batch.hold_updates };
        match list.get_mut(index) {
            Some(earlier) => *earlier = row,
            None => list.push(row),
        }
    }
}
