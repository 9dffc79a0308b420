//! Resource Graph: what a query makes of rows. Pure.

use super::parse::{Expr, Join, Query, Step};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What a query makes has at most this many bytes at any time. Azure's answers have 16 MB; here texts that are
/// joined with themselves, and rows that are spread over lists, must not take all memory.
const BYTES_MAX: usize = 64 << 20;

/// The arguments of one call have at most this many bytes.
const CALL_BYTES_MAX: usize = 4 << 20;

/// Counts what was made.
struct Scale(usize);

impl Scale {
    fn add(&mut self, value: &Value) -> Result<(), String> {
        self.0 = self.0.checked_sub(weight(value)).ok_or("the query makes more than an answer can hold")?;
        Ok(())
    }
}

/// How many bytes a value takes, roughly.
fn weight(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(weight).sum(),
            Value::Object(members) => members.iter().map(|(name, member)| name.len() + weight(member)).sum(),
        }
}

/// Gives the rows of a table.
pub(super) type Tables<'a> = &'a dyn Fn(&str) -> Option<Vec<Value>>;

/// Runs a query over the tables that it names.
pub(super) fn run(query: &Query, tables: Tables<'_>) -> Result<Vec<Value>, String> {
    let mut rows = tables(&query.table).ok_or_else(|| format!("Table {} was not found", query.table))?;
    for step in &query.steps {
        rows = match step {
            Step::Join(other, how, columns) => join(rows, &run(other, tables)?, *how, columns)?,
            step => apply(step, rows)?,
        };
    }
    Ok(rows)
}

/// Puts rows of two tables together; a column that both have gets a number behind its name on the right.
fn join(left: Vec<Value>, right: &[Value], how: Join, columns: &[String]) -> Result<Vec<Value>, String> {
    let key = |row: &Value| -> Vec<String> {
        columns.iter().map(|name| text(member(row, name)).into_owned()).collect()
    };
    let mut others: BTreeMap<Vec<String>, Vec<&Value>> = BTreeMap::new();
    for row in right {
        others.entry(key(row)).or_default().push(row);
    }
    let (mut out, mut scale, mut seen) = (Vec::new(), Scale(BYTES_MAX), BTreeSet::new());
    for row in left {
        let key = key(&row);
        let matches = others.get(&key).map(Vec::as_slice).unwrap_or_default();
        if how == Join::InnerUnique && !seen.insert(key) {
            continue;
        }
        let alone = match how {
            Join::LeftAnti => matches.is_empty(),
            Join::LeftSemi => !matches.is_empty(),
            Join::LeftOuter => matches.is_empty(),
            Join::Inner | Join::InnerUnique => false,
        };
        if alone {
            scale.add(&row)?;
            out.push(row);
        } else if !matches!(how, Join::LeftAnti | Join::LeftSemi) {
            for other in matches {
                let mut both = row.clone();
                for (name, value) in other.as_object().into_iter().flatten() {
                    let name = if row.get(name).is_some() { format!("{name}1") } else { name.clone() };
                    both[name] = value.clone();
                }
                scale.add(&both)?;
                out.push(both);
            }
        }
    }
    Ok(out)
}

fn apply(step: &Step, rows: Vec<Value>) -> Result<Vec<Value>, String> {
    Ok(match step {
        Step::Where(expr) => {
            let mut kept = Vec::new();
            for row in rows {
                if truth(&*eval(expr, &row)?) {
                    kept.push(row);
                }
            }
            kept
        }
        Step::Extend(columns) => {
            let (mut out, mut scale) = (Vec::with_capacity(rows.len()), Scale(BYTES_MAX));
            for mut row in rows {
                for (name, expr) in columns {
                    row[name.as_str()] = eval(expr, &row)?.into_owned();
                }
                scale.add(&row)?;
                out.push(row);
            }
            out
        }
        Step::Project(columns) => {
            let (mut out, mut scale) = (Vec::with_capacity(rows.len()), Scale(BYTES_MAX));
            for row in &rows {
                out.push(project(columns, row)?);
                out.last().map_or(Ok(()), |row| scale.add(row))?;
            }
            out
        }
        Step::Distinct(columns) => {
            let mut out: Vec<Value> = Vec::new();
            for row in &rows {
                let row = project(columns, row)?;
                if !out.contains(&row) {
                    out.push(row);
                }
            }
            out
        }
        Step::Limit(count) => rows.into_iter().take(*count).collect(),
        Step::Count => vec![json!({"Count": rows.len()})],
        Step::Summarize(made, by) => summarize(made, by, &rows)?,
        Step::Away(names) => without(names, rows),
        Step::Rename(pairs) => renamed(pairs, rows),
        Step::MvExpand(name, expr) => expand(name, expr, rows)?,
        Step::Join(..) => rows,
        Step::Top(count, expr, ascending) => {
            let rows = apply(&Step::OrderBy(expr.clone(), *ascending), rows)?;
            rows.into_iter().take(*count).collect()
        }
        Step::OrderBy(expr, ascending) => {
            let mut keyed = Vec::with_capacity(rows.len());
            for row in rows {
                keyed.push((eval(expr, &row)?.into_owned(), row));
            }
            keyed.sort_by(|a, b| order(&a.0, &b.0));
            if !ascending {
                keyed.reverse();
            }
            keyed.into_iter().map(|(_, row)| row).collect()
        }
    })
}

