//! Activities: what the identities of a batch may do at, above and below every subscription and management group, what of
//! it ends, what they could activate, and whose conditions name them: each list is read once for all of them. Reads only.

use super::gaps::gap;
use crate::azure::errors::NO_LICENCE;
use crate::azure::{AT_ONCE, DirectoryId, PrincipalId, Reader, ResourceId, SubscriptionId};
use crate::references::members;
use crate::references::scan::Identifiers;
use crate::references::text::mentions;
use crate::references::words::{Batch, ByIdentity};
use crate::relocate::facts::{Assignment, Gap, GapCode};
use crate::surfaces::role_assignment::activity::AUTHORIZATION;
use crate::surfaces::role_assignment::facts::{SCHEDULED, SCHEDULES, assignment};
use crate::surfaces::role_assignment::preflight::counted_at;
use crate::surfaces::schedule::survey::Schedules;
use futures_util::stream::{self, StreamExt};
use rehome_orchestrator::Fault;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The list of what somebody could activate.
const ELIGIBLE: &str = "/roleEligibilitySchedules";

/// Principals that one query looks for.
const PRINCIPALS_PER_QUERY: usize = 75;

/// What was found.
pub(crate) struct Granted {
    scopes: Vec<AtScope>,
    /// Role assignments whose conditions name one of them.
    conditions: Result<ByIdentity<Value>, Gap>,
    /// Role assignments there are in each subscription, by its lower-case id.
    pub(crate) counts: BTreeMap<String, u64>,
}

/// The lists of one subscription or management group.
struct AtScope {
    /// The subscription, in lower case.
    subscription: Option<SubscriptionId>,
    roles: Listed,
    schedules: Listed,
    eligible: Listed,
}

/// What one list has of each identity: of its principal, and on itself; both by lower-case ids.
#[derive(Default)]
struct Listed {
    of: HashMap<PrincipalId, Vec<Value>>,
    on: HashMap<ResourceId, Vec<Value>>,
    gaps: Vec<Gap>,
}

impl Listed {
    fn of(&self, who: &Identifiers) -> &[Value] {
        self.of.get(&who.principal_id).map(Vec::as_slice).unwrap_or_default()
    }

    /// What others have on an identity; `None` where the list could not be read whole, and may lack some of it.
    fn on(&self, who: &Identifiers) -> Option<&[Value]> {
        let on = self.on.get(&who.resource_id).map(Vec::as_slice).unwrap_or_default();
        self.gaps.is_empty().then_some(on)
    }
}

/// Reads it all.
pub(crate) async fn read(
    reader: &Reader,
    subscriptions: &[SubscriptionId],
    management_groups: &[ResourceId],
    batch: Batch<'_>,
) -> Granted {
    let wanted = Wanted {
        principals: batch.identities.iter().map(|who| who.principal_id.clone()).collect(),
        resources: batch.identities.iter().map(|who| who.resource_id.clone()).collect(),
    };
    let mut asked = Vec::new();
    for subscription in subscriptions {
        asked.push(at_scope(reader, format!("/subscriptions/{subscription}"), Some(subscription), &wanted));
    }
    for group in management_groups {
        asked.push(at_scope(reader, group.to_string(), None, &wanted));
    }
    let (read, conditions) = futures_util::join!(
        stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>(),
        conditions(reader, batch),
    );
    let (mut scopes, mut counts) = (Vec::with_capacity(read.len()), BTreeMap::new());
    for (scope, mut counted) in read {
        scopes.push(scope);
        // What is above several subscriptions shows in the list of each.
        counts.append(&mut counted);
    }
    Granted { scopes, conditions, counts }
}

/// What is held at, above and below a scope, and when that begins and ends. Where it is a subscription, what counts there
/// is counted.
async fn at_scope(
    reader: &Reader,
    scope: String,
    subscription: Option<&SubscriptionId>,
    wanted: &Wanted,
) -> (AtScope, BTreeMap<String, u64>) {
    let path = |list: &str| format!("{scope}/providers/Microsoft.Authorization{list}");
    let lists = [path("/roleAssignments"), path(SCHEDULES), path(ELIGIBLE)];
    let (roles, schedules, eligible) = futures_util::join!(
        reader.list(&lists[0], AUTHORIZATION, &[]),
        reader.list(&lists[1], SCHEDULED, &[]),
        reader.list(&lists[2], SCHEDULED, &[]),
    );
    let mut counts = BTreeMap::new();
    if let (Some(subscription), Ok(all)) = (subscription, &roles) {
        // A subscription that has none counts none, which is not the same as not being known.
        counts.insert(subscription.folded(), 0);
        for at in all.iter().filter_map(|a| counted_at(&members::id(a, "/properties/scope")?)) {
            *counts.entry(at).or_default() += 1;
        }
    }
    // A tenant without the licence for schedules has none.
    let schedules = match schedules {
        Err(why) if why.code.eq_ignore_ascii_case(NO_LICENCE) => Ok(Vec::new()),
        other => other,
    };
    let is_role = |body: &Value| assignment(body, &BTreeMap::new()).is_some();
    let scope = AtScope {
        subscription: subscription.cloned(),
        roles: listed(&lists[0], roles, wanted, is_role),
        schedules: listed(&lists[1], schedules, wanted, |_| true),
        eligible: listed(&lists[2], eligible, wanted, |_| true),
    };
    (scope, counts)
}

/// The identities of the batch, by their lower-case ids.
struct Wanted {
    principals: HashSet<PrincipalId>,
    resources: HashSet<ResourceId>,
}

