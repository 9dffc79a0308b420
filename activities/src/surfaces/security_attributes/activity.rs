//! Activities: custom security attributes of a service principal (msgraph, v1.0), which conditions of role assignments
//! may ask for. Their values go from the old principal to the new one and nowhere else: who may read them is
//! somebody's decision, so the log holds names and marks.
//!
//! Source: <https://learn.microsoft.com/graph/custom-security-attributes-examples>

use crate::activity::{Clients, PATIENT, SETTLING_MS, finding, foreign, map, unread};
use crate::commands::shown;
use crate::references::settings::SettingsKey;
use crate::relocate::facts::SecurityAttribute;
use rehome_orchestrator::{
    Activity, Call, Difference, Fault, Finding, Outcome, Probe, ResourceKey, Retry, Reversibility, Trace,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Gives a principal the attributes that another one has.
pub(crate) struct SetAttributes {
    clients: Clients,
    key: SettingsKey,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttributesInput {
    /// Who has them.
    source_id: String,
    /// Who gets them.
    principal_id: String,
    attributes: Vec<SecurityAttribute>,
}

/// One attribute: the mark of what its new holder had, and of what it gets.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Marks {
    of: SecurityAttribute,
    was: Option<String>,
    becomes: Option<String>,
}

/// How it stands with one attribute.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    AsWas,
    AsWanted,
    Otherwise,
}

impl Marks {
    fn stands(&self, now: Option<&String>) -> Stands {
        match now {
            _ if now == self.becomes.as_ref() => Stands::AsWanted,
            _ if now == self.was.as_ref() => Stands::AsWas,
            _ => Stands::Otherwise,
        }
    }
}

/// A value that is there: no value and an empty list are none.
fn given(value: &Value) -> Option<&Value> {
    (!value.is_null() && !value.as_array().is_some_and(Vec::is_empty)).then_some(value)
}

/// What tells Graph the type of a value that JSON does not tell.
fn annotation(value: &Value) -> Option<&'static str> {
    match value {
        Value::Number(_) => Some("#Int32"),
        Value::Array(all) if all.iter().all(Value::is_number) => Some("#Collection(Int32)"),
        Value::Array(_) => Some("#Collection(String)"),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Object(_) => None,
    }
}

/// The request that gives these values, or takes them away where a value is none.
fn body(values: &[(&SecurityAttribute, Value)]) -> Value {
    let mut sets = json!({});
    for (of, value) in values {
        let set = &mut sets[&of.set];
        set["@odata.type"] = json!("#Microsoft.DirectoryServices.CustomSecurityAttributeValue");
        if let Some(kind) = given(value).and_then(annotation) {
            set[format!("{}@odata.type", of.name)] = json!(kind);
        }
        set[&of.name] = value.clone();
    }
    json!({"customSecurityAttributes": sets})
}

/// What takes a value away.
fn none_of(value: &Value) -> Value {
    if value.is_array() { json!([]) } else { Value::Null }
}

impl SetAttributes {
    pub(crate) fn new(clients: Clients, key: SettingsKey) -> Self {
        Self { clients, key }
    }

    /// The attributes of a principal; of one that is not there, none.
    async fn live(&self, principal: &str) -> Result<Value, Fault> {
        let path = format!("servicePrincipals/{principal}?$select=id,customSecurityAttributes");
        let found = self.clients.reader.graph_find(&path).await?;
        Ok(found.map(|found| found["customSecurityAttributes"].clone()).unwrap_or_default())
    }

    /// What a value is told from another one by; a list is a set.
    fn mark(&self, input: &AttributesInput, of: &SecurityAttribute, live: &Value) -> Option<String> {
        let mut value = given(&live[&of.set][&of.name])?.clone();
        if let Some(list) = value.as_array_mut() {
            list.sort_by_key(ToString::to_string);
        }
        Some(self.key.mark(&input.principal_id, &fact(input, of), &value.to_string()))
    }

