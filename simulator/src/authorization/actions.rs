//! Authorization room of the local Azure: does a role's list of action patterns cover an action? Pure text.

use serde::Deserialize;

/// One permission block of a role: what it allows minus what it takes back, for control and for data actions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Permission {
    pub(crate) actions: Vec<String>,
    pub(crate) not_actions: Vec<String>,
    pub(crate) data_actions: Vec<String>,
    pub(crate) not_data_actions: Vec<String>,
}

/// The plane that an action belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plane {
    /// Azure Resource Manager itself.
    Control,
    /// The data inside a service: secrets, blobs, messages.
    Data,
}

impl Permission {
    /// Whether this block allows the action; `not_actions` of another block or role do not take it back.
    pub(crate) fn allows(&self, plane: Plane, action: &str) -> bool {
        let (granted, withheld) = match plane {
            Plane::Control => (&self.actions, &self.not_actions),
            Plane::Data => (&self.data_actions, &self.not_data_actions),
        };
        any(granted, action) && !any(withheld, action)
    }
}

/// Whether one of the patterns covers the action.
pub(crate) fn any(patterns: &[String], action: &str) -> bool {
    patterns.iter().any(|pattern| covers(pattern, action))
}

/// Whether a pattern covers an action, without regard to case. `*` stands for any text, slashes included, and
/// `/*/` for nothing too: Managed Identity Operator grants `userAssignedIdentities/*/assign/action`, and the
/// operation is called `userAssignedIdentities/assign/action`.
pub(crate) fn covers(pattern: &str, action: &str) -> bool {
    glob(pattern.as_bytes(), action.as_bytes())
        || (pattern.contains("/*/") && glob(pattern.replace("/*/", "/").as_bytes(), action.as_bytes()))
}

/// Greedy match with one point of return: linear in practice, and never deep on hostile patterns.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star, mut mark) = (0, 0, None, 0);
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some(p);
            mark = t;
            p += 1;
        } else if pattern.get(p).zip(text.get(t)).is_some_and(|(p, t)| p.eq_ignore_ascii_case(t)) {
            p += 1;
            t += 1;
        } else if let Some(at) = star {
            p = at + 1;
            mark += 1;
            t = mark;
        } else {
            return false;
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_has_a_written_answer() {
        let table = [
            ("*", "Microsoft.Compute/virtualMachines/write", true),
            ("*/read", "Microsoft.Compute/virtualMachines/read", true),
            ("*/read", "Microsoft.Compute/virtualMachines/write", false),
            ("Microsoft.Storage/*", "microsoft.storage/storageAccounts/listKeys/action", true),
            ("Microsoft.Storage/storageAccounts/read", "Microsoft.Storage/storageAccounts/readX", false),
            ("Microsoft.Authorization/*/Delete", "Microsoft.Authorization/locks/delete", true),
            (
                "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
                "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
                true,
            ),
            (
                "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
                "Microsoft.ManagedIdentity/userAssignedIdentities/write",
                false,
            ),
            ("a*b*c", "axxbyybzc", true),
            ("a*b*c", "axxbyybz", false),
        ];
        for (pattern, action, covered) in table {
            assert_eq!(covers(pattern, action), covered, "{pattern} over {action}");
        }
    }

    #[test]
    fn a_block_takes_back_only_what_it_granted_itself() {
        let contributor = Permission {
            actions: vec!["*".into()],
            not_actions: vec!["Microsoft.Authorization/*/Write".into()],
            ..Permission::default()
        };
        assert!(contributor.allows(Plane::Control, "Microsoft.Web/sites/write"));
        assert!(!contributor.allows(Plane::Control, "Microsoft.Authorization/roleAssignments/write"));
        assert!(!contributor.allows(Plane::Data, "Microsoft.KeyVault/vaults/secrets/getSecret/action"));
    }
}
