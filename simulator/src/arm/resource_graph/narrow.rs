//! Resource Graph: what a query says at once of the rows that it keeps, so that not all of them are looked at. Pure. What is
//! said here is never more than the query says: every row that it keeps is among those that are looked at.

use super::parse::{Expr, Query, Step};
use serde_json::Value;

/// Which rows of the first table a query may keep.
#[derive(Debug, PartialEq)]
pub(super) enum Narrowed {
    Nothing,
    /// Rows of these types, in lower case.
    Types(Vec<String>),
    /// Rows of objects that hold one of these texts.
    Texts(Vec<String>),
}

/// Members that a row has from its object as they are.
const OWN: [&str; 8] = ["id", "identity", "properties", "tags", "name", "sku", "kind", "location"];

/// What a query says in its first steps: only of one that names no second table, as that one is narrowed by other conditions.
pub(super) fn of(query: &Query) -> Narrowed {
    let (mut made, mut narrowed): (Vec<&(String, Expr)>, _) = (Vec::new(), Narrowed::Nothing);
    if query.steps.iter().any(|step| matches!(step, Step::Join(..))) {
        return narrowed;
    }
    for step in &query.steps {
        match step {
            Step::Where(condition) => match (texts(condition, &made), &narrowed) {
                // Few objects hold a text, and many are of a type.
                (Some(texts), _) => return Narrowed::Texts(texts),
                (None, Narrowed::Nothing) => {
                    narrowed = types(condition).map_or(Narrowed::Nothing, Narrowed::Types);
                }
                (None, _) => {}
            },
            Step::Extend(columns) if columns.iter().all(is_beside) => made.extend(columns),
            _ => break,
        }
    }
    narrowed
}

/// Whether a column is put beside those that are narrowed by, and of nothing but what objects hold.
fn is_beside((name, expr): &(String, Expr)) -> bool {
    !OWN.contains(&name.as_str()) && name != "type" && is_put_together(expr, "")
}

/// `type =~ 'a' or type in~ ('b')`, also as one of several conditions.
fn types(condition: &Expr) -> Option<Vec<String>> {
    let is_type = |expr: &Expr| matches!(expr, Expr::Path(path) if path[..] == ["type"]);
    let text = |expr: &Expr| match expr {
        Expr::Given(Value::String(text)) => Some(text.to_lowercase()),
        _ => None,
    };
    match condition {
        Expr::All(parts) => parts.iter().find_map(types),
        Expr::Any(parts) => Some(parts.iter().map(types).collect::<Option<Vec<_>>>()?.concat()),
        Expr::Binary(left, operator, right) if is_type(left) && matches!(operator.as_str(), "=~" | "==") => {
            Some(vec![text(right)?])
        }
        Expr::In(left, _, _, list) if is_type(left) => list.iter().map(text).collect(),
        _ => None,
    }
}

/// `text contains 'a' or text contains 'b'`, where `text` is put together of what objects hold.
fn texts(condition: &Expr, made: &[&(String, Expr)]) -> Option<Vec<String>> {
    let one = |of: &Expr, text: &str| {
        let known = |name: &String| made.iter().rev().find(|(known, _)| known == name).map(|(_, expr)| expr);
        let of = match of {
            Expr::Path(path) if path.len() == 1 => known(&path[0]).unwrap_or(of),
            _ => of,
        };
        is_put_together(of, text).then(|| text.to_owned())
    };
    match condition {
        Expr::All(parts) => parts.iter().find_map(|part| texts(part, made)),
        Expr::Any(parts) => {
            Some(parts.iter().map(|part| texts(part, made)).collect::<Option<Vec<_>>>()?.concat())
        }
        Expr::ContainsAny(of, all) => all.texts().iter().map(|text| one(of, text)).collect(),
        Expr::Binary(of, operator, text) if operator == "contains" => match &**text {
            Expr::Given(Value::String(text)) => one(of, &text.to_lowercase()).map(|text| vec![text]),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a text that is found in what an expression makes is found in one of the members that it is made of: parts are
/// joined by something that is not in the text, which is in lower case.
fn is_put_together(expr: &Expr, text: &str) -> bool {
    match expr {
        Expr::Call(function, given)
            if matches!(function.as_str(), "tolower" | "tostring") && given.len() == 1 =>
        {
            is_put_together(&given[0], text)
        }
        Expr::Call(function, given) if function == "strcat" => given.iter().enumerate().all(|(at, part)| {
            if at % 2 == 0 {
                is_put_together(part, text)
            } else {
                matches!(part, Expr::Given(Value::String(between))
                    if !between.is_empty() && !text.contains(&between.to_lowercase()))
            }
        }),
        Expr::Path(path) => path.first().is_some_and(|first| OWN.contains(&first.as_str())),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::query;
    use super::*;

    fn told(text: &str) -> Narrowed {
        of(&query(text).expect("a query"))
    }

    #[test]
    fn what_a_query_says_at_once_is_read_and_nothing_is_guessed() {
        let texts = |all: &[&str]| Narrowed::Texts(all.iter().map(|t| (*t).to_owned()).collect());
        let question = "resources | extend text = tolower(strcat(tostring(identity), ' ', tostring(properties))) \
                        | where text contains '/a' or text contains 'b' | project id";
        assert_eq!(told(question), texts(&["/a", "b"]));
        assert_eq!(
            told("resources | where name == 'x' and (type =~ 'A/b' or type in~ ('c/D'))"),
            Narrowed::Types(vec!["a/b".to_owned(), "c/d".to_owned()])
        );
        assert_eq!(
            told(
                "t | where type =~ 'a/b' | where tostring(properties.c) contains 'P' or properties.d contains 'q'"
            ),
            texts(&["p", "q"])
        );
        for unknown in [
            "resources",
            "resources | where name == 'x'",
            "resources | where type =~ 'a/b' or name == 'x'",
            "resources | where type != 'a/b'",
            "resources | extend text = strcat(id, name) | where text contains 'b'",
            "resources | extend text = strcat(id, ' ', name) | where text contains 'a b'",
            "resources | extend text = strcat(id, 'X', name) | where text contains 'axb'",
            "resources | extend text = strcat(id, ' ', name) | extend text = n | where text contains 'ab'",
            "resources | extend type = name | where type =~ 'a/b'",
            "resources | project text = id | where text contains 'b'",
            "resources | extend text = tostring(resourceGroup) | where text contains 'b'",
            "resources | extend text = tostring(id) | where text contains 'b' or name == 'x'",
            "resources | extend id = tostring(tags) | where id contains 'b'",
            "resources | where type =~ 'a/b' | join (resources | where name == 'x') on id",
        ] {
            assert_eq!(told(unknown), Narrowed::Nothing, "{unknown}");
        }
    }
}
