//! Activities: entries in key vaults (keyvault/2023-07-01). `add` and `remove` merge on Azure's side, so
//! nobody's entry is written over; what else of the vault is not as it was is looked for all the same.

use crate::activity::kit::{Change, Handed, Kit};
use crate::activity::spilt::{
    Parts, Spilt, broken, found_changed, left_out, probed, probed_back, taken_back, written,
};
use crate::activity::{Clients, REPLICATION_RETRY, SETTLING_MS, finding, map, unread};
use crate::azure::{ClientId, DirectoryId, NO_ANSWER, PrincipalId, ResourceId};
use crate::commands::shown;
use crate::references::rest::{Rest, Spill};
use crate::references::settings_key::SettingsKey;
use crate::references::table::Verb;
use crate::surfaces::host::rewrite::{Shape, shape};
use crate::surfaces::key_vault_policy::image::{Image, entry_of, flat, image, is_entry, is_of_before};
use rehome_orchestrator::PlanValue;
use rehome_orchestrator::{
    Activity, Call, Difference, Direction, Evidence, Fault, FaultKind, Finding, Outcome, Probe, ResourceKey,
    Retry, Reversibility,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::time::Duration;

const VAULTS: &str = "2023-07-01";

/// What becomes of an entry.
pub(crate) trait Way: Send + Sync + 'static {
    const NAME: &'static str;
    /// The entry comes; otherwise it goes.
    const ADDS: bool;
    const EVIDENCE: Evidence;
    /// What is to be kept of what was there before.
    type Before: Kept;
}

/// What was there before, as the log has it.
pub(crate) trait Kept:
    Serialize + serde::de::DeserializeOwned + Clone + Send + Sync + 'static
{
    fn of(mine: Option<Value>, rest: Option<Rest>) -> Self;
    /// What the vault allowed the principal.
    fn mine(&self) -> Option<&Value>;
    /// What else is not as it was; nothing where the log does not say what was.
    fn spilt(&self, now: &Vault) -> Vec<Spill>;
}

pub(crate) struct Add;

impl Way for Add {
    const NAME: &'static str = "access_policy.add/1";
    const ADDS: bool = true;
    const EVIDENCE: Evidence = Evidence::Conclusive;
    type Before = Option<Image>;
}

pub(crate) struct Remove;

impl Way for Remove {
    const NAME: &'static str = "access_policy.remove/1";
    const ADDS: bool = false;
    const EVIDENCE: Evidence = Evidence::AbsenceOnly;
    type Before = Removed;
}

impl Kept for Option<Image> {
    fn of(_: Option<Value>, rest: Option<Rest>) -> Self {
        rest.map(|vault| Image::Vault { vault })
    }

    fn mine(&self) -> Option<&Value> {
        None
    }

    fn spilt(&self, now: &Vault) -> Vec<Spill> {
        match self {
            Some(Image::Vault { vault }) => vault.spilt(&now.rest),
            Some(Image::Policies(policies)) => policies.spilt(&now.policies),
            None => Vec::new(),
        }
    }
}

/// What a vault allowed somebody who goes; logs of older programs have only that.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Removed {
    Vault { allowed: Option<Value>, vault: Rest },
    Allowed(Option<Value>),
}

impl Kept for Removed {
    fn of(mine: Option<Value>, rest: Option<Rest>) -> Self {
        match rest {
            Some(vault) => Self::Vault { allowed: mine, vault },
            None => Self::Allowed(mine),
        }
    }

    fn mine(&self) -> Option<&Value> {
        let (Self::Vault { allowed, .. } | Self::Allowed(allowed)) = self;
        allowed.as_ref()
    }

    fn spilt(&self, now: &Vault) -> Vec<Spill> {
        match self {
            Self::Vault { vault, .. } => vault.spilt(&now.rest),
            Self::Allowed(_) => Vec::new(),
        }
    }
}

