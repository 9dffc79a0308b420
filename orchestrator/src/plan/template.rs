//! Engine: inputs that may name what an earlier step will give. Pure.
//!
//! A template is never guessed from the shape of a value: what is known is opaque, so text that came
//! from outside cannot pass for a reference.

use crate::ids::StepId;
use crate::json::Json;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// An input, parts of which are known only after an earlier step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Template {
    /// Known when the plan is made: as text, because a batch has tens of thousands of these, and a tree of
    /// each would take four times the memory.
    Known(#[serde(serialize_with = "crate::json::as_value")] Json),
    /// A field of an earlier step's output.
    From(Reference),
    /// An object whose members are templates, in the order of their names; without the room that a map keeps for more.
    Object(#[serde(serialize_with = "as_map", deserialize_with = "of_map")] Box<[(String, Template)]>),
    /// A list of templates.
    List(Vec<Template>),
    /// The texts of the parts, one after the other.
    Text(Vec<Template>),
}

/// One field of an earlier step's output.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The step that gives it.
    pub step: StepId,
    /// The name of a member of that step's output.
    pub field: String,
}

/// Why a template could not be resolved.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ResolveError {
    /// The step has no output.
    #[error("step {0} has no recorded output")]
    NoOutput(StepId),
    /// The output has no such member.
    #[error("the output of step {step} has no field {field:?}")]
    NoField {
        /// The step that was named.
        step: StepId,
        /// The field that was named.
        field: String,
    },
    /// A part of a text is neither text, number nor truth value.
    #[error("a part of a text is not a plain value")]
    NotText,
}

/// What stands in a rendered plan where a value will be known only later.
pub const KNOWN_AFTER_APPLY: &str = "(known after apply)";

impl Template {
    /// A value that is known now.
    pub fn known(value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).expect("plan inputs have string keys and finite numbers");
        Self::Known(Json::of(&value))
    }

    /// A field of an earlier step's output.
    pub fn from_step(step: impl Into<StepId>, field: impl Into<String>) -> Self {
        Self::From(Reference { step: step.into(), field: field.into() })
    }

    /// An object of templates.
    pub fn object<K: Into<String>>(members: impl IntoIterator<Item = (K, Template)>) -> Self {
        let members: BTreeMap<String, Template> = members.into_iter().map(|(k, v)| (k.into(), v)).collect();
        Self::Object(members.into_iter().collect())
    }

    /// Adds a member to an object; nothing else can take one.
    pub fn insert(&mut self, name: &str, member: Template) {
        let mut members: BTreeMap<String, Template> = match self {
            Self::Object(members) => std::mem::take(members).into_iter().collect(),
            Self::Known(json) => {
                let Value::Object(known) = json.value() else { return };
                known.into_iter().map(|(k, v)| (k, Self::known(v))).collect()
            }
            Self::From(_) | Self::List(_) | Self::Text(_) => return,
        };
        members.insert(name.to_owned(), member);
        *self = Self::Object(members.into_iter().collect());
    }

    /// Every step that this template refers to.
    pub fn references(&self) -> BTreeSet<&StepId> {
        let mut found = BTreeSet::new();
        self.collect(&mut found);
        found
    }

    fn collect<'a>(&'a self, found: &mut BTreeSet<&'a StepId>) {
        match self {
            Self::Known(_) => {}
            Self::From(reference) => {
                found.insert(&reference.step);
            }
            Self::Object(members) => members.iter().for_each(|(_, m)| m.collect(found)),
            Self::List(items) | Self::Text(items) => items.iter().for_each(|i| i.collect(found)),
        }
    }

    /// Fills in the outputs of earlier steps.
    ///
    /// # Errors
    /// When a step or a field that is named is not there.
    pub fn resolve<'a>(&self, output: &impl Fn(&StepId) -> Option<&'a Value>) -> Result<Value, ResolveError> {
        match self {
            Self::Known(json) => Ok(json.value()),
            Self::From(reference) => {
                let given =
                    output(&reference.step).ok_or_else(|| ResolveError::NoOutput(reference.step.clone()))?;
                given.get(&reference.field).cloned().ok_or_else(|| ResolveError::NoField {
                    step: reference.step.clone(),
                    field: reference.field.clone(),
                })
            }
            Self::Object(members) => {
                let filled: Result<serde_json::Map<_, _>, _> =
                    members.iter().map(|(k, v)| Ok((k.clone(), v.resolve(output)?))).collect();
                Ok(Value::Object(filled?))
            }
            Self::List(items) => {
                Ok(Value::Array(items.iter().map(|i| i.resolve(output)).collect::<Result<_, _>>()?))
            }
            Self::Text(parts) => {
                let mut text = String::new();
                for part in parts {
                    push_plain(&mut text, &part.resolve(output)?)?;
                }
                Ok(Value::String(text))
            }
        }
    }

    /// The whole of it, where no step is named.
    pub(crate) fn known_whole(&self) -> Option<Json> {
        let whole = self.references().is_empty().then(|| self.resolve(&|_| None));
        whole?.ok().map(|value| Json::of(&value))
    }

    /// The template as people read it, with a mark where a value is known only later.
    pub fn render(&self) -> Value {
        match self {
            Self::Known(json) => json.value(),
            Self::From(_) => Value::from(KNOWN_AFTER_APPLY),
            Self::Object(members) => {
                Value::Object(members.iter().map(|(k, v)| (k.clone(), v.render())).collect())
            }
            Self::List(items) => Value::Array(items.iter().map(Self::render).collect()),
            Self::Text(parts) => {
                let mut text = String::new();
                for part in parts {
                    match part.render() {
                        Value::String(s) => text.push_str(&s),
                        other => text.push_str(&other.to_string()),
                    }
                }
                Value::String(text)
            }
        }
    }
}

