//! Activities: lists of callers that the identity is in: the new one comes in beside it before any host is switched, and the
//! old one goes in the clean-up. Pure.

use crate::activity::kit::Kind;
use crate::relocate::facts::{Facts, Host};
use crate::relocate::plan::builder::{Builder, Part, ReadyPrincipal};
use crate::relocate::plan::words::{StepText, inside};
use crate::surfaces::callers::activity::{Admit, CallerList, Callers, CallersInput, Dismiss, Way};
use crate::surfaces::row::{Row, moved};
use crate::surfaces::surface::{Leaves, Surface};
use rehome_orchestrator::{Node, StepId};

/// The surface.
pub(crate) struct CallerLists;

impl Surface for CallerLists {
    fn rows(&self) -> Vec<Row> {
        let what = "lists of callers, on sites and container apps that it calls and in policies of API Management: both are let in until the clean-up";
        vec![moved(what, Admit::NAME)]
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind::of::<Callers<Admit>>(), Kind::of::<Callers<Dismiss>>()]
    }

    fn grant(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
        let mut steps = Vec::new();
        for host in with_lists(b.facts) {
            let text = StepText::new(format!("{}: let NEW in beside old", inside(&host.id)), "take it out");
            let node = Node::doing::<Callers<Admit>>(&input(b, made, host));
            steps.push(b.push(Part::Grant, text, &[made.new.step()], node));
        }
        steps
    }

    fn leaves(&self) -> Leaves {
        Leaves::Last
    }

    fn remove(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>, after: &StepId) -> Vec<StepId> {
        let step = |host: &Host| {
            let title = format!("{}: let old in no more", inside(&host.id));
            (title, "let it in again", Node::doing::<Callers<Dismiss>>(&input(b, made, host)))
        };
        let steps: Vec<_> = with_lists(b.facts).map(step).collect();
        b.each(Part::CleanUp, steps, after)
    }
}

fn with_lists(facts: &Facts) -> impl Iterator<Item = &Host> {
    facts.hosts.iter().filter(|host| !host.callers.is_empty())
}

fn input(b: &Builder<'_>, made: &ReadyPrincipal<'_>, host: &Host) -> CallersInput {
    let lists = host.callers.iter().map(|place| CallerList {
        pointer: place.pointer.clone(),
        old: b.name_of(place.identifier).to_owned(),
        new: made.new.planned(place.identifier),
    });
    CallersInput { id: host.id.clone(), api_version: host.api_version.clone(), lists: lists.collect() }
}
