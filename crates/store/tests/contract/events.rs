//! The chain as a log: what each block tells of charges and CDRs, and how far somebody was told.

use sambac_store::chain::{LoggedBlock, SHARD_OF_ENGINE, Told};
use sambac_store::rows::{ChargeState, EventCursorRow, PostingKind};
use sambac_store::{Batch, Chain, Store};

use crate::both::on_both_databases;
use crate::fixture::{self, NOW, PRICE_MICROS, cdr, chain_key, charge, posting, posting_id, segment_id, settle};

async fn committed(store: &Store, chain: &mut Chain, mut batch: Batch) {
    store.commit_next(&mut batch, chain, NOW).await.unwrap();
}

on_both_databases! {
    async fn blocks_tell_in_their_order_what_was_written(store: Store) {
        fixture::seed(&store).await;
        let mut chain = store.take_chain(SHARD_OF_ENGINE, chain_key(), "a test", NOW).await.unwrap();
        let held = Batch {
            messages: vec![fixture::new_message(1)],
            segments: vec![fixture::segment(1)],
            charges: vec![charge(1, posting_id(1))],
            postings: vec![posting(1, PostingKind::Hold, PRICE_MICROS)],
            ..Batch::default()
        };
        committed(&store, &mut chain, held).await;
        let ended = Batch {
            postings: vec![posting(2, PostingKind::Capture, PRICE_MICROS)],
            settlements: vec![settle(1, ChargeState::Captured, 2)],
            cdrs: vec![cdr(1)],
            ..Batch::default()
        };
        committed(&store, &mut chain, ended).await;
        let blocks = store.logged_blocks(SHARD_OF_ENGINE, 0, 10).await.unwrap();
        let id = segment_id(1);
        let entries: Vec<_> = blocks.iter().map(|block| block.entries.clone()).collect();
        assert_eq!(entries, [vec![(Told::Made, id)], vec![(Told::Settled, id), (Told::Cdr, id)]]);
        assert_eq!(blocks.iter().map(|block| block.at).collect::<Vec<_>>(), [NOW, NOW]);
        let later = store.logged_blocks(SHARD_OF_ENGINE, blocks[0].id, 10).await.unwrap();
        assert_eq!(later, blocks[1..]);
        assert_eq!(store.logged_blocks(SHARD_OF_ENGINE, 0, 1).await.unwrap(), blocks[..1]);
        assert_eq!(store.logged_blocks(SHARD_OF_ENGINE + 1, 0, 10).await.unwrap(), Vec::<LoggedBlock>::new());
        let head = &store.ledger_heads().await.unwrap()[0];
        assert_eq!((head.blocks_after(0), head.blocks_after(blocks[0].id), head.blocks_after(blocks[1].id)), (2, 1, 0));
        assert_eq!(store.charges_by_ids(&[id]).await.unwrap()[0].id, id);
        assert_eq!(store.cdrs_by_ids(&[id]).await.unwrap()[0].id, id);
        let traffic = store.segment_traffic(&[id]).await.unwrap();
        assert_eq!((traffic.len(), traffic[0].id), (1, id));
        assert_eq!(store.segment_traffic(&[segment_id(9)]).await.unwrap(), []);
    }

    async fn a_cursor_never_goes_back(store: Store) {
        assert_eq!(store.event_cursors().await.unwrap(), []);
        let cursor = |block_id| EventCursorRow { id: 0, block_id, moved_at: NOW };
        for block_id in [1, 3, 2] {
            store.move_event_cursor(&cursor(block_id)).await.unwrap();
        }
        assert_eq!(store.event_cursors().await.unwrap(), [cursor(3)]);
    }
}
