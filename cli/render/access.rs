//! CLI: access before a move and now, as lines. Pure.

use crate::access::Access;
use crate::put::putln;
use std::fmt::Write;

/// A line for each kind of access.
pub(crate) fn text(of: &Access) -> String {
    let mut out = String::new();
    putln!(out, "{}   access before and now   move {}", of.name(), of.run);
    for kind in &of.kinds {
        let old = match kind.old {
            Some(old) => format!("old {old} of {}", kind.before),
            None => "turned to NEW".to_owned(),
        };
        putln!(out, "  {:<32} NEW {} of {}   {old}", kind.what, kind.new, kind.before);
    }
    if of.kinds.is_empty() {
        putln!(out, "  Nothing that the old identity may do is carried over by this plan.");
    }
    out.trim_end().to_owned()
}
