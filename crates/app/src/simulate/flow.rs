//! `[flow]`: how the simulator shows that it has too much: what a window that is overrun brings, and congestion_state.

use serde::Deserialize;

/// How much the simulator takes, and how it tells.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FlowSettings {
    /// What a submit above `bind.window_max` brings: `throttle` or `close`. throttle.
    pub(crate) window_overrun: Overrun,
    /// congestion_state of every answer (SMPP 5.0): 0 to 100. None is sent by default.
    pub(crate) congestion_state: Option<u8>,
    /// congestion_state tells how full a window of so many unanswered submits is. 0 = it does not.
    pub(crate) congestion_window: u32,
}

/// What a submit above the window brings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Overrun {
    /// ESME_RTHROTTLED.
    #[default]
    Throttle,
    /// The link is closed.
    Close,
}

impl FlowSettings {
    /// congestion_state of an answer, while so many submits are unanswered.
    pub(crate) fn congestion_state(&self, unanswered: usize) -> Option<u8> {
        let full = (self.congestion_window > 0).then(|| {
            let percent = unanswered.saturating_mul(100) / self.congestion_window.max(1) as usize;
            u8::try_from(percent.min(100)).unwrap_or(100)
        });
        self.congestion_state.or(full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn congestion_tells_how_full_the_window_is_unless_it_is_given() {
        let window = FlowSettings { congestion_window: 20, ..FlowSettings::default() };
        assert_eq!([0, 10, 20, 90].map(|open| window.congestion_state(open)), [0, 50, 100, 100].map(Some));
        let given = FlowSettings { congestion_state: Some(85), ..window };
        assert_eq!(given.congestion_state(0), Some(85));
        assert_eq!(FlowSettings::default().congestion_state(5), None);
    }
}
