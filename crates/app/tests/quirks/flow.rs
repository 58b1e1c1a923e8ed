//! Windows and congestion (A, I): how many segments are unanswered, as the operator counts them.

use anyhow::Result;

use crate::stage::{ALONE, Stage, end, statuses};

/// An SMSC that drops the link when its window is overrun never sees it overrun; and the window begins small.
#[tokio::test]
async fn q_a21_the_window_begins_small_and_is_never_overrun() -> Result<()> {
    let scenario = "magic = false\n[bind]\nwindow_max = 8\n[answer]\ndelay_ms = 30\n[flow]\nwindow_overrun = \"close\"";
    let connector = "window_max = 8\nsettings = { flow = { window_start = 2 } }";
    let stage = Stage::open("q_a21", scenario, connector).await?;
    stage.flood(80).await?;
    let (alpha, _) = stage.close().await?;
    let unanswered = alpha.unanswered();
    assert_eq!((unanswered.len(), alpha.of("bind").count()), (80, 1), "the link was dropped");
    let first_answer = alpha.0.iter().position(|line| line.event == "answer").unwrap_or_default();
    let before = alpha.0[..first_answer].iter().filter(|line| line.event == "submit").count();
    // One of the eight places is kept for OTPs.
    assert_eq!((before, unanswered.iter().max()), (2, Some(&7)), "small at first, then the whole window");
    Ok(())
}

/// An SMSC of SMPP 5.0 that says it is congested gets one segment at a time; unless that is not to be heeded.
#[tokio::test]
async fn q_i1_congestion_state_drives_the_window() -> Result<()> {
    for (heed, tail) in [(true, 1), (false, 2)] {
        let scenario = "magic = false\n[answer]\ndelay_ms = 20\n[flow]\ncongestion_state = 100";
        let flow = format!("flow = {{ heed_congestion = {heed}, window_start = 6 }}");
        let connector = format!("window_max = 6\nsettings = {{ preset = \"smpp_5_0\", {flow} }}");
        let stage = Stage::open(&format!("q_i1_{heed}"), scenario, &connector).await?;
        stage.flood(40).await?;
        let unanswered = stage.close().await?.0.unanswered();
        let last = unanswered[30..].iter().max().copied().unwrap_or_default();
        assert!(if heed { last == tail } else { last >= tail }, "heed {heed}: {unanswered:?}");
        assert!(unanswered.iter().max() >= Some(&4), "it began with a window: {unanswered:?}");
    }
    Ok(())
}

/// Statuses of SMPP 5.0 have names and meanings of their own.
#[tokio::test]
async fn q_i2_statuses_of_smpp_5_have_their_meaning() -> Result<()> {
    let scenario = "[[status]]\nstatus = 0x102\ndestination = \"4477009001\"\nfirst_of_each = 1\n\
        [[status]]\nstatus = 0x104\ndestination = \"4477009002\"";
    let stage = Stage::open("q_i2", scenario, "settings = { errors = { retry_delay_ms = 50 } }").await?;
    assert_eq!(end(&stage.ended(ALONE, "unavailable for now").await?), ("delivered", None, 2));
    let sms = stage.ended("+447700900223", "bad data_coding").await?;
    assert_eq!(end(&sms), ("failed", Some("operator_rejected"), 1), "{sms:#}");
    assert!(sms.to_string().contains("ESME_RINVDCS"), "{sms:#}");
    let (alpha, _) = stage.close().await?;
    assert_eq!(statuses(&alpha), [0x102, 0, 0x104]);
    Ok(())
}
