//! CLI: a plan as people read it before they approve it.

use super::board;
use super::page::{self, Page};
use super::terms::terms;
use crate::about::{BatchAbout, LeftOut, MoveAbout};
use crate::approvals;
use crate::board::{Board, Counts};
use crate::counted::counted;
use crate::error::{CliError, one_line};
use crate::hint::file;
use crate::least_time::{self, length};
use crate::put::{put, putln};
use crate::time::date as date_of;
use rehome_activities::relocate::Params;
use rehome_activities::relocate::preflight::Notice;
use rehome_orchestrator::{Document, KNOWN_AFTER_APPLY, Node, PlannedRun, RunId, Step};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

/// A plan of so many steps is shown step by step, and one of a single move; more of them fill no page that anybody reads.
const IN_FULL: usize = 60;

/// What shows one move of a plan file.
pub(crate) fn of_file(plan: &Path, run: &RunId) -> String {
    format!("rehome show {} {run}", file(plan))
}

/// Every step of every move, with its undo; of many moves what is said of them, and a page of their list. `one` is what
/// shows one of them in full.
pub(crate) fn text(
    document: &Document,
    digest: &str,
    list: Option<&Page>,
    one: &dyn Fn(&RunId) -> String,
) -> Result<String, CliError> {
    let mut out = String::new();
    let about = BatchAbout::of(document)?;
    putln!(out, "{}", about.cloud_line());
    if let Some(author) = &about.author {
        putln!(out, "made by {author}");
    }
    putln!(out, "approvals {}", approvals::policy_line(document.approval.as_ref()));
    for (word, said) in terms(document) {
        putln!(out, "{:<9} {}", word.to_lowercase(), one_line(&said));
    }
    if let Some(every) = about.drift_check_ms {
        putln!(out, "drift     looked for every {} until the clean-up", length(every));
    }
    for line in about.told_lines() {
        putln!(out, "{}", one_line(&line));
    }
    for file in &about.files {
        putln!(out, "asked for in {} sha256:{}", file.name, file.sha256);
    }
    let steps: usize = document.runs.iter().map(|entry| entry.plan.steps.len()).sum();
    let is_page = document.runs.len() > 1 && steps > IN_FULL;
    if let Some(first) = document.runs.first().filter(|_| is_page) {
        let said = document.runs.iter().map(|entry| Ok((entry, MoveAbout::of(entry)?)));
        let moves = said.collect::<Result<Vec<_>, CliError>>()?;
        board::waves_and_people(&mut out, &Board::of(document, digest)?);
        page::notices(&mut out, &moves);
        list.iter().for_each(|page| page.list(&mut out, &moves));
        putln!(out, "  {}      # every step of one move, with its undo", one(&first.run));
    } else {
        for entry in &document.runs {
            a_move(&mut out, entry)?;
        }
    }
    left_out(&mut out, &about.left_out);
    let counts = Counts::of_plan(document);
    putln!(
        out,
        "Plan: {}, {}, {} by hand; {} later, behind an approval of their own.",
        counted(counts.moves, "move"),
        counted(counts.changes, "change"),
        counts.by_hand,
        counted(counts.removals, "removal")
    );
    putln!(out, "Reversible up to the deletion of the old identity.");
    putln!(out, "Takes {}.", least_time::line(least_time::whole(&least_time::waves(document))));
    if let Some(date) = about.expires_at_ms {
        putln!(
            out,
            "To be begun by {}, {} after it was made; what has begun is finished later too.",
            date_of(date),
            about.valid_words()
        );
    }
    put!(out, "digest {digest}");
    Ok(out)
}

/// What the plan leaves out, and why; each remedy once.
fn left_out(out: &mut String, left: &[LeftOut]) {
    if left.is_empty() {
        return;
    }
    putln!(out, "Left out ({}): these stay as they are, and the others go", left.len());
    let mut told = BTreeSet::new();
    for LeftOut { identity, origin, blockers, .. } in left {
        putln!(out, "  {identity}");
        if let Some(origin) = origin {
            putln!(out, "    said  {}", origin.words());
        }
        let new = |notice: &&Notice| told.insert((notice.code.clone(), notice.remedy.clone()));
        let remedies: Vec<&Notice> = blockers.iter().filter(new).collect();
        for notice in blockers {
            let remedy = if remedies.contains(&notice) { notice.remedy.clone() } else { String::new() };
            one_notice(out, &Notice { remedy, ..notice.clone() });
        }
    }
    out.push('\n');
}

