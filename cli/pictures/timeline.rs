//! CLI: the timeline of a move as a picture: a row for each step, a bar for each stretch, in words. Pure.

use super::mark::Tone;
use super::picture::{Picture, fitted, said, width_of};
use super::scale::Scale;
use crate::least_time::length;
use crate::time::date;
use crate::timeline::{Bar, Look, Timeline};
use maud::{Markup, html};

const WIDTH: i64 = 1_040;
/// Steps are named up to here; from here on is time.
const NAMES: i64 = 318;
/// Time ends here.
const END: i64 = WIDTH - 20;
const TOP: i64 = 46;
const ROW: i64 = 24;
const BAR: i64 = 12;
/// What took no time is so wide.
const LEAST: i64 = 4;
/// Dates at the top are so far from each other at least.
const APART: i64 = 78;

/// The picture.
pub(crate) fn picture(of: &Timeline) -> Picture {
    let times = of.rows.iter().flat_map(|row| row.bars.iter().flat_map(|bar| [bar.from_ms, bar.to_ms]));
    let scale = Scale::of(times.chain([of.from_ms, of.to_ms]), NAMES + 8, END);
    let rows = i64::try_from(of.rows.len()).unwrap_or(0);
    let height = TOP + rows * ROW + 14;
    let shapes = html! {
        (axis(&scale, of, height))
        @for (nth, row) in (0_i64..).zip(&of.rows) {
            @let y = TOP + nth * ROW;
            line class="rule" x1="0" x2=(WIDTH) y1=(y + ROW) y2=(y + ROW) {}
            g {
                title { (said(&row.title)) }
                text class=[row.bars.is_empty().then_some("soft")] x="4" y=(y + 16) {
                    (fitted(&format!("{}  {}", row.step, row.title), NAMES - 12))
                }
            }
            @for nth in 0..row.bars.len() { (a_bar(&scale, &row.bars, nth, y)) }
        }
        @if of.open {
            @let x = scale.at(of.to_ms);
            line class="now" x1=(x) x2=(x) y1=(TOP - 8) y2=(height - 10) {}
        }
    };
    let about = about(of);
    let (id, title) = (format!("timeline-{}", of.run), format!("Timeline of {}", of.run));
    Picture { id, title, about, width: WIDTH, height, shapes }
}

fn about(of: &Timeline) -> String {
    let happened = of.rows.iter().filter(|row| !row.bars.is_empty()).count();
    let stopped = of.rows.iter().flat_map(|row| &row.bars).filter(|bar| bar.look == Look::Stopped).count();
    format!(
        "{} of {} steps, from {} to {}; {stopped} stretches in which a step was stopped. The table of steps says the same.",
        happened,
        of.rows.len(),
        date(of.from_ms),
        date(of.to_ms)
    )
}

/// Dates at the top, and marks where time is drawn short.
fn axis(scale: &Scale, of: &Timeline, height: i64) -> Markup {
    let mut last = i64::MIN;
    let mut ticks = Vec::new();
    let (mut day, mut shown, end) = (String::new(), String::new(), scale.at(of.to_ms));
    for (ms, x) in scale.stops() {
        let is_end = ms == of.to_ms;
        let text = date(ms);
        let is_near = x < last.saturating_add(APART) || x > end - 2 * APART || text == shown;
        if is_near && !is_end {
            continue;
        }
        text.clone_into(&mut shown);
        last = x;
        let (date, clock) = text.split_once('T').unwrap_or((&text, ""));
        let new_day = day != date;
        date.clone_into(&mut day);
        ticks.push((x, clock.trim_end_matches('Z').to_owned(), new_day.then(|| date.to_owned()), is_end));
    }
    html! {
        @for (from, to) in &scale.cut {
            @let (x0, x1) = (scale.at(*from), scale.at(*to));
            rect class="band" x=(x0) y=(TOP - 8) width=(x1 - x0) height=(height - TOP - 2) {}
            @let middle = i64::midpoint(x0, x1);
            path class="cut" d={ "M" (middle - 4) " " (TOP - 3) "l3-6 2 6 3-6" } {}
        }
        @for (x, clock, day, is_end) in &ticks {
            @let class = if *is_end { "soft small end" } else { "soft small" };
            @if let Some(day) = day { text class=(class) x=(x) y="14" { (day) } }
            text class=(class) x=(x) y="29" { (clock) }
            line class="rule" x1=(x) x2=(x) y1=(TOP - 12) y2=(height - 10) {}
        }
    }
}

