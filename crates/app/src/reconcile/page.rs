//! The report as a page to read, print or file: one HTML file, without scripts and with nothing from elsewhere.

use sambac_domain::Timestamp;
use sambac_engine::reconcile::Report;
use sambac_store::rows::{BreakRow, BreakState};

use super::shown::{BREAK_HEADS, LINE_HEADS, break_cells, line_cells};

const STYLE: &str = "body{font:15px/1.4 system-ui,sans-serif;margin:2rem;color:#1a1a1a;background:#fff}\
    table{border-collapse:collapse;margin:1rem 0}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #ccc;\
    overflow-wrap:anywhere}th{background:#f2f2f2}.bad{color:#a40000}.good{color:#00632b}";

/// The page.
pub(super) fn page(report: &Report, breaks: &[BreakRow], at: Timestamp) -> String {
    let open = breaks.iter().filter(|row| row.state == BreakState::Open).count().saturating_add(report.more_breaks);
    let verdict = match (open, breaks.len()) {
        (0, 0) => "<p class=\"good\">Nothing differs.</p>".to_owned(),
        (0, explained) => format!("<p class=\"good\">{explained} breaks, all explained.</p>"),
        (open, _) => format!("<p class=\"bad\">{open} breaks are open.</p>"),
    };
    let lines = table(&LINE_HEADS, report.lines.iter().map(|line| line_cells(report, line)));
    let breaks = match breaks {
        [] => String::new(),
        rows => format!("<h2>Breaks</h2>{}", table(&BREAK_HEADS, rows.iter().map(break_cells))),
    };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Reconciliation {from} to {to}</title>\
         <style>{STYLE}</style></head><body><h1>Reconciliation {from} to {to}</h1><p>Made {at}; days of UTC, by the time of \
         the final state.</p>{verdict}{breaks}<h2>Accounts, operators and days</h2>{lines}</body></html>\n",
        from = report.days.from,
        to = report.days.to,
    )
}

fn table<const N: usize>(heads: &[&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let cells = |kind: &str, cells: &[String]| {
        let cells: String = cells.iter().map(|cell| format!("<{kind}>{}</{kind}>", escaped(cell))).collect();
        format!("<tr>{cells}</tr>")
    };
    let heads = cells("th", &heads.map(str::to_owned));
    let rows: String = rows.map(|row| cells("td", &row)).collect();
    format!("<table><thead>{heads}</thead><tbody>{rows}</tbody></table>")
}

/// Names are people's: they may hold anything.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_tags() {
        let shown = table(&["a"], [["<script>\"&".to_owned()]].into_iter());
        assert!(shown.contains("<td>&lt;script&gt;&quot;&amp;</td>"), "{shown}");
    }
}
