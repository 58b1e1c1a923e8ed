//! Optional parameters (SMPP 3.4 §5.3, 5.0 §4.8): framed once, read lazily, unknown ones kept.
//!
//! ```
//! use sambac_smpp::{Tag, TlvBuf};
//! let mut tlvs = TlvBuf::new();
//! tlvs.push_u16(Tag::SAR_MSG_REF_NUM, 7).push_cstr(Tag::RECEIPTED_MESSAGE_ID, b"a1");
//! assert_eq!(tlvs.as_tlvs().u16(Tag::SAR_MSG_REF_NUM), Some(7));
//! assert_eq!(tlvs.as_tlvs().cstr(Tag::RECEIPTED_MESSAGE_ID), Some(&b"a1"[..]));
//! ```

use crate::Tag;
use bytes::{BufMut, Bytes, BytesMut};
use std::fmt;

/// Octets of a tag and a length.
const HEAD_OCTETS: usize = 4;

/// The optional parameters of a PDU, in their order; a tag may come more than once.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Tlvs<'a>(&'a [u8]);

impl<'a> Tlvs<'a> {
    /// No optional parameters.
    pub const EMPTY: Self = Self(&[]);

    /// Takes encoded TLVs as they are, whole or not.
    #[must_use]
    pub const fn from_octets(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// The encoded TLVs.
    #[must_use]
    pub const fn as_octets(self) -> &'a [u8] {
        self.0
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Whether all octets belong to whole TLVs. False only where broken ones were asked for, and in responses.
    #[must_use]
    pub fn is_whole(self) -> bool {
        whole_tlvs_octets(self.0) == self.0.len()
    }

    /// All of them. Of a last one that is cut short, what is there.
    #[must_use]
    pub const fn iter(self) -> TlvIter<'a> {
        TlvIter(self.0)
    }

    /// The first value of `tag`.
    #[must_use]
    pub fn get(self, tag: Tag) -> Option<&'a [u8]> {
        self.iter().find(|(found, _)| *found == tag).map(|(_, value)| value)
    }

    /// An integer of 1, 2 or 4 octets, whatever the specification says: senders differ. `None` when it does not fit.
    #[must_use]
    pub fn u8(self, tag: Tag) -> Option<u8> {
        self.u32(tag).and_then(|value| value.try_into().ok())
    }

    /// As [`u8`](Self::u8).
    #[must_use]
    pub fn u16(self, tag: Tag) -> Option<u16> {
        self.u32(tag).and_then(|value| value.try_into().ok())
    }

    /// As [`u8`](Self::u8).
    #[must_use]
    pub fn u32(self, tag: Tag) -> Option<u32> {
        match *self.get(tag)? {
            [a] => Some(u32::from(a)),
            [a, b] => Some(u32::from(u16::from_be_bytes([a, b]))),
            [a, b, c, d] => Some(u32::from_be_bytes([a, b, c, d])),
            _ => None,
        }
    }

    /// A string, with or without NUL: it ends at the first NUL, if there is one.
    #[must_use]
    pub fn cstr(self, tag: Tag) -> Option<&'a [u8]> {
        self.get(tag).map(|value| value.split(|octet| *octet == 0).next().unwrap_or_default())
    }
}

impl<'a> IntoIterator for Tlvs<'a> {
    type Item = (Tag, &'a [u8]);
    type IntoIter = TlvIter<'a>;

    fn into_iter(self) -> TlvIter<'a> {
        self.iter()
    }
}

/// Values may be texts or one-time codes, so only tags and lengths are shown.
impl fmt::Debug for Tlvs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(tag, value)| (tag, value.len()))).finish()
    }
}

/// Goes through TLVs.
#[derive(Debug, Clone)]
pub struct TlvIter<'a>(&'a [u8]);

impl<'a> Iterator for TlvIter<'a> {
    type Item = (Tag, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (&[a, b, c, d], rest) = self.0.split_first_chunk::<HEAD_OCTETS>()?;
        let length = usize::from(u16::from_be_bytes([c, d])).min(rest.len());
        let (value, rest) = rest.split_at(length);
        self.0 = rest;
        Some((Tag(u16::from_be_bytes([a, b])), value))
    }
}

/// How many octets, from the start, belong to whole TLVs.
#[inline]
pub(crate) fn whole_tlvs_octets(raw: &[u8]) -> usize {
    let mut rest = raw;
    while let Some((&[_, _, c, d], after)) = rest.split_first_chunk::<HEAD_OCTETS>() {
        let Some(next) = after.get(usize::from(u16::from_be_bytes([c, d]))..) else { break };
        rest = next;
    }
    raw.len() - rest.len()
}

/// Builds optional parameters. A value over 65,535 octets leaves them broken, and [`encode`](crate::encode()) refuses them.
#[derive(Clone, Default)]
pub struct TlvBuf {
    octets: BytesMut,
    is_broken: bool,
}

