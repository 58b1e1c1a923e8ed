//! A real session against a simulator, on a port of its own.

use std::time::Duration;

use sambac_smpp::{
    Address, BindKind, BindRequest, CommandStatus, Event, Events, Pdu, Session, SessionConfig, Sm, SmResp, bind,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{Scenario, Simulator};

const PATIENCE: Duration = Duration::from_secs(10);

async fn simulator(scenario: &str) -> Simulator {
    let scenario = Scenario::parse("s.toml", scenario).expect("well formed");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    Simulator::start(scenario, listener, None, 1_767_225_600_000_000).expect("it listens")
}

async fn esme(simulator: &Simulator, kind: BindKind) -> (Session, Events) {
    let stream = TcpStream::connect(simulator.address()).await.expect("it listens");
    let request = BindRequest::new(kind, "sambac", "secret");
    let (session, events, _) = bind(stream, &request, SessionConfig::default()).await.expect("it takes any bind");
    (session, events)
}

async fn submit(session: &Session, destination: &[u8]) {
    let sm = Sm {
        source: Address::new(5, 0, b"Bank"),
        destination: Address::new(1, 1, destination),
        registered_delivery: 1,
        short_message: b"123456",
        ..Sm::default()
    };
    session.send(&Pdu::SubmitSm(sm), 1).await.expect("the session is open");
}

/// The next thing that happens: `answer <status> <id?>` or `receipt <stat>`, receipts acknowledged with `acknowledge`.
async fn next(session: &Session, events: &mut Events, acknowledge: bool) -> String {
    match timeout(PATIENCE, events.recv()).await.expect("something happens") {
        Some(Event::Response { header, frame, .. }) => match frame.pdu() {
            Ok(Pdu::SubmitSmResp(resp)) if !resp.message_id.is_empty() => "answer with id".to_owned(),
            _ => format!("answer {}", header.command_status),
        },
        Some(Event::Request { header, frame }) => {
            let Ok(Pdu::DeliverSm(sm)) = frame.pdu() else { return format!("{header:?}") };
            if acknowledge {
                let resp = Pdu::DeliverSmResp(SmResp::default());
                session.respond(header.sequence_number, CommandStatus::ROK, &resp).expect("the session is open");
            }
            let text = String::from_utf8_lossy(sm.short_message).into_owned();
            let stat = text.split("stat:").nth(1).and_then(|rest| rest.split(' ').next());
            format!("receipt {}", stat.unwrap_or("without stat"))
        }
        Some(Event::Timeout { .. }) => "time-out".to_owned(),
        Some(Event::Closed { .. }) | None => "closed".to_owned(),
    }
}

async fn happens(simulator: &Simulator, destination: &[u8], count: usize) -> Vec<String> {
    let (session, mut events) = esme(simulator, BindKind::Transceiver).await;
    submit(&session, destination).await;
    let mut happened = Vec::new();
    for _ in 0..count {
        happened.push(next(&session, &mut events, true).await);
    }
    happened
}

#[tokio::test]
async fn magic_numbers_do_what_the_table_says() {
    let simulator = simulator("").await;
    assert_eq!(happens(&simulator, b"999000000000", 2).await, ["answer with id", "receipt DELIVRD"]);
    assert_eq!(happens(&simulator, b"999000000010", 2).await, ["answer with id", "receipt UNDELIV"]);
    assert_eq!(happens(&simulator, b"999000000021", 2).await, ["receipt DELIVRD", "answer with id"]);
    assert_eq!(happens(&simulator, b"999000000022", 3).await[1..], ["receipt DELIVRD", "receipt DELIVRD"]);
    assert_eq!(happens(&simulator, b"999000000030", 1).await, ["answer ESME_RTHROTTLED"]);
    assert_eq!(happens(&simulator, b"999000000040", 1).await, ["answer ESME_RINVDSTADR"]);
    assert_eq!(happens(&simulator, b"999000000033", 1).await, ["closed"]);
    assert_eq!(happens(&simulator, b"999000000033", 1).await, ["answer with id"]);
    simulator.stop().await;
}

#[tokio::test]
async fn a_receipt_goes_to_the_receiver_of_the_same_system_id() {
    let simulator = simulator("").await;
    let (sender, mut sent) = esme(&simulator, BindKind::Transmitter).await;
    let (receiver, mut received) = esme(&simulator, BindKind::Receiver).await;
    submit(&sender, b"447700900123").await;
    assert_eq!(next(&sender, &mut sent, true).await, "answer with id");
    assert_eq!(next(&receiver, &mut received, true).await, "receipt DELIVRD");
    submit(&receiver, b"447700900123").await;
    assert_eq!(next(&receiver, &mut received, true).await, "answer ESME_RINVBNDSTS");
    simulator.stop().await;
}

#[tokio::test]
async fn a_receipt_that_was_not_acknowledged_comes_again_after_the_next_bind() {
    let simulator = simulator("").await;
    let (session, mut events) = esme(&simulator, BindKind::Transceiver).await;
    submit(&session, b"447700900123").await;
    assert_eq!(next(&session, &mut events, false).await, "answer with id");
    assert_eq!(next(&session, &mut events, false).await, "receipt DELIVRD");
    session.close();
    let (session, mut events) = esme(&simulator, BindKind::Transceiver).await;
    assert_eq!(next(&session, &mut events, true).await, "receipt DELIVRD");
    simulator.stop().await;
}

#[tokio::test]
async fn a_bind_is_refused_as_the_scenario_says() {
    let simulator = simulator("[bind]\nsystem_id = \"other\"").await;
    let stream = TcpStream::connect(simulator.address()).await.expect("it listens");
    let request = BindRequest::new(BindKind::Transceiver, "sambac", "secret");
    let refused = bind(stream, &request, SessionConfig::default()).await;
    assert!(refused.is_err(), "another system_id is wanted");
    simulator.stop().await;
}

#[tokio::test]
async fn many_messages_all_get_their_answer_and_one_receipt() {
    let simulator = simulator("magic = false\n[receipt]\ndelay_ms = [0, 20]\nwindow_max = 10").await;
    let (session, mut events) = esme(&simulator, BindKind::Transceiver).await;
    let sending = tokio::spawn({
        let session = session.clone();
        async move {
            for _ in 0..1_000 {
                submit(&session, b"447700900123").await;
            }
        }
    });
    let (mut answers, mut receipts) = (0, 0);
    while answers < 1_000 || receipts < 1_000 {
        match next(&session, &mut events, true).await.as_str() {
            "answer with id" => answers += 1,
            "receipt DELIVRD" => receipts += 1,
            other => panic!("{other} after {answers} answers and {receipts} receipts"),
        }
    }
    sending.await.expect("it sends");
    assert_eq!((answers, receipts), (1_000, 1_000));
    simulator.stop().await;
}
