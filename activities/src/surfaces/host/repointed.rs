//! Activities: whether a host that a person was to re-point uses the new identity. Reads only.
//!
//! A person says that it is done, and is believed: the move goes on. What is there shows all the same.

use crate::activity::finding;
use crate::azure::{Reader, ResourceId};
use crate::conditions::users::carries;
use crate::references::rewrite::Pair;
use crate::references::text::mentions;
use rehome_orchestrator::PlanValue;
use rehome_orchestrator::{Condition, ConditionResult, Difference, Fault, FaultKind, Finding};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Nothing of a host still uses the old identity in the place of the new one.
pub(crate) struct HostRepointed(pub(crate) Reader);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RepointedInput {
    pub(crate) id: ResourceId,
    pub(crate) api_version: String,
    /// The old names with the new ones, the resource ids first.
    pub(crate) replace: Vec<Pair>,
    /// Places that named the old identity, as JSON Pointers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) places: PlanValue<Vec<String>>,
}

/// What still uses the old identity alone.
fn left(body: &Value, input: &RepointedInput) -> Vec<String> {
    let has = |side: fn(&Pair) -> &str| input.replace.first().is_some_and(|pair| carries(body, side(pair)));
    let mut left = Vec::new();
    if has(|p| &p.from) && !has(|p| &p.to) {
        left.push("its identity".to_owned());
    }
    for place in &input.places {
        let text = body.pointer(place).map(ToString::to_string).unwrap_or_default();
        let names = |side: fn(&Pair) -> &str| input.replace.iter().any(|pair| mentions(&text, side(pair)));
        if names(|p| &p.from) && !names(|p| &p.to) {
            left.push(place.clone());
        }
    }
    left
}

impl HostRepointed {
    async fn left(&self, input: &RepointedInput) -> Result<Vec<String>, Fault> {
        let body = self.0.find_twice(&input.id, &input.api_version).await?;
        Ok(body.map_or_else(Vec::new, |body| left(&body, input)))
    }
}

impl Condition for HostRepointed {
    const NAME: &'static str = "host.repointed/1";
    type Input = RepointedInput;

    async fn check(&self, input: &RepointedInput) -> ConditionResult {
        match self.left(input).await {
            Ok(left) if left.is_empty() => ConditionResult::Yes,
            Ok(left) => {
                let what = format!("it still names the old identity alone: {}", left.join(", "));
                let why = Fault::new(FaultKind::NotReady, "StillOld", what).at(input.id.clone());
                ConditionResult::NotYet { after: None, why }
            }
            Err(why) => ConditionResult::NotYet { after: None, why },
        }
    }

    async fn verify(&self, input: &RepointedInput) -> Result<Vec<Finding>, Fault> {
        const WANTED: &str = "names the new identity, or is gone";
        let left = self.left(input).await?;
        let difference = (!left.is_empty()).then(|| Difference {
            fact: input.id.to_string(),
            expected: Some(WANTED.to_owned()),
            found: Some(format!("still names the old identity alone: {}", left.join(", "))),
        });
        Ok(vec![finding(&input.id, WANTED, difference.as_ref())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_host_is_done_when_nothing_names_the_old_identity_alone() {
        let pair = |from: &str, to: &str| Pair { from: from.into(), to: to.into() };
        let input = RepointedInput {
            id: "/h".into(),
            api_version: "1".into(),
            replace: vec![pair("/s/old", "/s/new"), pair("c-old", "c-new")],
            places: vec!["/properties/app".into()].into(),
        };
        let host = |ids: &[&str], app: &str| {
            let map: serde_json::Map<String, Value> =
                ids.iter().map(|id| ((*id).to_owned(), json!({}))).collect();
            json!({"identity": {"userAssignedIdentities": map}, "properties": {"app": app}})
        };
        assert_eq!(left(&host(&["/S/OLD"], "c-old"), &input), ["its identity", "/properties/app"]);
        assert_eq!(left(&host(&["/s/old", "/s/new"], "c-old"), &input), ["/properties/app"]);
        assert!(left(&host(&["/s/old", "/s/new"], "c-old c-new"), &input).is_empty(), "both overlap");
        assert!(left(&host(&["/s/new"], "c-new"), &input).is_empty() && left(&json!({}), &input).is_empty());
    }
}
