//! Activities: what two principals may do in Azure, by whatever way they came to it. Reads only.
//!
//! Each grant has a proof of its own. This asks Azure for the sum, with what comes through groups, however deeply they
//! are nested: the one answer that shows a grant which nobody knew of.

use crate::activity::finding;
use crate::azure::{DirectoryId, NO_ANSWER, PrincipalId, Reader, ResourceId};
use crate::conditions::alike;
use crate::conditions::alike::AlikeInput;
use crate::references::rewrite::Pair;
use crate::references::text::{mentions, replace};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use rehome_orchestrator::PlanValue;
use rehome_orchestrator::{Condition, ConditionResult, Difference, Fault, FaultKind, Finding};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Subscriptions that are asked at the same time.
const AT_ONCE: usize = 8;

/// How many missing roles are told one by one.
const TOLD: usize = 3;

/// The new principal may do everywhere what the old one may.
pub(crate) struct EqualAccess(pub(crate) Reader);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EqualAccessInput {
    pub(crate) old: PrincipalId,
    pub(crate) new: PlanValue<PrincipalId>,
    /// The subscriptions in which both are compared; what is held above one shows in it.
    pub(crate) at: PlanValue<Vec<ResourceId>>,
    /// What stands for what in scopes and conditions.
    pub(crate) replace: Vec<Pair>,
    /// Principals that move too: which new name stands for one in a condition is for the grant's own proof.
    #[serde(rename = "siblings", default)]
    pub(crate) batch_peers: PlanValue<Vec<PrincipalId>>,
    /// Everything else that both have, compared both ways by `verify`; not in plans of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alike: Option<AlikeInput>,
}

/// A role at a place, under a condition.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    scope: ResourceId,
    role: DirectoryId,
    condition: String,
    /// The condition names somebody whose new name is not known here.
    names_sibling: bool,
}

/// What both hold in one subscription.
struct Sides {
    old: BTreeMap<Held, Value>,
    new: BTreeSet<Held>,
}

impl Sides {
    fn missing(&self) -> Vec<&Value> {
        self.old.iter().filter(|(held, _)| !self.has(held)).map(|(_, body)| body).collect()
    }

    fn has(&self, old: &Held) -> bool {
        let like = |new: &Held| new.scope == old.scope && new.role == old.role && !new.condition.is_empty();
        self.new.contains(old) || (old.names_sibling && self.new.iter().any(like))
    }
}

/// What an assignment gives, with the new names where the old ones stood.
fn held(body: &Value, pairs: &[(&str, &str)]) -> Option<Held> {
    let properties = body.get("properties")?;
    let text = |name: &str| properties[name].as_str();
    let renamed = |text: &str| replace(text, pairs).unwrap_or_else(|| text.to_owned());
    Some(Held {
        scope: renamed(text("scope")?).into(),
        role: ResourceId::from(text("roleDefinitionId")?).name().into(),
        condition: text("condition").map(renamed).unwrap_or_default().to_lowercase(),
        names_sibling: false,
    })
}

impl EqualAccess {
    async fn assigned(&self, at: &str, principal: &str) -> Result<Vec<Value>, Fault> {
        let list = format!("{at}/providers/Microsoft.Authorization/roleAssignments");
        let filter = format!("assignedTo('{}')", principal.replace('\'', "''"));
        self.0.list(&list, "2022-04-01", &[("$filter", &filter)]).await
    }

    async fn is_known(&self, principal: &str) -> Result<bool, Fault> {
        Ok(self.0.graph_find(&format!("servicePrincipals/{principal}?$select=id")).await?.is_some())
    }

    async fn sides(&self, input: &EqualAccessInput, at: &str) -> Result<Sides, Fault> {
        let (old, new) = futures_util::join!(self.assigned(at, &input.old), self.assigned(at, &input.new));
        let old = match old {
            // Nobody knows a principal that is gone, and it holds nothing; that it is gone the directory says.
            Err(why) if matches!(why.status, Some(400 | 404)) => match self.is_known(&input.old).await? {
                false => Vec::new(),
                true => return Err(why),
            },
            old => old?,
        };
        let pairs: Vec<(&str, &str)> =
            input.replace.iter().map(|p| (p.from.as_str(), p.to.as_str())).collect();
        let strange = || {
            let what = "an entry of the role assignments is not one";
            Fault::new(FaultKind::Broken, NO_ANSWER, what).at(at)
        };
        let old = old.into_iter().map(|body| {
            let mut held = held(&body, &pairs).ok_or_else(strange)?;
            held.names_sibling = input.batch_peers.iter().any(|id| mentions(&held.condition, id));
            Ok((held, body))
        });
        let new = new?;
        let new = new.iter().map(|body| held(body, &[]).ok_or_else(strange));
        Ok(Sides { old: old.collect::<Result<_, Fault>>()?, new: new.collect::<Result<_, Fault>>()? })
    }

