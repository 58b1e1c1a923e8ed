//! What each fault does to a run.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::plan::Strike;
use super::proxy::{Proxy, Trick};
use super::run::{RECOVERY, Run};
use crate::postgres::KillablePostgres;
use crate::scenario::EndedEarly;
use crate::scenario::wait::{until, until_true};

/// How long a COMMIT is waited for, or a death at a point.
const PLAYED: Duration = Duration::from_secs(120);

impl Run {
    pub(super) async fn strike(&mut self, strike: Strike) -> Result<()> {
        match strike {
            Strike::Kill => self.kill().await?,
            Strike::KillAt(point, times) => self.dies_at(point, times).await?,
            Strike::KillAtCommit(trick) => {
                self.play(trick).await?;
                self.kill().await?;
            }
            Strike::Break(trick) => self.play(trick).await?,
            Strike::Cut => self.proxy()?.cut(),
            Strike::Postmaster => {
                let server = self.server()?;
                server.kill_postmaster().await?;
                server.start_again().await?;
            }
            Strike::Backend => {
                until_true("a session of the platform", async || self.server_ref()?.kill_backend().await).await?;
            }
            Strike::EndBackends => self.server_ref()?.end_backends().await?,
        }
        self.recovered().await
    }

    async fn kill(&mut self) -> Result<()> {
        self.take()?.kill_9().await?;
        self.start(&[]).await
    }

    async fn dies_at(&mut self, point: &str, times: u32) -> Result<()> {
        ensure!(self.take()?.terminate(RECOVERY).await?.success(), "it did not end well");
        match self.start(&[("TEST_KILL_AT", &format!("{point}:{times}"))]).await {
            Ok(()) => {
                let mut platform = self.platform.take().context("it has just started")?;
                until("it dies at its point", PLAYED, async || Ok((!platform.is_running()?).then_some(()))).await?;
            }
            // What it found to do at its start has brought it there before it was ready.
            Err(error) if error.downcast_ref::<EndedEarly>().is_some() => {}
            Err(error) => return Err(error),
        }
        self.whereabouts.send_replace(None);
        self.start(&[]).await
    }

    async fn play(&mut self, trick: Trick) -> Result<()> {
        self.proxy()?.play(trick, PLAYED).await
    }

    fn proxy(&self) -> Result<&Proxy> {
        self.proxy.as_ref().context("there is no proxy before SQLite")
    }

    fn server(&mut self) -> Result<&mut KillablePostgres> {
        self.postgres.as_mut().context("there is no server of SQLite")
    }

    fn server_ref(&self) -> Result<&KillablePostgres> {
        self.postgres.as_ref().context("there is no server of SQLite")
    }
}
