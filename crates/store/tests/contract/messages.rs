use std::sync::Arc;

use sambac_domain::{IdSource, Message, MessageId, MessageState, Msisdn, Origin, Timestamp};
use sambac_store::rows::{MessageRow, MessageTagRow, PostingKind};
use sambac_store::{Batch, EndedFilter, Expiring, MessageFilter, MessageFinal, NewMessage, Store};

use crate::both::on_both_databases;
use crate::fixture::{
    ACCOUNT, NOW, OTHER_ACCOUNT, SMPP_ACCOUNT, body, charge, destination, event, message, message_id, new_message,
    posting, posting_id, segment,
};

async fn write(store: &Store, numbers: impl Iterator<Item = i64> + Clone) {
    let batch = Batch {
        messages: numbers.clone().map(new_message).collect(),
        segments: numbers.clone().map(segment).collect(),
        charges: numbers.map(|number| charge(number, posting_id(1))).collect(),
        postings: vec![posting(1, PostingKind::Hold, 1)],
        ..Batch::default()
    };
    store.commit(&batch).await.unwrap();
}

fn ids(rows: &[MessageRow]) -> Vec<MessageId> {
    rows.iter().map(|row| row.id).collect()
}

on_both_databases! {
    async fn a_message_is_read_as_it_was_accepted(store: Store) {
        write(&store, 1..=3).await;
        let rows = store.messages_by_ids(&[message_id(2), message_id(9), message_id(1)]).await.unwrap();
        assert_eq!(ids(&rows), [message_id(1), message_id(2)]);
        assert_eq!(rows[1].state, MessageState::Accepted);
        assert_eq!(rows[1].body.as_ref().unwrap().0, body().to_bytes());
        assert_eq!(rows[1].clone().into_message(body()).as_ref(), Some(&*message(2)));
    }

    async fn a_message_is_shown_to_its_account_only(store: Store) {
        write(&store, 1..=2).await;
        let batch = Batch { events: vec![event(1, 2), event(1, 1), event(2, 3)], ..Batch::default() };
        store.commit(&batch).await.unwrap();
        assert_eq!(store.message(OTHER_ACCOUNT, message_id(1)).await.unwrap(), None);
        let view = store.message(ACCOUNT, message_id(1)).await.unwrap().unwrap();
        assert_eq!(view.row.id, message_id(1));
        assert_eq!(view.segments, [segment(1)]);
        assert_eq!(view.events, [event(1, 1), event(1, 2)]);
        assert_eq!(view.charges, [charge(1, posting_id(1))]);
    }

    async fn pages_go_from_new_to_old(store: Store) {
        write(&store, 1..=5).await;
        let page = |before| MessageFilter { before, limit: 2, ..MessageFilter::default() };
        let first = store.list_messages(ACCOUNT, &page(None)).await.unwrap();
        assert_eq!(ids(&first), [message_id(5), message_id(4)]);
        let second = store.list_messages(ACCOUNT, &page(Some(message_id(4)))).await.unwrap();
        assert_eq!(ids(&second), [message_id(3), message_id(2)]);
        let last = store.list_messages(ACCOUNT, &page(Some(message_id(2)))).await.unwrap();
        assert_eq!(ids(&last), [message_id(1)]);
        assert_eq!(store.list_messages(OTHER_ACCOUNT, &page(None)).await.unwrap(), []);
    }

    async fn lists_are_filtered_by_state_and_number(store: Store) {
        write(&store, 1..=4).await;
        let end = |number| MessageFinal { id: message_id(number), state: MessageState::Delivered, error: None, final_at: NOW };
        store.commit(&Batch { message_finals: vec![end(2), end(3)], ..Batch::default() }).await.unwrap();
        let mut filter = MessageFilter { limit: 10, state: Some(MessageState::Delivered), ..MessageFilter::default() };
        assert_eq!(ids(&store.list_messages(ACCOUNT, &filter).await.unwrap()), [message_id(3), message_id(2)]);
        filter.destination = Some(destination(2));
        assert_eq!(ids(&store.list_messages(ACCOUNT, &filter).await.unwrap()), [message_id(2)]);
        filter.state = None;
        filter.destination = Some(destination(4));
        assert_eq!(ids(&store.list_messages(ACCOUNT, &filter).await.unwrap()), [message_id(4)]);
    }

    /// Numbers of the test network are those that begin with 999.
    async fn a_list_for_tests_has_numbers_of_the_test_network_only(store: Store) {
        let to = |number, destination: &str| {
            let destination = Msisdn::from_digits(destination.as_bytes()).unwrap();
            NewMessage::accepted(Arc::new(Message { destination, ..(*message(number)).clone() }), body().to_bytes())
        };
        let messages = vec![to(1, "447700900999"), to(2, "99955000001"), to(3, "998999000000"), to(4, "999000000")];
        store.commit(&Batch { messages, ..Batch::default() }).await.unwrap();
        let list = async |tests_only| {
            let filter = MessageFilter { limit: 10, tests_only, ..MessageFilter::default() };
            ids(&store.list_messages(ACCOUNT, &filter).await.unwrap())
        };
        assert_eq!(list(true).await, [message_id(4), message_id(2)]);
        assert_eq!(list(false).await.len(), 4);
    }

    async fn lists_are_filtered_by_tag_reference_sender_and_time(store: Store) {
        write(&store, 1..=4).await;
        let tag = |number, tag: &str| MessageTagRow { owner_id: ACCOUNT, tag: tag.to_owned(), of_message: message_id(number) };
        let theirs = MessageTagRow { owner_id: OTHER_ACCOUNT, ..tag(4, "november") };
        let tags = vec![tag(1, "november"), tag(3, "november"), tag(3, "spring"), theirs];
        store.commit(&Batch { tags, ..Batch::default() }).await.unwrap();
        let list = async |change: fn(&mut MessageFilter)| {
            let mut filter = MessageFilter { limit: 10, ..MessageFilter::default() };
            change(&mut filter);
            ids(&store.list_messages(ACCOUNT, &filter).await.unwrap())
        };
        assert_eq!(list(|filter| filter.tag = Some("november".to_owned())).await, [message_id(3), message_id(1)]);
        let page = list(|filter| (filter.tag, filter.before) = (Some("november".to_owned()), Some(message_id(3)))).await;
        assert_eq!(page, [message_id(1)]);
        assert_eq!(list(|filter| filter.tag = Some("nothing".to_owned())).await, []);
        assert_eq!(list(|filter| filter.reference = Some("ref-2".to_owned())).await, [message_id(2)]);
        assert_eq!(list(|filter| filter.sender = Some("Example".parse().unwrap())).await.len(), 4);
        assert_eq!(list(|filter| filter.sender = Some("Other".parse().unwrap())).await, []);
        let all = store.message_tags(message_id(3)).await.unwrap();
        assert_eq!(all, [tag(3, "november"), tag(3, "spring")]);
        // Ids tell when they were made; these are of the first milliseconds.
        let second = |id: i64| IdSource::made_at(message_id(id).raw());
        assert!(second(1) < second(4), "{:?}", second(4));
        let from_third = MessageFilter { limit: 10, since: Some(second(4)), ..MessageFilter::default() };
        assert_eq!(ids(&store.list_messages(ACCOUNT, &from_third).await.unwrap()), [message_id(4)]);
        let before = MessageFilter { limit: 10, until: Some(second(4)), ..MessageFilter::default() };
        assert_eq!(ids(&store.list_messages(ACCOUNT, &before).await.unwrap()), [3, 2, 1].map(message_id));
    }

    async fn ended_messages_of_an_smpp_account_are_found_by_their_end(store: Store) {
        let mine = |number| {
            let origin = Origin::Smpp { smpp_account: SMPP_ACCOUNT };
            NewMessage::accepted(Arc::new(Message { origin, ..(*message(number)).clone() }), body().to_bytes())
        };
        let end = |number| {
            let final_at = Timestamp(NOW.0 + number);
            MessageFinal { id: message_id(number), state: MessageState::Delivered, error: None, final_at }
        };
        let messages = (1..=4).map(mine).chain([new_message(5)]).collect();
        let message_finals = [1, 2, 3, 5].map(end).into();
        store.commit(&Batch { messages, message_finals, ..Batch::default() }).await.unwrap();
        let all = EndedFilter {
            account_id: ACCOUNT,
            smpp_account_id: SMPP_ACCOUNT,
            after: MessageId::from_raw(0),
            from: NOW,
            until: Timestamp(NOW.0 + 9),
            limit: 9,
        };
        let found = async |filter: EndedFilter| ids(&store.ended_messages(&filter).await.unwrap());
        assert_eq!(found(all.clone()).await, [1, 2, 3].map(message_id));
        let span = EndedFilter { from: Timestamp(NOW.0 + 2), until: Timestamp(NOW.0 + 3), ..all.clone() };
        assert_eq!(found(span).await, [message_id(2)]);
        assert_eq!(found(EndedFilter { after: message_id(1), limit: 1, ..all.clone() }).await, [message_id(2)]);
        assert_eq!(found(EndedFilter { account_id: OTHER_ACCOUNT, ..all }).await, []);
    }

    async fn overdue_messages_are_found_until_they_are_final(store: Store) {
        write(&store, 1..=4).await;
        let now = Timestamp(NOW.0 + 3_000_000);
        let start = (Timestamp(0), MessageId::from_raw(0));
        let expiring = |number| (Timestamp(NOW.0 + number * 1_000_000), message_id(number));
        assert_eq!(store.messages_expiring(Expiring::Open, start, now, 10).await.unwrap(), [1, 2, 3].map(expiring));
        assert_eq!(store.messages_expiring(Expiring::Open, start, now, 1).await.unwrap(), [expiring(1)]);
        assert_eq!(store.messages_expiring(Expiring::Open, expiring(1), now, 1).await.unwrap(), [expiring(2)]);
        let end = MessageFinal { id: message_id(1), state: MessageState::Expired, error: None, final_at: now };
        store.commit(&Batch { message_finals: vec![end], ..Batch::default() }).await.unwrap();
        assert_eq!(store.messages_expiring(Expiring::Open, start, now, 10).await.unwrap(), [2, 3].map(expiring));
    }

    async fn what_was_submitted_is_not_among_the_unsent(store: Store) {
        write(&store, 1..=4).await;
        let start = (Timestamp(0), MessageId::from_raw(0));
        let expiring = |number| (Timestamp(NOW.0 + number * 1_000_000), message_id(number));
        let mut rows = store.segments_of(&[message_id(1), message_id(2)]).await.unwrap();
        for (row, state) in rows.iter_mut().zip([MessageState::Submitted, MessageState::SubmitUnknown]) {
            row.state = state;
        }
        store.commit(&Batch { segment_updates: rows, ..Batch::default() }).await.unwrap();
        let until = Timestamp(NOW.0 + 4_000_000);
        assert_eq!(store.messages_expiring(Expiring::Unsent, start, until, 10).await.unwrap(), [3, 4].map(expiring));
        assert_eq!(store.messages_expiring(Expiring::Unsent, start, until, 1).await.unwrap(), [expiring(3)]);
        assert_eq!(store.messages_expiring(Expiring::Unsent, expiring(3), until, 9).await.unwrap(), [expiring(4)]);
        assert_eq!(store.messages_expiring(Expiring::Unsent, start, Timestamp(NOW.0 + 3_000_000), 9).await.unwrap(), [expiring(3)]);
        assert_eq!(store.messages_expiring(Expiring::Open, start, until, 10).await.unwrap().len(), 4);
    }

    async fn many_messages_are_read_in_the_order_of_ids(store: Store) {
        write(&store, 1..=700).await;
        let all: Vec<MessageId> = (1..=700).map(message_id).collect();
        assert_eq!(ids(&store.messages_by_ids(&all).await.unwrap()), all);
        assert_eq!(store.segments_of(&all).await.unwrap().len(), 700);
        assert_eq!(store.charges_of(&all).await.unwrap().len(), 700);
    }
}