fn as_map<S: Serializer>(members: &[(String, Template)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(members.iter().map(|(name, member)| (name, member)))
}

fn of_map<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<[(String, Template)]>, D::Error> {
    Ok(BTreeMap::deserialize(deserializer)?.into_iter().collect())
}

fn push_plain(text: &mut String, value: &Value) -> Result<(), ResolveError> {
    match value {
        Value::String(s) => text.push_str(s),
        Value::Number(n) => text.push_str(&n.to_string()),
        Value::Bool(b) => text.push_str(&b.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => return Err(ResolveError::NotText),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references_are_filled_in_and_known_values_stay_opaque() {
        let sneaky = json!({"from": {"step": "a", "field": "id"}});
        let template = Template::object([
            ("id", Template::from_step("a", "id")),
            ("tags", Template::known(&sneaky)),
            ("text", Template::Text(vec![Template::known("User Id="), Template::from_step("a", "id")])),
        ]);
        let given = json!({"id": "p-1"});
        let step = StepId::new("a");
        let filled = template.resolve(&|s| (*s == step).then_some(&given)).unwrap();
        assert_eq!(filled, json!({"id": "p-1", "tags": sneaky, "text": "User Id=p-1"}));
        assert_eq!(template.render()["id"], json!(KNOWN_AFTER_APPLY));
        assert_eq!(template.references().into_iter().collect::<Vec<_>>(), [&step]);
    }

    #[test]
    fn a_missing_output_or_field_is_named() {
        let template = Template::from_step("a", "id");
        assert_eq!(template.resolve(&|_| None), Err(ResolveError::NoOutput("a".into())));
        let given = json!({});
        assert!(matches!(template.resolve(&|_| Some(&given)), Err(ResolveError::NoField { .. })));
    }

    #[test]
    fn a_template_survives_being_written_and_read() {
        let template = Template::List(vec![Template::known(1), Template::from_step("a", "b")]);
        let text = serde_json::to_string(&template).unwrap();
        assert_eq!(serde_json::from_str::<Template>(&text).unwrap(), template);
    }
}
