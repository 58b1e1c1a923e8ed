//! The `status` command: health, connectors, queues and balance, from outside.

use clap::Args;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Access, Client};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::table::Table;

/// Show health, connectors, queues and the balance. Exits with 4 when the platform takes no messages.
#[derive(Args, Debug)]
pub(crate) struct Status {
    #[command(flatten)]
    access: Access,
    /// Health and metrics of the platform, as http://127.0.0.1:8081; SAMBAC_SERVICES_URL if not given.
    #[arg(long)]
    services_url: Option<String>,
}

impl Status {
    /// Asks and prints.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let client = self.access.client()?;
        let balance = client.get("/v1/balance").await?;
        let services = self.services_url.clone().map_or_else(|| self.access.services_url(), |url| Ok(Some(url)))?;
        let platform = match &services {
            Some(url) => platform(&client, url.trim_end_matches('/')).await?,
            None => Value::Null,
        };
        let status = json!({"balance": balance, "platform": platform});
        output.print(&status, || shown(&balance, &platform))?;
        if platform.is_null() || platform["accepting"] == true {
            return Ok(());
        }
        Err(Failure::because(Exit::Refused, "the platform takes no messages now"))
    }
}

async fn platform(client: &Client, url: &str) -> Result<Value, Failure> {
    let (status, ready) = client.get_open(&format!("{url}/health/ready")).await?;
    let ready: Value = serde_json::from_str(&ready).unwrap_or(Value::Null);
    let (_, metrics) = client.get_open(&format!("{url}/metrics")).await?;
    Ok(json!({
        "accepting": status == StatusCode::OK,
        "reason": ready["detail"],
        "connectors": ready["connectors"],
        "queues": queues(&metrics),
    }))
}

/// The gauges of queues: every metric whose name tells a depth.
fn queues(metrics: &str) -> Value {
    let lines = metrics.lines().filter(|line| !line.starts_with('#') && line.contains("queue"));
    let pair = |line: &str| {
        let (name, value) = line.rsplit_once(' ')?;
        Some((name.to_owned(), json!(value)))
    };
    Value::Object(lines.filter_map(pair).collect())
}

fn shown(balance: &Value, platform: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut lines = format!(
        "balance   {} {} available, {} held\n",
        text(&balance["available"]),
        text(&balance["currency"]),
        text(&balance["held"])
    );
    if platform.is_null() {
        lines.push_str("health    not asked: give --services-url\n");
        return lines;
    }
    let health = if platform["accepting"] == true { "takes messages".to_owned() } else { text(&platform["reason"]) };
    lines.push_str(&format!("health    {health}\n\n"));
    let mut table = Table::new(&["connector", "enabled", "bound", "binds"]);
    for connector in platform["connectors"].as_array().map_or(&[][..], Vec::as_slice) {
        table.row(["name", "enabled", "bound", "binds"].map(|key| text(&connector[key])));
    }
    lines.push_str(&table.to_string());
    let mut queues = Table::new(&["queue", "value"]);
    for (name, value) in platform["queues"].as_object().into_iter().flatten() {
        queues.row([name.clone(), text(value)]);
    }
    lines.push('\n');
    lines + &queues.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_gauges_are_picked_from_the_metrics() {
        let metrics = "# TYPE a gauge\nsambac_queue_tasks{lane=\"0\"} 12\nsambac_messages_total 5\n# EOF\n";
        assert_eq!(queues(metrics), json!({"sambac_queue_tasks{lane=\"0\"}": "12"}));
    }

    #[test]
    fn a_platform_that_refuses_says_why() {
        let platform = json!({"accepting": false, "reason": "the service is stopping", "connectors": [], "queues": {}});
        let balance = json!({"available": "5.00", "held": "0.05", "currency": "EUR"});
        let text = shown(&balance, &platform);
        assert!(text.contains("5.00 EUR available, 0.05 held") && text.contains("the service is stopping"), "{text}");
    }
}
