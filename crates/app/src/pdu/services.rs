//! The services listener of a running platform, asked without a key: it is for the inside only. CDRs need an admin key.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use reqwest::Response;
use serde_json::Value;

use crate::client::env_file::EnvFile;
use crate::exit::{Exit, Failure};

const KEY: &str = "SAMBAC_ADMIN_KEY";

/// Where it is.
#[derive(Args, Clone, Debug)]
pub(crate) struct Services {
    /// The platform's services, as http://127.0.0.1:8081.
    #[arg(long, env = "SAMBAC_SERVICES_URL")]
    services_url: Option<String>,
    /// File with SAMBAC_SERVICES_URL, for what the environment does not say.
    #[arg(long, value_name = "FILE", default_value = "demo-data/demo.env")]
    env_file: PathBuf,
}

impl Services {
    /// `GET path`; the answer may take as long as it likes to end.
    pub(crate) async fn get(&self, path: &str, parameters: &[(&str, String)]) -> Result<Response, Failure> {
        let mut url = self.url(path)?;
        url.query_pairs_mut().extend_pairs(parameters).finish();
        good(client()?.get(url.clone()).send().await, &url).await
    }

    /// `GET path` with the admin key of the environment (`SAMBAC_ADMIN_KEY`) or of the file.
    pub(crate) async fn get_with_key(&self, path: &str, parameters: &[(&str, String)]) -> Result<Response, Failure> {
        let file = EnvFile::read(&self.env_file).unwrap_or_default();
        let key = std::env::var(KEY).ok().or_else(|| file.get(KEY));
        let missing = || Failure::because(Exit::Configuration, format!("{KEY} is not set, nor in the file"));
        let mut url = self.url(path)?;
        url.query_pairs_mut().extend_pairs(parameters).finish();
        good(client()?.get(url.clone()).bearer_auth(key.ok_or_else(missing)?).send().await, &url).await
    }

    /// `POST path` with `body`.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let url = self.url(path)?;
        Ok(good(client()?.post(url.clone()).json(body).send().await, &url).await?.json().await?)
    }

    fn url(&self, path: &str) -> Result<url::Url, Failure> {
        let file = EnvFile::read(&self.env_file).unwrap_or_default();
        let base = self.services_url.clone().or_else(|| file.get("SAMBAC_SERVICES_URL"));
        let base = base.unwrap_or_else(|| "http://127.0.0.1:8081".to_owned());
        url::Url::parse(&format!("{}{path}", base.trim_end_matches('/')))
            .map_err(|error| Failure::because(Exit::Configuration, format!("{base}: {error}")))
    }
}

fn client() -> Result<reqwest::Client, Failure> {
    Ok(reqwest::Client::builder().connect_timeout(Duration::from_secs(5)).build()?)
}

async fn good(answer: reqwest::Result<Response>, url: &url::Url) -> Result<Response, Failure> {
    let answer = answer.map_err(|error| {
        let why = if error.is_connect() { "nothing listens there".to_owned() } else { error.to_string() };
        Failure::because(Exit::Unreachable, format!("{url} does not answer: {why}"))
    })?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    let problem: Value = answer.json().await.unwrap_or_default();
    let detail = problem["errors"][0]["detail"].as_str().or(problem["detail"].as_str());
    let part = problem["errors"][0]["parameter"].as_str().map_or_else(String::new, |name| format!("{name} "));
    let text = format!("{}: {part}{}", problem["code"].as_str().unwrap_or("refused"), detail.unwrap_or_default());
    Err(Failure::because(Exit::Refused, text))
}
