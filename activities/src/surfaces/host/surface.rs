//! Activities: resources that carry or name the identity.

use crate::activity::kit::{Kind, Kit};
use crate::azure::ResourceId;
use crate::references::known;
use crate::relocate::facts::{Facts, Host};
use crate::relocate::short::short;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::cluster::nodes::cluster_of;
use crate::surfaces::host::activity::HostRewrite;
use crate::surfaces::host::repointed::HostRepointed;
use crate::surfaces::host::strategy::is_record;
use crate::surfaces::row::{Row, by_hand, moved, named};
use crate::surfaces::surface::Surface;
use rehome_orchestrator::{Activity, Registry};

/// What is moved.
const MOVED: [&str; 5] = [
    "resources that carry it",
    "resources and their children that name it, in any text and spelling",
    "administrators of SQL and MySQL servers and of Synapse workspaces, of which there is one",
    "policies, fragments, back ends and named values of API Management at every scope; Dapr components of every environment",
    "parameters of policies that give it by name and resource group, before anything is detached",
];

/// What a person does, beside the types that cannot be changed in place.
const HANDS: [(&str, &str); 5] = [
    ("code that names no identity, with `unpinned_host = \"pin-first\"`", "an `az` command before and after"),
    (
        "connections of Standard Logic Apps and actions of their workflows, which are in files",
        "`az rest` commands that read and write the file",
    ),
    (
        "what each write would run again: scripts on machines, images that build themselves, workflows that start when they are saved, blueprints",
        "W204, and `az rest` commands that read and write it",
    ),
    (
        "what would be written with a secret that no read gives: secured parameters, masked keys, protected settings, certificates",
        "W204 with the place, and `az rest` commands; secrets of container apps are read for the write alone, and kept nowhere",
    ),
    ("resources that Azure names and you may not read", "a blocker until the batch file answers for each"),
];

/// The surface.
pub(crate) struct Hosts;

impl Surface for Hosts {
    fn rows(&self) -> Vec<Row> {
        let moved = MOVED.map(|what| moved(what, HostRewrite::NAME));
        let types = known::all().filter_map(|known| Some((known.kind, known.by_hand?)));
        let hands = HANDS.into_iter().chain(types).map(|(what, how)| by_hand(what, how));
        let ended = named(
            "runs that have ended: deployment scripts, builds, commands on machines, jobs, database scripts, bulk launches",
            "W220: a write would run them again, so they are left as they are",
        );
        moved.into_iter().chain(hands).chain([ended]).collect()
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind::of::<HostRewrite>()]
    }

    fn conditions(&self, registry: Registry, kit: &Kit) -> Registry {
        registry.condition(HostRepointed(kit.reader()))
    }

    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        // A run that has ended is left alone, and goes when its time is over.
        for h in facts.hosts.iter().filter(|h| !h.writing.ended) {
            put(format!("host {}", h.id.folded()), said(h));
        }
        for c in &facts.counterparts {
            let has = short(&(&c.host.attached, &c.host.identity_type, c.of.folded()));
            put(format!("counterpart {}", c.host.id.folded()), format!("{has} {}", said(&c.host)));
        }
    }

    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        let params = wanted.params;
        let written = facts.hosts.iter().filter(|h| h.readable && cluster_of(facts, h).is_none());
        for host in written.filter(|h| !is_record(params, h)) {
            wanted.forward(&format!("{}/write", host.kind), &host.id);
            if let Some(action) = &host.writing.given_by {
                wanted.forward(action, &host.id);
            }
        }
        for counterpart in &facts.counterparts {
            wanted.forward(&format!("{}/write", counterpart.host.kind), &counterpart.host.id);
        }
        // What a host keeps must be assignable as well, and so must what it is given back.
        if facts.hosts.iter().any(|h| h.carries && h.readable && !is_record(params, h)) {
            let assign = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";
            wanted.forward(assign, &facts.identity.identifiers.resource_id);
        }
    }
}

/// What the plan for a host was made from; other identities may come and go.
fn said(h: &Host) -> String {
    // Which one it is, where it is alone; others may come and go.
    let alone = match h.attached.as_slice() {
        [one] => Some(one.folded()),
        _ => None,
    };
    let system = h.identity_type.to_ascii_lowercase().contains("systemassigned");
    let marks: Vec<_> = h.settings.iter().map(|s| (&s.list, &s.name, &s.identifiers)).collect();
    let made = (h.kind.folded(), h.verb, h.workflow_app, h.nodes_in.as_deref().map(str::to_ascii_lowercase));
    let read = if h.readable { "readable" } else { "not readable" };
    let carries = if h.carries { "carries it" } else { "names it" };
    let dead: Vec<&str> = h.dead.iter().map(ResourceId::as_str).collect();
    let dead = if dead.is_empty() { String::new() } else { format!(", gone {}", dead.join(" ")) };
    let rest = (alone, system, &h.references, marks, &h.databases, made, &h.callers);
    format!("{read}, {carries}, {}{dead}", short(&rest))
}
