//! CLI: the timeline of a move as lines. Pure.

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