/// A vault as it is.
pub(crate) struct Vault {
    live: Value,
    /// What it allows the principal.
    mine: Option<Value>,
    /// All of it but that.
    rest: Rest,
    /// What it allows others, as older logs have it.
    policies: Rest,
}

impl Vault {
    /// The image in which what a write has changed was told: older logs have entries alone.
    fn as_told(&self, was: Option<&Spilt>) -> &Rest {
        let old = was.is_some_and(|was| was.iter().any(is_of_before));
        if old { &self.policies } else { &self.rest }
    }

    fn still(&self, was: Option<&Spilt>) -> Vec<Spill> {
        was.map(|told| told.still(self.as_told(was))).unwrap_or_default()
    }
}

pub(crate) struct Policy<W> {
    clients: Clients,
    key: SettingsKey,
    way: PhantomData<W>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyInput {
    pub(crate) vault: ResourceId,
    pub(crate) tenant_id: DirectoryId,
    pub(crate) object_id: PlanValue<PrincipalId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) application_id: Option<ClientId>,
    pub(crate) permissions: PlanValue<Value>,
}

impl PolicyInput {
    fn fact(&self) -> String {
        format!("{}/accessPolicies/{}", self.vault, self.object_id)
    }

    fn entry(&self) -> Value {
        let mut entry = json!({"tenantId": self.tenant_id, "objectId": *self.object_id, "permissions": *self.permissions});
        if let Some(application) = &self.application_id {
            entry["applicationId"] = json!(application);
        }
        entry
    }

    fn is_mine(&self, entry: &Value) -> bool {
        let same =
            |name: &str, wanted: &str| entry[name].as_str().is_some_and(|f| f.eq_ignore_ascii_case(wanted));
        same("objectId", &self.object_id)
            && match &self.application_id {
                Some(application) => same("applicationId", application),
                None => entry.get("applicationId").is_none_or(Value::is_null),
            }
    }

    /// Where what the vault allows is not what is to be given or taken away.
    fn judge(&self, mine: Option<&Value>) -> Option<Difference> {
        let (wanted, found) = (flat(&self.permissions), mine.map(flat));
        let show = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" ");
        (found.as_ref() != Some(&wanted)).then(|| Difference {
            fact: self.fact(),
            expected: Some(show(&wanted)),
            found: found.as_ref().map(show),
        })
    }

    fn not_as_written(&self) -> Fault {
        left_out("200", "/properties/accessPolicies", self.fact())
    }
}

impl<W: Way> Policy<W> {
    async fn look(&self, input: &PolicyInput) -> Result<Vault, Fault> {
        let live = self.clients.reader.get(&input.vault, VAULTS).await?;
        let by_roles = live.pointer("/properties/enableRbacAuthorization") == Some(&Value::Bool(true));
        let entries = live.pointer("/properties/accessPolicies").and_then(Value::as_array);
        if entries.is_none() && !by_roles {
            let what = "the answer has no list of access policies";
            return Err(Fault::new(FaultKind::Broken, NO_ANSWER, what).at(input.vault.clone()));
        }
        let mine = entries.into_iter().flatten().find(|entry| input.is_mine(entry));
        let mine = mine.map(|entry| entry["permissions"].clone());
        let (rest, policies) = image(&live, &self.key, |entry| input.is_mine(entry));
        Ok(Vault { live, mine, rest, policies })
    }

    /// How much of the change is in place.
    fn parts(input: &PolicyInput, mine: Option<&Value>) -> Result<Parts, Difference> {
        match mine {
            None if W::ADDS => Ok(Parts::None),
            None => Ok(Parts::All),
            Some(_) if !W::ADDS => Ok(Parts::None),
            Some(live) => input.judge(Some(live)).map_or(Ok(Parts::All), Err),
        }
    }

    async fn write(&self, call: &Call, input: &PolicyInput, adds: bool, entries: &[Value]) -> Outcome<()> {
        let id = format!("{}/accessPolicies/{}", input.vault, if adds { "add" } else { "remove" });
        let body = json!({"properties": {"accessPolicies": entries}});
        map(self.clients.writer.put(call, &id, VAULTS, &body, None).await, |_| ())
    }

