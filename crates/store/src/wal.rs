//! Looks through SQLite's write-ahead log before SQLite does.
//!
//! SQLite takes the first frame whose checksum does not hold for the end of the log: right after a power cut, which tears the last
//! commit, and wrong after a flipped bit, which would silently undo every commit behind it. The two can be told apart. A commit is
//! begun when the one before it is safe on the disk; so a frame that does not hold, and is followed by a whole commit and the
//! beginning of another, was safe once, and is damaged.
//!
//! The format: <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
const MAGIC: u32 = 0x377f_0682;

/// A frame that does not hold although it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damaged {
    /// Its number, from 1; 0: the header of the log.
    pub(crate) frame: u64,
    /// The page of the database that it has.
    pub(crate) page: u32,
    /// Whole commits behind it, which SQLite would forget.
    pub(crate) commits: u64,
}

/// Reads the log beside a database. `None` when there is none, or nothing is wrong with it.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn check(database: &Path) -> io::Result<Option<Damaged>> {
    lasting(|| once(database))
}

/// What two looks find. Another process may be writing: of a frame that was half written when it was read, others were behind it a moment later.
fn lasting(mut look: impl FnMut() -> io::Result<Option<Damaged>>) -> io::Result<Option<Damaged>> {
    let Some(first) = look()? else { return Ok(None) };
    Ok(look()?.filter(|again| again.frame == first.frame))
}

