//! Activities: the steps for what keeps the old identity where no program reads it, and for what would put it back from
//! outside: a person changes it there, before the old one is taken from anything. Pure.

use crate::azure::ResourceId;
use crate::azure::known_clouds::number_by_graph;
use crate::commands::shell::quoted;
use crate::commands::shown;
use crate::references::scan::Identifier;
use crate::relocate::facts::{Home, HomeKind, Keeper, ManualReference};
use crate::relocate::plan::builder::{Builder, NewIdentity, Part};
use crate::relocate::plan::words::StepText;
use crate::relocate::plan::words::{grouped, place};
use crate::surfaces::data_plane::facts::has_told_all;
use crate::surfaces::data_plane::listed;
use crate::surfaces::home::keepers;
use rehome_orchestrator::{Node, StepId, Template};

/// The steps of people, each once the new identity is there and may do what the old one may.
pub(crate) fn steps(b: &mut Builder<'_>, new: &NewIdentity, granted: &[StepId]) -> Vec<StepId> {
    let mut needs = granted.to_vec();
    needs.push(new.step());
    let facts = b.facts;
    let mut steps = Vec::new();
    for named in &facts.manual_references {
        let told = match named {
            ManualReference::Home(home) => Some(at_home(home)),
            // What it told has steps of its own.
            ManualReference::Keeper(keeper) if has_told_all(facts, &keeper.id) => None,
            ManualReference::Keeper(keeper) if keeper.carries => inside(keeper, &facts.graph),
            _ => None,
        };
        let Some((title, head)) = told else { continue };
        let node = Node::ByHand { instruction: fresh(b, new, &head), undo: old(b, &head) };
        steps.push(b.push(Part::RePoint, StepText::new(title, "by hand"), &needs, node));
    }
    steps
}

/// What is looked for there, and what is put there, each in its three names.
fn fresh(b: &Builder<'_>, new: &NewIdentity, head: &str) -> Template {
    let old = b.old();
    Template::Text(vec![
        Template::known(format!(
            "{head}\nWhere it names the old identity\n  resource id  {}\n  client id    {}\n  principal id {}\n\
             put the new one:\n  resource id  {}\n  client id    ",
            old.resource_id, old.client_id, old.principal_id, new.id
        )),
        new.name(Identifier::ClientId),
        Template::known("\n  principal id "),
        new.name(Identifier::PrincipalId),
    ])
}

fn old(b: &Builder<'_>, head: &str) -> Template {
    let old = b.old();
    Template::known(format!(
        "{head}\nPut the old identity there again:\n  resource id  {}\n  client id    {}\n  principal id {}",
        old.resource_id, old.client_id, old.principal_id
    ))
}

/// What finds each place in a checkout of somebody's code.
const SCAN: &str = "\n  rehome scan CHECKOUT --plan PLAN --save scan.json";

fn at_home(home: &Home) -> (String, String) {
    let (id, at) = (shown(&home.id), shown(&home.place));
    let of: Vec<String> = home.of.iter().map(|of| shown(of)).collect();
    let of = if of.is_empty() { String::new() } else { format!("\nof\n  {}", of.join("\n  ")) };
    match home.kind {
        HomeKind::Repository => (
            format!("{}: its repository {at} puts old back when it is published", grouped(&home.id)),
            format!(
                "{id}\nis published from {at}\nand what is there comes back with the next publish: change it there too, then publish.{SCAN}"
            ),
        ),
        HomeKind::Stack => (
            format!("deployment stack {}: its next deployment puts old back", place(&home.id)),
            format!(
                "{id}\nis deployed again as it was written{of}\nChange its template and parameters, and deploy it; it shows itself by\n  az rest --method get --url {}",
                quoted(&format!("{}?api-version=2024-03-01", home.id))
            ),
        ),
        HomeKind::Blueprint => (
            format!("blueprint assignment {}: its next update puts old back", place(&home.id)),
            format!(
                "{id}\nassigns blueprint {at}\nand names the old identity; blueprints are retired on 2027-01-31. Change its parameters, or move it to a stack."
            ),
        ),
        HomeKind::Source => (
            format!("{}: {at}, which it is deployed from, may put old back", grouped(&home.id)),
            format!(
                "{id}\nis deployed from {at}\nIn a workflow, a template, settings of the site: change it there, or the next deployment puts it back.{SCAN}"
            ),
        ),
        HomeKind::Settings => (
            format!("{}: settings {at} give old by its name and group", grouped(&home.id)),
            format!(
                "{id}\nhas the settings {at}\nwhich give the name and the resource group of the old identity side by side: set them to those of the new one\n  az webapp config appsettings set --ids {} --settings NAME=VALUE",
                quoted(&home.id)
            ),
        ),
        HomeKind::Template => (
            format!("template spec {}: what is deployed from it uses old", grouped(&home.id)),
            format!(
                "{id}\nnames the old identity in its template: publish another version; it shows itself by\n  az rest --method get --url {}",
                quoted(&format!("{}?api-version=2022-02-01", home.id))
            ),
        ),
        HomeKind::Secret => (
            format!("API Management {}: secret value {at}, if it is of old", grouped(&home.id)),
            format!(
                "{id}\nis a value that no read shows; its owner sees it by\n  az rest --method post --url {}",
                quoted(&format!("{}/listValue?api-version=2024-05-01", home.id))
            ),
        ),
        HomeKind::GitOps => (
            format!("GitOps {}: {at} may put old back into its cluster", grouped(&home.id)),
            format!(
                "{id}\nkeeps this cluster as {at} says{of}\nIn annotations, SecretProviderClass, KEDA: change it there.{SCAN}"
            ),
        ),
    }
}

