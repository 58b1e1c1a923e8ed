//! `/docs/search`: looks through the operations, the errors and the guides. It is done here and not by a script, so that it works without one.

use sambac_domain::error::ErrorCode;
use serde_json::Value;

use super::guide::GUIDES;
use super::operation::Operation;
use super::{catalogue, html, nav};

/// Of what is asked for, no more is read.
const CHARACTERS_MAX: usize = 100;
const WORDS_MAX: usize = 8;
const HITS_MAX: usize = 30;
/// Characters of a hit's text that are shown.
const EXCERPT: usize = 160;

/// What can be found.
#[derive(Debug)]
pub(super) struct Index(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    path: String,
    title: String,
    /// In small letters, for the search.
    low_title: String,
    text: String,
    low_text: String,
}

impl Index {
    /// Of all that is shown.
    pub(super) fn new(document: &Value) -> Self {
        let operations = Operation::all(document).map(|one| Entry::new(one.place(), one.title(), &one.about()));
        let errors = ErrorCode::ALL
            .iter()
            .map(|&code| Entry::new(catalogue::path(code), format!("{code}: {}", code.title()), code.advice()));
        let guides = GUIDES.iter().flat_map(|guide| {
            guide.parts().into_iter().map(|part| {
                let anchor = if part.anchor.is_empty() { String::new() } else { format!("#{}", part.anchor) };
                let own = if part.anchor.is_empty() { String::new() } else { format!(": {}", part.heading) };
                Entry::new(guide.path() + &anchor, format!("{}{own}", guide.title()), &part.text)
            })
        });
        Self(operations.chain(errors).chain(guides).collect())
    }

    /// The page for a query string, whose `q` is what is asked for.
    pub(super) fn page(&self, query: &str) -> String {
        let asked = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "q").map(|(_, asked)| asked);
        let asked: String = asked.unwrap_or_default().chars().take(CHARACTERS_MAX).collect();
        let hits = self.hits(&asked);
        let list: String = hits
            .iter()
            .map(|(entry, excerpt)| {
                format!(
                    "<li><a href=\"{}\">{}</a><br><span class=\"hint\">{}</span></li>",
                    html::escape(&entry.path),
                    html::escape(&entry.title),
                    html::escape(excerpt)
                )
            })
            .collect();
        let found = match hits.len() {
            0 => "<p>Nothing has all of these words.</p>".to_owned(),
            _ => format!("<ul class=\"hits\">{list}</ul>"),
        };
        let main = format!("<h1>Search: {}</h1>{found}", html::escape(&asked));
        html::page("Search", &nav::everywhere(), &main)
    }

    /// What has all words, those first that have them in their titles.
    fn hits(&self, asked: &str) -> Vec<(&Entry, String)> {
        let asked = asked.to_lowercase();
        let words: Vec<&str> = asked.split_whitespace().take(WORDS_MAX).collect();
        let mut hits: Vec<_> = self.0.iter().filter_map(|entry| Some((entry.rank(&words)?, entry))).collect();
        hits.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        hits.into_iter().take(HITS_MAX).map(|(_, entry)| (entry, entry.excerpt(&words))).collect()
    }
}

impl Entry {
    fn new(path: String, title: String, text: &str) -> Self {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { path, low_title: title.to_lowercase(), title, low_text: text.to_lowercase(), text }
    }

    /// How many of the words the title has; `None` when one is nowhere.
    fn rank(&self, words: &[&str]) -> Option<usize> {
        let in_title = words.iter().filter(|word| self.low_title.contains(**word)).count();
        let all = words.iter().all(|word| self.low_title.contains(word) || self.low_text.contains(word));
        (all && !words.is_empty()).then_some(in_title)
    }

    /// The text around the first word that it has.
    fn excerpt(&self, words: &[&str]) -> String {
        let at = words.iter().find_map(|word| self.low_text.find(word)).unwrap_or_default();
        // Small letters may be longer than large ones: counted in characters it is near enough.
        let before = self.low_text.get(..at).map_or(0, |before| before.chars().count());
        let start = before.saturating_sub(EXCERPT / 4);
        let excerpt: String = self.text.chars().skip(start).take(EXCERPT).collect();
        // Words that are cut are left out.
        let whole = if start > 0 { excerpt.split_once(' ').map_or(&*excerpt, |(_, rest)| rest) } else { &excerpt };
        let is_end = self.text.chars().nth(start + EXCERPT).is_none();
        let whole = if is_end { whole } else { whole.rsplit_once(' ').map_or(whole, |(rest, _)| rest) };
        format!("{}{whole}{}", if start > 0 { "… " } else { "" }, if is_end { "" } else { " …" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        Index::new(&serde_json::to_value(crate::openapi()).expect("a document"))
    }

    fn found(asked: &str) -> Vec<String> {
        index().hits(asked).into_iter().map(|(entry, _)| entry.path.clone()).collect()
    }

    #[test]
    fn operations_errors_and_parts_of_guides_are_found_by_all_their_words() {
        assert_eq!(found("insufficient_funds")[0], "/docs/errors/insufficient_funds");
        assert!(found("verify signature").contains(&"/docs/guides/webhooks#verify-the-signature".to_owned()));
        assert!(found("One-Time check").contains(&"/docs#check_otp".to_owned()));
        assert!(found("no such word as this one").is_empty());
        assert!(found("   ").is_empty());
    }

    #[test]
    fn what_is_asked_for_cannot_become_markup_and_is_bounded() {
        let page = index().page("q=%3Cscript%3Ealert(1)</script>");
        assert!(page.contains("Search: &lt;script&gt;alert(1)") && !page.contains("<script>alert"), "{page}");
        let long = index().page(&format!("q={}", "ä".repeat(10_000)));
        assert!(long.len() < 10_000, "{}", long.len());
    }

    #[test]
    fn an_excerpt_begins_near_the_word() {
        let entry = Entry::new(
            "/x".to_owned(),
            "x".to_owned(),
            &format!("{} needle {}", "hay ".repeat(100), "straw ".repeat(100)),
        );
        let excerpt = entry.excerpt(&["needle"]);
        assert!(
            excerpt.starts_with("… hay ")
                && excerpt.ends_with(" straw …")
                && excerpt.contains("needle")
                && excerpt.chars().count() <= EXCERPT + 4,
            "{excerpt}"
        );
    }
}
