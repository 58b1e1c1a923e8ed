//! The `send` command: one message from the shell, and its life.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::{Access, life};
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Send a message and show its life. Exits with 4 when it is not delivered.
#[derive(Args, Debug)]
pub(crate) struct Send {
    /// Destination, as +999000000000.
    #[arg(long)]
    to: String,
    /// The text.
    #[arg(long)]
    text: String,
    /// What the handset shows as the sender.
    #[arg(long, default_value = "Sambac")]
    from: String,
    /// otp, transactional or marketing.
    #[arg(long, default_value = "transactional")]
    class: String,
    /// Return as soon as the platform has taken it.
    #[arg(long)]
    no_wait: bool,
    /// Seconds to wait for the final state.
    #[arg(long, default_value_t = 60)]
    timeout_s: u64,
    #[command(flatten)]
    access: Access,
}

impl Send {
    /// Sends and waits.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let client = self.access.client()?;
        let body = json!({"to": self.to, "from": self.from, "text": self.text, "class": self.class});
        let accepted = client.post("/v1/sms/send", &body).await?;
        let message_id = accepted["message_id"].as_str().unwrap_or_default().to_owned();
        if self.no_wait {
            return output.print(&accepted, || format!("accepted as {message_id}"));
        }
        let limit = Duration::from_secs(self.timeout_s);
        let life = life::wait(&client, &message_id, limit, life::is_final).await?;
        let state = life["state"].as_str().unwrap_or("unknown");
        output.print(&life, || format!("{message_id} is {state}\n\n{}", life::table(&life)))?;
        if life::is_delivered(&life) {
            return Ok(());
        }
        let after = if life::is_final(&life) { String::new() } else { format!(" after {} s", self.timeout_s) };
        Err(Failure::because(Exit::Refused, format!("{message_id} is {state}{after}, not delivered")))
    }
}
