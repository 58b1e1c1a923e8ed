//! Which records are asked for, and what is wrong with that.

use sambac_domain::error::ErrorCode;
use sambac_domain::{MessageState, SegmentId};
use sambac_engine::cdr::{FileKind, charge_word};
use sambac_store::CdrFilter;
use sambac_store::rows::ChargeState;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::problem::Problem;
use crate::shown::{self, Moment};
use crate::v1::paging::bad;

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1_000;
/// Of a number, so many digits are shown to who may not see it whole: a longer prefix would tell more than a masked number.
const PREFIX_SHOWN_MAX: usize = 7;
const DIGITS_MAX: usize = 15;
const FORMS: [&str; 3] = ["json", "csv", "parquet"];
const NO_PAGES: &str = "does not go with a file, which has all records";
const CHARGES: [ChargeState; 3] = [ChargeState::Held, ChargeState::Captured, ChargeState::Voided];

/// Which records.
#[derive(Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// A page as JSON, or all records as one file, oldest first, sent while it is made.
    #[param(value_type = Option<FileForm>, inline)]
    format: Option<String>,
    /// Records on one page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, with the same filters.
    cursor: Option<String>,
    /// Only of this account.
    #[param(example = "acc_01h2xcejqtf2n")]
    account: Option<String>,
    /// Only of messages accepted then or later.
    #[param(value_type = Option<Moment>)]
    from: Option<Moment>,
    /// Only of messages accepted before.
    #[param(value_type = Option<Moment>)]
    until: Option<Moment>,
    /// Only of this operator.
    #[param(example = "opr_01h2xcejqtf2n")]
    operator: Option<String>,
    /// Only by this connector.
    #[param(example = "con_01h2xcejqtf2n")]
    connector: Option<String>,
    /// Only to this network, by MCC and MNC; an MCC alone takes the whole country.
    #[param(example = "23415")]
    network: Option<String>,
    /// Only those that ended so.
    #[param(value_type = Option<shown::FinalState>, inline)]
    state: Option<String>,
    /// Only from this sender, as it was shown.
    #[param(example = "MyBank")]
    sender: Option<String>,
    /// Only those whose price has become this.
    #[param(value_type = Option<shown::Charge>, inline)]
    charge: Option<String>,
    /// Only to numbers that begin with these digits: seven at most, unless the key has the scope `numbers:read`.
    #[param(example = "44770")]
    to_prefix: Option<String>,
}

/// The forms of an answer.
pub(crate) struct FileForm;

impl utoipa::PartialSchema for FileForm {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(FORMS)).examples(["json"]).into()
    }
}

impl utoipa::ToSchema for FileForm {}

impl Wanted {
    /// The kind of file that is asked for; `None`: a page.
    pub(super) fn file(&self) -> Result<Option<FileKind>, Problem> {
        let kind = match self.format.as_deref() {
            None | Some("json") => return Ok(None),
            Some("csv") => FileKind::Csv,
            Some("parquet") => FileKind::Parquet,
            Some(_) => return Err(bad("format", format!("must be one of {}", FORMS.join(", ")))),
        };
        match (self.limit, &self.cursor) {
            (None, None) => Ok(Some(kind)),
            (Some(_), _) => Err(bad("limit", NO_PAGES.to_owned())),
            (_, Some(_)) => Err(bad("cursor", NO_PAGES.to_owned())),
        }
    }

    pub(super) fn limit(&self) -> Result<u32, Problem> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if (1..=LIMIT_MAX).contains(&limit) {
            return Ok(limit);
        }
        Err(bad("limit", format!("must be from 1 to {LIMIT_MAX}")))
    }

    /// The record after which the page begins.
    pub(super) fn after(&self) -> Result<Option<SegmentId>, Problem> {
        let read = |text: &String| i64::from_str_radix(text, 16).ok().filter(|id| *id > 0 && text.len() == 16);
        let after = self.cursor.as_ref().map(|text| read(text).ok_or(())).transpose();
        let after = after.map_err(|()| bad("cursor", "is not a next_cursor of this list".to_owned()))?;
        Ok(after.map(SegmentId::from_raw))
    }

    /// All but page and cursor. `whole`: whether whole numbers may be seen.
    pub(super) fn filter(self, whole: bool) -> Result<CdrFilter, Problem> {
        let (from, until) = (self.from.map(|moment| moment.0), self.until.map(|moment| moment.0));
        if from.zip(until).is_some_and(|(from, until)| from >= until) {
            return Err(bad("until", "must be later than from".to_owned()));
        }
        let prefix_of_masked = self.to_prefix.is_some() && !whole;
        Ok(CdrFilter {
            account_id: parsed("account", "is no account's id (acc_…)", self.account)?,
            from,
            until,
            operator_id: parsed("operator", "is no operator's id (opr_…)", self.operator)?,
            connector_id: parsed("connector", "is no connector's id (con_…)", self.connector)?,
            network: parsed("network", "must be MCC and MNC as 5 or 6 digits, or MCC alone as 3", self.network)?,
            state: self.state.as_deref().map(state).transpose()?,
            sender: parsed("sender", "is no sender that a message can have", self.sender)?,
            charge_state: self.charge.as_deref().map(charge).transpose()?,
            destination_prefix: self.to_prefix.map(|text| prefix(&text, whole)).transpose()?,
            prefix_of_masked,
        })
    }
}

