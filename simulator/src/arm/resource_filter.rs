//! ARM: `$filter` of the list of resources. Pure. What is not understood is refused, as by Azure.
//!
//! Source: <https://learn.microsoft.com/rest/api/resources/resources/list> (URI parameters)

use crate::http::Reply;
use crate::objects::ArmPath;
use serde_json::Value;

/// A condition on a resource.
#[derive(Clone, Debug, PartialEq)]
enum Term {
    /// A property is, or is not, this text.
    Is(String, bool, String),
    /// A property has this text in it, or begins with it.
    Has(String, bool, String),
    /// There is a tag whose name is this one, or begins so.
    Tag(String, bool),
    /// A tag has a value.
    Value(String, String),
}

/// What a filter says: any of these, all of whose terms hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Filter(Vec<Vec<Term>>);

/// Reads a filter.
pub(super) fn parse(text: &str) -> Result<Filter, Reply> {
    let refused = || {
        let message = format!("Invalid $filter '{text}' specified in the query string.");
        Reply::error(400, "InvalidFilterInQueryString", &message)
    };
    let any = split(text.trim(), " or ").into_iter().map(all);
    any.collect::<Option<Vec<_>>>().map(Filter).ok_or_else(refused)
}

fn all(text: &str) -> Option<Vec<Term>> {
    let mut terms = split(text, " and ").into_iter().map(term).collect::<Option<Vec<Term>>>()?;
    // A tag's value belongs to the name beside it.
    if let Some(at) =
        terms.iter().position(|term| matches!(term, Term::Is(name, true, _) if name == "tagvalue"))
    {
        let Term::Is(_, _, value) = terms.remove(at) else { return None };
        let name = terms.iter().position(|term| matches!(term, Term::Tag(_, true)))?;
        let Term::Tag(tag, _) = terms.remove(name) else { return None };
        terms.push(Term::Value(tag, value));
    }
    Some(terms)
}

/// Splits outside quotes.
fn split<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    let (mut parts, mut from, mut quoted) = (Vec::new(), 0, false);
    for (at, letter) in text.char_indices() {
        quoted ^= letter == '\'';
        let here = text.get(at..at + word.len()).is_some_and(|here| here.eq_ignore_ascii_case(word));
        if !quoted && here && at >= from {
            parts.push(text.get(from..at).unwrap_or_default());
            from = at + word.len();
        }
    }
    parts.push(text.get(from..).unwrap_or_default());
    parts
}

const PROPERTIES: [&str; 10] = [
    "resourcetype",
    "resourcegroup",
    "name",
    "location",
    "identity/principalid",
    "plan",
    "plan/publisher",
    "plan/name",
    "tagname",
    "tagvalue",
];

fn quoted(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "\u{0}");
    (!inner.contains('\'')).then(|| inner.replace('\u{0}', "'"))
}

fn term(text: &str) -> Option<Term> {
    let text = text.trim();
    let folded = text.to_lowercase();
    if let Some(open) = ["substringof(", "startswith("].into_iter().find(|open| folded.starts_with(open)) {
        let (first, second) = text.get(open.len()..)?.strip_suffix(')')?.split_once(',')?;
        let start = open == "startswith(";
        let (name, wanted) = if start { (first, second) } else { (second, first) };
        let (name, wanted) = (name.trim().to_lowercase(), quoted(wanted)?);
        return match name.as_str() {
            "tagname" if start => Some(Term::Tag(wanted, false)),
            "name" | "resourcegroup" => Some(Term::Has(name, start, wanted)),
            _ => None,
        };
    }
    let (name, operator, wanted) = [" eq ", " ne "].into_iter().find_map(|operator| {
        let at = folded.find(operator)?;
        Some((folded.get(..at)?.trim().to_owned(), operator, quoted(text.get(at + operator.len()..)?)?))
    })?;
    if !PROPERTIES.contains(&name.as_str()) {
        return None;
    }
    match (name.as_str(), operator == " eq ") {
        ("tagname", true) => Some(Term::Tag(wanted, true)),
        ("tagname" | "tagvalue", false) => None,
        (_, equal) => Some(Term::Is(name, equal, wanted)),
    }
}

impl Filter {
    /// Whether a resource fits.
    pub(super) fn fits(&self, object: &Value) -> bool {
        self.0.iter().any(|all| all.iter().all(|term| holds(term, object)))
    }
}

fn holds(term: &Term, object: &Value) -> bool {
    let tags = || object["tags"].as_object().into_iter().flatten();
    match term {
        Term::Is(name, equal, wanted) => of(object, name).eq_ignore_ascii_case(wanted) == *equal,
        Term::Has(name, start, wanted) => {
            let (found, wanted) = (of(object, name).to_lowercase(), wanted.to_lowercase());
            if *start { found.starts_with(&wanted) } else { found.contains(&wanted) }
        }
        Term::Tag(wanted, whole) => tags().any(|(name, _)| {
            let (name, wanted) = (name.to_lowercase(), wanted.to_lowercase());
            if *whole { name == wanted } else { name.starts_with(&wanted) }
        }),
        Term::Value(tag, wanted) => {
            tags().any(|(name, value)| name.eq_ignore_ascii_case(tag) && value.as_str() == Some(wanted))
        }
    }
}

fn of(object: &Value, name: &str) -> String {
    let id = object["id"].as_str().unwrap_or_default();
    let member =
        |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    match name {
        "resourcetype" => member("/type"),
        "resourcegroup" => ArmPath::parse(id).group().unwrap_or_default().to_owned(),
        "location" => member("/location").replace(' ', ""),
        "identity/principalid" => member("/identity/principalId"),
        other => member(&format!("/{other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn resources_are_picked_as_clients_ask_for_them_and_nothing_is_guessed() {
        let vault = json!({"id": "/subscriptions/s/resourceGroups/RG-1/providers/Microsoft.KeyVault/vaults/kv", "name": "kv",
            "type": "Microsoft.KeyVault/vaults", "location": "westeurope", "tags": {"env": "prod", "O'b": "1"}});
        let fits = |text: &str| parse(text).map(|filter| filter.fits(&vault)).map_err(|reply| reply.status);
        for yes in [
            "resourceType eq 'microsoft.keyvault/vaults'",
            "resourceGroup eq 'rg-1' and name eq 'KV'",
            "location ne 'northeurope'",
            "tagName eq 'env' and tagValue eq 'prod'",
            "tagName eq 'O''b'",
            "startswith(tagName, 'en')",
            "substringof('V', name) or name eq 'x'",
        ] {
            assert_eq!(fits(yes), Ok(true), "{yes}");
        }
        for no in ["resourceGroup eq 'rg-2'", "tagName eq 'env' and tagValue eq 'test'", "name ne 'kv'"] {
            assert_eq!(fits(no), Ok(false), "{no}");
        }
        for wrong in ["", "name", "name eq kv", "colour eq 'red'", "tagValue eq 'prod'", "name eq 'a' b"] {
            assert_eq!(fits(wrong), Err(400), "{wrong}");
        }
    }
}
