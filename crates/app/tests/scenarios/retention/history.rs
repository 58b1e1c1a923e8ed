//! Records of days that are long past, sealed in the ledger's chain as the platform would have.

use std::path::Path;

use anyhow::Result;
use sambac_domain::{
    AccountId, ConnectorId, ErrorCode, IdSource, MccMnc, MessageId, MessageState, Msisdn, OperatorId, RateId,
    SegmentId, Timestamp, TrafficClass,
};
use sambac_engine::seal::Seal;
use sambac_store::chain::SHARD_OF_ENGINE;
use sambac_store::rows::{CdrRow, ChargeState};
use sambac_store::{Batch, Store};

/// The days.
pub(super) const DAYS: [&str; 3] = ["2025-01-10", "2025-01-11", "2025-01-12"];
/// Records of each: more than are moved at once.
pub(super) const RECORDS_OF_DAY: usize = 1_100;
/// The first moment of the first day.
const BEGIN: Timestamp = Timestamp::from_secs(1_736_467_200);
const DAY_MICROS: i64 = 86_400_000_000;
const BATCH: usize = 100;

/// Writes them, and gives them back as they are in the table.
pub(super) async fn write(store: &Store, master_key: &Path) -> Result<Vec<CdrRow>> {
    let key = Seal::from_file(master_key)?.chain_key();
    let mut chain = store.take_chain(SHARD_OF_ENGINE, key, "a test", BEGIN).await?;
    let ids = IdSource::new(1, 0);
    for day in 0..3 {
        let cdrs: Vec<_> = (0..RECORDS_OF_DAY).map(|number| cdr(&ids, day, number)).collect::<Result<_>>()?;
        for cdrs in cdrs.chunks(BATCH) {
            let mut batch = Batch { cdrs: cdrs.to_vec(), ..Batch::default() };
            let head = chain.seal(&mut batch, BEGIN);
            store.commit(&batch).await?;
            chain.advance(head);
        }
    }
    Ok(store.cdrs_between(0, i64::MAX, 100_000).await?)
}

/// With every value that a record may have, and without those that it may lack.
fn cdr(ids: &IdSource, day: i64, number: usize) -> Result<CdrRow> {
    let at = i64::try_from(number)?;
    let accepted_at = Timestamp(BEGIN.0 + day * DAY_MICROS + at * 1_000_000);
    let has = |of: usize| number.is_multiple_of(of);
    let charges = [ChargeState::Held, ChargeState::Captured, ChargeState::Voided, ChargeState::Corrected];
    let message = MessageId::from_raw(ids.next(accepted_at));
    Ok(CdrRow {
        id: SegmentId::new(message, 1 + u8::try_from(number % 3)?),
        account_id: AccountId::from_raw(1 << 8),
        operator_id: OperatorId::from_raw(2 << 8),
        connector_id: ConnectorId::from_raw(3 << 8),
        mcc_mnc: has(2).then_some(if has(4) { MccMnc::TEST } else { MccMnc::country(234) }),
        sender: ["Bank, Inc", "12345", "+447700900999"][number % 3].parse()?,
        destination: Msisdn::from_u64(447_700_900_000 + u64::try_from(number)?)
            .unwrap_or(Msisdn::from_u64(9_990_000).ok_or_else(|| anyhow::anyhow!("a number"))?),
        class: TrafficClass::ALL[number % 3],
        state: MessageState::ALL[6 + number % 7],
        error: has(3).then(|| ErrorCode::ALL[number % ErrorCode::ALL.len()]),
        operator_error: has(5).then(|| format!("=\"{number}\"\n, ü")),
        smsc_message_id: (!has(7)).then(|| format!("{number:x}")),
        attempts: u8::try_from(number % 5)?,
        possible_duplicate: has(2),
        price_micros: at * 12_345,
        currency: "EUR".parse()?,
        charge_state: charges[number % 4],
        accepted_at,
        submitted_at: (!has(11)).then_some(Timestamp(accepted_at.0 + 17)),
        final_at: Timestamp(accepted_at.0 + 2_000_003),
        done_at: has(3).then_some(Timestamp(accepted_at.0 + 1_000_000)),
        group_id: has(9).then_some(message),
        block_id: 0,
        cost_rate_id: has(2).then_some(RateId::from_raw(9 << 8)),
        cost_micros: has(2).then_some(at * 54_321),
        cost_currency: has(2).then_some("USD".parse()?),
    })
}
