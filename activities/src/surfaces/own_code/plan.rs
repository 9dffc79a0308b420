//! Activities: the steps for code that names the identity: one for each repository and owner, once the hosts are switched, so
//! that the next apply finds what the code says. Pure.

use crate::code::{Form, Place};
use crate::commands::shown;
use crate::references::scan::Identifier;
use crate::relocate::plan::builder::{Builder, NewIdentity, Part};
use crate::relocate::plan::words::StepText;
use crate::surfaces::own_code::facts::{Owned, owned, scanned};
use rehome_orchestrator::{Node, StepId, Template};

/// So many places are written out in one step.
const SHOWN_MAX: usize = 60;

/// The steps of people.
pub(crate) fn steps(b: &mut Builder<'_>, new: &NewIdentity, after: &[StepId]) -> Vec<StepId> {
    let mut needs = after.to_vec();
    needs.push(new.step());
    let mut steps = Vec::new();
    for of in owned(&scanned(b.facts)) {
        let head = head(&of);
        let node = Node::ByHand { instruction: fresh(new, &head, &of), undo: old(b, &head) };
        steps.push(b.push(Part::RePoint, StepText::new(title(&of), "by hand"), &needs, node));
    }
    steps
}

/// The title of the step of these places: by it the step is found again.
pub fn title(of: &Owned) -> String {
    let count = of.places.len();
    let noun = if count == 1 { "place names" } else { "places name" };
    let owner = of.owner.as_ref().map_or_else(String::new, |owner| format!(" ({})", shown(owner)));
    format!("code of {}{owner}: {count} {noun} OLD", shown(&of.repository))
}

fn head(of: &Owned) -> String {
    let owner = of.owner.as_ref().map_or_else(String::new, |owner| format!(", of {}", shown(owner)));
    let mut out = format!("Repository {}{owner}, names the old identity at\n", shown(&of.repository));
    for place in of.places.iter().take(SHOWN_MAX) {
        let Place { file, line, column, kind, key, .. } = place;
        let key = key.as_ref().map_or_else(String::new, |key| format!(", {}", shown(key)));
        let note = place.by_hand().map_or_else(String::new, |why| format!(" ({why})"));
        out.push_str(&format!(
            "  {}:{line}:{column}  {}, {}{key}{note}\n",
            shown(file),
            what(place),
            kind.word()
        ));
    }
    if of.places.len() > SHOWN_MAX {
        out.push_str(&format!("  and {} more, which the scan has\n", of.places.len() - SHOWN_MAX));
    }
    out
}

/// What stands there.
fn what(place: &Place) -> &'static str {
    match (place.form, place.identifier) {
        (Form::Whole, Identifier::ClientId) => "client id",
        (Form::Whole, Identifier::PrincipalId) => "principal id",
        (Form::Whole, _) => "resource id",
        (Form::Parts, _) => "name and group",
        (Form::NameOnly, _) => "its name, if it is this one",
        (Form::Declaration, _) => "declared",
    }
}

fn fresh(new: &NewIdentity, head: &str, of: &Owned) -> Template {
    let declared = of.places.iter().any(|place| place.form == Form::Declaration);
    let declared = if declared {
        "\nCode that declares the identity would make it again: write the new one beside it, import it (rehome handoff), and \
         take the old one out of code and state."
    } else {
        ""
    };
    Template::Text(vec![
        Template::known(format!("{head}Put the new one there:\n  resource id  {}\n  client id    ", new.id)),
        new.name(Identifier::ClientId),
        Template::known("\n  principal id "),
        new.name(Identifier::PrincipalId),
        Template::known(format!(
            "{declared}\nWhat can simply be replaced is in a patch: rehome scan FOLDER --patch PATCHES\n\
             Scan again when it is merged: ack with --scan shows that no old id is left there."
        )),
    ])
}

fn old(b: &Builder<'_>, head: &str) -> Template {
    let old = b.old();
    Template::known(format!(
        "{head}Put the old one there again:\n  resource id  {}\n  client id    {}\n  principal id {}",
        old.resource_id, old.client_id, old.principal_id
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::plan::plan;
    use crate::relocate::preflight::preflight;
    use crate::relocate::testing::{facts, params, scan};
    use serde_json::json;

    #[test]
    fn whoever_owns_the_code_has_a_step_with_every_place_after_the_hosts_and_before_the_check() {
        let mut facts = facts();
        let before = plan(&params(), &facts).unwrap();
        assert!(!before.steps.iter().any(|step| step.title.starts_with("code of")));
        scan(&mut facts, 0);
        let after = plan(&params(), &facts).unwrap();
        assert_eq!(after.steps.len(), before.steps.len() + 2);
        let step = |title: &str| after.steps.iter().find(|step| step.title == title).expect("the step");
        step("code of infra: 1 place names OLD");
        let step = step("code of infra (@contoso/infra): 2 places name OLD");
        let Node::ByHand { instruction, undo } = &step.node else { panic!("a person's") };
        let made = json!({"client_id": "new-cid", "principal_id": "new-oid"});
        let told = instruction.resolve(&|_| Some(&made)).unwrap();
        let told = told.as_str().unwrap();
        for part in [
            "  envs/prod.tf:2:9  client id, Terraform, client_id\n",
            "envs/identity.tf:2:9  declared",
            "new-cid",
            "new-oid",
            "import it",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(undo.resolve(&|_| None).unwrap().as_str().unwrap().contains("1c0e"));
        let check = after.steps.iter().find(|step| matches!(step.node, Node::Check { .. })).expect("a check");
        assert!(check.needs.contains(&step.id));
        assert!(!told.contains('\u{1b}'));
        assert!(preflight(&params(), &facts).blockers.is_empty());
    }
}
