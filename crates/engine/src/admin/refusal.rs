//! What the admin API answers when a change is not possible.

use sambac_domain::error::ErrorCode;
use sambac_store::StoreError;

use super::apply::ApplyError;
use super::plan::Problems;
use crate::refusal::Refusal;

impl From<ApplyError> for Refusal {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Problems(problems) => invalid(&problems),
            ApplyError::Refused(refusal) => refusal,
            ApplyError::Store(error) => store(&error),
            ApplyError::Busy => Self::new(ErrorCode::ServiceUnavailable, error.to_string()),
        }
    }
}

/// What the database said, told by what the caller can do.
pub(crate) fn store(error: &StoreError) -> Refusal {
    match error {
        StoreError::Conflict("reference") => {
            Refusal::new(ErrorCode::InUse, "something else refers to it, or it refers to what is not there")
        }
        // Another row has what may be there once: a name, a system_id, a network's code.
        StoreError::Conflict(what) if what.contains('.') => ErrorCode::Conflict.into(),
        StoreError::Unavailable(_) | StoreError::Retryable => {
            tracing::error!(%error, "the configuration was not changed");
            ErrorCode::ServiceUnavailable.into()
        }
        _ => {
            tracing::error!(%error, "the configuration was not changed");
            ErrorCode::Internal.into()
        }
    }
}

/// The fields to blame are the first words of each problem's text: `connector "a": port: …`.
fn invalid(problems: &Problems) -> Refusal {
    let refusal = Refusal::new(ErrorCode::InvalidConfiguration, problems.to_string());
    match problems.0.as_slice() {
        [one] => match pointer(one) {
            Some(pointer) => refusal.at(pointer),
            None => refusal,
        },
        several => {
            let faults = several.iter().filter_map(|problem| Some((pointer(problem)?, problem.clone()))).collect();
            Refusal { faults, ..refusal }
        }
    }
}

fn pointer(problem: &str) -> Option<String> {
    let (_, told) = problem.split_once("\": ")?;
    let mut pointer = String::new();
    for part in told.split(": ") {
        let is_field = part.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'.'));
        if part.is_empty() || !is_field {
            break;
        }
        part.split('.').for_each(|key| pointer.extend(["/", key]));
    }
    (!pointer.is_empty()).then_some(pointer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_to_blame_is_the_one_that_the_problem_names() {
        let blamed = |problem: &str| invalid(&Problems(vec![problem.to_owned()])).field.map(|field| field.to_string());
        let setting = "connector \"a\": settings: session.response_timeout: unknown field";
        assert_eq!(blamed(setting).as_deref(), Some("/settings/session/response_timeout"));
        assert_eq!(blamed("smpp_account \"a\": allowed_ips: \"x\" is not an address").as_deref(), Some("/allowed_ips"));
        assert_eq!(blamed("connector \"a\": there is no operator \"b\""), None);
    }
}
