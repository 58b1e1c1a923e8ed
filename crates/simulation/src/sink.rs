//! Receivers of webhooks: most take what they are posted; some refuse, ask to wait, fall silent, or take it and break the connection.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::time::Timestamp;
use sambac_engine::simulated::Posted;

use crate::world::{World, locked};

/// As long as the engine's HTTP client would wait.
const TIMEOUT: Duration = Duration::from_secs(15);

/// An event that was posted.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    pub(crate) event: String,
    pub(crate) message: String,
    pub(crate) kind: String,
    pub(crate) error: String,
    /// The receiver has it, whether or not the engine knows.
    pub(crate) taken: bool,
    pub(crate) at: Timestamp,
}

/// Takes a post.
pub(crate) async fn post(world: Arc<World>, event: String, body: String) -> Posted {
    let (roll, pause) = {
        let mut dice = locked(&world.sink_dice);
        (dice.between(0, 999), dice.millis(2, 300))
    };
    tokio::time::sleep(pause).await;
    // Where all is well, whatever is posted is taken.
    let roll = if world.is_healed() || world.weather.is_calm() { 999 } else { roll };
    let answer = match roll {
        0..15 => Err("time-out"),
        15..30 => Err("connection broke"),
        30..45 => Ok((500, None)),
        45..60 => Ok((503, Some(Duration::from_secs(20)))),
        60..65 => Ok((429, Some(Duration::from_secs(90)))),
        _ => Ok((200, None)),
    };
    // Of what breaks, the first half has arrived.
    let taken = matches!(answer, Ok((200, _))) || matches!(roll, 0..7 | 15..22);
    keep(&world, event, &body, taken);
    if answer == Err("time-out") {
        tokio::time::sleep(TIMEOUT).await;
    }
    answer
}

fn keep(world: &World, event: String, body: &str, taken: bool) {
    let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let text = |pointer: &str| json.pointer(pointer).and_then(|value| value.as_str()).map(str::to_owned);
    let kind = text("/type").unwrap_or_default();
    let error = text("/data/error").unwrap_or_default();
    let message = text("/data/message_id").unwrap_or_default();
    world.note(format_args!("posted {kind} of {message}, {}", if taken { "taken" } else { "not taken" }));
    let hook = Hook { event, message, kind, error, taken, at: world.now() };
    locked(&world.hooks).push(hook);
}
