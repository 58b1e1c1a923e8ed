//! Makes what was found unreadable, in place, so that the text keeps its length and its groups.

use std::borrow::Cow;
use std::ops::Range;

/// Characters that stay readable, so that a customer knows which card or account is meant (PCI DSS 3.4.1).
const SHOWN: usize = 4;

/// All letters and digits in these octets but the last four become `*`.
pub(super) fn all_but_the_end<'a>(text: &'a str, found: &mut [Range<usize>]) -> Cow<'a, str> {
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    found.sort_by_key(|range| range.start);
    let mut masked = String::with_capacity(text.len());
    let mut done = 0;
    for range in found.iter() {
        let (Some(before), Some(secret)) = (text.get(done..range.start), text.get(range.clone())) else { continue };
        masked.push_str(before);
        let mut hidden = secret.chars().filter(|c| c.is_alphanumeric()).count().saturating_sub(SHOWN);
        masked.extend(secret.chars().map(|c| hide(c, &mut hidden)));
        done = range.end;
    }
    masked.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(masked)
}

fn hide(c: char, hidden: &mut usize) -> char {
    if *hidden == 0 || !c.is_alphanumeric() {
        return c;
    }
    *hidden -= 1;
    '*'
}