    /// Gives the vault and others back what a write took from them.
    async fn give_back(&self, call: &Call, input: &PolicyInput, live: &Value, lost: &[Spill]) -> Outcome<()> {
        let entries: Vec<Value> = lost.iter().filter_map(entry_of).collect();
        if !entries.is_empty() {
            match self.write(call, input, true, &entries).await {
                Outcome::Applied(()) => {}
                other => return other,
            }
        }
        let mut target = live.clone();
        lost.iter().filter(|spill| !is_entry(spill)).for_each(|spill| spill.put_back(&mut target));
        if target == *live {
            return Outcome::Applied(());
        }
        let (Shape::Patch(body) | Shape::Put(body)) = shape(Verb::Patch, live, &target);
        map(self.clients.writer.patch(call, &input.vault, VAULTS, &body, None).await, |_| ())
    }

    /// Takes our change back, where it is in place.
    async fn take_back(
        &self,
        call: &Call,
        input: &PolicyInput,
        before: &W::Before,
        mine: Option<&Value>,
    ) -> Outcome<()> {
        let entry = [input.entry()];
        match (mine, input.judge(mine)) {
            (Some(_), Some(difference)) if W::ADDS => crate::activity::foreign(&difference),
            (Some(_), None) if W::ADDS => self.write(call, input, false, &entry).await,
            (None, _) if !W::ADDS && before.mine().is_some() => self.write(call, input, true, &entry).await,
            (Some(_) | None, _) => Outcome::Applied(()),
        }
    }
}

impl<W: Way> Activity for Policy<W> {
    const NAME: &'static str = W::NAME;
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = REPLICATION_RETRY;
    const EVIDENCE: Evidence = W::EVIDENCE;
    type Input = PolicyInput;
    type Before = W::Before;
    type Output = Spilt;

