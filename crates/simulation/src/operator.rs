//! An operator's SMSC: what it has taken, what it has answered, and which receipts it still has to tell. Its memory outlives its links.

mod receipt;
mod serve;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sambac_domain::time::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::Notify;

use crate::dice::Dice;
use crate::times::Times;
use crate::weather::{Mood, at};
use crate::world::{World, locked};

pub(crate) use receipt::Receipt;

/// Octets on their way in one direction.
const PIPE_OCTETS: usize = 1 << 16;

/// One segment as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    pub(crate) order: usize,
    pub(crate) part: u8,
    pub(crate) at: Timestamp,
    /// What the engine's clock showed then.
    pub(crate) wall: Timestamp,
    /// The status that it was answered with; none when it was not.
    pub(crate) answered: Option<u32>,
    /// Whether the operator has it.
    pub(crate) taken: bool,
    pub(crate) id: String,
    /// When the first of what was told of it was acknowledged.
    pub(crate) told_at: Option<Timestamp>,
    /// What was told of it and acknowledged, in order.
    pub(crate) told: Vec<&'static str>,
    /// What was sent of it, in order, whether or not it arrived.
    pub(crate) sent: Vec<&'static str>,
    /// What is going to be told or was, in order.
    pub(crate) fate: Vec<&'static str>,
}

/// One operator.
pub(crate) struct Operator {
    pub(crate) no: usize,
    /// Its links are cut.
    pub(crate) cut: Notify,
    pub(crate) memory: Mutex<Memory>,
}

/// What it remembers.
pub(crate) struct Memory {
    dice: Dice,
    times: Times,
    pub(crate) copies: Vec<Copy>,
    /// Receipts to be told, by when and in which order they came to be.
    due: BTreeMap<(Duration, u64), Receipt>,
    number: u64,
    /// From when to when each bind was there; the last ones may still be.
    pub(crate) binds: Vec<(Duration, Duration)>,
}

impl Operator {
    pub(crate) fn new(seed: u64, no: usize, times: Times) -> Self {
        let memory = Memory {
            dice: Dice::named(seed, &format!("operator {no}")),
            times,
            copies: Vec::new(),
            due: BTreeMap::new(),
            number: 0,
            binds: Vec::new(),
        };
        Self { no, cut: Notify::new(), memory: Mutex::new(memory) }
    }

    /// Receipts that are still to be told.
    pub(crate) fn receipts_left(&self) -> usize {
        locked(&self.memory).due.len()
    }
}

impl World {
    pub(crate) fn mood(&self, operator: usize) -> Mood {
        let spells = self.weather.operators.get(operator).map_or(&[][..], Vec::as_slice);
        at(spells, self.passed()).map_or(Mood::Well, |spell| spell.what)
    }
}

/// Opens a link to an operator; nobody answers while it is down.
pub(crate) fn connect(world: &Arc<World>, no: usize) -> std::io::Result<DuplexStream> {
    if world.mood(no) == Mood::Down || no >= world.operators.len() {
        return Err(std::io::ErrorKind::ConnectionRefused.into());
    }
    let (ours, far) = tokio::io::duplex(PIPE_OCTETS);
    let (near, theirs) = tokio::io::duplex(PIPE_OCTETS);
    tokio::spawn(carry(Arc::clone(world), no, (far, near)));
    tokio::spawn(serve::serve(Arc::clone(world), no, theirs));
    Ok(ours)
}

/// Carries octets both ways until an end closes or the link is cut. What meets an operator that is half open is dead for ever.
async fn carry(world: Arc<World>, no: usize, (far, near): (DuplexStream, DuplexStream)) {
    let (from_far, to_far) = tokio::io::split(far);
    let (from_near, to_near) = tokio::io::split(near);
    tokio::select! {
        biased;
        () = copy(&world, no, from_far, to_near) => {}
        () = copy(&world, no, from_near, to_far) => {}
        () = world.operators[no].cut.notified() => world.note(format_args!("the link to operator {no} is cut")),
    }
}

async fn copy(world: &World, no: usize, mut from: ReadHalf<DuplexStream>, mut to: WriteHalf<DuplexStream>) {
    let mut octets = vec![0; 4_096];
    while let Ok(read @ 1..) = from.read(&mut octets).await {
        if world.mood(no) == Mood::HalfOpen {
            // Nobody hears of it: the link stays as it is, and nothing passes any more.
            std::future::pending::<()>().await;
        }
        if to.write_all(&octets[..read]).await.is_err() {
            return;
        }
    }
}
