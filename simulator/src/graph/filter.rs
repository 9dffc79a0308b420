//! Graph: `$filter`, the part of OData that clients use on directory objects. Pure.
//!
//! Comparisons (`eq`, `ne`, `ge`, `le`, `gt`, `lt`, `in`), `startsWith`, `endsWith`, `list/any(v:…)`, joined by `and`,
//! `or`, `not` and brackets. Texts compare without case, dates as dates. What is not understood is said, because a
//! filter that silently matches nothing looks like an empty directory.
//! Source: <https://learn.microsoft.com/graph/filter-query-parameter>

use crate::world::{Link, NAMES};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// A filter is at most this deep.
const DEPTH_MAX: usize = 32;

/// A filter that was understood.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    Compare(Vec<String>, String, Vec<Value>),
    /// `startswith` or `endswith`.
    Edge(bool, Vec<String>, String),
    /// A list, the word for one item, and what holds for one of them at least.
    Any(Vec<String>, String, Box<Filter>),
    All(Vec<Filter>),
    Either(Vec<Filter>),
    Not(Box<Filter>),
}

/// Reads a filter; what is wrong with it, in words.
pub(super) fn parse(text: &str) -> Result<Filter, String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let filter = parser.either()?;
    match parser.tokens.get(parser.at) {
        None => Ok(filter),
        Some(more) => Err(format!("{more:?} was not expected")),
    }
}

impl Filter {
    /// Whether an object fits.
    pub(super) fn fits(&self, object: &Value) -> bool {
        self.holds(object, None)
    }

    /// What every object that fits has in common with one of these; `None` where nothing that is indexed says it.
    pub(super) fn narrowed(&self) -> Option<Vec<Link>> {
        match self {
            Self::All(parts) => parts.iter().find_map(Self::narrowed),
            Self::Either(parts) => {
                Some(parts.iter().map(Self::narrowed).collect::<Option<Vec<_>>>()?.concat())
            }
            Self::Compare(path, operator, wanted) if matches!(operator.as_str(), "eq" | "in") => {
                let [name] = &path[..] else { return None };
                let name = NAMES.iter().find(|known| *known == name)?;
                wanted.iter().map(|one| Some(Link::text(name, one.as_str()?))).collect()
            }
            // A service principal answers to the id of its application as to a name.
            Self::Any(path, word, inner) => match (&path[..], &**inner) {
                ([list], Self::Compare(at, operator, wanted))
                    if list.eq_ignore_ascii_case("servicePrincipalNames")
                        && at[..] == [word.clone()]
                        && matches!(operator.as_str(), "eq" | "in") =>
                {
                    wanted.iter().map(|one| Some(Link::text("appId", one.as_str()?))).collect()
                }
                _ => None,
            },
            Self::Compare(..) | Self::Edge(..) | Self::Not(_) => None,
        }
    }

    fn holds(&self, object: &Value, item: Option<(&str, &Value)>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(object, item)),
            Self::Either(parts) => parts.iter().any(|part| part.holds(object, item)),
            Self::Not(inner) => !inner.holds(object, item),
            Self::Edge(start, path, wanted) => {
                let (found, wanted) = (found(object, item, path), wanted.to_lowercase());
                let text = found.as_str().map(str::to_lowercase);
                text.is_some_and(|t| if *start { t.starts_with(&wanted) } else { t.ends_with(&wanted) })
            }
            Self::Any(path, word, inner) => {
                let list = found(object, item, path);
                list.as_array().into_iter().flatten().any(|one| inner.holds(object, Some((word, one))))
            }
            Self::Compare(path, operator, wanted) => {
                let found = found(object, item, path);
                match operator.as_str() {
                    "ne" => !wanted.iter().any(|one| same(&found, one)),
                    "eq" | "in" => wanted.iter().any(|one| same(&found, one)),
                    other => wanted.first().is_some_and(|one| ordered(&found, other, one)),
                }
            }
        }
    }
}

