//! What a handset would make a link of, and where it would lead.
//!
//! Handsets are generous: `bank.example/login`, with or without a scheme, becomes a link. So does this: a scheme, a name whose last
//! label is a top-level domain, or four numbers like an address. What cannot be read leads nowhere that is listed.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::HostPattern;

const TOP_LEVEL_DOMAINS: &str = include_str!("../../data/top_level_domains.txt");

/// Those that are written in ASCII letters.
static KNOWN: LazyLock<HashSet<&'static str>> = LazyLock::new(|| TOP_LEVEL_DOMAINS.lines().collect());

/// The first octet of the first link that leads to none of these sites.
pub(super) fn stranger(text: &str, allowed: &[HostPattern]) -> Option<usize> {
    if !text.contains(is_dot) && !text.contains("://") {
        return None;
    }
    let mut at = 0;
    while let Some((start, rest)) = next_name(text, at) {
        let has_scheme = text.get(..start).is_some_and(|before| before.ends_with("://"));
        let (host, end) = if has_scheme { authority(rest) } else { bare(rest) };
        let leads = has_scheme || is_link(host);
        if leads && !allowed.iter().any(|pattern| pattern.allows(host)) {
            return Some(start);
        }
        let after = rest.get(end..).unwrap_or_default();
        at = start + end + if leads { path(after) } else { 0 };
    }
    None
}

/// Where the next run of characters of a name begins, and the text from there. After a scheme, whatever comes is taken for a name.
fn next_name(text: &str, from: usize) -> Option<(usize, &str)> {
    let rest = text.get(from..)?;
    let name = rest.find(is_name);
    let scheme = rest.find("://").map(|at| at + 3).filter(|at| rest.len() > *at);
    let start = match (name, scheme) {
        // The name of the scheme itself is no link: "https" has no dot.
        (Some(name), Some(scheme)) => name.min(scheme),
        (name, scheme) => name.or(scheme)?,
    };
    Some((from + start, rest.get(start..)?))
}

/// The host between a scheme and the path, without user and port, and the octets up to the path (RFC 3986, section 3.2). Browsers
/// take a backslash for a slash, others do not: a host with one is on no list.
fn authority(rest: &str) -> (&str, usize) {
    let end =
        rest.find(|c: char| matches!(c, '/' | '?' | '#' | '<' | '>' | '"') || c.is_whitespace()).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_user, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _port)| host);
    // At least one character is passed, so that the search goes on.
    (host.trim_end_matches(['.', ',', ';', '!', ')', '\'']), end.max(first_octets(rest)))
}

fn first_octets(text: &str) -> usize {
    text.chars().next().map_or(1, char::len_utf8)
}

fn bare(rest: &str) -> (&str, usize) {
    let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
    let host = rest.get(..end).unwrap_or_default();
    (host.trim_matches(|c| is_dot(c) || c == '-'), end)
}

/// Octets of a path, a query or a port after a host: whatever is in it leads to the same host.
fn path(after: &str) -> usize {
    let begins = after.starts_with(['/', '?', '#', ':']);
    let end = || after.find(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>')).unwrap_or(after.len());
    if begins { end() } else { 0 }
}

fn is_link(host: &str) -> bool {
    let mut labels = host.rsplit(is_dot);
    let (Some(last), Some(_)) = (labels.next(), labels.next()) else { return false };
    is_top_level(last) || is_address(host)
}

fn is_top_level(label: &str) -> bool {
    if !label.is_ascii() {
        return label.chars().any(char::is_alphabetic);
    }
    let label = label.to_ascii_lowercase();
    label.starts_with("xn--") || KNOWN.contains(label.as_str())
}

/// Four numbers of an octet each.
fn is_address(host: &str) -> bool {
    host.split('.').count() == 4 && host.split('.').all(|label| label.parse::<u8>().is_ok())
}

/// What browsers take for the dot between labels (UTS 46).
fn is_dot(c: char) -> bool {
    matches!(c, '.' | '\u{3002}' | '\u{FF0E}' | '\u{FF61}')
}

/// Characters that are part of a name, or are ignored in one.
fn is_name(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '-' | '_' | '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}')
        || is_dot(c)
}