/// One move in full.
pub(crate) fn one(entry: &PlannedRun) -> Result<String, CliError> {
    let mut out = String::new();
    a_move(&mut out, entry)?;
    out.truncate(out.trim_end().len());
    Ok(out)
}

fn a_move(out: &mut String, entry: &PlannedRun) -> Result<(), CliError> {
    let about = MoveAbout::of(entry)?;
    putln!(out, "move {}", entry.run);
    putln!(out, "  from  {}", about.identity);
    putln!(out, "  to    {}", about.target);
    if let Some(origin) = &about.origin {
        putln!(out, "  said  {}", origin.words());
    }
    choices(out, entry);
    let mut group = "";
    for step in &entry.plan.steps {
        if step.group != group {
            group = &step.group;
            putln!(out, "  {group}");
        }
        let undo = if step.undo.is_empty() { "-" } else { &step.undo };
        putln!(out, "  {:>4}  {} {:<70} {undo}", step.id, sign(step), step.title);
        if let Some(sent) = named_in(step) {
            putln!(out, "            {sent}");
        }
        if let Node::ByHand { instruction, .. } = &step.node {
            let told = match instruction.render() {
                Value::String(text) => text,
                other => other.to_string(),
            };
            for line in told.lines() {
                putln!(out, "            {line}");
            }
        }
    }
    notices(out, "Blockers", &about.blockers);
    notices(out, "Warnings", &about.warnings);
    if !about.cannot_see.is_empty() {
        putln!(out, "  Cannot see (look at these before the clean-up: whoever approves it answers for them)");
        for unseen in &about.cannot_see {
            putln!(out, "    {:<5} {}", unseen.code, unseen.what);
        }
    }
    for gap in &about.gaps {
        putln!(out, "  gap   {} {}: {}", gap.code.word(), gap.scope, gap.why);
    }
    out.push('\n');
    Ok(())
}

/// What somebody chose for this move or answers for, where that is not what holds without a word of theirs.
fn choices(out: &mut String, entry: &PlannedRun) {
    let params = entry.params.read::<Params>("parameters");
    for (name, chosen) in params.map(|params| params.options.chosen()).unwrap_or_default() {
        putln!(out, "  with  {name} {chosen}");
    }
}

/// What a write is about, in full, from the input that is sent: a title says `Reader on rg-shop`, of whichever
/// subscription.
fn named_in(step: &Step) -> Option<String> {
    let Node::Act { input, .. } = &step.node else { return None };
    let rendered = input.render();
    let names = |name: &str, text: &str| {
        name != "name"
            && (text.starts_with('/') || text == KNOWN_AFTER_APPLY || uuid::Uuid::try_parse(text).is_ok())
    };
    let members = rendered.as_object()?.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
    let said: Vec<String> = members
        .filter(|(name, text)| names(name, text))
        .map(|(name, text)| format!("{name} {text}"))
        .collect();
    (!said.is_empty()).then(|| said.join("  "))
}

fn notices(out: &mut String, title: &str, list: &[Notice]) {
    if list.is_empty() {
        return;
    }
    putln!(out, "  {title}");
    list.iter().for_each(|notice| one_notice(out, notice));
}

fn one_notice(out: &mut String, Notice { code, target, text, remedy }: &Notice) {
    let target = if target.is_empty() { String::new() } else { format!("{target}: ") };
    putln!(out, "    {code:<5} {target}{text}");
    if !remedy.is_empty() {
        putln!(out, "          {remedy}");
    }
}

/// What a step does, in one character.
fn sign(step: &Step) -> &'static str {
    match &step.node {
        Node::Act { .. } if step.phase == rehome_orchestrator::Phase::CleanUp => "-",
        Node::Act { activity, .. } if rehome_activities::changes_in_place(activity) => "~",
        Node::Act { .. } => "+",
        Node::Wait { .. } | Node::Soak { .. } | Node::PropagationDelay { .. } => "w",
        Node::Gate { .. } => "G",
        Node::ByHand { .. } => "H",
        Node::Check { .. } => "=",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_known_later_says_so() {
        let later = rehome_orchestrator::Template::from_step("01", "client_id").render();
        assert_eq!(later, rehome_orchestrator::KNOWN_AFTER_APPLY);
    }
}
