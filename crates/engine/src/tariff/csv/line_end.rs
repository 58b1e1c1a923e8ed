//! Lines of files that spreadsheets write end with two octets. A reader that takes the first of them for the end of a record counts the
//! second as the beginning of the next, and tells each fault one line too early.

use std::io::{Read, Result};

/// A file without its carriage returns.
pub(super) struct WithoutReturns<R>(pub(super) R);

impl<R: Read> Read for WithoutReturns<R> {
    fn read(&mut self, octets: &mut [u8]) -> Result<usize> {
        loop {
            let count = self.0.read(octets)?;
            let mut kept = 0;
            for at in 0..count {
                if octets[at] != b'\r' {
                    octets[kept] = octets[at];
                    kept += 1;
                }
            }
            // Nothing read is the end of the file, nothing kept is not.
            if kept > 0 || count == 0 {
                return Ok(kept);
            }
        }
    }
}
