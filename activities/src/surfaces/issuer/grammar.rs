//! Activities: what the grammars of subjects have in common. Pure.

use crate::commands::names::is_host;

/// The host and the path of an issuer, which is an address without anything else.
pub(crate) fn issuer(issuer: &str) -> Option<(&str, &str)> {
    let rest = issuer.strip_prefix("https://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    is_host(host).then_some((host, path.trim_end_matches('/')))
}

/// The members of a subject that is a list of names and values with colons between, as far as each is whole; `None`
/// where a name is not one of these. A value that ends the text may be cut in a pattern: `*` and `?` end it.
pub(crate) fn pairs<'a>(
    subject: &'a str,
    named: impl Fn(&str) -> bool,
    alone: &[&str],
) -> Option<Vec<(&'a str, &'a str)>> {
    let mut out = Vec::new();
    let mut parts = subject.split(':').peekable();
    while let Some(name) = parts.next() {
        if alone.contains(&name) {
            out.push((name, ""));
        } else if named(name) {
            out.push((name, parts.next().filter(|value| !value.is_empty())?));
        } else {
            // A pattern may leave the rest open.
            let open = name == "*" && parts.peek().is_none() && !out.is_empty();
            return open.then_some(out);
        }
    }
    Some(out)
}

/// The one value of a name; `None` where it is not there, or twice.
pub(crate) fn one<'a>(pairs: &[(&'a str, &'a str)], name: &str) -> Option<&'a str> {
    let mut values = pairs.iter().filter(|(n, _)| *n == name).map(|(_, value)| *value);
    let value = values.next()?;
    values.next().is_none().then_some(value)
}
