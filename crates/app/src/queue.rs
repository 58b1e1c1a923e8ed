//! The broker by which work goes to other nodes, as configured.

pub(crate) mod command;

use anyhow::Context as _;
use sambac_bus::amqp::{BrokerError, BrokerUrl};
use sambac_bus::work::{WorkBroker, WorkQueues};
use sambac_domain::class::Lane;
use sambac_engine::work::WorkSettings;
use sambac_store::rows::ConnectorRow;

use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::platform;

/// The broker and its queues; `None` when each process does all of its work itself.
pub(crate) fn settings(config: &Config) -> Result<Option<WorkSettings>, Failure> {
    let Some(url) = &config.queue.url else { return Ok(None) };
    let wrong = |error| Failure::because(Exit::Configuration, format!("queue.url, queue.hosts: {error}"));
    let first: BrokerUrl = url.expose().parse().map_err(wrong)?;
    let further =
        config.queue.hosts.iter().map(|place| first.at(place)).collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    let urls = std::iter::once(first).chain(further).collect();
    Ok(Some(WorkSettings { urls, queues: WorkQueues::new(&config.queue.prefix) }))
}

/// The connectors whose queues there are.
pub(crate) async fn connectors(config: &Config) -> Result<Vec<ConnectorRow>, Failure> {
    let store = platform::open_existing(config).await?;
    let configuration = store.load_configuration().await;
    store.close().await;
    Ok(configuration.context("the connectors cannot be read")?.connectors)
}

/// The names of all queues of segments, questions and reports, each with whose it is.
pub(crate) fn names(queues: &WorkQueues, connectors: &[ConnectorRow]) -> Vec<(String, String)> {
    let common = [("results", queues.results()), ("put aside", queues.dead()), ("cannot be read", queues.unreadable())];
    let common = common.map(|(of, queue)| (of.to_owned(), queue));
    let own = connectors.iter().flat_map(|row| {
        let lanes = Lane::ALL.map(|lane| queues.submit(row.id, lane));
        lanes.into_iter().chain([queues.ask(row.id)]).map(|queue| (row.name.clone(), queue))
    });
    common.into_iter().chain(own).collect()
}

/// A connection to the first of its nodes that answers.
pub(crate) async fn connect(work: &WorkSettings, name: &str) -> Result<WorkBroker, BrokerError> {
    let mut last = BrokerError::Refused;
    for url in &work.urls {
        match WorkBroker::connect(url, work.queues.clone(), name).await {
            Ok(broker) => return Ok(broker),
            Err(error) => last = error,
        }
    }
    Err(last)
}
