//! A number is erased in every table that has it; prices, states and the chain's word for them stay.

use std::sync::Arc;

use sambac_domain::{ErasureId, Message, Msisdn};
use sambac_store::chain::{NoCdrFiles, Report, SHARD_OF_ENGINE};
use sambac_store::rows::{CdrRow, ErasureRow, MoRow, MoSegmentRow, MoState};
use sambac_store::{Batch, Erased, NewMessage, Store};

use crate::both::on_both_databases;
use crate::fixture::{self, NOW, chain_key};

fn number() -> Msisdn {
    Msisdn::from_u64(447_700_900_123).unwrap()
}

fn erased() -> Msisdn {
    Msisdn::from_u64(447_700_000_000).unwrap()
}

fn message(number: i64, destination: Msisdn) -> Arc<Message> {
    let whole = (*fixture::message(number)).clone();
    Arc::new(Message { destination, client_ref: Some("of a person".to_owned()), ..whole })
}

async fn findings(store: &Store) -> Vec<String> {
    let mut found = Vec::new();
    let mut report = |report: Report<'_>| {
        if let Report::Found(finding) = report {
            found.push(finding.to_string());
        }
    };
    store.verify_ledger(&chain_key(), &[], &mut NoCdrFiles, &mut report).await.unwrap();
    found
}

fn step(rows: u64, open: u64, next: Option<i64>) -> Erased {
    Erased { rows, open, next, ..Erased::default() }
}