/// A member of the object, or of the item that the path begins with. A service principal answers to the id of its
/// application as to a name.
fn found(object: &Value, item: Option<(&str, &Value)>, path: &[String]) -> Value {
    let (mut at, rest) = match (item, path.split_first()) {
        (Some((word, one)), Some((first, rest))) if first == word => (one, rest),
        _ => (object, path),
    };
    if let ([name], None) = (rest, at.get(rest.first().map(String::as_str).unwrap_or_default()))
        && name.eq_ignore_ascii_case("servicePrincipalNames")
    {
        return Value::Array(vec![at["appId"].clone()]);
    }
    for name in rest {
        at = &at[name.as_str()];
    }
    at.clone()
}

fn same(found: &Value, wanted: &Value) -> bool {
    match (found.as_str(), wanted.as_str()) {
        (Some(found), Some(wanted)) => found.eq_ignore_ascii_case(wanted),
        _ => found == wanted,
    }
}

fn ordered(found: &Value, operator: &str, wanted: &Value) -> bool {
    let date = |value: &Value| value.as_str().and_then(|text| text.parse::<DateTime<Utc>>().ok());
    let order = match (date(found), date(wanted)) {
        (Some(found), Some(wanted)) => Some(found.cmp(&wanted)),
        _ => found.as_f64().zip(wanted.as_f64()).and_then(|(found, wanted)| found.partial_cmp(&wanted)),
    };
    order.is_some_and(|order| match operator {
        "ge" => order.is_ge(),
        "le" => order.is_le(),
        "gt" => order.is_gt(),
        _ => order.is_lt(),
    })
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut chars = text.chars().peekable();
    let mut out = Vec::new();
    while let Some(c) = chars.next() {
        match c {
            ' ' => {}
            '(' | ')' | ',' | ':' | '/' => out.push(Token::Sign(c)),
            '\'' => {
                let mut word = String::new();
                loop {
                    match chars.next() {
                        None => return Err("a text does not end".to_owned()),
                        // Two of them stand for one.
                        Some('\'') if chars.next_if_eq(&'\'').is_some() => word.push('\''),
                        Some('\'') => break,
                        Some(other) => word.push(other),
                    }
                }
                out.push(Token::Text(word));
            }
            first => {
                let mut word = first.to_string();
                // The colons of a time belong to it, and the one behind the name of an item does not.
                let is_number = first.is_ascii_digit();
                while let Some(next) = chars
                    .next_if(|n| !matches!(n, ' ' | '(' | ')' | ',' | '\'' | '/') && (is_number || *n != ':'))
                {
                    word.push(next);
                }
                out.push(Token::Word(word));
            }
        }
    }
    Ok(out)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn is_word(&self, word: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Word(w)) if w.eq_ignore_ascii_case(word))
    }

    fn sign(&mut self, sign: char) -> bool {
        let is = self.tokens.get(self.at) == Some(&Token::Sign(sign));
        self.at += usize::from(is);
        is
    }

    fn need(&mut self, sign: char) -> Result<(), String> {
        if self.sign(sign) { Ok(()) } else { Err(format!("expected {sign}")) }
    }

    fn either(&mut self) -> Result<Filter, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("it is too deep".to_owned());
        }
        let mut parts = vec![self.all()?];
        while self.is_word("or") {
            self.at += 1;
            parts.push(self.all()?);
        }
        self.depth -= 1;
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Filter::Either(parts) })
    }

    fn all(&mut self) -> Result<Filter, String> {
        let mut parts = vec![self.one()?];
        while self.is_word("and") {
            self.at += 1;
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Filter::All(parts) })
    }

    fn one(&mut self) -> Result<Filter, String> {
        if self.is_word("not") {
            self.at += 1;
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return Err("it is too deep".to_owned());
            }
            let inner = self.one()?;
            self.depth -= 1;
            return Ok(Filter::Not(Box::new(inner)));
        }
        if self.sign('(') {
            let inner = self.either()?;
            self.need(')')?;
            return Ok(inner);
        }
        for (word, start) in [("startswith", true), ("endswith", false)] {
            if self.is_word(word) {
                self.at += 1;
                self.need('(')?;
                let (path, _) = self.path()?;
                self.need(',')?;
                let wanted = self.value()?;
                self.need(')')?;
                return Ok(Filter::Edge(start, path, wanted.as_str().unwrap_or_default().to_owned()));
            }
        }
        match self.path()? {
            (list, Some(word)) => {
                let inner = self.either()?;
                self.need(')')?;
                Ok(Filter::Any(list, word, Box::new(inner)))
            }
            (path, None) => self.comparison(path),
        }
    }

    /// A path; with the name of an item where the path ends in `any(item:`.
    fn path(&mut self) -> Result<(Vec<String>, Option<String>), String> {
        let mut path = Vec::new();
        loop {
            let Some(Token::Word(word)) = self.tokens.get(self.at).cloned() else {
                return Err("a property was expected".to_owned());
            };
            self.at += 1;
            if word.eq_ignore_ascii_case("any") && self.sign('(') {
                let Some(Token::Word(item)) = self.tokens.get(self.at).cloned() else {
                    return Err("the name of an item was expected".to_owned());
                };
                self.at += 1;
                self.need(':')?;
                return Ok((path, Some(item)));
            }
            path.push(word);
            if !self.sign('/') {
                return Ok((path, None));
            }
        }
    }

    fn comparison(&mut self, path: Vec<String>) -> Result<Filter, String> {
        let operator = match self.tokens.get(self.at) {
            Some(Token::Word(word)) => word.to_lowercase(),
            other => return Err(format!("an operator was expected, not {other:?}")),
        };
        self.at += 1;
        let wanted = match operator.as_str() {
            "in" => {
                self.need('(')?;
                let mut list = vec![self.value()?];
                while self.sign(',') {
                    list.push(self.value()?);
                }
                self.need(')')?;
                list
            }
            "eq" | "ne" | "ge" | "le" | "gt" | "lt" => vec![self.value()?],
            other => return Err(format!("the operator {other} is not known")),
        };
        Ok(Filter::Compare(path, operator, wanted))
    }

    fn value(&mut self) -> Result<Value, String> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        match token {
            Some(Token::Text(text)) => Ok(Value::from(text)),
            Some(Token::Word(word)) => Ok(match word.to_lowercase().as_str() {
                "true" => Value::from(true),
                "false" => Value::from(false),
                "null" => Value::Null,
                _ => word.parse::<f64>().map_or(Value::from(word), Value::from),
            }),
            other => Err(format!("a value was expected, not {other:?}")),
        }
    }
}

