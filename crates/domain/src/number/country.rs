//! ISO 3166 country codes, as the number tables use them.

use std::fmt;
use std::str::FromStr;

use crate::as_text::serde_as_text;

/// A country by its two capitals; `ZZ` is for international and test networks. Text and serde form: `DE`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// The text is no country code. A code that nobody has would match no number, and its price or limit never count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a country is a code of ISO 3166 in two capitals, such as DE or GB (not UK)")]
pub struct CountryError;

/// The codes that ISO 3166-1 has assigned.
const ASSIGNED: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ \
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO \
    FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE \
    JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO \
    MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW \
    PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM \
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// Ascension and Kosovo, which have numbers and no code of their own, and international and test networks.
const BESIDES: &str = "AC XK ZZ";

/// For each first letter the second ones, a bit each: a code is read for every message.
const KNOWN: [u32; 26] = {
    let mut known = [0; 26];
    let mut lists = [ASSIGNED.as_bytes(), BESIDES.as_bytes()].as_slice();
    while let [list, rest @ ..] = lists {
        let mut list = *list;
        while let [first, second, rest @ ..] = list {
            known[(*first - b'A') as usize] |= 1 << (*second - b'A');
            list = if let [b' ', rest @ ..] = rest { rest } else { rest };
        }
        lists = rest;
    }
    known
};

fn is_known([first, second]: [u8; 2]) -> bool {
    let seconds = first.checked_sub(b'A').and_then(|place| KNOWN.get(usize::from(place)));
    let bit = second.checked_sub(b'A').filter(|bit| *bit < 26);
    seconds.zip(bit).is_some_and(|(seconds, bit)| seconds >> bit & 1 == 1)
}

impl Country {
    /// The two capitals.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII capitals get in, so this cannot fail.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Country {
    type Err = CountryError;

    fn from_str(text: &str) -> Result<Self, CountryError> {
        let code: [u8; 2] = text.as_bytes().try_into().map_err(|_| CountryError)?;
        if is_known(code) { Ok(Self(code)) } else { Err(CountryError) }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

serde_as_text!(Country);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_somebody_has_and_nothing_else() {
        for text in ["DE", "GB", "AD", "ZW", "AC", "XK", "ZZ"] {
            assert_eq!(text.parse::<Country>().unwrap().to_string(), text);
        }
        assert_eq!(ASSIGNED.split(' ').filter(|code| code.len() == 2).count(), 249);
        let pairs = (0..=u8::MAX).flat_map(|first| (0..=u8::MAX).map(move |second| [first, second]));
        assert_eq!(pairs.filter(|code| is_known(*code)).count(), 252, "no other two octets are one");
        for text in ["", "D", "de", "DEU", "D1", "Ä", "D ", " D", "UK", "XX", "EU", "AA"] {
            assert_eq!(text.parse::<Country>(), Err(CountryError), "{text}");
        }
    }
}
