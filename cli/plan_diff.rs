//! CLI: where two plans differ, identity by identity: facts, steps, notices. Pure.

use crate::about::{BatchAbout, MoveAbout};
use crate::error::{CliError, Exit};
use rehome_activities::relocate::differences::differences;
use rehome_activities::relocate::{Facts, Params};
use rehome_orchestrator::{Difference, Document, Node, PlannedRun, Step};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Where two plans differ.
#[derive(Debug, Serialize)]
pub(crate) struct PlanDiff {
    /// What they say of the batch as a whole.
    pub(crate) batch: Vec<Difference>,
    /// Identities that only the second one moves.
    pub(crate) came: Vec<String>,
    /// Identities that only the first one moves.
    pub(crate) went: Vec<String>,
    pub(crate) changed: Vec<MoveDiff>,
    /// How many identities are the same in both.
    pub(crate) same: usize,
}

/// Where two plans of one identity differ.
#[derive(Debug, Serialize)]
pub(crate) struct MoveDiff {
    pub(crate) identity: String,
    pub(crate) facts: Vec<Difference>,
    /// What was asked for, and the wave.
    pub(crate) asked: Vec<Difference>,
    /// Titles of steps that only the second one has.
    pub(crate) steps_came: Vec<String>,
    /// Titles of steps that only the first one has.
    pub(crate) steps_went: Vec<String>,
    /// Titles of steps that do something else, or in another way, than before.
    pub(crate) steps_changed: Vec<String>,
    pub(crate) notices_came: Vec<String>,
    pub(crate) notices_went: Vec<String>,
}

impl PlanDiff {
    /// Compares two plans.
    ///
    /// # Errors
    /// When one of them says of a move what cannot be read.
    pub(crate) fn of(before: &Document, after: &Document) -> Result<Self, CliError> {
        let (left, right) = (by_identity(before)?, by_identity(after)?);
        let only = |these: &BTreeMap<String, Seen<'_>>, those: &BTreeMap<String, Seen<'_>>| {
            let gone = these.iter().filter(|(name, _)| !those.contains_key(*name));
            gone.map(|(_, seen)| seen.about.identity.clone()).collect::<Vec<_>>()
        };
        let (mut changed, mut same) = (Vec::new(), 0);
        for (name, was) in &left {
            let Some(is) = right.get(name) else { continue };
            match MoveDiff::of(was, is)? {
                diff if diff.is_nothing() => same += 1,
                diff => changed.push(diff),
            }
        }
        let batch = members(&whole(before)?, &whole(after)?);
        Ok(Self { batch, came: only(&right, &left), went: only(&left, &right), changed, same })
    }

    /// Whether they say the same.
    pub(crate) fn is_nothing(&self) -> bool {
        self.batch.is_empty() && self.came.is_empty() && self.went.is_empty() && self.changed.is_empty()
    }
}

/// One move of a plan.
struct Seen<'a> {
    entry: &'a PlannedRun,
    about: MoveAbout,
    wave: Option<&'a str>,
}

/// The moves of a plan by their identities, which are compared without regard to case.
fn by_identity(document: &Document) -> Result<BTreeMap<String, Seen<'_>>, CliError> {
    let waves = || document.rollout.iter().flat_map(|rollout| &rollout.waves);
    let seen = |entry| {
        let about = MoveAbout::of(entry)?;
        let wave = waves().find(|wave| wave.runs.contains(&entry.run)).map(|wave| wave.name.as_str());
        Ok((about.identity.to_lowercase(), Seen { entry, about, wave }))
    };
    document.runs.iter().map(seen).collect()
}

/// What a plan says of its batch as a whole, but for what is another in every plan: dates, requests.
fn whole(document: &Document) -> Result<Value, CliError> {
    let about = BatchAbout::of(document)?;
    let left: Vec<&str> = about.left_out.iter().map(|left| left.identity.as_str()).collect();
    let mut whole = json!({
        "batch": document.batch, "cloud": about.cloud, "authority": about.authority, "tenant": about.tenant,
        "program": about.program, "author": about.author, "valid": about.valid_words(), "left out": left,
        "approval": document.approval,
        "failures": document.rollout.as_ref().map(|rollout| json!([rollout.on_failure, rollout.budget])),
    });
    for wave in document.rollout.iter().flat_map(|rollout| &rollout.waves) {
        whole[format!("wave {}", wave.name)] = json!({"after_ms": wave.after_ms, "release": wave.release});
    }
    for file in &about.files {
        whole[format!("file {}", file.name)] = json!(file.sha256);
    }
    Ok(whole)
}

