//! Activities: the steps for what Entra ID gives the old identity until a stated time, or from one on. Pure.

use crate::references::scan::Identifier;
use crate::relocate::facts::{Directory, Pim, PimKind};
use crate::relocate::plan::builder::{Builder, Group, Words, object};
use crate::relocate::plan::grants::Made;
use crate::relocate::plan::kinds::act;
use rehome_orchestrator::{StepId, Template};

/// Gives the new one the same, with the same start and end.
pub(crate) fn grants(b: &mut Builder<'_>, made: &Made<'_>) -> Vec<StepId> {
    let facts = b.facts;
    let mut steps = Vec::new();
    for pim in &facts.directory.scheduled {
        let node = act("pim.grant/1", input(pim, made.new.name(Identifier::PrincipalId)));
        let words = Words::new(format!("{}, {}", what(pim), when(pim)), "end it");
        steps.push(b.push(Group::Grant, words, std::slice::from_ref(&made.known), node));
    }
    steps
}

/// Ends what the old one has.
pub(crate) fn ends(b: &mut Builder<'_>, after: &StepId) -> Vec<StepId> {
    let facts = b.facts;
    let mut steps = Vec::new();
    for pim in &facts.directory.scheduled {
        let node = act("pim.end/1", input(pim, Template::known(&b.old().principal_id)));
        let words = Words::new(format!("end {} (it {})", what(pim), when(pim)), "give it again, until then");
        steps.push(b.push(Group::CleanUp, words, std::slice::from_ref(after), node));
    }
    steps
}

/// Groups that it is a member of by such a schedule now: they stand in tokens like others.
pub(crate) fn groups(directory: &Directory) -> impl Iterator<Item = &str> {
    let member = |pim: &&Pim| pim.kind == PimKind::Group && pim.role.eq_ignore_ascii_case("member");
    directory.scheduled.iter().filter(member).filter(|pim| pim.from.is_none()).map(|pim| pim.at.as_str())
}

fn input(pim: &Pim, principal: Template) -> Template {
    let known = |text: &String| Template::known(text);
    object([
        ("kind", Some(Template::known(pim.kind))),
        ("role", Some(known(&pim.role))),
        ("at", Some(known(&pim.at))),
        ("principal_id", Some(principal)),
        ("start", pim.from.as_ref().map(known)),
        ("end", pim.until.as_ref().map(known)),
    ])
}

fn what(pim: &Pim) -> String {
    match pim.kind {
        PimKind::Group => format!("{} of group {}", pim.role, pim.at),
        PimKind::DirectoryRole | PimKind::AzureRole => format!("directory role {} at {}", pim.role, pim.at),
    }
}

fn when(pim: &Pim) -> String {
    let from = pim.from.as_ref().map(|from| format!("begins {from}"));
    let until = pim.until.as_ref().map(|until| format!("ends {until}"));
    from.into_iter().chain(until).collect::<Vec<_>>().join(", ")
}
