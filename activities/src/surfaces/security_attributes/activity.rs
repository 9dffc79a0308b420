//! Activities: custom security attributes of a service principal (msgraph, v1.0), which conditions of role assignments
//! may ask for. Their values go from the old principal to the new one and nowhere else: who may read them is
//! somebody's decision, so the log holds names and marks.
//!
//! Source: <https://learn.microsoft.com/graph/custom-security-attributes-examples>

use crate::activity::kit::{Change, Handed, Kit};
use crate::activity::principal_image::{WRITABLE, put_back, rest};
use crate::activity::spilt::{
    Parts, Spilt, broken, found_changed, left_out, probed, probed_back, taken_back, written,
};
use crate::activity::{Clients, REPLICATION_RETRY, SETTLING_MS, finding, foreign, map, unread};
use crate::azure::PrincipalId;
use crate::commands::shown;
use crate::references::rest::{Rest, Spill};
use crate::references::scan::escape;
use crate::references::secrets::MASK;
use crate::references::settings_key::SettingsKey;
use crate::relocate::facts::SecurityAttribute;
use rehome_orchestrator::PlanValue;
use rehome_orchestrator::{
    Activity, Call, Difference, Evidence, Fault, Finding, Outcome, Probe, ResourceKey, Retry, Reversibility,
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
    pub(crate) source_id: PrincipalId,
    /// Who gets them.
    pub(crate) principal_id: PlanValue<PrincipalId>,
    pub(crate) attributes: PlanValue<Vec<SecurityAttribute>>,
}

/// One attribute: the mark of what its new holder had, and of what it gets.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Marks {
    of: SecurityAttribute,
    was: Option<String>,
    becomes: Option<String>,
}

/// What was there before.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "Recorded")]
pub(crate) struct AttributesBefore {
    marks: Vec<Marks>,
    /// Its other attributes by their marks, and what else can be written of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<Rest>,
}

/// What stands in logs: older ones have the marks alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Recorded {
    Marks(Vec<Marks>),
    Image { marks: Vec<Marks>, rest: Option<Rest> },
}

impl From<Recorded> for AttributesBefore {
    fn from(recorded: Recorded) -> Self {
        match recorded {
            Recorded::Marks(marks) => Self { marks, rest: None },
            Recorded::Image { marks, rest } => Self { marks, rest },
        }
    }
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
    json!({ ATTRIBUTES: sets })
}

/// What takes a value away.
fn none_of(value: &Value) -> Value {
    if value.is_array() { json!([]) } else { Value::Null }
}

impl SetAttributes {
    /// A principal with its attributes; one that is not there has none.
    async fn live(&self, principal: &str) -> Result<Value, Fault> {
        let path = format!("servicePrincipals/{principal}?$select=id,customSecurityAttributes,{WRITABLE}");
        Ok(self.clients.reader.graph_find(&path).await?.unwrap_or_default())
    }

    /// The principal without our attributes, and of the others their marks.
    fn rest(&self, input: &AttributesInput, live: &Value) -> Rest {
        let mut plain = live.clone();
        let mut sets = json!({});
        for (set, members) in live[ATTRIBUTES].as_object().into_iter().flatten() {
            let members = members.as_object().into_iter().flatten();
            for (name, value) in members.filter(|(name, _)| !name.contains('@')) {
                let of = SecurityAttribute { set: set.clone(), name: name.clone() };
                if let Some(mark) = self.mark(input, &of, live).filter(|_| !value.is_null()) {
                    sets[set][name] = json!({ MASK: mark });
                }
            }
        }
        plain[ATTRIBUTES] = sets;
        let place =
            |of: &SecurityAttribute| format!("/{ATTRIBUTES}/{}/{}", escape(&of.set), escape(&of.name));
        let places: Vec<String> = input.attributes.iter().map(place).collect();
        rest(&plain, &self.key, &path(input), &places)
    }

    fn spilt(&self, input: &AttributesInput, before: &AttributesBefore, live: &Value) -> Vec<Spill> {
        before.rest.as_ref().map(|was| was.spilt(&self.rest(input, live))).unwrap_or_default()
    }

