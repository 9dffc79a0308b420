//! Activities: accounts of some types, by the index.

use crate::azure::{Reader, ResourceId, ResourceType};
use crate::references::members;
use crate::relocate::facts::Gap;
use crate::relocate::survey::gaps::{gap, understood};
use crate::relocate::survey::query;

/// Ids of everything of these types, by the index.
pub(crate) async fn accounts(
    reader: &Reader,
    types: &[&str],
    gaps: &mut Vec<Gap>,
) -> Vec<(ResourceId, ResourceType)> {
    let scope = format!("Resource Graph: {}", types.join(", "));
    match reader.resource_graph(&query::accounts(types), &[]).await {
        Ok(rows) => understood(&scope, &rows, members::id_and_type, gaps),
        Err(why) => {
            gaps.push(gap(&scope, &why));
            Vec::new()
        }
    }
}
