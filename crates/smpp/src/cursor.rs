//! Reads the fields of a body, in order, without copying.

use crate::tlv::{Tlvs, whole_tlvs_octets};
use crate::{Field, field};

/// What is left of a body, and how strict to be about its end.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    keep_broken_tlvs: bool,
}

/// The field that ran past the end.
pub(crate) type Fault = &'static Field;

impl<'a> Cursor<'a> {
    pub(crate) const fn new(body: &'a [u8], keep_broken_tlvs: bool) -> Self {
        Self { rest: body, keep_broken_tlvs }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(crate) fn u8(&mut self) -> Result<u8, Fault> {
        let (&first, rest) = self.rest.split_first().ok_or(&field::FIXED)?;
        self.rest = rest;
        Ok(first)
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Result<u32, Fault> {
        let (first, rest) = self.rest.split_first_chunk::<4>().ok_or(&field::FIXED)?;
        self.rest = rest;
        Ok(u32::from_be_bytes(*first))
    }

    /// A C-octet string, without its NUL. Its length is not limited here: that is the caller's policy.
    #[inline]
    pub(crate) fn cstr(&mut self, field: &'static Field) -> Result<&'a [u8], Fault> {
        let end = self.rest.iter().position(|octet| *octet == 0).ok_or(field)?;
        let (value, rest) = self.rest.split_at(end);
        self.rest = rest.get(1..).unwrap_or_default();
        Ok(value)
    }

    /// A C-octet string whose NUL may be missing when it is the last field: responses come so.
    pub(crate) fn cstr_or_rest(&mut self) -> &'a [u8] {
        self.cstr(&field::FIXED).unwrap_or_else(|_| std::mem::take(&mut self.rest))
    }

    /// `length` octets.
    #[inline]
    pub(crate) fn octets(&mut self, length: usize, field: &'static Field) -> Result<&'a [u8], Fault> {
        let (value, rest) = self.rest.split_at_checked(length).ok_or(field)?;
        self.rest = rest;
        Ok(value)
    }

    /// All that is left, as optional parameters.
    #[inline]
    pub(crate) fn tlvs(&mut self) -> Result<Tlvs<'a>, Fault> {
        let raw = std::mem::take(&mut self.rest);
        if !self.keep_broken_tlvs && whole_tlvs_octets(raw) != raw.len() {
            return Err(&field::TLVS);
        }
        Ok(Tlvs::from_octets(raw))
    }

    /// The optional parameters of a response: never refused, because the message id before them counts.
    pub(crate) const fn response_tlvs(&mut self) -> Tlvs<'a> {
        let raw = self.rest;
        self.rest = &[];
        Tlvs::from_octets(raw)
    }
}
