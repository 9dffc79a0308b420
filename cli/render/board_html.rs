//! CLI: the page of a change board as one HTML file, which loads nothing and prints well. Pure.

use super::board::{counts, facts, hand, wave};
use crate::board::Board;
use crate::error::one_line;
use crate::least_time::line;
use std::fmt::Write;

/// What such a file begins with, by which it is known.
pub(crate) const BEGIN: &str = "<!doctype html>\n<!-- a plan of rehome -->\n";

const STYLE: &str = "body{font:14px/1.45 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#111;background:#fff}\
h1{font-size:1.5em}h2{font-size:1.1em;margin:1.6em 0 .4em;border-bottom:1px solid #888}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.25em .7em .25em 0;\
border-bottom:1px solid #ddd;overflow-wrap:anywhere}code{font-size:.92em}\
@media print{body{max-width:none;margin:0;font-size:10pt}h2{break-after:avoid}tr{break-inside:avoid}}";

/// Text that means nothing to a browser but itself.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A page that is put together; whatever is told to it is escaped.
pub(super) struct Page(String);

/// A page with this title that loads nothing, up to where its contents begin.
pub(super) fn open(begin: &str, title: &str) -> Page {
    let mut page = Page(begin.to_owned());
    page.raw("<html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">");
    page.element("title", title);
    page.raw("<style>");
    page.raw(STYLE);
    page.raw("</style></head><body>");
    page.element("h1", title);
    page
}

impl Page {
    /// The whole of it.
    pub(super) fn end(mut self) -> String {
        self.raw("</body></html>\n");
        self.0
    }

    pub(super) fn raw(&mut self, html: &str) {
        self.0.push_str(html);
    }

    pub(super) fn element(&mut self, tag: &str, text: &str) {
        write!(self.0, "<{tag}>{}</{tag}>", escaped(text)).expect("a String takes everything");
    }

    pub(super) fn table(&mut self, title: &str, heads: &[&str], rows: impl Iterator<Item = Vec<String>>) {
        self.element("h2", title);
        self.raw("<table>");
        if !heads.is_empty() {
            self.raw("<thead><tr>");
            heads.iter().for_each(|head| self.element("th", head));
            self.raw("</tr></thead>");
        }
        self.raw("<tbody>");
        for row in rows {
            self.raw("<tr>");
            row.iter().for_each(|cell| self.element("td", cell));
            self.raw("</tr>\n");
        }
        self.raw("</tbody></table>\n");
    }
}

/// The whole file.
pub(crate) fn html(board: &Board) -> String {
    let mut page = open(BEGIN, &format!("Change: batch {}", board.batch));
    page.element("p", &counts(board));
    let told = facts(board).into_iter().map(|(word, said)| vec![word.to_lowercase(), said]);
    let told =
        [vec!["digest".to_owned(), board.digest.clone()], vec!["cloud".to_owned(), board.cloud.clone()]]
            .into_iter()
            .chain(told);
    page.table("The plan", &[], told.chain([vec!["takes".to_owned(), line(board.at_least)]]));
    page.table("Waves", &[], board.waves.iter().map(|row| vec![wave(row)]));
    page.table("By hand", &[], board.by_hand.iter().map(|row| vec![hand(row)]));
    if !board.left_out.is_empty() {
        let rows = board.left_out.iter().map(|row| vec![row.identity.clone(), row.why.join("; ")]);
        page.table("Left out: these stay as they are, and the others go", &["identity", "why"], rows);
    }
    let mut kinds: Vec<&str> = board.notices.iter().map(|cause| cause.kind).collect();
    kinds.dedup();
    for kind in kinds {
        let of = board.notices.iter().filter(|cause| cause.kind == kind);
        let row = of.map(|cause| {
            let many = format!("{} in {} moves", cause.count, cause.moves);
            vec![cause.code.clone(), many, cause.place.clone(), cause.text.clone(), cause.remedy.clone()]
        });
        page.table(kind, &["code", "how often", "where first", "what", "remedy"], row);
    }
    let heads = ["move", "from", "to", "wave", "owner", "changes", "by hand", "removals", "warnings"];
    let rows = board.moves.iter().map(|row| {
        let said = [&row.wave, &row.owner].map(|text| text.clone().unwrap_or_default());
        let numbers = [row.counts.changes, row.counts.by_hand, row.counts.removals, row.warnings];
        let names = [row.run.to_string(), row.identity.clone(), row.target.clone()];
        names.into_iter().chain(said).chain(numbers.map(|number| number.to_string())).collect()
    });
    page.table("Moves", &heads, rows);
    page.element(
        "p",
        "Everything can be taken back up to the deletion of the old identities, which has an approval of its own.",
    );
    page.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_told_to_a_page_is_text_and_stays_in_its_cell() {
        let mut page = Page(String::new());
        let hostile = "<script>alert('x')</script>\n\"&\u{202e}";
        page.table(hostile, &[hostile], std::iter::once(vec![hostile.to_owned()]));
        let tags: Vec<&str> =
            page.0.split('<').skip(1).filter_map(|tag| tag.split(['>', ' ']).next()).collect();
        let known = [
            "h2", "/h2", "table", "/table", "thead", "/thead", "tbody", "/tbody", "tr", "/tr", "th", "/th",
            "td", "/td",
        ];
        assert!(tags.iter().all(|tag| known.contains(tag)), "{tags:?}");
        assert!(
            page.0.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;\\n&quot;&amp;\\u202e"),
            "{}",
            page.0
        );
    }
}
