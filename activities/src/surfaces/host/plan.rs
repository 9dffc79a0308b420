//! Activities: the steps that make everything that uses the old identity use the new one. Pure.

use crate::azure::ResourceId;
use crate::references::scan::Identifier;
use crate::references::writes;
use crate::relocate::facts::{Host, Reference, Strategy};
use crate::relocate::plan::builder::{Builder, NewIdentity, Part};
use crate::relocate::plan::words::{StepText, inside, place};
use crate::surfaces::app_settings::activity::{
    AppSettings, ConnectionStrings, List, SettingsInput, SettingsRewrite,
};
use crate::surfaces::cluster::bindings::is_binding;
use crate::surfaces::cluster::nodes::{cluster_of, own_words};
use crate::surfaces::cluster::plan as clusters;
use crate::surfaces::host::activity::HostRewrite;
use crate::surfaces::host::by_hand;
use crate::surfaces::host::input::HostInput;
use crate::surfaces::host::repointed::{HostRepointed, RepointedInput};
use crate::surfaces::host::strategy::{attach_blocker, choose, is_record};
use rehome_orchestrator::{Node, Proof, StepId};
use std::collections::{BTreeMap, BTreeSet};

/// What became of the hosts.
pub(crate) struct RePointed<'a> {
    /// The hosts that carry both identities until the clean-up.
    pub(crate) overlapping: Vec<&'a Host>,
    /// The hosts that are left alone, because a counterpart takes their place.
    pub(crate) left: Vec<&'a Host>,
    /// The last step of each host.
    pub(crate) last: Vec<StepId>,
}

/// Re-points every host; a child waits for the parent that carries the identity.
pub(crate) fn re_point<'a>(b: &mut Builder<'a>, new: &NewIdentity, granted: &[StepId]) -> RePointed<'a> {
    let facts = b.facts;
    let mut hosts: Vec<&Host> = facts.hosts.iter().collect();
    // A parent has a shorter id than its children.
    hosts.sort_by_key(|h| (h.id.matches('/').count(), &h.id));
    let mut attached: BTreeMap<&ResourceId, StepId> = BTreeMap::new();
    let mut out = RePointed { overlapping: Vec::new(), left: Vec::new(), last: Vec::new() };
    for host in hosts {
        if is_record(b.params, host) {
            continue;
        }
        let counterpart = facts.counterpart_of(host);
        let at = counterpart.map_or(&host.id, |c| &c.host.id);
        let parents: Vec<StepId> =
            attached.iter().filter(|(id, _)| at.is_below(id)).map(|(_, step)| step.clone()).collect();
        if let Some(counterpart) = counterpart {
            if counterpart.of == host.id {
                let work = Work { new, granted, parents, host: &counterpart.host };
                let joined = work.join(b, host);
                attached.extend(joined.attached.map(|step| (&counterpart.host.id, step)));
                out.last.extend(joined.last);
                // Whoever retires a resource retires what is below it.
                let within = out.left.iter().any(|left| host.id.is_below(&left.id));
                out.left.extend((!within).then_some(host));
            }
            continue;
        }
        if cluster_of(facts, host).is_some() {
            continue;
        }
        let choice = choose(b.params, facts, host);
        let open = clusters::open(host, choice.strategy);
        let rest = clusters::by_program(b.params, &open, choice.strategy);
        let mut work = Work { new, granted, parents, host: &rest };
        let steps = match choice.strategy {
            Strategy::Overlap => work.overlap(b),
            Strategy::Swap => work.swap(b),
            Strategy::PinFirst => work.pin_first(b),
            Strategy::ByHand => work.by_hand(b, &choice.reason),
        };
        if open.references.len() < host.references.len() {
            let (title, node) = by_hand::host(b, new, host, &own_words(host));
            out.last.push(b.push(Part::RePoint, StepText::new(title, "by hand"), &work.ready(), node));
        }
        if rest.references.len() < open.references.len() {
            let mut needs = work.ready();
            needs.extend(steps.attached.clone());
            let (title, node) = clusters::kubelet(b, new, host);
            let step = b.push(Part::RePoint, StepText::new(title, "by hand"), &needs, node);
            let left = host.references.iter().filter(|r| !rest.references.contains(r));
            let input = repointed(b, new, host, left);
            b.prove(&step, Proof::of::<HostRepointed>(&input));
            out.last.push(step);
        }
        if host.workflow_app && host.carries && choice.strategy != Strategy::ByHand {
            let mut needs = work.ready();
            needs.extend(steps.attached.clone());
            let (title, node) = by_hand::connections(b, new, host);
            out.last.push(b.push(Part::RePoint, StepText::new(title, "by hand"), &needs, node));
        }
        if host.carries {
            attached.extend(steps.attached.map(|step| (&host.id, step)));
            if matches!(choice.strategy, Strategy::Overlap | Strategy::PinFirst) {
                out.overlapping.push(host);
            }
        }
        out.last.extend(steps.last);
    }
    out
}