fn project(columns: &[(String, Expr)], row: &Value) -> Result<Value, String> {
    let mut out = Map::new();
    for (name, expr) in columns {
        out.insert(name.clone(), eval(expr, row)?.into_owned());
    }
    Ok(Value::Object(out))
}

fn without(names: &[String], mut rows: Vec<Value>) -> Vec<Value> {
    for row in rows.iter_mut().filter_map(Value::as_object_mut) {
        row.retain(|name, _| !names.iter().any(|gone| gone.eq_ignore_ascii_case(name)));
    }
    rows
}

/// New name and old.
fn renamed(pairs: &[(String, String)], mut rows: Vec<Value>) -> Vec<Value> {
    for row in rows.iter_mut().filter_map(Value::as_object_mut) {
        for (new, old) in pairs {
            let value = row.remove(old).unwrap_or_default();
            row.insert(new.clone(), value);
        }
    }
    rows
}

/// Puts rows together that have the same values, in the order in which the first of each came.
fn summarize(
    made: &[(String, String, Vec<Expr>)],
    by: &[(String, Expr)],
    rows: &[Value],
) -> Result<Vec<Value>, String> {
    let mut groups: Vec<(Value, Vec<&Value>)> = Vec::new();
    for row in rows {
        let key = project(by, row)?;
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, members)) => members.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    if by.is_empty() && groups.is_empty() {
        groups.push((json!({}), Vec::new()));
    }
    let mut out = Vec::with_capacity(groups.len());
    for (mut row, members) in groups {
        for (name, function, given) in made {
            row[name.as_str()] = aggregate(function, given, &members)?;
        }
        out.push(row);
    }
    Ok(out)
}

fn aggregate(function: &str, given: &[Expr], rows: &[&Value]) -> Result<Value, String> {
    if function == "count" {
        return Ok(json!(rows.len()));
    }
    let expr = given.first().ok_or_else(|| format!("{function} needs an argument"))?;
    let values =
        rows.iter().map(|row| Ok(eval(expr, row)?.into_owned())).collect::<Result<Vec<Value>, String>>()?;
    let distinct = || {
        let mut seen: Vec<&Value> = Vec::new();
        for value in &values {
            if !value.is_null() && !seen.contains(&value) {
                seen.push(value);
            }
        }
        seen
    };
    let numbers = || values.iter().filter_map(Value::as_f64);
    Ok(match function {
        "countif" => json!(values.iter().filter(|value| truth(value)).count()),
        "dcount" => json!(distinct().len()),
        "make_set" => json!(distinct()),
        "make_list" => json!(values.iter().filter(|value| !value.is_null()).collect::<Vec<_>>()),
        "any" => values.into_iter().find(|value| !value.is_null()).unwrap_or_default(),
        "sum" => json!(numbers().sum::<f64>()),
        "avg" => {
            let (count, sum) = numbers().fold((0.0, 0.0), |(count, sum), number| (count + 1.0, sum + number));
            if count > 0.0 { json!(sum / count) } else { Value::Null }
        }
        "min" | "max" => {
            let mut sorted: Vec<&Value> = values.iter().filter(|value| !value.is_null()).collect();
            sorted.sort_by(|a, b| order(a, b));
            let edge = if function == "min" { sorted.first() } else { sorted.last() };
            edge.map(|value| (*value).clone()).unwrap_or_default()
        }
        other => return Err(format!("the aggregate {other} is not known here")),
    })
}

