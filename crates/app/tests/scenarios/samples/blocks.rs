//! The code blocks of the guides. After the language there may be a word: `start` for what starts a platform, `receiver` for what waits to be called, `endless`
//! for what does not end by itself, `fragment` for what cannot run as it stands.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

/// A block.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) guide: String,
    /// Where it begins.
    pub(super) line: usize,
    pub(super) language: String,
    pub(super) word: String,
    pub(super) code: String,
}

impl Block {
    /// Whether it runs to its end beside a platform that runs already.
    pub(super) fn runs(&self) -> bool {
        self.word.is_empty() && ["sh", "python", "js"].contains(&&*self.language)
    }

    /// How a file with it ends. Node reads modules from `mjs`.
    pub(super) fn ending(&self) -> &str {
        if self.language == "js" { "mjs" } else { &self.language }
    }

    /// One block of several.
    pub(super) fn together(blocks: &[Self]) -> Option<Self> {
        let code = blocks.iter().map(|block| block.code.as_str()).collect();
        blocks.first().map(|first| Self { code, ..first.clone() })
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides")
}

fn text(guide: &str) -> Result<String> {
    std::fs::read_to_string(folder().join(format!("{guide}.md"))).with_context(|| format!("docs/guides/{guide}.md"))
}

/// The names of the guides.
pub(super) fn guides() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder())? {
        names.extend(entry?.file_name().to_string_lossy().strip_suffix(".md").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// A guide's blocks, in order.
pub(super) fn blocks(guide: &str) -> Result<Vec<Block>> {
    let text = text(guide)?;
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (at, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.code += &format!("{line}\n"),
            (None, Some(info)) => {
                let (language, word) = info.split_once(' ').unwrap_or((info, ""));
                let (language, word) = (language.to_owned(), word.to_owned());
                open = Some(Block { guide: guide.to_owned(), line: at + 1, language, word, code: String::new() });
            }
            (None, None) => {}
        }
    }
    Ok(blocks)
}

/// With `UPDATE_DOCS=1`: puts this code into the guide's block of this language.
pub(super) fn refresh(guide: &str, language: &str, code: &str) -> Result<()> {
    if std::env::var_os("UPDATE_DOCS").is_none() {
        return Ok(());
    }
    let text = text(guide)?;
    let start = text.find(&format!("```{language}")).context("no such block")?;
    let start = start + text[start..].find('\n').context("a line")? + 1;
    let end = start + text[start..].find("```").context("the block has no end")?;
    let path = folder().join(format!("{guide}.md"));
    Ok(std::fs::write(path, format!("{}{code}{}", &text[..start], &text[end..]))?)
}
