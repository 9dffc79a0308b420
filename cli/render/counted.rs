//! CLI: how many there are of something, as people say it. Pure.

/// `1 move`, `2 moves`.
pub(crate) fn counted(what: &str, count: usize) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