/// What re-pointing one host gave.
struct Steps {
    /// The step after which the new identity is attached.
    attached: Option<StepId>,
    /// The steps that nothing else of the host comes after.
    last: Vec<StepId>,
}

struct Work<'a> {
    new: &'a NewIdentity,
    granted: &'a [StepId],
    parents: Vec<StepId>,
    host: &'a Host,
}

impl Work<'_> {
    /// Attach beside the old one, then switch what names it.
    fn overlap(&mut self, b: &mut Builder<'_>) -> Steps {
        let mut needs = self.parents.clone();
        needs.push(self.new.step());
        let attached = self.host.carries.then(|| {
            let title = format!("{}: attach [old] -> [old, NEW]", self.name());
            let input = self.rewrite(b, &[&self.new.id], &[], false);
            b.push(
                Part::RePoint,
                StepText::new(title, "detach NEW"),
                &needs,
                Node::doing::<HostRewrite>(&input),
            )
        });
        let mut after = self.ready();
        after.extend(attached.clone());
        let mut last: Vec<StepId> = attached.iter().cloned().collect();
        last.extend(self.switch(b, &after));
        Steps { attached, last }
    }

    /// Attach to what takes the place of a host, which itself is left alone; what the host says of its identity
    /// beside that, a person says there.
    fn join(&self, b: &mut Builder<'_>, source: &Host) -> Steps {
        // One that names the old identity itself is re-pointed like any other host.
        if b.facts.hosts.iter().any(|h| h.id == self.host.id) {
            return Steps { attached: None, last: Vec::new() };
        }
        let mut needs = self.ready();
        let attached = source.carries.then(|| self.attach(b, source, &needs));
        needs.extend(attached.clone());
        let mut last: Vec<StepId> = attached.iter().cloned().collect();
        if let Some((title, node)) = by_hand::follow(b, self.new, source, self.host) {
            last.push(b.push(Part::RePoint, StepText::new(title, "by hand"), &needs, node));
        }
        Steps { attached, last }
    }

    fn attach(&self, b: &mut Builder<'_>, source: &Host, needs: &[StepId]) -> StepId {
        if let Some(why) = attach_blocker(b.params, self.host) {
            let (title, node) = by_hand::host(b, self.new, self.host, &why);
            return b.push(Part::RePoint, StepText::new(title, "by hand"), needs, node);
        }
        let title = format!("{}: attach NEW, in place of {}", self.name(), place(&source.id));
        let input = self.rewrite(b, &[&self.new.id], &[], false);
        b.push(Part::RePoint, StepText::new(title, "detach NEW"), needs, Node::doing::<HostRewrite>(&input))
    }

    /// Exchange both in one write, with everything on the same resource that names the old one.
    fn swap(&mut self, b: &mut Builder<'_>) -> Steps {
        let title = format!("{}: swap [old] -> [NEW]", self.name());
        let input = self.rewrite(b, &[&self.new.id], &[&b.old().resource_id], true);
        let text = StepText::new(title, "swap back");
        let swapped = b.push(Part::RePoint, text, &self.ready(), Node::doing::<HostRewrite>(&input));
        let mut last = vec![swapped.clone()];
        last.extend(self.settings(b, std::slice::from_ref(&swapped)));
        Steps { attached: Some(swapped), last }
    }

    /// A person makes the code name the old one; then nobody minds a second one.
    fn pin_first(&mut self, b: &mut Builder<'_>) -> Steps {
        let (title, node) = by_hand::pin(b, self.host);
        let pinned = b.push(Part::RePoint, StepText::new(title, "by hand"), &[], node);
        self.parents.push(pinned);
        let mut steps = self.overlap(b);
        let (title, node) = by_hand::switch_pin(b, self.new, self.host);
        let mut needs = self.ready();
        needs.extend(steps.attached.clone());
        steps.last.push(b.push(Part::RePoint, StepText::new(title, "by hand"), &needs, node));
        steps
    }

    fn by_hand(&mut self, b: &mut Builder<'_>, reason: &str) -> Steps {
        let (title, node) = match is_binding(&self.host.kind) {
            true => clusters::bind(b, self.new, self.host),
            false => by_hand::host(b, self.new, self.host, reason),
        };
        let step = b.push(Part::RePoint, StepText::new(title, "by hand"), &self.ready(), node);
        // A binding stays as it was made, beside the new one.
        if self.host.readable && !is_binding(&self.host.kind) {
            let input = repointed(b, self.new, self.host, self.host.references.iter());
            b.prove(&step, Proof::of::<HostRepointed>(&input));
        }
        Steps { attached: Some(step.clone()), last: vec![step] }
    }

    /// Everything that must be done before anybody may ask for the new identity's tokens here.
    fn ready(&self) -> Vec<StepId> {
        let mut needs = self.granted.to_vec();
        needs.push(self.new.step());
        needs.extend(self.parents.iter().cloned());
        needs
    }

    fn switch(&self, b: &mut Builder<'_>, after: &[StepId]) -> Vec<StepId> {
        let mut last = Vec::new();
        if !self.host.references.is_empty() {
            let count = self.host.references.len();
            let what = match self.host.references.as_slice() {
                [one] => one.pointer.rsplit('/').next().unwrap_or_default().replace("~1", "/"),
                _ => format!("{count} places"),
            };
            let title = format!("{}: {what} old -> NEW", self.name());
            let input = self.rewrite(b, &[], &[], true);
            let text = StepText::new(title, "set back");
            last.push(b.push(Part::RePoint, text, after, Node::doing::<HostRewrite>(&input)));
        }
        last.extend(self.settings(b, after));
        last
    }

    /// Each list of settings is written as a whole, and by itself.
    fn settings(&self, b: &mut Builder<'_>, after: &[StepId]) -> Vec<StepId> {
        let settings = self.list::<AppSettings>(b, after, "");
        settings.into_iter().chain(self.list::<ConnectionStrings>(b, after, "connection string ")).collect()
    }

    fn list<L: List>(&self, b: &mut Builder<'_>, after: &[StepId], what: &str) -> Option<StepId> {
        let settings: Vec<_> = self.host.settings.iter().filter(|s| s.list == L::LIST).collect();
        if settings.is_empty() {
            return None;
        }
        let names: Vec<String> = settings.iter().map(|s| s.name.clone()).collect();
        let wanted: BTreeSet<Identifier> =
            settings.iter().flat_map(|s| s.identifiers.iter().copied()).collect();
        let wanted: Vec<Identifier> = wanted.into_iter().collect();
        let title = format!("{}: {what}{} old -> NEW", self.name(), names.join(", "));
        let replace = b.pairs(self.new, &wanted);
        let input = SettingsInput { site: self.host.id.clone(), replace, settings: names.into() };
        let node = Node::doing::<SettingsRewrite<L>>(&input);
        Some(b.push(Part::RePoint, StepText::new(title, "set back"), after, node))
    }

    fn rewrite(
        &self,
        b: &Builder<'_>,
        attach: &[&ResourceId],
        detach: &[&ResourceId],
        switch: bool,
    ) -> HostInput {
        rewrite(b, self.new, self.host, [attach, detach], switch)
    }

    fn name(&self) -> String {
        // Policies and configurations are called alike, whatever they are of.
        let kind = self.host.kind.folded();
        let deep = kind.starts_with("microsoft.apimanagement/service/")
            || ["/config", "/authconfigs", "/daprcomponents"].iter().any(|end| kind.ends_with(end));
        if deep { inside(&self.host.id) } else { place(&self.host.id) }
    }
}

