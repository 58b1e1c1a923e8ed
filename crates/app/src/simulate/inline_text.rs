//! Short octet strings kept in place: addresses and message ids of hundreds of thousands of waiting receipts, without an
//! allocation each.

use std::fmt;

/// Up to `N` octets (at most 255); what is longer is cut.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct InlineText<const N: usize> {
    length: u8,
    octets: [u8; N],
}

impl<const N: usize> InlineText<N> {
    /// The first `N` octets of `text`.
    pub(crate) fn new(text: &[u8]) -> Self {
        let mut inline = Self { length: 0, octets: [0; N] };
        inline.push(text);
        inline
    }

    /// Adds as much of `text` as there is room for.
    pub(crate) fn push(&mut self, text: &[u8]) {
        let free = &mut self.octets[usize::from(self.length)..];
        let count = text.len().min(free.len());
        free[..count].copy_from_slice(&text[..count]);
        self.length = u8::try_from(usize::from(self.length) + count).unwrap_or(u8::MAX);
    }

    /// The octets.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.octets[..usize::from(self.length)]
    }
}

impl<const N: usize> Default for InlineText<N> {
    fn default() -> Self {
        Self::new(b"")
    }
}

impl<const N: usize> fmt::Write for InlineText<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

/// Numbers are personal data: only the length is shown.
impl<const N: usize> fmt::Debug for InlineText<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} octets", self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_kept_and_the_rest_is_cut() {
        let mut text = InlineText::<5>::new(b"abc");
        assert_eq!(text.as_bytes(), b"abc");
        text.push(b"def");
        assert_eq!(text.as_bytes(), b"abcde");
        text.push(b"g");
        assert_eq!(text.as_bytes(), b"abcde");
    }
}
