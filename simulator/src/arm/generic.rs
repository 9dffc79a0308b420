//! ARM: resources that have no rules of their own.

use super::{actions, deleted_vaults, hidden, parts, resources, runs};
use crate::authorization::{Call, Objects};
use crate::http::Reply;
use crate::objects::ArmPath;
use crate::world::World;

/// Answers a request about one: what its service hides must come with a write, and what its service runs is run by one.
pub(super) fn handle(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    let asked = hidden::asked(world, call, path)
        .or_else(|| actions::handle(world, call, path))
        .or_else(|| deleted_vaults::handle(world, call, path))
        .or_else(|| parts::handle(world, call, path))
        .or_else(|| hidden::refused(call, path))
        .or_else(|| deleted_vaults::refused(world, call, path));
    if let Some(reply) = asked {
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
