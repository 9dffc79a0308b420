//! Activities: application settings that name the identity (web/2023-12-01).
//!
//! The whole map is written at once, so it is read in the same step under the site's lock and only our
//! settings change in it. The log holds names, marks and the spelling of an identity's name; no value.

use super::splice::Splice;
use super::{Clients, PATIENT, SETTLING_MS, finding, foreign, map, quoted, unread};
use crate::azure::ReadAction;
use crate::references::rewrite::{Pair, rewrite};
use crate::references::settings::SettingsKey;
use crate::references::text::mentions;
use rehome_orchestrator::{
    Activity, Call, Difference, Fault, Finding, Outcome, Probe, ResourceKey, Retry, Reversibility, Trace,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const WEB: &str = "2023-12-01";

pub(crate) struct AppSettingsRewrite {
    pub(crate) clients: Clients,
    pub(crate) key: SettingsKey,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsInput {
    site: String,
    replace: Vec<Pair>,
    settings: Vec<String>,
}

/// What was there before: for each setting the mark of its value, and what changes in it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsBefore {
    settings: BTreeMap<String, Marked>,
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

impl AppSettingsRewrite {
    async fn live(&self, input: &SettingsInput) -> Result<Map<String, Value>, Fault> {
        let found = self.clients.reader.post_read(ReadAction::ListAppSettings, &input.site).await?;
        Ok(found["properties"].as_object().cloned().unwrap_or_default())
    }

    fn stands(input: &SettingsInput, marked: &Marked, value: Option<&Value>) -> Stands {
        match value.and_then(Value::as_str) {
            Some(text) if marked.splice.is_now(text) => Stands::New,
            Some(text) if input.replace.iter().any(|p| mentions(text, &p.from)) => Stands::Old,
            Some(_) | None => Stands::Strange,
        }
    }

    fn strange(input: &SettingsInput, name: &str) -> Difference {
        Difference {
            fact: format!("{}/config/appsettings#{name}", input.site),
            expected: Some("a value that names the old or the new identity".to_owned()),
            found: Some("another value".to_owned()),
        }
    }

    async fn write(&self, call: &Call, input: &SettingsInput, settings: Map<String, Value>) -> Outcome<()> {
        let id = format!("{}/config/appsettings", input.site);
        map(self.clients.writer.put(call, &id, WEB, &json!({ "properties": settings }), None).await, |_| ())
    }
}

impl Activity for AppSettingsRewrite {
    const NAME: &'static str = "app_settings.rewrite/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = PATIENT;
    type Input = SettingsInput;
    type Before = SettingsBefore;
    type Output = ();

    fn locks(&self, input: &SettingsInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.site)]
    }

    async fn before(&self, input: &SettingsInput) -> Result<SettingsBefore, Fault> {
        let live = self.live(input).await?;
        let mut settings = BTreeMap::new();
        for name in &input.settings {
            let Some(text) = live.get(name).and_then(Value::as_str) else { continue };
            let (after, _) = rewrite(&json!(text), &input.replace);
            let splice = Splice::of(text, after.as_str().unwrap_or(text));
            settings.insert(name.clone(), Marked { mark: self.key.mark(&input.site, name, text), splice });
        }
        Ok(SettingsBefore { settings })
    }

    async fn run(&self, call: &Call, input: &SettingsInput, before: &SettingsBefore) -> Outcome<()> {
        let mut live = match self.live(input).await {
            Ok(live) => live,
            Err(why) => return unread(why),
        };
        let mut changed = false;
        for (name, marked) in &before.settings {
            match (Self::stands(input, marked, live.get(name)), live.get(name)) {
                (Stands::Old, Some(value)) => {
                    let (after, _) = rewrite(value, &input.replace);
                    live.insert(name.clone(), after);
                    changed = true;
                }
                (Stands::New, _) => {}
                (Stands::Old | Stands::Strange, _) => return foreign(&Self::strange(input, name)),
            }
        }
        if changed { self.write(call, input, live).await } else { Outcome::Applied(()) }
    }

    async fn probe(&self, input: &SettingsInput, before: &SettingsBefore) -> Probe<()> {
        let live = match self.live(input).await {
            Ok(live) => live,
            Err(why) => return Probe::Unsettled { after: None, why },
        };
        let (mut old, mut new) = (0, 0);
        for (name, marked) in &before.settings {
            match Self::stands(input, marked, live.get(name)) {
                Stands::Old => old += 1,
                Stands::New => new += 1,
                Stands::Strange => return Probe::Foreign(Self::strange(input, name)),
            }
        }
        match (old, new) {
            (0, _) => Probe::Applied(()),
            (_, 0) => Probe::NotApplied,
            (_, _) => Probe::Partial(()),
        }
    }

    fn trace(&self, _: &SettingsInput) -> Trace {
        Trace::Ours
    }

    async fn recall(&self, input: &SettingsInput) -> Result<Option<SettingsBefore>, Fault> {
        let live = self.live(input).await?;
        let mut settings = BTreeMap::new();
        for name in &input.settings {
            let Some(text) = live.get(name).and_then(Value::as_str) else { return Ok(None) };
            let Some(splice) = Splice::recall(text, &input.replace) else { return Ok(None) };
            let was = splice.back(text).unwrap_or_else(|| text.to_owned());
            settings.insert(name.clone(), Marked { mark: self.key.mark(&input.site, name, &was), splice });
        }
        Ok(Some(SettingsBefore { settings }))
    }

    async fn undo(
        &self,
        call: &Call,
        input: &SettingsInput,
        before: &SettingsBefore,
        _: Option<&()>,
    ) -> Outcome<()> {
        let mut live = match self.live(input).await {
            Ok(live) => live,
            Err(why) => return unread(why),
        };
        let mut changed = false;
        for (name, marked) in &before.settings {
            match (Self::stands(input, marked, live.get(name)), live.get(name).and_then(Value::as_str)) {
                (Stands::New, Some(text)) => {
                    let Some(was) = marked.splice.back(text) else {
                        return foreign(&Self::strange(input, name));
                    };
                    if self.key.mark(&input.site, name, &was) != marked.mark {
                        return foreign(&Self::strange(input, name));
                    }
                    live.insert(name.clone(), Value::String(was));
                    changed = true;
                }
                (Stands::Old, _) => {}
                (Stands::New | Stands::Strange, _) => return foreign(&Self::strange(input, name)),
            }
        }
        if changed { self.write(call, input, live).await } else { Outcome::Applied(()) }
    }

    async fn verify(
        &self,
        input: &SettingsInput,
        before: &SettingsBefore,
        (): &(),
    ) -> Result<Vec<Finding>, Fault> {
        let live = self.live(input).await?;
        let judge = |(name, marked): (&String, &Marked)| {
            let fact = format!("{}/config/appsettings#{name}", input.site);
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
        Ok(before.settings.iter().map(judge).collect())
    }

    fn residue(&self, input: &SettingsInput, _: &SettingsBefore, _: Option<&()>) -> String {
        let name = input.site.rsplit('/').next().unwrap_or_default();
        format!(
            "az webapp config appsettings set --name {}: set {} back",
            quoted(name),
            input.settings.join(", ")
        )
    }
}
