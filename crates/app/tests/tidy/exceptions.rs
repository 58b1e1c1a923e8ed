//! The list of files and functions that are tolerated over the limit: `exceptions.txt`, which may only shrink.
//!
//! A line is `path lines` or `path:function lines`. An entry must name exactly today's size, so whoever makes the
//! thing shorter also writes the smaller number, and whoever brings it under the limit removes the line. Growing the
//! list needs `ENTRIES` to be raised here, in sight of a reviewer.

use crate::tree;

/// How many entries `exceptions.txt` holds. Lower it with the list; do not raise it.
const ENTRIES: usize = 0;

/// One tolerated size.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Exception {
    /// `path`, or `path:function`.
    pub(crate) what: String,
    pub(crate) lines: usize,
}

/// Something measured: what it is and how long.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) what: String,
    pub(crate) lines: usize,
}

/// The entries of this repository.
pub(crate) fn listed() -> Vec<Exception> {
    parse(&tree::page("crates/app/tests/tidy/exceptions.txt")).expect("exceptions.txt can be read")
}

/// What is over `limit` without an entry, and which entries of this kind no longer say the truth.
pub(crate) fn findings(measured: &[Measured], limit: usize, exceptions: &[Exception]) -> Vec<String> {
    let mut findings = Vec::new();
    for found in measured.iter().filter(|found| found.lines > limit) {
        let entry = exceptions.iter().find(|entry| entry.what == found.what);
        match entry {
            None => findings.push(format!("{} has {} lines; the limit is {limit}", found.what, found.lines)),
            Some(entry) if found.lines > entry.lines => findings
                .push(format!("{} grew from {} to {} lines; it may only shrink", found.what, entry.lines, found.lines)),
            Some(entry) if found.lines < entry.lines => findings.push(format!(
                "{} is down to {} lines: write that in exceptions.txt instead of {}",
                found.what, found.lines, entry.lines
            )),
            Some(_) => {}
        }
    }
    findings
}

/// Entries for which nothing over its limit was measured.
pub(crate) fn stale(over: &[Measured], exceptions: &[Exception]) -> Vec<String> {
    let unneeded = exceptions.iter().filter(|entry| !over.iter().any(|found| found.what == entry.what));
    unneeded.map(|entry| format!("{} no longer needs its exception: remove the line", entry.what)).collect()
}

fn parse(text: &str) -> Result<Vec<Exception>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(parse_line).collect()
}

fn parse_line(line: &str) -> Result<Exception, String> {
    let (what, lines) = line.split_once(' ').ok_or_else(|| format!("`{line}` is not `path lines`"))?;
    let lines = lines.trim().parse().map_err(|_| format!("`{line}` does not end in a number"))?;
    Ok(Exception { what: what.to_owned(), lines })
}

#[test]
fn the_list_has_not_grown() {
    let found = listed().len();
    assert_eq!(found, ENTRIES, "exceptions.txt has {found} entries and ENTRIES says {ENTRIES}: it may only shrink");
}

fn sample(lines: usize) -> Vec<Measured> {
    vec![Measured { what: "crates/a/src/b.rs".to_owned(), lines }]
}

#[test]
fn a_long_thing_needs_an_entry_of_exactly_its_size() {
    let entry = parse("# why\ncrates/a/src/b.rs 12\n").expect("it is well formed");
    assert_eq!(findings(&sample(12), 10, &[]).len(), 1);
    assert!(findings(&sample(12), 10, &entry).is_empty());
    assert!(findings(&sample(13), 10, &entry)[0].contains("grew"));
    assert!(findings(&sample(11), 10, &entry)[0].contains("down to 11"));
}

#[test]
fn an_entry_that_nothing_needs_is_stale() {
    let entry = parse("crates/a/src/b.rs 12").expect("it is well formed");
    assert!(stale(&sample(12), &entry).is_empty());
    assert_eq!(stale(&[], &entry).len(), 1);
}

#[test]
fn a_line_without_a_number_is_refused() {
    assert!(parse("crates/a/src/b.rs").is_err());
    assert!(parse("crates/a/src/b.rs many").is_err());
}
