//! ARM: the way of a request to the room of its type, and what is done to every answer.

use super::{
    activity_log, apim, built_in_policies, deployments, generic, groups, hidden, keyvault, management_groups,
    moves, msi, paging, policies, poll, provider_operations, providers, resource_graph, sites, stacks,
    tag_resource, tags,
};
use crate::authorization::{self, Call};
use crate::http::{Reply, Request};
use crate::objects::ArmPath;
use crate::world::World;

/// Answers a request; long lists in pages.
pub(crate) fn answer(world: &mut World, call: &Call<'_>, request: &Request) -> Reply {
    if let Some(reply) = tags::refused(world, call, request) {
        return reply;
    }
    let reply = hidden::veiled(route(world, call, request));
    let reply = tagged(tags::tagged(world, call, reply), call);
    // Role assignments have pages of their own, which Azure gives at provider level only.
    if call.path.to_lowercase().ends_with("/providers/microsoft.authorization/roleassignments") {
        return reply;
    }
    paging::page(reply, call, world.settings.page_size)
}

/// What has an ETag says so in a header too.
fn tagged(reply: Reply, call: &Call<'_>) -> Reply {
    let tag = reply.body.as_ref().and_then(|body| body["etag"].as_str()).map(ToOwned::to_owned);
    match tag.filter(|_| reply.status < 300 && matches!(call.method, "GET" | "PUT" | "PATCH")) {
        Some(tag) => reply.with("etag", tag),
        None => reply,
    }
}

/// A path as it is taken apart.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn taken_apart(path: &str) -> String {
    let parsed = ArmPath::parse(path);
    let of_it = (parsed.is_instance(), parsed.parent_kind(), parsed.parent_path(), parsed.full_name());
    drop((of_it, parsed.name(), parsed.subscription(), parsed.group()));
    authorization::canonical(path);
    parsed.path
}

/// Hands a request to the room of its type.
fn route(world: &mut World, call: &Call<'_>, request: &Request) -> Reply {
    if let Some(answer) = authorization::handle(world, call) {
        return answer.into();
    }
    let special = keyvault::handle(world, call).or_else(|| management_groups::handle(world, call));
    if let Some(answer) = special {
        return answer.into();
    }
    let lower = call.path.to_lowercase();
    if lower.trim_end_matches('/') == "/providers/microsoft.resourcegraph/resources" {
        return resource_graph::handle(world, call);
    }
    if let Some(reply) = built_in_policies::handle(call.method, call.path) {
        return reply;
    }
    let path = ArmPath::parse(call.path);
    if let Some(reply) = groups::missing(world, call, &path) {
        return reply;
    }
    if call.method == "POST" && policies::is_question(call.path) {
        return policies::check(world, call);
    }
    if let Some(reply) = activity_log::handle(world, call).or_else(|| provider_operations::handle(call)) {
        return reply;
    }
    if let Some(reply) = poll::handle(world, call, &path) {
        return reply;
    }
    if let Some(reply) = providers::handle(world, call, &path).or_else(|| moves::handle(world, call)) {
        return reply;
    }
    match path.kind.to_lowercase().as_str() {
        tag_resource::KIND => tag_resource::handle(world, call, &path),
        kind if kind == deployments::KIND || kind.starts_with("microsoft.resources/deployments/") => {
            deployments::handle(world, call, &path, &|world, one| answer(world, one, request))
        }
        kind if stacks::owns(kind) => {
            stacks::handle(world, call, &path, &|world, one| answer(world, one, request))
        }
        "" => groups::handle(world, call, request),
        "microsoft.managedidentity/userassignedidentities"
        | "microsoft.managedidentity/userassignedidentities/listassociatedresources"
        | "microsoft.managedidentity/userassignedidentities/revoketokens"
        | "microsoft.managedidentity/userassignedidentities/federatedidentitycredentials" => {
            msi::handle(world, call, &path)
        }
        kind if apim::owns(kind) => apim::handle(world, call, &path),
        kind if sites::owns(kind) => sites::handle(world, call, &path),
        _ => generic::handle(world, call, &path),
    }
}
