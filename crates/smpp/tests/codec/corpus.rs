//! The fuzz targets' checks over their corpora and some thousands of mutations of them: the same on every run.

#[path = "../../fuzz/checks.rs"]
mod checks;
#[path = "../../fuzz/session_checks.rs"]
mod session_checks;

use std::path::Path;

/// Mutations of each file.
const MUTATIONS: u64 = 300;

#[test]
fn decode_holds_over_its_corpus() {
    run("decode", checks::decode);
}

#[test]
fn roundtrip_holds_over_its_corpus() {
    run("roundtrip", checks::round_trip);
}

#[test]
fn sessions_hold_over_the_corpus_of_decode() {
    // Behind each file's first octet, which would choose, stands one choice after the other.
    run("decode", |octets| {
        let choice = octets.len() as u8;
        session_checks::session(&[&[choice], octets].concat());
    });
}

fn run(target: &str, check: impl Fn(&[u8])) {
    let corpus = corpus(target);
    assert!(corpus.len() > 40, "the corpus of {target} is not there");
    for (seed, file) in (1..).zip(&corpus) {
        check(file);
        let mut chance = Chance(seed);
        for _ in 0..MUTATIONS {
            let other = &corpus[chance.below(corpus.len())];
            check(&mutated(file, other, &mut chance));
        }
    }
}

/// All files of a corpus, in the order of their names.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn mutated(file: &[u8], other: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut octets = file.to_vec();
    for _ in 0..=chance.below(4) {
        let at = chance.below(octets.len() + 1);
        match chance.below(6) {
            0 => octets.truncate(at),
            1 => octets.insert(at, chance.below(256) as u8),
            2 => octets.extend_from_slice(&other[chance.below(other.len() + 1)..]),
            3 if at < octets.len() => octets[at] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF][chance.below(6)],
            4 if at < octets.len() => octets[at] ^= 1 << chance.below(8),
            _ => set_length(&mut octets),
        }
    }
    octets
}

/// Makes the length field right, so that what follows is looked at.
fn set_length(octets: &mut [u8]) {
    let length = octets.len() as u32;
    if let Some(field) = octets.first_chunk_mut::<4>() {
        *field = length.to_be_bytes();
    }
}

/// A small generator of numbers (xorshift), so that every run is the same.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31) ^ 0x5DEE_CE66;
        (self.0 >> 16) as usize % bound.max(1)
    }
}
