//! Words that do not belong in code: queues without a bound, unfinished work, tests that do not run.

use crate::source::blanked;
use crate::tree::{self, TextFile};

/// What must not be written, and what to do instead.
const BANNED: [(&str, &str); 5] = [
    ("unbounded_channel", "every queue has a bound: tokio::sync::mpsc::channel"),
    ("todo!", "finish it, or leave it out"),
    ("unimplemented!", "finish it, or leave it out"),
    ("#[ignore", "a test runs or does not exist"),
    ("#[allow(", "#[expect(lint, reason = \"…\")] says when it is no longer needed"),
];

fn banned_words(files: &[TextFile]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files {
        for (number, line) in (1..).zip(blanked(&file.text).lines()) {
            let found = BANNED.iter().filter(|(word, _)| line.contains(word));
            findings.extend(found.map(|(word, instead)| format!("{}:{number}: {word} ({instead})", file.path)));
        }
    }
    findings
}

#[test]
fn no_banned_word_is_used() {
    crate::expect_none("Write these another way:", &banned_words(&tree::rust_files()));
}

#[test]
fn each_banned_word_is_found_in_code_and_not_in_prose() {
    for (word, _) in BANNED {
        let code = TextFile::new("crates/a/src/b.rs", &format!("fn a() {{\n    {word}();\n}}\n"));
        assert!(banned_words(&[code])[0].starts_with("crates/a/src/b.rs:2:"), "{word}");
        let prose = TextFile::new("crates/a/src/b.rs", &format!("// not {word}\nconst A: &str = \"{word}\";\n"));
        assert!(banned_words(&[prose]).is_empty(), "{word}");
    }
}
