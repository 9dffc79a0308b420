//! ARM: Resource Graph.

use super::authorization::Call;
use crate::http::Reply;
use crate::world::World;

/// Answers a query.
pub(crate) fn handle(_: &mut World, _: &Call<'_>) -> Reply {
    Reply::error(503, "ServiceUnavailable", "Resource Graph is not part of this world yet.")
}
