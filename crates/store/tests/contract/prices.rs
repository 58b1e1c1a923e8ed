//! Price books: sheets that never overlap and never change, and their rates.

use sambac_domain::{ChargePolicy, RateId, SenderForm, SheetId, Timestamp, TrafficClass};
use sambac_store::rows::{RateRow, SheetRow};
use sambac_store::{Store, StoreError};

use crate::both::on_both_databases;
use crate::fixture::{NOW, SHEET, rate, seed, sheet};

fn at(hours: i64) -> Timestamp {
    Timestamp(NOW.0 + hours * 3_600_000_000)
}

/// Sheet `number` of the tariff, for hours after `NOW`.
fn numbered(number: i64, from: i64, to: Option<i64>) -> SheetRow {
    let id = SheetId::from_raw((100 + number) << 8);
    SheetRow { id, effective_from: at(from), effective_to: to.map(at), ..sheet() }
}

async fn add(store: &Store, sheet: &SheetRow, rates: &[RateRow]) -> Result<SheetRow, StoreError> {
    let mut work = store.begin_configuration().await?;
    let added = work.add_sheet(sheet, rates).await?;
    work.commit().await?;
    Ok(added)
}

fn is_overlap<T: std::fmt::Debug>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict("price_sheets.effective")))
}

on_both_databases! {
    async fn a_rate_is_read_as_it_was_written(store: Store) {
        seed(&store).await;
        let scopes = ["network:310001", "group:grp_0000000000007", "prefix:4477", "mcc:001", "country:DE", "default"];
        let row = |(number, scope): (i64, &str)| RateRow {
            id: RateId::from_raw(1_000 + number),
            sheet_id: numbered(1, 1, None).id,
            scope: scope.parse().unwrap(),
            sender_form: (number % 2 == 0).then_some(SenderForm::ShortCode),
            class: (number % 3 == 0).then_some(TrafficClass::Marketing),
            price_micros: number,
            charge_policy: ChargePolicy::ALL[usize::try_from(number).unwrap() % 4],
        };
        let rates: Vec<_> = (0..).zip(scopes).map(row).collect();
        add(&store, &numbered(1, 1, None), &rates).await.unwrap();
        let sheet = numbered(1, 1, None).id;
        assert_eq!(store.rates_of(sheet, RateId::from_raw(0), 100).await.unwrap(), rates);
        assert_eq!(store.rates_of(sheet, rates[1].id, 2).await.unwrap(), rates[2..4]);
        assert_eq!(store.rate(rates[3].id).await.unwrap().as_ref(), Some(&rates[3]));
        assert_eq!(store.rate(RateId::from_raw(7)).await.unwrap(), None);
        let mut work = store.begin().await.unwrap();
        assert_eq!(work.rates_in(sheet, rates[4].id, 9).await.unwrap(), rates[5..]);
        drop(work);
        assert!(store.is_scope_named(rates[1].scope).await.unwrap());
        assert!(!store.is_scope_named("group:grp_0000000000008".parse().unwrap()).await.unwrap());
    }

    async fn sheets_of_one_book_never_overlap(store: Store) {
        seed(&store).await;
        // The first sheet counts from the beginning, without an end: each later one cuts the one before it.
        assert_eq!(add(&store, &numbered(1, 10, None), &[]).await.unwrap().version, 2);
        assert_eq!(add(&store, &numbered(2, 20, Some(30)), &[]).await.unwrap().version, 3);
        for (from, to, why) in [
            (10, None, "another begins at that moment"),
            (20, Some(21), "another begins at that moment"),
            (25, None, "the one before has not ended"),
            (29, Some(40), "the one before has not ended"),
            (15, Some(21), "the next one begins before it ends"),
            (5, Some(11), "the next one begins before it ends"),
        ] {
            let refused = add(&store, &numbered(3, from, to), &[]).await;
            assert!(is_overlap(&refused), "{why}: {refused:?}");
        }
        for (number, from, to) in [(4, 30, None), (5, 15, Some(20)), (6, 5, Some(10))] {
            add(&store, &numbered(number, from, to), &[]).await.unwrap();
        }
        let ends_before_it_begins = add(&store, &numbered(7, 50, Some(50)), &[]).await;
        assert!(matches!(ends_before_it_begins, Err(StoreError::Conflict("price_sheets.effective_to"))));
        assert_eq!(store.load_configuration().await.unwrap().sheets.len(), 6);
        let other_book = SheetRow { book_id: sambac_domain::BookId(77), ..numbered(8, 10, None) };
        assert_eq!(add(&store, &other_book, &[]).await.unwrap().version, 1);
    }

    /// Eight writers want the same hour at once; one gets it.
    async fn of_sheets_that_are_added_at_once_one_is_kept(store: Store) {
        seed(&store).await;
        let writers: Vec<_> = (0..8).map(|number| {
            let store = store.clone();
            tokio::spawn(async move { add(&store, &numbered(number, 10 + number, Some(20)), &[]).await })
        }).collect();
        let mut kept = Vec::new();
        for writer in writers {
            match writer.await.unwrap() {
                Ok(sheet) => kept.push(sheet.version),
                refused => assert!(is_overlap(&refused), "{refused:?}"),
            }
        }
        // Those that begin earlier and end at the same time overlap whatever is there; nobody gets between.
        assert_eq!(kept, [2], "one sheet and one version");
    }

    async fn a_sheet_is_withdrawn_only_before_it_takes_effect(store: Store) {
        seed(&store).await;
        let coming = numbered(1, 10, None);
        add(&store, &coming, &[]).await.unwrap();
        let withdraw = async |id, now| {
            let mut work = store.begin_configuration().await.unwrap();
            let withdrawn = work.withdraw_sheet(id, now).await.unwrap();
            work.commit().await.unwrap();
            withdrawn
        };
        assert!(!withdraw(SHEET, NOW).await, "it has priced messages");
        assert!(!withdraw(coming.id, at(10)).await, "this is its moment");
        assert!(withdraw(coming.id, at(9)).await);
        assert!(!withdraw(coming.id, at(9)).await, "once");
        assert_eq!(store.load_configuration().await.unwrap().sheets, [sheet()]);
        let all = store.sheets().await.unwrap();
        assert_eq!((all.len(), all[1].withdrawn_at), (2, Some(at(9))));
        assert!(all[0].counts() && !all[1].counts());
        // Its time is free again, its version is not.
        assert_eq!(add(&store, &numbered(2, 10, None), &[]).await.unwrap().version, 3);
    }

    async fn staged_rates_count_once_their_sheet_is_there(store: Store) {
        seed(&store).await;
        let coming = numbered(1, 10, None);
        let rates: Vec<_> = (0..300).map(|number| RateRow {
            id: RateId::from_raw(5_000 + number),
            sheet_id: coming.id,
            scope: format!("prefix:{}", 4_477_000 + number).parse().unwrap(),
            ..rate()
        }).collect();
        store.stage_rates(&rates[..200]).await.unwrap();
        assert_eq!(store.staged(10).await.unwrap(), [coming.id]);
        let mut work = store.begin_configuration().await.unwrap();
        work.add_rates(&rates[200..]).await.unwrap();
        work.add_sheet(&coming, &[]).await.unwrap();
        work.commit().await.unwrap();
        assert_eq!(store.staged(10).await.unwrap(), []);
        assert_eq!(store.drop_staged(coming.id).await.unwrap(), 0, "it has its sheet");
        assert_eq!(store.rates_of(coming.id, RateId::from_raw(0), 1_000).await.unwrap(), rates);

        let lost = SheetId::from_raw(999 << 8);
        store.stage_rates(&[RateRow { id: RateId::from_raw(9_999), sheet_id: lost, ..rate() }]).await.unwrap();
        assert_eq!((store.staged(10).await.unwrap(), store.drop_staged(lost).await.unwrap()), (vec![lost], 1));
        assert_eq!(store.staged(10).await.unwrap(), []);
    }

    async fn the_history_tells_what_a_sheet_changed(store: Store) {
        seed(&store).await;
        let mut work = store.begin_configuration().await.unwrap();
        let other = RateRow { id: RateId::from_raw(5_000), price_micros: 1, ..rate() };
        work.add_sheet(&numbered(1, 10, None), &[]).await.unwrap();
        work.note_rates([(Some(&rate()), Some(&other)), (None, Some(&other)), (Some(&rate()), None)].into_iter());
        let told: Vec<_> = work.changes().iter().map(|change| (change.table.as_str(), change.id)).collect();
        assert_eq!(told, [("price_sheets", numbered(1, 10, None).id.raw()), ("rates", 5_000), ("rates", 5_000), ("rates", rate().id.raw())]);
        assert_eq!(work.changes()[1].before.as_ref().unwrap()["price_micros"], 12_500);
    }
}
