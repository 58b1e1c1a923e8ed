//! Days of CDRs leave their table and come back, and the chain vouches for those that are elsewhere.

use std::collections::HashMap;
use std::sync::Arc;

use sambac_domain::{Day, IdSource, Message, MessageId, SegmentId, Timestamp};
use sambac_store::chain::{CdrFiles, NoCdrFiles, Report, SHARD_OF_ENGINE};
use sambac_store::rows::{CdrArchiveRow, CdrArchiveState, CdrRow};
use sambac_store::{Batch, NewMessage, Store, StoreError};

use crate::both::on_both_databases;
use crate::fixture::{self, NOW, chain_key};

const DAY: i64 = 86_400_000_000;

/// Groups of records of each day, in memory.
#[derive(Default)]
struct Files(HashMap<i64, Vec<Vec<CdrRow>>>);

impl CdrFiles for Files {
    fn open(&mut self, archive: &CdrArchiveRow) -> Result<Vec<SegmentId>, String> {
        let groups = self.0.get(&archive.id).ok_or("gone")?;
        Ok(groups.iter().filter_map(|group| group.first()).map(|row| row.id).collect())
    }

    fn group(&mut self, archive: &CdrArchiveRow, number: usize) -> Result<Vec<CdrRow>, String> {
        self.0.get(&archive.id).and_then(|groups| groups.get(number).cloned()).ok_or_else(|| "gone".to_owned())
    }
}

/// A record of a message accepted so many microseconds after the fixture's moment.
fn cdr(after: i64, segment: u8) -> CdrRow {
    let accepted_at = Timestamp(NOW.0 + after);
    let message = MessageId::from_raw(IdSource::new(1, 0).next(accepted_at));
    CdrRow { id: SegmentId::new(message, segment), accepted_at, group_id: None, ..fixture::cdr(1) }
}

/// Five records of one day and one of the next, sealed.
async fn history(store: &Store) -> Vec<CdrRow> {
    let mut chain = store.take_chain(SHARD_OF_ENGINE, chain_key(), "a test", NOW).await.unwrap();
    let two = |after: i64| vec![cdr(after, 1), cdr(after, 2)];
    for cdrs in [two(0), two(1_000_000), vec![cdr(2_000_000, 1), cdr(DAY, 1)]] {
        let mut batch = Batch { cdrs, ..Batch::default() };
        let head = chain.seal(&mut batch, NOW);
        store.commit(&batch).await.unwrap();
        chain.advance(head);
    }
    store.cdrs_between(0, i64::MAX, 100).await.unwrap()
}

fn manifest(day: Day, records: i64, state: CdrArchiveState) -> CdrArchiveRow {
    let mut row = CdrArchiveRow {
        id: day.number(),
        file: "a file".to_owned(),
        records,
        octets: 5,
        sha256: "ab".to_owned(),
        proof: Vec::new(),
        state,
        written_at: NOW,
        changed_at: NOW,
    };
    row.proof = chain_key().proof_of(&row);
    row
}

async fn findings(store: &Store, files: &mut dyn CdrFiles) -> Vec<String> {
    let mut found = Vec::new();
    let mut report = |report: Report<'_>| {
        if let Report::Found(finding) = report {
            found.push(finding.to_string());
        }
    };
    store.verify_ledger(&chain_key(), &[], files, &mut report).await.unwrap();
    found
}

/// Takes the first day out of the table.
async fn moved(store: &Store, rows: &[CdrRow]) -> (Day, Files) {
    let day = Day::of_id(rows[0].id.raw());
    store.keep_cdr_archive(&manifest(day, 5, CdrArchiveState::Archived)).await.unwrap();
    assert_eq!(store.delete_cdrs(day, 3).await.unwrap(), 3);
    assert_eq!(store.delete_cdrs(day, 3).await.unwrap(), 2);
    (day, Files([(day.number(), vec![rows[..3].to_vec(), rows[3..5].to_vec()])].into()))
}

