//! The platform seen from outside, as its clients see it: REST with an API key.

pub(crate) mod admin;
pub(crate) mod env_file;
pub(crate) mod life;
pub(crate) mod send;
pub(crate) mod status;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use reqwest::{Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::exit::{Exit, Failure};
use env_file::EnvFile;

/// Where the platform is and who asks. The API key is never an argument: a command line can be read by everybody on the
/// machine.
#[derive(Args, Clone, Debug)]
pub(crate) struct Access {
    /// The platform's public API.
    #[arg(long, env = "SAMBAC_URL")]
    url: Option<String>,
    /// File with SAMBAC_URL, SAMBAC_API_KEY, SAMBAC_ADMIN_KEY and so on, for what the environment does not say.
    #[arg(long, value_name = "FILE", default_value = "demo-data/demo.env")]
    env_file: PathBuf,
}

/// A client of the platform.
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    key: SecretString,
}

/// For what may take long: large files.
const LONG: Duration = Duration::from_secs(600);

impl Access {
    /// The client, with the API key of the environment (`SAMBAC_API_KEY`) or of the file.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        self.client_with("SAMBAC_API_KEY")
    }

    /// The client of the admin API, with the key of the environment (`SAMBAC_ADMIN_KEY`) or of the file.
    pub(crate) fn admin_client(&self) -> Result<Client, Failure> {
        self.client_with("SAMBAC_ADMIN_KEY")
    }

    /// The client of who has logged in, with the session's token of the environment (`SAMBAC_SESSION`) or of the file.
    pub(crate) fn client_of_session(&self) -> Result<Client, Failure> {
        self.client_with("SAMBAC_SESSION")
    }

    /// A client that shows nothing.
    pub(crate) fn client_without_key(&self) -> Result<Client, Failure> {
        Client::new(&self.found_url()?, SecretString::default())
    }

    /// Where the platform is.
    pub(crate) fn found_url(&self) -> Result<String, Failure> {
        let url = self.url.clone().or(self.file()?.get("SAMBAC_URL"));
        url.ok_or_else(|| self.missing("SAMBAC_URL"))
    }

    fn missing(&self, name: &str) -> Failure {
        let text = format!("{name} is not set, and {} does not say it", self.env_file.display());
        Failure::because(Exit::Configuration, text)
    }

    fn client_with(&self, key_name: &str) -> Result<Client, Failure> {
        let (url, file) = (self.found_url()?, self.file()?);
        let key = std::env::var(key_name).ok().or_else(|| file.get(key_name));
        Client::new(&url, SecretString::from(key.ok_or_else(|| self.missing(key_name))?))
    }

    /// The address of health and metrics, when anything names it.
    pub(crate) fn services_url(&self) -> Result<Option<String>, Failure> {
        let file = self.file()?;
        Ok(std::env::var("SAMBAC_SERVICES_URL").ok().or_else(|| file.get("SAMBAC_SERVICES_URL")))
    }

    fn file(&self) -> Result<EnvFile, Failure> {
        EnvFile::read(&self.env_file)
            .map_err(|error| Failure::because(Exit::Configuration, format!("{}: {error}", self.env_file.display())))
    }
}

impl Client {
    /// A client of the API at `url`.
    pub(crate) fn new(url: &str, key: SecretString) -> Result<Self, Failure> {
        let builder =
            reqwest::Client::builder().connect_timeout(Duration::from_secs(5)).timeout(Duration::from_secs(35));
        Ok(Self { http: builder.build()?, url: url.trim_end_matches('/').to_owned(), key })
    }

