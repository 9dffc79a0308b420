//! CLI: the waves of a batch over the calendar, as a picture. Pure.

use super::picture::{Picture, fitted};
use crate::calendar::{Calendar, Row};
use crate::counted::counted;
use crate::time::date;
use maud::{Markup, html};

const WIDTH: i64 = 1_040;
const NAMES: i64 = 210;
/// Behind it is room for the words of the longest bar.
const END: i64 = WIDTH - 250;
const TOP: i64 = 46;
const ROW: i64 = 34;
/// What begins at a date that is to come is drawn so wide.
const TO_COME: i64 = 14;
const MINUTE: i64 = 60_000;
const DAY: i64 = 1_440 * MINUTE;
/// Dates at the top are one of these apart, so that there are at most ten.
const TICKS: [i64; 13] = [
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    60 * MINUTE,
    180 * MINUTE,
    360 * MINUTE,
    DAY / 2,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    30 * DAY,
    90 * DAY,
];

/// From when to when it is drawn: everything that is known, with a little room.
fn span(of: &Calendar) -> (i64, i64) {
    let Calendar { waves, now_ms, end_ms, .. } = of;
    let (now_ms, end_ms) = (*now_ms, *end_ms);
    let times = || waves.iter().flat_map(|wave| [wave.from_ms, wave.to_ms, wave.begins_ms]).flatten();
    let over = end_ms.is_none() && waves.iter().all(|wave| wave.to_ms.is_some());
    let first = times().chain((!over).then_some(now_ms)).min().unwrap_or(now_ms);
    let last = times().chain(end_ms).chain((!over).then_some(now_ms)).max().unwrap_or(now_ms);
    let room = ((last - first) / 20).max(MINUTE);
    (first - room, last + room)
}

/// The picture.
pub(crate) fn picture(of: &Calendar) -> Picture {
    let Calendar { batch, now_ms, end_ms, waves } = of;
    let (now_ms, (first, last)) = (*now_ms, span(of));
    let at = |ms: i64| {
        let share =
            i128::from(END - NAMES) * i128::from(ms.clamp(first, last) - first) / i128::from(last - first);
        NAMES + i64::try_from(share).unwrap_or(0)
    };
    let height = TOP + i64::try_from(waves.len()).unwrap_or(0) * ROW + 18;
    let shapes = html! {
        @for (ms, day, clock) in ticks(first, last) {
            @let x = at(ms);
            line class="rule" x1=(x) x2=(x) y1=(TOP - 8) y2=(height - 8) {}
            text class="soft small mid" x=(x) y="14" { (day) }
            text class="soft small mid" x=(x) y="29" { (clock) }
        }
        @if now_ms <= last && now_ms >= first {
            line class="now" x1=(at(now_ms)) x2=(at(now_ms)) y1=(TOP - 12) y2=(height - 8) {}
        }
        @if let Some(end) = end_ms {
            line class="cut" x1=(at(*end)) x2=(at(*end)) y1=(TOP - 8) y2=(height - 8) {}
            text class="soft small halo end" x=(at(*end) - 5) y=(height - 6) { "clean-up not before" }
        }
        @for (nth, wave) in (0_i64..).zip(waves) { (a_wave(wave, TOP + nth * ROW, now_ms, &at)) }
    };
    let each: Vec<String> = waves
        .iter()
        .map(|w| {
            let from = w.from_ms.or(w.begins_ms).map(|ms| format!(", from {}", date(ms))).unwrap_or_default();
            let to = w.to_ms.map(|ms| format!(" to {}", date(ms))).unwrap_or_default();
            format!("{}: {} of {}{from}{to}, {}", w.wave, w.through, counted(w.moves, "move"), w.stands)
        })
        .collect();
    let title = format!("Waves of {batch} over the calendar");
    Picture { id: "waves-picture".to_owned(), title, about: each.join("; "), width: WIDTH, height, shapes }
}

