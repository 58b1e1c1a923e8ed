//! What is looked for, in every form that it may have been written in, and where it may be all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use aho_corasick::AhoCorasick;
use anyhow::{Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Where octets are searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Files of the data folder.
    Database,
    Log,
    /// What the platform tells of itself: metrics, the log of PDUs.
    Outside,
}

/// Where a canary may be in clear, and why.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kept {
    Nowhere,
    In(Place, &'static str),
}

/// All that is looked for.
#[derive(Default)]
pub(super) struct Canaries {
    all: Vec<Canary>,
    /// Those that were found where they may be: a reason that no longer holds is to go.
    found: Mutex<BTreeSet<usize>>,
    /// Ready for what is looked for now.
    searcher: OnceLock<Searcher>,
}

struct Canary {
    what: String,
    clear: String,
    kept: Kept,
}

/// All forms of all canaries, made ready once for many files.
struct Searcher {
    patterns: AhoCorasick,
    /// Which canary a pattern is of, and in which form.
    owners: Vec<(usize, &'static str)>,
}

impl Searcher {
    fn of(all: &[Canary]) -> Result<Self> {
        let (mut patterns, mut owners) = (Vec::new(), Vec::new());
        for (at, canary) in all.iter().enumerate() {
            for (form, pattern) in forms(&canary.clear) {
                patterns.push(pattern);
                owners.push((at, form));
            }
        }
        Ok(Self { patterns: AhoCorasick::builder().ascii_case_insensitive(true).build(&patterns)?, owners })
    }
}

impl Canaries {
    /// May be nowhere.
    pub(super) fn secret(&mut self, what: &str, clear: &str) {
        self.add(what, clear, Kept::Nowhere);
    }

    /// May be there and nowhere else.
    pub(super) fn kept(&mut self, what: &str, clear: &str, place: Place, why: &'static str) {
        self.add(what, clear, Kept::In(place, why));
    }

    fn add(&mut self, what: &str, clear: &str, kept: Kept) {
        assert!(clear.len() >= 8, "{what} is too short to be nowhere by chance");
        self.searcher.take();
        self.all.push(Canary { what: what.to_owned(), clear: clear.to_owned(), kept });
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// Fails when a canary is in these octets that may not be there.
    pub(super) fn not_in(&self, place: Place, name: &str, octets: &[u8]) -> Result<()> {
        if self.searcher.get().is_none() {
            // Whoever was quicker has made the same.
            let _ = self.searcher.set(Searcher::of(&self.all)?);
        }
        let Some(Searcher { patterns: searcher, owners }) = self.searcher.get() else { bail!("no searcher") };
        let mut hits = BTreeMap::new();
        for hit in searcher.find_overlapping_iter(octets) {
            let (at, form) = owners[hit.pattern().as_usize()];
            match self.all[at].kept {
                Kept::In(allowed, _) if allowed == place => {
                    self.found.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(at);
                }
                _ => {
                    hits.entry(at).or_insert_with(|| (form, around(octets, hit.start())));
                }
            }
        }
        let told: Vec<_> =
            hits.into_iter().map(|(at, (form, place))| format!("{} ({form}): …{place}…", self.all[at].what)).collect();
        ensure!(told.is_empty(), "in {name}, in clear:\n{}", told.join("\n"));
        Ok(())
    }

    /// Each canary that may be somewhere is there: a reason that does not hold is none.
    pub(super) fn each_reason_holds(&self) {
        let found = self.found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (at, canary) in self.all.iter().enumerate() {
            if let Kept::In(place, why) = canary.kept {
                assert!(found.contains(&at), "{} is not in the {place:?}: {why}", canary.what);
            }
        }
    }
}

/// What is around a hit, as far as it can be read.
fn around(octets: &[u8], at: usize) -> String {
    let slice = &octets[at.saturating_sub(160)..(at + 120).min(octets.len())];
    slice.iter().map(|&octet| if octet.is_ascii_graphic() || octet == b' ' { char::from(octet) } else { '.' }).collect()
}

/// As it is, as UCS-2, in hexadecimal, and in base64 wherever it begins; a number also as databases write whole numbers.
fn forms(clear: &str) -> Vec<(&'static str, Vec<u8>)> {
    let wide: Vec<u8> = clear.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let hex = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>().into_bytes();
    let mut forms = vec![
        ("as it is", clear.as_bytes().to_vec()),
        ("as UCS-2", wide.clone()),
        ("in hexadecimal", hex(clear.as_bytes())),
        ("as UCS-2 in hexadecimal", hex(&wide)),
    ];
    for before in 0..3_usize {
        for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let text = alphabet.encode([vec![0; before], clear.as_bytes().to_vec()].concat());
            // The first letters depend on what is before, the last one on what comes after.
            let first = (before * 8).div_ceil(6);
            forms.push(("in base64", text.as_bytes()[first..text.len() - 1].to_vec()));
        }
    }
    if let Ok(number) = clear.parse::<u64>() {
        // SQLite drops what is zero in front, down to six octets; PostgreSQL writes eight, as this machine does.
        forms.push(("as SQLite's whole number", number.to_be_bytes()[2..].to_vec()));
        forms.push(("as PostgreSQL's whole number", number.to_le_bytes().to_vec()));
    }
    forms
}

/// All files of a folder and of those in it.
pub(crate) fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_in(&path)?);
        } else if path.is_file() {
            // Sockets of servers are none.
            files.push(path);
        }
    }
    Ok(files)
}

/// A canary is found in each of its forms, and not where it is allowed.
#[test]
fn a_leak_of_any_form_is_found() {
    let mut canaries = Canaries::default();
    canaries.secret("a text", "canary: wren");
    canaries.kept("a number", "447700900777", Place::Database, "messages name their numbers");
    let leaks = [
        "..CANARY: WREN..".to_owned(),
        format!("..{}..", STANDARD_NO_PAD.encode("a canary: wren sings")),
        "..63616E6172793A207772656E..".to_owned(),
    ];
    for leak in leaks {
        let told = canaries.not_in(Place::Log, "a log", leak.as_bytes()).map_err(|error| error.to_string());
        assert!(told.as_ref().is_err_and(|told| told.contains("a text")), "{leak}: {told:?}");
    }
    let wide: Vec<u8> = "canary: wren".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert!(canaries.not_in(Place::Database, "a file", &wide).is_err());
    assert!(canaries.not_in(Place::Database, "a file", b"447700900777").is_ok());
    assert!(canaries.not_in(Place::Log, "a log", b"447700900777").is_err());
    assert!(canaries.not_in(Place::Log, "a log", b"canary: robin").is_ok());
    canaries.each_reason_holds();
}
