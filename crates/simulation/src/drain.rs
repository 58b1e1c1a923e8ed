//! When a run is over: as soon as all that was begun has ended, or nothing that is left will end any more.

use std::time::Duration;

use sambac_domain::id::MessageId;
use sambac_domain::time::Timestamp;
use sambac_engine::Engine;
use sambac_store::Expiring;

use crate::life::End;
use crate::world::World;

/// How long all may take to end once all is well: longer than any pause between two attempts at telling a client.
const DRAIN_MAX: Duration = Duration::from_secs(14 * 3_600);
/// How long after that operators' receipts may be turned down before nobody will ever take them.
const TURNED_DOWN_MAX: Duration = Duration::from_secs(1_800);
/// What is put off is given its time, and what follows from it some more …
const PUT_OFF: Duration = Duration::from_secs(120);
/// … this often: what is put off again and again never ends.
const PUT_OFF_MAX: usize = 12;
/// Rows of the outbox that are looked at.
const ROWS: u32 = 500;

/// Waits until faults are over and all that was begun has ended.
pub(crate) async fn drained(world: &World, engine: &Engine) -> End {
    if until_well(world).await {
        return End::Done;
    }
    world.note(format_args!("all is well"));
    let mut settled = world.end + world.times.settled() + world.weather.set_back();
    let mut left = PUT_OFF_MAX;
    loop {
        tokio::time::sleep(world.times.look).await;
        let told = world.operators.iter().all(|operator| operator.receipts_left() == 0);
        if world.is_seen_through() || told && is_empty(engine).await {
            return End::Done;
        }
        let passed = world.passed();
        if passed > settled + TURNED_DOWN_MAX {
            return End::Stuck;
        }
        if passed > settled && told {
            match put_off(engine).await.filter(|_| left > 0 && passed < world.end + DRAIN_MAX) {
                Some(until) => settled = passed + until + PUT_OFF,
                None => return End::Stuck,
            }
            left -= 1;
        }
    }
}

/// Waits until faults are over. True: nobody needs to see the rest.
async fn until_well(world: &World) -> bool {
    while !world.is_healed() {
        if world.is_seen_through() {
            return true;
        }
        world.until(world.end.min(world.passed() + world.times.look)).await;
    }
    false
}

/// Whether nothing is on its way any more.
async fn is_empty(engine: &Engine) -> bool {
    let store = engine.store();
    let queued = store.outbox_targets().await.is_ok_and(|targets| targets.is_empty());
    let nothing = (Timestamp(i64::MIN), MessageId::from_raw(0));
    let open = store.messages_expiring(Expiring::Open, nothing, Timestamp::MAX, 1).await;
    queued && open.is_ok_and(|open| open.is_empty())
}

/// How long the engine waits until its next attempt at something, if it does as it should.
async fn put_off(engine: &Engine) -> Option<Duration> {
    let now = engine.clock().now();
    let rows = engine.store().outbox_due(Timestamp::MAX, ROWS).await.unwrap_or_default();
    let last = rows.iter().map(|row| row.due_at).max().filter(|last| *last > now)?;
    u64::try_from(last.0 - now.0).ok().map(Duration::from_micros)
}