on_both_databases! {
    async fn messages_that_have_ended_lose_it(store: Store) {
        let mut ended = NewMessage::accepted(message(1, number()), Vec::new());
        (ended.body, ended.final_at) = (None, Some(NOW));
        let open = NewMessage::accepted(message(2, number()), Vec::new());
        let mut other = NewMessage::accepted(message(3, fixture::message(3).destination), Vec::new());
        (other.body, other.final_at) = (None, Some(NOW));
        let before = (*other.message).clone();
        store.commit(&Batch { messages: vec![ended, open, other], ..Batch::default() }).await.unwrap();
        let last = fixture::message_id(3).raw();
        assert_eq!(store.erase_messages(number(), 0).await.unwrap(), step(1, 1, Some(last)));
        assert_eq!(store.erase_messages(number(), last).await.unwrap(), step(0, 0, None));
        assert_eq!(store.erase_messages(number(), 0).await.unwrap(), step(0, 1, Some(last)), "once");
        let now = store.messages_by_ids(&[fixture::message_id(1), fixture::message_id(2), fixture::message_id(3)]).await.unwrap();
        let told: Vec<_> = now.iter().map(|row| (row.destination, row.client_ref.clone())).collect();
        let person = Some("of a person".to_owned());
        assert_eq!(told, [(erased(), None), (number(), person.clone()), (before.destination, person)]);
    }

    async fn records_are_sealed_anew(store: Store) {
        // One from before the chain, which nothing vouches for.
        store.commit(&Batch { cdrs: vec![CdrRow { destination: number(), ..fixture::cdr(1) }], ..Batch::default() }).await.unwrap();
        let mut chain = store.take_chain(SHARD_OF_ENGINE, chain_key(), "a test", NOW).await.unwrap();
        let cdrs = vec![CdrRow { destination: number(), ..fixture::cdr(2) }, fixture::cdr(3)];
        let mut batch = Batch { cdrs, ..Batch::default() };
        let head = chain.seal(&mut batch, NOW);
        store.commit(&batch).await.unwrap();
        chain.advance(head);
        let before = store.cdrs_between(0, i64::MAX, 10).await.unwrap();
        let done = store.erase_cdrs(number(), 0, &chain_key(), NOW).await.unwrap();
        assert_eq!(done, step(2, 0, Some(fixture::segment_id(3).raw())));
        let after = store.cdrs_between(0, i64::MAX, 10).await.unwrap();
        assert_eq!(after.iter().map(|row| row.destination).collect::<Vec<_>>(), [erased(), erased(), before[2].destination]);
        for (before, after) in before.iter().zip(&after) {
            let same = CdrRow { destination: before.destination, block_id: before.block_id, ..after.clone() };
            assert_eq!(same, *before, "all else is as it was");
        }
        assert_eq!(findings(&store).await, Vec::<String>::new());
        assert_eq!(store.erase_cdrs(number(), 0, &chain_key(), NOW).await.unwrap().rows, 0, "once");
        let heads = store.ledger_heads().await.unwrap();
        assert_eq!(heads.iter().map(|head| (head.shard, head.block_no())).collect::<Vec<_>>(), [(0, 1), (65, 1)]);
    }

    async fn a_record_that_was_changed_is_not_sealed_anew(store: Store) {
        let mut chain = store.take_chain(SHARD_OF_ENGINE, chain_key(), "a test", NOW).await.unwrap();
        let cdrs = [1, 2].map(|number| CdrRow { destination: self::number(), ..fixture::cdr(number) }).to_vec();
        let mut batch = Batch { cdrs, ..Batch::default() };
        let head = chain.seal(&mut batch, NOW);
        store.commit(&batch).await.unwrap();
        chain.advance(head);
        let forged = CdrRow { price_micros: batch.cdrs[0].price_micros + 1, ..batch.cdrs[0].clone() };
        store.replace_cdrs(vec![forged.clone()]).await.unwrap();
        let done = store.erase_cdrs(number(), 0, &chain_key(), NOW).await.unwrap();
        let left = Erased { changed: 1, first_changed: Some(forged.id), ..step(1, 0, Some(fixture::segment_id(2).raw())) };
        assert_eq!(done, left);
        let after = store.cdrs_between(0, i64::MAX, 10).await.unwrap();
        assert_eq!((&after[0], after[1].destination), (&forged, erased()), "the others are erased");
        assert_eq!(findings(&store).await, [format!("cdr_sms {} was changed: price_micros", forged.id.raw())]);
        store.replace_cdrs(batch.cdrs[..1].to_vec()).await.unwrap();
        assert_eq!(store.erase_cdrs(number(), 0, &chain_key(), NOW).await.unwrap().rows, 1);
        assert_eq!(findings(&store).await, Vec::<String>::new());
    }

    async fn what_handsets_sent_loses_it(store: Store) {
        let row = |number: i64, ended_at| MoRow {
            source: "447700900123".to_owned(), state: MoState::Taken, ended_at, ..crate::mo::mo(number)
        };
        let mo_messages = vec![row(1, Some(NOW)), row(2, None), crate::mo::mo(3)];
        let last = mo_messages[2].id;
        let untouched = mo_messages[2].clone();
        store.commit(&Batch { mo_messages, ..Batch::default() }).await.unwrap();
        assert_eq!(store.erase_handsets(number(), 0).await.unwrap(), step(1, 1, Some(last.raw())));
        assert_eq!(store.erase_handsets(number(), 0).await.unwrap().rows, 0, "once");
        assert_eq!(store.mo_message(fixture::ACCOUNT, last).await.unwrap().unwrap(), untouched);
        let part = |number: i64, mo_id| MoSegmentRow {
            source: "447700900123".to_owned(), mo_id, ..crate::mo::segment(number, 1)
        };
        let mo_segments = vec![part(1, Some(last)), part(2, None)];
        store.commit(&Batch { mo_segments, ..Batch::default() }).await.unwrap();
        assert_eq!(store.erase_passing(number()).await.unwrap(), 1, "the other one is waited for");
        assert_eq!(store.erase_passing(number()).await.unwrap(), 0, "once");
    }

    async fn an_erasure_is_open_until_it_has_ended(store: Store) {
        let mut row = ErasureRow {
            id: ErasureId::from_raw(5 << 8),
            number_sealed: Some("sealed".to_owned()),
            number_digest: chain_key().digest_of(number()),
            asked_by: "privacy".to_owned(),
            reason: "ticket 1042".to_owned(),
            messages: 0,
            records: 0,
            handsets: 0,
            days: 0,
            waiting: 1,
            asked_at: NOW,
            ended_at: None,
        };
        store.keep_erasure(&row).await.unwrap();
        assert_eq!(store.open_erasures().await.unwrap(), [row.clone()]);
        (row.number_sealed, row.waiting, row.ended_at) = (None, 0, Some(NOW));
        store.keep_erasure(&row).await.unwrap();
        assert_eq!(store.open_erasures().await.unwrap(), []);
        assert_eq!(store.erasure(row.id).await.unwrap(), Some(row));
    }
}
