//! Activities: custom security attributes of the service principal: found, and given to the new one in one write.

use crate::activity::kit::Kind;
use crate::relocate::facts::{Facts, SecurityAttribute};
use crate::relocate::plan::builder::{Builder, Part, ReadyPrincipal};
use crate::relocate::survey::graph_rights as graph;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::row::{Row, moved};
use crate::surfaces::security_attributes::activity::{AttributesInput, SetAttributes};
use crate::surfaces::security_attributes::facts::security_attributes;
use crate::surfaces::surface::{Answers, Heard, Surface};
use rehome_orchestrator::{Activity, Node, StepId};
use std::collections::BTreeSet;

/// The surface.
pub(crate) struct SecurityAttributes;

impl Surface for SecurityAttributes {
    fn rows(&self) -> Vec<Row> {
        let what =
            "custom security attributes of its service principal: their values stay out of plan and log";
        vec![moved(what, SetAttributes::NAME)]
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind::of::<SetAttributes>()]
    }

    fn asks_graph(&self, principal: &str) -> Vec<String> {
        vec![format!("servicePrincipals/{principal}?$select=id,customSecurityAttributes")]
    }

    fn hear_graph(&self, answers: Answers<'_>, out: &mut Heard) {
        let found = answers.object(out);
        out.directory.attributes = found.map(|found| security_attributes(&found)).unwrap_or_default();
    }

    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        for a in &facts.directory.attributes {
            put(format!("custom security attribute {} {}", a.set, a.name), "has a value".into());
        }
    }

    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        let sets: BTreeSet<&str> = facts.directory.attributes.iter().map(|of| of.set.as_str()).collect();
        for set in sets {
            wanted.graph(&graph::ATTRIBUTES, format!("custom security attributes of set {set}"));
        }
    }

    fn grant(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
        let attributes = &b.facts.directory.attributes;
        let input = AttributesInput {
            source_id: b.old().principal_id.clone(),
            principal_id: made.principal(),
            attributes: attributes.clone().into(),
        };
        let title = format!("custom security attributes {}", named(attributes));
        let step = (!attributes.is_empty()).then(|| (title, "remove", Node::doing::<SetAttributes>(&input)));
        b.each(Part::Grant, step, &made.known)
    }
}

fn named(attributes: &[SecurityAttribute]) -> String {
    let names: Vec<String> = attributes.iter().map(|of| format!("{}.{}", of.set, of.name)).collect();
    names.join(", ")
}
