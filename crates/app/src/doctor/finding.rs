//! What was found.

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As it should be.
    Good,
    /// It works, and somebody should look.
    Warning,
    /// Messages or money are in danger, or the platform does not start.
    Bad,
    /// It is not configured, or could not be looked at.
    Skipped,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// What was looked at.
    pub(super) check: &'static str,
    pub(super) verdict: Verdict,
    /// What is there.
    pub(super) found: String,
    /// What to change; empty when nothing.
    pub(super) to_do: String,
}

/// All of them, in the order in which they were looked at.
#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

impl Verdict {
    /// As it is printed.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Warning => "warning",
            Self::Bad => "bad",
            Self::Skipped => "skipped",
        }
    }
}

impl Findings {
    pub(super) fn good(&mut self, check: &'static str, found: impl Into<String>) {
        self.add(check, Verdict::Good, found, "");
    }

    pub(super) fn warning(&mut self, check: &'static str, found: impl Into<String>, to_do: impl Into<String>) {
        self.add(check, Verdict::Warning, found, to_do);
    }

    pub(super) fn bad(&mut self, check: &'static str, found: impl Into<String>, to_do: impl Into<String>) {
        self.add(check, Verdict::Bad, found, to_do);
    }

    pub(super) fn skipped(&mut self, check: &'static str, why: impl Into<String>) {
        self.add(check, Verdict::Skipped, why, "");
    }

    /// Good, or bad with what to do.
    pub(super) fn check(&mut self, check: &'static str, is_good: bool, found: impl Into<String>, to_do: &str) {
        if is_good { self.good(check, found) } else { self.bad(check, found, to_do) }
    }

    /// Good, or a warning with what to do.
    pub(super) fn advise(&mut self, check: &'static str, is_good: bool, found: impl Into<String>, to_do: &str) {
        if is_good { self.good(check, found) } else { self.warning(check, found, to_do) }
    }

    /// All of them.
    pub(super) fn into_all(self) -> Vec<Finding> {
        self.0
    }

    fn add(&mut self, check: &'static str, verdict: Verdict, found: impl Into<String>, to_do: impl Into<String>) {
        self.0.push(Finding { check, verdict, found: found.into(), to_do: to_do.into() });
    }
}