impl TlvBuf {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a TLV.
    pub fn push(&mut self, tag: Tag, value: &[u8]) -> &mut Self {
        let length = u16::try_from(value.len());
        self.is_broken |= length.is_err();
        if self.is_broken {
            // A head without its value can never be whole.
            self.octets.clear();
            self.octets.put_slice(&[0xFF; HEAD_OCTETS]);
            return self;
        }
        self.octets.put_u16(tag.0);
        self.octets.put_u16(length.unwrap_or_default());
        self.octets.put_slice(value);
        self
    }

    /// Adds an integer of one octet.
    pub fn push_u8(&mut self, tag: Tag, value: u8) -> &mut Self {
        self.push(tag, &[value])
    }

    /// Adds an integer of two octets.
    pub fn push_u16(&mut self, tag: Tag, value: u16) -> &mut Self {
        self.push(tag, &value.to_be_bytes())
    }

    /// Adds an integer of four octets.
    pub fn push_u32(&mut self, tag: Tag, value: u32) -> &mut Self {
        self.push(tag, &value.to_be_bytes())
    }

    /// Adds a C-octet string: `value` up to its first NUL, if it has one, and a NUL.
    pub fn push_cstr(&mut self, tag: Tag, value: &[u8]) -> &mut Self {
        let text = value.split(|octet| *octet == 0).next().unwrap_or_default();
        self.push(tag, &[text, &[0]].concat())
    }

    /// What was added so far.
    #[must_use]
    pub fn as_tlvs(&self) -> Tlvs<'_> {
        Tlvs(&self.octets)
    }

    /// The encoded TLVs.
    #[must_use]
    pub fn into_octets(self) -> Bytes {
        self.octets.freeze()
    }

    /// Takes all out again, keeping the memory.
    pub fn clear(&mut self) {
        self.octets.clear();
        self.is_broken = false;
    }
}

impl fmt::Debug for TlvBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_tlvs().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_in_one_two_or_four_octets() {
        let mut tlvs = TlvBuf::new();
        tlvs.push_u8(Tag(1), 9).push_u16(Tag(2), 9).push_u32(Tag(3), 9).push_u32(Tag(4), 0x1_0000);
        let tlvs = tlvs.as_tlvs();
        for tag in [1, 2, 3] {
            assert_eq!(tlvs.u8(Tag(tag)), Some(9));
            assert_eq!(tlvs.u16(Tag(tag)), Some(9));
            assert_eq!(tlvs.u32(Tag(tag)), Some(9));
        }
        assert_eq!((tlvs.u8(Tag(4)), tlvs.u16(Tag(4)), tlvs.u32(Tag(4))), (None, None, Some(0x1_0000)));
    }

    #[test]
    fn integers_of_odd_sizes_are_none() {
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tag(1), &[]).push(Tag(2), &[0, 0, 1]).push(Tag(3), &[0; 8]);
        for tag in [1, 2, 3] {
            assert_eq!(tlvs.as_tlvs().u32(Tag(tag)), None);
        }
    }

    #[test]
    fn strings_are_read_with_and_without_nul() {
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tag(1), b"ab").push(Tag(2), b"ab\0").push(Tag(3), b"").push_cstr(Tag(4), b"a\0b");
        let tlvs = tlvs.as_tlvs();
        assert_eq!(tlvs.cstr(Tag(1)), Some(&b"ab"[..]));
        assert_eq!(tlvs.cstr(Tag(2)), Some(&b"ab"[..]));
        assert_eq!(tlvs.cstr(Tag(3)), Some(&b""[..]));
        assert_eq!(tlvs.get(Tag(4)), Some(&b"a\0"[..]));
    }

    #[test]
    fn a_cut_value_is_read_as_far_as_it_goes_and_flagged() {
        let tlvs = Tlvs::from_octets(&[0, 1, 0, 1, 7, 0, 2, 0, 5, 1, 2]);
        assert!(!tlvs.is_whole());
        assert_eq!(tlvs.iter().collect::<Vec<_>>(), [(Tag(1), &[7][..]), (Tag(2), &[1, 2][..])]);
    }

    #[test]
    fn repeated_tags_are_kept() {
        let mut tlvs = TlvBuf::new();
        tlvs.push_u8(Tag(0x606), 1).push_u8(Tag(0x606), 2);
        assert_eq!(tlvs.as_tlvs().iter().count(), 2);
        assert_eq!(tlvs.as_tlvs().u8(Tag(0x606)), Some(1));
    }

    #[test]
    fn a_value_too_long_breaks_the_list_until_cleared() {
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tag(1), &vec![0; 0x1_0000]).push_u8(Tag(2), 1);
        assert!(!tlvs.as_tlvs().is_whole());
        tlvs.clear();
        assert!(tlvs.push(Tag(1), &vec![0; 0xFFFF]).as_tlvs().is_whole());
    }

    #[test]
    fn debug_shows_no_value() {
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tag::MESSAGE_PAYLOAD, b"code 123456");
        assert_eq!(format!("{tlvs:?}"), "{MESSAGE_PAYLOAD: 11}");
    }
}
