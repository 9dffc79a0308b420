//! Activities: whether a list of permissions allows an action. Pure.

use serde_json::Value;

/// Whether any of the permission blocks allows the action: its actions less its own exclusions.
pub fn allows(blocks: &[Value], action: &str) -> bool {
    let any = |block: &Value, list: &str| {
        block[list].as_array().is_some_and(|patterns| {
            patterns.iter().filter_map(Value::as_str).any(|pattern| matches(pattern, action))
        })
    };
    blocks.iter().any(|block| any(block, "actions") && !any(block, "notActions"))
}

/// Whether a pattern with `*` covers an action; letter case does not matter.
///
/// `…/userAssignedIdentities/*/assign/action` must cover `…/userAssignedIdentities/assign/action`:
/// that is how the built-in roles are written.
fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    glob(&pattern, &action) || (pattern.contains("/*/") && glob(&pattern.replace("/*/", "/"), &action))
}

/// Whether a text fits a pattern, in which `*` stands for anything.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn patterns_cover_what_azure_lets_them_cover() {
        let assign = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";
        assert!(matches("*", assign));
        assert!(matches("microsoft.managedidentity/userassignedidentities/*/assign/action", assign));
        assert!(matches("Microsoft.ManagedIdentity/*/action", assign));
        assert!(!matches("Microsoft.ManagedIdentity/userAssignedIdentities/*/read", assign));
        assert!(!matches("Microsoft.ManagedIdentity/userAssignedIdentities", assign));
        assert!(matches("*/read", "Microsoft.Web/sites/read"));
        assert!(!matches("*/read", "Microsoft.Web/sites/write"));
    }

    #[test]
    fn an_exclusion_counts_only_within_its_own_block() {
        let contributor = json!({"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]});
        let write = "Microsoft.Authorization/roleAssignments/write";
        assert!(!allows(std::slice::from_ref(&contributor), write));
        assert!(allows(std::slice::from_ref(&contributor), "Microsoft.Web/sites/write"));
        let access = json!({"actions": ["Microsoft.Authorization/*"], "notActions": []});
        assert!(allows(&[contributor, access], write));
        assert!(!allows(&[], write));
    }
}
