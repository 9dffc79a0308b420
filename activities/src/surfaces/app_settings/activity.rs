//! Activities: application settings and connection strings that name the identity (web/2023-12-01).
//!
//! The whole map is written at once, so it is read in the same step under the site's lock and only our
//! settings change in it. The log holds names, marks and the spelling of an identity's name; no value.

use crate::activity::kit::{Change, Handed, Kit};
use crate::activity::spilt::{
    Parts, Spilt, broken, found_changed, left_out, probed, probed_back, taken_back, written,
};
use crate::activity::splice::Splice;
use crate::activity::{Clients, REPLICATION_RETRY, SETTLING_MS, finding, foreign, map, quoted, unread};
use crate::azure::{ReadAction, ResourceId, WEB};
use crate::commands::shown;
use crate::references::rest::{Rest, Spill};
use crate::references::rewrite::{Pair, rewrite};
use crate::references::settings_key::SettingsKey;
use crate::references::text::mentions;
use rehome_orchestrator::PlanValue;
use rehome_orchestrator::{
    Activity, Call, Difference, Direction, Evidence, Fault, Finding, Outcome, Probe, ResourceKey, Retry,
    Reversibility,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::time::Duration;

/// One of the maps that a site has.
pub(crate) trait List: Send + Sync + 'static {
    const NAME: &'static str;
    /// What Azure calls the map.
    const LIST: &'static str;
    /// What the Azure CLI calls it.
    const WORD: &'static str;
    const READ: ReadAction;

    /// The text of an entry.
    fn text(entry: &Value) -> Option<&str>;
    /// The entry with another text.
    fn with(entry: &Value, text: String) -> Value;
    /// What the marks of a site's values are made under; no two lists have the same.
    fn marked_under(site: &str) -> String;
}

/// Application settings: each a text.
pub(crate) struct AppSettings;

impl List for AppSettings {
    const NAME: &'static str = "app_settings.rewrite/1";
    const LIST: &'static str = "appsettings";
    const WORD: &'static str = "appsettings";
    const READ: ReadAction = ReadAction::ListAppSettings;

    fn text(entry: &Value) -> Option<&str> {
        entry.as_str()
    }

    fn with(_: &Value, text: String) -> Value {
        Value::String(text)
    }

    fn marked_under(site: &str) -> String {
        site.to_owned()
    }
}

/// Connection strings: each a text and the type of what it leads to.
pub(crate) struct ConnectionStrings;

impl List for ConnectionStrings {
    const NAME: &'static str = "connection_strings.rewrite/1";
    const LIST: &'static str = "connectionstrings";
    const WORD: &'static str = "connection-string";
    const READ: ReadAction = ReadAction::ListConnectionStrings;

    fn text(entry: &Value) -> Option<&str> {
        entry["value"].as_str()
    }

    fn with(entry: &Value, text: String) -> Value {
        let mut entry = entry.clone();
        entry["value"] = Value::String(text);
        entry
    }

    fn marked_under(site: &str) -> String {
        format!("{site}/config/connectionstrings")
    }
}

pub(crate) struct SettingsRewrite<L> {
    clients: Clients,
    key: SettingsKey,
    list: PhantomData<L>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsInput {
    pub(crate) site: ResourceId,
    pub(crate) replace: Vec<Pair>,
    pub(crate) settings: PlanValue<Vec<String>>,
}

/// What was there before: for each setting the mark of its value, and what changes in it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsBefore {
    settings: BTreeMap<String, Marked>,
    /// The marks of all others; logs of older programs do not have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rest: Option<Rest>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Marked {
    mark: String,
    splice: Splice,
}

enum Stands {
    Old,
    New,
    Strange,
}

impl<L: List> SettingsRewrite<L> {
    async fn live(&self, input: &SettingsInput) -> Result<Map<String, Value>, Fault> {
        let found = self.clients.reader.post_read(L::READ, &input.site).await?;
        Ok(found["properties"].as_object().cloned().unwrap_or_default())
    }

