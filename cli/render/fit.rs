//! CLI: a line that fits. Pure.

/// A line of at most so many characters; what does not fit is shown to be missing.
pub(crate) fn fit(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    line.chars().take(width.saturating_sub(3)).chain("...".chars()).collect()
}
