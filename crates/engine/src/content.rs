//! An account's rules about its texts, obeyed by every way in, and by a text that replaces another.

use sambac_domain::content::{ContentRules, Forbidden, Verdict};
use sambac_domain::error::ErrorCode;
use sambac_domain::text::udh::{self, Udh};
use sambac_domain::text::{Encoding, Reading, decode_user_data};

use crate::refusal::Refusal;
use crate::submit::{Content, SubmitRequest};

/// Looks at the request's text as a handset shows it, and hides what the rules hide.
///
/// A part of a long message that the client cut itself is looked at alone here, and with the others in [`crate::joined`].
///
/// # Errors
/// [`ErrorCode::ContentForbidden`] with what was found and where, never with the text; also for what nobody can read, and for
/// what cannot be hidden.
pub(crate) fn obey(rules: &ContentRules, request: &mut SubmitRequest) -> Result<(), Refusal> {
    if rules.is_off() {
        return Ok(());
    }
    match &request.content {
        Content::Text(text, encoding) => {
            if let Some(masked) = judge(rules, text)? {
                request.content = Content::Text(masked, *encoding);
            }
            Ok(())
        }
        Content::Octets { data, data_coding, udhi } => {
            let (header, body) = if *udhi { split(data) } else { (None, data.as_slice()) };
            let text = decode_user_data(*data_coding, header.as_ref(), body, &Reading::default()).text;
            let text = text.ok_or_else(|| forbidden("binary content, which nobody can read"))?;
            let Some(masked) = judge(rules, &text)? else { return Ok(()) };
            if header.is_some() {
                return Err(forbidden(
                    "a number that is to be hidden, in a message with a header: send the text without",
                ));
            }
            let (encoding, class) =
                Encoding::from_data_coding(*data_coding).map_or((None, None), |(it, class)| (Some(it), class));
            if class.is_some() {
                request.options.get_or_insert_default().message_class = class;
            }
            request.content = Content::Text(masked, encoding);
            Ok(())
        }
    }
}

fn split(data: &[u8]) -> (Option<Udh<'_>>, &[u8]) {
    udh::parse(data).map_or((None, data), |(header, body)| (Some(header), body))
}

/// The text with what is hidden in it, when there is something.
fn judge(rules: &ContentRules, text: &str) -> Result<Option<String>, Refusal> {
    match rules.inspect(text) {
        Verdict::Clean => Ok(None),
        Verdict::Masked(masked) => Ok(Some(masked)),
        Verdict::Blocked { what, at } => Err(found(what, at)),
    }
}

/// What was found, and where; never the text.
pub(crate) fn found(what: Forbidden, at: usize) -> Refusal {
    forbidden(&format!("{what}, from character {at} on"))
}

pub(crate) fn forbidden(what: &str) -> Refusal {
    Refusal::new(ErrorCode::ContentForbidden, format!("the text has {what}")).at("/text")
}
