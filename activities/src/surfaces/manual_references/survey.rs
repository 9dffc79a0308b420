//! Activities: reads what names an identity and no program changes: roles that it could activate, roles on it that
//! others could activate, resources that are written as a whole by others. Reads only.

use crate::azure::errors::NO_LICENCE;
use crate::azure::{AT_ONCE, PrincipalId, Reader, ResourceId, ResourceType};
use crate::references::members;
use crate::references::scan::{Identifiers, scan};
use crate::relocate::facts::*;
use crate::relocate::survey::common::Common;
use crate::relocate::survey::gaps::gap;
use crate::surfaces::host::candidates::Candidates;
use crate::surfaces::manual_references::manual_only_types;
use crate::surfaces::role_assignment::facts::SCHEDULED;
use futures_util::stream::{self, StreamExt};
use serde_json::Value;
use std::collections::BTreeSet;

/// The roles of Azure that the identity could activate, and those on it that others could.
pub(crate) async fn eligible(
    reader: &Reader,
    common: &Common,
    who: &Identifiers,
) -> (Vec<ManualReference>, Vec<Gap>) {
    let on = format!("{}/providers/Microsoft.Authorization/roleEligibilitySchedules", who.resource_id);
    let (found_on, mut gaps) = match common.granted.eligible_on(who) {
        Some(known) => (known.to_vec(), Vec::new()),
        None => read(reader, vec![(on.clone(), vec![("$filter", "atScope()")])], SCHEDULED).await,
    };
    // Without a licence nobody is eligible, and the lists above say that there is none.
    gaps.retain(|gap| gap.scope != on || !gap.why.contains(NO_LICENCE));
    let (found, unread) = common.granted.eligible(who);
    gaps.extend(unread);
    let all = found.into_iter().chain(&found_on);
    let mut named: Vec<ManualReference> = all.filter_map(|body| eligibility(body, common, who)).collect();
    named.sort();
    named.dedup();
    (named, gaps)
}

/// Everything of these lists, each thing once; what cannot be read is a gap.
pub(crate) async fn read(
    reader: &Reader,
    lists: Vec<(String, Vec<(&str, &str)>)>,
    api: &str,
) -> (Vec<Value>, Vec<Gap>) {
    let mut asked = Vec::with_capacity(lists.len());
    for (path, query) in lists {
        asked.push(async move { (reader.list(&path, api, &query).await, path) });
    }
    let (mut all, mut gaps, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (found, path) in stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>().await {
        match found {
            Ok(mut found) => {
                found.retain(|one| members::id::<ResourceId>(one, "/id").is_some_and(|id| seen.insert(id)));
                all.append(&mut found);
            }
            Err(why) => gaps.push(gap(&path, &why)),
        }
    }
    (all, gaps)
}

fn eligibility(body: &Value, common: &Common, who: &Identifiers) -> Option<ManualReference> {
    let principal: PrincipalId = members::id(body, "/properties/principalId")?;
    let role: ResourceId = members::id(body, "/properties/roleDefinitionId")?;
    let name = common.roles.get(&role.name().into()).cloned().unwrap_or_else(|| role.name().to_owned());
    let at = members::scope(body)?;
    let until = members::text(body, "/properties/endDateTime");
    if principal == who.principal_id {
        let kind = PimKind::AzureRole;
        let (role, at) = (role.to_string(), at.to_string());
        return Some(ManualReference::Pim(Pim { kind, name, at, until, eligible: true, from: None, role }));
    }
    (at == who.resource_id).then(|| {
        ManualReference::Eligible(Eligible {
            role,
            name,
            principal,
            until,
            condition: members::text(body, "/properties/condition"),
            condition_version: members::text(body, "/properties/conditionVersion"),
        })
    })
}

/// Those of what the index found that are not hosts, and name the identity.
pub(crate) fn resources(found: &Candidates, who: &Identifiers) -> Vec<ManualReference> {
    found.of(who).filter_map(|candidate| named(&candidate.body()?, who)).collect()
}

/// What one resource is, if it is no host.
pub(crate) fn named(body: &Value, who: &Identifiers) -> Option<ManualReference> {
    let id: ResourceId = members::id(body, "/id")?;
    let kind: ResourceType = members::id(body, "/type").or_else(|| id.kind())?;
    // What stands on the identity itself is put on the new one too.
    if id.scope().is_some_and(|scope| scope == who.resource_id) {
        return None;
    }
    manual_only_types::of(&kind)?;
    let echo = |pointer: &str| pointer == "/id" || pointer.to_ascii_lowercase().starts_with("/systemdata/");
    let mentions = scan(body, who).into_iter().filter(|mention| !echo(&mention.pointer));
    let places: BTreeSet<Reference> =
        mentions.map(|m| Reference { pointer: m.pointer, identifier: m.identifier }).collect();
    let location = members::text(body, "/location").unwrap_or_default();
    (!places.is_empty()).then(|| {
        ManualReference::Resource(NamedResource { id, kind, location, places: places.into_iter().collect() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::references::scan::Identifier;
    use crate::relocate::testing::{GROUP, OLD, PRINCIPAL, facts};
    use serde_json::json;

    #[test]
    fn a_stack_is_said_with_its_places_and_an_exemption_of_the_identity_is_not() {
        let who = facts().identity.identifiers;
        let stack = json!({"id": format!("{GROUP}/providers/Microsoft.Resources/deploymentStacks/st"),
            "type": "Microsoft.Resources/deploymentStacks",
            "properties": {"denySettings": {"excludedPrincipals": ["x", PRINCIPAL]}}});
        let Some(ManualReference::Resource(found)) = named(&stack, &who) else {
            panic!("it names the identity")
        };
        let place = "/properties/denySettings/excludedPrincipals/1".to_owned();
        assert_eq!(found.places, [Reference { pointer: place, identifier: Identifier::PrincipalId }]);
        let exemption = |of: &str| {
            let id = format!("{of}/providers/Microsoft.Authorization/policyExemptions/e");
            let body = json!({"id": id, "type": "Microsoft.Authorization/policyExemptions",
                "properties": {"policyAssignmentId": "/a", "description": format!("not for {OLD}")}});
            named(&body, &who)
        };
        assert!(exemption(&OLD.to_uppercase()).is_none());
        assert!(exemption(&format!("{OLD}-api")).is_some() && exemption(GROUP).is_some());
    }
}
