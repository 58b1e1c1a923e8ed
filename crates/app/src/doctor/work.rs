//! The broker that carries work to other nodes, where there is one.

use sambac_bus::amqp::{BrokerUrl, BrokerVersion};
use sambac_bus::work::{QueueFound, WorkBroker};
use sambac_engine::work::WorkSettings;
use sambac_store::rows::ConnectorRow;

use super::finding::Findings;
use crate::config::Config;
use crate::queue;

pub(super) async fn look(config: &Config, findings: &mut Findings) {
    let work = match queue::settings(config) {
        Ok(Some(work)) => work,
        Ok(None) => {
            return findings
                .skipped("work queue", "none is configured (`queue.url`): each process does all of its work itself");
        }
        Err(error) => return findings.bad("work queue", error.to_string(), "correct `queue.url`"),
    };
    let mut has_told = false;
    for url in &work.urls {
        match WorkBroker::connect(url, work.queues.clone(), "sambac doctor").await {
            Ok(broker) => {
                version(url, findings).await;
                if !std::mem::replace(&mut has_told, true) {
                    told(&broker, &work, queue::connectors(config).await.ok(), findings).await;
                }
                broker.close().await;
            }
            Err(error) => {
                let to_do = "start it, or correct `queue.url` and `queue.hosts`; nothing is sent while none is there, and nothing is lost";
                findings.bad("work queue", format!("{url}: {error}"), to_do);
            }
        }
    }
    let found = format!("{} of its nodes are known", work.urls.len());
    let to_do =
        "name the others of its cluster of three in `queue.hosts`: one broker alone stops all sending when it dies";
    findings.advise("work queue's nodes", work.urls.len() > 1, found, to_do);
}

/// Quorum queues have what we ask of them (`x-delivery-limit`, dead letters at least once) since 3.10.
async fn version(url: &BrokerUrl, findings: &mut Findings) {
    match BrokerVersion::ask(url).await {
        Ok(version) => {
            let found = format!("{url} answers: {version}");
            let to_do = "update it to RabbitMQ 3.10 or later: older ones keep no count of deliveries, and lose what is put aside";
            findings.check("work queue", version.is_since(3, 10) != Some(false), found, to_do);
        }
        Err(error) => {
            findings.good("work queue", format!("{url} answers; which version it is it does not say: {error}"));
        }
    }
}

async fn told(
    broker: &WorkBroker,
    work: &WorkSettings,
    connectors: Option<Vec<ConnectorRow>>,
    findings: &mut Findings,
) {
    if connectors.is_none() {
        findings.skipped("work queues", "those of connectors: the database does not say which there are");
    }
    let (mut right, mut is_well) = (0, true);
    for (_, queue) in queue::names(&work.queues, &connectors.unwrap_or_default()) {
        let (wrong, to_do) = match broker.find(&queue).await {
            // It is made by whoever comes first.
            Ok(QueueFound::Missing) => continue,
            Ok(QueueFound::AsDeclared) => {
                right += 1;
                continue;
            }
            Ok(QueueFound::Otherwise(said)) => (
                said,
                "it was made by somebody else, and may lose what is in it: stop all nodes, delete it, and start them",
            ),
            Err(error) => (error.to_string(), "look at the broker's log"),
        };
        is_well = false;
        findings.bad("work queues", format!("{queue}: {wrong}"), to_do);
    }
    match right {
        _ if !is_well => {}
        0 => findings.skipped("work queues", "none is there yet: the first start makes them"),
        right => findings.good("work queues", format!("{right} are replicated (quorum)")),
    }
    let mut aside = 0;
    for queue in [work.queues.dead(), work.queues.unreadable()] {
        aside += broker.counts(&queue).await.ok().flatten().unwrap_or_default().messages;
    }
    let found = format!("{aside} messages are put aside");
    let to_do = "look at them (`sambac queue show`, the alert work_put_aside), and delete what you have dealt with";
    findings.advise("put aside", aside == 0, found, to_do);
    // Last: a broker that takes nothing hears nothing more from whoever has tried.
    let takes = broker.takes().await.unwrap_or_default();
    let found = if takes { "it takes what it is given" } else { "it takes nothing for now" };
    let to_do = "give it memory or room (`rabbitmq-diagnostics alarms` names what it lacks)";
    findings.check("work queue's alarms", takes, found, to_do);
}
