//! Activities: what Entra ID gives the identity until a stated time, or from one on: given to the new one with the same start
//! and end, and ended for the old one.

use crate::activity::kit::Kind;
use crate::activity::timed::{End, Give, Timed, moment};
use crate::azure::PrincipalId;
use crate::relocate::facts::{Directory, Facts, ManualReference, Pim, PimKind};
use crate::relocate::names;
use crate::relocate::plan::builder::{Builder, Part, ReadyPrincipal};
use crate::relocate::short::short;
use crate::relocate::survey::graph_rights as graph;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::pim::activity::{PimInput, TimedInEntra};
use crate::surfaces::pim::survey;
use crate::surfaces::row::{Row, moved, named};
use crate::surfaces::surface::{Answers, Heard, Leaves, Surface};
use rehome_orchestrator::{Node, PlanValue, StepId};
use std::collections::BTreeSet;

/// The surface.
pub(crate) struct TimedEntra;

impl Surface for TimedEntra {
    fn rows(&self) -> Vec<Row> {
        let what =
            "membership and ownership of groups and directory roles that begin or end by themselves (PIM)";
        vec![
            moved(what, TimedInEntra::GIVE),
            named(
                "eligible assignments (PIM): roles of Azure and of the directory, groups",
                "W371: nobody activates for an identity",
            ),
            named(
                "what of groups and directory roles ends, where it cannot be read",
                "B131: copies could be permanent",
            ),
        ]
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind::of::<End<TimedInEntra>>(), Kind::of::<Give<TimedInEntra>>()]
    }

    fn asks_graph(&self, principal: &str) -> Vec<String> {
        survey::paths(principal).into()
    }

    fn hear_graph(&self, answers: Answers<'_>, out: &mut Heard) {
        let all = answers.all.into_iter().map(|(_, answer)| answer).collect();
        let (pims, gaps) = survey::read(answers.principal, all);
        let (eligible, scheduled): (Vec<Pim>, Vec<Pim>) = pims.into_iter().partition(|pim| pim.eligible);
        out.manual_references.extend(eligible.into_iter().map(ManualReference::Pim));
        out.directory.scheduled = scheduled;
        out.gaps.extend(gaps);
    }

    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        for pim in &facts.directory.scheduled {
            let [until, from] = [&pim.until, &pim.from].map(|time| time.as_deref().map(moment));
            put(pim.key(), short(&(until, from)));
        }
    }

    fn given(&self, b: &Builder<'_>, out: &mut BTreeSet<String>) {
        out.extend(b.facts.directory.scheduled.iter().map(|pim| match (pim.kind, pim.is_membership()) {
            (PimKind::Group, true) => names::member("group", &pim.at),
            (PimKind::Group, false) => names::ownership(&pim.at),
            (PimKind::DirectoryRole | PimKind::AzureRole, _) => names::directory_role_at(&pim.role, &pim.at),
        }));
    }

    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        for pim in &facts.directory.scheduled {
            match pim.kind {
                PimKind::Group => {
                    wanted.graph(&graph::GROUP_SCHEDULES, format!("group {}, for a time", pim.at));
                }
                PimKind::DirectoryRole | PimKind::AzureRole => {
                    wanted.graph(&graph::ROLE_SCHEDULES, "directory roles, for a time".into());
                }
            }
        }
    }

    fn grant(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
        let give = |pim| Node::doing::<Give<TimedInEntra>>(&input(pim, made.principal()));
        let step = |pim| (format!("{}, {}", what(pim), when(pim)), "end it", give(pim));
        b.each(Part::Grant, b.facts.directory.scheduled.iter().map(step), &made.known)
    }

    fn leaves(&self) -> Leaves {
        Leaves::Ending
    }

    fn remove(&self, b: &mut Builder<'_>, _: &ReadyPrincipal<'_>, after: &StepId) -> Vec<StepId> {
        let old = b.old_principal();
        let end = |pim| Node::doing::<End<TimedInEntra>>(&input(pim, old.clone()));
        let step =
            |pim| (format!("end {} (it {})", what(pim), when(pim)), "give it again, until then", end(pim));
        b.each(Part::CleanUp, b.facts.directory.scheduled.iter().map(step), after)
    }
}

/// Groups that it is a member of by such a schedule now: they stand in tokens like others.
pub(crate) fn groups(directory: &Directory) -> impl Iterator<Item = &str> {
    let member = |pim: &&Pim| pim.kind == PimKind::Group && pim.role.eq_ignore_ascii_case("member");
    directory.scheduled.iter().filter(member).filter(|pim| pim.from.is_none()).map(|pim| pim.at.as_str())
}

fn input(pim: &Pim, principal: PlanValue<PrincipalId>) -> PimInput {
    PimInput {
        kind: pim.kind,
        role: pim.role.clone(),
        at: pim.at.clone(),
        principal_id: principal,
        start: pim.from.clone(),
        end: pim.until.clone(),
    }
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
