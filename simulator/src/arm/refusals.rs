//! ARM: what Resource Manager refuses by itself, whatever the provider would say: a provider that is not
//! registered, a group that is being deleted, what a policy denies, a resource that others changed or that is new.

use super::answers::{no_parent, not_found};
use super::policies;
use crate::authorization::{Call, Objects, canonical};
use crate::http::{Reply, Request};
use crate::objects::ArmPath;
use crate::world::{World, is_identity};

/// The refusal, if there is one.
pub(crate) fn refused(world: &World, call: &Call<'_>, request: &Request) -> Option<Reply> {
    let path = ArmPath::parse(call.path);
    too_new(world, call, &path)
        .or_else(|| unregistered(world, call, &path))
        .or_else(|| leaving(world, call, &path))
        .or_else(|| policies::denies(world, call, &path))
        .or_else(|| changed(world, call, request))
}

fn is_write(call: &Call<'_>) -> bool {
    matches!(call.method, "PUT" | "PATCH")
}

/// An estate says which providers a subscription has not registered:
/// `/subscriptions/S/providers/NAMESPACE` with a `registrationState`.
fn unregistered(world: &World, call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    let namespace = path.kind.split('/').next().filter(|n| !n.is_empty() && is_write(call))?;
    let id = format!("/subscriptions/{}/providers/{namespace}", path.subscription()?);
    let state = world.get(&id)?["registrationState"].as_str()?;
    if state.eq_ignore_ascii_case("Registered") {
        return None;
    }
    let message = format!(
        "The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions."
    );
    Some(Reply::error(409, "MissingSubscriptionRegistration", &message))
}

/// Nothing is made in a group that is on its way out.
fn leaving(world: &World, call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    let group = path.group().filter(|_| is_write(call))?;
    let id = format!("/subscriptions/{}/resourceGroups/{group}", path.subscription()?);
    let until = world.operations.busy(&id, world.now())?;
    let message =
        format!("The resource group '{group}' is in deprovisioning state and cannot perform this operation.");
    let wait = world.clock.retry_after(until - world.now()).to_string();
    Some(Reply::error(409, "ResourceGroupBeingDeleted", &message).with("retry-after", wait))
}

/// `If-Match` names the version that the client has read.
fn changed(world: &World, call: &Call<'_>, request: &Request) -> Option<Reply> {
    let wanted = request.header("if-match").filter(|tag| *tag != "*" && call.method != "GET")?;
    let tag = world.get(call.path)?["etag"].as_str()?;
    if tag == wanted {
        return None;
    }
    let message = format!(
        "The condition '{wanted}' in the If-Match header was not satisfied. The current etag is '{tag}'."
    );
    Some(Reply::error(412, "PreconditionFailed", &message))
}

/// A new identity is not known to every region at once: until then it is not there for those who ask for it,
/// and has no place for children.
fn too_new(world: &World, call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    const KIND: &str = "/microsoft.managedidentity/userassignedidentities/";
    let here = canonical(call.path);
    let name = here.find(KIND)? + KIND.len();
    let end = here.get(name..)?.find('/').map_or(here.len(), |at| name + at);
    let identity = here.get(..end)?;
    let known = world.get(identity).is_none_or(|o| !is_identity(o) || world.is_spread(identity));
    match (end == here.len(), call.method) {
        _ if known => None,
        (true, "GET" | "HEAD") => Some(not_found(path)),
        (true, _) => None,
        (false, _) => Some(no_parent(identity)),
    }
}