    fn marks(&self, input: &AttributesInput, old: &Value, new: &Value) -> Vec<Marks> {
        let one = |of: &SecurityAttribute| Marks {
            of: of.clone(),
            was: self.mark(input, of, new),
            becomes: self.mark(input, of, old),
        };
        input.attributes.iter().map(one).collect()
    }

    fn stand(&self, input: &AttributesInput, before: &[Marks], live: &Value) -> Vec<Stands> {
        before.iter().map(|marks| marks.stands(self.mark(input, &marks.of, live).as_ref())).collect()
    }

    /// The first that is neither as it was nor as it is to be.
    fn strange(input: &AttributesInput, before: &[Marks], stand: &[Stands]) -> Option<Difference> {
        let (marks, _) = before.iter().zip(stand).find(|(_, stands)| **stands == Stands::Otherwise)?;
        Some(difference(input, &marks.of, "another value"))
    }

    async fn write(
        &self,
        call: &Call,
        input: &AttributesInput,
        values: &[(&SecurityAttribute, Value)],
    ) -> Outcome<()> {
        let path = format!("servicePrincipals/{}", input.principal_id);
        map(self.clients.writer.graph_patch(call, &path, &body(values)).await, |_| ())
    }
}

fn fact(input: &AttributesInput, of: &SecurityAttribute) -> String {
    format!("servicePrincipals/{}/customSecurityAttributes/{}/{}", input.principal_id, of.set, of.name)
}

const WANTED: &str = "the value that the old one has";

fn difference(input: &AttributesInput, of: &SecurityAttribute, found: &str) -> Difference {
    let (expected, found) = (Some(WANTED.to_owned()), Some(found.to_owned()));
    Difference { fact: fact(input, of), expected, found }
}

impl Activity for SetAttributes {
    const NAME: &'static str = "security_attributes.set/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = PATIENT;
    type Input = AttributesInput;
    type Before = Vec<Marks>;
    type Output = ();

