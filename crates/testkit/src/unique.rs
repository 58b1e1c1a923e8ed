//! What names the things of one test.

/// Letters and digits that no other test has, in a run of any length.
///
/// The number of the process would not do: a long run comes round to numbers that it has used, and what they named may be there still.
#[must_use]
pub fn unique() -> String {
    format!("{:012x}", rand::random::<u64>() >> 16)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::unique;

    /// A run of the whole suite asks some ten thousand times.
    #[test]
    fn no_name_comes_twice() {
        let names: HashSet<String> = (0..10_000).map(|_| unique()).collect();
        assert_eq!(names.len(), 10_000);
        assert!(names.iter().all(|name| name.len() == 12), "{names:?}");
    }
}
