//! Pages of a list, newest first: how many entries, and before which.

use std::str::FromStr;

use sambac_domain::error::ErrorCode;

use crate::problem::Problem;

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;

/// Entries of a page, as asked for.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    let limit = asked.unwrap_or(LIMIT_DEFAULT);
    if (1..=LIMIT_MAX).contains(&limit) {
        return Ok(limit);
    }
    Err(bad("limit", format!("must be from 1 to {LIMIT_MAX}")))
}

/// The entry before which the page begins: the last one of the page before.
pub(crate) fn before<T: FromStr>(cursor: Option<String>) -> Result<Option<T>, Problem> {
    let parsed = cursor.map(|text| text.parse()).transpose();
    parsed.map_err(|_| bad("cursor", "is not a next_cursor of this list".to_owned()))
}

/// What is looked for; nothing in particular when it is not given.
pub(crate) fn sought(name: &'static str, text: Option<String>, characters_max: usize) -> Result<String, Problem> {
    let text = text.unwrap_or_default();
    if text.chars().count() <= characters_max {
        return Ok(text);
    }
    Err(bad(name, format!("has more than {characters_max} characters")))
}

/// Cuts what was read, one more than asked for, to a page; gives the cursor of the next one, if there is one.
pub(crate) fn cut<R>(rows: &mut Vec<R>, limit: u32, id: impl Fn(&R) -> String) -> Option<String> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_last = rows.len() <= limit;
    rows.truncate(limit);
    rows.last().filter(|_| !is_last).map(id)
}

/// What is wrong with a parameter.
pub(crate) fn bad(name: &'static str, detail: String) -> Problem {
    Problem::new(ErrorCode::InvalidRequest).detail("a query parameter is not valid").parameter(name, detail)
}