    fn locks(&self, input: &PolicyInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.vault)]
    }

    fn turn(&self, input: &PolicyInput, _: Direction) -> Option<Duration> {
        self.clients.writer.turn("PUT", &input.vault)
    }

    async fn before(&self, input: &PolicyInput) -> Result<W::Before, Fault> {
        let vault = self.look(input).await?;
        Ok(W::Before::of(vault.mine, Some(vault.rest)))
    }

    async fn run(&self, call: &Call, input: &PolicyInput, before: &W::Before) -> Outcome<Spilt> {
        if call.attempt() > 1 {
            // An attempt that goes on where another one stopped finds here what that one has changed.
            match self.look(input).await {
                Ok(vault) => {
                    if let Some(why) = found_changed(call, &input.vault, || before.spilt(&vault)) {
                        return Outcome::Refused(why);
                    }
                }
                Err(why) => return unread(why),
            }
        }
        match before.mine().map(|mine| input.judge(Some(mine))) {
            None if !W::ADDS => return Outcome::Applied(Spilt::NONE),
            Some(Some(difference)) => return crate::activity::foreign(&difference),
            None | Some(None) => {}
        }
        match self.write(call, input, W::ADDS, &[input.entry()]).await {
            Outcome::Applied(()) => match self.look(input).await {
                Ok(vault) if Self::parts(input, vault.mine.as_ref()) != Ok(Parts::All) => {
                    Outcome::Unknown(input.not_as_written())
                }
                Ok(vault) => written(&input.vault, &before.spilt(&vault)),
                Err(why) => Outcome::Unknown(why),
            },
            other => map(other, |()| Spilt::NONE),
        }
    }

    async fn probe(&self, input: &PolicyInput, before: &W::Before) -> Probe<Spilt> {
        match self.look(input).await {
            Ok(vault) => probed(Self::parts(input, vault.mine.as_ref()), before.spilt(&vault)),
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    async fn probe_undo(&self, input: &PolicyInput, _: &W::Before, was: Option<&Spilt>) -> Probe<Spilt> {
        match self.look(input).await {
            Ok(vault) => probed_back(Self::parts(input, vault.mine.as_ref()), was, vault.as_told(was)),
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    /// Other moves have entries of their own, which come and go.
    async fn restored(&self, input: &PolicyInput, before: &W::Before) -> Result<Vec<Difference>, Fault> {
        let spilt = before.spilt(&self.look(input).await?);
        let others =
            spilt.iter().filter(|spill| spill.pointer.starts_with("/properties/") && !is_entry(spill));
        Ok(others.map(|spill| spill.difference(&input.vault)).collect())
    }

    /// What others had is not known any more; of who goes it is what is there, or what the plan says was there.
    async fn reconstruct_before(&self, input: &PolicyInput) -> Result<Option<W::Before>, Fault> {
        let mine = if W::ADDS { None } else { self.look(input).await?.mine };
        Ok(Some(W::Before::of(Some(mine.unwrap_or_else(|| (*input.permissions).clone())), None)))
    }

    async fn undo(
        &self,
        call: &Call,
        input: &PolicyInput,
        before: &W::Before,
        was: Option<&Spilt>,
    ) -> Outcome<()> {
        let then = match self.look(input).await {
            Ok(found) => found,
            Err(why) => return unread(why),
        };
        let still = then.still(was);
        let open: Vec<Spill> = still.iter().filter(|spill| !spill.is_secret()).cloned().collect();
        let back = match self.give_back(call, input, &then.live, &open).await {
            Outcome::Applied(()) => self.take_back(call, input, before, then.mine.as_ref()).await,
            other => other,
        };
        match back {
            Outcome::Applied(()) => {}
            other => return other,
        }
        match self.look(input).await {
            Ok(now) => {
                let mut left = now.still(was);
                let more = then.rest.spilt(&now.rest).into_iter();
                left.extend(more.filter(|one| !still.iter().any(|lost| lost.covers(one))));
                match Self::parts(input, now.mine.as_ref()) {
                    Ok(Parts::All) if before.mine().is_some() || W::ADDS => {
                        Outcome::Unknown(input.not_as_written())
                    }
                    _ => taken_back(&input.vault, &left),
                }
            }
            Err(why) => Outcome::Unknown(why),
        }
    }

    async fn verify(&self, input: &PolicyInput, _: &W::Before, spilt: &Spilt) -> Result<Vec<Finding>, Fault> {
        let vault = self.look(input).await?;
        let (promise, difference) = if W::ADDS {
            ("present", input.judge(vault.mine.as_ref()))
        } else {
            let found = Some("present".to_owned());
            let there = |_| Difference { fact: input.fact(), expected: None, found };
            ("absent", vault.mine.as_ref().map(there))
        };
        let mut out = vec![finding(&input.fact(), promise, difference.as_ref())];
        out.extend(broken(&input.vault, &vault.still(Some(spilt))));
        Ok(out)
    }

    fn residue(&self, input: &PolicyInput, _: &W::Before, _: Option<&Spilt>) -> String {
        if !W::ADDS {
            let (who, vault) = (shown(&input.object_id), shown(&input.vault));
            return format!("put the access policy of {who} back into {vault}");
        }
        let name = input.vault.name();
        format!(
            "az keyvault delete-policy --name {} --object-id {}",
            crate::activity::quoted(name),
            crate::activity::quoted(&input.object_id)
        )
    }
}

impl<W: Way> Change for Policy<W> {
    fn new(kit: &Kit) -> Self {
        Self { clients: kit.clients(), key: kit.key(), way: PhantomData }
    }

    fn handed(input: &PolicyInput, _: Option<&str>) -> Handed {
        let id = format!("{}/objectId/{}", input.vault, input.object_id);
        if !W::ADDS {
            return Handed::Gone(id);
        }
        let whole = match &input.application_id {
            Some(application) => format!("{id}/applicationId/{application}"),
            None => id,
        };
        Handed::Made("azurerm_key_vault_access_policy", whole)
    }
}
