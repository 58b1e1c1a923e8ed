//! What a file of CDRs costs: time, length, and the most memory that the process ever had.
//!
//! `cargo run --release -p sambac-engine --example cdr_export [RECORDS] [csv|parquet] [FILE]`. The SQLite file is made when it is
//! not there, so that the memory of a second run is the export's alone. Linux only: memory is read from `/proc`.

#![expect(clippy::print_stdout, reason = "a measuring tool prints what it measured")]
#![expect(clippy::unwrap_used, reason = "it may stop at any failure")]

use std::time::Instant;

use sambac_domain::{
    AccountId, ConnectorId, IdSource, MccMnc, MessageId, MessageState, Msisdn, OperatorId, SegmentId, Timestamp,
    TrafficClass,
};
use sambac_engine::cdr::{Export, FileKind, Numbers};
use sambac_store::rows::{CdrRow, ChargeState};
use sambac_store::{Batch, CdrFilter, Store};

const START: Timestamp = Timestamp::from_secs(1_800_000_000);
const BATCH: i64 = 2_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let records: i64 = arguments.next().map_or(1_000_000, |text| text.parse().unwrap());
    let kind = if arguments.next().as_deref() == Some("parquet") { FileKind::Parquet } else { FileKind::Csv };
    let file = std::path::PathBuf::from(arguments.next().unwrap_or_else(|| "cdr-export.db".to_owned()));
    let is_there = file.exists();
    let store = Store::open(&format!("sqlite://{}", file.display())).await.unwrap();
    store.migrate().await.unwrap();
    if !is_there {
        fill(&store, records).await;
    }
    let before = memory();
    let (begun, mut octets, mut parts) = (Instant::now(), 0, 0);
    let mut export = Export::new(store.clone(), CdrFilter::default(), kind, Numbers::Masked).unwrap();
    while let Some(part) = export.next().await.unwrap() {
        octets += part.len();
        parts += 1;
    }
    let (records, ms) = (export.records(), begun.elapsed().as_millis());
    println!("{}: {records} records in {ms} ms, {octets} octets in {parts} parts", kind.as_str());
    println!("before: {before}; after: {}", memory());
    store.close().await;
}

async fn fill(store: &Store, records: i64) {
    let ids = IdSource::new(0, 0);
    for first in (0..records).step_by(2_000) {
        let cdrs = (first..records.min(first + BATCH)).map(|number| cdr(&ids, number)).collect();
        store.commit(&Batch { cdrs, ..Batch::default() }).await.unwrap();
    }
}

fn cdr(ids: &IdSource, number: i64) -> CdrRow {
    let accepted_at = Timestamp(START.0 + number * 1_000);
    CdrRow {
        id: SegmentId::new(MessageId::from_raw(ids.next(accepted_at)), 1),
        account_id: AccountId::from_raw((1 + number % 1_000) << 8),
        operator_id: OperatorId::from_raw(2 << 8),
        connector_id: ConnectorId::from_raw(3 << 8),
        mcc_mnc: Some(MccMnc::TEST),
        sender: "MyBank".parse().unwrap(),
        destination: Msisdn::from_u64(447_700_900_000 + u64::try_from(number % 1_000).unwrap()).unwrap(),
        class: TrafficClass::Otp,
        state: MessageState::Delivered,
        error: None,
        operator_error: None,
        smsc_message_id: Some(format!("{number:x}")),
        attempts: 1,
        possible_duplicate: false,
        price_micros: 12_500,
        currency: "EUR".parse().unwrap(),
        charge_state: ChargeState::Captured,
        accepted_at,
        submitted_at: Some(Timestamp(accepted_at.0 + 900)),
        final_at: Timestamp(accepted_at.0 + 2_500_000),
        done_at: Some(Timestamp(accepted_at.0 + 2_000_000)),
        group_id: None,
        block_id: 1,
        cost_rate_id: None,
        cost_micros: None,
        cost_currency: None,
    }
}

/// The most that was ever in memory, and what is.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let lines = status.lines().filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS"));
    lines.collect::<Vec<_>>().join(" ")
}
