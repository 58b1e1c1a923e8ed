//! Segments in doubt, found without reading all others.

use sambac_domain::{MessageState, Timestamp};
use sambac_store::rows::SegmentRow;
use sambac_store::{Batch, Store, Uncertain, UncertainTotal};

use crate::both::on_both_databases;
use crate::fixture::{self, ACCOUNT, CONNECTOR, NOW, destination, new_message, segment_id, submitted};

fn in_doubt(number: i64) -> SegmentRow {
    SegmentRow {
        state: MessageState::SubmitUnknown,
        submitted_at: Some(Timestamp(NOW.0 + number)),
        answered_at: None,
        ..submitted(number)
    }
}

on_both_databases! {
    async fn only_open_segments_in_doubt_are_listed_and_counted(store: Store) {
        fixture::seed(&store).await;
        assert_eq!(store.uncertain_total().await.unwrap(), UncertainTotal::default());
        let ended = SegmentRow { final_at: Some(NOW), ..in_doubt(4) };
        let batch = Batch {
            messages: (1..=5).map(new_message).collect(),
            segments: vec![in_doubt(1), submitted(2), in_doubt(3), ended, in_doubt(5)],
            ..Batch::default()
        };
        store.commit(&batch).await.unwrap();
        let first = Uncertain {
            segment: segment_id(1),
            connector_id: CONNECTOR,
            submitted_at: Some(Timestamp(NOW.0 + 1)),
            account_id: ACCOUNT,
            destination: destination(1),
        };
        let listed = store.uncertain(None, 10).await.unwrap();
        assert_eq!(listed[0], first);
        assert_eq!(first.message(), fixture::message_id(1));
        let numbers: Vec<_> = listed.iter().map(|one| one.segment).collect();
        assert_eq!(numbers, [segment_id(1), segment_id(3), segment_id(5)]);
        let next = store.uncertain(Some(segment_id(1)), 1).await.unwrap();
        assert_eq!(next.iter().map(|one| one.segment).collect::<Vec<_>>(), [segment_id(3)]);
        let total = UncertainTotal { count: 3, oldest_at: Some(Timestamp(NOW.0 + 1)) };
        assert_eq!(store.uncertain_total().await.unwrap(), total);
    }
}
