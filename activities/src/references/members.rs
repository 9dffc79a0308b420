//! Activities: the members of what Azure answers: texts, ids and lists. Pure; what comes in is hostile text.

use crate::azure::{ResourceId, ResourceType};
use serde_json::Value;

/// A text member, or nothing.
pub(crate) fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).filter(|s| !s.is_empty()).map(str::to_owned)
}

/// An id, or nothing.
pub(crate) fn id<T: for<'a> From<&'a str>>(value: &Value, pointer: &str) -> Option<T> {
    value.pointer(pointer).and_then(Value::as_str).filter(|id| !id.is_empty()).map(T::from)
}

/// The ids of a list.
pub(crate) fn ids(value: &Value, pointer: &str) -> Vec<ResourceId> {
    let items = value.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(ResourceId::from).collect()
}

/// The texts of a list.
pub(crate) fn texts(value: &Value, pointer: &str) -> Vec<String> {
    let items = value.pointer(pointer).and_then(Value::as_array);
    items.map_or_else(Vec::new, |i| i.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// Where an object of the provider of authorizations holds: as it says, or as its id does.
pub(crate) fn scope(object: &Value) -> Option<ResourceId> {
    id(object, "/properties/scope").or_else(|| id::<ResourceId>(object, "/id")?.scope())
}

/// The id and the type of something.
pub(crate) fn id_and_type(value: &Value) -> Option<(ResourceId, ResourceType)> {
    Some((id(value, "/id")?, id(value, "/type")?))
}
