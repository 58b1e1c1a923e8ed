//! Just enough reading of Rust to count lines and find words: comments and literals blanked, inline tests cut out.
//!
//! Blanking keeps every line where it was, so a finding can name its line: `let a = "fn x() {"; // {` becomes
//! `let a =            ;     `, in which no brace misleads the count.

/// The text with comments and the contents of string and character literals replaced by spaces.
pub(crate) fn blanked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut previous = ' ';
    while let Some(first) = rest.chars().next() {
        let skipped = skip_at(rest, previous);
        if skipped == 0 {
            out.push(first);
            previous = first;
            rest = &rest[first.len_utf8()..];
        } else {
            out.extend(rest[..skipped].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            previous = ' ';
            rest = &rest[skipped..];
        }
    }
    out
}

/// The blanked text without `#[cfg(test)] mod name { … }`: what ships. Their lines are gone, not blank.
pub(crate) fn without_inline_tests(blanked: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::new();
    let mut rest = blanked;
    while let Some(start) = rest.find(MARK) {
        let end = inline_module_end(rest, start + MARK.len());
        out.push_str(&rest[..end.map_or(start + MARK.len(), |_| start)]);
        rest = &rest[end.unwrap_or(start + MARK.len())..];
    }
    out.push_str(rest);
    out
}

/// The position after the brace that closes the one at `open`.
pub(crate) fn closing_brace(blanked: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in blanked[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(open + at + 1),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// True for a file that is compiled for tests only: `tests.rs`, or anything outside `src` or below a `tests` folder.
pub(crate) fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/") || !path.contains("/src/")
}

/// How many bytes of a comment or literal begin here; zero when code does.
fn skip_at(rest: &str, previous: char) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    let in_word = previous.is_alphanumeric() || previous == '_';
    if let Some(length) = raw_string(rest).filter(|_| !in_word) {
        return length;
    }
    match rest.as_bytes()[0] {
        b'"' => quoted(rest, '"'),
        b'\'' if is_char_literal(rest) => quoted(rest, '\''),
        _ => 0,
    }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// `r"…"`, `r#"…"#`, `br##"…"##`: the whole length, or nothing when it is something else (`r#type`, `read`).
fn raw_string(rest: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"].iter().find(|prefix| {
        rest.strip_prefix(**prefix).is_some_and(|after| after.trim_start_matches('#').starts_with('"'))
    })?;
    let hashes = rest[prefix.len()..].chars().take_while(|c| *c == '#').count();
    let open = prefix.len() + hashes + 1;
    let close = format!("\"{}", "#".repeat(hashes));
    Some(rest[open..].find(&close).map_or(rest.len(), |at| open + at + close.len()))
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return at + 1;
        }
    }
    rest.len()
}

/// Tells `'x'` and `'\n'` from the lifetime `'x`.
fn is_char_literal(rest: &str) -> bool {
    let mut chars = rest.chars().skip(1);
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

/// Where an inline module that begins (perhaps after more attributes) at `from` ends, its newline included.
fn inline_module_end(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        if !text[at..].starts_with("#[") {
            break;
        }
        at += text[at..].find(']')? + 1;
    }
    let open = at + text[at..].find(['{', ';'])?;
    let is_module = text[at..open].split_whitespace().any(|word| word == "mod");
    if !is_module || !text[open..].starts_with('{') {
        return None;
    }
    let end = closing_brace(text, open)?;
    Some(end + usize::from(text[end..].starts_with('\n')))
}

#[test]
fn literals_and_comments_are_blanked_in_place() {
    let text = "let a = \"fn x() { \\\" {\"; // {\nlet b = '{'; /* { /* { */ } */ let c: &'static str = r#\"}\"{\"#;\n";
    let seen = blanked(text);
    assert_eq!(seen.lines().count(), 2);
    assert!(!seen.contains(['{', '}']), "{seen}");
    assert!(seen.contains("let c: &'static str ="), "{seen}");
}

#[test]
fn words_that_look_like_raw_strings_are_kept() {
    assert_eq!(blanked("let r#type = for_r;"), "let r#type = for_r;");
    assert_eq!(blanked("fn tell<'a>(b: &'a u8) {}"), "fn tell<'a>(b: &'a u8) {}");
}

#[test]
fn inline_tests_are_cut_and_declared_ones_are_not() {
    let text =
        "fn a() {}\n#[cfg(test)]\n#[expect(x)]\nmod tests {\n    fn b() { {} }\n}\nfn c() {}\n#[cfg(test)]\nmod d;\n";
    assert_eq!(without_inline_tests(text), "fn a() {}\nfn c() {}\n#[cfg(test)]\nmod d;\n");
}

#[test]
fn a_test_only_function_is_not_taken_for_a_module() {
    let text = "#[cfg(test)]\nfn a() { }\nfn b() {}\n";
    assert_eq!(without_inline_tests(text), text);
}
