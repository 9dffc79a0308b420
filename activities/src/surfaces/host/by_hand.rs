//! Activities: what only a person can do, as instructions with the real ids filled in. Pure.

use crate::azure::ResourceId;
use crate::commands::shell::quoted;
use crate::commands::shown;
use crate::references::scan::Identifier;
use crate::references::table::Verb;
use crate::relocate::facts::Host;
use crate::relocate::plan::builder::{Builder, NewIdentity};
use crate::relocate::plan::words::{grouped, inside, place};
use crate::surfaces::host::remade;
use rehome_orchestrator::{Node, Template};

/// The places of a host that name the old identity, beside its map of identities.
fn places(host: &Host) -> impl Iterator<Item = String> {
    let references = host.references.iter().map(|r| r.pointer.clone());
    references
        .chain(host.settings.iter().map(|s| format!("{} {}", s.list, s.name)))
        .map(|place| shown(&place))
}

/// The three names of an identity, under each other.
fn ids(names: [Template; 3]) -> Vec<Template> {
    let heads = ["\n  resource id  ", "\n  client id    ", "\n  principal id "];
    heads.into_iter().zip(names).flat_map(|(head, name)| [Template::known(head), name]).collect()
}

/// An instruction that says what to use, old or new.
fn using(b: &Builder<'_>, new: &NewIdentity, [head, undo]: [String; 2]) -> Node {
    let old = b.old();
    let known = [old.resource_id.as_str(), &old.client_id, &old.principal_id].map(Template::known);
    let fresh = [Identifier::ResourceId, Identifier::ClientId, Identifier::PrincipalId].map(|i| new.name(i));
    let text = |head: String, names: [Template; 3]| {
        Template::Text(std::iter::once(Template::known(head)).chain(ids(names)).collect())
    };
    Node::ByHand { instruction: text(head, fresh), undo: text(undo, known) }
}

/// How a person writes what a program may not write, where the host itself says why.
fn written(host: &Host) -> Option<String> {
    if host.writing.is_plain() {
        return None;
    }
    let url = quoted(&format!("{}?api-version={}", host.id, host.api_version));
    let verb = match host.verb {
        Verb::Patch => "patch",
        Verb::Put => "put",
    };
    let lost = match host.writing.hidden.as_slice() {
        [] => String::new(),
        hidden => format!("the values that are not shown in it ({}), ", shown(&hidden.join(", "))),
    };
    Some(format!(
        "az rest --method get --url {url} > host.json\n\
         put {lost}the names below into host.json, take out what Azure computes, then\n\
         az rest --method {verb} --url {url} --body @host.json\n"
    ))
}

/// A host that cannot be re-pointed by program.
pub(crate) fn host(b: &Builder<'_>, new: &NewIdentity, host: &Host, reason: &str) -> (String, Node) {
    let places: Vec<String> = places(host).collect();
    let places = if places.is_empty() { "its identity".to_owned() } else { places.join(", ") };
    let id = shown(&host.id);
    let old = &b.old().resource_id;
    let with = |wanted: &ResourceId, gone: &ResourceId| {
        let commands = remade::commands(host, wanted, gone).map(|commands| format!("{commands}\n"));
        commands.or_else(|| written(host)).unwrap_or_default()
    };
    let (there, back) = (with(&new.id, old), with(old, &new.id));
    let head = format!("{id}\n{reason}.\n{there}Make it use the new identity ({places}):");
    let undo = format!("{id}\n{back}Make it use the old identity again ({places}):");
    (format!("{}: use NEW ({reason})", called(host)), using(b, new, [head, undo]))
}

/// What a host is called; what stands in an account of Automation is called alike in every account.
fn called(host: &Host) -> String {
    let is_part = host.kind.folded().starts_with("microsoft.automation/automationaccounts/");
    if is_part { inside(&host.id) } else { grouped(&host.id) }
}

