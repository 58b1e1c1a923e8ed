//! The ids that the simulated operator gives: decimal, hexadecimal or UUIDs, unique over restarts.

use std::fmt::Write as _;

use super::inline_text::InlineText;
use super::scenario::IdForm;

/// An id as it goes over the wire.
pub(crate) type MessageId = InlineText<36>;

/// Counts up from the microsecond at which the simulator started: a later run never repeats an id of an earlier one,
/// unless it took a million messages a second.
pub(crate) struct MessageIds {
    next: u64,
}

impl MessageIds {
    /// `started_us`: UTC microseconds.
    pub(crate) fn new(started_us: i64) -> Self {
        Self { next: started_us.unsigned_abs() }
    }

    /// The next id. `bits` are random, and used by UUIDs only.
    pub(crate) fn next(&mut self, form: IdForm, bits: impl FnOnce() -> u128) -> MessageId {
        let number = self.next;
        self.next += 1;
        let mut id = MessageId::default();
        // Writing to an InlineText never fails.
        let _ = match form {
            IdForm::Decimal => write!(id, "{number}"),
            IdForm::Hex => write!(id, "{number:X}"),
            IdForm::Uuid => write_uuid(&mut id, bits()),
        };
        id
    }
}

/// RFC 9562 version 4.
fn write_uuid(id: &mut MessageId, bits: u128) -> std::fmt::Result {
    let bits = bits & !(0xF << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let part = |from: u32, length: u32| (bits >> from) & ((1 << length) - 1);
    write!(
        id,
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        part(96, 32),
        part(80, 16),
        part(64, 16),
        part(48, 16),
        part(0, 48)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(ids: &mut MessageIds, form: IdForm) -> String {
        String::from_utf8_lossy(ids.next(form, || u128::MAX).as_bytes()).into_owned()
    }

    #[test]
    fn each_form_reads_as_it_should() {
        let mut ids = MessageIds::new(1_700_000_000_000_010);
        assert_eq!(text(&mut ids, IdForm::Decimal), "1700000000000010");
        assert_eq!(text(&mut ids, IdForm::Hex), "60A24181E400B");
        assert_eq!(text(&mut ids, IdForm::Uuid), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(text(&mut ids, IdForm::Decimal), "1700000000000013");
    }
}