    /// `GET path`.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send(self.http.get(format!("{}{path}", self.url))).await
    }

    /// `POST path` with `body`.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send(self.http.post(format!("{}{path}", self.url)).json(body)).await
    }

    /// `POST path` with a file of comma-separated values.
    pub(crate) async fn post_csv(&self, path: &str, file: Vec<u8>) -> Result<Value, Failure> {
        let request = self.http.post(format!("{}{path}", self.url)).header("content-type", "text/csv");
        self.send(request.timeout(LONG).body(file)).await
    }

    /// `GET` of a text of any length, handed over piece by piece.
    pub(crate) async fn get_text(
        &self,
        path: &str,
        mut take: impl FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<(), Failure> {
        let request = self.http.get(format!("{}{path}", self.url)).timeout(LONG).bearer_auth(self.key.expose_secret());
        let mut response = request.send().await.map_err(|error| unreachable(&self.url, &error))?;
        if !response.status().is_success() {
            return read(response).await.map(drop);
        }
        while let Some(piece) = response.chunk().await? {
            take(&piece).map_err(|error| Failure::because(Exit::Failed, error.to_string()))?;
        }
        Ok(())
    }

    /// `PATCH path` with `body`, only while what is there has the etag `if_match`.
    pub(crate) async fn patch(&self, path: &str, body: &Value, if_match: Option<&str>) -> Result<Value, Failure> {
        let request = self.http.patch(format!("{}{path}", self.url)).json(body);
        self.send(if_match.into_iter().fold(request, |request, etag| request.header("if-match", etag))).await
    }

    /// `DELETE path`, only while what is there has the etag `if_match`.
    pub(crate) async fn delete(&self, path: &str, if_match: Option<&str>) -> Result<Value, Failure> {
        let request = self.http.delete(format!("{}{path}", self.url));
        self.send(if_match.into_iter().fold(request, |request, etag| request.header("if-match", etag))).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Value, Failure> {
        let request = request.bearer_auth(self.key.expose_secret());
        read(request.send().await.map_err(|error| unreachable(&self.url, &error))?).await
    }

    /// `GET` of another address of the platform, without the key.
    pub(crate) async fn get_open(&self, url: &str) -> Result<(StatusCode, String), Failure> {
        let response = self.http.get(url).send().await.map_err(|error| unreachable(url, &error))?;
        let status = response.status();
        Ok((status, response.text().await?))
    }
}

/// A path with those of these parameters that have a value.
pub(crate) fn with_parameters(path: &str, parameters: &[(&str, Option<&str>)]) -> Result<String, Failure> {
    let given = parameters.iter().filter_map(|(name, value)| value.map(|value| (*name, value)));
    let url = reqwest::Url::parse_with_params(&format!("http://platform{path}"), given)?;
    Ok(url.query().filter(|query| !query.is_empty()).map_or_else(|| path.to_owned(), |query| format!("{path}?{query}")))
}

async fn read(response: Response) -> Result<Value, Failure> {
    let status = response.status();
    let text = response.text().await?;
    let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    if status.is_success() {
        return Ok(value);
    }
    let part = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let code = value["code"].as_str().map_or_else(|| format!("HTTP {status}"), str::to_owned);
    let said = if part("detail").is_empty() { part("title") } else { part("detail") };
    let fields = value["errors"].as_array().map(|errors| fields(errors, &said)).unwrap_or_default();
    Err(Failure::because(Exit::Refused, format!("{code}: {said}{fields}")))
}

/// A line for each field that is wrong, with its place and why, unless that was said.
fn fields(errors: &[Value], said: &str) -> String {
    let line = |error: &Value| {
        let part = |name: &str| error[name].as_str().unwrap_or_default();
        let place = if part("pointer").is_empty() { part("parameter") } else { part("pointer") };
        (!said.contains(part("detail"))).then(|| format!("\n  {place}: {}", part("detail")))
    };
    errors.iter().filter_map(line).collect()
}

fn unreachable(url: &str, error: &reqwest::Error) -> Failure {
    let why = if error.is_connect() { "nothing listens there".to_owned() } else { error.to_string() };
    Failure::because(Exit::Unreachable, format!("{url} does not answer: {why}"))
}
