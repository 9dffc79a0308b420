//! Activities: what could not be read, and lists of which only a part was understood. Pure.

use crate::relocate::facts::{Gap, GapCode};
use rehome_orchestrator::{Fault, FaultKind};
use serde_json::Value;

/// What can be made of the items of a list. One that nobody understands is a gap: it is not what it should be.
pub(crate) fn understood<T>(
    list: &str,
    items: &[Value],
    read: impl Fn(&Value) -> Option<T>,
    gaps: &mut Vec<Gap>,
) -> Vec<T> {
    let known: Vec<T> = items.iter().filter_map(read).collect();
    let strange = items.len() - known.len();
    if strange > 0 {
        let why = format!("{strange} of {} entries are not what this list should have", items.len());
        gaps.push(Gap { code: GapCode::Unreadable, scope: list.to_owned(), why });
    }
    known
}

/// A gap, from what Azure said.
pub(crate) fn gap(scope: &str, why: &Fault) -> Gap {
    let code = if why.kind == FaultKind::Denied { GapCode::Denied } else { GapCode::Unreadable };
    Gap { code, scope: scope.to_owned(), why: why.to_string() }
}
