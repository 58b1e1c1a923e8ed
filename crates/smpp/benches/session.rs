//! What one connection carries: submit_sm there and its response back, over TCP on the loopback interface, both sides
//! in this process. Run with `cargo bench -p sambac-smpp --bench session`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sambac_smpp::{
    Address, BindKind, BindRequest, CommandStatus, Event, Events, Pdu, Session, SessionConfig, Sm, SmResp, accept, bind,
};
use std::io;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

/// Requests in one measured round.
const REQUESTS: u64 = 20_000;
/// Events taken at a time.
const BATCH: usize = 256;

fn failed(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}

/// A bound pair; the SMSC's side answers everything.
async fn pair(window: u16) -> io::Result<(Session, Events)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let config = SessionConfig { window, events_capacity: 4096, ..SessionConfig::default() };
    let smsc_config = config.clone();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let pending = accept(stream, smsc_config).await.map_err(failed)?;
        let (session, events) = pending.accept("smsc", Some(0x34), 100).await.map_err(failed)?;
        answer_all(&session, events).await
    });
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let request = BindRequest::new(BindKind::Transceiver, "bank", "secret");
    let (session, events, _) = bind(stream, &request, config).await.map_err(failed)?;
    Ok((session, events))
}

async fn answer_all(session: &Session, mut events: Events) -> io::Result<()> {
    let mut batch = Vec::new();
    while events.recv_many(&mut batch, BATCH).await > 0 {
        session.ready().await;
        for event in batch.drain(..) {
            if let Event::Request { header, frame } = event {
                let is_read = matches!(frame.pdu(), Ok(Pdu::SubmitSm(sm)) if !sm.short_message.is_empty());
                let status = if is_read { CommandStatus::ROK } else { CommandStatus::RSYSERR };
                let resp = Pdu::SubmitSmResp(SmResp::new(b"0f3a81c2"));
                session.respond(header.sequence_number, status, &resp).map_err(failed)?;
            }
        }
    }
    Ok(())
}

/// Sends all requests and takes all responses. Returns how many came back well.
async fn round(session: &Session, events: &mut Events) -> u64 {
    let sender = session.clone();
    tokio::spawn(async move {
        let sm = Sm {
            source: Address::new(5, 0, b"BANK"),
            destination: Address::new(1, 1, b"447700900123"),
            registered_delivery: 1,
            short_message: b"Your one-time code is 482913. It is valid for 5 minutes. Never tell it to anyone.",
            ..Sm::default()
        };
        for token in 0..REQUESTS {
            if sender.send(&Pdu::SubmitSm(sm), token).await.is_err() {
                break;
            }
        }
    });
    let (mut batch, mut seen, mut good) = (Vec::new(), 0, 0);
    while seen < REQUESTS && events.recv_many(&mut batch, BATCH).await > 0 {
        for event in batch.drain(..) {
            seen += 1;
            good += u64::from(matches!(event, Event::Response { header, .. } if header.command_status.is_ok()));
        }
    }
    good
}

fn sessions(c: &mut Criterion) {
    let Ok(runtime) = Builder::new_multi_thread().worker_threads(2).enable_all().build() else { return };
    let mut group = c.benchmark_group("submit_sm and response over TCP");
    group.throughput(Throughput::Elements(REQUESTS)).sample_size(10);
    for window in [10, 100, 1000] {
        let Ok((session, mut events)) = runtime.block_on(pair(window)) else { return };
        group.bench_function(format!("window {window}"), |b| {
            b.iter(|| assert_eq!(runtime.block_on(round(&session, &mut events)), REQUESTS));
        });
        session.close();
    }
    group.finish();
}

criterion_group!(benches, sessions);
criterion_main!(benches);