/// Whether an object fits a filter.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fits(object: &Value, text: &str) -> bool {
    parse(text).is_ok_and(|filter| filter.fits(object))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_filters_that_clients_send_pick_what_they_mean() {
        let object = json!({
            "displayName": "Payments", "appId": "A-1", "securityEnabled": true, "mail": null,
            "createdDateTime": "2026-03-01T10:00:00Z", "tags": ["x", "O'Brien"],
            "federatedIdentityCredentials": [{"name": "f", "subject": "OID-9"}],
        });
        let fits = |text: &str| parse(text).map(|filter| filter.fits(&object));
        for yes in [
            "displayName eq 'payments'",
            "displayName ne 'x'",
            "displayName in ('a', 'Payments')",
            "startswith(displayName,'Pay')",
            "endsWith(displayName, 'MENTS')",
            "servicePrincipalNames/any(c:c eq 'a-1')",
            "federatedIdentityCredentials/any(f:startsWith(f/subject,'oid-9'))",
            "tags/any(t: t eq 'O''Brien')",
            "displayName eq 'x' or appId eq 'A-1'",
            "(startswith(displayName,'Pay') and appId eq 'a-1')",
            "not (displayName eq 'x') and securityEnabled eq true and mail eq null",
            "createdDateTime ge 2026-03-01T10:00:00Z and createdDateTime lt 2026-03-01T10:00:01Z",
        ] {
            assert_eq!(fits(yes), Ok(true), "{yes}");
        }
        for no in [
            "displayName eq 'pay'",
            "servicePrincipalNames/any(c:c eq 'a-2')",
            "federatedIdentityCredentials/any(f:startsWith(f/issuer,'oid'))",
            "not startswith(displayName,'Pay')",
            "createdDateTime gt 2026-03-01T10:00:00Z",
        ] {
            assert_eq!(fits(no), Ok(false), "{no}");
        }
        for unknown in
            ["", "displayName", "displayName like 'x'", "contains(displayName,'a')", "a eq 'b", "a eq 'b' c"]
        {
            assert!(fits(unknown).is_err(), "{unknown}");
        }
        assert!(parse(&"(".repeat(10_000)).is_err() && parse(&"not ".repeat(10_000)).is_err());
    }
}
