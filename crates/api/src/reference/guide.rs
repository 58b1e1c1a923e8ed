//! Guides, and the pages that they lead to, as people read them in the repository: Markdown, compiled in, shown as HTML. A link to a page that is
//! shown leads there; one to anything else of the repository is text.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::html;

/// A page of the repository.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guide {
    /// Its folder under `docs`, and under `/docs`.
    folder: &'static str,
    /// Its name, without the ending.
    name: &'static str,
    markdown: &'static str,
}

/// A part of a page: its heading, its anchor, and its text without marks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) anchor: String,
    pub(super) heading: String,
    pub(super) text: String,
}

macro_rules! guides {
    ($($folder:literal: $($name:literal)*;)*) => {
        &[$($(Guide {
            folder: $folder,
            name: $name,
            markdown: include_str!(concat!("../../../../docs/", $folder, "/", $name, ".md")),
        },)*)*]
    };
}

/// All of them, in the order in which they are read.
pub(super) const GUIDES: &[Guide] = guides! {
    "guides": "first-message" "otp" "webhooks" "smpp" "errors" "messages" "authentication";
    "reference": "sandbox" "keys" "limits" "content" "otp-guard" "roles" "smpp-clients";
};

impl Guide {
    /// Where it is shown.
    pub(super) fn path(&self) -> String {
        format!("/docs/{}/{}", self.folder, self.name)
    }

    /// Its first heading.
    pub(super) fn title(&self) -> &'static str {
        self.markdown.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(self.name)
    }

    /// Whether it tells how something is done, and not what there is.
    pub(super) fn is_guide(&self) -> bool {
        self.folder == "guides"
    }

    /// The page.
    pub(super) fn render(&self) -> String {
        let events = self.events();
        let headings: String = parts(&events)
            .iter()
            .filter(|part| !part.anchor.is_empty())
            .map(|part| {
                format!("<li><a href=\"#{}\">{}</a></li>", html::escape(&part.anchor), html::escape(&part.heading))
            })
            .collect();
        let mut main = String::new();
        pulldown_cmark::html::push_html(&mut main, events.into_iter());
        let contents = if headings.is_empty() { headings } else { format!("<h2>On this page</h2><ul>{headings}</ul>") };
        html::page(self.title(), &format!("{contents}{}", super::nav::everywhere()), &main)
    }

    /// Its parts, for who searches.
    pub(super) fn parts(&self) -> Vec<Part> {
        parts(&self.events())
    }

    /// What it is made of, with anchors at its headings, and links that lead somewhere.
    fn events(&self) -> Vec<Event<'static>> {
        let mut events: Vec<Event<'static>> = Parser::new_ext(self.markdown, Options::ENABLE_TABLES).collect();
        anchor(&mut events);
        let mut is_text = false;
        events
            .into_iter()
            .filter_map(|event| match event {
                Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                    let target = self.target(&dest_url);
                    is_text = target.is_none();
                    let dest_url = CowStr::from(target?);
                    Some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
                }
                Event::End(TagEnd::Link) if std::mem::take(&mut is_text) => None,
                // What these pages say is written in Markdown; nothing else gets through.
                Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
                event => Some(event),
            })
            .collect()
    }

    /// Where a link leads when the page is shown; `None` when it is not shown where it leads.
    fn target(&self, link: &str) -> Option<String> {
        if link.starts_with("https://") || link.starts_with('#') {
            return Some(link.to_owned());
        }
        let (file, anchor) = link.split_once('#').map_or((link, String::new()), |(file, at)| (file, format!("#{at}")));
        let (folder, file) = match file.strip_prefix("../") {
            Some(rest) => rest.split_once('/')?,
            None => (self.folder, file),
        };
        match (folder, file) {
            ("reference", "errors.md") => Some(format!("/docs/errors{anchor}")),
            ("reference", "openapi.json") => Some("/openapi.json".to_owned()),
            _ => {
                let name = file.strip_suffix(".md")?;
                let shown = GUIDES.iter().find(|one| one.folder == folder && one.name == name)?;
                Some(shown.path() + &anchor)
            }
        }
    }
}

