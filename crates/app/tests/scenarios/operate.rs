//! What a person does about what the platform could not settle by itself: receipts that match nothing, receipts that a client has
//! lost, messages from handsets that no route takes.

mod handsets;
mod orphans;
mod replay;

use anyhow::Result;
use sambac_testkit::scenario::{Platform, Secrets, Simulator, Site, World};

use crate::admin_shell::{SCOPES, Shell};
use crate::world;

/// One account, one operator with this scenario, the platform between them, and an administrator.
struct Operated {
    world: World,
    operator: Simulator,
    secrets: Secrets,
    platform: Platform,
    shell: Shell,
}

impl Operated {
    /// `more` adds to the site.
    async fn start(name: &str, scenario: &str, more: impl FnOnce(Site) -> Site) -> Result<Self> {
        let world = world(name)?;
        let operator = world.simulator("alpha", scenario).await?;
        let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
        let secrets = world.apply(&more(site.table("admin_key", SCOPES))).await?;
        let platform = world.platform(&[]).await?;
        platform.until_bound().await?;
        let shell = Shell::new(platform.http(), secrets.admin_key("operations")?);
        Ok(Self { world, operator, secrets, platform, shell })
    }

    /// Ends in good order.
    async fn passed(mut self) -> Result<()> {
        self.world.database().await?.audit().await?;
        self.operator.stop().await?;
        self.world.passed();
        Ok(())
    }
}
