//! CLI: access before a move and now, as a picture: what the old identity had, and what each has. Pure.

use super::mark::Tone;
use super::picture::{Picture, fitted};
use crate::access::Kind;
use maud::{Markup, html};

const WIDTH: i64 = 1_040;
const NAMES: i64 = 270;
const COLUMN: i64 = 240;
const TOP: i64 = 34;
const ROW: i64 = 32;

/// The picture.
pub(crate) fn picture(of: &str, kinds: &[Kind]) -> Picture {
    let most = kinds.iter().map(|kind| kind.before).max().unwrap_or(1).max(1);
    let columns = [NAMES, NAMES + COLUMN + 16, NAMES + 2 * (COLUMN + 16)];
    let shapes = html! {
        @for (x, head) in columns.iter().zip(["BEFORE: OLD", "NOW: NEW", "NOW: OLD"]) {
            text class="soft small strong" x=(x) y="16" { (head) }
        }
        line class="rule" x1="0" x2=(WIDTH) y1="26" y2="26" {}
        @for (nth, kind) in (0_i64..).zip(kinds) {
            @let y = TOP + nth * ROW;
            text x="4" y=(y + 17) { (fitted(&kind.what, NAMES - 12)) }
            (bar(columns[0], y, (kind.before, kind.before), most, Tone::Mute))
            (bar(columns[1], y, (kind.new, kind.before), most, if kind.new == kind.before { Tone::Ok } else { Tone::Go }))
            @if let Some(old) = kind.old { (bar(columns[2], y, (old, kind.before), most, Tone::Mute)) }
            @else { text class="soft small" x=(columns[2]) y=(y + 17) { "turned to NEW" } }
            line class="rule" x1="0" x2=(WIDTH) y1=(y + ROW - 2) y2=(y + ROW - 2) {}
        }
    };
    let said: Vec<String> = kinds
        .iter()
        .map(|kind| {
            let old = kind.old.map(|old| format!(" and the old one {old}")).unwrap_or_default();
            format!("{}: before {}, now the new one {}{old}", kind.what, kind.before, kind.new)
        })
        .collect();
    let said = if said.is_empty() { vec!["there is nothing".to_owned()] } else { said };
    let height = TOP + i64::try_from(kinds.len()).unwrap_or(0) * ROW + 6;
    let title = format!("Access before and now, {of}");
    Picture { id: format!("access-{of}"), title, about: said.join("; "), width: WIDTH, height, shapes }
}

fn bar(x: i64, y: i64, (have, all): (usize, usize), most: usize, tone: Tone) -> Markup {
    let room = COLUMN - 84;
    let share = |count: usize| room * i64::try_from(count).unwrap_or(0) / i64::try_from(most).unwrap_or(1);
    html! {
        g class=(tone.class()) {
            @if have < all { rect class="dotted" x=(x) y=(y + 6) width=(share(all).max(3)) height="13" rx="2" {} }
            @if have > 0 { rect class="full" x=(x) y=(y + 6) width=(share(have).max(3)) height="13" rx="2" {} }
            text class="small" x=(x + share(all).max(3) + 6) y=(y + 17) { (have) " of " (all) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_there_as_words_too() {
        let kinds = [Kind { what: "roles in Azure".to_owned(), before: 4, new: 3, old: Some(4) }];
        let picture = picture("m-1", &kinds);
        assert_eq!(picture.about, "roles in Azure: before 4, now the new one 3 and the old one 4");
        let text = picture.inline().into_string();
        assert!(text.contains("3 of 4") && text.matches("4 of 4").count() == 2, "{text}");
    }
}
