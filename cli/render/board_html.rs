//! CLI: the page of a change board as one HTML file, which loads nothing and prints well. Pure.

use super::board::{counts, facts, hand, wave};
use crate::board::Board;
use crate::least_time::line;
use crate::pictures::colours::{COLOURS, SHAPES};
use crate::pictures::picture::said;
use maud::{Markup, PreEscaped, html};

/// What such a file begins with, by which it is known.
pub(crate) const BEGIN: &str = "<!doctype html>\n<!-- a plan of rehome -->\n";

const STYLE: &str = "body{font:14px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',sans-serif;max-width:74em;margin:2em auto;\
padding:0 1.2em;color:var(--ink);background:var(--paper)}\
h1{font-size:1.6em;line-height:1.25;margin:0 0 .6em;overflow-wrap:anywhere}\
h2{font-size:1.15em;margin:2em 0 .5em;padding-bottom:.25em;border-bottom:1px solid var(--line)}h3{font-size:1em;margin:1.6em 0 .4em}\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\
th,td{text-align:left;vertical-align:top;padding:.35em 1em .35em 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}\
th{white-space:nowrap;overflow-wrap:normal;font-weight:600;color:var(--soft);font-size:.92em}code{font-size:.92em}\
.wide{overflow-x:auto}.wide>.pic{width:100%;min-width:680px;height:auto}\
@media print{body{max-width:none;margin:0;padding:0;font-size:9.5pt}h2,h3{break-after:avoid}tr,svg{break-inside:avoid}\
.wide{overflow:visible}.wide>.pic{min-width:0}.break{break-after:page}}";

/// A file with this title that loads nothing.
pub(super) fn file(begin: &str, title: &str, body: &Markup) -> String {
    let page = html! {
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (said(title)) }
                style { (PreEscaped(COLOURS)) (PreEscaped(SHAPES)) (PreEscaped(STYLE)) }
            }
            body { h1 { (said(title)) } (body) }
        }
    };
    format!("{begin}{}\n", page.into_string())
}

/// A table under its title; without heads the cells say what they are themselves.
pub(super) fn table(title: &str, heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Markup {
    html! {
        h2 { (said(title)) }
        table {
            @if !heads.is_empty() { thead { tr { @for head in heads { th scope="col" { (said(head)) } } } } }
            tbody { @for row in rows { tr { @for cell in row { td { (said(&cell)) } } } } }
        }
    }
}

/// The whole file.
pub(crate) fn html(board: &Board) -> String {
    let told = facts(board).into_iter().map(|(word, said)| vec![word.to_lowercase(), said]);
    let told =
        [vec!["digest".to_owned(), board.digest.clone()], vec!["cloud".to_owned(), board.cloud.clone()]]
            .into_iter()
            .chain(told)
            .chain([vec!["takes".to_owned(), line(board.at_least)]]);
    let mut kinds: Vec<&str> = board.notices.iter().map(|cause| cause.kind).collect();
    kinds.dedup();
    let body = html! {
        p { (said(&counts(board))) }
        (table("The plan", &[], told))
        (table("Waves", &[], board.waves.iter().map(|row| vec![wave(row)])))
        (table("By hand", &[], board.by_hand.iter().map(|row| vec![hand(row)])))
        @if !board.left_out.is_empty() {
            @let rows = board.left_out.iter().map(|row| vec![row.identity.clone(), row.why.join("; ")]);
            (table("Left out: these stay as they are, and the others go", &["identity", "why"], rows))
        }
        @for kind in kinds { (notices(board, kind)) }
        (moves(board))
        p { "Everything can be taken back up to the deletion of the old identities, which has an approval of its own." }
    };
    file(BEGIN, &format!("Change: batch {}", board.batch), &body)
}

fn notices(board: &Board, kind: &str) -> Markup {
    let of = board.notices.iter().filter(|cause| cause.kind == kind);
    let row = of.map(|cause| {
        let many = format!("{} in {} moves", cause.count, cause.moves);
        vec![cause.code.clone(), many, cause.place.clone(), cause.text.clone(), cause.remedy.clone()]
    });
    table(kind, &["code", "how often", "where first", "what", "remedy"], row)
}

fn moves(board: &Board) -> Markup {
    let heads = ["move", "from", "to", "wave", "owner", "changes", "by hand", "removals", "warnings"];
    let rows = board.moves.iter().map(|row| {
        let said = [&row.wave, &row.owner].map(|text| text.clone().unwrap_or_default());
        let numbers = [row.counts.changes, row.counts.by_hand, row.counts.removals, row.warnings];
        let names = [row.run.to_string(), row.identity.clone(), row.target.clone()];
        names.into_iter().chain(said).chain(numbers.map(|number| number.to_string())).collect()
    });
    table("Moves", &heads, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_told_to_a_page_is_text_and_stays_in_its_cell() {
        let hostile = "<script>alert('x')</script>\n\"&\u{202e}";
        let table = table(hostile, &[hostile], [vec![hostile.to_owned()]]);
        let text = file(BEGIN, hostile, &table);
        let tags: Vec<&str> =
            text.split('<').skip(1).filter_map(|tag| tag.split(['>', ' ']).next()).collect();
        let known = [
            "html", "head", "meta", "title", "style", "body", "h1", "h2", "table", "thead", "tbody", "tr",
            "th", "td",
        ];
        let is_known = |tag: &&&str| known.contains(&tag.trim_start_matches('/')) || tag.starts_with('!');
        assert_eq!(tags.iter().find(|tag| !is_known(tag)), None);
        assert_eq!(
            text.matches("&lt;script&gt;alert('x')&lt;/script&gt;\\n&quot;&amp;\\u202e").count(),
            5,
            "{text}"
        );
    }
}
