//! Activities: what the new identity is called beside the old one. Pure.

use crate::relocate::plan::builder::{Builder, NewIdentity};
use crate::relocate::plan::words::place;

/// What the new identity is called beside the old one, in what has no name twice.
pub(crate) fn fresh_name(b: &Builder<'_>, new: &NewIdentity, max: usize) -> String {
    let (was, is) = (place(&b.old().resource_id), place(&new.id));
    let region = format!("-{}", b.params.target.location);
    let apart = was.eq_ignore_ascii_case(&is) || is.len() > max;
    shortened(&is, if apart { &region } else { "" }, max)
}

/// A name with this ending, and no longer than this.
pub(crate) fn shortened(name: &str, ending: &str, max: usize) -> String {
    let room = max.saturating_sub(ending.len());
    let end = (0..=name.len().min(room)).rev().find(|at| name.is_char_boundary(*at)).unwrap_or_default();
    format!("{}{ending}", &name[..end])
}
