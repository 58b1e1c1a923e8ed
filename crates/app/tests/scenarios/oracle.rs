//! The oracle of the other scenarios is not blind: it sees every kind of fault that it is there to see.

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::Database;
use sambac_testkit::scenario::wait::PATIENCE;

use crate::Healthy;

/// A fault, planted by hand, and what the oracle must say.
const FAULTS: [(&str, &str); 11] = [
    ("UPDATE balances SET balance_micros = balance_micros + 1 WHERE kind = 'revenue'", "do not add up to zero"),
    (
        "UPDATE balances SET balance_micros = balance_micros + 1 WHERE kind IN ('wallet', 'held')",
        "not the sum of its postings",
    ),
    ("DELETE FROM charges WHERE id = (SELECT MIN(id) FROM charges)", "a hold is not the sum of its charges"),
    (
        "INSERT INTO charges (id, account_id, rate_id, amount_micros, currency, state, hold_posting_id, settle_posting_id) \
            SELECT id + 1, account_id, rate_id, amount_micros, currency, state, hold_posting_id, settle_posting_id \
            FROM charges WHERE state = 1 LIMIT 1",
        "a capture or void is not the sum of its charges",
    ),
    ("UPDATE charges SET settle_posting_id = NULL WHERE state = 1", "names a posting that is not there"),
    ("UPDATE charges SET state = 0 WHERE state = 2", "what is held is not the sum"),
    ("UPDATE segments SET state = 7 WHERE state = 6", "another end than its CDR"),
    ("UPDATE cdr_sms SET state = 7 WHERE state = 6", "captured without being delivered"),
    ("UPDATE messages SET final_at = NULL", "settled before its message ended"),
    ("UPDATE messages SET final_at = 1 WHERE final_at IS NULL", "settled before its message ended"),
    ("DELETE FROM cdr_sms", "not exactly one CDR"),
];

#[tokio::test]
async fn it_sees_every_planted_fault() -> Result<()> {
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("oracle").await?;
    let rest = platform.rest(&secrets)?;
    // One is paid, one is given back, one stays held.
    for digits in ["000", "010"] {
        let id = rest.send_text(&format!("+999000000{digits}"), digits).await?;
        rest.ended(&id).await?;
    }
    let open = rest.send_text("+999000000020", "open").await?;
    rest.until_event(&open, "answered").await?;
    ensure!(platform.terminate(PATIENCE).await?.success());
    world.database().await?.audit().await?;

    let (path, kept) = (world.data_folder().join("sambac.db"), world.path("kept.db"));
    std::fs::copy(&path, &kept)?;
    for (fault, expected) in FAULTS {
        std::fs::copy(&kept, &path)?;
        Database::spoil(&path, fault).await?;
        let finding = world.database().await?.audit().await.err().with_context(|| format!("not seen: {fault}"))?;
        assert!(finding.to_string().contains(expected), "{fault}: {finding}");
    }
    world.passed();
    Ok(())
}