/// What is looked at once somebody has said that a host is re-pointed.
fn repointed<'a>(
    b: &Builder<'_>,
    new: &NewIdentity,
    host: &Host,
    places: impl Iterator<Item = &'a Reference>,
) -> RepointedInput {
    let all = [Identifier::ResourceId, Identifier::ClientId, Identifier::PrincipalId];
    RepointedInput {
        id: host.id.clone(),
        api_version: host.api_version.clone(),
        replace: b.pairs(new, &all),
        places: places.map(|r| r.pointer.clone()).collect(),
    }
}

/// In the clean-up, the old identity comes out of what carries both.
pub(crate) fn detach(b: &mut Builder<'_>, new: &NewIdentity, host: &Host, needs: &[StepId]) -> StepId {
    let title = format!("{}: detach old [old, NEW] -> [NEW]", place(&host.id));
    let input = rewrite(b, new, host, [&[], &[&b.old().resource_id]], false);
    b.push(Part::CleanUp, StepText::new(title, "attach old"), needs, Node::doing::<HostRewrite>(&input))
}

/// The input of one read-modify-write of a host.
fn rewrite(
    b: &Builder<'_>,
    new: &NewIdentity,
    host: &Host,
    [attach, detach]: [&[&ResourceId]; 2],
    switch: bool,
) -> HostInput {
    let references = if switch { host.references.as_slice() } else { &[] };
    let wanted: BTreeSet<Identifier> = references.iter().map(|r| r.identifier).collect();
    let wanted: Vec<Identifier> = wanted.into_iter().collect();
    let mut pointers: Vec<&str> = references.iter().map(|r| r.pointer.as_str()).collect();
    pointers.dedup();
    let map = (!attach.is_empty() || !detach.is_empty()).then_some(writes::MAP);
    let verb = writes::verb(&host.kind, map.into_iter().chain(pointers.iter().copied()));
    let shared = choose(b.params, b.facts, host).strategy == Strategy::PinFirst;
    let version = writes::row(&host.kind).and_then(|row| row.version).unwrap_or(&host.api_version);
    let ids = |ids: &[&ResourceId]| ids.iter().copied().cloned().collect();
    HostInput {
        id: host.id.clone(),
        api_version: version.to_owned(),
        verb,
        attach: ids(attach),
        detach: ids(detach),
        replace: b.pairs(new, &wanted),
        pointers: pointers.into_iter().map(ToOwned::to_owned).collect(),
        leaves: vec![b.old().resource_id.clone()].into(),
        shared,
    }
}