/// Dates at the top: when, which day, and what time where days are not far enough apart.
fn ticks(first: i64, last: i64) -> Vec<(i64, String, String)> {
    let unit = TICKS.iter().copied().find(|unit| (last - first) / unit <= 9).unwrap_or(365 * DAY);
    let from = first.div_euclid(unit) * unit + unit;
    let mut day_before = String::new();
    let all = (0..).map(|n| from + n * unit).take_while(|ms| *ms <= last);
    all.map(|ms| {
        let text = date(ms);
        let (day, clock) = text.split_once('T').unwrap_or((&text, ""));
        let shown = if day == day_before { String::new() } else { day.to_owned() };
        day.clone_into(&mut day_before);
        let clock = if unit >= DAY { String::new() } else { clock.chars().take(5).collect() };
        (ms, shown, clock)
    })
    .collect()
}

fn a_wave(wave: &Row, y: i64, now_ms: i64, at: &dyn Fn(i64) -> i64) -> Markup {
    let note = format!("{} of {}, {}", wave.through, wave.moves, wave.stands);
    let (x0, x1) = match (wave.from_ms, wave.begins_ms) {
        (Some(from), _) => (at(from), at(wave.to_ms.unwrap_or(now_ms)).max(at(from) + 4)),
        (None, Some(begins)) => (at(begins), at(begins) + TO_COME),
        (None, None) => (at(now_ms), at(now_ms)),
    };
    let done =
        (x1 - x0) * i64::try_from(wave.through).unwrap_or(0) / i64::try_from(wave.moves.max(1)).unwrap_or(1);
    html! {
        line class="rule" x1="0" x2=(WIDTH) y1=(y + ROW) y2=(y + ROW) {}
        text class="strong" x="4" y=(y + 21) { (fitted(&wave.wave, NAMES - 16)) }
        g class=(wave.tone.class()) {
            @if wave.from_ms.is_some() {
                rect class="hollow" x=(x0) y=(y + 8) width=(x1 - x0) height="18" rx="3" {}
                @if done > 0 { rect class="full" x=(x0) y=(y + 8) width=(done) height="18" rx="3" {} }
            } @else if x1 > x0 {
                rect class="dotted" x=(x0) y=(y + 8) width=(x1 - x0) height="18" rx="3" {}
            }
            text class="small soft halo" x=(x1 + 8) y=(y + 21) { (fitted(&note, WIDTH - x1 - 12)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::mark::Tone;

    #[test]
    fn a_wave_of_last_week_one_at_work_and_one_to_come_are_told_apart_in_words() {
        let now = 1_800_000_000_000;
        let row = |wave: &str, from_ms, to_ms, through, stands: &str| Row {
            wave: wave.to_owned(),
            moves: 10,
            through,
            from_ms,
            to_ms,
            begins_ms: (wave == "later").then_some(now + DAY / 2),
            stands: stands.to_owned(),
            tone: Tone::Go,
            runs: Vec::new(),
        };
        let waves = vec![
            row("canary", Some(now - 6 * DAY), Some(now - 5 * DAY), 10, "through"),
            row("<most>", Some(now - DAY), None, 4, "at work"),
            row("later", None, None, 0, "begins at its date"),
            row("last", None, None, 0, "waits for the wave before it"),
        ];
        let of = Calendar { batch: "exit".to_owned(), now_ms: now, end_ms: Some(now + DAY), waves };
        let picture = picture(&of);
        assert!(
            picture.about.contains(
                "canary: 10 of 10 moves, from 2027-01-09T08:00:00Z to 2027-01-10T08:00:00Z, through"
            )
        );
        assert!(
            picture.about.contains("later: 0 of 10 moves, from 2027-01-15T20:00:00Z, begins at its date")
        );
        let text = picture.inline().into_string();
        assert_eq!(text.matches("class=\"dotted\"").count(), 1, "what is to come at a date is drawn there");
        assert!(text.contains("4 of 10, at work") && text.contains("&lt;most&gt;"), "{text}");
        assert!((2..=10).contains(&ticks(now - 7 * DAY, now).len()));
        assert!((2..=10).contains(&ticks(now - 7 * MINUTE, now).len()));
        assert!((2..=10).contains(&ticks(now - 800 * DAY, now).len()));
    }
}
