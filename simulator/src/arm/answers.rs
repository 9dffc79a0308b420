//! ARM: refusals that are the same for every type.

use crate::authorization::Call;
use crate::http::Reply;
use crate::objects::ArmPath;

/// Azure's 404.
pub(crate) fn not_found(path: &ArmPath) -> Reply {
    let group = path.group().unwrap_or_default();
    let message = format!(
        "The Resource '{}/{}' under resource group '{group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        path.kind,
        path.full_name()
    );
    Reply::error(404, "ResourceNotFound", &message)
}

/// Azure's 405.
pub(crate) fn no_method(call: &Call<'_>) -> Reply {
    let message = format!("The requested resource does not support http method '{}'.", call.method);
    Reply::error(405, "UnsupportedHttpMethod", &message)
}

/// Azure's 404 for a child of what is not there.
pub(crate) fn no_parent(parent: &str) -> Reply {
    let message = format!(
        "Can not perform requested operation on nested resource. Parent resource '{}' not found.",
        parent.rsplit('/').next().unwrap_or_default()
    );
    Reply::error(404, "ParentResourceNotFound", &message)
}