/// Where the members of two objects differ.
fn members(before: &Value, after: &Value) -> Vec<Difference> {
    let (Value::Object(before), Value::Object(after)) = (before, after) else { return Vec::new() };
    let said = |value: Option<&Value>| match value {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let differs = names.into_iter().map(|name| Difference {
        fact: name.clone(),
        expected: said(before.get(name)),
        found: said(after.get(name)),
    });
    differs.filter(|one| one.expected != one.found).collect()
}

impl MoveDiff {
    fn of(was: &Seen<'_>, is: &Seen<'_>) -> Result<Self, CliError> {
        let steps = |seen: &Seen<'_>| {
            let all = seen.entry.plan.steps.iter().map(|step| (step.title.clone(), essence(step)));
            several(all)
        };
        let (before, after) = (steps(was), steps(is));
        let changed = before.iter().filter(|(title, _)| after.contains_key(*title));
        let changed = changed.filter(|(title, does)| after[*title] != **does).map(|(title, _)| title.clone());
        let notices = |seen: &Seen<'_>| {
            let all = seen.about.blockers.iter().chain(&seen.about.warnings);
            let all = all
                .map(|notice| (format!("{} {}: {}", notice.code, notice.target, notice.text), Value::Null));
            several(all)
        };
        let (told, tells) = (notices(was), notices(is));
        Ok(Self {
            identity: is.about.identity.clone(),
            facts: differences(&facts(was.entry)?, &facts(is.entry)?),
            asked: members(&asked(was)?, &asked(is)?),
            steps_came: only(&after, &before),
            steps_went: only(&before, &after),
            steps_changed: changed.collect(),
            notices_came: only(&tells, &told),
            notices_went: only(&told, &tells),
        })
    }

    fn is_nothing(&self) -> bool {
        let Self { facts, asked, .. } = self;
        let told =
            [&self.steps_came, &self.steps_went, &self.steps_changed, &self.notices_came, &self.notices_went];
        facts.is_empty() && asked.is_empty() && told.iter().all(|all| all.is_empty())
    }
}

/// What there are several of by one name has the number of each behind it.
fn several(all: impl Iterator<Item = (String, Value)>) -> BTreeMap<String, Value> {
    let mut by_name: BTreeMap<String, Value> = BTreeMap::new();
    for (name, value) in all {
        let numbered = (2..).map(|nth| format!("{name} ({nth})"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !by_name.contains_key(name));
        by_name.extend(free.map(|name| (name, value)));
    }
    by_name
}

fn only(these: &BTreeMap<String, Value>, those: &BTreeMap<String, Value>) -> Vec<String> {
    these.keys().filter(|name| !those.contains_key(*name)).cloned().collect()
}

/// What a step does, whatever it and those before it are called.
fn essence(step: &Step) -> Value {
    let node = match &step.node {
        Node::Act { activity, input, .. } => json!([activity, input.render()]),
        Node::Wait { condition, input, .. } => json!([condition, input.render()]),
        Node::ByHand { instruction, undo } => json!([instruction.render(), undo.render()]),
        Node::Soak { for_ms } => json!(for_ms),
        Node::PropagationDelay { for_ms, back_ms } => json!([for_ms, back_ms]),
        Node::Gate { name } => json!(name),
        Node::Check { .. } => Value::Null,
    };
    json!([step.group, step.phase, step.undo, node])
}

fn facts(entry: &PlannedRun) -> Result<Facts, CliError> {
    entry
        .facts
        .read("facts")
        .map_err(|why| CliError::new(Exit::Usage, why.to_string()).at(entry.run.to_string()))
}

/// What was asked for, by its names, with the wave.
fn asked(seen: &Seen<'_>) -> Result<Value, CliError> {
    let unreadable = |why: &dyn std::fmt::Display| {
        CliError::new(Exit::Usage, format!("what was asked for cannot be read: {why}"))
            .at(seen.entry.run.to_string())
    };
    let params: Params = seen.entry.params.read("parameters").map_err(|why| unreadable(&why))?;
    let mut asked = json!({"wave": seen.wave, "target": params.target.id(), "soak_ms": params.soak_ms,
        "on_failure": params.on_failure});
    for (name, chosen) in params.options.chosen() {
        asked[name] = chosen;
    }
    Ok(asked)
}
