//! A message's life, as `GET /v1/sms/{id}` tells it: waited for, and shown with the time of each step.
//!
//! ```text
//!        0  accepted    1 segment
//! +2.113 ms submitting  connector con_…, attempt 1
//! ```

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::Client;
use crate::exit::Failure;
use crate::table::Table;

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Asks until `is_done` is satisfied or the time is over, and returns what was known last.
pub(crate) async fn wait(
    client: &Client,
    message_id: &str,
    limit: Duration,
    is_done: impl Fn(&Value) -> bool,
) -> Result<Value, Failure> {
    let deadline = Instant::now() + limit;
    loop {
        let life = client.get(&format!("/v1/sms/{message_id}")).await?;
        if is_done(&life) || Instant::now() >= deadline {
            return Ok(life);
        }
        sleep(POLL_INTERVAL).await;
    }
}

/// Whether nothing more will happen to the message.
pub(crate) fn is_final(life: &Value) -> bool {
    life["final_at"].is_string()
}

/// Whether an attempt to tell a webhook was made.
pub(crate) fn is_told(life: &Value) -> bool {
    life["timeline"].as_array().is_some_and(|lines| lines.iter().any(|line| line["event"] == "webhook"))
}

/// Whether it reached the handset.
pub(crate) fn is_delivered(life: &Value) -> bool {
    life["state"] == "delivered"
}

/// The time line with the time since the message was accepted.
pub(crate) fn table(life: &Value) -> String {
    let mut table = Table::new(&["after", "step", "seg", "detail"]);
    let lines = life["timeline"].as_array().map_or(&[][..], Vec::as_slice);
    let start = lines.first().and_then(|line| moment(&line["at"]));
    for line in lines {
        let after = start.zip(moment(&line["at"])).map(|(start, at)| at.as_microsecond() - start.as_microsecond());
        let segment = line["segment"].as_u64().map(|number| number.to_string()).unwrap_or_default();
        let step = line["event"].as_str().unwrap_or_default().to_owned();
        table.row([after.map(offset).unwrap_or_default(), step, segment, detail(&line["detail"])]);
    }
    table.to_string()
}

fn moment(text: &Value) -> Option<Timestamp> {
    text.as_str()?.parse().ok()
}

/// Microseconds as milliseconds with three decimals, or seconds.
fn offset(micros: i64) -> String {
    match micros {
        0 => "0".to_owned(),
        ..10_000_000 => format!("+{}.{:03} ms", micros / 1_000, micros % 1_000),
        _ => format!("+{}.{:03} s", micros / 1_000_000, micros / 1_000 % 1_000),
    }
}

fn detail(detail: &Value) -> String {
    let Some(parts) = detail.as_object() else { return String::new() };
    let part = |(name, value): (&String, &Value)| match value {
        Value::Null => None,
        Value::String(text) => Some(format!("{name} {text}")),
        other => Some(format!("{name} {other}")),
    };
    parts.iter().filter_map(part).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_step_is_shown_with_the_time_since_the_first() {
        let life = json!({"timeline": [
            {"at": "2026-01-01T00:00:00.000001Z", "event": "accepted", "detail": {"segments": 1}},
            {"at": "2026-01-01T00:00:00.002114Z", "event": "submitting", "segment": 1, "detail": {"attempt": 1, "x": null}},
            {"at": "2026-01-01T00:00:12.500001Z", "event": "delivered", "segment": 1},
        ]});
        let table = table(&life);
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["0", "accepted", "segments", "1"]);
        assert_eq!(lines[2], ["+2.113", "ms", "submitting", "1", "attempt", "1"]);
        assert_eq!(lines[3], ["+12.500", "s", "delivered", "1"]);
    }
}