on_both_databases! {
    async fn a_day_has_a_table_of_its_own_that_goes_as_a_whole(store: Store) {
        // Long after what the table was made with.
        let day = Day::of(Timestamp(NOW.0 + 400 * 86_400_000_000));
        let (above, last) = day.ids();
        let row = |id: i64, row: &CdrRow| CdrRow { id: SegmentId::from_raw(id), ..row.clone() };
        let rows: Vec<_> = (1..).zip(&history(&store).await[..5]).map(|(no, old)| row(above + no, old)).collect();
        let next = row(last + 1, &rows[0]);
        assert_eq!(store.restore_cdrs([&rows[..2], std::slice::from_ref(&next)].concat()).await.unwrap(), 3);
        let has_days = store.postgres_facts().await.unwrap().is_some();
        assert_eq!(store.make_cdr_days(day, 3).await.unwrap(), if has_days { 3 } else { 0 });
        assert_eq!(store.make_cdr_days(day, 3).await.unwrap(), 0, "they are there");
        assert_eq!(store.restore_cdrs(rows.clone()).await.unwrap(), 3);
        assert_eq!(store.cdrs_between(above, last, 9).await.unwrap(), rows, "what was there before, too");
        let refused = store.commit(&Batch { cdrs: vec![rows[0].clone()], ..Batch::default() }).await;
        assert!(matches!(refused, Err(StoreError::Conflict("cdr_sms"))), "{refused:?}");
        let removed = store.delete_cdrs(day, 3).await.unwrap();
        assert_eq!(removed, if has_days { 1 } else { 3 }, "all of it, or so many");
        assert!(!has_days || store.cdrs_between(above, last, 9).await.unwrap().is_empty());
        while store.delete_cdrs(day, 3).await.unwrap() > 0 {}
        assert_eq!(store.first_cdr_above(above).await.unwrap(), Some(next.id));
        assert_eq!(store.restore_cdrs(rows.clone()).await.unwrap(), 5);
        assert_eq!(store.cdrs_between(above, last, 9).await.unwrap(), rows, "they are back");
        assert_eq!(store.delete_cdrs(day, 9).await.unwrap(), 5);
    }

    async fn a_day_leaves_its_table_and_comes_back(store: Store) {
        let rows = history(&store).await;
        let day = Day::of_id(rows[0].id.raw());
        assert_eq!(store.first_cdr_above(0).await.unwrap(), Some(rows[0].id));
        let open = Message { id: rows[0].id.message(), ..(*fixture::message(1)).clone() };
        assert!(!store.has_open_messages(day).await.unwrap());
        let messages = vec![NewMessage::accepted(Arc::new(open), Vec::new())];
        store.commit(&Batch { messages, ..Batch::default() }).await.unwrap();
        assert!(store.has_open_messages(day).await.unwrap() && !store.has_open_messages(day.plus(1)).await.unwrap());
        assert_eq!(store.cdr_archive(day).await.unwrap(), None);
        moved(&store, &rows).await;
        assert_eq!(store.cdr_archives().await.unwrap(), [manifest(day, 5, CdrArchiveState::Archived)]);
        assert_eq!(store.first_cdr_above(0).await.unwrap(), Some(rows[5].id));
        assert_eq!(store.first_cdr_above(day.plus(1).ids().1).await.unwrap(), None);
        assert_eq!(store.restore_cdrs(rows[1..3].to_vec()).await.unwrap(), 2);
        assert_eq!(store.restore_cdrs(rows[..5].to_vec()).await.unwrap(), 3);
        assert_eq!(store.restore_cdrs(Vec::new()).await.unwrap(), 0);
        assert_eq!(store.cdrs_between(0, i64::MAX, 100).await.unwrap(), rows);
        store.keep_cdr_archive(&manifest(day, 5, CdrArchiveState::Restored)).await.unwrap();
        assert_eq!(store.cdr_archive(day).await.unwrap(), Some(manifest(day, 5, CdrArchiveState::Restored)));
    }

    async fn the_chain_vouches_for_records_that_are_in_files(store: Store) {
        let rows = history(&store).await;
        let (day, mut files) = moved(&store, &rows).await;
        assert_eq!(findings(&store, &mut files).await, Vec::<String>::new());
        let told = |what: &str| vec![format!("cdr_sms {} {what}", rows[1].id.raw())];
        let group = |files: &mut Files| files.0.get_mut(&day.number()).unwrap()[0].clone();
        let whole = group(&mut files);

        files.0.get_mut(&day.number()).unwrap()[0][1].price_micros += 1;
        assert_eq!(findings(&store, &mut files).await, told("was changed: price_micros"));

        files.0.get_mut(&day.number()).unwrap()[0] = [&whole[..1], &whole[2..]].concat();
        let found = findings(&store, &mut files).await;
        let short = format!("cdr_archives {}: its file has 4 records instead of 5", day.number());
        assert_eq!(found, [told("was deleted"), vec![short]].concat());

        let more = CdrRow { id: SegmentId::new(whole[2].id.message(), 3), ..whole[2].clone() };
        files.0.get_mut(&day.number()).unwrap()[0] = [&whole[..], std::slice::from_ref(&more)].concat();
        let found = findings(&store, &mut files).await;
        assert!(found.len() == 2 && found[0].contains(&format!("{} was added", more.id.raw())), "{found:?}");

        files.0.clear();
        assert_eq!(findings(&store, &mut files).await, [format!("cdr_archives {}: gone", day.number())]);
        assert_eq!(findings(&store, &mut NoCdrFiles).await, [format!("cdr_archives {}: a file was not looked at", day.number())]);
    }

    async fn a_record_is_vouched_for_as_it_was_sealed_only(store: Store) {
        let rows = history(&store).await;
        let ids = |rows: &[CdrRow]| rows.iter().map(|row| row.id).collect::<std::collections::HashSet<_>>();
        assert_eq!(store.vouched_cdrs(&chain_key(), &rows).await.unwrap(), ids(&rows));
        let changed = CdrRow { price_micros: rows[0].price_micros + 1, ..rows[0].clone() };
        let elsewhere = CdrRow { block_id: rows[5].block_id, ..rows[1].clone() };
        let unsealed = CdrRow { block_id: 0, ..rows[2].clone() };
        let forged = [changed.clone(), elsewhere, unsealed, rows[3].clone()];
        assert_eq!(store.vouched_cdrs(&chain_key(), &forged).await.unwrap(), ids(&rows[3..4]));
        let other_key = sambac_store::ChainKey::new(b"another");
        assert_eq!(store.vouched_cdrs(&other_key, &rows).await.unwrap(), ids(&[]));
        store.replace_cdrs(vec![changed.clone()]).await.unwrap();
        assert_eq!(store.cdrs_between(0, i64::MAX, 1).await.unwrap(), [changed]);
        store.replace_cdrs(rows[..1].to_vec()).await.unwrap();
        assert_eq!(store.cdrs_between(0, i64::MAX, 100).await.unwrap(), rows);
    }

    async fn a_day_that_is_in_both_is_looked_at_in_both(store: Store) {
        let rows = history(&store).await;
        let (day, mut files) = moved(&store, &rows).await;
        store.restore_cdrs(rows[..4].to_vec()).await.unwrap();
        for state in [CdrArchiveState::Restoring, CdrArchiveState::Written] {
            store.keep_cdr_archive(&manifest(day, 5, state)).await.unwrap();
            assert_eq!(findings(&store, &mut files).await, Vec::<String>::new(), "{state:?}");
        }
        // What was put back must be there.
        store.keep_cdr_archive(&manifest(day, 5, CdrArchiveState::Restored)).await.unwrap();
        assert_eq!(findings(&store, &mut files).await, [format!("cdr_sms {} was deleted", rows[4].id.raw())]);
    }

    async fn records_from_before_the_chain_are_counted_where_they_are(store: Store) {
        store.commit(&Batch { cdrs: vec![cdr(0, 1), cdr(0, 2)], ..Batch::default() }).await.unwrap();
        let rows = store.cdrs_between(0, i64::MAX, 10).await.unwrap();
        let mut chain = store.take_chain(SHARD_OF_ENGINE, chain_key(), "a test", NOW).await.unwrap();
        let mut batch = Batch { cdrs: vec![cdr(DAY, 1)], ..Batch::default() };
        let head = chain.seal(&mut batch, NOW);
        store.commit(&batch).await.unwrap();
        chain.advance(head);
        let day = Day::of_id(rows[0].id.raw());
        store.keep_cdr_archive(&manifest(day, 2, CdrArchiveState::Written)).await.unwrap();
        let mut files = Files([(day.number(), vec![rows.clone()])].into());
        for _ in 0..3 {
            assert_eq!(findings(&store, &mut files).await, Vec::<String>::new());
            store.delete_cdrs(day, 1).await.unwrap();
        }
    }
}
