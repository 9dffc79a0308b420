//! Authorization room of the local Azure: the small `$filter` language of this provider. Text in, terms out.

use super::view::{Answer, Call};

/// One condition of a filter; conditions are joined by `and`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    /// `name()` or `name('argument')`, the name in lower case.
    Function(String, Option<String>),
    /// `field eq 'value'`, the field in lower case.
    Equals(String, String),
}

impl Term {
    /// The name of the function or field, with `()` behind a function: what a list of allowed terms names.
    fn key(&self) -> String {
        match self {
            Self::Function(name, _) => format!("{name}()"),
            Self::Equals(field, _) => field.clone(),
        }
    }
}

/// Reads a filter in which only these terms (`atscope()`, `principalid`, …) are known; anything else is Azure's 400.
pub(crate) fn parse(filter: &str, known: &[&str]) -> Result<Vec<Term>, Answer> {
    let refused = || {
        let message =
            format!("The filter '{filter}' is not supported. Supported filters are {}.", known.join(", "));
        Answer::error(400, "BadRequestFormat", message)
    };
    let mut terms = Vec::new();
    for part in split_on_and(filter) {
        let term =
            term(part.trim()).filter(|term| known.contains(&term.key().as_str())).ok_or_else(refused)?;
        terms.push(term);
    }
    Ok(terms)
}

/// The terms of a list's filter, none where it has no filter.
pub(crate) fn of(call: &Call, known: &[&str]) -> Result<Vec<Term>, Answer> {
    call.query.get("$filter").map_or(Ok(Vec::new()), |filter| parse(filter, known))
}

/// Splits at ` and ` outside quotes.
fn split_on_and(filter: &str) -> Vec<&str> {
    let lower = filter.to_ascii_lowercase();
    let (mut parts, mut from, mut quoted) = (Vec::new(), 0, false);
    for (at, letter) in lower.char_indices() {
        if letter == '\'' {
            quoted = !quoted;
        } else if !quoted && at >= from && lower.get(at..).is_some_and(|rest| rest.starts_with(" and ")) {
            parts.push(filter.get(from..at).unwrap_or_default());
            from = at + " and ".len();
        }
    }
    parts.push(filter.get(from..).unwrap_or_default());
    parts
}

fn term(part: &str) -> Option<Term> {
    if let Some(inner) = part.strip_suffix(')') {
        let (name, argument) = inner.split_once('(')?;
        let argument = match argument.trim() {
            "" => None,
            some => Some(unquote(some)?),
        };
        return Some(Term::Function(name.trim().to_ascii_lowercase(), argument));
    }
    let mut words = part.splitn(3, char::is_whitespace);
    let (field, operator, value) = (words.next()?, words.next()?, words.next()?.trim());
    if !operator.eq_ignore_ascii_case("eq") {
        return None;
    }
    // Older clients leave the quotes of a GUID away.
    let value = unquote(value).or_else(|| uuid::Uuid::parse_str(value).ok().map(|_| value.to_owned()))?;
    Some(Term::Equals(field.to_ascii_lowercase(), value))
}

fn unquote(text: &str) -> Option<String> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inner.replace("''", "'"))
}

/// Tries a filter with everything that any list of this provider knows.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn filter_terms(text: &str) {
    let known = ["atscope()", "assignedto()", "principalid", "rolename", "type"];
    drop(parse(text, &known));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_read_without_case_and_a_quoted_and_does_not_split() {
        let terms = parse("AtScope() and assignedTo('x and y')", &["atscope()", "assignedto()"]).unwrap();
        assert_eq!(
            terms,
            [
                Term::Function("atscope".into(), None),
                Term::Function("assignedto".into(), Some("x and y".into()))
            ]
        );
        let terms = parse("roleName eq 'O''Brien'", &["rolename"]).unwrap();
        assert_eq!(terms, [Term::Equals("rolename".into(), "O'Brien".into())]);
    }

    #[test]
    fn an_unknown_term_an_or_and_a_missing_quote_are_refused() {
        for filter in
            ["createdBy eq 'x'", "atScope() or atScope()", "principalId eq 'x", "principalId ne 'x'", ""]
        {
            let answer = parse(filter, &["atscope()", "principalid"]).unwrap_err();
            assert_eq!(answer.status, 400, "{filter}");
        }
    }
}
