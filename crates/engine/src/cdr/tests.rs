//! Files are read back by their formats' own readers, and hold what the table holds.

use bytes::Bytes;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use sambac_domain::{
    AccountId, ConnectorId, ErrorCode, IdSource, MccMnc, MessageId, MessageState, Msisdn, OperatorId, SegmentId,
    Timestamp, TrafficClass,
};
use sambac_store::rows::ChargeState;
use sambac_store::{Batch, CdrFilter};

use super::*;
use crate::private_file::tests::Folder;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
/// More than two pages.
const RECORDS: i64 = 20_001;

fn cdr(ids: &IdSource, number: i64) -> CdrRow {
    let accepted_at = Timestamp(NOW.0 + number * 1_000);
    let is_good = number % 2 == 0;
    CdrRow {
        id: SegmentId::new(MessageId::from_raw(ids.next(accepted_at)), 1),
        account_id: AccountId::from_raw(1 << 8),
        operator_id: OperatorId::from_raw(2 << 8),
        connector_id: ConnectorId::from_raw(3 << 8),
        mcc_mnc: is_good.then_some(MccMnc::TEST),
        sender: "Bank, Inc".parse().expect("a sender"),
        destination: Msisdn::from_u64(447_700_900_123).expect("a number"),
        class: TrafficClass::Otp,
        state: if is_good { MessageState::Delivered } else { MessageState::Rejected },
        error: (!is_good).then_some(ErrorCode::ALL.first().copied().expect("a code")),
        operator_error: (!is_good).then(|| "=HYPERLINK(\"x\")".to_owned()),
        smsc_message_id: Some(format!("{number:x}")),
        attempts: 1,
        possible_duplicate: false,
        price_micros: 12_500,
        currency: "EUR".parse().expect("a currency"),
        charge_state: if is_good { ChargeState::Captured } else { ChargeState::Voided },
        accepted_at,
        submitted_at: Some(accepted_at),
        final_at: accepted_at,
        done_at: None,
        group_id: None,
        block_id: 7,
        cost_rate_id: None,
        cost_micros: None,
        cost_currency: None,
    }
}

async fn store(folder: &Folder, records: i64) -> Store {
    let store = Store::open(&format!("sqlite://{}", folder.path("sambac.db").display())).await.expect("a store");
    store.migrate().await.expect("a schema");
    let ids = IdSource::new(0, 0);
    let cdrs: Vec<CdrRow> = (0..records).map(|number| cdr(&ids, number)).collect();
    for part in cdrs.chunks(2_000) {
        store.commit(&Batch { cdrs: part.to_vec(), ..Batch::default() }).await.expect("kept");
    }
    store
}

/// The parts of a file.
async fn parts(store: &Store, kind: FileKind, numbers: Numbers) -> Vec<Vec<u8>> {
    let mut export = Export::new(store.clone(), CdrFilter::default(), kind, numbers).expect("a file");
    let mut parts = Vec::new();
    while let Some(part) = export.next().await.expect("a part") {
        parts.push(part);
    }
    parts
}

#[tokio::test]
async fn a_csv_file_has_every_record_once_and_no_formula() {
    let folder = Folder::new();
    let store = store(&folder, RECORDS).await;
    let parts = parts(&store, FileKind::Csv, Numbers::Masked).await;
    assert_eq!(parts.len(), 3, "a part for each page");
    let octets = parts.concat();
    let mut lines = csv::Reader::from_reader(octets.as_slice());
    let header: Vec<String> = lines.headers().expect("a header").iter().map(str::to_owned).collect();
    assert_eq!(header, column::COLUMNS.map(|column| column.name));
    let place = |name: &str| header.iter().position(|column| column == name).expect("a column");
    let (mut count, mut sent) = (0, String::new());
    for line in lines.records() {
        let line = line.expect("a line");
        assert_eq!(
            (&line[place("sender")], &line[place("to")], &line[place("price")]),
            ("Bank, Inc", "44770090****", "0.0125")
        );
        assert!(line[place("accepted_at")] > *sent, "oldest first");
        sent = line[place("accepted_at")].to_owned();
        assert!(["", "'=HYPERLINK(\"x\")"].contains(&&line[place("operator_error")]));
        count += 1;
    }
    assert_eq!(count, RECORDS);
    store.close().await;
}

#[tokio::test]
async fn a_parquet_file_has_every_record_once_in_groups_of_a_page() {
    let folder = Folder::new();
    let store = store(&folder, RECORDS).await;
    let octets = parts(&store, FileKind::Parquet, Numbers::Whole).await.concat();
    let reader = SerializedFileReader::new(Bytes::from(octets)).expect("a Parquet file");
    let groups: Vec<i64> = reader.metadata().row_groups().iter().map(RowGroupMetaData::num_rows).collect();
    assert_eq!(groups, [10_000, 10_000, 1]);
    let ids = IdSource::new(0, 0);
    let mut numbers = 0..RECORDS;
    for (row, number) in reader.get_row_iter(None).expect("rows").zip(&mut numbers) {
        let (row, expected) = (row.expect("a row"), cdr(&ids, number));
        let field = |name: &str| row.get_column_iter().find(|(column, _)| *column == name).expect("a column").1.clone();
        assert_eq!(field("message_id"), Field::Str(expected.id.message().to_string()));
        assert_eq!(field("to"), Field::Str("447700900123".to_owned()));
        assert_eq!(field("accepted_at"), Field::TimestampMicros(expected.accepted_at.0));
        assert_eq!(field("done_at"), Field::Null);
        assert_eq!(field("network"), expected.mcc_mnc.map_or(Field::Null, |network| Field::Str(network.to_string())));
        assert_eq!(field("price").to_string(), "0.012500");
    }
    assert_eq!(numbers.next(), None, "every record is in the file");
    store.close().await;
}

#[tokio::test]
async fn a_file_of_nothing_is_a_file() {
    let folder = Folder::new();
    let store = store(&folder, 0).await;
    let csv = parts(&store, FileKind::Csv, Numbers::Masked).await.concat();
    assert_eq!(String::from_utf8(csv).expect("text").lines().count(), 1, "the header");
    let parquet = parts(&store, FileKind::Parquet, Numbers::Masked).await.concat();
    let reader = SerializedFileReader::new(Bytes::from(parquet)).expect("a Parquet file");
    assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
    store.close().await;
}
