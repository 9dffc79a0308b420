//! The ARM room of the local Azure: what `management.azure.com` answers.

mod apim;
pub(crate) mod authorization;
mod built_in_policies;
mod clusters;
mod computed;
mod deployments;
mod extensions;
mod groups;
mod hidden;
pub(crate) mod id;
mod identity_block;
mod keyvault;
mod management_groups;
mod moves;
mod msi;
mod msi_versions;
mod paging;
mod patches;
mod policies;
mod poll;
mod providers;
pub(crate) mod refusals;
mod resource_filter;
mod resource_graph;
mod resources;
mod runs;
mod services;
mod sites;
mod tag_resource;
mod tags;
mod template;
mod types;

pub(crate) use template::relaxed;

#[cfg(any(test, feature = "fuzz"))]
pub(crate) use {authorization::filter_terms, resource_graph::rows};

use crate::http::{Reply, Request};
use crate::world::World;
use authorization::{Call, Objects};
use id::ArmPath;

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
pub(crate) fn parts(path: &str) -> String {
    let parsed = ArmPath::parse(path);
    let of_it = (parsed.is_instance(), parsed.parent_kind(), parsed.parent_path(), parsed.full_name());
    drop((of_it, parsed.name(), parsed.subscription(), parsed.group()));
    authorization::canonical(path);
    parsed.path
}

/// Any other resource: what its service hides must come with a write, and what its service runs is run by one.
fn resource(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    if let Some(reply) = hidden::asked(world, call, path).or_else(|| hidden::refused(call, path)) {
        return reply;
    }
    let before = world.get(call.path).cloned();
    let reply = resources::handle(world, call, path);
    if reply.status < 300 {
        hidden::settle(world, call, path);
        runs::start(world, call, path, before.as_ref());
    }
    reply
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
    if let Some(reply) = poll::handle(world, call, &path) {
        return reply;
    }
    if let Some(reply) = providers::handle(world, call, &path).or_else(|| moves::handle(world, call)) {
        return reply;
    }
    match path.kind.to_lowercase().as_str() {
        tag_resource::KIND => tag_resource::handle(world, call, &path),
        kind if kind == deployments::KIND || kind.starts_with("microsoft.resources/deployments/") => {
            deployments::handle(world, call, &path, request)
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
        _ => resource(world, call, &path),
    }
}