fn once(database: &Path) -> io::Result<Option<Damaged>> {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    match File::open(PathBuf::from(name)) {
        Ok(file) => look(BufReader::with_capacity(1 << 20, file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn look(mut log: impl Read) -> io::Result<Option<Damaged>> {
    let mut header = [0; HEADER];
    if !fill(&mut log, &mut header)? {
        return Ok(None);
    }
    let (is_little, salts) = (word(&header, 0) & 1 == 0, [word(&header, 4), word(&header, 5)]);
    let page_size = usize::try_from(word(&header, 2)).unwrap_or_default();
    if word(&header, 0) & !1 != MAGIC || !page_size.is_power_of_two() || !(512..=65_536).contains(&page_size) {
        // Nothing can be read without it; a log that was never begun is all zeros.
        let damaged = Damaged { frame: 0, page: 0, commits: 0 };
        return Ok(header.iter().any(|octet| *octet != 0).then_some(damaged));
    }
    let mut sum = [word(&header, 6), word(&header, 7)];
    let holds = checksum([0, 0], &header[..24], is_little) == sum;
    let mut state = State { first_bad: (!holds).then_some((0, 0)), commits: 0, begun: false };
    let mut frame = vec![0; FRAME_HEADER + page_size];
    let mut number = 0;
    while fill(&mut log, &mut frame)? {
        number += 1;
        let stored = [word(&frame, 4), word(&frame, 5)];
        let counted = checksum(checksum(sum, &frame[..8], is_little), &frame[FRAME_HEADER..], is_little);
        let is_of_this_log = [word(&frame, 2), word(&frame, 3)] == salts;
        state.frame(number, word(&frame, 0), is_of_this_log && counted == stored, word(&frame, 1) != 0);
        // Each frame's sum goes on from that of the one before it: as it is stored, so that one that is damaged spoils one.
        sum = stored;
    }
    Ok(state.damaged())
}

struct State {
    /// Number and page.
    first_bad: Option<(u64, u32)>,
    /// Commits that hold behind it.
    commits: u64,
    /// Whether another one was begun behind the last of them.
    begun: bool,
}

impl State {
    fn frame(&mut self, number: u64, page: u32, holds: bool, is_commit: bool) {
        match (self.first_bad, holds) {
            (None, false) => self.first_bad = Some((number, page)),
            (None, true) | (Some(_), false) => {}
            (Some(_), true) => {
                self.begun |= self.commits > 0;
                self.commits += u64::from(is_commit);
            }
        }
    }

    fn damaged(&self) -> Option<Damaged> {
        let (frame, page) = self.first_bad.filter(|_| self.begun)?;
        Some(Damaged { frame, page, commits: self.commits })
    }
}

/// SQLite's sum, eight octets at a time.
fn checksum(mut sum: [u32; 2], octets: &[u8], is_little: bool) -> [u32; 2] {
    let read = |octets: &[u8]| {
        let four = [octets[0], octets[1], octets[2], octets[3]];
        if is_little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) }
    };
    for eight in octets.chunks_exact(8) {
        sum[0] = sum[0].wrapping_add(read(eight)).wrapping_add(sum[1]);
        sum[1] = sum[1].wrapping_add(read(&eight[4..])).wrapping_add(sum[0]);
    }
    sum
}

/// The big-endian number at this place.
fn word(octets: &[u8], place: usize) -> u32 {
    let four = octets.get(4 * place..4 * place + 4).and_then(|four| four.try_into().ok());
    four.map_or(0, u32::from_be_bytes)
}

/// Whether there was enough to fill it.
fn fill(log: &mut impl Read, into: &mut [u8]) -> io::Result<bool> {
    match log.read_exact(into) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
    use sqlx::{ConnectOptions as _, Connection as _};

    use super::*;

    const PAGE: usize = 4_096;

    /// A database with ten commits in its log and none in its file.
    async fn made(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("sambac-wal-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("original.db");
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .page_size(4_096)
            .journal_mode(SqliteJournalMode::Wal)
            .pragma("wal_autocheckpoint", "0");
        let mut connection = options.connect().await.unwrap();
        sqlx::query("CREATE TABLE t (x TEXT)").execute(&mut connection).await.unwrap();
        for _ in 0..9 {
            sqlx::query("INSERT INTO t VALUES ('something')").execute(&mut connection).await.unwrap();
        }
        // As a crash leaves it: the last connection that closes would copy the log into the database.
        let copy = folder.join("copy.db");
        for suffix in ["", "-wal"] {
            let of = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
            std::fs::copy(of(&path), of(&copy)).unwrap();
        }
        connection.close().await.unwrap();
        copy
    }

    fn log(path: &Path) -> PathBuf {
        PathBuf::from(format!("{}-wal", path.display()))
    }

    fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut octets = std::fs::read(log(path)).unwrap();
        change(&mut octets);
        std::fs::write(log(path), octets).unwrap();
    }

    fn at(frame: usize) -> usize {
        HEADER + (frame - 1) * (FRAME_HEADER + PAGE)
    }

    /// A bit that flipped in what was safe is damage, wherever it is; SQLite would forget all behind it.
    #[tokio::test]
    async fn a_flipped_bit_is_found() {
        let path = made("flip").await;
        assert_eq!(check(&path).unwrap(), None);
        let whole = std::fs::read(log(&path)).unwrap();
        let frames = (whole.len() - HEADER) / (FRAME_HEADER + PAGE);
        assert!(frames >= 10, "{frames}");
        for place in [at(3) + FRAME_HEADER + 100, at(3) + 16, at(3) + 8, at(3) + 1] {
            std::fs::write(log(&path), &whole).unwrap();
            change(&path, |octets| octets[place] ^= 4);
            let found = check(&path).unwrap().unwrap();
            assert_eq!(found.frame, 3, "at {place}: {found:?}");
            assert!(found.commits >= 6, "{found:?}");
        }
        std::fs::write(log(&path), &whole).unwrap();
        change(&path, |octets| octets[27] ^= 1);
        assert_eq!(check(&path).unwrap().unwrap().frame, 0, "the header");
        std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }

    /// A last commit that is torn is what a power cut leaves: nobody was told that it is safe.
    /// A log to which somebody writes while it is read.
    #[test]
    fn what_is_whole_a_moment_later_is_not_damaged() {
        let found = |frame| Some(Damaged { frame, page: 414, commits: 2 });
        for (first, second, damaged) in [
            (found(765), None, None),
            (found(765), found(3), None),
            (found(765), found(765), found(765)),
            (None, found(3), None),
        ] {
            let mut looks = [first, second].into_iter();
            assert_eq!(lasting(|| Ok(looks.next().unwrap())).unwrap(), damaged);
        }
    }

    #[tokio::test]
    async fn a_torn_end_is_none_of_it() {
        let path = made("torn").await;
        let whole = std::fs::read(log(&path)).unwrap();
        for cut in [1, PAGE / 2, PAGE + FRAME_HEADER] {
            std::fs::write(log(&path), &whole[..whole.len() - cut]).unwrap();
            assert_eq!(check(&path).unwrap(), None, "{cut} octets less");
        }
        std::fs::write(log(&path), &whole).unwrap();
        change(&path, |octets| {
            let end = octets.len();
            octets[end - 9] ^= 1;
        });
        assert_eq!(check(&path).unwrap(), None);
        std::fs::write(log(&path), vec![0; 4 * PAGE]).unwrap();
        assert_eq!(check(&path).unwrap(), None, "a log that was never begun");
        std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }
}
