//! CLI: the timeline of a move, and the waves of a batch, as lines. Pure.

use crate::calendar::Calendar;
use crate::counted::counted;
use crate::error::one_line;
use crate::least_time::length;
use crate::put::putln;
use crate::time::date;
use crate::timeline::Timeline;
use std::fmt::Write;

/// A line for each stretch of each step, and one for each step to come.
pub(crate) fn text(of: &Timeline) -> String {
    let mut out = String::new();
    putln!(
        out,
        "{}  {} to {}{}",
        of.run,
        date(of.from_ms),
        date(of.to_ms),
        if of.open { " (now)" } else { "" }
    );
    for row in &of.rows {
        putln!(out, "  {:>4}  {}", row.step, row.title);
        for bar in &row.bars {
            let took = u64::try_from(bar.to_ms.saturating_sub(bar.from_ms)).unwrap_or(0);
            let took = if took < 1_000 { String::new() } else { format!("  {}", length(took)) };
            putln!(out, "          {}  {}{took}", date(bar.from_ms), bar.label);
        }
    }
    out.trim_end().to_owned()
}

/// A line for each wave.
pub(crate) fn waves(of: &Calendar) -> String {
    let mut out = String::new();
    let end = of.end_ms.map(|ms| format!("; clean-up not before {}", date(ms))).unwrap_or_default();
    putln!(out, "{}  now {}{end}", of.batch, date(of.now_ms));
    let width = of.waves.iter().map(|row| row.wave.chars().count()).max().unwrap_or(0);
    for row in &of.waves {
        let (wave, moves) = (one_line(&row.wave), counted(row.moves, "move"));
        let from = row.from_ms.or(row.begins_ms).map(|ms| format!("  {}", date(ms))).unwrap_or_default();
        let to = row.to_ms.map(|ms| format!(" to {}", date(ms))).unwrap_or_default();
        putln!(out, "  {wave:<width$}  {} of {moves}{from}{to}  {}", row.through, row.stands);
    }
    out.trim_end().to_owned()
}
