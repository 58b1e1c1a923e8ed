use sambac_domain::{Day, MccMnc, MessageState, Timestamp};
use sambac_store::rows::{BreakRow, BreakSource, BreakState, ChargeState, PostingKind, StatementLine, StatementRow};
use sambac_store::{Against, Batch, Found, MessageFinal, Sides, Store};

use crate::both::on_both_databases;
use crate::fixture::{
    self, ACCOUNT, CONNECTOR, NOW, OPERATOR, PRICE_MICROS, cdr, charge, connector, message_id, new_message, operator,
    posting, posting_id, segment, settle,
};

fn day() -> Day {
    Day::of(NOW)
}

fn found(id: &str, found_count: i64) -> BreakRow {
    BreakRow {
        id: id.to_owned(),
        source: BreakSource::Platform,
        kind: "no_cdr".to_owned(),
        account_id: Some(ACCOUNT),
        operator_id: None,
        day: day(),
        currency: Some(fixture::eur()),
        expected_count: 3,
        found_count,
        expected_micros: 3 * PRICE_MICROS,
        found_micros: 0,
        examples: vec!["msg_1/1".to_owned()],
        state: BreakState::Open,
        reason: None,
        explained_by: None,
        explained_at: None,
        first_at: NOW,
        last_at: NOW,
    }
}

fn later(micros: i64) -> Timestamp {
    Timestamp(NOW.0 + micros)
}

async fn keep(store: &Store, breaks: &[BreakRow], at: Timestamp) {
    let (from, to) = (day(), day());
    store.keep_breaks(&Found { source: BreakSource::Platform, from, to, operator: None, breaks, at }).await.unwrap();
}

