//! A list that begins with its count in one octet: the destinations of `submit_multi` and the refused ones of its answer.

use crate::cursor::{Cursor, Fault};
use crate::encode::Sink;
use crate::{EncodeError, field};
use bytes::BytesMut;
use std::{fmt, marker::PhantomData};

/// What such a list holds.
pub(crate) trait Item<'a>: Sized {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault>;
    fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError>;
}

/// A list with its count before it, checked once and read lazily.
pub struct Counted<'a, T> {
    count: u8,
    octets: &'a [u8],
    items: PhantomData<T>,
}

#[expect(private_bounds, reason = "the items are the crate's own; users name the list by its alias")]
impl<'a, T: Item<'a>> Counted<'a, T> {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Goes through them.
    pub fn iter(&self) -> impl Iterator<Item = T> + use<'a, T> {
        let mut cursor = Cursor::new(self.octets, true);
        (0..self.count).map_while(move |_| T::decode(&mut cursor).ok())
    }

    pub(super) fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        let count = cursor.u8()?;
        let start = cursor.rest();
        for _ in 0..count {
            T::decode(cursor)?;
        }
        let octets = start.get(..start.len() - cursor.rest().len()).unwrap_or_default();
        Ok(Self { count, octets, items: PhantomData })
    }

    pub(super) fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        out.u8(self.count);
        self.iter().try_for_each(|item| item.encode(out))
    }
}

impl<T> Clone for Counted<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Counted<'_, T> {}

impl<T> Default for Counted<'_, T> {
    fn default() -> Self {
        Self { count: 0, octets: &[], items: PhantomData }
    }
}

impl<T> PartialEq for Counted<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.octets == other.octets
    }
}

impl<T> Eq for Counted<'_, T> {}

/// Addresses are personal data: only the count is shown.
impl<T> fmt::Debug for Counted<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} items", self.count)
    }
}

/// Builds a counted list of at most 255 items.
pub struct CountedBuf<T> {
    count: u8,
    octets: BytesMut,
    items: PhantomData<T>,
}

impl<T> CountedBuf<T> {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self { count: 0, octets: BytesMut::new(), items: PhantomData }
    }
}

impl<T> Default for CountedBuf<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for CountedBuf<T> {
    fn clone(&self) -> Self {
        Self { count: self.count, octets: self.octets.clone(), items: PhantomData }
    }
}

/// Addresses are personal data: only the count is shown.
impl<T> fmt::Debug for CountedBuf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} items", self.count)
    }
}

macro_rules! counted_buf {
    ($item:ident) => {
        impl CountedBuf<super::$item<'static>> {
            /// Adds one.
            ///
            /// # Errors
            /// When one of its fields is too long, or there are 255 already.
            pub fn push(&mut self, item: super::$item<'_>) -> Result<(), EncodeError> {
                let full = EncodeError::TooLong { field: &field::NUMBER_OF_DESTS, octets: 256 };
                let count = self.count.checked_add(1).ok_or(full)?;
                let start = self.octets.len();
                item.encode(&mut self.octets).inspect_err(|_| self.octets.truncate(start))?;
                self.count = count;
                Ok(())
            }

            /// What was added so far.
            #[must_use]
            pub fn as_list(&self) -> Counted<'_, super::$item<'_>> {
                Counted { count: self.count, octets: &self.octets, items: PhantomData }
            }
        }
    };
}

counted_buf!(Destination);
counted_buf!(Unsuccessful);
