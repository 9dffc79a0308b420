//! Activities: the steps for what services keep inside, by their own word: a person changes each, with a ready command, and
//! nothing is detached before the service names the old identity no more. Pure.

use crate::commands::shown;
use crate::references::scan::Identifier;
use crate::relocate::plan::builder::{Builder, NewIdentity, Part};
use crate::relocate::plan::waiting::until;
use crate::relocate::plan::words::{StepText, grouped};
use crate::surfaces::data_plane::facts::{Asked, Inside, asked_and_staying};
use crate::surfaces::data_plane::listed::of;
use crate::surfaces::data_plane::service::{Change, List, Service};
use crate::surfaces::data_plane::unnamed::{NamedObject, PlaneUnnamed, UnnamedInput};
use rehome_orchestrator::{Node, Proof, StepId, Template};

/// A step for each thing that names the old identity, once its service has the new one.
pub(crate) fn steps(b: &mut Builder<'_>, new: &NewIdentity, switched: &[StepId]) -> Vec<StepId> {
    let mut needs = switched.to_vec();
    needs.push(new.step());
    let mut steps = Vec::new();
    for one in asked_and_staying(b.facts) {
        let Some(service) = of(&one.service) else { continue };
        for object in &one.objects {
            let Some(list) = service.lists.iter().find(|list| list.what == object.list) else { continue };
            let node = by_hand(b, new, (service, list), &one, object);
            let title = format!("{}: {} old -> NEW", grouped(&one.id), shown(&object.called()));
            let step = b.push(Part::RePoint, StepText::new(title, "by hand"), &needs, node);
            let input = input(b, new, &one, Some(NamedObject::of(object)));
            b.prove(&step, Proof::of::<PlaneUnnamed>(&input));
            steps.push(step);
        }
    }
    steps
}

/// A wait for each service that was asked, before anything is detached.
pub(crate) fn hold(b: &mut Builder<'_>, new: &NewIdentity, needs: &[StepId]) -> Vec<StepId> {
    let mut steps = Vec::new();
    for one in asked_and_staying(b.facts) {
        let title = format!("until {} names old no more, by its own word", grouped(&one.id));
        let mut needs = needs.to_vec();
        needs.push(new.step());
        let input = input(b, new, &one, None);
        steps.push(b.push(Part::CleanUp, StepText::new(title, ""), &needs, until::<PlaneUnnamed>(&input)));
    }
    steps
}

fn input(b: &Builder<'_>, new: &NewIdentity, one: &Asked, object: Option<NamedObject>) -> UnnamedInput {
    let answered_for: Vec<String> =
        one.unread.iter().filter(|scope| b.params.options.accepts(scope)).cloned().collect();
    UnnamedInput {
        id: one.id.clone(),
        service: one.service.clone(),
        host: one.host.clone(),
        replace: b.pairs(new, &[Identifier::ResourceId, Identifier::ClientId, Identifier::PrincipalId]),
        object,
        answered_for: answered_for.into(),
    }
}

fn by_hand(
    b: &Builder<'_>,
    new: &NewIdentity,
    (service, list): (&'static Service, &'static List),
    one: &Asked,
    object: &Inside,
) -> Node {
    let places: Vec<String> = object.places.iter().map(|place| shown(place)).collect();
    let head = format!(
        "{}\n{} at {} names the old identity at {}\n",
        shown(&one.id),
        shown(&object.called()),
        shown(&one.host),
        places.join(", ")
    );
    let old = b.old();
    let command = |from: &str, to: &str| {
        (list.change)(&Change {
            list,
            host: &one.host,
            audience: service.audience_of(&one.host),
            object,
            from,
            to,
            principal: &old.principal_id,
        })
    };
    let there = match list.by_principal {
        true => b.renamed_text(new, &command(&old.resource_id, &old.resource_id)).template(),
        false => Template::known(command(&old.resource_id, &new.id)),
    };
    Node::ByHand {
        instruction: Template::Text(vec![Template::known(head.clone()), there]),
        undo: Template::known(format!("{head}{}", command(&new.id, &old.resource_id))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::plan::plan;
    use crate::relocate::testing::{GROUP, facts, host, params};
    use crate::surfaces::data_plane::facts::NAME;
    use serde_json::json;

    #[test]
    fn each_thing_inside_has_a_step_with_a_proof_and_nothing_is_detached_before_its_service_says_so() {
        let mut facts = facts();
        let mut app = host("Microsoft.Web/sites", "app");
        app.carries = true;
        facts.hosts.push(app);
        let object = Inside {
            list: "data source".to_owned(),
            name: "a'$(id)\nb".to_owned(),
            database: None,
            places: vec!["/identity/userAssignedIdentity".to_owned()],
            kept: String::new(),
        };
        let asked = Asked {
            id: format!("{GROUP}/providers/Microsoft.Search/searchServices/s").into(),
            service: "search".to_owned(),
            host: "s.search.windows.net".to_owned(),
            whole: true,
            unread: Vec::new(),
            objects: vec![object],
        };
        facts.keep(NAME, vec![asked]);
        let plan = plan(&params(), &facts).unwrap();
        let step = plan.steps.iter().find(|step| step.title.contains("data source")).expect("a step");
        assert!(step.proof.is_some() && !step.title.contains('\n'), "{}", step.title);
        let made = json!({"client_id": "new-cid", "principal_id": "new-oid"});
        let Node::ByHand { instruction, undo } = &step.node else { panic!("{step:?}") };
        let told = |text: &Template| text.resolve(&|_| Some(&made)).unwrap().as_str().unwrap().to_owned();
        let url = r"https://s.search.windows.net/datasources('\''a%27%24%28id%29%0Ab'\'')?api-version";
        for text in [told(instruction), told(undo)] {
            assert!(text.contains(url) && !text.contains("$(id)\n"), "{text}");
        }
        assert_ne!(told(instruction), told(undo), "one is the other the other way round");
        let hold = plan.steps.iter().find(|step| step.title.ends_with("by its own word")).expect("a wait");
        let mut detaching = plan.steps.iter().filter(|step| step.title.contains("detach old")).peekable();
        assert!(detaching.peek().is_some());
        assert!(detaching.all(|step| step.needs.contains(&hold.id)));
    }
}
