//! Activities: commands that read an object of a data plane, put one identity in the place of another, and write it. Pure.

use crate::commands::shell::quoted;
use crate::surfaces::data_plane::service::Change;

/// `az rest` with a verb, for the data plane of a change.
pub(super) fn az_rest(change: &Change<'_>, verb: &str, path: &str) -> String {
    let url = quoted(&format!("https://{}/{path}", change.host));
    format!("az rest --method {verb} --resource {} --url {url}", quoted(change.audience))
}

/// Reads an object, changes it, and writes it whole; `between` is what is done to it beside, as a part of a pipe.
pub(super) fn read_and_put(change: &Change<'_>, path: &str, between: &str, headers: &str) -> String {
    let sed = quoted(&format!("s#{}#{}#gI", pattern(change.from), change.to.replace(['\\', '&', '#'], "")));
    format!(
        "  {}{between} | sed {sed} > object.json\n  {}{headers} --body @object.json",
        az_rest(change, "get", path),
        az_rest(change, "put", path)
    )
}

/// A text as a basic regular expression that matches it alone.
fn pattern(text: &str) -> String {
    text.chars().flat_map(|c| r"\.[]*^$#".contains(c).then_some('\\').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_texts_in_a_pattern() {
        assert_eq!(pattern("/g(x).[a]#"), r"/g(x)\.\[a\]\#");
    }
}
