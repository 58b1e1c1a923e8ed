//! Tariffs. The rates that a file gives are those of now: where they differ from the sheet of now, they are a new sheet.

use std::collections::{HashMap, HashSet};

use sambac_domain::{RateId, RateScope, SheetId, TariffId, Timestamp};
use sambac_store::rows::{RateRow, SheetRow, TariffRow};

use super::money::{amount, currency};
use super::{Draft, Faults, NewSheet, TariffChange, mcc, mcc_mnc, prefix};
use crate::admin::file::{Rate, Tariff};
use crate::tariff::current::sheet_at;
use crate::tariff::groups::folded;

impl Draft<'_> {
    pub(super) fn tariff(&mut self, tariff: &Tariff) -> Result<(), Faults> {
        let mut faults = Faults::default();
        let currency = faults.keep(currency(&tariff.currency));
        let stored = self.context.stored.tariffs.iter().find(|row| row.name == tariff.name);
        let is_another = stored.is_some_and(|row| currency.is_some_and(|currency| row.currency != currency));
        faults.check(!is_another, "the currency of a tariff cannot change; make another tariff");
        let id = stored.map_or_else(|| TariffId::from_raw(self.next_id()), |row| row.id);
        let sheet = tariff.rate.as_ref().and_then(|rates| self.sheet(id, rates, &mut faults));
        if let Some(currency) = currency {
            self.known.tariffs.insert(tariff.name.clone(), (id, currency));
        }
        faults.none()?;
        let Some(currency) = currency else { return Ok(()) };
        let created_at = stored.map_or(self.context.now, |row| row.created_at);
        let row = TariffRow { id, name: tariff.name.clone(), currency, created_at };
        let is_changed = stored != Some(&row);
        if is_changed || sheet.is_some() {
            self.changes.tariffs.push(TariffChange { row, is_changed, sheet });
        }
        Ok(())
    }

    /// The next sheet; `None` when its rates are those of now.
    fn sheet(&self, tariff: TariffId, rates: &[Rate], faults: &mut Faults) -> Option<NewSheet> {
        let id = SheetId::from_raw(self.next_id());
        let rates = self.rates(id, rates, faults);
        let none = Vec::new();
        let before = self.context.rates.get(&tariff.into()).unwrap_or(&none);
        let differing = differing(before, &rates);
        let now = self.context.now;
        let of_now = sheet_at(self.context.stored, tariff.into(), now);
        if differing.is_empty() && of_now.is_some() {
            return None;
        }
        let has_sheets = self.context.stored.sheets.iter().any(|sheet| sheet.is_of(tariff));
        let row = SheetRow {
            id,
            book_id: tariff.into(),
            version: 0,
            effective_from: effective_from(of_now, has_sheets, now),
            effective_to: None,
            rate_count: u32::try_from(rates.len()).unwrap_or(u32::MAX),
            source: "file".to_owned(),
            note: String::new(),
            // The version of the configuration names who applied it.
            created_by: "configuration".to_owned(),
            created_at: now,
            withdrawn_at: None,
        };
        Some(NewSheet { row, rates, differing })
    }

    fn rates(&self, sheet_id: SheetId, rates: &[Rate], faults: &mut Faults) -> Vec<RateRow> {
        let mut rows: Vec<RateRow> = Vec::new();
        let mut seen = HashSet::new();
        for (number, rate) in (1..).zip(rates) {
            let row = self.rate(sheet_id, rate).map_err(|problem| format!("rate {number}: {problem}"));
            let Some(row) = faults.keep(row) else { continue };
            faults.check(
                seen.insert(what_for(&row)),
                format!("rate {number}: another rate is for the same destinations"),
            );
            rows.push(row);
        }
        rows
    }

    fn rate(&self, sheet_id: SheetId, rate: &Rate) -> Result<RateRow, String> {
        let scope = self.scope(rate)?;
        let price_micros = amount(&rate.price, "price")?;
        if price_micros < 0 {
            return Err("price is below zero".to_owned());
        }
        let sender_form = rate.sender.as_ref().map(|form| form.parse().map_err(|error| format!("sender: {error}")));
        Ok(RateRow {
            id: RateId::from_raw(self.next_id()),
            sheet_id,
            scope,
            sender_form: sender_form.transpose()?,
            class: rate.class,
            price_micros,
            charge_policy: rate.charge,
        })
    }
}

impl Draft<'_> {
    /// A group by its name, an alias or its id.
    fn group(&self, name: &str) -> Result<RateScope, String> {
        let by_name = self.known.groups.get(&folded(name)).copied();
        let known = || name.parse().ok().filter(|id| self.known.groups.values().any(|known| known == id));
        let group = by_name.or_else(known).ok_or_else(|| format!("operator_group: there is none \"{name}\""))?;
        Ok(RateScope::Group(group))
    }

    fn scope(&self, rate: &Rate) -> Result<RateScope, String> {
        let group = rate.operator_group.as_ref().map(|name| self.group(name)).transpose()?;
        scope(rate, group)
    }
}

fn scope(rate: &Rate, group: Option<RateScope>) -> Result<RateScope, String> {
    let country = rate.country.as_ref().map(|text| text.parse().map(RateScope::Country));
    let given = [
        mcc(rate.mcc.as_ref())?.map(RateScope::Mcc),
        mcc_mnc(rate.mcc_mnc.as_ref())?.map(RateScope::Network),
        prefix(rate.prefix.as_ref())?
            .map(|digits| format!("prefix:{digits}").parse())
            .transpose()
            .map_err(|_| "prefix does not begin with a country code".to_owned())?,
        country.transpose().map_err(|error| format!("country: {error}"))?,
        group,
    ];
    let mut given = given.into_iter().flatten();
    let scope = given.next().unwrap_or(RateScope::Default);
    match given.next() {
        None => Ok(scope),
        Some(_) => Err("only one of mcc_mnc, operator_group, prefix, mcc and country says what it is for".to_owned()),
    }
}

/// The first sheet of a tariff counts from the beginning; a later one from now on, after the one that it takes the place of.
fn effective_from(of_now: Option<&SheetRow>, has_sheets: bool, now: Timestamp) -> Timestamp {
    match of_now {
        Some(sheet) => now.max(Timestamp(sheet.effective_from.0.saturating_add(1))),
        None if has_sheets => now,
        None => Timestamp::EPOCH,
    }
}

type WhatFor = (RateScope, Option<sambac_domain::SenderForm>, Option<sambac_domain::TrafficClass>);

fn what_for(row: &RateRow) -> WhatFor {
    (row.scope, row.sender_form, row.class)
}

/// What is priced otherwise, was not priced, or is not any more.
fn differing(before: &[RateRow], after: &[RateRow]) -> Vec<(Option<RateRow>, Option<RateRow>)> {
    let mut earlier: HashMap<WhatFor, &RateRow> = before.iter().map(|row| (what_for(row), row)).collect();
    let mut differing = Vec::new();
    for row in after {
        let was = earlier.remove(&what_for(row));
        let price = |row: &RateRow| (row.price_micros, row.charge_policy);
        if was.map(price) != Some(price(row)) {
            differing.push((was.cloned(), Some(row.clone())));
        }
    }
    let gone = before.iter().filter(|row| earlier.contains_key(&what_for(row)));
    differing.extend(gone.map(|row| (Some(row.clone()), None)));
    differing
}