    /// In words, with the role's name where it can be read.
    async fn told(&self, missing: &[&Value]) -> String {
        let mut told = Vec::new();
        for body in missing.iter().take(TOLD) {
            let text = |name: &str| body["properties"][name].as_str().unwrap_or_default();
            let id = ResourceId::from(text("roleDefinitionId"));
            let role = self.0.find(&id, "2022-04-01").await.ok().flatten();
            let role = role.as_ref().and_then(|r| r.pointer("/properties/roleName")?.as_str());
            let role = role.unwrap_or_else(|| id.name());
            told.push(format!("{role} at {} (through {})", text("scope"), text("principalId")));
        }
        let more = missing.len().saturating_sub(TOLD);
        if more > 0 {
            told.push(format!("{more} more"));
        }
        told.join("; ")
    }

    /// Every subscription with what both hold there.
    async fn everywhere<'a>(
        &self,
        input: &'a EqualAccessInput,
    ) -> Result<Vec<(&'a ResourceId, Sides)>, Fault> {
        let mut asked = Vec::with_capacity(input.at.len());
        for at in &input.at {
            asked.push(async move { Ok((at, self.sides(input, at).await?)) });
        }
        stream::iter(asked).buffered(AT_ONCE).try_collect().await
    }

    async fn missing(&self, input: &EqualAccessInput) -> Result<Option<String>, Fault> {
        let all = self.everywhere(input).await?;
        let missing: Vec<&Value> = all.iter().flat_map(|(_, sides)| sides.missing()).collect();
        Ok(if missing.is_empty() { None } else { Some(self.told(&missing).await) })
    }
}

impl Condition for EqualAccess {
    const NAME: &'static str = "principal.equal/1";
    type Input = EqualAccessInput;

    async fn check(&self, input: &EqualAccessInput) -> ConditionResult {
        match self.missing(input).await {
            Ok(None) => ConditionResult::Yes,
            Ok(Some(what)) => {
                let what = format!("the new principal lacks what the old one has: {what}");
                ConditionResult::NotYet {
                    after: None,
                    why: Fault::new(FaultKind::NotReady, "AccessDiffers", what),
                }
            }
            Err(why) => ConditionResult::NotYet { after: None, why },
        }
    }

    async fn verify(&self, input: &EqualAccessInput) -> Result<Vec<Finding>, Fault> {
        let mut found = Vec::with_capacity(input.at.len());
        for (at, sides) in self.everywhere(input).await? {
            let (fact, missing) = (format!("what {} may do in {at}", input.new), sides.missing());
            let expected = format!("all {} roles of {}", sides.old.len(), input.old);
            let difference = if missing.is_empty() {
                None
            } else {
                let found = Some(format!("without {}", self.told(&missing).await));
                Some(Difference { fact: fact.clone(), expected: Some(expected.clone()), found })
            };
            found.push(finding(&fact, &expected, difference.as_ref()));
        }
        if let Some(both) = &input.alike {
            found.extend(Box::pin(alike::findings(&self.0, both)).await?);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(scope: &str, role: &str, condition: Option<&str>) -> Value {
        json!({"properties": {"scope": scope, "condition": condition, "principalId": "p",
            "roleDefinitionId": format!("/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/{role}")}})
    }

    #[test]
    fn a_role_is_the_same_by_its_last_part_its_place_and_its_condition_with_the_new_names() {
        let pairs = [("/subscriptions/s/rg/old", "/subscriptions/s/rg/new"), ("oid-old", "oid-new")];
        let old = held(&body("/subscriptions/S/rg/OLD", "R", Some("x eq oid-old")), &pairs);
        assert!(old == held(&body("/subscriptions/s/rg/new", "r", Some("x eq oid-new")), &[]));
        assert!(
            old != held(&body("/subscriptions/s/rg/new", "r", None), &[]),
            "without the condition it is more"
        );
        assert!(held(&json!({"properties": {}}), &pairs).is_none());
    }
}
