//! Activities: whether a service still names the old identity inside. Reads only.
//!
//! A person says that they changed it, and the service itself says whether it is so: that is better evidence. Nothing is
//! detached before.

use crate::activity::finding;
use crate::azure::{Reader, ResourceId};
use crate::references::rewrite::Pair;
use crate::references::text::mentions;
use crate::surfaces::data_plane::ask;
use crate::surfaces::data_plane::facts::Inside;
use crate::surfaces::data_plane::listed;
use rehome_orchestrator::{Condition, ConditionResult, Difference, Fault, FaultKind, Finding, PlanValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Nothing that a service keeps inside names the old identity.
pub(crate) struct PlaneUnnamed(pub(crate) Reader);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnnamedInput {
    /// The service that is asked.
    pub(crate) id: ResourceId,
    /// Which service, by its key in the batch file.
    pub(crate) service: String,
    /// The host that the plan was made with.
    pub(crate) host: String,
    /// The old names with the new ones, the resource ids first.
    pub(crate) replace: Vec<Pair>,
    /// What a person was to change; everything inside without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) object: Option<NamedObject>,
    /// Lists that could not be read when the plan was made, for which somebody answers by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) answered_for: PlanValue<Vec<String>>,
}

/// One thing inside a service.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedObject {
    pub(crate) list: String,
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) database: Option<String>,
}

impl NamedObject {
    pub(crate) fn of(object: &Inside) -> Self {
        Self { list: object.list.clone(), name: object.name.clone(), database: object.database.clone() }
    }
}

impl PlaneUnnamed {
    /// What still names the old identity, as people call it.
    async fn left(&self, input: &UnnamedInput) -> Result<Vec<String>, Fault> {
        let unknown = || {
            let what = format!("this program does not know the data plane {:?}", input.service);
            Fault::new(FaultKind::Invalid, "UnknownService", what).at(input.id.to_string())
        };
        let service = listed::of(&input.service).ok_or_else(unknown)?;
        // A service that is gone names nobody.
        let Some(at) = ask::host(&self.0, service, &input.id).await? else { return Ok(Vec::new()) };
        let only = input.object.as_ref().map(|object| object.list.as_str());
        let mut left = Vec::new();
        for answer in ask::all(&self.0, service, &input.id, &at, only).await {
            let entries = match answer.entries() {
                Err(_) if input.answered_for.iter().any(|one| one.eq_ignore_ascii_case(&answer.scope)) => {
                    continue;
                }
                entries => entries?,
            };
            for (name, entry) in entries {
                let meant = input
                    .object
                    .as_ref()
                    .is_none_or(|object| object.name == name && object.database == answer.database);
                if meant && names_old(entry, &input.replace) {
                    let (list, places, kept) = (answer.list.what.to_owned(), Vec::new(), String::new());
                    let database = answer.database.clone();
                    left.push(Inside { list, name, database, places, kept }.called());
                }
            }
        }
        Ok(left)
    }
}

fn names_old(entry: &Value, replace: &[Pair]) -> bool {
    match entry {
        Value::String(text) => replace.iter().any(|pair| !pair.from.is_empty() && mentions(text, &pair.from)),
        Value::Array(items) => items.iter().any(|item| names_old(item, replace)),
        Value::Object(members) => members.iter().any(|(name, member)| {
            names_old(&Value::from(name.as_str()), replace) || names_old(member, replace)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

impl Condition for PlaneUnnamed {
    const NAME: &'static str = "data_plane.unnamed/1";
    type Input = UnnamedInput;

    async fn check(&self, input: &UnnamedInput) -> ConditionResult {
        match self.left(input).await {
            Ok(left) if left.is_empty() => ConditionResult::Yes,
            Ok(left) => {
                let what = format!("it still names the old identity inside: {}", left.join(", "));
                let why = Fault::new(FaultKind::NotReady, "StillOld", what).at(input.host.clone());
                ConditionResult::NotYet { after: None, why }
            }
            Err(why) => ConditionResult::NotYet { after: None, why },
        }
    }

    async fn verify(&self, input: &UnnamedInput) -> Result<Vec<Finding>, Fault> {
        const WANTED: &str = "does not name the old identity inside";
        let left = self.left(input).await?;
        let difference = (!left.is_empty()).then(|| Difference {
            fact: input.host.clone(),
            expected: Some(WANTED.to_owned()),
            found: Some(format!("still names it: {}", left.join(", "))),
        });
        Ok(vec![finding(&input.host, WANTED, difference.as_ref())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_is_named_in_texts_and_in_the_names_of_members_and_not_by_a_prefix() {
        let pair = |from: &str| Pair { from: from.into(), to: "x".into() };
        let old = [pair("/s/old"), pair("c-old"), pair("")];
        assert!(names_old(&json!({"a": [{"b": "/S/OLD"}]}), &old) && names_old(&json!({"c-old": 1}), &old));
        assert!(!names_old(&json!({"a": "/s/older", "b": [null, 1, true]}), &old));
    }
}
