//! `[manage]`: whether the simulator answers `query_sm` and `cancel_sm`, and what it says. By default it knows neither.

use serde::Deserialize;

use super::state::ReceiptState;

/// What is answered to who asks about a message, or withdraws it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ManageSettings {
    /// The state that `query_sm` is told of any message; without it `query_sm` is an unknown command.
    pub(crate) query: Option<ReceiptState>,
    /// So many are told that the message is on its way before that.
    pub(crate) query_enroute_first: u32,
    /// `query_sm` is refused with this; 0 = it is not.
    pub(crate) query_status: u32,
    /// `query_sm` gets no answer.
    pub(crate) query_silent: bool,
    /// Whether `cancel_sm` withdraws a message: no receipt comes for it then. Otherwise it is an unknown command.
    pub(crate) cancel: bool,
    /// `cancel_sm` is refused with this; 0 = it is not.
    pub(crate) cancel_status: u32,
    /// `cancel_sm` gets no answer.
    pub(crate) cancel_silent: bool,
}
