//! What is asked for and told of events.

use sambac_domain::AccountEventId;
use sambac_domain::account_event::{EventType, EventTypes};
use sambac_engine::feed::{EventPage, ToldEvent};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use crate::problem::Problem;
use crate::shown::{self, Moment};
use crate::v1::paging;

/// Which events.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListEvents {
    /// Events of a page; nothing to a stream.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(super) limit: Option<u32>,
    /// The id of the event behind which to begin, or the `cursor` of a list.
    #[param(example = "aev_01h2xcejqtf2n")]
    pub(super) after: Option<String>,
    /// Types, separated by commas; all if not given.
    #[param(example = "message.delivered,message.failed")]
    pub(super) types: Option<String>,
}

/// Which events.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamEvents {
    /// The id of the event behind which to begin.
    #[param(example = "aev_01h2xcejqtf2n")]
    pub(super) after: Option<String>,
    /// Types, separated by commas; all if not given.
    #[param(example = "message.delivered,message.failed")]
    pub(super) types: Option<String>,
}

/// Something that the account is told. Its fields in `data` depend on its type: see the guide to webhooks.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is stored as text")]
pub(crate) struct Event {
    /// Names it, here and in `webhook-id`, and is the cursor behind it.
    #[schema(example = "aev_01h2xcejqtf2n")]
    id: String,
    #[schema(value_type = shown::EventWord)]
    r#type: String,
    /// When it happened.
    timestamp: Moment,
    #[schema(value_type = Object)]
    data: serde_json::Value,
}

/// Events, oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventList {
    #[schema(value_type = Vec<Event>)]
    data: Vec<Box<RawValue>>,
    /// Give it as `after` to go on behind these; also when there are none, for what is to come.
    #[schema(example = "aev_01h2xcejqtf2n")]
    cursor: String,
    /// Whether there is more to read now.
    more: bool,
}

impl EventList {
    pub(super) fn new(page: EventPage) -> Self {
        let raw = |event: ToldEvent| RawValue::from_string(event.json).ok();
        let data = page.events.into_iter().filter_map(raw).collect();
        Self { data, cursor: page.cursor.to_string(), more: page.more }
    }
}

/// A cursor that was given.
pub(super) fn cursor(text: Option<&str>) -> Result<Option<AccountEventId>, Problem> {
    let wrong = |_| paging::bad("after", "is not the id of an event".to_owned());
    text.map(str::parse).transpose().map_err(wrong)
}

/// The types that a list of words names.
pub(super) fn types(words: Option<&str>) -> Result<EventTypes, Problem> {
    let Some(words) = words else { return Ok(EventTypes::EVERY) };
    let one = |word: &str| {
        let unknown = || paging::bad("types", "has a word that is no type of event".to_owned());
        EventType::parse(word.trim()).ok_or_else(unknown)
    };
    Ok(EventTypes::of(words.split(',').map(one).collect::<Result<Vec<_>, _>>()?))
}