/// Gives each heading below the title its anchor, as the repository's host does.
fn anchor(events: &mut [Event<'static>]) {
    for at in 0..events.len() {
        let text = heading_at(events, at);
        if let Some(Event::Start(Tag::Heading { id, level, .. })) = events.get_mut(at)
            && *level > HeadingLevel::H1
        {
            *id = Some(CowStr::from(slug(&text)));
        }
    }
}

/// The text of the heading that begins at `at`, if one does.
fn heading_at(events: &[Event<'_>], at: usize) -> String {
    let inside = events.iter().skip(at).take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
    inside.filter_map(text_of).collect()
}

fn text_of<'a>(event: &'a Event<'_>) -> Option<&'a str> {
    match event {
        Event::Text(text) | Event::Code(text) => Some(text),
        Event::SoftBreak | Event::HardBreak | Event::End(TagEnd::Paragraph | TagEnd::TableCell | TagEnd::Item) => {
            Some(" ")
        }
        _ => None,
    }
}

fn slug(heading: &str) -> String {
    let kept =
        heading.to_lowercase().chars().filter(|&one| one.is_alphanumeric() || " -_".contains(one)).collect::<String>();
    kept.replace(' ', "-")
}

fn parts(events: &[Event<'_>]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut in_heading = false;
    for (at, event) in events.iter().enumerate() {
        match event {
            Event::Start(Tag::Heading { id, .. }) => {
                in_heading = true;
                let anchor = id.as_deref().unwrap_or_default().to_owned();
                parts.push(Part { anchor, heading: heading_at(events, at), text: String::new() });
            }
            Event::End(TagEnd::Heading(_)) => in_heading = false,
            event if !in_heading => {
                if let (Some(part), Some(text)) = (parts.last_mut(), text_of(event)) {
                    part.text.push_str(text);
                }
            }
            _ => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guide(markdown: &'static str) -> Guide {
        Guide { folder: "guides", name: "otp", markdown }
    }

    #[test]
    fn headings_have_anchors_and_links_lead_to_what_is_shown() {
        let page = guide(
            "# A\n\n## Send & `check`\n\n[keys](../reference/keys.md#made), [here](webhooks.md), [ledger](../reference/ledger.md), \
             [code](../../crates/x.rs), <b>x</b>",
        )
        .render();
        assert!(page.contains("<h2 id=\"send--check\">Send &amp; <code>check</code></h2>"), "{page}");
        assert!(page.contains("<a href=\"#send--check\">Send &amp; check</a>"), "{page}");
        assert!(
            page.contains("<a href=\"/docs/reference/keys#made\">keys</a>, <a href=\"/docs/guides/webhooks\">here</a>")
        );
        assert!(page.contains("</a>, ledger, code, &lt;b&gt;x&lt;/b&gt;"), "{page}");
    }

    #[test]
    fn a_page_is_searched_by_its_parts() {
        let parts = guide("# A\n\nintro\n\n## B\n\n| c | d |\n|---|---|\n| e | `f` |\n").parts();
        let told: Vec<_> = parts.iter().map(|part| (&*part.anchor, &*part.heading, part.text.trim())).collect();
        assert_eq!(told, [("", "A", "intro"), ("b", "B", "c d e f")]);
    }

    #[test]
    fn every_guide_of_the_repository_is_shown() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guides");
        let names = std::fs::read_dir(folder).expect("the folder").flatten().map(|entry| entry.file_name());
        for name in names.map(|name| name.to_string_lossy().into_owned()) {
            assert!(GUIDES.iter().any(|guide| guide.is_guide() && format!("{}.md", guide.name) == name), "{name}");
        }
    }

    #[test]
    fn pages_have_nothing_inline_and_nothing_of_other_origins() {
        for page in GUIDES.iter().map(Guide::render) {
            for banned in ["<img", " style=", "onclick", "<script>", "<style", "<iframe", "src=\"http"] {
                assert!(!page.contains(banned), "{banned}");
            }
        }
    }
}