/// Numbers by how much they are, anything else as text.
fn order(a: &Value, b: &Value) -> std::cmp::Ordering {
    let as_numbers = a.as_f64().zip(b.as_f64()).and_then(|(a, b)| a.partial_cmp(&b));
    as_numbers.unwrap_or_else(|| text(a).cmp(&text(b)))
}

fn expand(name: &str, expr: &Expr, rows: Vec<Value>) -> Result<Vec<Value>, String> {
    let (mut out, mut scale) = (Vec::new(), Scale(BYTES_MAX));
    for row in rows {
        let parts: Vec<Value> = match eval(expr, &row)?.into_owned() {
            Value::Array(items) => items,
            Value::Object(members) => members.into_iter().map(|(k, v)| json!({ k: v })).collect(),
            one => vec![one],
        };
        for part in parts {
            let mut row = row.clone();
            row[name] = part;
            scale.add(&row)?;
            out.push(row);
        }
    }
    Ok(out)
}

fn truth(value: &Value) -> bool {
    value.as_bool().unwrap_or(false)
}

/// A value as `tostring` gives it: texts as they are, nothing as nothing, the rest as JSON.
fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// The same in lower case. What is in lower case already, as most is, is not copied.
fn folded(value: &Value) -> Cow<'_, str> {
    let text = text(value);
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return text;
    }
    Cow::Owned(text.to_lowercase())
}

/// A column or a member; names compare without case.
fn member<'a>(value: &'a Value, name: &str) -> &'a Value {
    static NOTHING: Value = Value::Null;
    match value {
        Value::Object(members) => members
            .get(name)
            .or_else(|| members.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v))
            .unwrap_or(&NOTHING),
        Value::Array(items) => name.parse::<usize>().ok().and_then(|n| items.get(n)).unwrap_or(&NOTHING),
        _ => &NOTHING,
    }
}

fn eval<'a>(expr: &'a Expr, row: &'a Value) -> Result<Cow<'a, Value>, String> {
    let made = |value: bool| Ok(Cow::Owned(Value::from(value)));
    match expr {
        Expr::Given(value) => Ok(Cow::Borrowed(value)),
        Expr::Path(path) => Ok(Cow::Borrowed(path.iter().fold(row, |value, name| member(value, name)))),
        Expr::Not(inner) => made(!truth(&*eval(inner, row)?)),
        Expr::Call(name, arguments) => {
            let (mut given, mut scale) = (Vec::with_capacity(arguments.len()), Scale(CALL_BYTES_MAX));
            for argument in arguments {
                let value = eval(argument, row)?;
                scale.add(&value)?;
                given.push(value);
            }
            Ok(Cow::Owned(call(name, &given)?))
        }
        Expr::In(left, fold, _, list) => {
            let spelt = if *fold { folded } else { text };
            let left = eval(left, row)?;
            let (left, mut found) = (spelt(&left), false);
            for item in list {
                found |= spelt(&*eval(item, row)?) == left;
            }
            made(found)
        }
        Expr::All(parts) => {
            for part in parts {
                if !truth(&*eval(part, row)?) {
                    return made(false);
                }
            }
            made(true)
        }
        Expr::Any(parts) => {
            for part in parts {
                if truth(&*eval(part, row)?) {
                    return made(true);
                }
            }
            made(false)
        }
        Expr::ContainsAny(of, texts) => {
            let of = eval(of, row)?;
            let of = folded(&of);
            made(texts.are_in(&of))
        }
        Expr::Binary(left, operator, right) => {
            made(binary(&*eval(left, row)?, operator, &*eval(right, row)?)?)
        }
    }
}

fn binary(left: &Value, operator: &str, right: &Value) -> Result<bool, String> {
    let numbers = || left.as_f64().zip(right.as_f64());
    let same = || text(left) == text(right);
    let (a, b) = (|| folded(left), || folded(right));
    Ok(match operator {
        "==" => numbers().map_or_else(same, |(x, y)| (x - y).abs() < f64::EPSILON),
        "!=" => !same(),
        "=~" => a() == b(),
        "!~" => a() != b(),
        "contains" => a().contains(&*b()),
        "has" => has(&a(), &b()),
        "startswith" => a().starts_with(&*b()),
        "endswith" => a().ends_with(&*b()),
        "<" => numbers().is_some_and(|(x, y)| x < y),
        ">" => numbers().is_some_and(|(x, y)| x > y),
        "<=" => numbers().is_some_and(|(x, y)| x <= y),
        ">=" => numbers().is_some_and(|(x, y)| x >= y),
        other => return Err(format!("the operator {other} is not known here")),
    })
}

