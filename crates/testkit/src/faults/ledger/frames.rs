//! Messages of PostgreSQL's protocol, as far as a proxy looks at them: where each ends, and which is a COMMIT.

use bytes::{Buf as _, Bytes, BytesMut};

/// Octets of one direction, taken out message by message.
#[derive(Debug)]
pub(super) struct Frames {
    pub(super) octets: BytesMut,
    /// The first message of a client has no type octet.
    untyped: bool,
}

impl Frames {
    pub(super) fn of_client() -> Self {
        Self { octets: BytesMut::with_capacity(64 << 10), untyped: true }
    }

    pub(super) fn of_server() -> Self {
        Self { octets: BytesMut::with_capacity(64 << 10), untyped: false }
    }

    /// The next message that is there as a whole.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        let kind = usize::from(!self.untyped);
        let mut length = self.octets.get(kind..kind + 4)?;
        let whole = kind + usize::try_from(length.get_u32()).ok()?;
        if self.octets.len() < whole {
            return None;
        }
        self.untyped = false;
        Some(self.octets.split_to(whole).freeze())
    }
}

/// Whether a client asks to commit, in the one form in which the driver does.
pub(super) fn is_commit(frame: &[u8]) -> bool {
    frame.first() == Some(&b'Q') && frame.get(5..).is_some_and(|text| text.starts_with(b"COMMIT"))
}

/// Whether a server has answered whatever was asked.
pub(super) fn is_ready(frame: &[u8]) -> bool {
    frame.first() == Some(&b'Z')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_out_one_by_one_however_they_come() {
        let startup = [0, 0, 0, 8, 0, 3, 0, 0];
        let commit = *b"Q\0\0\0\x0bCOMMIT\0";
        let octets = [&startup[..], &commit[..], b"X\0\0\0\x04"].concat();
        let (mut frames, mut found) = (Frames::of_client(), Vec::new());
        for octet in octets {
            frames.octets.extend_from_slice(&[octet]);
            found.extend(frames.next());
        }
        assert_eq!(found, [&startup[..], &commit[..], b"X\0\0\0\x04"]);
        assert_eq!(found.iter().map(|frame| is_commit(frame)).collect::<Vec<_>>(), [false, true, false]);
        assert!(is_ready(b"Z\0\0\0\x05I") && !is_ready(&commit));
    }
}
