//! Activities: the log of sign-ins: how it is asked, and which services are governed by what a plan copies. Pure.

use crate::relocate::facts::Audience;

/// The log, below the version. Kinds of sign-ins are known to the preview only.
/// Source: <https://learn.microsoft.com/graph/api/signin-list>
pub(crate) const LOG: &str = "auditLogs/signIns";

/// Services whose rights are roles of Azure, application permissions, policies of vaults: what every plan looks for.
const GOVERNED: [&str; 6] = [
    // Resource Manager, Microsoft Graph, Key Vault, Storage, Event Hubs, Service Bus.
    "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    "00000003-0000-0000-c000-000000000000",
    "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
    "e406a681-f3d4-42a8-90b6-c2b029497af1",
    "80369ed6-5f11-4dd9-bef3-692475845e77",
    "80a10ef9-8168-493d-abf9-3297c4ef6e3c",
];

/// The sign-ins of a principal in this time, which ends now.
pub(crate) fn path(principal: &str, back_ms: u64) -> String {
    let back = chrono::TimeDelta::milliseconds(i64::try_from(back_ms).unwrap_or(i64::MAX));
    let since = chrono::Utc::now().checked_sub_signed(back).unwrap_or_default();
    let since = since.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let principal = principal.replace('\'', "''");
    format!(
        "{LOG}?$filter=createdDateTime ge {since} and signInEventTypes/any(t: t eq 'managedIdentity') \
         and servicePrincipalId eq '{principal}'"
    )
}

/// Storage: what no role gives there, an access list on a file or a folder of Data Lake may.
/// Source: <https://learn.microsoft.com/azure/storage/blobs/data-lake-storage-access-control>
const STORAGE: &str = "e406a681-f3d4-42a8-90b6-c2b029497af1";

/// Services in which somebody has to look for its rights, because no plan can.
pub(crate) fn elsewhere<'a>(
    audiences: &'a [Audience],
    permitted: &'a [&str],
    roles: &'a [&str],
) -> impl Iterator<Item = &'a Audience> {
    audiences.iter().filter(|audience| {
        let is = |known: &&str| audience.id == **known || known.eq_ignore_ascii_case(&audience.name);
        let listed = is(&STORAGE) && !roles.iter().any(|role| is_for_data(role));
        listed || !GOVERNED.iter().any(is) && !permitted.iter().any(is)
    })
}

/// Whether a role, by its name, gives data in storage: `Storage Blob Data Reader`, `Storage Queue Data Message Sender`.
/// Of a role that somebody made nobody can tell that by its name.
fn is_for_data(role: &str) -> bool {
    let role = role.to_ascii_lowercase();
    role.starts_with("storage ") && role.contains(" data ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_counts_as_seen_only_where_a_role_gives_data_in_it() {
        let audience = |id: &str, name: &str| Audience { id: id.into(), name: name.into() };
        let all = [audience(STORAGE, "Azure Storage"), audience(GOVERNED[0], "ARM"), audience("x", "Fabric")];
        let names = |roles: &[&str]| -> Vec<String> {
            elsewhere(&all, &[], roles).map(|audience| audience.name.clone()).collect()
        };
        assert_eq!(names(&["Reader", "Storage Account Contributor"]), ["Azure Storage", "Fabric"]);
        assert_eq!(names(&["Storage Blob Data Owner"]), ["Fabric"]);
        assert_eq!(names(&["Storage File Data Privileged Reader"]), ["Fabric"]);
    }
}
