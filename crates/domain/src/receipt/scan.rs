//! Finds the fields of a receipt text: any order, any case, any missing, with strangers between (Q-C3).
//!
//! `id:7 stat:DELIVRD text:hi` gives the id `7` and the state word `DELIVRD`. A field's value runs to the
//! next field that we know. Everything behind `text:` is the message, which anybody may have written: it
//! is searched only when neither id nor state stood before it.

/// Raw values, trimmed; a field that stands twice keeps its first value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fields<'a> {
    pub(super) id: Option<&'a [u8]>,
    pub(super) sub: Option<&'a [u8]>,
    pub(super) dlvrd: Option<&'a [u8]>,
    pub(super) submit_date: Option<&'a [u8]>,
    pub(super) done_date: Option<&'a [u8]>,
    pub(super) stat: Option<&'a [u8]>,
    pub(super) err: Option<&'a [u8]>,
}

/// Reads the fields of a text in ASCII.
pub(super) fn scan(text: &[u8]) -> Fields<'_> {
    let mut fields = Fields::default();
    let after_text = fields.fill(text);
    if fields.id.is_none() && fields.stat.is_none() {
        fields.fill_all(after_text);
    }
    fields
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Id,
    Sub,
    Dlvrd,
    SubmitDate,
    DoneDate,
    Stat,
    Err,
    Text,
}

/// Names in lower case, by field. A blank also stands for `_` and for nothing: "submitdate".
const NAMES: [(&[u8], Field); 17] = [
    (b"id", Field::Id),
    (b"message id", Field::Id),
    (b"msg id", Field::Id),
    (b"sub", Field::Sub),
    (b"dlvrd", Field::Dlvrd),
    (b"dlvd", Field::Dlvrd),
    (b"submit date", Field::SubmitDate),
    (b"sub date", Field::SubmitDate),
    (b"done date", Field::DoneDate),
    (b"stat", Field::Stat),
    (b"status", Field::Stat),
    (b"state", Field::Stat),
    (b"err", Field::Err),
    (b"error", Field::Err),
    (b"error code", Field::Err),
    (b"text", Field::Text),
    (b"message", Field::Text),
];

impl<'a> Fields<'a> {
    /// Fills fields up to `text:` and returns what is behind it.
    fn fill(&mut self, text: &'a [u8]) -> &'a [u8] {
        let mut open: Option<(Field, usize)> = None;
        let mut at = 0;
        while at < text.len() {
            let Some((field, length)) = field_at(text, at) else {
                at += 1;
                continue;
            };
            self.close(open, text.get(..at).unwrap_or_default());
            at += length;
            if field == Field::Text {
                return text.get(at..).unwrap_or_default();
            }
            open = Some((field, at));
        }
        self.close(open, text);
        &[]
    }

    /// As [`Fields::fill`], through any number of `text:`.
    fn fill_all(&mut self, text: &'a [u8]) {
        let mut rest = text;
        while !rest.is_empty() {
            rest = self.fill(rest);
        }
    }

    fn close(&mut self, open: Option<(Field, usize)>, up_to: &'a [u8]) {
        let Some((field, from)) = open else { return };
        let value = trim(up_to.get(from..).unwrap_or_default());
        let slot = match field {
            Field::Id => &mut self.id,
            Field::Sub => &mut self.sub,
            Field::Dlvrd => &mut self.dlvrd,
            Field::SubmitDate => &mut self.submit_date,
            Field::DoneDate => &mut self.done_date,
            Field::Stat => &mut self.stat,
            Field::Err => &mut self.err,
            Field::Text => return,
        };
        let value = match field {
            Field::SubmitDate | Field::DoneDate => value,
            _ => first_word(value),
        };
        if slot.is_none() && !value.is_empty() {
            *slot = Some(value);
        }
    }
}

/// A field name with its `:` or `=` at a word's start, and the octets they take together.
fn field_at(text: &[u8], at: usize) -> Option<(Field, usize)> {
    let before = at.checked_sub(1).and_then(|index| text.get(index));
    if before.is_some_and(|octet| is_word(*octet)) {
        return None;
    }
    let here = text.get(at..)?;
    if !matches!(here.first()?.to_ascii_lowercase(), b'i' | b'm' | b's' | b'd' | b'e' | b't') {
        return None;
    }
    NAMES.iter().find_map(|(name, field)| {
        let length = match_name(here, name)?;
        let blanks = here.get(length..)?.iter().take_while(|octet| **octet == b' ').count();
        matches!(here.get(length + blanks)?, b':' | b'=').then_some((*field, length + blanks + 1))
    })
}

fn match_name(here: &[u8], name: &[u8]) -> Option<usize> {
    let mut length = 0;
    for expected in name {
        let octet = here.get(length)?;
        match expected {
            b' ' if matches!(octet, b' ' | b'_' | b'-') => length += 1,
            b' ' => {}
            _ if octet.eq_ignore_ascii_case(expected) => length += 1,
            _ => return None,
        }
    }
    Some(length)
}

fn is_word(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet == b'_' || octet >= 0x80
}

fn is_separator(octet: u8) -> bool {
    octet <= b' ' || matches!(octet, b',' | b';' | b'|' | b'&' | b'"' | b'\'')
}

fn trim(mut value: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = value
        && is_separator(*first)
    {
        value = rest;
    }
    while let [rest @ .., last] = value
        && is_separator(*last)
    {
        value = rest;
    }
    value
}

fn first_word(value: &[u8]) -> &[u8] {
    let end = value.iter().position(|octet| is_separator(*octet)).unwrap_or(value.len());
    value.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_text_is_searched_only_in_need() {
        let fields = scan(b"id:1 stat:DELIVRD text:err:9 id:2");
        assert_eq!((fields.id, fields.err), (Some(&b"1"[..]), None));
        let fields = scan(b"text:Hello id:2 stat:EXPIRED");
        assert_eq!((fields.id, fields.stat), (Some(&b"2"[..]), Some(&b"EXPIRED"[..])));
    }

    #[test]
    fn names_stand_alone() {
        let fields = scan(b"void:1 grid:2 ID : 3, Status=FAILED;error_code: 0x1F");
        assert_eq!(fields.id, Some(&b"3"[..]));
        assert_eq!(fields.stat, Some(&b"FAILED"[..]));
        assert_eq!(fields.err, Some(&b"0x1F"[..]));
    }

    #[test]
    fn an_empty_value_is_missing() {
        let fields = scan(b"id: sub:001 stat: err:");
        assert_eq!((fields.id, fields.stat, fields.err), (None, None, None));
        assert_eq!(fields.sub, Some(&b"001"[..]));
    }
}
