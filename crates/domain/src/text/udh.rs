//! The user data header at the start of a message body (3GPP TS 23.040, section 9.2.3.24).
//!
//! `parse(&[5, 0, 3, 42, 2, 1, b'h', b'i'])` gives a header whose [`Udh::concat`] is part 1 of 2 with
//! reference 42, and the body `hi`. Elements may come in any order; a header whose lengths cannot be
//! true is no header (Q-F5).

use smallvec::SmallVec;

/// Element of a concatenated message with an 8-bit reference.
pub const CONCAT_8: u8 = 0x00;
/// Element of a concatenated message with a 16-bit reference.
pub const CONCAT_16: u8 = 0x08;
/// Element of application ports of 16 bits.
pub const PORTS_16: u8 = 0x05;
/// Element that names a national language's single shift table.
pub const SINGLE_SHIFT: u8 = 0x24;
/// Element that names a national language's locking shift table.
pub const LOCKING_SHIFT: u8 = 0x25;

/// A header whose lengths are consistent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Udh<'a> {
    elements: &'a [u8],
}

/// One information element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// The information element identifier.
    pub iei: u8,
    /// Its data.
    pub data: &'a [u8],
}

/// Which part of a long message a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concat {
    /// Shared by all parts; 8 bits wide unless `wide`.
    pub reference: u16,
    /// Parts in all, 1–255.
    pub total: u8,
    /// This part, 1–`total`.
    pub no: u8,
    /// Whether the reference has 16 bits.
    pub wide: bool,
}

/// Splits a body with UDHI set into header and rest. `None` when the header's length or the lengths of
/// its elements are impossible.
#[must_use]
pub fn parse(body: &[u8]) -> Option<(Udh<'_>, &[u8])> {
    let (&length, after) = body.split_first()?;
    let (elements, rest) = after.split_at_checked(usize::from(length))?;
    let mut left = elements;
    while !left.is_empty() {
        (_, left) = split_element(left)?;
    }
    Some((Udh { elements }, rest))
}

/// The concatenation element: 5 octets, or 6 when `wide`.
#[must_use]
pub fn concat_element(concat: Concat) -> SmallVec<[u8; 12]> {
    let [high, low] = concat.reference.to_be_bytes();
    let mut element = SmallVec::new();
    if concat.wide {
        element.extend_from_slice(&[CONCAT_16, 4, high, low, concat.total, concat.no]);
    } else {
        element.extend_from_slice(&[CONCAT_8, 3, low, concat.total, concat.no]);
    }
    element
}

/// Adds the element of application ports to a header's elements.
pub fn write_ports(elements: &mut SmallVec<[u8; 12]>, destination: u16, source: u16) {
    let ([a, b], [c, d]) = (destination.to_be_bytes(), source.to_be_bytes());
    elements.extend_from_slice(&[PORTS_16, 4, a, b, c, d]);
}

impl<'a> Udh<'a> {
    /// The elements in order of appearance.
    pub fn elements(&self) -> impl Iterator<Item = Element<'a>> + use<'a> {
        let mut left = self.elements;
        std::iter::from_fn(move || {
            let (element, rest) = split_element(left)?;
            left = rest;
            Some(element)
        })
    }

    /// The elements as they are in the header.
    #[must_use]
    pub fn as_octets(&self) -> &'a [u8] {
        self.elements
    }

    /// Octets of the header with its length octet.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.elements.len() + 1
    }

    /// The concatenation element; the last valid one when there are several (23.040, 9.2.3.24).
    #[must_use]
    pub fn concat(&self) -> Option<Concat> {
        self.parts().last()
    }

    /// Every valid concatenation element: more than one contradict each other, unless they are the same.
    pub fn parts(&self) -> impl Iterator<Item = Concat> + use<'a> {
        self.elements().filter_map(|element| concat_of(&element))
    }
}

fn split_element(octets: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&[iei, length], rest) = octets.split_first_chunk::<2>()?;
    let (data, rest) = rest.split_at_checked(usize::from(length))?;
    Some((Element { iei, data }, rest))
}

/// An element with part 0, or a part over the total, is ignored as the standard has it.
fn concat_of(element: &Element<'_>) -> Option<Concat> {
    let concat = match (element.iei, element.data) {
        (CONCAT_8, &[reference, total, no]) => Concat { reference: u16::from(reference), total, no, wide: false },
        (CONCAT_16, &[high, low, total, no]) => {
            Concat { reference: u16::from_be_bytes([high, low]), total, no, wide: true }
        }
        _ => return None,
    };
    (concat.no >= 1 && concat.no <= concat.total).then_some(concat)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn concat_in_any_position() {
        let (header, body) = parse(&[5, 0, 3, 42, 2, 1, b'h', b'i']).unwrap();
        assert_eq!(header.concat(), Some(Concat { reference: 42, total: 2, no: 1, wide: false }));
        assert_eq!((header.octets(), body), (6, &b"hi"[..]));

        // Application port addressing first, then a wide reference.
        let (header, body) = parse(&[12, 5, 4, 0, 80, 0, 80, 8, 4, 1, 2, 3, 3, b'x']).unwrap();
        assert_eq!(header.concat(), Some(Concat { reference: 0x0102, total: 3, no: 3, wide: true }));
        assert_eq!(header.elements().map(|element| element.iei).collect::<Vec<_>>(), [5, 8]);
        assert_eq!(body, b"x");
    }

    #[test]
    fn impossible_headers_are_none() {
        for body in [&[][..], &[1], &[5, 0, 3, 1, 2], &[3, 0, 9, 1], &[1, 0], &[5, 0, 4, 1, 2, 1]] {
            assert_eq!(parse(body), None, "{body:?}");
        }
    }

    #[test]
    fn invalid_concat_elements_are_ignored() {
        for data in [[1, 2, 0], [1, 2, 3], [1, 0, 0]] {
            let mut body = vec![5, 0, 3];
            body.extend(data);
            assert_eq!(parse(&body).unwrap().0.concat(), None, "{data:?}");
        }
        assert_eq!(parse(&[4, 0, 2, 1, 1]).unwrap().0.concat(), None);
    }

    proptest! {
        #[test]
        fn any_octets_are_safe(body in prop::collection::vec(any::<u8>(), 0..160)) {
            if let Some((header, rest)) = parse(&body) {
                prop_assert_eq!(header.octets() + rest.len(), body.len());
                let sum: usize = header.elements().map(|element| element.data.len() + 2).sum();
                prop_assert_eq!(sum + 1, header.octets());
                if let Some(concat) = header.concat() {
                    prop_assert!((1..=concat.total).contains(&concat.no));
                }
            }
        }

        #[test]
        fn written_headers_are_read(reference in any::<u16>(), total in 1u8.., wide in any::<bool>()) {
            let reference = if wide { reference } else { reference & 0xFF };
            let concat = Concat { reference, total, no: total, wide };
            let element = concat_element(concat);
            let mut out = vec![element.len() as u8];
            out.extend_from_slice(&element);
            prop_assert_eq!(parse(&out).and_then(|(header, _)| header.concat()), Some(concat));
        }
    }
}
