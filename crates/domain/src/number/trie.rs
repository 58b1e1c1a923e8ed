//! Longest-prefix match over decimal digits.

/// A digit trie with one value at a prefix, in one flat vector.
#[derive(Debug, Clone)]
pub(super) struct DigitTrie<V> {
    nodes: Vec<Node<V>>,
}

#[derive(Debug, Clone)]
struct Node<V> {
    /// Index of the node for each digit; 0, the root, means none.
    below: [u32; 10],
    value: Option<V>,
}

impl<V: Copy> DigitTrie<V> {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::new()] }
    }

    /// Where the value of a prefix is kept. Octets that are no digits end the prefix.
    pub(super) fn slot(&mut self, prefix: &[u8]) -> &mut Option<V> {
        let mut at = 0;
        for digit in prefix.iter().map_while(|octet| digit(*octet)) {
            let next = self.nodes[at].below[digit];
            at = if next == 0 { self.grow(at, digit) } else { next as usize };
        }
        &mut self.nodes[at].value
    }

    /// Values of the prefixes of `digits`, shortest first.
    pub(super) fn matches(&self, digits: &[u8]) -> impl Iterator<Item = V> {
        let mut node = self.nodes.first();
        let mut digits = digits.iter().map_while(|octet| digit(*octet));
        let path = std::iter::from_fn(move || {
            let next = node?.below[digits.next()?];
            node = if next == 0 { None } else { self.nodes.get(next as usize) };
            node
        });
        path.filter_map(|node| node.value)
    }

    fn grow(&mut self, at: usize, digit: usize) -> usize {
        let new = self.nodes.len();
        self.nodes.push(Node::new());
        self.nodes[at].below[digit] = new as u32;
        new
    }
}

impl<V> Node<V> {
    fn new() -> Self {
        Self { below: [0; 10], value: None }
    }
}

fn digit(octet: u8) -> Option<usize> {
    octet.is_ascii_digit().then(|| usize::from(octet - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn matches_come_shortest_first() {
        let mut trie = DigitTrie::new();
        assert_eq!(trie.slot(b"44").replace('g'), None);
        assert_eq!(trie.slot(b"447").replace('m'), None);
        assert_eq!(trie.slot(b"44").replace('G'), Some('g'));
        assert_eq!(trie.matches(b"447700").collect::<String>(), "Gm");
        assert_eq!(trie.matches(b"45").count(), 0);
        assert_eq!(trie.matches(b"").count(), 0);
    }

    proptest! {
        #[test]
        fn agrees_with_a_plain_map(
            rows in prop::collection::btree_map("[0-3]{1,5}", any::<u16>(), 0..60), number in "[0-3]{0,8}",
        ) {
            let mut trie = DigitTrie::new();
            for (prefix, value) in &rows {
                *trie.slot(prefix.as_bytes()) = Some(*value);
            }
            let expected: BTreeMap<usize, u16> = (1..=number.len())
                .filter_map(|length| rows.get(&number[..length]).map(|value| (length, *value)))
                .collect();
            let found: Vec<u16> = trie.matches(number.as_bytes()).collect();
            prop_assert_eq!(found, expected.into_values().collect::<Vec<_>>());
        }
    }
}
