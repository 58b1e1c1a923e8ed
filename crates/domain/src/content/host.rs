//! Sites that a text may link to.

use std::fmt;
use std::str::FromStr;

use crate::as_text::serde_as_text;

/// Names a site, `bank.example`, or all below one, `*.bank.example`. Names in other scripts are written as they are on the wire,
/// `xn--…`: a letter that only looks like another never matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    name: String,
    below: bool,
}

/// The text names no site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the name of a site in ASCII, such as bank.example, or *.bank.example for all below it")]
pub struct MalformedHost;

/// Octets of a name (RFC 1035, section 2.3.4).
const NAME_MAX: usize = 253;
const LABEL_MAX: usize = 63;

impl HostPattern {
    /// Whether `host` is meant, in any case of letters.
    #[must_use]
    pub fn allows(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        if !self.below {
            return host.eq_ignore_ascii_case(&self.name);
        }
        let Some(start) = host.len().checked_sub(self.name.len()) else { return false };
        let (Some(sub), Some(name)) = (host.get(..start), host.get(start..)) else { return false };
        sub.len() > 1 && sub.ends_with('.') && is_name(&sub[..sub.len() - 1]) && name.eq_ignore_ascii_case(&self.name)
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= NAME_MAX && text.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let is_good = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
    (1..=LABEL_MAX).contains(&label.len())
        && label.bytes().all(is_good)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl FromStr for HostPattern {
    type Err = MalformedHost;

    fn from_str(text: &str) -> Result<Self, MalformedHost> {
        let (below, name) = text.strip_prefix("*.").map_or((false, text), |name| (true, name));
        if !is_name(name) || !name.contains('.') {
            return Err(MalformedHost);
        }
        Ok(Self { name: name.to_ascii_lowercase(), below })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let below = if self.below { "*." } else { "" };
        write!(f, "{below}{}", self.name)
    }
}

serde_as_text!(HostPattern);