/// What of a list belongs to one of these identities. One that nobody understands may be anybody's, and is a gap.
fn listed(
    path: &str,
    found: Result<Vec<Value>, Fault>,
    wanted: &Wanted,
    known: impl Fn(&Value) -> bool,
) -> Listed {
    let mut listed = Listed::default();
    let found = match found {
        Ok(found) => found,
        Err(why) => {
            listed.gaps.push(gap(path, &why));
            return listed;
        }
    };
    let (all, mut strange) = (found.len(), 0);
    for body in found {
        if !known(&body) {
            strange += 1;
            continue;
        }
        let principal: PrincipalId = members::id(&body, "/properties/principalId").unwrap_or_default();
        let at = members::scope(&body).unwrap_or_default();
        if wanted.resources.contains(&at) {
            listed.on.entry(at).or_default().push(body.clone());
        }
        if wanted.principals.contains(&principal) {
            listed.of.entry(principal).or_default().push(body);
        }
    }
    if strange > 0 {
        let why = format!("{strange} of {all} entries are not what this list should have");
        listed.gaps.push(Gap { code: GapCode::Unreadable, scope: path.to_owned(), why });
    }
    listed
}

/// Assignments whose conditions name one of these principals.
async fn conditions(reader: &Reader, batch: Batch<'_>) -> Result<ByIdentity<Value>, Gap> {
    const TABLE: &str = "Resource Graph: authorizationresources";
    let mut asked = Vec::new();
    for some in batch.identities.chunks(PRINCIPALS_PER_QUERY) {
        let clause = |who: &&Identifiers| {
            format!("tostring(properties.condition) contains '{}'", who.principal_id.replace('\'', ""))
        };
        let clauses: Vec<String> = some.iter().map(clause).collect();
        let query = format!(
            "authorizationresources | where type =~ 'microsoft.authorization/roleassignments' \
             | where {} | project id, properties",
            clauses.join(" or ")
        );
        asked.push(async move { reader.resource_graph(&query, &[]).await });
    }
    let mut all = Vec::new();
    for rows in stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>().await {
        all.extend(rows.map_err(|why| gap(TABLE, &why))?);
    }
    if all.iter().any(|row| assignment(row, &BTreeMap::new()).is_none()) {
        let why = "a row is no role assignment".to_owned();
        return Err(Gap { code: GapCode::Unreadable, scope: TABLE.to_owned(), why });
    }
    Ok(batch.sorted_values(all))
}

impl Granted {
    /// The lists of the subscription that an identity is in.
    fn home(&self, who: &Identifiers) -> Option<&AtScope> {
        let home = who.resource_id.subscription()?;
        self.scopes.iter().find(|scope| scope.subscription.as_ref() == Some(&home))
    }

    /// The roles on an identity, where all of them are known from above.
    pub(crate) fn roles_on(&self, who: &Identifiers) -> Option<&[Value]> {
        self.home(who)?.roles.on(who)
    }

    /// When roles on an identity begin and end, where that is known from above.
    pub(crate) fn schedules_on(&self, who: &Identifiers) -> Option<&[Value]> {
        self.home(who)?.schedules.on(who)
    }

    /// The roles on an identity that somebody could activate, where all of them are known from above.
    pub(crate) fn eligible_on(&self, who: &Identifiers) -> Option<&[Value]> {
        self.home(who)?.eligible.on(who)
    }

    /// What one identity may do, and what of that could not be read.
    pub(crate) fn roles(
        &self,
        who: &Identifiers,
        names: &BTreeMap<DirectoryId, String>,
    ) -> (Vec<Assignment>, Vec<Gap>) {
        let (mut all, mut gaps, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        for scope in &self.scopes {
            gaps.extend(scope.roles.gaps.iter().chain(&scope.schedules.gaps).cloned());
            if scope.roles.of.is_empty() && !scope.roles.gaps.is_empty() {
                continue;
            }
            let roles = scope.roles.of(who).iter();
            let mut more: Vec<Assignment> = roles.filter_map(|body| assignment(body, names)).collect();
            Schedules(scope.schedules.of(who).to_vec()).apply(&mut more, names);
            more.retain(|a| seen.insert(a.id.clone()));
            all.extend(more);
        }
        (all, gaps)
    }

    /// What one identity could activate, each thing once, and what of that could not be read.
    pub(crate) fn eligible(&self, who: &Identifiers) -> (Vec<&Value>, Vec<Gap>) {
        let mut seen = BTreeSet::new();
        let all = self.scopes.iter().flat_map(|scope| scope.eligible.of(who));
        let once = all.filter(|one| members::id::<ResourceId>(one, "/id").is_some_and(|id| seen.insert(id)));
        (once.collect(), self.scopes.iter().flat_map(|scope| scope.eligible.gaps.iter().cloned()).collect())
    }

    /// Assignments of others whose conditions name one identity.
    pub(crate) fn naming(
        &self,
        who: &Identifiers,
        names: &BTreeMap<DirectoryId, String>,
    ) -> Result<Vec<Assignment>, Gap> {
        let rows = self.conditions.as_ref().map_err(Clone::clone)?.of(who);
        let all = rows.filter_map(|row| assignment(row, names));
        let others = all.filter(|a| a.principal_id != who.principal_id);
        Ok(others
            .filter(|a| a.condition.as_deref().is_some_and(|c| mentions(c, &who.principal_id)))
            .collect())
    }
}
