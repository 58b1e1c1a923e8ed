//! Charges of other services straight into the engine: one hot account, many accounts, a fixed rate; beside a transaction for
//! each charge, on the same database in the same run.
//!
//! A charge is held and then captured: two commands, each of them durable before the next. The engine runs in this process,
//! so that what is measured is the ledger and its database, and not HTTP.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rand::Rng as _;
use sambac_domain::ledger::{BalanceKind, Command, HoldState, Order, PostingKind, Verb, check};
use sambac_domain::{AccountId, Currency, HoldId, PostingId, TariffId, Timestamp};
use sambac_engine::clock::Clock;
use sambac_engine::seal::Seal;
use sambac_engine::{Engine, Settings};
use sambac_store::rows::{AccessState, AccountRow, BalanceRow, HoldRow, LedgerCommandRow, PostingRow, TariffRow};
use sambac_store::{BalanceDelta, Batch, Store};

use super::Options;
use crate::bench::latency::Latencies;
use crate::bench::report::{Bar, Report};

/// Accounts that are charged at random; the first is the hot one.
const ACCOUNTS: i64 = 10_000;
/// Charges under way at a time.
const CLIENTS: usize = 512;
/// Writers that have a transaction for each charge.
const NAIVE_WRITERS: usize = 8;
const RATE_PER_S: u64 = 1_000;
const SECONDS: u64 = 8;
const MICROS: i64 = 50_000;
const HOT: AccountId = account(0);

pub(super) async fn run(options: &Options) -> anyhow::Result<Report> {
    let duration = Duration::from_secs(options.duration_s.unwrap_or(SECONDS));
    let folder = Folder::new(options)?;
    let url =
        options.store_url.clone().unwrap_or_else(|| format!("sqlite://{}", folder.path.join("ledger.db").display()));
    let store = Store::open(&url).await?;
    store.migrate().await?;
    provision(&store).await?;
    let naive = naive(&store, duration / 2).await?;
    let seal = Seal::from_base64(&STANDARD_NO_PAD.encode([7; 32]))?;
    let engine = Engine::start(Settings::new(seal), store.clone(), Clock::system()).await?;
    let hot = closed(&engine, duration, |_| HOT).await?;
    let spread = closed(&engine, duration, |number| account(i64::from(number) % ACCOUNTS)).await?;
    let mut open = Latencies::new()?;
    open_loop(&engine, duration, &mut open).await?;
    let breaches = check(&store.trial(Timestamp(0)).await?);
    engine.stop(Duration::from_secs(10)).await;
    let mut report = Report {
        what: format!(
            "Charges held and captured, two durable commands each: one hot account, {ACCOUNTS} accounts, {RATE_PER_S} holds \
             a second; before them a transaction for each command of one account."
        ),
        ..Report::default()
    };
    let hold = open.summary().context("no hold was measured")?;
    report.latency.insert("hold".to_owned(), hold);
    let figures = [("naive_charges_per_s", naive), ("hot_charges_per_s", hot), ("spread_charges_per_s", spread)];
    report.figures = figures.map(|(name, value)| (name.to_owned(), value)).into();
    report.bars = vec![
        Bar::at_least("one hot account, charges held and captured /s", 5_000, hot),
        Bar::at_least("10,000 accounts, charges held and captured /s", 5_000, spread),
        Bar::at_most("p99 of a hold at 1,000/s, µs", 25_000, Some(hold.p99_us)),
        Bar::at_least("hot account, times a transaction for each command", 10, hot / naive.max(1)),
    ];
    report.faults.extend(breaches.iter().map(ToString::to_string));
    Ok(report)
}

struct Folder {
    path: PathBuf,
    keep: bool,
}

