//! A long message that its client cut itself, looked at as the handset will show it: the parts that lie side by side are one text.

use std::collections::BTreeMap;

use super::{ContentRules, Verdict};
use crate::mo::{Part, text};
use crate::text::Reading;

impl ContentRules {
    /// Looks at the text that part number `no` makes with those beside it, as far as they are there. Whatever is cut in two, or in more pieces, is
    /// seen with the last of its pieces. Parts that nobody can read are [`Verdict::Clean`]: each was looked at by itself.
    #[must_use]
    pub fn inspect_joined(&self, parts: &BTreeMap<u8, Part>, no: u8) -> Verdict {
        let before = parts.range(..no).rev().zip((0..no).rev()).take_while(|((there, _), wanted)| *there == wanted);
        let first = no - u8::try_from(before.count()).unwrap_or(0);
        let beside = parts.range(first..).zip(first..=u8::MAX).take_while(|((there, _), wanted)| *there == wanted);
        let run: Vec<Part> = beside.map(|((_, part), _)| part.clone()).collect();
        if run.len() < 2 {
            return Verdict::Clean;
        }
        text(&run, &Reading::default()).map_or(Verdict::Clean, |text| self.inspect(&text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::content::{Forbidden, Handling};

    fn rules() -> ContentRules {
        let link_hosts = Some(vec!["bank.com".parse().unwrap()]);
        ContentRules { card_numbers: Handling::Block, ibans: Handling::Mask, link_hosts }
    }

    /// A part of a text, in the default alphabet or in UCS-2, with the header that ties it to the others.
    fn part(no: u8, total: u8, text: &str, is_wide: bool) -> Part {
        let mut octets = vec![5, 0, 3, 9, total, no];
        match is_wide {
            true => octets.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
            false => octets.extend(text.as_bytes()),
        }
        Part { no, data_coding: if is_wide { 8 } else { 0 }, udh: true, octets }
    }

    /// Whether each of these pieces, in the order in which they come, is refused: by itself, or with those beside it.
    fn refused(pieces: &[(u8, Part)]) -> Vec<bool> {
        let mut parts = BTreeMap::new();
        let mut all = Vec::new();
        for (no, part) in pieces {
            parts.insert(*no, part.clone());
            let alone = text(std::slice::from_ref(part), &Reading::default()).map(|text| rules().inspect(&text));
            all.push(alone != Some(Verdict::Clean) || rules().inspect_joined(&parts, *no) != Verdict::Clean);
            if all.last() == Some(&true) {
                parts.remove(no);
            }
        }
        all
    }

    /// What is cut in two is seen with the second half, whichever half comes first; parts that are apart are not joined.
    #[test]
    fn a_number_that_is_cut_is_seen_with_its_last_piece() {
        let (one, two) = (part(1, 3, "Card 4111 1111 ", false), part(2, 3, "1111 1111 was", false));
        assert_eq!(refused(&[(1, one.clone()), (2, two.clone())]), [false, true]);
        assert_eq!(refused(&[(2, two.clone()), (1, one.clone())]), [false, true]);
        assert_eq!(refused(&[(1, one.clone()), (3, part(3, 3, "1111 1111 was", false))]), [false, false]);
        let joined = BTreeMap::from([(1, one), (2, two)]);
        assert_eq!(rules().inspect_joined(&joined, 2), Verdict::Blocked { what: Forbidden::CardNumber, at: 5 });
        let link = [(1, part(1, 2, "See evil.exam", false)), (2, part(2, 2, "ple.com/x", false))];
        assert!(refused(&link)[1]);
        let hidden = [(1, part(1, 2, "DE89 3704 0044 ", false)), (2, part(2, 2, "0532 0130 00", false))];
        assert_eq!(refused(&hidden), [false, true], "what would be hidden cannot be any more");
        let harmless = [(1, part(1, 2, "Your parcel ", false)), (2, part(2, 2, "comes today", false))];
        assert_eq!(refused(&harmless), [false, false]);
    }

    proptest! {
        /// However a text with a card number is cut, in whatever order its parts come, not all of them are taken: the last at the latest is
        /// refused.
        #[test]
        fn any_cut_of_a_card_number_is_refused(
            before in "[a-z ]{0,20}",
            after in "[a-z ]{0,20}",
            grouped in any::<bool>(),
            cuts in proptest::collection::btree_set(0_usize..60, 0..12),
            is_wide in any::<bool>(),
            order in any::<u64>(),
        ) {
            let number = if grouped { "4111 1111 1111 1111" } else { "4111111111111111" };
            let whole = format!("{before} {number} {after}");
            let mut ends: Vec<usize> = cuts.into_iter().filter(|cut| (1..whole.len()).contains(cut)).collect();
            ends.push(whole.len());
            let (mut pieces, mut start) = (Vec::new(), 0);
            for (end, no) in ends.iter().zip(1_u8..) {
                pieces.push((no, part(no, u8::try_from(ends.len()).unwrap(), &whole[start..*end], is_wide)));
                start = *end;
            }
            let mut random = order;
            for at in (1..pieces.len()).rev() {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                pieces.swap(at, usize::try_from(random >> 33).unwrap() % (at + 1));
            }
            prop_assert!(refused(&pieces).contains(&true), "{whole:?} cut at {ends:?}");
        }

        /// A text with nothing in it is taken however it is cut.
        #[test]
        fn any_cut_of_a_harmless_text_is_taken(whole in "[a-z ]{2,60}", cut in 1_usize..60, is_wide in any::<bool>()) {
            let cut = cut.min(whole.len() - 1);
            let pieces =
                [(1, part(1, 2, &whole[..cut], is_wide)), (2, part(2, 2, &whole[cut..], is_wide))];
            prop_assert_eq!(refused(&pieces), [false, false]);
        }
    }
}
