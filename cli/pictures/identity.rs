//! CLI: one identity and everything that it is tied to, as a picture of at most 60 shapes. Pure.

use super::picture::{Picture, fitted, said};
use crate::counted::counted;
use crate::graph::{Graph, Link, Relation};
use maud::{Markup, html};

const WIDTH: i64 = 1_040;
const BOX: i64 = 330;
const HIGH: i64 = 36;
const STEP: i64 = 42;
const HEAD: i64 = 26;
const TOP: i64 = 12;

/// The picture has at most so many shapes.
const SHAPES_MAX: usize = 60;

/// What is drawn of a relation: the first ones, and how many more there are.
struct Group<'a> {
    relation: Relation,
    shown: Vec<&'a Link>,
    more: usize,
}

impl Group<'_> {
    fn boxes(&self) -> usize {
        self.shown.len() + usize::from(self.more > 0)
    }

    fn height(&self) -> i64 {
        HEAD + i64::try_from(self.boxes()).unwrap_or(0) * STEP
    }
}

/// What is drawn of each relation that there is, so that all of it has no more shapes than may be.
fn groups<'a>(graph: &'a Graph, unseen: usize) -> Vec<Group<'a>> {
    let of = |relation| graph.links.iter().filter(move |link| link.relation == relation).collect::<Vec<_>>();
    let all: Vec<(Relation, Vec<&Link>)> =
        Relation::ALL.iter().map(|r| (*r, of(*r))).filter(|(_, all)| !all.is_empty()).collect();
    let room = SHAPES_MAX.saturating_sub(1 + unseen);
    let boxes = |most: usize| -> usize {
        all.iter().map(|(_, links)| links.len().min(most) + usize::from(links.len() > most)).sum()
    };
    let longest = all.iter().map(|(_, links)| links.len()).max().unwrap_or(0);
    let most = (1..=longest).rev().find(|most| boxes(*most) <= room).unwrap_or(1);
    let group = |(relation, links): (Relation, Vec<&'a Link>)| Group {
        relation,
        more: links.len().saturating_sub(most),
        shown: links.into_iter().take(most).collect(),
    };
    all.into_iter().map(group).collect()
}

/// Places nobody could read that are drawn; of more, their number.
const UNSEEN_MAX: usize = 3;

