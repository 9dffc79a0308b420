//! ARM: the expressions of deployment templates, the part of them that small templates use. Pure. What is not understood
//! is said by name, never guessed.
//!
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions>

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// What an expression may refer to.
pub(super) struct Scope<'a> {
    pub(super) parameters: &'a Map<String, Value>,
    pub(super) variables: &'a Map<String, Value>,
    /// The resource group, if the deployment is of one.
    pub(super) group: &'a Value,
    pub(super) subscription: &'a Value,
    /// What is there, by id, or by name where the template itself makes it.
    pub(super) there: &'a dyn Fn(&str) -> Option<Value>,
}

/// How a reference to what is not there begins.
pub(super) const NOT_THERE: &str = "a reference to what is not there:";

/// An expression is at most this deep.
const DEPTH_MAX: usize = 32;

impl Scope<'_> {
    /// A value with every expression in it worked out; the function that this Azure does not play, otherwise.
    pub(super) fn resolve(&self, value: &Value) -> Result<Value, String> {
        self.resolve_at(value, 0)
    }

    fn resolve_at(&self, value: &Value, depth: usize) -> Result<Value, String> {
        if depth > DEPTH_MAX {
            return Err("a template this deep".to_owned());
        }
        Ok(match value {
            Value::String(text) => match text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
                Some(_) if text.starts_with("[[") => Value::from(text.get(1..).unwrap_or_default()),
                Some(expression) => self.expression(expression, depth)?,
                None => value.clone(),
            },
            Value::Array(items) => {
                let items = items.iter().map(|item| self.resolve_at(item, depth + 1));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let mut out = Map::new();
                for (name, member) in members {
                    let Value::String(name) = self.resolve_at(&Value::from(name.clone()), depth + 1)? else {
                        return Err("a name that is no text".to_owned());
                    };
                    out.insert(name, self.resolve_at(member, depth + 1)?);
                }
                Value::Object(out)
            }
            other => other.clone(),
        })
    }

    fn expression(&self, text: &str, depth: usize) -> Result<Value, String> {
        let mut reader = Reader { text, at: 0 };
        let value = self.term(&mut reader, depth)?;
        reader.spaces();
        if reader.at == text.len() { Ok(value) } else { Err(format!("the template expression [{text}]")) }
    }

    fn term(&self, reader: &mut Reader<'_>, depth: usize) -> Result<Value, String> {
        if depth > DEPTH_MAX {
            return Err("a template expression this deep".to_owned());
        }
        reader.spaces();
        let mut value = if reader.take('\'') {
            Value::from(reader.quoted().ok_or("a template expression whose text does not end")?)
        } else {
            let word = reader.word();
            if let Ok(number) = word.parse::<i64>() {
                Value::from(number)
            } else if reader.take('(') {
                let mut given = Vec::new();
                while !reader.take(')') {
                    given.push(self.term(reader, depth + 1)?);
                    if !reader.take(',') && !reader.is(')') {
                        return Err(format!("the template expression [{}]", reader.text));
                    }
                }
                self.call(&word, &given, depth)?
            } else {
                return Err(format!("the template expression [{}]", reader.text));
            }
        };
        loop {
            if reader.take('.') {
                value = value[reader.word()].clone();
            } else if reader.take('[') {
                let key = self.term(reader, depth + 1)?;
                value = match &key {
                    Value::String(name) => value[name.as_str()].clone(),
                    other => value
                        [other.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX)]
                    .clone(),
                };
                reader.take(']');
            } else {
                return Ok(value);
            }
        }
    }

    fn call(&self, name: &str, given: &[Value], depth: usize) -> Result<Value, String> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let first = given.first().unwrap_or(&Value::Null);
        let texts = || given.iter().map(text).collect::<Vec<String>>();
        Ok(match name.to_lowercase().as_str() {
            "parameters" => self
                .parameters
                .get(&text(first))
                .cloned()
                .ok_or_else(|| format!("a template whose parameter {first} has no value"))?,
            "variables" => {
                let value = self
                    .variables
                    .get(&text(first))
                    .ok_or_else(|| format!("the template variable {first}"))?;
                self.resolve_at(value, depth + 1)?
            }
            "resourcegroup" if !self.group.is_null() => self.group.clone(),
            "subscription" => self.subscription.clone(),
            "concat" if given.iter().all(Value::is_array) => {
                Value::Array(given.iter().filter_map(Value::as_array).flatten().cloned().collect())
            }
            "concat" => Value::from(texts().concat()),
            "format" => Value::from(formatted(&text(first), given.get(1..).unwrap_or_default(), text)),
            "tolower" => Value::from(text(first).to_lowercase()),
            "toupper" => Value::from(text(first).to_uppercase()),
            "string" => Value::from(text(first)),
            "createobject" => {
                let pairs =
                    given.chunks(2).map(|pair| (text(&pair[0]), pair.get(1).cloned().unwrap_or_default()));
                Value::Object(pairs.collect())
            }
            "createarray" => Value::Array(given.to_vec()),
            "uniquestring" => Value::from(unique(&texts().join("\n"))),
            "guid" => Value::from(guid(&texts().join("-"))),
            "reference" => {
                let found =
                    (self.there)(&text(first)).ok_or_else(|| format!("{NOT_THERE} {}", text(first)))?;
                let whole = given.get(2).is_some_and(|word| text(word).eq_ignore_ascii_case("Full"));
                if whole { found } else { found["properties"].clone() }
            }
            "if" => given.get(if first == &Value::from(true) { 1 } else { 2 }).cloned().unwrap_or_default(),
            "equals" => Value::from(given.first() == given.get(1)),
            "empty" => Value::from(match first {
                Value::Array(items) => items.is_empty(),
                Value::Object(members) => members.is_empty(),
                other => text(other).is_empty() || other.is_null(),
            }),
            "not" => Value::from(first != &Value::from(true)),
            "subscriptionresourceid" => {
                let id = self.subscription["id"].as_str().ok_or("subscriptionResourceId() here")?;
                Value::from(placed(id, &texts()).ok_or("these arguments of subscriptionResourceId")?)
            }
            "extensionresourceid" => {
                let rest = texts();
                let (at, rest) = rest.split_first().ok_or("extensionResourceId() without arguments")?;
                Value::from(placed(at, rest).ok_or("these arguments of extensionResourceId")?)
            }
            "resourceid" => Value::from(self.id(&texts()).ok_or("these arguments of resourceId")?),
            other => return Err(format!("the template function {other}()")),
        })
    }

    /// `resourceId([subscription], [group], type, name…)`.
    fn id(&self, given: &[String]) -> Option<String> {
        let at = given.iter().position(|part| part.contains('/'))?;
        let (kind, names) = (given.get(at)?, given.get(at + 1..)?);
        let group = match given.get(..at)? {
            [] => self.group["id"].as_str()?.to_owned(),
            [group] => format!("{}/resourceGroups/{group}", self.subscription["id"].as_str()?),
            [subscription, group] => format!("/subscriptions/{subscription}/resourceGroups/{group}"),
            _ => return None,
        };
        placed(&group, &[std::slice::from_ref(kind), names].concat())
    }
}