/// What is inside a service that has the identity, in the cloud that has Graph there.
fn inside(keeper: &Keeper, graph: &str) -> Option<(String, String)> {
    // The script of its database users says it too.
    let scripted = keeper.kind == "microsoft.kusto/clusters";
    let kept = keepers::of(&keeper.kind).filter(|_| !scripted)?;
    let look = match kept.command {
        "" => String::new(),
        command => match filled(command, &keeper.id, plane(&keeper.kind, graph)) {
            Some(command) => format!("; they are shown by\n  {command}"),
            None => String::new(),
        },
    };
    let ask = key(&keeper.kind).map_or_else(String::new, |key| {
        format!(
            "\nWith {} under [data_planes] of the batch file, the plan says each place and its command.",
            named(key, &keeper.kind, &keeper.id)
        )
    });
    Some((
        format!("{}: {}, if they name old", grouped(&keeper.id), kept.what),
        format!("{}\nkeeps {}, which no list of Azure shows{look}{ask}", shown(&keeper.id), kept.what),
    ))
}

/// The key by which a batch file asks the data plane of a type.
pub(crate) fn key(kind: &str) -> Option<&'static str> {
    let asked = listed::ALL.iter().find(|service| service.carrier.eq_ignore_ascii_case(kind))?;
    Some(asked.word)
}

/// A line of the batch file that names what is asked: the service itself, or of a connector whatever uses it.
pub(crate) fn named(key: &str, kind: &str, id: &ResourceId) -> String {
    let name = if is_itself_asked(kind) { shown(id.name()) } else { "*".to_owned() };
    format!("{key} = [\"{name}\"]")
}

/// Whether a type is asked itself, and not what uses it.
pub(crate) fn is_itself_asked(kind: &str) -> bool {
    listed::ALL.iter().any(|service| service.kind.eq_ignore_ascii_case(kind))
}

/// The domain of a type's data plane and the audience of its tokens, in the cloud that has Graph there.
fn plane(kind: &str, graph: &str) -> Option<(&'static str, &'static str)> {
    let service = listed::ALL.iter().find(|service| service.carrier.eq_ignore_ascii_case(kind))?;
    service.clouds[number_by_graph(graph)]
}

/// A command with its places filled in, in one pass: what is put in is not looked at again. `None` where it asks a data plane
/// that this cloud does not have.
fn filled(command: &str, id: &str, plane: Option<(&str, &str)>) -> Option<String> {
    let part = |n: usize| quoted(id.split('/').nth(n).unwrap_or_default());
    let mut out = String::new();
    for (at, piece) in command.split('{').enumerate() {
        let (place, rest) = if at == 0 { ("", piece) } else { piece.split_once('}').unwrap_or(("", piece)) };
        out.push_str(&match place {
            "name" => part(8),
            "group" => part(4),
            "subscription" => part(2),
            "id" => quoted(id),
            "domain" => plane?.0.to_owned(),
            "audience" => plane?.1.to_owned(),
            _ => String::new(),
        });
        out.push_str(rest);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::plan::plan;
    use crate::relocate::testing::{GROUP, facts, params};
    use serde_json::json;

    #[test]
    fn each_home_and_each_keeper_has_a_step_before_the_clean_up_and_hostile_names_stay_words() {
        let mut facts = facts();
        let home = |kind, place: &str| {
            ManualReference::Home(Home {
                id: format!("{GROUP}/providers/a/b/c").into(),
                kind,
                place: place.into(),
                of: vec!["/x\n/y".into()],
            })
        };
        let keeper = |name: &str, carries| {
            let kind = "Microsoft.Search/searchServices";
            ManualReference::Keeper(Keeper {
                id: format!("{GROUP}/providers/{kind}/{name}").into(),
                kind: kind.into(),
                carries,
            })
        };
        facts.manual_references = vec![
            home(HomeKind::Repository, "contoso/adf, branch main\ncurl x"),
            home(HomeKind::Stack, ""),
            home(HomeKind::Blueprint, "bp"),
            home(HomeKind::GitOps, "https://git.example/r"),
            keeper("s'$(id)", true),
            keeper("covered", false),
        ];
        let plan = plan(&params(), &facts).unwrap();
        let made = json!({"client_id": "new-cid", "principal_id": "new-oid"});
        let told: Vec<String> = plan
            .steps
            .iter()
            .filter_map(|step| match &step.node {
                Node::ByHand { instruction, .. } if step.group == "RE-POINT" => {
                    Some(instruction.resolve(&|_| Some(&made)).unwrap().as_str().unwrap().to_owned())
                }
                _ => None,
            })
            .filter(|text| text.contains("Where it names the old identity"))
            .collect();
        assert_eq!(told.len(), 5, "{told:?}");
        assert!(told.iter().all(|text| text.contains("client id    new-cid")));
        assert!(told[0].contains("branch main\\ncurl x") && told[1].contains("/x\\n/y"), "{told:?}");
        assert!(
            told[4].contains(r"https://'s'\''$(id)''.search.azure.us/datasources?api-version=2024-07-01'"),
            "{}",
            told[4]
        );
    }
}
