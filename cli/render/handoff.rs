//! CLI: what a move means for code, as a file that Terraform reads: a table in comments, and import blocks.

use rehome_activities::handoff::{Handoff, Touched};
use rehome_orchestrator::RunId;
use std::fmt::Write;

/// One move.
pub(crate) fn text(run: &RunId, found: &Handoff) -> String {
    let mut out = String::new();
    let old = &found.old;
    let new = found.new.as_ref();
    let made =
        |name: Option<&String>| name.map_or_else(|| "(not made, or taken back)".to_owned(), Clone::clone);
    putln!(out, "# {run}: search your code and its state for what is on the left");
    putln!(out, "#   {} -> {}", old.resource_id, made(new.map(|n| &n.resource_id)));
    putln!(out, "#   client id     {} -> {}", old.client_id, made(new.map(|n| &n.client_id)));
    putln!(out, "#   principal id  {} -> {}", old.principal_id, made(new.map(|n| &n.principal_id)));
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
        let found = Handoff {
            old: names(hostile),
            new: None,
            made,
            by_itself: touched.clone(),
            changed: touched.clone(),
            gone: touched,
        };
        let text = text(&RunId::new("m-1"), &found);
        for line in text.lines() {
            let ours = ["#", "import {", "  to = azurerm_role_assignment.m_1_05", "  id = \"", "}"];
            assert!(line.is_empty() || ours.iter().any(|start| line.starts_with(start)), "{line}");
        }
        assert!(text.contains("$${file(") && text.contains("%%{if") && text.contains("(not made"), "{text}");
    }
}