impl Folder {
    fn new(options: &Options) -> anyhow::Result<Self> {
        let path = options.folder.join(format!("sambac-bench-ledger-{}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        Ok(Self { path, keep: options.keep })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.keep {
            // What cannot be removed now lies in the folder for data folders.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

const fn account(number: i64) -> AccountId {
    AccountId::from_raw((number + 1) << 8)
}

fn eur() -> anyhow::Result<Currency> {
    Ok("EUR".parse()?)
}

/// Accounts on credit, so that nothing is refused.
async fn provision(store: &Store) -> anyhow::Result<()> {
    let (currency, created_at) = (eur()?, Clock::system().now());
    let tariff = TariffRow { id: TariffId::from_raw(1 << 8), name: "bench".to_owned(), currency, created_at };
    let mut work = store.begin().await?;
    work.upsert_tariff(&tariff).await?;
    let balance = |id, account_id, kind| BalanceRow { id, account_id, kind, currency, balance_micros: 0, shard: 0 };
    for (id, kind) in (1_i64..).zip(BalanceKind::OURS) {
        work.ensure_balance(&balance(id, None, kind)).await?;
    }
    for number in 0..ACCOUNTS {
        let id = account(number);
        let row = AccountRow {
            id,
            name: format!("account {number}"),
            currency,
            state: AccessState::Active,
            credit_limit_micros: i64::MAX / 4,
            tariff_id: tariff.id,
            created_at,
            throughput: String::new(),
            wallet_of: None,
            margin_floor: String::new(),
            message_price_micros_max: None,
            content_rules: String::new(),
            message_rules: String::new(),
            limits: String::new(),
            otp_guard: String::new(),
            allowed_ips: Vec::new(),
            rate_limits: String::new(),
        };
        work.upsert_account(&row).await?;
        work.ensure_balance(&balance(wallet_of(id), Some(id), BalanceKind::Wallet)).await?;
        work.ensure_balance(&balance(wallet_of(id) + 1, Some(id), BalanceKind::Held)).await?;
    }
    Ok(work.commit().await?)
}

const fn wallet_of(account: AccountId) -> i64 {
    account.raw() + (1 << 40)
}

/// As many as can be: each client holds, captures, and begins anew.
async fn closed(engine: &Engine, duration: Duration, whose: impl Fn(u32) -> AccountId) -> anyhow::Result<u64> {
    let (until, done) = (Instant::now() + duration, Arc::new(AtomicU64::new(0)));
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let (engine, done) = (engine.clone(), Arc::clone(&done));
        let accounts: Vec<_> = (0..64).map(|_| whose(rand::rng().random())).collect();
        clients.spawn(async move {
            for account in accounts.into_iter().cycle() {
                if Instant::now() >= until {
                    break;
                }
                let hold = order(&engine, account, hold()).await?;
                order(&engine, account, Order::Capture { hold, micros: None, last: true }).await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        });
    }
    while let Some(client) = clients.join_next().await {
        client??;
    }
    Ok(done.load(Ordering::Relaxed) * 1_000 / u64::try_from(duration.as_millis())?.max(1))
}

/// Holds at a fixed rate, each measured from the moment at which it was due.
async fn open_loop(engine: &Engine, duration: Duration, latencies: &mut Latencies) -> anyhow::Result<()> {
    let (start, total) = (Instant::now(), RATE_PER_S * duration.as_secs());
    let mut holds = tokio::task::JoinSet::new();
    for number in 0..total {
        let due = start + Duration::from_micros(number * 1_000_000 / RATE_PER_S);
        tokio::time::sleep_until(due.into()).await;
        let (engine, account) = (engine.clone(), account(i64::try_from(number)? % ACCOUNTS));
        holds.spawn(async move { order(&engine, account, hold()).await.map(|_| due.elapsed()) });
        while let Some(ended) = holds.try_join_next() {
            latencies.record(u64::try_from(ended??.as_micros())?);
        }
    }
    while let Some(ended) = holds.join_next().await {
        latencies.record(u64::try_from(ended??.as_micros())?);
    }
    Ok(())
}

fn hold() -> Order {
    Order::Hold { micros: MICROS, expires_at: Timestamp(i64::MAX / 2) }
}

async fn order(engine: &Engine, account: AccountId, order: Order) -> anyhow::Result<HoldId> {
    static KEYS: AtomicU64 = AtomicU64::new(0);
    let key = format!("bench-{}-{}", std::process::id(), KEYS.fetch_add(1, Ordering::Relaxed));
    let command = Command { account, key, fingerprint: String::new(), order };
    let outcomes = engine.charge(vec![command], false).await.map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
    let outcome = outcomes.first().context("no outcome")?;
    outcome.answer.map(|done| done.hold).map_err(|refusal| anyhow::anyhow!("{refusal:?}"))
}

/// What the same costs with a transaction for each command: the same rows, and nothing shared.
async fn naive(store: &Store, duration: Duration) -> anyhow::Result<u64> {
    let (until, done) = (Instant::now() + duration, Arc::new(AtomicU64::new(0)));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..NAIVE_WRITERS {
        let (store, done, currency) = (store.clone(), Arc::clone(&done), eur()?);
        let first = i64::try_from(writer + 1)? << 44;
        writers.spawn(async move {
            for number in (0_i64..).step_by(2) {
                if Instant::now() >= until {
                    break;
                }
                let id = first + (number << 8);
                store.commit(&single(id, id, currency, Verb::Hold)).await?;
                store.commit(&single(id + 256, id, currency, Verb::Capture)).await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        });
    }
    while let Some(writer) = writers.join_next().await {
        writer??;
    }
    let per_s = done.load(Ordering::Relaxed) * 1_000 / u64::try_from(duration.as_millis())?.max(1);
    ensure!(per_s > 0, "not one charge was stored");
    Ok(per_s)
}

fn single(id: i64, hold: i64, currency: Currency, verb: Verb) -> Batch {
    let now = Timestamp(1);
    let (wallet, held) = (wallet_of(HOT), wallet_of(HOT) + 1);
    let (kind, debit_id, credit_id) = match verb {
        Verb::Hold => (PostingKind::Hold, wallet, held),
        _ => (PostingKind::Capture, held, 1),
    };
    let state = if verb == Verb::Hold { HoldState::Open } else { HoldState::Captured };
    let row = HoldRow {
        id: HoldId::from_raw(hold),
        account_id: HOT,
        payer_id: HOT,
        amount_micros: MICROS,
        captured_micros: if state == HoldState::Open { 0 } else { MICROS },
        refunded_micros: 0,
        currency,
        state,
        expires_at: Some(Timestamp(i64::MAX / 2)),
        created_at: now,
        ended_at: None,
        block_id: 0,
    };
    let posting = PostingId::from_raw(id);
    let command = LedgerCommandRow {
        id,
        account_id: HOT,
        key: format!("naive-{id}"),
        fingerprint: String::new(),
        verb,
        hold_id: Some(row.id),
        answer: "{}".to_owned(),
        amount_micros: MICROS,
        posting_id: Some(posting),
        released_micros: 0,
        release_posting_id: None,
        created_at: now,
        block_id: 0,
    };
    let amount_micros = MICROS;
    let posting =
        PostingRow { id: posting, debit_id, credit_id, amount_micros, currency, kind, created_at: now, block_id: 0 };
    let delta = |id, delta_micros| BalanceDelta { id, delta_micros };
    let (holds, hold_updates) = if verb == Verb::Hold { (vec![row], vec![]) } else { (vec![], vec![row]) };
    Batch {
        holds,
        hold_updates,
        commands: vec![command],
        postings: vec![posting],
        balances: vec![delta(debit_id, -MICROS), delta(credit_id, MICROS)],
        ..Batch::default()
    }
}