on_both_databases! {
    /// Pages hold whole messages whatever their size, and what is missing in one table is there in the others.
    async fn rows_are_read_side_by_side_in_pages(store: Store) {
        fixture::seed(&store).await;
        store.upsert_operator(&operator()).await.unwrap();
        store.upsert_connector(&connector()).await.unwrap();
        let final_at = later(3);
        let batch = Batch {
            messages: (1..=5).map(new_message).collect(),
            segments: (1..=5).map(segment).collect(),
            charges: (1..=5).map(|number| charge(number, posting_id(1))).collect(),
            postings: vec![posting(1, PostingKind::Hold, 5 * PRICE_MICROS), posting(2, PostingKind::Capture, PRICE_MICROS)],
            cdrs: [1, 2, 4, 5].map(cdr).into(),
            ..Batch::default()
        };
        store.commit(&batch).await.unwrap();
        let ends = (1..=5).map(|number| MessageFinal { id: message_id(number), state: MessageState::Delivered, error: None, final_at });
        let settlements = vec![settle(1, ChargeState::Captured, 2), settle(2, ChargeState::Captured, 2)];
        store.commit(&Batch { message_finals: ends.collect(), settlements, ..Batch::default() }).await.unwrap();

        let mut compared = store.compare().await.unwrap();
        let (mut after, mut seen, mut cdrs) = (0, Vec::new(), 0);
        let until = message_id(6).raw();
        while after < until {
            let page = compared.page(after, until, 2).await.unwrap();
            assert!(page.until > after && page.messages.len() <= 2);
            seen.extend(page.segment_ids());
            cdrs += page.cdrs.len();
            after = page.until;
        }
        assert_eq!(seen, [1, 2, 3, 4, 5].map(fixture::segment_id));
        assert_eq!(cdrs, 4);
        let names = compared.names().await.unwrap();
        assert_eq!((names.accounts[0].0, names.operators[0].0, names.connectors), (ACCOUNT, OPERATOR, vec![(CONNECTOR, OPERATOR)]));
        assert_eq!(compared.archived_days().await.unwrap(), [] as [i64; 0]);
        assert_eq!(compared.balances().await.unwrap().len(), 4);
        assert!(compared.any_ended((0, until), (NOW, later(4))).await.unwrap());
        assert!(!compared.any_ended((0, until), (later(4), later(9))).await.unwrap());
        let postings = compared.postings(&[posting_id(1), posting_id(9)]).await.unwrap();
        assert_eq!(postings.iter().map(|row| row.id).collect::<Vec<_>>(), [posting_id(1)]);
        let uneven = compared.uneven_postings((0, posting_id(5).raw()), 0).await.unwrap();
        assert_eq!(uneven.iter().map(|row| (row.id, row.posted_micros, row.parts_micros)).collect::<Vec<_>>(),
            [(posting_id(2), PRICE_MICROS, 2 * PRICE_MICROS)]);
    }

    /// By the operator's ids, and by day and network: what only one side has, and what differs.
    async fn a_statement_is_laid_beside_cdrs(store: Store) {
        fixture::seed(&store).await;
        store.upsert_operator(&operator()).await.unwrap();
        store.commit(&Batch { cdrs: (1..=4).map(cdr).collect(), ..Batch::default() }).await.unwrap();
        let statement = StatementRow {
            id: 7,
            hash: "f00d".to_owned(),
            operator_id: OPERATOR,
            file: "november.csv".to_owned(),
            from_day: day(),
            to_day: day(),
            currency: fixture::eur(),
            line_count: 4,
            message_count: 4,
            amount_micros: 4,
            imported_at: NOW,
            imported_by: "a person".to_owned(),
        };
        let line = |line: i64, id: &str, amount_micros| StatementLine {
            statement_id: 7,
            line,
            message_id: Some(id.to_owned()),
            day: Some(day().number()),
            mcc_mnc: None,
            count: 1,
            amount_micros,
        };
        let lines = [line(2, "001", 9_000), line(3, "002", 9_500), line(4, "003", 9_000), line(5, "003", 9_000), line(6, "0099", 1)];
        store.add_statement_lines(&lines).await.unwrap();
        assert_eq!(store.statement_by_hash("f00d").await.unwrap(), None);
        store.add_statement(&statement).await.unwrap();
        assert_eq!(store.statement_by_hash("f00d").await.unwrap(), Some(statement));
        let against = Against {
            statement: 7,
            operator: OPERATOR,
            currency: fixture::eur(),
            from: day().start(),
            to: day().plus(1).start(),
            margin_micros: 0,
            ids_after: 0,
            ids_until: message_id(9).raw(),
            tolerance_micros: 499,
        };
        let mut compared = store.compare().await.unwrap();
        assert!(compared.has_message_ids(7).await.unwrap());
        let told = |sides: &[Sides]| sides.iter().map(|s| (s.of.clone(), s.ours, s.due, s.theirs, s.cost_micros, s.amount_micros)).collect::<Vec<_>>();
        let found = compared.statement_by_ids(&against, "", 10).await.unwrap();
        let of = |id: &str, ours, theirs, cost, amount| (id.to_owned(), ours, ours, theirs, cost, amount);
        assert_eq!(told(&found), [
            of("002", 1, 1, 9_000, 9_500),
            of("003", 1, 2, 9_000, 18_000),
            of("004", 1, 0, 9_000, 0),
            of("0099", 0, 1, 0, 1),
        ]);
        assert_eq!(found[3].day(), day());
        let next = compared.statement_by_ids(&Against { tolerance_micros: 500, ..against }, "003", 1).await.unwrap();
        assert_eq!(told(&next), [of("004", 1, 0, 9_000, 0)]);
        drop(compared);

        store.drop_statement_lines(7).await.unwrap();
        let by_day = |line, mcc_mnc, count, amount_micros| StatementLine {
            statement_id: 7, line, message_id: None, day: Some(day().number()), mcc_mnc, count, amount_micros,
        };
        store.add_statement_lines(&[by_day(2, Some(MccMnc::TEST), 3, 27_000), by_day(3, None, 1, 9_000)]).await.unwrap();
        let mut compared = store.compare().await.unwrap();
        assert!(!compared.has_message_ids(7).await.unwrap());
        let found = compared.statement_by_days(&against).await.unwrap();
        assert_eq!(told(&found), [of("", 0, 1, 0, 9_000), of(&MccMnc::TEST.to_string(), 4, 3, 36_000, 27_000)]);
    }

    /// Open, explained, changed, gone, back.
    async fn a_break_keeps_what_was_said_of_it_while_it_stays_the_same(store: Store) {
        keep(&store, &[found("a", 0), found("b", 0)], NOW).await;
        assert_eq!(store.count_open_breaks().await.unwrap(), 2);
        assert_eq!(store.explain_break("none", ("why", "who", NOW)).await.unwrap(), None);
        let explained = store.explain_break("a", ("why", "who", later(1))).await.unwrap().unwrap();
        assert_eq!((explained.state, explained.reason.as_deref()), (BreakState::Explained, Some("why")));
        keep(&store, &[found("a", 0)], later(2)).await;
        let state = async |id: &str| store.break_by_id(id).await.unwrap().unwrap().state;
        assert_eq!((state("a").await, state("b").await), (BreakState::Explained, BreakState::Gone));
        assert_eq!(store.explain_break("b", ("why", "who", NOW)).await.unwrap(), None);
        keep(&store, &[found("a", 1), found("b", 0)], later(3)).await;
        assert_eq!((state("a").await, state("b").await), (BreakState::Open, BreakState::Open));
        let open = store.breaks(Some(BreakState::Open), "a", 10).await.unwrap();
        assert_eq!(open.iter().map(|row| (row.id.as_str(), row.first_at)).collect::<Vec<_>>(), [("b", NOW)]);
        assert_eq!(store.breaks(None, "", 1).await.unwrap().len(), 1);
    }

    /// One of several processes compares a day; one that has died gives its place to the next.
    async fn a_day_is_compared_by_one_process(store: Store) {
        let take = async |holder: &str, at, stale| store.take_reconcile_run(day(), (holder, at, stale)).await.unwrap();
        assert!(take("one", NOW, later(-1)).await);
        assert!(!take("two", NOW, later(-1)).await);
        assert!(take("two", later(9), later(1)).await, "the first has died");
        assert_eq!(store.last_reconciled_day().await.unwrap(), None);
        store.end_reconcile_run(day(), later(10)).await.unwrap();
        assert_eq!(store.last_reconciled_day().await.unwrap(), Some(day()));
        assert!(!take("three", later(20), later(19)).await, "it is done");
    }
}
