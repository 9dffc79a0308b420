//! Simulator: Microsoft Graph.

use crate::http::{Reply, Request};
use crate::world::World;

/// Answers a request to Graph.
pub(crate) fn handle(_: &mut World, _: &Request, _: &str, _: &str) -> Reply {
    Reply::error(404, "Request_ResourceNotFound", "Resource does not exist.")
}
