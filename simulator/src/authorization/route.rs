//! Authorization room: which of its parts answers a request.

use super::scope::PROVIDER;
use super::view::{Answer, Call, Objects};
use super::{access, assignments, locks, pending, roles, schedules};

/// Answers a request whose last provider is `Microsoft.Authorization`; `None` for its types that need no rules of
/// their own (policy assignments and definitions), which are generic resources.
pub(crate) fn handle(objects: &mut dyn Objects, call: &Call) -> Option<Answer> {
    // Lower-casing keeps the length of ASCII only, so the split is made on the sent text.
    let at = call.path.to_ascii_lowercase().rfind(PROVIDER)?;
    let (scope, rest) = (call.path.get(..at)?, call.path.get(at + PROVIDER.len()..)?);
    let mut parts = rest.split('/').filter(|part| !part.is_empty());
    let (kind, name, more) = (parts.next()?.to_ascii_lowercase(), parts.next(), parts.next());
    let scope = if scope == "/" { "" } else { scope };
    if let Some(verb) = more {
        let cancels = call.method == "POST" && verb.eq_ignore_ascii_case("cancel");
        let cancels = cancels && kind == "roleassignmentschedulerequests";
        return name.filter(|_| cancels).map(|name| pending::cancel(objects, call, scope, name));
    }
    match kind.as_str() {
        "roleassignments" => Some(assignments::handle(objects, call, scope, name)),
        "roledefinitions" => Some(roles::handle(objects, call, scope, name)),
        "locks" => Some(locks::handle(objects, call, scope, name)),
        "roleassignmentschedulerequests" => Some(schedules::request(objects, call, scope, name)),
        "denyassignments"
        | "roleassignmentschedules"
        | "roleassignmentscheduleinstances"
        | "roleeligibilityschedules"
        | "roleeligibilityscheduleinstances"
        | "roleeligibilityschedulerequests" => Some(schedules::read(objects, call, scope, &kind, name)),
        "permissions" if name.is_none() => Some(access::permissions(objects, call, scope)),
        _ => None,
    }
}