/// The id of a type and its names at a scope.
fn placed(at: &str, given: &[String]) -> Option<String> {
    let (kind, names) = given.split_first()?;
    let (namespace, types) = kind.split_once('/')?;
    let types: Vec<&str> = types.split('/').collect();
    if types.len() != names.len() {
        return None;
    }
    let pairs = types.iter().zip(names).map(|(kind, name)| format!("/{kind}/{name}"));
    Some(format!("{at}/providers/{namespace}{}", pairs.collect::<String>()))
}

fn formatted(pattern: &str, given: &[Value], text: impl Fn(&Value) -> String) -> String {
    let replaced = given.iter().enumerate();
    replaced.fold(pattern.to_owned(), |out, (n, value)| out.replace(&format!("{{{n}}}"), &text(value)))
}

fn unique(seed: &str) -> String {
    let digest = Sha256::digest(seed.as_bytes());
    digest.iter().take(13).map(|byte| char::from(b'a' + byte % 26)).collect()
}

fn guid(seed: &str) -> String {
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, seed.as_bytes()).to_string()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn is(&mut self, letter: char) -> bool {
        self.spaces();
        self.rest().starts_with(letter)
    }

    fn take(&mut self, letter: char) -> bool {
        let is = self.is(letter);
        self.at += if is { letter.len_utf8() } else { 0 };
        is
    }

    fn word(&mut self) -> String {
        let word: String =
            self.rest().chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).collect();
        self.at += word.len();
        word
    }

    /// The rest of a text in quotes; two of them stand for one.
    fn quoted(&mut self) -> Option<String> {
        let mut out = String::new();
        loop {
            let letter = self.rest().chars().next()?;
            self.at += letter.len_utf8();
            match letter {
                '\'' if self.rest().starts_with('\'') => {
                    self.at += 1;
                    out.push('\'');
                }
                '\'' => return Some(out),
                other => out.push(other),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn small_expressions_are_worked_out_and_the_others_are_named() {
        let (parameters, variables) =
            (json!({"name": "kv", "list": [1, 2]}), json!({"full": "[concat(parameters('name'), '-x')]"}));
        let group = json!({"id": "/subscriptions/s/resourceGroups/g", "location": "westeurope"});
        let scope = Scope {
            parameters: parameters.as_object().expect("an object"),
            variables: variables.as_object().expect("an object"),
            group: &group,
            subscription: &json!({"id": "/subscriptions/s"}),
            there: &|name| (name == "kv").then(|| json!({"properties": {"vaultUri": "u"}})),
        };
        for (text, wanted) in [
            ("plain", json!("plain")),
            ("[[kept]", json!("[kept]")),
            ("[reference(parameters('name')).vaultUri]", json!("u")),
            ("[if(equals(1, 1), 'a', 'b')]", json!("a")),
            ("[variables('full')]", json!("kv-x")),
            ("[resourceGroup().location]", json!("westeurope")),
            ("[parameters('list')[1]]", json!(2)),
            ("[format('{0}/{1}', 'a', 'it''s')]", json!("a/it's")),
            (
                "[resourceId('Microsoft.A/b/c', 'x', 'y')]",
                json!("/subscriptions/s/resourceGroups/g/providers/Microsoft.A/b/x/c/y"),
            ),
        ] {
            assert_eq!(scope.resolve(&json!(text)), Ok(wanted), "{text}");
        }
        for unknown in ["[reference('x')]", "[parameters('none')]", "[concat('a']", "[1 2]", "['a]", "[]"] {
            assert!(scope.resolve(&json!(unknown)).is_err(), "{unknown}");
        }
        assert!(scope.resolve(&json!(format!("[{}]", "concat(".repeat(10_000)))).is_err());
    }
}
