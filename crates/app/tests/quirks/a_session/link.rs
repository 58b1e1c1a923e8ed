//! Links that die, are cut, or are given up for maintenance.

use anyhow::Result;

use super::{Case, QUICK, count, settings};

/// Probes that are never answered end no link on which anything else comes; with silence they do, and probing can be off.
#[tokio::test]
async fn q_a10_any_pdu_is_a_sign_of_life() -> Result<()> {
    let session = "session = { enquire_link_s = 1, enquire_link_timeout_ms = 1500 }";
    let scenario = "[wire]\nignore_probes = true\n[receipt]\ndelay_ms = 1200";
    let probing = Case::start("a10", scenario, &settings(&format!("{session}, bind = {{ {QUICK} }}"))).await?;
    let never = settings("session = { enquire_link_s = 0, enquire_link_timeout_ms = 500 }");
    let silent = Case::start("a10_off", scenario, &never).await?;
    for _ in 0..3 {
        probing.deliver(1).await?;
    }
    assert_eq!(count(&probing.operator.journal()?, "bind"), 1, "there was traffic all the time");
    probing.until_journal("the silent link is given up", |journal| count(journal, "bind") == 2).await?;
    assert_eq!(count(&silent.finish().await?, "bind"), 1, "nobody asked it");
    probing.finish().await.map(drop)
}

/// Our probes keep a link that would be cut when idle; a link that dies in silence is found out, and what was open on it
/// goes again.
#[tokio::test]
async fn q_a11_idle_links_are_kept_and_dead_ones_found_out() -> Result<()> {
    let session = "session = { enquire_link_s = 1, enquire_link_timeout_ms = 500 }";
    let connector = settings(&format!("{session}, bind = {{ {QUICK} }}"));
    let idle = Case::start("a11_idle", "[wire]\nidle_close_ms = 2500\n[receipt]\ndelay_ms = 4000", &connector).await?;
    let dead = Case::start("a11_dead", "[wire]\nsilent_after = 1", &connector).await?;
    dead.deliver(1).await?;
    dead.deliver(1).await?;
    let journal = dead.finish().await?;
    assert!(count(&journal, "bind") >= 2, "it has bound again");
    idle.deliver(1).await?;
    assert_eq!(count(&idle.finish().await?, "bind"), 1, "probes kept it");
    Ok(())
}

/// For maintenance the operator unbinds: what is open is still answered, nothing goes twice, and the bind comes back.
#[tokio::test]
async fn q_a19_an_unbind_of_the_operator_is_answered_and_costs_nothing() -> Result<()> {
    let scenario = "[answer]\ndelay_ms = [20, 80]\n[wire]\nunbind_after = 3";
    let connector = format!("window_max = 5\n{}", settings(&format!("bind = {{ {QUICK} }}")));
    let case = Case::start("a19", scenario, &connector).await?;
    case.deliver(20).await?;
    let journal = case.finish().await?;
    assert_eq!(journal.submits().count(), 20, "each once");
    assert!(count(&journal, "bind") >= 3, "it came back each time");
    Ok(())
}

/// A window that is never over-run never loses the link to an operator that cuts it for that.
#[tokio::test]
async fn q_a21_the_window_has_a_hard_bound() -> Result<()> {
    let case = Case::start("a21", "[answer]\ndelay_ms = 20\n[wire]\nwindow_cut = 5", "window_max = 5").await?;
    case.deliver(40).await?;
    let journal = case.finish().await?;
    assert_eq!((count(&journal, "bind"), journal.submits().count()), (1, 40));
    Ok(())
}
