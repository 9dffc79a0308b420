//! CLI: what a batch file says of when its moves begin something: days, hours, zone, freezes. Pure.

use super::mistakes::Mistakes;
use super::rule;
use super::section::Section;
use super::times::{DAY, DAYS, Zone, date, hours, zone};
use rehome_orchestrator::{Freeze, OpenHours, Window};

/// When moves begin something, as it was asked for.
#[derive(Debug)]
pub(crate) struct WindowAsked {
    open: Vec<OpenHours>,
    zone: Zone,
    freezes: Vec<Freeze>,
}

/// A moment that people name: a date, in UTC where it does not say otherwise, or how long from now.
pub(crate) fn moment(text: &str, now_ms: i64) -> Option<i64> {
    let ahead = rule::duration(text).and_then(|ms| i64::try_from(ms).ok());
    ahead.map(|ms| now_ms + ms).or_else(|| Zone::UTC.utc_ms(&date(text)?, false))
}

impl WindowAsked {
    /// What the file says of it; nothing where it says nothing.
    pub(super) fn of(file: Section<'_>, found: &mut Mistakes) -> Option<Self> {
        let said = file.given("window")?;
        let zone = said.text("zone").and_then(zone).unwrap_or(Zone::UTC);
        let hours = said.text("hours").and_then(hours);
        let days: Vec<u32> = said
            .texts("days")
            .filter_map(|day| DAYS.iter().position(|known| *known == day))
            .map(|day| day as u32)
            .collect();
        let days = if days.is_empty() && hours.is_some() { (0..7).collect() } else { days };
        let (from, minutes) = hours.unwrap_or((0, DAY));
        let open = days.into_iter().map(|day| OpenHours { from: day * DAY + from, minutes }).collect();
        let mut freezes = Vec::new();
        for (at, from, to) in said.spans("freeze") {
            let ms = |text: &str, last| date(text).and_then(|date| zone.utc_ms(&date, last));
            match (ms(from, false), ms(to, true)) {
                (Some(from_ms), Some(to_ms)) if from_ms < to_ms => freezes.push(Freeze { from_ms, to_ms }),
                (Some(_), Some(_)) => {
                    found.add(at, "a freeze ends before it begins", "say its beginning first")
                }
                (_, _) => {}
            }
        }
        Some(Self { open, zone, freezes })
    }

    /// The window of a plan that is made now.
    pub(crate) fn at(&self, now_ms: i64) -> Window {
        let (open, freezes) = (self.open.clone(), self.freezes.clone());
        let offsets = if open.is_empty() { Vec::new() } else { self.zone.offsets(now_ms) };
        Window { open, zone: self.zone.name(), offsets, freezes }
    }
}