/// How a stretch is drawn: its tone, and whether it is full, hollow or dotted.
fn drawn(look: Look) -> (Tone, &'static str) {
    match look {
        Look::Works => (Tone::Go, "full"),
        Look::Waits => (Tone::Go, "hollow"),
        Look::TriesAgain | Look::Doubt => (Tone::Warn, "dotted"),
        Look::Soaks => (Tone::Rest, "hollow"),
        Look::Person => (Tone::Warn, "hollow"),
        Look::Stopped => (Tone::Bad, "full"),
        Look::TakenBack => (Tone::Mute, "full"),
        Look::Over => (Tone::Ok, "full"),
    }
}

fn a_bar(scale: &Scale, row: &[Bar], nth: usize, y: i64) -> Markup {
    let (bar, next) = (&row[nth], row.get(nth + 1));
    let before = nth.checked_sub(1).map_or(NAMES, |before| scale.at(row[before].to_ms) + 6);
    let (tone, how) = drawn(bar.look);
    let x0 = scale.at(bar.from_ms);
    let x1 = scale.at(bar.to_ms).max(x0 + LEAST).min(END.max(x0 + LEAST));
    let took = u64::try_from(bar.to_ms.saturating_sub(bar.from_ms)).unwrap_or(0);
    let label = if took < 1_000 { bar.label.clone() } else { format!("{} {}", bar.label, length(took)) };
    let (width, top) = (width_of(&label), y + (ROW - BAR) / 2);
    // Behind its bar, or before it; where there is no room, it is told when somebody points there.
    let free = next.map_or(END + 18, |next| scale.at(next.from_ms));
    let place = match () {
        () if x1 + 5 + width <= free => Some((x1 + 5, "small soft halo")),
        () if next.is_none() && x0 - 5 - width >= before => Some((x0 - 5, "small soft halo end")),
        () if x0 + 18 + width <= x1 => Some((x0 + 14, if how == "full" { "small inside" } else { "small" })),
        () => None,
    };
    html! {
        g class=(tone.class()) {
            rect class=(how) x=(x0) y=(top) width=(x1 - x0) height=(BAR) rx="2" {
                title { (label) ", " (date(bar.from_ms)) " to " (date(bar.to_ms)) }
            }
            @if bar.look == Look::Stopped && x1 - x0 >= BAR {
                path d={ "M" (x0 + 4) " " (top + 3) "l6 6m0-6l-6 6" } fill="none" stroke="var(--paper)" stroke-width="1.6" {}
            }
            @if let Some((x, class)) = place { text class=(class) x=(x) y=(y + 16) { (label) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Row;

    fn bar(from_ms: i64, to_ms: i64, look: Look, label: &str) -> Bar {
        Bar { from_ms, to_ms, look, label: label.to_owned() }
    }

    #[test]
    fn each_bar_says_in_words_what_it_is_and_a_step_to_come_is_drawn_too() {
        let row = |step: &str, title: &str, bars| Row {
            step: step.to_owned(),
            title: title.to_owned(),
            group: "CREATE".to_owned(),
            bars,
        };
        let of = Timeline {
            run: "m-1".to_owned(),
            from_ms: 1_800_000_000_000,
            to_ms: 1_800_086_400_000,
            open: true,
            rows: vec![
                row(
                    "01",
                    "identity <b>",
                    vec![bar(1_800_000_000_000, 1_800_000_004_000, Look::Works, "works")],
                ),
                row("02", "soak", vec![bar(1_800_000_004_000, 1_800_086_400_000, Look::Soaks, "soaks")]),
                row("03", "clean-up", Vec::new()),
            ],
        };
        let text = picture(&of).inline().into_string();
        assert!(text.contains("works 4 s") && text.contains("soaks 23 h 59 min"), "{text}");
        assert!(text.contains("03  clean-up") && text.contains("identity &lt;b&gt;"), "{text}");
        assert!(text.contains("2 of 3 steps") && text.contains("class=\"now\""), "{text}");
    }
}