/// Whether a text has a term: whole, with nothing alphanumeric beside it.
fn has(text: &str, term: &str) -> bool {
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(term)
        .any(|(at, _)| !word(text[..at].chars().next_back()) && !word(text[at + term.len()..].chars().next()))
}

fn call(name: &str, arguments: &[Cow<'_, Value>]) -> Result<Value, String> {
    let first = arguments.first().map_or(&Value::Null, |first| &**first);
    Ok(match name {
        "tostring" => Value::from(text(first)),
        "tolower" => Value::from(folded(first)),
        "toupper" => Value::from(text(first).to_uppercase()),
        "strcat" => Value::from(arguments.iter().map(|one| text(one)).collect::<String>()),
        "isnotempty" | "isnotnull" => Value::from(!text(first).is_empty()),
        "isempty" | "isnull" => Value::from(text(first).is_empty()),
        "array_length" => json!(first.as_array().map(Vec::len)),
        "bag_keys" => json!(first.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>())),
        "split" => {
            let by = arguments.get(1).map(|by| text(by)).unwrap_or_default();
            json!(text(first).split(&*by).collect::<Vec<_>>())
        }
        "coalesce" => arguments.iter().find(|a| !a.is_null()).map(|a| Value::clone(a)).unwrap_or_default(),
        "iff" | "iif" => {
            arguments.get(if truth(first) { 1 } else { 2 }).map(|a| Value::clone(a)).unwrap_or_default()
        }
        "parse_json" | "todynamic" => serde_json::from_str(&text(first)).unwrap_or_else(|_| first.clone()),
        other => return Err(format!("the function {other} is not known here")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_kept_changed_and_shown_as_asked() {
        let rows = vec![
            json!({"id": "/A", "type": "x/y", "properties": {"p": {"list": ["u", "v"]}}, "n": 2}),
            json!({"id": "/B", "type": "X/Z", "properties": null, "n": 1}),
        ];
        let go = |text: &str| {
            run(&super::super::parse::query(text).expect("a query"), &|_| Some(rows.clone()))
                .expect("it runs")
        };
        assert_eq!(go("t | where type =~ 'X/Y' | project id"), [json!({"id": "/A"})]);
        assert_eq!(
            go("t | where tolower(tostring(properties)) contains '\"v\"' | count"),
            [json!({"Count": 1})]
        );
        assert_eq!(go("t | mv-expand e = properties.p.list | where e == 'u' | project e").len(), 1);
        assert_eq!(go("t | where type in~ ('x/z', 'q') | project id")[0]["id"], "/B");
        assert_eq!(go("t | order by id desc | take 1 | project id")[0]["id"], "/B");
        assert_eq!(
            go("t | summarize count() by t = tolower(type) | order by t asc")[0],
            json!({"t": "x/y", "count_": 1})
        );
        assert_eq!(
            go(
                "t | summarize all = count(), most = max(n), total = sum(n), of = make_set(id), one = countif(n == 1)"
            ),
            [json!({"all": 2, "most": 2, "total": 3.0, "of": ["/A", "/B"], "one": 1})]
        );
        assert_eq!(go("t | where n == 9 | summarize count()"), [json!({"count_": 0})]);
        assert_eq!(
            go("t | project id, n | project-away n | project-rename here = id")[0],
            json!({"here": "/A"})
        );
        assert_eq!(go("t | top 1 by n desc | project id"), [json!({"id": "/A"})]);
        let joined =
            go("t | join kind=leftouter (t | where n == 2 | project id, m = n) on id | project id, m, id1");
        assert_eq!(joined[0], json!({"id": "/A", "m": 2, "id1": "/A"}));
        assert_eq!(joined[1]["m"], Value::Null);
        assert_eq!(go("t | join kind=leftanti (t | where n == 2) on id | project id"), [json!({"id": "/B"})]);
        assert!(has("a/b-c", "b") && !has("ab", "b"));
    }
}
