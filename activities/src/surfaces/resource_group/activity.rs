//! Activities: the resource group that new identities go into, which several moves of a batch may share.
//!
//! Deleting a group deletes everything in it, so its undo is careful: only a group that carries our mark,
//! and only when nothing is left in it. Whichever move of the batch comes last takes it away; where the identity of
//! the move itself was left in it, the group is left too, and that is said.

use crate::activity::kept_lock::{KeptLock, below, lift};
use crate::activity::kit::{Change, Handed, Kit};
use crate::activity::{Clients, REPLICATION_RETRY, SETTLING_MS, finding, map, quoted, unread};
use crate::azure::ResourceId;
use crate::surfaces::identity::create::MSI;
use rehome_orchestrator::{
    Activity, Call, Difference, Fault, FaultKind, Finding, Operation, Outcome, Probe, ResourceKey, Retry,
    Reversibility,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// resources/2024-07-01.
const API: &str = "2024-07-01";

/// The tag of groups that this program made.
const MARK: (&str, &str) = ("created-by", "rehome");

pub(crate) struct EnsureGroup(pub(crate) Clients);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupInput {
    pub(crate) id: ResourceId,
    pub(crate) location: String,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// The identity that this move makes in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) identity: Option<ResourceId>,
    /// Locks that its removal lifts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) locks: Vec<KeptLock>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupOutput {
    id: ResourceId,
}

/// How a group stands.
enum Stands {
    Absent,
    /// It is being deleted.
    Leaving,
    /// It is ours, and nothing is in it.
    EmptyOurs,
    /// It is ours, and nothing is in it but the identity of this move, which somebody left there.
    HoldsLeft(String),
    /// Somebody's, or in use.
    Kept,
}

impl EnsureGroup {
    async fn stands(&self, input: &GroupInput) -> Result<Stands, Fault> {
        let Some(group) = self.0.reader.find(&input.id, API).await? else { return Ok(Stands::Absent) };
        if group.pointer("/properties/provisioningState").and_then(Value::as_str) == Some("Deleting") {
            return Ok(Stands::Leaving);
        }
        if group.pointer(&format!("/tags/{}", MARK.0)).and_then(Value::as_str) != Some(MARK.1) {
            return Ok(Stands::Kept);
        }
        let list = format!("{}/resources", input.id);
        let inside = self.0.reader.list(&list, "2021-04-01", &[("$top", "2")]).await?;
        match (&inside[..], &input.identity) {
            ([], _) => Ok(Stands::EmptyOurs),
            ([one], Some(own)) if one["id"].as_str().is_some_and(|id| own == id) => {
                // The list lags behind what is there.
                let there = self.0.reader.find(own, MSI).await?.is_some();
                Ok(if there { Stands::HoldsLeft(own.to_string()) } else { Stands::EmptyOurs })
            }
            (_, _) => Ok(Stands::Kept),
        }
    }
}

fn not_empty(group: &str, identity: &str) -> Fault {
    let what = format!(
        "{group} was made for {identity}, which was left in it: remove the identity and try again, or leave the group too"
    );
    Fault::new(FaultKind::Conflict, "IdentityLeftInGroup", what)
}

impl Activity for EnsureGroup {
    const NAME: &'static str = "resource_group.ensure/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = REPLICATION_RETRY;
    type Input = GroupInput;
    type Before = ();
    type Output = GroupOutput;

    fn locks(&self, input: &GroupInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.id)]
    }

    async fn run(&self, call: &Call, input: &GroupInput, (): &()) -> Outcome<GroupOutput> {
        match self.0.reader.find(&input.id, API).await {
            // Another move of the batch was faster, or somebody made it: it serves as it is.
            Ok(Some(_)) => return Outcome::Applied(GroupOutput { id: input.id.clone() }),
            Ok(None) => {}
            Err(why) => return unread(why),
        }
        let mut tags = input.tags.clone();
        tags.insert(MARK.0.to_owned(), MARK.1.to_owned());
        let body = json!({"location": input.location, "tags": tags});
        let sent = self.0.writer.put(call, &input.id, API, &body, None).await;
        map(sent, |_| GroupOutput { id: input.id.clone() })
    }

    async fn poll(&self, input: &GroupInput, (): &(), operation: &Operation) -> Outcome<GroupOutput> {
        map(self.0.reader.poll(operation).await, |_| GroupOutput { id: input.id.clone() })
    }

    /// A group that others use is no effect of this step: to run again finds it, to undo leaves it.
    async fn probe(&self, input: &GroupInput, (): &()) -> Probe<GroupOutput> {
        match self.stands(input).await {
            Ok(Stands::EmptyOurs | Stands::HoldsLeft(_)) => {
                Probe::Applied(GroupOutput { id: input.id.clone() })
            }
            Ok(Stands::Absent | Stands::Kept) => Probe::NotApplied,
            Ok(Stands::Leaving) => Probe::InProgress { after: None },
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    async fn undo(&self, call: &Call, input: &GroupInput, (): &(), _: Option<&GroupOutput>) -> Outcome<()> {
        match self.stands(input).await {
            Ok(Stands::EmptyOurs) => {
                if let Err(not_now) = lift(&self.0, call, &input.locks).await {
                    return not_now;
                }
                let gone = map(self.0.writer.delete(call, &input.id, API, None).await, |_| ());
                below(call, &input.locks, gone)
            }
            Ok(Stands::HoldsLeft(identity)) => Outcome::Refused(not_empty(&input.id, &identity)),
            Ok(Stands::Absent | Stands::Kept | Stands::Leaving) => Outcome::Applied(()),
            Err(why) => unread(why),
        }
    }

    async fn verify(&self, input: &GroupInput, (): &(), _: &GroupOutput) -> Result<Vec<Finding>, Fault> {
        let gone = self.0.reader.find(&input.id, API).await?.is_none();
        let expected = Some("present".to_owned());
        let lack = gone.then(|| Difference { fact: input.id.to_string(), expected, found: None });
        Ok(vec![finding(&input.id, "present", lack.as_ref())])
    }

    fn residue(&self, input: &GroupInput, (): &(), _: Option<&GroupOutput>) -> String {
        let subscription = input.id.subscription().unwrap_or_default();
        format!("az group delete --subscription {} --name {}", quoted(&subscription), quoted(input.id.name()))
    }
}

impl Change for EnsureGroup {
    fn new(kit: &Kit) -> Self {
        Self(kit.clients())
    }

    fn handed(input: &GroupInput, _: Option<&str>) -> Handed {
        Handed::Made("azurerm_resource_group", input.id.to_string())
    }
}