/// The picture.
pub(crate) fn picture(graph: &Graph) -> Picture {
    let dark: Vec<&String> = graph.gaps.iter().chain(&graph.unseen).collect();
    let drawn = dark.len().min(UNSEEN_MAX) + usize::from(dark.len() > UNSEEN_MAX);
    let groups = groups(graph, drawn);
    let (left, right): (Vec<&Group<'_>>, Vec<&Group<'_>>) =
        groups.iter().partition(|group| group.relation.comes_in());
    let tall = |side: &[&Group<'_>]| side.iter().map(|group| group.height()).sum::<i64>();
    let body = tall(&left).max(tall(&right)).max(150);
    let bottom = TOP + body + 16;
    let below = i64::try_from(drawn).unwrap_or(0) * 30 + if drawn > 0 { 22 } else { 0 };
    let middle = TOP + body / 2;
    let shapes = html! {
        (side(&left, 0, middle))
        (side(&right, WIDTH - BOX, middle))
        g class="t-go" {
            rect class="hollow" x=(WIDTH / 2 - 130) y=(middle - 38) width="260" height="76" rx="10" {}
            text class="strong mid" x=(WIDTH / 2) y=(middle - 12) { (fitted(graph.name(), 220)) }
            text class="soft small mid" x=(WIDTH / 2) y=(middle + 6) { (fitted(&graph.location, 244)) }
            text class="soft small mid" x=(WIDTH / 2) y=(middle + 23) { (fitted(&format!("client {}", graph.client_id), 250)) }
        }
        @if drawn > 0 { (in_the_dark(&dark, bottom)) }
    };
    let ties: Vec<String> = groups
        .iter()
        .map(|group| format!("{} {}", group.relation.title().to_lowercase(), group.shown.len() + group.more))
        .collect();
    let about = format!(
        "{}; {} that cannot be seen. The list beside the picture has all of it.",
        ties.join(", "),
        counted(dark.len(), "place")
    );
    let title = format!("Everything that {} is tied to", graph.name());
    Picture {
        id: format!("identity-{}", graph.run),
        title,
        about,
        width: WIDTH,
        height: bottom + below,
        shapes,
    }
}

/// One side: the groups below each other, each shape with its wire to the middle.
fn side(groups: &[&Group<'_>], x: i64, middle: i64) -> Markup {
    let mut y = TOP;
    let mut out = Vec::new();
    for group in groups {
        let top = y;
        y += group.height();
        out.push((top, *group));
    }
    let is_left = x == 0;
    let (edge, centre) = if is_left { (x + BOX, WIDTH / 2 - 130) } else { (x, WIDTH / 2 + 130) };
    let bend = i64::midpoint(edge, centre);
    html! {
        @for (top, group) in &out {
            @for nth in 0..i64::try_from(group.boxes()).unwrap_or(0) {
                @let at = top + HEAD + nth * STEP + HIGH / 2;
                path class="wire" d={ "M" (edge) " " (at) "C" (bend) " " (at) " " (bend) " " (middle) " " (centre) " " (middle) } {}
            }
        }
        @for (top, group) in &out {
            text class="soft small strong" x=(x) y=(top + 16) {
                (group.relation.title()) "  " (group.shown.len() + group.more)
            }
            @for (nth, link) in (0_i64..).zip(&group.shown) { (a_box(link, x, top + HEAD + nth * STEP)) }
            @if group.more > 0 {
                @let at = top + HEAD + i64::try_from(group.shown.len()).unwrap_or(0) * STEP;
                rect class="unseen" x=(x) y=(at) width=(BOX) height=(HIGH) rx="6" {}
                text x=(x + 12) y=(at + 22) { "and " (group.more) " more" }
            }
        }
    }
}

fn a_box(link: &Link, x: i64, y: i64) -> Markup {
    html! {
        g {
            title { (said(&link.name)) ": " (said(&link.label)) ", " (said(&link.id)) }
            rect class="box" x=(x) y=(y) width=(BOX) height=(HIGH) rx="6" {}
            text class="strong" x=(x + 12) y=(y + 15) { (fitted(&link.name, BOX - 52)) }
            text class="soft small" x=(x + 12) y=(y + 29) { (fitted(&link.label, BOX - 24)) }
        }
    }
}

/// What nobody could read, dashed.
fn in_the_dark(dark: &[&String], top: i64) -> Markup {
    html! {
        text class="soft small strong" x="0" y=(top + 10) { "CANNOT BE SEEN  " (dark.len()) }
        @for (nth, what) in (0_i64..).zip(dark.iter().take(UNSEEN_MAX)) {
            rect class="unseen" x="0" y=(top + 20 + nth * 30) width=(WIDTH) height="24" rx="6" {}
            text class="soft" x="12" y=(top + 36 + nth * 30) { (fitted(what, WIDTH - 24)) }
        }
        @if dark.len() > UNSEEN_MAX {
            @let y = top + 20 + i64::try_from(UNSEEN_MAX).unwrap_or(0) * 30;
            rect class="unseen" x="0" y=(y) width=(WIDTH) height="24" rx="6" {}
            text class="soft" x="12" y=(y + 16) { "and " (dark.len() - UNSEEN_MAX) " more" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(each: usize) -> Graph {
        let link = |relation: Relation, n: usize| Link {
            relation,
            label: format!("label {n}"),
            name: format!("<name {n}>"),
            id: format!("/{n}"),
        };
        let links = Relation::ALL.iter().flat_map(|r| (0..each).map(move |n| link(*r, n))).collect();
        let text = |text: &str| text.to_owned();
        Graph {
            run: text("m-1"),
            identity: text("/a/id-1"),
            location: text("westeurope"),
            client_id: text("c"),
            principal_id: text("p"),
            links,
            gaps: vec![text("a <gap>"); 5],
            unseen: vec![text("unseen")],
        }
    }

    #[test]
    fn however_much_there_is_the_picture_has_sixty_shapes_and_says_how_many_are_not_drawn() {
        for (each, more) in [(1, false), (5, false), (40, true)] {
            let text = picture(&graph(each)).inline().into_string();
            let shapes = text.matches("<rect").count();
            assert!(shapes <= SHAPES_MAX, "{each}: {shapes}");
            assert_eq!(
                text.matches(" more</text>").count() > 1,
                more,
                "one is of what cannot be seen: {text}"
            );
            assert!(!text.contains("<name") && text.contains("&lt;name 0&gt;"));
            assert!(text.contains("CANNOT BE SEEN  6"), "five gaps and one place that nobody can see");
        }
        let text = picture(&graph(40)).inline().into_string();
        let most = text.matches("&lt;name 0&gt;: ").count() * 4;
        assert!(text.contains("and 36 more</text>") && most == 40, "four of forty are drawn of each: {text}");
    }
}