    fn stands(input: &SettingsInput, marked: &Marked, value: Option<&Value>) -> Stands {
        match value.and_then(L::text) {
            Some(text) if marked.splice.is_now(text) => Stands::New,
            Some(text) if input.replace.iter().any(|p| mentions(text, &p.from)) => Stands::Old,
            Some(_) | None => Stands::Strange,
        }
    }

    fn id(input: &SettingsInput) -> String {
        format!("{}/config/{}", input.site, L::LIST)
    }

    fn fact(input: &SettingsInput, name: &str) -> String {
        format!("{}#{name}", Self::id(input))
    }

    /// What the map holds beside our settings.
    fn rest(&self, input: &SettingsInput, live: &Map<String, Value>) -> Rest {
        let others = live.iter().filter(|(name, _)| !input.settings.contains(name));
        Rest::of_marks(others.map(|(name, entry)| (name.clone(), self.mark(input, name, &entry.to_string()))))
    }

    /// What is not as it was before the step, beside our settings.
    fn spilt(&self, input: &SettingsInput, before: &SettingsBefore, live: &Map<String, Value>) -> Vec<Spill> {
        before.rest.as_ref().map(|was| was.spilt(&self.rest(input, live))).unwrap_or_default()
    }

    /// How much of our change is in place, or the first setting that is neither as it was nor as it is to be.
    fn parts(
        input: &SettingsInput,
        before: &SettingsBefore,
        live: &Map<String, Value>,
    ) -> Result<Parts, Difference> {
        let (mut old, mut new) = (false, false);
        for (name, marked) in &before.settings {
            match Self::stands(input, marked, live.get(name)) {
                Stands::Old => old = true,
                Stands::New => new = true,
                Stands::Strange => return Err(Self::strange(input, name)),
            }
        }
        Ok(match (old, new) {
            (false, _) => Parts::All,
            (true, false) => Parts::None,
            (true, true) => Parts::Some,
        })
    }

    /// Writes a map and reads it back: what else is not as in the map that was read before. `ours` says whether our
    /// settings are as they were to become.
    async fn replace(
        &self,
        call: &Call,
        input: &SettingsInput,
        was: &Map<String, Value>,
        mut target: Map<String, Value>,
        ours: impl Fn(&Map<String, Value>) -> bool,
    ) -> Outcome<Vec<Spill>> {
        let rest = self.rest(input, was);
        let mut again = true;
        loop {
            match self.write(call, input, target).await {
                Outcome::Applied(()) => {}
                other => return map(other, |()| Vec::new()),
            }
            let now = match self.live(input).await {
                Ok(now) if ours(&now) => now,
                Ok(_) => return Outcome::Unknown(not_as_written::<L>(input)),
                Err(why) => return Outcome::Unknown(why),
            };
            let spilt = rest.spilt(&self.rest(input, &now));
            let lost: Map<String, Value> = was
                .iter()
                .filter(|(name, _)| !now.contains_key(*name))
                .map(|(name, entry)| (name.clone(), entry.clone()))
                .collect();
            // Nobody but this process knows what was lost: it goes back at once, or never.
            if lost.is_empty() || !std::mem::take(&mut again) {
                return Outcome::Applied(spilt);
            }
            target = now;
            target.extend(lost);
        }
    }

    fn mark(&self, input: &SettingsInput, name: &str, text: &str) -> String {
        self.key.mark(&L::marked_under(&input.site), name, text)
    }

    fn strange(input: &SettingsInput, name: &str) -> Difference {
        Difference {
            fact: Self::fact(input, name),
            expected: Some("a value that names the old or the new identity".to_owned()),
            found: Some("another value".to_owned()),
        }
    }

    async fn write(&self, call: &Call, input: &SettingsInput, settings: Map<String, Value>) -> Outcome<()> {
        let id = format!("{}/config/{}", input.site, L::LIST);
        map(self.clients.writer.put(call, &id, WEB, &json!({ "properties": settings }), None).await, |_| ())
    }
}