/// Says of a counterpart what its source says of the old identity, beside carrying it, itself and in parts of it
/// that have no counterparts of their own; `None` where it says nothing.
pub(crate) fn follow(
    b: &Builder<'_>,
    new: &NewIdentity,
    source: &Host,
    host: &Host,
) -> Option<(String, Node)> {
    let parts = b.facts.hosts.iter().filter(|part| {
        part.id.is_below(&source.id) && b.facts.counterpart_of(part).is_some_and(|c| c.of == source.id)
    });
    let within = |part: &Host| {
        let tail = part.id[source.id.len()..].to_owned();
        places(part).map(move |place| format!("{} {place}", shown(&tail))).collect::<Vec<_>>()
    };
    let all: Vec<String> = places(source).chain(parts.flat_map(within)).collect();
    if all.is_empty() {
        return None;
    }
    let like = format!(
        "{}\ntakes the place of {}, which names the identity here:",
        shown(&host.id),
        shown(&source.id)
    );
    let list = all.join("\n  ");
    let head = format!("{like}\n  {list}\nMake it name the new identity there:");
    let undo = format!("{like}\n  {list}\nTake the new identity out again. The old one is:");
    Some((
        format!("{}: name NEW, as {} names OLD", grouped(&host.id), place(&source.id)),
        using(b, new, [head, undo]),
    ))
}

/// Takes the old identity from a host that was left alone, because another resource takes its place.
pub(crate) fn retire(b: &Builder<'_>, host: &Host) -> (String, Node) {
    let (id, old) = (shown(&host.id), &b.old().resource_id);
    let node = Node::ByHand {
        instruction: Template::known(format!(
            "{id}\nRemove this resource, or take the old identity from it:\n  {old}"
        )),
        undo: Template::known(format!("{id}\nGive it the old identity again:\n  {old}")),
    };
    (format!("{}: retire it, its counterpart has NEW", grouped(&host.id)), node)
}

/// Makes the code on a host name the old identity, so that a second one does no harm.
pub(crate) fn pin(b: &Builder<'_>, host: &Host) -> (String, Node) {
    let node = Node::ByHand {
        instruction: Template::known(set_client_id(&host.id, &b.old().client_id)),
        undo: Template::known(format!(
            "take AZURE_CLIENT_ID away again from the code on {}",
            shown(&host.id)
        )),
    };
    (format!("{}: make its code name the old identity", place(&host.id)), node)
}

/// Makes the code on a pinned host name the new identity.
pub(crate) fn switch_pin(b: &Builder<'_>, new: &NewIdentity, host: &Host) -> (String, Node) {
    let command = set_client_id(&host.id, "");
    let node = Node::ByHand {
        instruction: Template::Text(vec![Template::known(command), new.name(Identifier::ClientId)]),
        undo: Template::known(set_client_id(&host.id, &b.old().client_id)),
    };
    (format!("{}: make its code name NEW", place(&host.id)), node)
}

fn set_client_id(id: &str, client_id: &str) -> String {
    if id.to_ascii_lowercase().contains("/providers/microsoft.web/sites/") {
        return format!(
            "az webapp config appsettings set --ids {} --settings AZURE_CLIENT_ID={client_id}",
            quoted(id)
        );
    }
    format!(
        "make the code on {} name its identity, for most SDKs with the environment variable AZURE_CLIENT_ID={client_id}",
        shown(id)
    )
}

/// The connections of a Standard Logic App are in a file among its workflows, which no resource shows.
/// Source: <https://learn.microsoft.com/azure/logic-apps/authenticate-with-managed-identity>, `connections.json`
pub(crate) fn connections(b: &Builder<'_>, new: &NewIdentity, app: &Host) -> (String, Node) {
    let file = quoted(&format!("{}/hostruntime/admin/vfs/connections.json?api-version=2022-03-01", app.id));
    let workflows =
        quoted(&format!("{}/hostruntime/admin/vfs/WORKFLOW/workflow.json?api-version=2022-03-01", app.id));
    let text = |from: &str, to: &str| {
        Template::known(format!(
            "its connections are in a file that may name the identity:\n  \
             az rest --method get --url {file} > connections.json\n\
             where it names\n  {from}\nput in its place\n  {to}\nand the same in the repository that it is deployed from; then\n  \
             az rest --method put --url {file} --headers 'If-Match=*' --body @connections.json\n\
             The actions of its workflows may name it as well, each workflow in a file (WORKFLOW/workflow.json), which is read and written \
             so too:\n  az rest --method get --url {workflows}"
        ))
    };
    let (old, fresh) = (&b.old().resource_id, &new.id);
    let node = Node::ByHand { instruction: text(old, fresh), undo: text(fresh, old) };
    (format!("{}: connections.json old -> NEW, if it names it", place(&app.id)), node)
}
