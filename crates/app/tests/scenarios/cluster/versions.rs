//! Which versions start on which schema. Nodes of two versions beside each other are fault 20 (`crates/testkit/src/faults/f20.rs`).

use anyhow::{Result, ensure};

use crate::world;

/// A version whose schema has a step that does more than add is not gone back from, and that is said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_before_does_not_start_on_a_schema_that_is_not_only_added_to() -> Result<()> {
    let world = world("cluster_not_back")?;
    for step in ["adds", "removes"] {
        let migrated = world.run_with(&["migrate"], &[("TEST_LATER_STEP", step)]).await?;
        ensure!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    }
    let refused = world.run_with(&["migrate"], &[]).await?;
    let told = String::from_utf8_lossy(&refused.stderr);
    ensure!(!refused.status.success() && told.contains("step 90002") && told.contains("newer program"), "{told}");
    world.passed();
    Ok(())
}