fn not_as_written<L: List>(input: &SettingsInput) -> Fault {
    left_out("200", &input.settings.join(", "), SettingsRewrite::<L>::id(input))
}

impl<L: List> Activity for SettingsRewrite<L> {
    const NAME: &'static str = L::NAME;
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = REPLICATION_RETRY;
    const EVIDENCE: Evidence = Evidence::Conclusive;
    type Input = SettingsInput;
    type Before = SettingsBefore;
    type Output = Spilt;

    fn locks(&self, input: &SettingsInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.site)]
    }

    fn turn(&self, input: &SettingsInput, _: Direction) -> Option<Duration> {
        self.clients.writer.turn("PUT", &input.site)
    }

    async fn before(&self, input: &SettingsInput) -> Result<SettingsBefore, Fault> {
        let live = self.live(input).await?;
        let mut settings = BTreeMap::new();
        for name in &input.settings {
            let Some(text) = live.get(name).and_then(L::text) else { continue };
            let (after, _) = rewrite(&json!(text), &input.replace);
            let splice = Splice::of(text, after.as_str().unwrap_or(text));
            settings.insert(name.clone(), Marked { mark: self.mark(input, name, text), splice });
        }
        Ok(SettingsBefore { settings, rest: Some(self.rest(input, &live)) })
    }

    async fn run(&self, call: &Call, input: &SettingsInput, before: &SettingsBefore) -> Outcome<Spilt> {
        let mut live = match self.live(input).await {
            Ok(live) => live,
            Err(why) => return unread(why),
        };
        if let Some(why) = found_changed(call, &Self::id(input), || self.spilt(input, before, &live)) {
            return Outcome::Refused(why);
        }
        let (mut changed, was) = (false, live.clone());
        for (name, marked) in &before.settings {
            match (Self::stands(input, marked, live.get(name)), live.get(name)) {
                (Stands::Old, Some(entry)) => {
                    let (after, _) = rewrite(&json!(L::text(entry)), &input.replace);
                    let after = L::with(entry, after.as_str().unwrap_or_default().to_owned());
                    live.insert(name.clone(), after);
                    changed = true;
                }
                (Stands::New, _) => {}
                (Stands::Old | Stands::Strange, _) => return foreign(&Self::strange(input, name)),
            }
        }
        if !changed {
            return Outcome::Applied(Spilt::NONE);
        }
        let ours = |live: &Map<String, Value>| Self::parts(input, before, live) == Ok(Parts::All);
        match self.replace(call, input, &was, live, ours).await {
            Outcome::Applied(spilt) => written(&Self::id(input), &spilt),
            other => map(other, |_| Spilt::NONE),
        }
    }

    async fn probe(&self, input: &SettingsInput, before: &SettingsBefore) -> Probe<Spilt> {
        match self.live(input).await {
            Ok(live) => probed(Self::parts(input, before, &live), self.spilt(input, before, &live)),
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    async fn probe_undo(
        &self,
        input: &SettingsInput,
        before: &SettingsBefore,
        was: Option<&Spilt>,
    ) -> Probe<Spilt> {
        match self.live(input).await {
            Ok(live) => probed_back(Self::parts(input, before, &live), was, &self.rest(input, &live)),
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    /// Other moves re-point other settings of the same site, each of which has another mark then: what came and
    /// what went is told.
    async fn restored(
        &self,
        input: &SettingsInput,
        before: &SettingsBefore,
    ) -> Result<Vec<Difference>, Fault> {
        let spilt = self.spilt(input, before, &self.live(input).await?);
        let id = Self::id(input);
        Ok(spilt.iter().filter(|spill| !spill.is_change()).map(|spill| spill.difference(&id)).collect())
    }

    async fn reconstruct_before(&self, input: &SettingsInput) -> Result<Option<SettingsBefore>, Fault> {
        let live = self.live(input).await?;
        let mut settings = BTreeMap::new();
        for name in &input.settings {
            let Some(text) = live.get(name).and_then(L::text) else { return Ok(None) };
            let Some(splice) = Splice::reconstruct_before(text, &input.replace) else { return Ok(None) };
            let was = splice.back(text).unwrap_or_else(|| text.to_owned());
            settings.insert(name.clone(), Marked { mark: self.mark(input, name, &was), splice });
        }
        Ok(Some(SettingsBefore { settings, rest: None }))
    }

    async fn undo(
        &self,
        call: &Call,
        input: &SettingsInput,
        before: &SettingsBefore,
        was: Option<&Spilt>,
    ) -> Outcome<()> {
        let mut live = match self.live(input).await {
            Ok(live) => live,
            Err(why) => return unread(why),
        };
        let (mut changed, then) = (false, live.clone());
        for (name, marked) in &before.settings {
            match (Self::stands(input, marked, live.get(name)), live.get(name)) {
                (Stands::New, Some(entry)) => {
                    let Some(was) = L::text(entry).and_then(|text| marked.splice.back(text)) else {
                        return foreign(&Self::strange(input, name));
                    };
                    if self.mark(input, name, &was) != marked.mark {
                        return foreign(&Self::strange(input, name));
                    }
                    let was = L::with(entry, was);
                    live.insert(name.clone(), was);
                    changed = true;
                }
                (Stands::Old, _) => {}
                (Stands::New | Stands::Strange, _) => return foreign(&Self::strange(input, name)),
            }
        }
        // None of the values is in the log.
        let mut left = was.map(|was| was.still(&self.rest(input, &then))).unwrap_or_default();
        if changed {
            let ours = |live: &Map<String, Value>| Self::parts(input, before, live) == Ok(Parts::None);
            match self.replace(call, input, &then, live, ours).await {
                Outcome::Applied(more) => left.extend(more),
                other => return map(other, |_| ()),
            }
        }
        taken_back(&Self::id(input), &left)
    }

    async fn verify(
        &self,
        input: &SettingsInput,
        before: &SettingsBefore,
        spilt: &Spilt,
    ) -> Result<Vec<Finding>, Fault> {
        let live = self.live(input).await?;
        let judge = |(name, marked): (&String, &Marked)| {
            let fact = Self::fact(input, name);
            let difference = match Self::stands(input, marked, live.get(name)) {
                Stands::New => None,
                Stands::Old => Some("names the old identity"),
                Stands::Strange => Some("another value"),
            };
            let difference = difference.map(|found| Difference {
                fact: fact.clone(),
                expected: Some("names the new identity".to_owned()),
                found: Some(found.to_owned()),
            });
            finding(&fact, "names the new identity", difference.as_ref())
        };
        let mut out: Vec<Finding> = before.settings.iter().map(judge).collect();
        out.extend(broken(&Self::id(input), &spilt.still(&self.rest(input, &live))));
        Ok(out)
    }

    fn residue(&self, input: &SettingsInput, _: &SettingsBefore, was: Option<&Spilt>) -> String {
        let name = input.site.name();
        let lost = was.iter().flat_map(|was| was.iter()).map(|spill| spill.pointer.as_str());
        format!(
            "az webapp config {} set --name {}: set {} back",
            L::WORD,
            quoted(name),
            shown(&input.settings.iter().map(String::as_str).chain(lost).collect::<Vec<_>>().join(", "))
        )
    }
}

impl<L: List> Change for SettingsRewrite<L> {
    const IN_PLACE: bool = true;

    fn new(kit: &Kit) -> Self {
        Self { clients: kit.clients(), key: kit.key(), list: PhantomData }
    }

    fn handed(input: &SettingsInput, _: Option<&str>) -> Handed {
        Handed::Changed(input.site.to_string())
    }
}
