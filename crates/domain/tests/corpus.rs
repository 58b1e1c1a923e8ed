//! The fuzz targets' checks over their corpora and every mutation of one octet: the same on every run.

#[path = "../fuzz/checks.rs"]
mod checks;

use std::path::Path;

#[test]
fn receipts_hold_over_their_corpus() {
    run("receipt", checks::receipt);
}

#[test]
fn user_data_holds_over_its_corpus() {
    run("user_data", checks::user_data);
}

fn run(target: &str, check: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files = 0;
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        let octets = std::fs::read(entry.path()).unwrap_or_default();
        check(&octets);
        for at in 0..octets.len() {
            for other in [0, 0x1B, 0x7F, 0x80, 0xFF] {
                let mut mutated = octets.clone();
                mutated[at] = other;
                check(&mutated);
            }
            check(&octets[..at]);
        }
        files += 1;
    }
    assert!(files > 10, "the corpus of {target} is not there");
}
