//! What is wrong with one thing of a plan: gathered, so that all of it is told at once.
//!
//! ```text
//! let mut faults = Faults::default();
//! let port = faults.keep(port(text));              // None, and noted
//! let host = faults.keep(host(text));
//! let (Some(port), Some(host)) = (port, host) else { return Err(faults) };
//! ```

/// Texts that begin with the field to blame, where there is one.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<String>);

impl Faults {
    /// The one that ends everything.
    pub(super) fn of<T>(result: Result<T, String>) -> Result<T, Self> {
        result.map_err(Self::from)
    }

    /// What came out, unless it is a fault, which is noted.
    pub(super) fn keep<T>(&mut self, result: Result<T, String>) -> Option<T> {
        result.map_err(|fault| self.0.push(fault)).ok()
    }

    /// The same for what has several faults.
    pub(super) fn keep_all<T>(&mut self, result: Result<T, Vec<String>>) -> Option<T> {
        result.map_err(|faults| self.0.extend(faults)).ok()
    }

    /// Notes a fault unless it is fine.
    pub(super) fn check(&mut self, is_fine: bool, fault: impl Into<String>) {
        if !is_fine {
            self.0.push(fault.into());
        }
    }

    /// Whether nothing was found.
    pub(super) fn none(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl From<String> for Faults {
    fn from(fault: String) -> Self {
        Self(vec![fault])
    }
}

impl From<&str> for Faults {
    fn from(fault: &str) -> Self {
        Self::from(fault.to_owned())
    }
}

impl IntoIterator for Faults {
    type Item = String;
    type IntoIter = std::vec::IntoIter<String>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
