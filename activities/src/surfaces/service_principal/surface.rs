//! Activities: settings of the service principal: found, and set on the new one where they are not as on a new one.

use crate::activity::kit::Kind;
use crate::relocate::facts::Facts;
use crate::relocate::plan::builder::{Builder, Part, ReadyPrincipal};
use crate::relocate::short::short;
use crate::relocate::survey::graph_rights as graph;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::row::{Row, moved};
use crate::surfaces::service_principal::activity::{PrincipalInput, SetPrincipal};
use crate::surfaces::service_principal::facts::principal_settings;
use crate::surfaces::surface::{Answers, Heard, Surface};
use rehome_orchestrator::{Activity, Node, StepId, has_secret};
use serde_json::{Map, Value, json};

/// The surface.
pub(crate) struct ServicePrincipal;

impl Surface for ServicePrincipal {
    fn rows(&self) -> Vec<Row> {
        let what = "whether its service principal may sign in, its tags and its notes";
        vec![moved(what, SetPrincipal::NAME)]
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind::of::<SetPrincipal>()]
    }

    /// As a list: who may not read the attributes of one may read these.
    fn asks_graph(&self, principal: &str) -> Vec<String> {
        let select = "$select=id,accountEnabled,tags,notes";
        vec![format!("servicePrincipals?$filter=id eq '{principal}'&{select}")]
    }

    fn hear_graph(&self, answers: Answers<'_>, out: &mut Heard) {
        let found = answers.object(out).and_then(|found| principal_settings(&found["value"][0]));
        out.directory.settings = found.unwrap_or_default();
        if out.directory.settings.notes.as_deref().is_some_and(has_secret) {
            out.directory.settings.notes = None;
            let what = "notes of its service principal, in which something looks like a secret";
            out.directory.by_hand.push(what.to_owned());
        }
    }

    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        if !facts.directory.settings.are_fresh() {
            put("settings of the service principal".into(), short(&facts.directory.settings));
        }
    }

    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        if !facts.directory.settings.are_fresh() {
            wanted.graph(&graph::APPLICATION, "the new service principal".to_owned());
        }
    }

    /// What is set otherwise than on a new one, and nothing else.
    fn grant(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
        let held = &b.facts.directory.settings;
        let members = [
            ("accountEnabled", held.disabled.then_some(json!(false))),
            ("tags", (!held.tags.is_empty()).then(|| json!(held.tags))),
            ("notes", held.notes.as_ref().map(|notes| json!(notes))),
        ];
        let settings: Map<String, Value> =
            members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        if settings.is_empty() {
            return Vec::new();
        }
        let names: Vec<&str> = settings.keys().map(String::as_str).collect();
        let title = format!("settings of the service principal: {}", names.join(", "));
        let input = PrincipalInput { principal_id: made.principal(), settings };
        b.each(Part::Grant, [(title, "set back", Node::doing::<SetPrincipal>(&input))], &made.known)
    }
}