fn parsed<T: std::str::FromStr>(name: &'static str, wrong: &str, text: Option<String>) -> Result<Option<T>, Problem> {
    text.map(|text| text.parse()).transpose().map_err(|_| bad(name, wrong.to_owned()))
}

fn state(word: &str) -> Result<MessageState, Problem> {
    let known = || shown::final_states().map(MessageState::as_str).collect::<Vec<_>>().join(", ");
    let found = shown::final_states().find(|state| state.as_str() == word);
    found.ok_or_else(|| bad("state", format!("must be one of {}", known())))
}

fn charge(word: &str) -> Result<ChargeState, Problem> {
    let known = || CHARGES.map(charge_word).join(", ");
    let found = CHARGES.into_iter().find(|state| charge_word(*state) == word);
    found.ok_or_else(|| bad("charge", format!("must be one of {}", known())))
}

fn prefix(text: &str, whole: bool) -> Result<String, Problem> {
    let digits = text.trim_start_matches([' ', '+']);
    if !(1..=DIGITS_MAX).contains(&digits.len()) || !digits.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err(bad("to_prefix", format!("must be 1 to {DIGITS_MAX} digits of a number in international form")));
    }
    if digits.len() > PREFIX_SHOWN_MAX && !whole {
        let problem = Problem::new(ErrorCode::Forbidden).detail("the key may not see whole numbers");
        let detail = format!("more than {PREFIX_SHOWN_MAX} digits need the scope numbers:read");
        return Err(problem.parameter("to_prefix", detail));
    }
    Ok(digits.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parameter that a query is refused for.
    fn refused(wanted: Wanted) -> String {
        format!("{:?}", wanted.filter(false).expect_err("refused"))
    }

    #[test]
    fn what_is_wrong_is_named() {
        let text = |text: &str| Some(text.to_owned());
        for (wanted, name, detail) in [
            (Wanted { account: text("bank"), ..Wanted::default() }, "account", "is no account's id"),
            (Wanted { operator: text("acc_01h2xcejqtf2n"), ..Wanted::default() }, "operator", "is no operator's id"),
            (Wanted { connector: text(""), ..Wanted::default() }, "connector", "is no connector's id"),
            (Wanted { network: text("44"), ..Wanted::default() }, "network", "MCC alone as 3"),
            (Wanted { state: text("routed"), ..Wanted::default() }, "state", "must be one of delivered, "),
            (Wanted { charge: text("free"), ..Wanted::default() }, "charge", "held, captured, voided"),
            (Wanted { to_prefix: text("4477x"), ..Wanted::default() }, "to_prefix", "must be 1 to 15 digits"),
            (Wanted { to_prefix: text("44770090"), ..Wanted::default() }, "to_prefix", "scope numbers:read"),
        ] {
            let refused = refused(wanted);
            assert!(refused.contains(&format!("Some({name:?})")) && refused.contains(detail), "{refused}");
        }
        let (from, until) = (Moment(sambac_domain::Timestamp(5)), Moment(sambac_domain::Timestamp(5)));
        let refused = refused(Wanted { from: Some(from), until: Some(until), ..Wanted::default() });
        assert!(refused.contains("must be later than from"), "{refused}");
    }

    #[test]
    fn a_cursor_and_a_limit_are_held_to_their_form() {
        let after = |text: &str| Wanted { cursor: Some(text.to_owned()), ..Wanted::default() }.after();
        assert_eq!(after("0000000000000101").expect("a cursor"), Some(SegmentId::from_raw(257)));
        for text in ["", "101", "-000000000000101", "000000000000010g", "ffffffffffffffff"] {
            assert!(after(text).is_err(), "{text}");
        }
        for (limit, is_good) in [(0, false), (1, true), (1_000, true), (1_001, false)] {
            assert_eq!(Wanted { limit: Some(limit), ..Wanted::default() }.limit().is_ok(), is_good, "{limit}");
        }
    }
}