    /// What a value is told from another one by; a list is a set.
    fn mark(&self, input: &AttributesInput, of: &SecurityAttribute, live: &Value) -> Option<String> {
        let mut value = given(&live[ATTRIBUTES][&of.set][&of.name])?.clone();
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

    /// How much of the change is in place.
    fn parts(
        &self,
        input: &AttributesInput,
        before: &AttributesBefore,
        live: &Value,
    ) -> Result<Parts, Difference> {
        let stand = self.stand(input, &before.marks, live);
        if let Some(strange) = Self::strange(input, &before.marks, &stand) {
            return Err(strange);
        }
        Ok(match (stand.contains(&Stands::AsWas), stand.contains(&Stands::AsWanted)) {
            (false, _) => Parts::All,
            (true, false) => Parts::None,
            (true, true) => Parts::Some,
        })
    }

    /// Writes values, and what is there then.
    async fn write(&self, call: &Call, input: &AttributesInput, body: &Value) -> Outcome<Value> {
        match self.clients.writer.graph_patch(call, &path(input), body).await {
            Outcome::Applied(_) => match self.live(&input.principal_id).await {
                Ok(now) => Outcome::Applied(now),
                Err(why) => Outcome::Unknown(why),
            },
            other => other,
        }
    }
}

/// What Graph calls them.
const ATTRIBUTES: &str = "customSecurityAttributes";

fn path(input: &AttributesInput) -> String {
    format!("servicePrincipals/{}", input.principal_id)
}

fn not_as_written(input: &AttributesInput) -> Fault {
    let names: Vec<String> = input.attributes.iter().map(|of| format!("{}.{}", of.set, of.name)).collect();
    left_out("with success", &names.join(", "), path(input))
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
    const RETRY: Retry = REPLICATION_RETRY;
    const EVIDENCE: Evidence = Evidence::Conclusive;
    type Input = AttributesInput;
    type Before = AttributesBefore;
    type Output = Spilt;

    fn locks(&self, input: &AttributesInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&path(input))]
    }

    async fn before(&self, input: &AttributesInput) -> Result<AttributesBefore, Fault> {
        let (old, new) = (self.live(&input.source_id).await?, self.live(&input.principal_id).await?);
        Ok(AttributesBefore { marks: self.marks(input, &old, &new), rest: Some(self.rest(input, &new)) })
    }

    async fn run(&self, call: &Call, input: &AttributesInput, before: &AttributesBefore) -> Outcome<Spilt> {
        let (old, new) = match (self.live(&input.source_id).await, self.live(&input.principal_id).await) {
            (Ok(old), Ok(new)) => (old, new),
            (Err(why), _) | (_, Err(why)) => return unread(why),
        };
        if let Some(why) = found_changed(call, &path(input), || self.spilt(input, before, &new)) {
            return Outcome::Refused(why);
        }
        let mut values = Vec::new();
        for (marks, stands) in before.marks.iter().zip(self.stand(input, &before.marks, &new)) {
            let same = self.mark(input, &marks.of, &old) == marks.becomes;
            match stands {
                Stands::AsWanted => {}
                Stands::AsWas if marks.was.is_none() && same => {
                    values.push((&marks.of, old[ATTRIBUTES][&marks.of.set][&marks.of.name].clone()));
                }
                // Somebody gave the new one a value of its own, or the old one another.
                Stands::AsWas | Stands::Otherwise => {
                    return foreign(&difference(input, &marks.of, "another value"));
                }
            }
        }
        if values.is_empty() {
            return Outcome::Applied(Spilt::NONE);
        }
        match self.write(call, input, &body(&values)).await {
            Outcome::Applied(now) if self.parts(input, before, &now) != Ok(Parts::All) => {
                Outcome::Unknown(not_as_written(input))
            }
            Outcome::Applied(now) => {
                written(&path(input), &self.rest(input, &new).spilt(&self.rest(input, &now)))
            }
            other => map(other, |_| Spilt::NONE),
        }
    }

    async fn probe(&self, input: &AttributesInput, before: &AttributesBefore) -> Probe<Spilt> {
        match self.live(&input.principal_id).await {
            Ok(live) => probed(self.parts(input, before, &live), self.spilt(input, before, &live)),
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    async fn probe_undo(
        &self,
        input: &AttributesInput,
        before: &AttributesBefore,
        was: Option<&Spilt>,
    ) -> Probe<Spilt> {
        match self.live(&input.principal_id).await {
            Ok(live) => probed_back(self.parts(input, before, &live), was, &self.rest(input, &live)),
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    /// A new principal has none.
    async fn reconstruct_before(&self, input: &AttributesInput) -> Result<Option<AttributesBefore>, Fault> {
        let marks = self.marks(input, &self.live(&input.source_id).await?, &Value::Null);
        let all = marks.iter().all(|marks| marks.becomes.is_some());
        Ok(all.then_some(AttributesBefore { marks, rest: None }))
    }

    async fn undo(
        &self,
        call: &Call,
        input: &AttributesInput,
        before: &AttributesBefore,
        was: Option<&Spilt>,
    ) -> Outcome<()> {
        let live = match self.live(&input.principal_id).await {
            // It went with its identity.
            Ok(live) if live.is_null() => return Outcome::Applied(()),
            Ok(live) => live,
            Err(why) => return unread(why),
        };
        let stand = self.stand(input, &before.marks, &live);
        if let Some(strange) = Self::strange(input, &before.marks, &stand) {
            return foreign(&strange);
        }
        let ours = |(marks, stands): &(&Marks, Stands)| {
            *stands == Stands::AsWanted && marks.was.is_none() && marks.becomes.is_some()
        };
        let ours = before.marks.iter().zip(stand).filter(ours);
        let held = |of: &SecurityAttribute| &live[ATTRIBUTES][&of.set][&of.name];
        let values: Vec<_> = ours.map(|(marks, _)| (&marks.of, none_of(held(&marks.of)))).collect();
        let still = was.map(|was| was.still(&self.rest(input, &live))).unwrap_or_default();
        // The values of attributes are in no log.
        let (mut left, open): (Vec<Spill>, Vec<Spill>) = still
            .into_iter()
            .partition(|spill| spill.is_secret() || spill.pointer[1..].starts_with(ATTRIBUTES));
        let mut sent = if values.is_empty() { json!({}) } else { body(&values) };
        put_back(&mut sent, &live, &open);
        if sent != json!({}) {
            let now = match self.write(call, input, &sent).await {
                Outcome::Applied(now) => now,
                other => return map(other, |_| ()),
            };
            if values.iter().any(|(of, _)| self.mark(input, of, &now).is_some()) {
                return Outcome::Unknown(not_as_written(input));
            }
            let mut target = live.clone();
            open.iter().for_each(|spill| spill.put_back(&mut target));
            left.extend(self.rest(input, &target).spilt(&self.rest(input, &now)));
        }
        taken_back(&path(input), &left)
    }

    async fn verify(
        &self,
        input: &AttributesInput,
        before: &AttributesBefore,
        spilt: &Spilt,
    ) -> Result<Vec<Finding>, Fault> {
        let live = self.live(&input.principal_id).await?;
        let one = |(marks, stands): (&Marks, Stands)| {
            let held = &live[ATTRIBUTES][&marks.of.set][&marks.of.name];
            let found = given(held).map_or("nothing", |_| "another value");
            let lacks = (stands != Stands::AsWanted).then(|| difference(input, &marks.of, found));
            finding(&fact(input, &marks.of), WANTED, lacks.as_ref())
        };
        let mut out: Vec<Finding> =
            before.marks.iter().zip(self.stand(input, &before.marks, &live)).map(one).collect();
        out.extend(broken(&path(input), &spilt.still(&self.rest(input, &live))));
        Ok(out)
    }

    fn residue(&self, input: &AttributesInput, _: &AttributesBefore, _: Option<&Spilt>) -> String {
        let facts: Vec<String> = input.attributes.iter().map(|of| fact(input, of)).collect();
        format!("remove by hand in Entra ID: {}", shown(&facts.join(", ")))
    }
}

impl Change for SetAttributes {
    fn new(kit: &Kit) -> Self {
        Self { clients: kit.clients(), key: kit.key() }
    }

    fn handed(input: &AttributesInput, _: Option<&str>) -> Handed {
        Handed::ByItself(format!("servicePrincipals/{}", input.principal_id))
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
