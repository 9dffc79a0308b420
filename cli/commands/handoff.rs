//! CLI: `rehome handoff`. Reads the log; works beside a runner and offline.

use crate::args::{AsOf, ReadFrom};
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::put::putln;
use crate::rows::{Column, List};
use crate::source::Source;
use crate::store;
use clap::Args;
use rehome_activities::handoff::handoff as of_move;
use rehome_activities::handoff::{self as of_activities, Touched};
use rehome_orchestrator::RunId;
use serde_json::json;
use std::fmt::Write;

/// Print old and new ids, and Terraform import blocks.
///
/// For people who keep these things as code, so that the next apply does not undo the move. Works offline.
#[derive(Args, Debug)]
pub(crate) struct Handoff {
    /// MOVE, BATCH or BATCH/wave:NAME
    pub(crate) select: Option<String>,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
    #[command(flatten)]
    pub(crate) when: AsOf,
}

/// A move as a row: the old identity, and the one in its place.
const COLUMNS: &[Column] = &[
    ("run", "/run"),
    ("old_resource_id", "/old/resource_id"),
    ("old_client_id", "/old/client_id"),
    ("old_principal_id", "/old/principal_id"),
    ("new_resource_id", "/new/resource_id"),
    ("new_client_id", "/new/client_id"),
    ("new_principal_id", "/new/principal_id"),
];

impl Execute for Handoff {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let (select, from) = (self.select.as_deref(), &self.from);
        let source = Source::open_at(c, from, &self.when).await?;
        let selection = source.select(c, select).await?;
        let (mut text, mut moves) = (String::new(), Vec::new());
        for run in &selection.runs {
            let state = store::read_run(source.log(), run).await?.state;
            let Some(found) = of_move(&state) else { continue };
            text.push_str(&text_of(run, &found));
            let mut value = json!(found);
            value["run"] = json!(run);
            moves.push(value);
        }
        let (rows, value) = (|| moves.clone(), json!({"format_version": "1.0", "moves": moves}));
        c.output.list(text.trim_end(), &value, &List::whole(COLUMNS, &rows))?;
        Ok(Exit::Done)
    }

    fn shows_log(&self) -> bool {
        self.from.bundle.is_none() && self.when.at.is_none()
    }
}

/// One move.
fn text_of(run: &RunId, found: &of_activities::Handoff) -> String {
    let mut out = String::new();
    let old = &found.old;
    let new = found.new.as_ref();
    let made = |name: Option<&str>| name.unwrap_or("(not made, or taken back)").to_owned();
    putln!(out, "# {run}: search your code and its state for what is on the left");
    putln!(out, "#   {} -> {}", old.resource_id, made(new.map(|n| n.resource_id.as_str())));
    putln!(out, "#   client id     {} -> {}", old.client_id, made(new.map(|n| n.client_id.as_str())));
    putln!(out, "#   principal id  {} -> {}", old.principal_id, made(new.map(|n| n.principal_id.as_str())));
    list(&mut out, "changed: code that says otherwise would set it back", &found.changed);
    list(&mut out, "made, with no import that is known: write it into your code", &found.by_itself);
    list(&mut out, "gone: take it out of your code, and of its state (terraform state rm)", &found.gone);
    for one in &found.made {
        let name = format!("{run}_{}", one.step).replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        putln!(out, "\nimport {{");
        putln!(out, "  to = {}.{name}", one.kind);
        putln!(out, "  id = {}", quoted(&one.id));
        putln!(out, "}}");
    }
    out.push('\n');
    out
}

fn list(out: &mut String, title: &str, all: &[Touched]) {
    if all.is_empty() {
        return;
    }
    putln!(out, "# {title}");
    for one in all {
        let at = if one.id.is_empty() { String::new() } else { format!("  {}", one.id) };
        putln!(out, "#   {}{at}", one.what);
    }
}

/// A text of Terraform's language, in which nothing is filled in.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rehome_activities::handoff::Import;
    use rehome_activities::references::scan::Identifiers;

    #[test]
    fn a_hostile_name_stays_inside_its_quotes_and_its_comment() {
        let names = |name: &str| Identifiers {
            resource_id: name.into(),
            client_id: "c".into(),
            principal_id: "p".into(),
        };
        let hostile = "/x\"}\nimport { to = a.b ${file(\"/etc/passwd\")} %{if true}";
        let made = vec![Import { step: "05".into(), kind: "azurerm_role_assignment", id: hostile.into() }];
        let touched = vec![Touched { step: "06".into(), id: hostile.into(), what: hostile.into() }];
        let found = of_activities::Handoff {
            old: names(hostile),
            new: None,
            made,
            by_itself: touched.clone(),
            changed: touched.clone(),
            gone: touched,
        };
        let text = text_of(&RunId::new("m-1"), &found);
        for line in text.lines() {
            let ours = ["#", "import {", "  to = azurerm_role_assignment.m_1_05", "  id = \"", "}"];
            assert!(line.is_empty() || ours.iter().any(|start| line.starts_with(start)), "{line}");
        }
        assert!(text.contains("$${file(") && text.contains("%%{if") && text.contains("(not made"), "{text}");
    }
}