    fn locks(&self, input: &AttributesInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&format!("servicePrincipals/{}", input.principal_id))]
    }

    async fn before(&self, input: &AttributesInput) -> Result<Vec<Marks>, Fault> {
        let (old, new) = (self.live(&input.source_id).await?, self.live(&input.principal_id).await?);
        Ok(self.marks(input, &old, &new))
    }

    async fn run(&self, call: &Call, input: &AttributesInput, before: &Vec<Marks>) -> Outcome<()> {
        let (old, new) = match (self.live(&input.source_id).await, self.live(&input.principal_id).await) {
            (Ok(old), Ok(new)) => (old, new),
            (Err(why), _) | (_, Err(why)) => return unread(why),
        };
        let mut values = Vec::new();
        for (marks, stands) in before.iter().zip(self.stand(input, before, &new)) {
            let same = self.mark(input, &marks.of, &old) == marks.becomes;
            match stands {
                Stands::AsWanted => {}
                Stands::AsWas if marks.was.is_none() && same => {
                    values.push((&marks.of, old[&marks.of.set][&marks.of.name].clone()));
                }
                // Somebody gave the new one a value of its own, or the old one another.
                Stands::AsWas | Stands::Otherwise => {
                    return foreign(&difference(input, &marks.of, "another value"));
                }
            }
        }
        if values.is_empty() { Outcome::Applied(()) } else { self.write(call, input, &values).await }
    }

    async fn probe(&self, input: &AttributesInput, before: &Vec<Marks>) -> Probe<()> {
        let live = match self.live(&input.principal_id).await {
            Ok(live) => live,
            Err(why) => return Probe::Unsettled { after: None, why },
        };
        let stand = self.stand(input, before, &live);
        if let Some(strange) = Self::strange(input, before, &stand) {
            return Probe::Foreign(strange);
        }
        match (stand.contains(&Stands::AsWas), stand.contains(&Stands::AsWanted)) {
            (false, _) => Probe::Applied(()),
            (true, false) => Probe::NotApplied,
            (true, true) => Probe::Partial(()),
        }
    }

    fn trace(&self, _: &AttributesInput) -> Trace {
        Trace::Ours
    }

    /// A new principal has none.
    async fn recall(&self, input: &AttributesInput) -> Result<Option<Vec<Marks>>, Fault> {
        let marks = self.marks(input, &self.live(&input.source_id).await?, &Value::Null);
        Ok(marks.iter().all(|marks| marks.becomes.is_some()).then_some(marks))
    }

    async fn undo(
        &self,
        call: &Call,
        input: &AttributesInput,
        before: &Vec<Marks>,
        _: Option<&()>,
    ) -> Outcome<()> {
        let live = match self.live(&input.principal_id).await {
            Ok(live) => live,
            Err(why) => return unread(why),
        };
        let stand = self.stand(input, before, &live);
        if let Some(strange) = Self::strange(input, before, &stand) {
            return foreign(&strange);
        }
        let ours = |(marks, stands): &(&Marks, Stands)| {
            *stands == Stands::AsWanted && marks.was.is_none() && marks.becomes.is_some()
        };
        let ours = before.iter().zip(stand).filter(ours);
        let values: Vec<_> =
            ours.map(|(marks, _)| (&marks.of, none_of(&live[&marks.of.set][&marks.of.name]))).collect();
        if values.is_empty() { Outcome::Applied(()) } else { self.write(call, input, &values).await }
    }

    async fn verify(
        &self,
        input: &AttributesInput,
        before: &Vec<Marks>,
        (): &(),
    ) -> Result<Vec<Finding>, Fault> {
        let live = self.live(&input.principal_id).await?;
        let one = |(marks, stands): (&Marks, Stands)| {
            let found = given(&live[&marks.of.set][&marks.of.name]).map_or("nothing", |_| "another value");
            let lacks = (stands != Stands::AsWanted).then(|| difference(input, &marks.of, found));
            finding(&fact(input, &marks.of), WANTED, lacks.as_ref())
        };
        Ok(before.iter().zip(self.stand(input, before, &live)).map(one).collect())
    }

    fn residue(&self, input: &AttributesInput, _: &Vec<Marks>, _: Option<&()>) -> String {
        let facts: Vec<String> = input.attributes.iter().map(|of| fact(input, of)).collect();
        format!("remove by hand in Entra ID: {}", shown(&facts.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_the_types_that_json_does_not_tell_and_takes_away_what_is_none() {
        let of = |name: &str| SecurityAttribute { set: "S".into(), name: name.into() };
        let (text, list, numbers, number, gone) = (of("t"), of("l"), of("ns"), of("n"), of("g"));
        let made = body(&[
            (&text, json!("x")),
            (&list, json!(["a", "b"])),
            (&numbers, json!([1, 2])),
            (&number, json!(4)),
            (&gone, json!([])),
        ]);
        assert_eq!(
            made["customSecurityAttributes"]["S"],
            json!({"@odata.type": "#Microsoft.DirectoryServices.CustomSecurityAttributeValue", "t": "x",
                "l@odata.type": "#Collection(String)", "l": ["a", "b"], "ns@odata.type": "#Collection(Int32)",
                "ns": [1, 2], "n@odata.type": "#Int32", "n": 4, "g": []})
        );
    }

    #[test]
    fn a_value_that_was_there_already_is_not_ours_and_another_one_is_strange() {
        let marks = |was: Option<&str>| Marks {
            of: SecurityAttribute { set: "S".into(), name: "n".into() },
            was: was.map(Into::into),
            becomes: Some("m".into()),
        };
        assert!(marks(None).stands(None) == Stands::AsWas);
        assert!(marks(None).stands(Some(&"m".into())) == Stands::AsWanted);
        assert!(marks(None).stands(Some(&"x".into())) == Stands::Otherwise);
        assert!(marks(Some("x")).stands(Some(&"x".into())) == Stands::AsWas);
    }
}
