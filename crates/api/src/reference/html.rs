//! Writing HTML: escaping, and the little Markdown that descriptions use (paragraphs, `code`, links).

/// `text` as it may stand between tags and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Paragraphs of a description.
pub(super) fn prose(text: &str) -> String {
    text.split("\n\n")
        .filter(|paragraph| !paragraph.trim().is_empty())
        .map(|text| format!("<p>{}</p>", line(text)))
        .collect()
}

/// One line with `code` and `[links](target)`.
pub(super) fn line(text: &str) -> String {
    let mut html = String::new();
    let mut rest = text.trim();
    while let Some(at) = rest.find(['`', '[']) {
        let (before, from) = rest.split_at(at);
        html.push_str(&escape(before));
        let (made, after) = code(from).or_else(|| link(from)).unwrap_or_else(|| (escape(&from[..1]), &from[1..]));
        html.push_str(&made);
        rest = after;
    }
    html + &escape(rest)
}

fn code(text: &str) -> Option<(String, &str)> {
    let (code, after) = text.strip_prefix('`')?.split_once('`')?;
    Some((format!("<code>{}</code>", escape(code)), after))
}

fn link(text: &str) -> Option<(String, &str)> {
    let (label, after) = text.strip_prefix('[')?.split_once("](")?;
    let (target, after) = after.split_once(')')?;
    Some((format!("<a href=\"{}\">{}</a>", escape(target), line(label)), after))
}

/// A whole page.
pub(super) fn page(title: &str, nav: &str, main: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <link rel=\"stylesheet\" href=\"/docs/style.css\"><script src=\"/docs/try.js\" defer></script></head>\
         <body><a class=\"skip\" href=\"#main\">To the content</a><div class=\"page\"><nav aria-label=\"Contents\">\
         <form action=\"/docs/search\" role=\"search\"><label>Search<input name=\"q\" type=\"search\" maxlength=\"100\"></label></form>{nav}\
         </nav><main id=\"main\">{main}</main></div></body></html>\n",
        title = escape(title)
    )
}

/// A table whose cells are HTML already.
pub(super) fn table<const N: usize>(heads: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let heads: String = heads.iter().map(|head| format!("<th scope=\"col\">{head}</th>")).collect();
    let rows: String = rows
        .into_iter()
        .map(|cells| format!("<tr>{}</tr>", cells.iter().map(|cell| format!("<td>{cell}</td>")).collect::<String>()))
        .collect();
    format!("<div class=\"table\"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<a href='x\">&"), "&lt;a href=&#39;x&quot;&gt;&amp;");
        assert_eq!(line("`<b>` [<i>](/x\"y)"), "<code>&lt;b&gt;</code> <a href=\"/x&quot;y\">&lt;i&gt;</a>");
    }

    #[test]
    fn code_links_and_lone_marks_are_read() {
        assert_eq!(line("see [`a`](/b), `c` and [d"), "see <a href=\"/b\"><code>a</code></a>, <code>c</code> and [d");
        assert_eq!(line("5 ` of"), "5 ` of");
        assert_eq!(prose("a\n\nb"), "<p>a</p><p>b</p>");
    }
}
