//! Lays what everybody outside saw beside the database. It believes nothing that the engine says of itself.
//!
//! What may not be: a message that was answered and is not there, one that is there twice, one that nobody sent; a segment that an
//! operator got twice without a mark, an OTP that went to the same operator again, anything sent past its validity; an end that no
//! operator told, a receipt that was acknowledged and changed nothing; news that its client never got, or got in two words; money that
//! does not add up; anything still on its way at the end.

mod binds;
mod message;
mod news;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::Result;
use sambac_domain::MessageState;
use sambac_engine::seal::Seal;
use sambac_store::Store;
use sambac_store::chain::{NoCdrFiles, Report};
use sambac_testkit::scenario::Database;

use crate::operator::Copy;
use crate::order::Order;
use crate::site::{ACCOUNTS, FUNDS};
use crate::world::{World, locked};

/// A message's row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    id: i64,
    state: i64,
    accepted_at: i64,
    expires_at: i64,
    final_at: Option<i64>,
}

/// A segment's row, with its charge.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    state: i64,
    possible_duplicate: bool,
    final_at: Option<i64>,
    charge: Option<i64>,
    price: Option<i64>,
}

/// The columns of a message, and of a segment with its charge, as they are read.
type Message = (i64, Option<String>, i64, i64, i64, i64, Option<i64>);
type Part = (i64, i64, bool, Option<i64>, Option<i64>, Option<i64>);

/// Everything at the end.
pub(super) struct Bench<'a> {
    world: &'a World,
    orders: Vec<Order>,
    /// The rows that each order came to.
    rows: HashMap<usize, Vec<Row>>,
    segments: HashMap<i64, Segment>,
    copies: BTreeMap<(usize, u8), Vec<(usize, Copy)>>,
}

/// A state by its number in the database.
pub(super) const DELIVERED: i64 = 6;

/// What the word for a state is.
pub(super) fn word(state: i64) -> &'static str {
    i16::try_from(state).ok().and_then(MessageState::from_code).map_or("unknown", MessageState::as_str)
}

/// Judges a run that has ended, and gives how many messages ended how.
pub(crate) async fn judge(world: &World, path: &Path) -> Result<BTreeMap<&'static str, u64>> {
    let mut database = Database::open(path).await?;
    let bench = Bench::read(world, &mut database).await?;
    let mut ends: BTreeMap<&'static str, u64> = BTreeMap::new();
    for (no, order) in bench.orders.iter().enumerate() {
        for row in bench.message(no, order) {
            *ends.entry(word(row.state)).or_default() += 1;
        }
    }
    bench.news();
    bench.binds();
    bench.left(&mut database).await?;
    if let Err(error) = database.audit().await {
        world.found("the books do not add up", error.to_string());
    }
    Ok(ends)
}

/// Verifies the chain that seals the books.
pub(crate) async fn verify_chain(world: &World, store: &Store, seal: &Seal) -> Result<()> {
    let mut told = Vec::new();
    let mut tell = |report: Report<'_>| {
        if let Report::Found(finding) = report {
            told.push(format!("{finding:?}"));
        }
    };
    store.verify_ledger(&seal.chain_key(), &[], &mut NoCdrFiles, &mut tell).await?;
    told.into_iter().for_each(|text| world.found("the chain of the books is broken", text));
    Ok(())
}

impl<'a> Bench<'a> {
    async fn read(world: &'a World, database: &mut Database) -> Result<Self> {
        let orders = locked(&world.orders).all.clone();
        let by_number: HashMap<i64, usize> = orders
            .iter()
            .enumerate()
            .filter(|(_, order)| order.to.starts_with("99901"))
            .filter_map(|(no, order)| Some((order.to.parse().ok()?, no)))
            .collect();
        let mut rows: HashMap<usize, Vec<Row>> = HashMap::new();
        let sql =
            "SELECT id, client_ref, destination, state, accepted_at, expires_at, final_at FROM messages ORDER BY id";
        for (id, reference, to, state, accepted_at, expires_at, final_at) in database.rows::<Message>(sql).await? {
            let no = reference.and_then(|text| text.parse().ok()).or_else(|| by_number.get(&to).copied());
            match no.filter(|no| *no < orders.len()) {
                Some(no) => rows.entry(no).or_default().push(Row { id, state, accepted_at, expires_at, final_at }),
                None => world.found("a message that nobody sent", id.to_string()),
            }
        }
        let sql = "SELECT s.id, s.state, s.possible_duplicate, s.final_at, c.state, c.amount_micros \
            FROM segments s LEFT JOIN charges c ON c.id = s.id";
        let segment = |(id, state, possible_duplicate, final_at, charge, price): Part| {
            (id, Segment { state, possible_duplicate, final_at, charge, price })
        };
        let segments = database.rows(sql).await?.into_iter().map(segment).collect();
        let mut copies: BTreeMap<(usize, u8), Vec<(usize, Copy)>> = BTreeMap::new();
        for operator in &world.operators {
            for copy in &locked(&operator.memory).copies {
                copies.entry((copy.order, copy.part)).or_default().push((operator.no, copy.clone()));
            }
        }
        Ok(Self { world, orders, rows, segments, copies })
    }

    /// What is still on its way or set aside, and what is gone from each wallet.
    async fn left(&self, database: &mut Database) -> Result<()> {
        for (what, sql) in [
            ("work is left in the outbox", "SELECT COUNT(*) FROM outbox"),
            ("an intent is left open", "SELECT COUNT(*) FROM submit_intents"),
            ("money is still set aside", "SELECT SUM(balance_micros) FROM balances WHERE kind = 'held'"),
        ] {
            let left = database.number(sql).await?;
            if left != 0 {
                self.world.found(what, left.to_string());
            }
        }
        let accounts = i64::try_from(ACCOUNTS)?;
        let paid = database.number("SELECT SUM(balance_micros) FROM balances WHERE kind = 'wallet'").await?;
        let captured = database.number("SELECT SUM(captured_micros) FROM charges WHERE state IN (1, 3)").await?;
        if paid + captured != accounts * FUNDS * 1_000_000 {
            self.world.found("wallets differ from what was captured", format!("{paid} left, {captured} captured"));
        }
        Ok(())
    }
}
