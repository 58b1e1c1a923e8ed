//! Files of `NAME=value` lines, as shells and service managers read them: how `sambac demo` tells its secrets.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// The names and values of such a file. Its `Debug` shows no values.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct EnvFile(BTreeMap<String, String>);

impl EnvFile {
    /// Reads `path`; a file that does not exist is empty.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// The value of `name`.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// Sets a value.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// The file's text. Values of ours need no quoting: they hold neither spaces nor quotes.
    pub(crate) fn text(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}={value}\n")).collect()
    }

    fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let pair = |line: &str| {
            let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
            Some((name.trim().to_owned(), value.trim().trim_matches(['"', '\'']).to_owned()))
        };
        Self(lines.filter_map(pair).collect())
    }
}

impl std::fmt::Debug for EnvFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut file = EnvFile::default();
        file.set("SAMBAC_URL", "http://127.0.0.1:8080");
        file.set("SAMBAC_API_KEY", "sambac_test_0_a-b.c_d");
        assert_eq!(EnvFile::parse(&file.text()), file);
        assert!(!format!("{file:?}").contains("a-b.c"));
    }

    #[test]
    fn comments_exports_and_quotes_are_understood() {
        let file = EnvFile::parse("# demo\n\nexport A=\"1\"\nB = 2\nnonsense\n");
        assert_eq!((file.get("A"), file.get("B"), file.get("nonsense")), (Some("1".into()), Some("2".into()), None));
    }

    #[test]
    fn a_missing_file_says_nothing() {
        let file = EnvFile::read(Path::new("/nonexistent/demo.env")).expect("it is as good as empty");
        assert_eq!(file, EnvFile::default());
    }
}
