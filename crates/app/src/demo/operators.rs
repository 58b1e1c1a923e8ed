//! The two simulated operators, each with a password of its own: made at the first start, and kept.

use sambac_engine::api_key::random_secret;
use sambac_engine::clock::Clock;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpListener;

use crate::exit::Failure;
use crate::simulate::{Scenario, Simulator};

/// Their passwords of an earlier start: with others, each start would change the configuration.
#[derive(Default)]
pub(super) struct Passwords {
    pub(super) alpha: Option<SecretString>,
    pub(super) beta: Option<SecretString>,
}

/// Both operators.
pub(super) struct Operators {
    alpha: Operator,
    beta: Operator,
}

struct Operator {
    simulator: Simulator,
    password: String,
}

impl Operators {
    /// Starts them on bound sockets.
    pub(super) fn start(alpha: TcpListener, beta: TcpListener, kept: Passwords) -> Result<Self, Failure> {
        Ok(Self { alpha: Operator::start(alpha, kept.alpha)?, beta: Operator::start(beta, kept.beta)? })
    }

    /// Their ports, alpha first.
    pub(super) fn ports(&self) -> [u16; 2] {
        [&self.alpha, &self.beta].map(|operator| operator.simulator.address().port())
    }

    /// Their addresses, alpha first.
    pub(super) fn addresses(&self) -> [String; 2] {
        [&self.alpha, &self.beta].map(|operator| operator.simulator.address().to_string())
    }

    /// What a variable of the demonstration's provisioning file stands for.
    pub(super) fn password(&self, variable: &str) -> Option<String> {
        match variable {
            "DEMO_ALPHA_PASSWORD" => Some(self.alpha.password.clone()),
            "DEMO_BETA_PASSWORD" => Some(self.beta.password.clone()),
            _ => None,
        }
    }

    /// Unbinds and ends both.
    pub(super) async fn stop(self) {
        self.alpha.simulator.stop().await;
        self.beta.simulator.stop().await;
    }
}

impl Operator {
    fn start(listener: TcpListener, kept: Option<SecretString>) -> Result<Self, Failure> {
        let password: String = match kept {
            Some(password) => password.expose_secret().to_owned(),
            // SMPP 3.4 allows eight characters.
            None => random_secret()?.expose_secret().chars().take(8).collect(),
        };
        let mut scenario = Scenario::default();
        scenario.bind.password = Some(password.clone());
        let simulator = Simulator::start(scenario, listener, None, Clock::system().now().0)?;
        Ok(Self { simulator, password })
    }
}
